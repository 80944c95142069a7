/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake block device with the driver on it, and requests: what the suites of the virtio block
 * driver begin with.
 */
#ifndef PV_KUNIT_FAKE_DISK_H
#define PV_KUNIT_FAKE_DISK_H

#include <pv/blk.h>
#include <pv/virtio.h>

#include "fake_virtio.h"
#include "pv-core/blk_driver.h"
#include "pv-core/bus.h"

#define BIT64(n) (1ull << (n))
#define MODERN	 BIT64(VIRTIO_F_VERSION_1)
#define INDIRECT BIT64(VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT	 BIT64(VIRTIO_RING_F_EVENT_IDX)
#define BASIC                                                                                      \
	(BIT64(VIRTIO_BLK_F_SEG_MAX) | BIT64(VIRTIO_BLK_F_SIZE_MAX) |                              \
	 BIT64(VIRTIO_BLK_F_BLK_SIZE) | BIT64(VIRTIO_BLK_F_FLUSH))

#define REQS 300

struct fake_disk {
	struct fake_blk fake;
	struct pv_blk *blk;
	struct pv_blk_queue *q;
	struct pv_blk_req req[REQS];
	struct pv_seg seg[REQS][4];
	unsigned int done[REQS];
	unsigned int total;
	unsigned int events;
	unsigned int changes;
	uint8_t *mem; /* 64 pages */
};

/* A kunit_suite's init and exit; test->priv is the struct fake_disk. */
int fake_disk_init(struct kunit *test);
void fake_disk_exit(struct kunit *test);

/* Plugs it and opens it. */
void fake_disk_up(struct kunit *test);

/* Request `i`, for `pages` pages, which are those of the memory from page i on. */
struct pv_blk_req *fake_disk_request(struct fake_disk *d, unsigned int i, uint8_t op,
				     uint64_t sector, unsigned int pages);

/* Submits `n` reads of a page from request `from` on, and flushes. */
void fake_disk_submit(struct kunit *test, unsigned int from, unsigned int n);

/*
 * The first `n` requests, and no others, are done once: those from `from` on with `status`, the
 * others well.
 */
void fake_disk_expect_done(struct kunit *test, unsigned int n, unsigned int from, int status);

/* Flushes, and lets device and driver work until there is nothing to do. */
void fake_disk_run(struct fake_disk *d);

#endif
