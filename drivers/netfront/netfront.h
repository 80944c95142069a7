/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend (xen/io/netif.h).
 *
 * THE PARTIES
 *	This driver, and a backend in another domain, which has a network interface ("vif") at its
 *	end. They share a page for each of two rings, of 256 slots. Notifications go by event
 *	channels, one for each ring or, with a backend that cannot, one for both.
 *
 * THE SEQUENCE (states in xenbus.h)
 *	probe	the backend is InitWait: its features, our address. Ring pages are granted, ports
 *		allocated, and their numbers written, with Connected, in one transaction
 *		(netfront_xs.c). The backend maps the rings and becomes Connected: the link is up.
 *	start	receive buffers are posted
 *	stop	the connection is closed, so that the backend gives up what it was given; the next
 *		start connects again, with what the backend then offers
 *	resume	the backend died and came back: all grants are taken back, packets not sent are lost
 *		(PV_EIO), and the connection is made again as at first, under the same interface
 *
 * WHO OWNS WHAT WHEN
 *	sending		the packet's pages are granted, read-only, from submit until each of its
 *			slots was answered (netfront_tx.c). To an untrusted backend (netif.h,
 *			"trusted") they are not: what is sent is copied to pages of ours, which hold
 *			nothing else
 *	receiving	a page of the pool is granted for writing while it is posted. The backend
 *			has the hypervisor copy into it (request-rx-copy) and does not map it. A
 *			page is looked at only after its grant was revoked, and so cannot change any
 *			more (netfront_rx.c). Before an untrusted backend gets it, what the kernel
 *			may have left there is erased
 *
 * WHAT CAN FAIL
 *	Answers that make no sense to the rings break the device. Frames that make no sense are
 *	dropped and counted. A backend that still uses what it answered (XSA-396) breaks the device:
 *	a receive page goes into quarantine; a packet's memory is the kernel's, which learns it by
 *	PV_EPROTO.
 *
 *	netfront.c	life cycle			netfront_tx.c	send ring
 *	netfront_xs.c	negotiation in xenstore		netfront_rx.c	receive ring
 *	netfront_csum.c	where a checksum is		netfront_pair.c	the pair of them, events
 */
#ifndef PV_DRIVERS_NETFRONT_H
#define PV_DRIVERS_NETFRONT_H

#include <pv/abi/xen_io.h>

#include "pv-core/net_driver.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/ring.h"
#include "pv-core/xen/xenbus.h"

#define NUM_PAIRS 1u /* of rings; multi-queue-max-queues adds more of them to the array */
/*
 * Slots of either ring: as many as a page holds. A fuzzer's rings are smaller, so that it comes
 * around them.
 */
#ifdef PV_NETFRONT_SLOTS
#define RING_NUM PV_NETFRONT_SLOTS
#else
#define RING_NUM 256u
#endif

/* Data slots of a packet. Backends take so many; an extra slot is not counted. */
#define MAX_SLOTS XEN_NETIF_NR_SLOTS_MIN

/* What the backend offers, as of the last connection. */
struct netfront_offer {
	bool sg;	   /* a packet may have several slots */
	bool gso4, gso6;   /* segmentation of TCP */
	bool csum4, csum6; /* completes TCP's and UDP's checksums */
	bool split;	   /* an event channel for each ring */
};

/* A data slot on the send ring; its number is the request's id. */
struct netfront_tx {
	struct pv_packet *pkt; /* whose it is; NULL: free */
	void *va;	       /* NULL: what is sent is in a page of ours */
	pv_bus_addr_t addr;    /* as shared */
	uint16_t len;
	uint16_t next; /* in the list of free ones */
};

/*
 * A page of ours for what is not lent to the backend as it lies, granted as long as the connection
 * lasts.
 */
struct netfront_bounce {
	uint8_t *page;
	int ref;
};

/* An event channel. */
struct netfront_port {
	struct netfront_pair *pair;
	int port;
	bool fired;  /* and is masked since; set by the event, taken back by who arms */
	bool worked; /* there was work since it was let go last */
};

/* A frame that is not complete yet. */
struct netfront_frame {
	struct pv_net_buf *first, *last;
	uint16_t slots; /* of data */
	uint16_t flags; /* NETRXF_*, of the first slot */
	bool more;	/* another data slot follows */
	bool extra;	/* the next slot is extra info */
	bool bad;
};

/* A receive ring and the send ring that belongs to it. */
struct netfront_pair {
	struct pv_net_queue q;
	struct pv_xenbus_device *xd;
	const struct netfront_offer *offer;
	struct netfront_port port[2];
	struct netfront_port *rx_port, *tx_port; /* the same one, if they are not split */

	/* Sending. */
	struct pv_xring tx;
	union netif_tx_sring_entry PV_SHARED *tx_slot;
	void *tx_page;
	int tx_ref;
	uint16_t tx_free; /* first free one of slot[] */
	uint16_t extras;  /* extra slots on the ring, not answered yet */
	struct netfront_tx slot[RING_NUM];
	struct netfront_bounce *bounce;
	uint32_t bounce_size; /* bytes for each id */
	unsigned int
		lends; /* at most so many slots of a packet are lent as they lie, or else none */

	/* Receiving. */
	struct pv_xring rx;
	union netif_rx_sring_entry PV_SHARED *rx_slot;
	void *rx_page;
	int rx_ref;
	struct pv_net_buf *buf[RING_NUM]; /* posted, by ring slot */
	struct netfront_frame frame;
};

struct netfront {
	struct pv_net net;
	struct pv_xenbus_device *xd;
	struct netfront_offer offer;
	bool up;     /* rings are there, and we said that we are connected */
	bool was_up; /* before they were lost; a backend that comes is connected to */
	bool ended;  /* broken, and the kernel was told */
	struct pv_net_queue *queues[NUM_PAIRS];
	struct netfront_pair pair[NUM_PAIRS];
};

/* --- netfront_xs.c: all control context ------------------------------------------------------- */

/* Our MAC address into nf->net. 0; PV_EINVAL without one. */
int pv_netfront_read_mac(struct netfront *nf);

/*
 * What the backend offers: nf->offer, and flags and MTU in nf->net. 0; PV_ENOTSUP without
 * feature-rx-copy.
 */
int pv_netfront_read_offer(struct netfront *nf);

/* What may change while connected: link and MTU. True if they did. */
bool pv_netfront_read_state(struct netfront *nf);

/* Tells the backend of our rings and ports, that we are connected, and waits for it to be. */
int pv_netfront_connect(struct netfront *nf);

/* --- netfront_pair.c: control context --------------------------------------------------------- */

/* Once: what does not change from one connection to the next. */
void pv_netfront_pair_set(struct netfront_pair *pair, struct netfront *nf);

/* Rings and ports. 0 or an error; exit cleans up either way. */
int pv_netfront_pair_init(struct netfront_pair *pair);
void pv_netfront_pair_exit(struct netfront_pair *pair);

/* Without a connection: ends what is in flight with `status`, and gives posted buffers back. */
void pv_netfront_pair_drain(struct netfront_pair *pair, int status);

/* Frees a page of ours, now or when the backend lets it go. `ref` is the grant's, or an error. */
void pv_netfront_page_free(void *page, int ref);

/* --- netfront_tx.c ---------------------------------------------------------------------------- */

/* The ring's page and slots. 0 or an error; exit cleans up either way. Context: control. */
int pv_netfront_tx_init(struct netfront_pair *pair);
void pv_netfront_tx_exit(struct netfront_pair *pair);

/* Ends all packets in flight with `status`. Context: control; or data, if the device is broken. */
void pv_netfront_tx_drain(struct netfront_pair *pair, int status);

int pv_netfront_send(struct pv_net_queue *q, struct pv_packet *pkt);
void pv_netfront_flush(struct pv_net_queue *q);

/* Takes answers off the ring, until there are none or the device is broken. */
void pv_netfront_tx_reap(struct netfront_pair *pair);

/* --- netfront_rx.c ---------------------------------------------------------------------------- */

/* As for sending. drain gives the posted buffers back to the pool. */
int pv_netfront_rx_init(struct netfront_pair *pair);
void pv_netfront_rx_exit(struct netfront_pair *pair);
void pv_netfront_rx_drain(struct netfront_pair *pair);

/*
 * Gives new pages to buffers in the pool that lost theirs; those that get none leave it. Context:
 * control.
 */
void pv_netfront_rx_mend(struct netfront_pair *pair);

int pv_netfront_receive(struct pv_net_queue *q, int budget);
void pv_netfront_refill(struct pv_net_queue *q);
/* The same, for an untrusted backend. */
void pv_netfront_refill_erased(struct pv_net_queue *q);

/* --- netfront_csum.c -------------------------------------------------------------------------- */

/*
 * Where a backend looks for the checksum of a frame that begins with these `len` bytes: from which
 * byte on it sums, and the field's offset from there. False if it would not know: neither TCP nor
 * UDP in whole IPv4 or IPv6 packets. `*v6` is which.
 */
bool pv_netfront_csum_find(const uint8_t *frame, uint32_t len, uint16_t *start, uint16_t *offset,
			   bool *v6);

/* The same for a packet in pieces. */
bool pv_netfront_csum_find_in(const struct pv_packet *pkt, uint16_t *start, uint16_t *offset,
			      bool *v6);

/* Completes the packet's checksum in its memory, and clears PV_PACKET_CSUM_PARTIAL. */
void pv_netfront_csum_complete(struct pv_packet *pkt);

/* --- shared ----------------------------------------------------------------------------------- */

static inline struct netfront_pair *netfront_pair_of(struct pv_net_queue *q)
{
	return pv_container_of(q, struct netfront_pair, q);
}

static inline bool netfront_broken(const struct netfront_pair *pair)
{
	return pv_unlikely(pv_device_broken(&pair->xd->dev));
}

/* The backend broke the protocol. Context: any. */
static inline void netfront_break(struct netfront_pair *pair, const char *reason)
{
	(void)pv_device_break(&pair->xd->dev, reason);
	pv_device_changed(&pair->xd->dev);
}

#endif
