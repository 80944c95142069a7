/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Network devices: one interface, whatever the bus.
 *
 * PACKETS
 *	A struct pv_packet describes an Ethernet frame, without its check sequence, as a scatter
 *	list, with what is known or wanted of its checksum and segmentation. Nothing is copied, in
 *	either direction.
 *
 * SENDING
 *	pv_net_submit() puts a packet of the kernel's on the ring, pv_net_flush() tells the device,
 *	if it asked to be told. Packet and memory belong to the library until done() is called,
 *	exactly once, from pv_net_poll() of the same queue (or from pv_net_stop()). Several packets
 *	in flight may wait for one another's completion before an event comes, but never without
 *	end: with n of them in flight, an event comes after n/2 at the latest.
 *
 * RECEIVING
 *	The library keeps pages posted. pv_net_poll() calls the receiver with each packet, which
 *	then belongs to the kernel until pv_packet_put(); the memory returns to the ring with the
 *	next poll. A kernel that keeps packets for long copies them: there are PV_CONFIG_NET_RX per
 *	queue.
 *
 * POLLING AND INTERRUPTS
 *	As for block devices: the event function is called from the interrupt, pv_net_poll() is
 *	called until less than its budget was done, and the event is armed from there on. Received
 *	packets count against the budget, completions of sent ones do not.
 *
 * CONTEXT
 *	A queue is used by one CPU at a time, for submit, flush, poll and pv_packet_put() alike;
 *	queues are independent. open, start, stop and close are control context.
 */
#ifndef PV_NET_H
#define PV_NET_H

#include <pv/device.h>
#include <pv/seg.h>

PV_BEGIN_DECLS

/*
 * The most pieces that a packet may have. Xen's backends take 18 slots (xen/io/netif.h,
 * XEN_NETIF_NR_SLOTS_MIN), and there a piece takes one for each page that it touches: a packet of
 * more is PV_EINVAL.
 */
#define PV_NET_MAX_SEGS 18

/* Ethernet header; the shortest frame that is delivered. */
#define PV_NET_HDR_LEN 14u

/*
 * Sending: the checksum field at csum_start + csum_offset holds the pseudo-header's sum; the device
 * completes it, or the library does, in the packet's memory, where the device could not find it.
 * Receiving: the same state, of a packet that never was on a wire; the data are good.
 */
#define PV_PACKET_CSUM_PARTIAL 0x1
/* Receiving: the checksum was verified. */
#define PV_PACKET_CSUM_OK 0x2

/* Segmentation left to the device (sending). */
enum pv_gso { PV_GSO_NONE, PV_GSO_TCP4, PV_GSO_TCP6 };

struct pv_packet;
typedef void (*pv_packet_done_fn)(struct pv_packet *pkt);

struct pv_packet {
	struct pv_packet *next; /* for lists of whoever owns the packet */
	uint32_t len;		/* bytes in all pieces; set by the owner before submit */
	uint8_t num_segs;
	uint8_t flags;		/* PV_PACKET_* */
	uint8_t gso;		/* enum pv_gso; requires PV_PACKET_CSUM_PARTIAL */
	uint8_t pieces;		/* the library's: of it that are on the ring */
	uint16_t csum_start;	/* from the start of the frame */
	uint16_t csum_offset;	/* from csum_start */
	uint16_t gso_size;	/* payload bytes per segment */
	uint16_t hdr_len;	/* gso: bytes of all headers up to the payload */
	int status;		/* sending: set before done(): 0 or an error */
	pv_packet_done_fn done; /* sending; set by the caller */
	void *user;		/* sending: the caller's own */
	struct pv_seg seg[PV_NET_MAX_SEGS];
};

/* What a device does for the kernel. */
#define PV_NET_F_TX_CSUM  0x01 /* takes PV_PACKET_CSUM_PARTIAL */
#define PV_NET_F_RX_CSUM  0x02 /* may deliver PV_PACKET_CSUM_PARTIAL and PV_PACKET_CSUM_OK */
#define PV_NET_F_GSO_TCP4 0x04
#define PV_NET_F_GSO_TCP6 0x08
#define PV_NET_F_LINK	  0x10 /* link_up follows the device; otherwise it is always true */

struct pv_net_queue;

struct pv_net {
	/* For everybody to read; set by the driver, `link_up` and `mtu` may change. */
	char name[8]; /* "net0" */
	unsigned int index;
	struct pv_device *dev; /* valid as long as this structure is */
	uint8_t mac[6];
	uint16_t mtu;	/* of the network layer: 1500 if the device does not tell */
	uint32_t flags; /* PV_NET_F_* */
	bool link_up;
	unsigned int num_queues;

	/* The class layer's. */
	struct pv_net_queue **queue;
	struct pv_net *next;
	unsigned int opens;
	bool started;
	bool gone;
	void (*change)(void *arg);
	void *change_arg;
	int (*start)(struct pv_net *net);
	void (*stop)(struct pv_net *net);
	void (*release)(struct pv_net *net);
};

/*
 * A packet was received; it is the kernel's until pv_packet_put().
 * Context: data, from pv_net_poll().
 */
typedef void (*pv_net_recv_fn)(void *arg, struct pv_packet *pkt);

/* --- devices ---------------------------------------------------------------------------------- */

/*
 * The network device with this number, in the order in which they were found, and a hold on it: its
 * structure stays valid until pv_net_close(), even if the device is removed. NULL if there is none.
 * Context: control.
 */
struct pv_net *pv_net_open(unsigned int index);

/* The kernel no longer uses it; it is stopped. Context: control. */
void pv_net_close(struct pv_net *net);

/*
 * Posts receive memory and lets packets in; `recv(arg, packet)` gets them. 0, or PV_ENOMEM, PV_EIO,
 * PV_EGONE. Context: control.
 */
int pv_net_start(struct pv_net *net, pv_net_recv_fn recv, void *arg) PV_MUST_CHECK;

/*
 * Ends reception and completes what was still to be sent (with PV_EIO). Packets that the kernel
 * holds must have been put. Context: control.
 */
void pv_net_stop(struct pv_net *net);

/*
 * `fn(arg)` is called from pv_work() when the link or MTU changed, or the device is gone. It runs
 * under the control lock: it may submit, but not open, start, stop or close.
 * NULL: nobody. Context: control.
 */
void pv_net_on_change(struct pv_net *net, void (*fn)(void *arg), void *arg);

/* --- data path -------------------------------------------------------------------------------- */

/* Queue pair `index`, below net->num_queues; NULL otherwise. Context: any. */
struct pv_net_queue *pv_net_queue(struct pv_net *net, unsigned int index);

/*
 * Hands over a packet to be sent. 0: done() will be called. Otherwise the packet is the caller's
 * still:
 *	PV_EBUSY    the ring is full: try again after a poll
 *	PV_EINVAL   no data, too many pieces, lengths do not add up, an offload that was not offered
 *	PV_EIO	    the device is broken, or not started
 *	PV_EGONE    the device was removed
 * Context: data.
 */
int pv_net_submit(struct pv_net_queue *q, struct pv_packet *pkt) PV_MUST_CHECK;

/*
 * Tells the device of what was submitted since the last flush, if it asked to be told. Context:
 * data.
 */
void pv_net_flush(struct pv_net_queue *q);

/*
 * Completes sent packets, delivers at most `budget` received ones, posts memory again. The number
 * received, with those that were not fit to deliver; when that is below the budget, the event is
 * armed. Context: data.
 */
int pv_net_poll(struct pv_net_queue *q, int budget);

/*
 * `fn(arg)` is called when there is work to poll for. NULL (at open): no interrupts, only polling.
 * Context: data.
 */
void pv_net_set_event(struct pv_net_queue *q, pv_queue_event_fn fn, void *arg);

/* Gives back a received packet and its memory. Context: data, of the queue that delivered it. */
void pv_packet_put(struct pv_packet *pkt);

/* Context: any; the counters may be in the middle of an update. */
const struct pv_queue_stats *pv_net_stats(const struct pv_net_queue *q);

PV_END_DECLS

#endif
