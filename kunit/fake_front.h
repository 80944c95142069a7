/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A driver for "vbd" that tells what it was asked, and a backend that answers as Linux's do; over
 * the fake xenstored.
 */
#ifndef KUNIT_FAKE_FRONT_H
#define KUNIT_FAKE_FRONT_H

#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "fake_store.h"
#include "pv-core/bus.h"
#include "pv-core/xen/xenbus.h"

#define SECOND 1000000000ull

struct fake_front {
	/* The driver. */
	char story[512]; /* "probe(vbd/1)remove(vbd/1)" */
	int probe_err;	 /* what probe returns in the end */
	int resume_err;
	bool connects; /* probe and resume go on to Connected */
	int (*in_probe)(struct pv_xenbus_device *xd);

	/* The backend. */
	bool dead;	 /* it does nothing */
	char states[64]; /* our states, as it saw them */
};

extern struct fake_front fake_front;

#define EXPECT_STORY(test, want)                                                                   \
	do {                                                                                       \
		KUNIT_EXPECT_STREQ(test, fake_front.story, want);                                  \
		fake_front.story[0] = '\0';                                                        \
	} while (0)

/* A suite's init and exit. */
int fake_front_init(struct kunit *test);
void fake_front_exit(struct kunit *test);

/* The driver from now on is one that has no resume. */
void fake_front_forget_resume(void);

int fake_front_scan(void);

/* pv_work(), until nothing is to be done. */
void fake_front_work(void);

/* A device of the core's list; NULL. */
struct pv_xenbus_device *fake_front_find(const char *name);

/* One device, whose backend is ready; scanned. */
void fake_front_one(struct kunit *test, unsigned int id);

/* Writes the backend's state; reads ours. */
void fake_front_backend(unsigned int id, const char *state);
long fake_front_state(unsigned int id);

/* Pairs of states, all 9x9, for KUNIT_CASE_PARAM. */
struct fake_pair {
	enum xenbus_state a, b;
};
const void *fake_pair_gen_params(const void *prev, char *desc);

#endif
