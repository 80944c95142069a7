/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the files of the virtio network driver: virtio_net.c, life cycle and configuration;
 * virtio_net_tx.c and virtio_net_rx.c, the data path; virtio_net_bounce.c, sending to an untrusted
 * device; virtio_net_rings.c, what these have in common; virtio_net_ctrl.c, the control queue.
 */
#ifndef PV_DRIVERS_VIRTIO_NET_H
#define PV_DRIVERS_VIRTIO_NET_H

#include <pv/config.h>

#include "drivers/virtio/virtqueue.h"
#include "pv-core/net_driver.h"

/* A packet on the send ring, by the chain's head. */
struct virtio_net_tx {
	struct pv_packet *pkt;
	struct virtio_net_hdr_v1 PV_SHARED *hdr;
	pv_bus_addr_t hdr_addr;
	pv_bus_addr_t
		*addr; /* of the packet's pieces; where nothing is to be unshared, one for all */
	bool preset;   /* the header is zero, and the indirect table one for a single piece */
};

/* A receive queue and the send queue that belongs to it. */
struct virtio_net_pair {
	struct pv_net_queue q;
	struct pv_virtio *vd;
	struct pv_vq *rx, *tx;
	uint32_t hdr_len;  /* of struct virtio_net_hdr_v1, so much is there (5.1.6.1) */
	bool split_header; /* it needs a descriptor of its own (legacy, 5.1.6.1.1) */
	bool merged;	   /* MRG_RXBUF */
	bool rx_csum;	   /* GUEST_CSUM */
	bool unshares;	   /* pv_vq_shares(), of either queue */
	bool tx_presets;   /* tables are indirect, and nothing is to be unshared */
	bool rx_presets;   /* buffers are one descriptor, in the ring */
	struct pv_vq_items headers;
	struct virtio_net_tx *slot; /* by head; tx_num of them */
	pv_bus_addr_t *addr;	    /* PV_NET_MAX_SEGS of them, or for each slot as many */
	unsigned int tx_num;
};

struct virtio_net {
	struct pv_net
		net; /* its queues are the first members of our pairs, each of its own memory */
	struct pv_virtio *vd;
	uint64_t features;	   /* as first negotiated */
	bool up;		   /* rings are there, and DRIVER_OK */
	unsigned int device_pairs; /* that the device has; 0 if it does not tell */
	struct pv_net_queue *queues[PV_CONFIG_QUEUES];
};

static inline struct virtio_net_pair *pv_virtio_net_pair_of(struct pv_net_queue *q)
{
	return pv_container_of(q, struct virtio_net_pair, q);
}

extern const struct pv_net_ops pv_virtio_net_ops;

/* Nothing more is to be expected of the device. */
static inline bool pv_virtio_net_broken(const struct virtio_net_pair *pair)
{
	return pv_unlikely(pv_device_broken(&pair->vd->dev));
}

/* --- virtio_net_tx.c: of struct pv_net_ops; and the send ring's part of what follows ---------- */

int pv_virtio_net_send(struct pv_net_queue *q, struct pv_packet *pkt);
void pv_virtio_net_flush(struct pv_net_queue *q);
void pv_virtio_net_reap(struct pv_net_queue *q);
int pv_virtio_net_tx_init(struct virtio_net_pair *pair);
void pv_virtio_net_tx_exit(struct virtio_net_pair *pair);
void pv_virtio_net_tx_drain(struct virtio_net_pair *pair, int status);

/* What the header asks of the device. */
void pv_virtio_net_header(struct virtio_net_hdr_v1 PV_SHARED *hdr, const struct pv_packet *pkt);

/* --- virtio_net_bounce.c: a packet on a send ring with bounce pages --------------------------- */

int pv_virtio_net_send_bounced(struct virtio_net_pair *pair, struct pv_packet *pkt);
void pv_virtio_net_sent_bounced(struct virtio_net_pair *pair, const struct virtio_net_tx *slot);

/* --- virtio_net_rx.c: the same for the receive ring ------------------------------------------- */

int pv_virtio_net_receive(struct pv_net_queue *q, int budget);
void pv_virtio_net_refill(struct pv_net_queue *q);
void pv_virtio_net_rx_init(struct virtio_net_pair *pair);
void pv_virtio_net_rx_drain(struct virtio_net_pair *pair);

/* --- virtio_net_ctrl.c. Context: control ------------------------------------------------------ */

/* How many pairs to use of so many that the device has. */
unsigned int pv_virtio_net_pairs(const struct pv_virtio *vd, unsigned int device_pairs);

/* What the driver asks of the control queue, which follows the pairs in use in vd->vq. */
void pv_virtio_net_ctrl_spec(struct pv_vq_spec *spec, unsigned int device_pairs);

/*
 * Tells a ready device that so many pairs are in use. PV_ENOTSUP if it refuses: then one is.
 * PV_ETIMEDOUT, PV_EPROTO, after it was stopped; PV_ENOMEM.
 */
int pv_virtio_net_pairs_set(struct pv_virtio *vd, unsigned int pairs);

/* --- virtio_net_rings.c ----------------------------------------------------------------------- */

/* What the pair asks of its two queues, after the features were negotiated. */
void pv_virtio_net_specs(struct virtio_net_pair *pair, struct pv_virtio *vd,
			 struct pv_vq_spec spec[2]);

/* Pair number `index`, once vd has its queues. 0 or an error; exit cleans up either way. */
int pv_virtio_net_rings_init(struct virtio_net_pair *pair, struct pv_virtio *vd,
			     unsigned int index);
void pv_virtio_net_rings_exit(struct virtio_net_pair *pair);

/* Of a stopped device: sends what is in flight with `status`, and gives posted buffers back. */
void pv_virtio_net_rings_drain(struct virtio_net_pair *pair, int status);

#endif
