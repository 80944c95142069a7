/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A driver below the block class layer that keeps its parts in a table, and requests: what the
 * suites of the class layer begin with.
 */
#ifndef PV_KUNIT_FAKE_DRIVER_H
#define PV_KUNIT_FAKE_DRIVER_H

#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/string.h>

#include "pv-core/blk_driver.h"

#define PARTS 64
#define REQS  16

struct fake_part {
	struct pv_blk_req *req;
	uint64_t sector;
	uint32_t bytes;
	unsigned int num;
	const struct pv_seg *piece;
	struct pv_seg seg[16];
};

struct fake_driver {
	struct pv_blk blk;
	struct pv_blk_queue q;
	struct pv_blk_queue *queues[1];
	struct pv_device dev;
	bool opened, released;
	/* The ring: parts from `first` on are in flight. */
	unsigned int room, first, num;
	struct fake_part part[PARTS];
	bool untakes; /* each part is taken back once */
	unsigned int takes;
	unsigned int flushes, arms, disarms;
	unsigned int arm_finds; /* so many times the final check finds completions */
	int error;		/* what the next completions come to */
	unsigned int complete;	/* so many parts are completed by the device */

	struct pv_blk_req req[REQS];
	struct pv_seg seg[REQS][16];
	unsigned int order[REQS], done;
	unsigned int events;
	struct pv_blk_req *resubmit;
};

/* An address that nobody looks at. */
static inline void *fake_address(uint64_t address)
{
	return (void *)address;
}

/* A kunit_suite's init and exit; test->priv is the struct fake_driver, registered and open. */
int fake_driver_init(struct kunit *test);
void fake_driver_exit(struct kunit *test);

/* pv_blk_release()'s function. */
void fake_driver_release(struct pv_blk *blk);

/* Request `i`, with pieces of these lengths (0 ends them) from 1 MiB * (i + 1) on, 64 KiB apart. */
struct pv_blk_req *fake_driver_request(struct fake_driver *f, unsigned int i, uint8_t op,
				       uint64_t sector, const uint32_t *lens);

#define LENS(...)                                                                                  \
	(const uint32_t[])                                                                         \
	{                                                                                          \
		__VA_ARGS__, 0                                                                     \
	}

#endif
