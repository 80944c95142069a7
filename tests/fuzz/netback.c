/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The network frontend's rings against a backend that answers what it likes on both, scribbles on
 * them, and keeps pages. Every grant comes back.
 */
#include "drivers/netfront/netfront.h"
#include "kernel.h"
#include "xen.h"

#define PKTS   16u
#define STARTS 2u /* further ones; they take the most time */

static struct pv_xenbus_device xd;
static struct netfront nf;
static struct netfront_pair *pair;
static struct pv_net *net;
static uint8_t data[3 * 4096] PV_ALIGNED(4096);
static uint32_t tx_cons, rx_cons;
static unsigned int starts;

/* --- the kernel ------------------------------------------------------------------------------- */

static void submit(void)
{
	unsigned int segs = 1 + fuzz_below(4);
	uint8_t how = fuzz_u8();
	struct pv_packet *pkt = fuzz_packet();

	if (!pkt)
		return;
	pkt->num_segs = (uint8_t)segs;
	pkt->flags = how & 1 ? PV_PACKET_CSUM_PARTIAL : 0;
	pkt->gso = (how & 7) == 7 ? PV_GSO_TCP4 : PV_GSO_NONE;
	while (segs--) {
		uint8_t where = fuzz_u8();

		pkt->seg[segs].va = data + 32 * where;
		pkt->seg[segs].len = 14 + (where & 1 ? 16 : 1) * fuzz_u8();
		pkt->len += pkt->seg[segs].len;
	}
	fuzz_packet_submit(&pair->q, pkt);
}

/* --- the connection --------------------------------------------------------------------------- */

static void down(int status)
{
	nf.up = false;
	pv_netfront_pair_drain(pair, status);
	pv_netfront_pair_exit(pair);
}

static int up(struct pv_net *n)
{
	uint8_t how = fuzz_u8();
	int err;

	(void)n;
	if (nf.up)
		return 0;
	nf.offer.sg = how < 0xf0; /* without, there is a page for each slot: that takes its time */
	nf.offer.csum4 = how & 2;
	nf.offer.csum6 = how & 4;
	nf.offer.split = how & 8;
	nf.offer.gso4 = nf.offer.sg && how & 2;
	nf.net.flags = PV_NET_F_RX_CSUM | PV_NET_F_LINK | (how & 6 ? PV_NET_F_TX_CSUM : 0) |
		       (nf.offer.gso4 ? PV_NET_F_GSO_TCP4 : 0);
	nf.net.mtu = 1500;
	tx_cons = rx_cons = 0;
	err = pv_netfront_pair_init(pair);
	nf.up = !err;
	if (err)
		down(PV_EIO);
	return err;
}

static void stop(struct pv_net *n)
{
	(void)n;
	down(PV_EIO);
}

/* --- the backend ------------------------------------------------------------------------------ */

static void answer_tx(void)
{
	struct netif_tx_sring *s = (struct netif_tx_sring *)pair->tx.shared;
	uint8_t how = fuzz_u8();
	union netif_tx_sring_entry *slot;
	struct netif_tx_request req;

	if (tx_cons == s->req_prod)
		return;
	req = s->ring[tx_cons++ % RING_NUM].req;
	if (how & 1)
		fuzz_xen_keep(req.gref);
	slot = &s->ring[s->rsp_prod % RING_NUM];
	slot->rsp.id = how < 0xf0 ? req.id : fuzz_u16();
	slot->rsp.status = how < 0xe0 ? NETIF_RSP_OKAY : (int16_t)(int8_t)fuzz_u8();
	s->rsp_prod++;
	pv_fake_xen_peer_send((uint32_t)pair->tx_port->port);
}

static void answer_rx(void)
{
	struct netif_rx_sring *s = (struct netif_rx_sring *)pair->rx.shared;
	uint8_t how = fuzz_u8(), head[48];
	union netif_rx_sring_entry *slot;
	struct netif_rx_request req;
	uint16_t id;
	void *page;

	if (rx_cons == s->req_prod)
		return;
	req = s->ring[rx_cons++ % RING_NUM].req;
	page = pv_fake_xen_peer_map(FUZZ_PEER, req.gref, true);
	if (page) {
		memcpy(page, head, fuzz_bytes(head, how & 2 ? sizeof(head) : 0));
		pv_fake_xen_peer_unmap(req.gref);
	}
	if (how & 1)
		fuzz_xen_keep(req.gref);
	id = how < 0xf8 ? req.id : fuzz_u16();
	slot = &s->ring[s->rsp_prod % RING_NUM];
	slot->rsp.id = id;
	slot->rsp.offset = how & 4 ? fuzz_u16() : 0;
	slot->rsp.flags = how & 8 ? fuzz_u8() & 15 : 0;
	slot->rsp.status = how & 16 ? (int16_t)fuzz_u16() : 60 + 5 * (how >> 5);
	s->rsp_prod++;
	pv_fake_xen_peer_send((uint32_t)pair->rx_port->port);
}

static void lie(void)
{
	struct pv_xring *ring = fuzz_below(2) ? &pair->tx : &pair->rx;
	uint8_t how = fuzz_u8();

	if (how < 0x80)
		fuzz_xen_scribble(ring->shared, 512, how);
	else
		ring->shared->rsp_prod += how - 0x88u;
}

static void step(void)
{
	uint8_t op = fuzz_u8();

	switch (op % 10) {
	case 0:
	case 1:
		submit();
		break;
	case 2:
		pv_net_flush(&pair->q);
		break;
	case 3:
		answer_tx();
		break;
	case 4:
	case 5:
		answer_rx();
		break;
	case 6:
		pv_net_poll(&pair->q, 1 + (op >> 4));
		break;
	case 7:
		lie();
		break;
	case 8:
		fuzz_packets_put();
		if (op & 64)
			fuzz_xen_let_go();
		pv_grant_retry();
		break;
	case 9:
		if (op < 0xe0 || starts == STARTS)
			break;
		starts++;
		pv_net_stop(net);
		pv_netfront_rx_mend(pair);
		(void)!pv_net_start(net, fuzz_packet_receive, NULL);
		break;
	}
}

static void released(struct pv_net *n)
{
	(void)n;
}

static void one(void)
{
	uint8_t how = fuzz_u8();

	fuzz_packets_new(PKTS);
	memset(&nf, 0, sizeof(nf));
	starts = 0;
	fuzz_xen_device(&xd, "vif/0", PV_CLASS_NET);
	xd.dev.untrusted = how & 4;
	nf.xd = &xd;
	nf.net.dev = &xd.dev;
	nf.net.queue = nf.queues;
	nf.net.num_queues = NUM_PAIRS;
	pair = &nf.pair[0];
	nf.queues[0] = &pair->q;
	pv_netfront_pair_set(pair, &nf);
	pv_fake.alloc_fail_at = how & 1 ? 1 + fuzz_below(40) : 0;
	pv_net_register(&nf.net, up, stop);
	net = pv_net_open(0);
	(void)!pv_net_start(net, fuzz_packet_receive, NULL);
	pv_fake.alloc_fail_at = 0;
	fuzz_shared(true);
	while (fuzz_left() && nf.up)
		step();
	fuzz_shared(false);
	if (nf.up && pv_device_broken(&xd.dev)) {
		pv_net_poll(&pair->q, 64);
		pv_net_poll(&pair->q, 64);
		fuzz_packets_done();
	}
	fuzz_packets_put();
	pv_net_stop(net);
	fuzz_packets_done();
	pv_net_unregister(&nf.net);
	if (nf.up)
		down(PV_EGONE);
	pv_net_release(&nf.net, released);
	pv_net_close(net);
	fuzz_xen_end();
}

const struct fuzz_target fuzz_netback = {.name = "netback", .start = fuzz_xen_start, .one = one};
