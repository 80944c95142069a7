/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the two files of the virtio block driver: virtio_blk.c, life cycle and configuration, and
 * virtio_blk_ring.c, the data path.
 */
#ifndef PV_DRIVERS_VIRTIO_BLK_H
#define PV_DRIVERS_VIRTIO_BLK_H

#include <pv/config.h>

#include "drivers/virtio/virtqueue.h"
#include "pv-core/blk_driver.h"

#define VIRTIO_BLK_QUEUES 1u /* MQ adds more of them to the array */

/* Pieces of data in a part. With header and status, they fill a page of descriptors at most. */
#define VIRTIO_BLK_SEGS (PV_CONFIG_BLK_SEGS < 254 ? PV_CONFIG_BLK_SEGS : 254)

/* What the device sees of a part, beside the data. */
struct virtio_blk_shared {
	struct virtio_blk_outhdr header;
	struct virtio_blk_discard_write_zeroes range;
	uint8_t status;
	uint8_t pad[31]; /* to 64 bytes, a cache line */
};

struct virtio_blk_part {
	struct pv_blk_req *req;
	struct virtio_blk_shared PV_SHARED *shared;
	pv_bus_addr_t addr; /* of that */
	uint32_t bytes;	    /* of data */
	uint16_t num;	    /* pieces */
	struct pv_seg seg[VIRTIO_BLK_SEGS];
	pv_bus_addr_t seg_addr[VIRTIO_BLK_SEGS];
};

struct virtio_blk_queue {
	struct pv_blk_queue q;
	struct pv_virtio *vd;
	struct pv_vq *vq;
	struct pv_vq_items shared;
	struct virtio_blk_part **part; /* by head; `num` of them */
	unsigned int num;
};

struct virtio_blk {
	struct pv_blk blk;
	struct pv_virtio *vd;
	struct pv_blk_queue *queues[VIRTIO_BLK_QUEUES];
	struct virtio_blk_queue queue[VIRTIO_BLK_QUEUES];
	bool unmap; /* WRITE_ZEROES may deallocate */
};

extern const struct pv_blk_ops pv_virtio_blk_ops;

/* What a queue asks of the device. */
void pv_virtio_blk_spec(struct virtio_blk_queue *bq, struct pv_vq_spec *spec);

/* Memory for the parts of queue number `index`, once vd has its queues. 0 or PV_ENOMEM. */
int pv_virtio_blk_ring_init(struct virtio_blk_queue *bq, unsigned int index);
/* Its mirror, from wherever it got to. */
void pv_virtio_blk_ring_exit(struct virtio_blk_queue *bq);

/* Of a stopped device: what is in flight is lost, with `status`. */
void pv_virtio_blk_ring_drain(struct virtio_blk_queue *bq, int status);

#endif
