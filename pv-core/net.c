/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The network class layer.
 *
 * SENDING	submit checks the packet and hands it to the driver's ring. When that is full,
 *		submit has the driver take completions off it and tries once more. done() is called
 *		from poll only: what came back waits in `sent` until then.
 * RECEIVING	poll has the driver take packets off its ring, gives each to the kernel's receiver,
 *		and has the ring filled up again with what is in the pool (net_pool.c).
 * EVENTS	poll sets `armed` before it asks the driver for an event and looks once more; the
 *		event takes it back. So one of several interrupts is passed on.
 *
 * A device that is not started has no rings: neither is its driver called then, nor after removal.
 */
#include "pv-core/net_driver.h"

#include <pv/config.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/shared.h>

static struct pv_net *devices; /* by index */

/*
 * The longest frame that a segmenting device takes: an IP packet of 64 KiB, and its Ethernet
 * header.
 */
#define MAX_LEN (65535u + PV_NET_HDR_LEN)

/* --- sending ---------------------------------------------------------------------------------- */

void pv_net_sent(struct pv_net_queue *q, struct pv_packet *pkt, int status)
{
	pkt->status = status;
	pkt->next = NULL;
	if (q->sent)
		q->sent_last->next = pkt;
	else
		q->sent = pkt;
	q->sent_last = pkt;
}

static void run_sent(struct pv_net_queue *q)
{
	struct pv_packet *pkt, *next;

	/* done() may submit, which may add to the list: take it off first. */
	pkt = q->sent;
	q->sent = NULL;
	for (; pkt; pkt = next) {
		next = pkt->next;
		if (pkt->status)
			q->stats.errors++;
		else
			q->stats.completed++;
		pkt->done(pkt);
	}
}

/* What the device is asked to do to the packet. */
static bool offloads_valid(const struct pv_net *net, const struct pv_packet *pkt)
{
	uint32_t field = (uint32_t)pkt->csum_start + pkt->csum_offset;

	if (pkt->flags & PV_PACKET_CSUM_PARTIAL) {
		if (!(net->flags & PV_NET_F_TX_CSUM) || field + 2 > pkt->len)
			return false;
	}
	switch (pkt->gso) {
	case PV_GSO_NONE:
		return true;
	case PV_GSO_TCP4:
		if (!(net->flags & PV_NET_F_GSO_TCP4))
			return false;
		break;
	case PV_GSO_TCP6:
		if (!(net->flags & PV_NET_F_GSO_TCP6))
			return false;
		break;
	default:
		return false;
	}
	return pkt->flags & PV_PACKET_CSUM_PARTIAL && pkt->gso_size && pkt->hdr_len < pkt->len;
}

static bool packet_valid(const struct pv_net *net, const struct pv_packet *pkt)
{
	uint32_t left = pkt->len;
	unsigned int i;

	if (!pkt->done || !pkt->num_segs || pkt->num_segs > PV_NET_MAX_SEGS ||
	    pkt->len < PV_NET_HDR_LEN || pkt->len > MAX_LEN)
		return false;
	for (i = 0; i < pkt->num_segs; i++) {
		if (!pkt->seg[i].len || pkt->seg[i].len > left)
			return false;
		left -= pkt->seg[i].len;
	}
	if (left)
		return false;
	return pv_likely(!pkt->flags && !pkt->gso) || offloads_valid(net, pkt);
}

/* Whether its rings are there. */
static int check(const struct pv_net *net)
{
	if (pv_unlikely(net->gone))
		return PV_EGONE;
	if (pv_unlikely(!net->started || pv_device_broken(net->dev)))
		return PV_EIO;
	return 0;
}

int pv_net_submit(struct pv_net_queue *q, struct pv_packet *pkt)
{
	int err = check(q->net);

	if (pv_unlikely(err))
		return err;
	if (pv_unlikely(!packet_valid(q->net, pkt)))
		return PV_EINVAL;
	err = q->ops->send(q, pkt);
	if (pv_unlikely(err == PV_EBUSY)) {
		q->ops->reap(q);
		err = check(q->net);
		if (!err)
			err = q->ops->send(q, pkt);
	}
	if (pv_unlikely(err))
		return err;
	q->stats.submitted++;
	q->stats.bytes_out += pkt->len;
	return 0;
}

void pv_net_flush(struct pv_net_queue *q)
{
	if (pv_likely(q->net->started && !q->net->gone))
		q->ops->flush(q);
	/* Completions that submit came across will raise no interrupt any more. */
	if (pv_unlikely(q->sent))
		pv_net_event(q);
}

/* --- receiving -------------------------------------------------------------------------------- */

void pv_net_deliver(struct pv_net_queue *q, struct pv_net_buf *buf)
{
	q->stats.received++;
	q->stats.bytes_in += buf->pkt.len;
	q->recv(q->recv_arg, &buf->pkt);
}

void pv_packet_put(struct pv_packet *pkt)
{
	struct pv_net_buf *buf = pv_container_of(pkt, struct pv_net_buf, pkt), *next;
	struct pv_net_queue *q = buf->queue;

	for (; buf; buf = next) {
		next = buf->next;
		pv_net_buf_put(q, buf);
	}
}

/* --- poll and events -------------------------------------------------------------------------- */

/* Asks for the event. True if there is work already. */
static bool arm(struct pv_net_queue *q)
{
	q->armed = true;
	/* The event may come from here on; pairs with pv_net_event(). */
	pv_barrier();
	if (!q->ops->arm(q, true) && !q->sent)
		return false;
	q->armed = false;
	return true;
}

int pv_net_poll(struct pv_net_queue *q, int budget)
{
	int n = 0;

	q->stats.polls++;
	q->armed = false;
	if (pv_unlikely(!q->net->started || q->net->gone)) {
		run_sent(q);
		return 0;
	}
	do {
		q->ops->reap(q);
		if (q->sent)
			run_sent(q);
		n += q->ops->receive(q, budget - n);
		q->ops->refill(q);
	} while (n < budget && q->event && arm(q));
	return n;
}

void pv_net_set_event(struct pv_net_queue *q, pv_queue_event_fn fn, void *arg)
{
	q->event_arg = arg;
	q->event = fn;
	if (!fn) {
		q->armed = false;
		if (q->net->started && !q->net->gone)
			q->ops->arm(q, false);
	}
}

void pv_net_event(struct pv_net_queue *q)
{
	pv_queue_event_fn fn = q->event;

	q->stats.events++;
	if (!q->armed || !fn)
		return;
	q->armed = false;
	fn(q->event_arg);
}

struct pv_net_queue *pv_net_queue(struct pv_net *net, unsigned int index)
{
	return index < net->num_queues ? net->queue[index] : NULL;
}

const struct pv_queue_stats *pv_net_stats(const struct pv_net_queue *q)
{
	return &q->stats;
}

/* --- control path ----------------------------------------------------------------------------- */

struct pv_net *pv_net_open(unsigned int index)
{
	struct pv_net *net;

	pv_os_control_lock();
	for (net = devices; net && net->index != index; net = net->next)
		;
	if (net)
		net->opens++;
	pv_os_control_unlock();
	return net;
}

static void pools_empty(struct pv_net *net)
{
	unsigned int i;

	for (i = 0; i < net->num_queues; i++)
		pv_net_pool_empty(net->queue[i]);
}

static int start(struct pv_net *net, pv_net_recv_fn recv, void *arg)
{
	struct pv_net_queue *q;
	unsigned int i, num;
	int err = 0;

	if (net->gone)
		return PV_EGONE;
	if (net->started)
		return PV_EBUSY;
	if (pv_device_broken(net->dev))
		return PV_EIO;
	for (i = 0; i < net->num_queues && !err; i++) {
		q = net->queue[i];
		q->recv_arg = arg;
		q->recv = recv;
		num = q->rx_num < PV_CONFIG_NET_RX ? q->rx_num : PV_CONFIG_NET_RX;
		err = pv_net_pool_fill(q, num);
	}
	if (!err)
		err = net->start(net);
	if (err) {
		pools_empty(net);
		return err;
	}
	net->started = true;
	for (i = 0; i < net->num_queues; i++)
		net->queue[i]->ops->refill(net->queue[i]);
	return 0;
}

int pv_net_start(struct pv_net *net, pv_net_recv_fn recv, void *arg)
{
	int err;

	pv_os_control_lock();
	err = start(net, recv, arg);
	pv_os_control_unlock();
	return err;
}

static void stop(struct pv_net *net)
{
	unsigned int i;

	if (!net->started)
		return;
	net->started = false;
	if (!net->gone)
		net->stop(net);
	for (i = 0; i < net->num_queues; i++) {
		struct pv_net_queue *q = net->queue[i];

		q->armed = false;
		run_sent(q);
		pv_net_pool_empty(q);
		if (q->pool.num)
			pv_warn("%s: stopped while %u pages of received packets are held",
				net->name, q->pool.num);
	}
}

void pv_net_stop(struct pv_net *net)
{
	pv_os_control_lock();
	stop(net);
	pv_os_control_unlock();
}

static void release_now(struct pv_net *net)
{
	struct pv_device *dev = net->dev;

	net->release(net);
	pv_device_put(dev);
}

void pv_net_close(struct pv_net *net)
{
	unsigned int i;

	pv_os_control_lock();
	if (!--net->opens) {
		stop(net);
		net->change = NULL;
		for (i = 0; i < net->num_queues; i++) {
			net->queue[i]->event = NULL;
			run_sent(net->queue[i]);
		}
		pools_empty(net);
		if (net->gone)
			release_now(net);
	}
	pv_os_control_unlock();
}

void pv_net_on_change(struct pv_net *net, void (*fn)(void *arg), void *arg)
{
	pv_os_control_lock();
	net->change_arg = arg;
	net->change = fn;
	pv_os_control_unlock();
}

void pv_net_register(struct pv_net *net, int (*start_fn)(struct pv_net *net),
		     void (*stop_fn)(struct pv_net *net))
{
	struct pv_net **at = &devices;
	unsigned int index = 0;

	/* The lowest number that is free. */
	for (; *at && (*at)->index == index; at = &(*at)->next)
		index++;
	net->index = index;
	pv_snprintf(net->name, sizeof(net->name), "net%u", index);
	net->start = start_fn;
	net->stop = stop_fn;
	net->next = *at;
	*at = net;
	pv_device_get(net->dev);
	pv_info("%s: %s: %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, link %s", net->name, net->dev->name,
		net->mac[0], net->mac[1], net->mac[2], net->mac[3], net->mac[4], net->mac[5],
		net->mtu, net->link_up ? "up" : "down");
}

void pv_net_unregister(struct pv_net *net)
{
	struct pv_net **at = &devices;

	while (*at != net)
		at = &(*at)->next;
	*at = net->next;
	net->gone = true;
	net->link_up = false;
}

void pv_net_release(struct pv_net *net, void (*release)(struct pv_net *net))
{
	unsigned int i;

	net->release = release;
	if (!net->opens) {
		release_now(net);
		return;
	}
	for (i = 0; i < net->num_queues; i++)
		pv_net_event(net->queue[i]);
	pv_net_changed(net);
}

void pv_net_ended(struct pv_net *net)
{
	net->started = false;
	pools_empty(net);
}

void pv_net_changed(struct pv_net *net)
{
	if (net->change)
		net->change(net->change_arg);
}
