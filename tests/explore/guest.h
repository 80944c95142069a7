/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The guest of the scenarios whose peer lies: it has requests in flight, and polls. Its scenario
 * keeps account of what the driver was told. The device is to be broken exactly if that cannot be,
 * and each request to be done once: with what was said of it, or with PV_EPROTO.
 */
#ifndef TESTS_EXPLORE_GUEST_H
#define TESTS_EXPLORE_GUEST_H

#include "pv-core/bus.h"
#include "scenarios.h"

#define IN_FLIGHT 2

struct explore_guest {
	/* By the scenario's set-up. */
	struct pv_device *dev;
	unsigned int polls;
	void (*first)(void);	       /* before the polls; NULL: nothing */
	unsigned int (*poll)(void);    /* how many it finished */
	unsigned int *done;	       /* how often each request was */
	int (*status)(unsigned int i); /* with what */

	/* What the driver was told. */
	bool impossible;
	bool back[IN_FLIGHT]; /* these requests are done, */
	int said[IN_FLIGHT];  /* with this status */
};

extern struct explore_guest explore_guest;

/* The scenario's begin: the guest runs. */
void explore_guest_begin(void);

/* First in the scenario's end: what is to hold. Whether the device is broken. */
bool explore_guest_end(void);

/* A driver that goes on after a lie, one that completes twice, an account that does not notice. */
#define EXPLORE_GOES_ON	 EXPLORE_OWN
#define EXPLORE_TWICE	 (EXPLORE_OWN << 1)
#define EXPLORE_ALL_GOOD (EXPLORE_OWN << 2)
/* clang-format off */
#define EXPLORE_GUEST_PLANTS \
	{"goes-on", EXPLORE_GOES_ON}, {"completes-twice", EXPLORE_TWICE}, \
	{"all-is-right", EXPLORE_ALL_GOOD}
/* clang-format on */

#endif
