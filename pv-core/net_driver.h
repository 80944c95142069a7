/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the network class layer and its drivers.
 *
 * The class layer (net.c) checks packets and runs the poll; net_pool.c keeps the receive buffers,
 * pages that go round between pool, ring and kernel. A driver moves packets to and from its rings.
 */
#ifndef PV_CORE_NET_DRIVER_H
#define PV_CORE_NET_DRIVER_H

#include <pv/net.h>
#include <pv/share.h>

struct pv_net_ops {
	/*
	 * Puts the packet on the send ring. 0; PV_EBUSY; PV_EINVAL if it is more than the device
	 * takes. Does not notify.
	 */
	int (*send)(struct pv_net_queue *q, struct pv_packet *pkt);
	/* Notifies the peer of sent packets, where it asked for it. */
	void (*flush)(struct pv_net_queue *q);
	/*
	 * Takes completions off the send ring, and calls pv_net_sent() for each. On a broken
	 * device, after it made sure that the peer no longer reaches their memory, all packets are
	 * sent with PV_EPROTO, and posted buffers go back to the pool.
	 */
	void (*reap)(struct pv_net_queue *q);
	/*
	 * Takes at most `budget` packets off the receive ring, checks them, and calls
	 * pv_net_deliver() for each that is good, or counts it as dropped. The number of packets
	 * taken.
	 */
	int (*receive)(struct pv_net_queue *q, int budget);
	/* Posts what the pool has, and notifies the peer. */
	void (*refill)(struct pv_net_queue *q);
	/*
	 * Asks for events, or, with false, for none. True if there is work to poll for already (the
	 * final check).
	 */
	bool (*arm)(struct pv_net_queue *q, bool on);
};

/* A receive buffer: one page, and the packet that begins in it. */
struct pv_net_buf {
	struct pv_packet pkt;
	struct pv_net_queue *queue;
	struct pv_net_buf *next; /* in the pool's free list; or the packet's next buffer */
	void *page;
	pv_bus_addr_t addr; /* as shared, while it is on the ring */
};

struct pv_net_pool {
	struct pv_net_buf *free;
	unsigned int num;      /* that exist: free, on the ring, or with the kernel */
	unsigned int num_free; /* in the list */
};

struct pv_net_queue {
	/* Set by the driver before pv_net_register(). */
	const struct pv_net_ops *ops;
	struct pv_net *net;
	unsigned int rx_num; /* buffers that the receive ring takes */

	/* The class layer's. */
	struct pv_net_pool pool;
	struct pv_packet *sent; /* done() is still to be called, from poll; oldest first */
	struct pv_packet *sent_last;
	bool armed; /* the event is wanted; taken back by the event */
	pv_net_recv_fn recv;
	void *recv_arg;
	pv_queue_event_fn event;
	void *event_arg;
	struct pv_queue_stats stats; /* notified, dropped are counted by the driver */
};

/*
 * Publishes the device: gives it its number and name. `start` brings its rings up, `stop` resets
 * it, gives the packets that were on the send ring to pv_net_sent() with PV_EIO, and the posted
 * buffers to pv_net_buf_put(); between the two the operations above are called. Context: control,
 * from probe.
 */
void pv_net_register(struct pv_net *net, int (*start)(struct pv_net *net),
		     void (*stop)(struct pv_net *net));

/*
 * REMOVAL, from remove, in control context: pv_net_unregister() takes the device out of sight; new
 * packets get PV_EGONE, and the driver's functions are not called any more. The driver stops it,
 * gives packets and buffers back as for `stop`, with PV_EGONE, and calls pv_net_release(), which
 * tells the kernel; `release(net)` is called when the last hold is gone, perhaps at once.
 */
void pv_net_unregister(struct pv_net *net);
void pv_net_release(struct pv_net *net, void (*release)(struct pv_net *net));

/*
 * The device is broken, and its driver has no rings for it any more: it counts as not started, and
 * its buffers are freed. Packets that were sent are done by the next poll. Context: control.
 */
void pv_net_ended(struct pv_net *net);

/* Link or MTU changed, or the device is broken: tells the kernel. Context: control. */
void pv_net_changed(struct pv_net *net);

/* Makes it `num` buffers; 0 or PV_ENOMEM. Context: control. */
int pv_net_pool_fill(struct pv_net_queue *q, unsigned int num);
/* Frees all that are not with the kernel. Context: control. */
void pv_net_pool_empty(struct pv_net_queue *q);

/* A buffer to post, or NULL. */
static inline struct pv_net_buf *pv_net_buf_get(struct pv_net_queue *q)
{
	struct pv_net_buf *buf = q->pool.free;

	if (buf) {
		q->pool.free = buf->next;
		q->pool.num_free--;
	}
	return buf;
}

/* A buffer back to the pool; one buffer, whatever its packet. */
static inline void pv_net_buf_put(struct pv_net_queue *q, struct pv_net_buf *buf)
{
	buf->next = q->pool.free;
	q->pool.free = buf;
	q->pool.num_free++;
}

/*
 * A packet was received: `buf` holds its first piece, further buffers are linked by ->next, and
 * buf->pkt describes it all. It is put back as a whole. Context: data, from receive.
 */
void pv_net_deliver(struct pv_net_queue *q, struct pv_net_buf *buf);

/*
 * A packet was sent, with 0 or an error; done() is called by the next poll. Context: data, from
 * reap.
 */
void pv_net_sent(struct pv_net_queue *q, struct pv_packet *pkt, int status);

/* The interrupt came for this queue. Context: interrupt. */
void pv_net_event(struct pv_net_queue *q);

#endif
