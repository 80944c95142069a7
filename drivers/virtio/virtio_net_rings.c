/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver's rings together: their operations, events, and life cycle. What goes
 * over them is in virtio_net_tx.c and virtio_net_rx.c.
 *
 * EVENTS. An interrupt is asked for at the next received packet, and when half of the packets in
 * flight were sent.
 */
#include <pv/config.h>
#include <pv/log.h>

#include "drivers/virtio/virtio_net.h"
#include "drivers/virtio/vring_split.h"

#define TX_NUM 128u /* packets in flight, an entry each; more would only wait in the device */

static bool arm(struct pv_net_queue *q, bool on)
{
	struct virtio_net_pair *pair = pv_virtio_net_pair_of(q);
	uint16_t half;
	bool more;

	if (pv_virtio_net_broken(pair))
		return false;
	if (!on) {
		pv_vring_disarm(pair->rx);
		pv_vring_disarm(pair->tx);
		return false;
	}
	more = pv_vring_arm(pair->rx, 0);
	half = pv_vring_in_flight(pair->tx) / 2;
	return pv_vring_arm(pair->tx, half ? half - 1 : 0) || more;
}

const struct pv_net_ops pv_virtio_net_ops = {
	.send = pv_virtio_net_send,
	.flush = pv_virtio_net_flush,
	.reap = pv_virtio_net_reap,
	.receive = pv_virtio_net_receive,
	.refill = pv_virtio_net_refill,
	.arm = arm,
};

/* --- life cycle ------------------------------------------------------------------------------- */

static void event(void *arg)
{
	struct virtio_net_pair *pair = arg;

	pv_net_event(&pair->q);
}

void pv_virtio_net_specs(struct virtio_net_pair *pair, struct pv_virtio *vd,
			 struct pv_vq_spec spec[2])
{
	pair->split_header = vd->legacy && !pv_virtio_has(vd, VIRTIO_F_ANY_LAYOUT);
	/* 5.1.2: receiveq1, transmitq1, receiveq2, ... */
	spec[0] = (struct pv_vq_spec) {.max_chain = pair->split_header ? 2 : 1,
				       .bounce = PV_CONFIG_NET_RX,
				       .event = event,
				       .arg = pair};
	spec[1] = (struct pv_vq_spec) {
		.max_num = pv_virtio_has(vd, VIRTIO_RING_F_INDIRECT_DESC) ? TX_NUM : 0,
		.max_chain = PV_NET_MAX_SEGS + 1,
		.bounce = PV_CONFIG_BOUNCE,
		.event = event,
		.arg = pair};
}

int pv_virtio_net_rings_init(struct virtio_net_pair *pair, struct pv_virtio *vd, unsigned int index)
{
	pair->vd = vd;
	pair->rx = &vd->vq[2 * index];
	pair->tx = &vd->vq[2 * index + 1];
	pair->unshares = pv_vq_shares(pair->tx);
	pair->merged = pv_virtio_has(vd, VIRTIO_NET_F_MRG_RXBUF);
	pair->rx_csum = pv_virtio_has(vd, VIRTIO_NET_F_GUEST_CSUM);
	pair->hdr_len = !vd->legacy || pair->merged ? sizeof(struct virtio_net_hdr_v1)
						    : sizeof(struct virtio_net_hdr);
	pair->tx_num = pair->tx->num;
	/* A chain is not longer than the ring (2.7.5.3.1). */
	if (pair->tx_num < PV_NET_MAX_SEGS + 1) {
		pv_err("%s: a send ring of %u entries is too small for a packet", vd->dev.name,
		       pair->tx_num);
		return PV_ENOTSUP;
	}
	pv_virtio_net_rx_init(pair);
	return pv_virtio_net_tx_init(pair);
}

void pv_virtio_net_rings_exit(struct virtio_net_pair *pair)
{
	pv_virtio_net_tx_exit(pair);
}

void pv_virtio_net_rings_drain(struct virtio_net_pair *pair, int status)
{
	pv_virtio_net_tx_drain(pair, status);
	pv_virtio_net_rx_drain(pair);
}
