/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake Xen network backend (xen/io/netif.h), beside the fake hypervisor and the fake xenstored:
 * it follows the frontend's state as Linux' does, maps both rings, keeps what is sent, and delivers
 * what the test gives it; or answers what a hostile one would.
 *
 * It gets its turn from the test: fake_netback_run() for what is sent. Indices are moved by the
 * macros of xen/io/ring.h, memory is reached by its grants only.
 */
#ifndef PV_KUNIT_FAKE_NETBACK_H
#define PV_KUNIT_FAKE_NETBACK_H

#include <kunit/test.h>
#include <pv/abi/xen_io.h>
#include <pv/fake_xen.h>
#include <pv/fake_xenstored.h>
#include <pv/net.h>

#include "pv-core/net_driver.h"

#define FAKE_NETBACK_FRAMES 300
#define FAKE_NETBACK_PKTS   300
#define FAKE_NETBACK_RING   256u
#define FAKE_NETBACK_WIRE   (1u << 20)

/*
 * Granted while it is connected, but for frames: both rings, and four pages for heads of packets.
 */
#define FAKE_NETBACK_GRANTS 6u

struct fake_netback {
	/* What it offers; below 0: no such node. As Linux's, from fake_netback_init() on. */
	int rx_copy, sg, gso4, gso6, no_csum, csum6, split, carrier, mtu;
	/* What the toolstack writes for the frontend; NULL, below 0: nothing. */
	const char *mac;
	int front_mtu;
	const char *trusted;

	/* How it behaves. */
	bool never_connects; /* it stays in InitWait */
	bool lingers;	     /* it does not answer to Closing and Closed */
	bool keeps;	     /* it does not unmap what it answered, nor its rings */
	bool backwards;	     /* it answers a run's slots in reverse order */
	int16_t status;	     /* of answers to data */

	/* The connection. */
	char front[64], back[96];
	bool connected;
	unsigned int connects, refused;
	uint32_t tx_ref, rx_ref, tx_port, rx_port;
	struct netif_tx_back_ring tx;
	struct netif_rx_back_ring rx;
	RING_IDX rx_pushed;

	/* What was sent to it, and what was wrong with it. */
	struct fake_netback_frame {
		uint32_t len;
		unsigned int slots;
		uint16_t flags;
		uint8_t gso_type;
		uint16_t gso_size;
		uint8_t *data; /* in `wire`, until that has gone round */
	} * frame;
	uint8_t *wire;
	uint32_t wire_at;
	unsigned int sent, bad;
	unsigned int kicks;    /* events from the frontend */
	unsigned int notified; /* events to it */
	uint32_t kept[600];
	unsigned int num_kept;

	/* --- the kernel's end --- */
	struct pv_net *net;
	struct pv_net_queue *q;
	struct pv_device *dev;
	bool holds; /* received packets are not put back */
	struct pv_packet *held[16];
	unsigned int received, done, events, changes;
	struct pv_packet last; /* received; its len is 0 if its pieces do not add up to it */
	uint8_t *data;	       /* of it */
	struct pv_packet pkt[FAKE_NETBACK_PKTS];
	unsigned int pkt_done[FAKE_NETBACK_PKTS];
	int pkt_status[FAKE_NETBACK_PKTS];
	uint8_t *bytes; /* to send and receive: a pattern, 128 KiB, page-aligned */
};

/* --- fake_netback_guest.c --------------------------------------------------------------------- */

/* A kunit_suite's init and exit: Xen, a store, and a backend in test->priv, not plugged yet. */
int fake_netback_init(struct kunit *test);
void fake_netback_exit(struct kunit *test);

/*
 * vif/0 and its backend appear, and the bus looks; the device is opened; it is started. Each does
 * what is before it.
 */
void fake_netback_plug(struct kunit *test);
void fake_netback_open(struct kunit *test);
void fake_netback_up(struct kunit *test);

/* Has pv_work()'s part done, until there is nothing to do. */
void fake_netback_work(void);

/* Packet `i`: `len` bytes of the pattern from byte 64 * i on, in two pieces. */
struct pv_packet *fake_netback_packet(struct fake_netback *nb, unsigned int i, uint32_t len);

/*
 * Makes the packet's memory the headers of TCP (6) or UDP (17), and its checksum one to be
 * completed.
 */
void fake_netback_headers(struct pv_packet *pkt, bool v6, uint8_t proto);

/* Packets [0, n), in one slot each, submitted and flushed; none was done. */
void fake_netback_submit(struct kunit *test, unsigned int n);

/*
 * Packets [0, n) were done, each once: the first `good` of them with 0, the others with `status`.
 */
void fake_netback_expect_done(struct kunit *test, unsigned int n, unsigned int good, int status);

/* Has both rings' indices, at both ends, go on from `at`. Nothing is on them. */
void fake_netback_start_at(struct fake_netback *nb, uint32_t at);

/*
 * The device is broken for this reason, refuses packets, and neither has nor keeps memory of
 * frames.
 */
void fake_netback_expect_broken(struct kunit *test, const char *reason);

/* A node of the frontend's, as a number; -1 if there is none. */
long fake_netback_front(struct kunit *test, const char *key);

/* Frames go both ways. */
void fake_netback_expect_works(struct kunit *test);

/* So much is granted, and in quarantine. */
void fake_netback_expect_grants(struct kunit *test, unsigned int granted, unsigned int quarantined);

/* An event or change function, that counts in the unsigned int at `arg`. */
void fake_netback_note(void *arg);

/* --- the backend ------------------------------------------------------------------------------ */

/*
 * It is there, offering what Linux' does, and no device yet; the device; and it goes, letting go of
 * all.
 */
void fake_netback_begin(struct fake_netback *nb);
void fake_netback_appear(struct fake_netback *nb);
void fake_netback_end(struct fake_netback *nb);

/* Takes at most `max` packets that were sent, answers and notifies. Their number. */
unsigned int fake_netback_run(struct fake_netback *nb, unsigned int max);

/* --- receiving -------------------------------------------------------------------------------- */

/*
 * A frame in as many slots as it takes, with NETRXF_* `flags`, shown and notified. False: no room.
 */
bool fake_netback_receive(struct fake_netback *nb, const void *data, uint32_t len, uint16_t flags);

/*
 * One answer, as told, with bytes of the pattern in its page where they fit; and one of extra info.
 * Not shown before push. False: there is no request.
 */
bool fake_netback_slot(struct fake_netback *nb, uint16_t offset, int16_t status, uint16_t flags);
bool fake_netback_extra(struct fake_netback *nb, uint8_t type, uint8_t flags, uint16_t gso_size);
void fake_netback_push(struct fake_netback *nb);

/* --- misbehaviour ----------------------------------------------------------------------------- */

/* An answer on the send ring, out of the blue. */
void fake_netback_tx_answer(struct fake_netback *nb, uint16_t id, int16_t status);

/* Takes the next slot off the send ring without answering it. False if there is none. */
bool fake_netback_tx_take(struct fake_netback *nb, struct netif_tx_request *req);

/* It dies, and comes back to InitWait. */
void fake_netback_die(struct fake_netback *nb);
void fake_netback_reborn(struct fake_netback *nb);

/* Having died it comes back, and takes the rings that it finds named. False if it cannot. */
bool fake_netback_take_over(struct fake_netback *nb);

/* Writes a node of its own. */
void fake_netback_node(struct fake_netback *nb, const char *key, int value);

#endif
