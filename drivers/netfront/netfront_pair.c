/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A pair of rings: what its two files have in common, and its event channels.
 *
 * EVENTS. A port stays masked from its event until the poll that follows found nothing more to do
 * (late end of interrupt), so that a backend that notifies without giving work is heard less and
 * less. One that polls without events never lets it go, and is not interrupted.
 */
#include "drivers/netfront/netfront.h"

/* --- operations for the class layer ----------------------------------------------------------- */

static void reap(struct pv_net_queue *q)
{
	struct netfront_pair *pair = netfront_pair_of(q);

	pv_netfront_tx_reap(pair);
	if (netfront_broken(pair)) {
		pv_netfront_tx_drain(pair, PV_EPROTO);
		pv_netfront_rx_drain(pair);
	}
}

/* The round is over: the port may fire again. */
static void let_go(struct netfront_port *p)
{
	if (!p->fired)
		return;
	/* Before it is unmasked: the event may come from there on. */
	p->fired = false;
	pv_barrier();
	if (p->worked)
		pv_evtchn_eoi(p->port);
	else
		pv_evtchn_eoi_idle(p->port);
	p->worked = false;
}

static bool arm(struct pv_net_queue *q, bool on)
{
	struct netfront_pair *pair = netfront_pair_of(q);
	uint32_t half;
	bool more;

	/* A ring cannot be told to be quiet: what was asked for comes once, and masks its port. */
	if (!on || netfront_broken(pair))
		return false;
	more = pv_xring_arm(&pair->rx, 0);
	half = pv_xring_in_flight(&pair->tx) / 2;
	more |= pv_xring_arm(&pair->tx, half ? half - 1 : 0);
	if (more)
		return true;
	let_go(pair->rx_port);
	if (pair->tx_port != pair->rx_port)
		let_go(pair->tx_port);
	return false;
}

static const struct pv_net_ops ops = {
	.send = pv_netfront_send,
	.flush = pv_netfront_flush,
	.reap = reap,
	.receive = pv_netfront_receive,
	.refill = pv_netfront_refill,
	.arm = arm,
};

static const struct pv_net_ops untrusted_ops = {
	.send = pv_netfront_send,
	.flush = pv_netfront_flush,
	.reap = reap,
	.receive = pv_netfront_receive,
	.refill = pv_netfront_refill_erased,
	.arm = arm,
};

/* While its rings are lost: nothing is sent, nothing comes. */
static int send_nothing(struct pv_net_queue *q, struct pv_packet *pkt)
{
	(void)q;
	(void)pkt;
	return PV_EBUSY;
}

static void nothing(struct pv_net_queue *q)
{
	(void)q;
}

static int receive_nothing(struct pv_net_queue *q, int budget)
{
	(void)q;
	(void)budget;
	return 0;
}

static bool arm_nothing(struct pv_net_queue *q, bool on)
{
	(void)q;
	(void)on;
	return false;
}

static const struct pv_net_ops down_ops = {
	.send = send_nothing,
	.flush = nothing,
	.reap = nothing,
	.receive = receive_nothing,
	.refill = nothing,
	.arm = arm_nothing,
};

/* --- event channels --------------------------------------------------------------------------- */

static void event(void *arg)
{
	struct netfront_port *p = arg;

	p->fired = true;
	pv_net_event(&p->pair->q);
}

static int port_open(struct netfront_port *p, struct netfront_pair *pair)
{
	p->pair = pair;
	p->fired = false;
	p->worked = false;
	p->port = pv_evtchn_alloc_unbound(pair->xd->backend_id, event, p);
	if (p->port < 0)
		return p->port;
	pv_evtchn_set_late(p->port);
	return 0;
}

static int ports_open(struct netfront_pair *pair)
{
	int err = port_open(&pair->port[0], pair);

	pair->rx_port = pair->tx_port = &pair->port[0];
	if (err || !pair->offer->split)
		return err;
	pair->tx_port = &pair->port[1];
	return port_open(&pair->port[1], pair);
}

/* --- life cycle ------------------------------------------------------------------------------- */

void pv_netfront_pair_set(struct netfront_pair *pair, struct netfront *nf)
{
	pair->xd = nf->xd;
	pair->offer = &nf->offer;
	pair->q.ops = &ops;
	pair->q.net = &nf->net;
	pair->q.rx_num = RING_NUM;
}

int pv_netfront_pair_init(struct netfront_pair *pair)
{
	int err;

	pair->q.ops = pair->xd->dev.untrusted ? &untrusted_ops : &ops;
	err = pv_netfront_tx_init(pair);
	if (!err)
		err = pv_netfront_rx_init(pair);
	if (!err)
		err = ports_open(pair);
	return err;
}

void pv_netfront_pair_exit(struct netfront_pair *pair)
{
	unsigned int i;

	pair->q.ops = &down_ops;
	for (i = 0; i < PV_ARRAY_SIZE(pair->port); i++) {
		pv_evtchn_close(pair->port[i].port);
		pair->port[i].port = 0;
	}
	pv_netfront_rx_exit(pair);
	pv_netfront_tx_exit(pair);
}

void pv_netfront_pair_drain(struct netfront_pair *pair, int status)
{
	pv_netfront_tx_drain(pair, status);
	pv_netfront_rx_drain(pair);
}

void pv_netfront_page_free(void *page, int ref)
{
	if (ref > 0)
		(void)pv_grant_end_free(ref, page);
	else
		pv_os_pages_free(page, 1);
}
