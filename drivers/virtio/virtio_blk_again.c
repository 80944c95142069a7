/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio block driver and a device that needs a reset.
 *
 * WHAT IS IN FLIGHT IS REPLAYED. Reads, writes, flushes, discards and zeroing come to the same if
 * they are done twice, as long as nothing that was done after the first time is undone by the
 * second. It is not: what had been answered when the reset came is not replayed, and among requests
 * that were in flight together the kernel was promised no order. Answers that came and were not
 * looked at yet count as none.
 *
 * ORDER. Parts go back last first, so that requests are submitted again in their first order,
 * flushes among them. Which was last is told by the number that the avail ring's index had
 * (`turn`): it is of 16 bits, enough unless a part was overtaken by 65536 others.
 *
 * FAILURE. What cannot be replayed, since the device is not what it was, cannot be reset, or does
 * not get anywhere, ends with PV_ERESET, or with PV_ENOTSUP where it lacks features now; the device
 * is broken.
 */
#include "drivers/virtio/virtio_blk.h"
#include "drivers/virtio/vring_split.h"

/* The part that was put on the ring last, of those that are there. NULL if none is. */
static struct virtio_blk_part *latest(const struct virtio_blk_queue *bq)
{
	struct virtio_blk_part *last = NULL, *part;
	unsigned int i;

	for (i = 0; i < bq->num; i++) {
		part = bq->vq->slot[i].token;
		if (part && (!last || (uint16_t)(bq->vq->avail_idx - part->turn) <
					      (uint16_t)(bq->vq->avail_idx - last->turn)))
			last = part;
	}
	return last;
}

void pv_virtio_blk_ring_rewind(struct virtio_blk_queue *bq)
{
	struct virtio_blk_part *part;

	while ((part = latest(bq))) {
		pv_vring_free(bq->vq, (uint16_t)(part - bq->part));
		if (bq->unshares)
			pv_virtio_blk_unshare(bq, part, part->num);
		pv_blk_part_again(&bq->q, part->req);
	}
}
