/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A Xen guest with a virtual disk: the fake hypervisor, store and block backend, the block frontend
 * on them, and requests: what the suites of the block frontend begin with.
 */
#ifndef PV_KUNIT_FAKE_VBD_H
#define PV_KUNIT_FAKE_VBD_H

#include <pv/blk.h>

#include "drivers/blkfront/blkfront.h"
#include "fake_blkback.h"
#include "fake_store.h"
#include "pv-core/xen/grants.h"

#define REQS  300
#define PAGES 128

struct fake_vbd {
	struct fake_blkback back;
	struct pv_device *dev;
	struct blkfront *bf;
	struct pv_blk *blk;
	struct pv_blk_queue *q;
	struct pv_blk_req req[REQS];
	struct pv_seg seg[REQS][64];
	unsigned int done[REQS];
	unsigned int total;
	unsigned int events;
	unsigned int changes;
	uint8_t *mem; /* PAGES pages */
	/* Before the disk was there. */
	unsigned int allocs, pages, granted, ports;
};

/* A kunit_suite's init and exit; test->priv is the struct fake_vbd. */
int fake_vbd_init(struct kunit *test);
void fake_vbd_exit(struct kunit *test);

/*
 * The toolstack plugs it; up: and it came up, and is open. found, open: the same for one that the
 * test plugged itself (fake_blkback_plug()).
 */
void fake_vbd_plug(struct kunit *test);
void fake_vbd_up(struct kunit *test);
void fake_vbd_found(struct kunit *test);
void fake_vbd_open(struct kunit *test);

/* The ring is as after so many requests, all of them answered. */
void fake_vbd_begin_at(struct fake_vbd *v, uint32_t index);

/* The toolstack takes it away. */
void fake_vbd_unplug(struct fake_vbd *v);

/* pv_work(), until there is nothing to do. */
void fake_vbd_work(void);

/* Request `i`, for `pages` pages, which are those of the memory from page i on. */
struct pv_blk_req *fake_vbd_request(struct fake_vbd *v, unsigned int i, uint8_t op, uint64_t sector,
				    unsigned int pages);

/* The same, and submits it. */
void fake_vbd_submit(struct kunit *test, unsigned int i, uint8_t op, uint64_t sector,
		     unsigned int pages);

/* Submits the first `n` requests, a write of a page and two reads in turn, and flushes. */
void fake_vbd_submit_some(struct kunit *test, unsigned int n);

/*
 * The first `n` requests, and no others, are done once: those from `from` on with `status`, the
 * others well.
 */
void fake_vbd_expect_done(struct kunit *test, unsigned int n, unsigned int from, int status);

/* Flushes, and lets backend and driver work until there is nothing to do. */
void fake_vbd_run(struct fake_vbd *v);

/* Nothing of the disk is left: no grant, nothing in quarantine once that was tried again. */
void fake_vbd_expect_clean(struct kunit *test);

#endif
