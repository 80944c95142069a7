/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the files of the virtio block driver: virtio_blk.c, life cycle and configuration,
 * virtio_blk_ring.c, the data path, virtio_blk_again.c, what is in flight when the device needs a
 * reset.
 */
#ifndef PV_DRIVERS_VIRTIO_BLK_H
#define PV_DRIVERS_VIRTIO_BLK_H

#include <pv/config.h>

#include "drivers/virtio/virtqueue.h"
#include "pv-core/blk_driver.h"

/* What the device sees of a part, beside the data. */
struct virtio_blk_shared {
	struct virtio_blk_outhdr header;
	struct virtio_blk_discard_write_zeroes range;
	uint8_t status;
	uint8_t pad[31]; /* to 64 bytes, a cache line */
};

/* The pieces of a part that need cutting or sharing one by one. */
struct virtio_blk_pieces {
	struct pv_seg cut[PV_CONFIG_BLK_SEGS]; /* where the caller's pieces had to be cut */
	pv_bus_addr_t addr[PV_CONFIG_BLK_SEGS];
};

struct virtio_blk_part {
	struct pv_blk_req *req;
	struct virtio_blk_shared PV_SHARED *shared;
	pv_bus_addr_t addr; /* of that */
	uint32_t bytes;	    /* of data */
	uint32_t seg;	    /* the data begin in this one of the request's pieces, ... */
	uint32_t offset;    /* ... so far in it */
	uint16_t num;	    /* pieces of data; where they are to be unshared, they are at `lent` */
	uint16_t turn;	    /* avail_idx when it was put on the ring */
	bool preset;	    /* the indirect table is one for a single piece of data */
	const struct pv_seg *lent;
	struct virtio_blk_pieces *pieces; /* with it 64 bytes: parts' addresses are shifts */
};

struct virtio_blk_queue {
	struct pv_blk_queue q;
	struct pv_virtio *vd;
	struct pv_vq *vq; /* NULL: none, the device could not be brought up again */
	struct pv_vq_items shared;
	struct virtio_blk_part *part; /* by head; `num` of them */
	unsigned int num;
	bool presets;  /* tables are indirect, and nothing is to be unshared */
	bool unshares; /* pv_vq_shares(): each part has its own pieces; else one is for all */
	struct virtio_blk_pieces *pieces; /* that one, or `num` of them */
};

struct virtio_blk {
	struct pv_blk blk; /* its queues are the first members of ours, each of its own memory */
	struct pv_virtio *vd;
	struct pv_blk_queue *queues[PV_CONFIG_QUEUES];
	bool unmap; /* WRITE_ZEROES may deallocate */
};

static inline struct virtio_blk_queue *pv_virtio_blk_queue_of(struct pv_blk_queue *q)
{
	return pv_container_of(q, struct virtio_blk_queue, q);
}

extern const struct pv_blk_ops pv_virtio_blk_ops;

/* What a queue asks of the device. */
void pv_virtio_blk_spec(struct virtio_blk_queue *bq, struct pv_vq_spec *spec);

/* Memory for the parts of queue number `index`, once vd has its queues. 0 or PV_ENOMEM. */
int pv_virtio_blk_ring_init(struct virtio_blk_queue *bq, unsigned int index);
/* Its mirror, from wherever it got to. */
void pv_virtio_blk_ring_exit(struct virtio_blk_queue *bq);

/* Of a stopped device: what is in flight is lost, with `status`. */
void pv_virtio_blk_ring_drain(struct virtio_blk_queue *bq, int status);

/* Of a stopped device: what is in flight goes back to those that wait. */
void pv_virtio_blk_ring_rewind(struct virtio_blk_queue *bq);

/* Takes the first `num` pieces of a part back. */
void pv_virtio_blk_unshare(struct virtio_blk_queue *bq, const struct virtio_blk_part *part,
			   unsigned int num);

#endif
