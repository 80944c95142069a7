/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake network device with the driver on it, and packets: what the suites of the virtio network
 * driver begin with.
 */
#ifndef PV_KUNIT_FAKE_CARD_H
#define PV_KUNIT_FAKE_CARD_H

#include <pv/config.h>
#include <pv/virtio.h>

#include "fake_virtio.h"
#include "pv-core/bus.h"
#include "pv-core/net_driver.h"

#define BIT64(n) (1ull << (n))
#define MODERN	 BIT64(VIRTIO_F_VERSION_1)
#define INDIRECT BIT64(VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT	 BIT64(VIRTIO_RING_F_EVENT_IDX)
#define MRG	 BIT64(VIRTIO_NET_F_MRG_RXBUF)
#define BASIC	 (BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_STATUS))
#define CSUM                                                                                       \
	(BIT64(VIRTIO_NET_F_CSUM) | BIT64(VIRTIO_NET_F_GUEST_CSUM) |                               \
	 BIT64(VIRTIO_NET_F_HOST_TSO4) | BIT64(VIRTIO_NET_F_HOST_TSO6))

#define RX 0
#define TX 1

#define PKTS 300

struct fake_card {
	struct fake_net fake;
	struct pv_net *net;
	struct pv_net_queue *q;
	bool keeps; /* received packets are not put back */
	struct pv_packet *kept[16];
	unsigned int received, sent, events, changes;
	struct pv_packet last;		      /* received */
	uint8_t data[PV_NET_MAX_SEGS * 4096]; /* of it */
	struct pv_packet pkt[PKTS];
	unsigned int done[PKTS];
	int status[PKTS];
	uint8_t frame[65536];
};

/* A kunit_suite's init and exit; test->priv is the struct fake_card. */
int fake_card_init(struct kunit *test);
void fake_card_exit(struct kunit *test);

/* Plugs it and opens it; and starts it. What it receives goes to `data` and `last`. */
void fake_card_plug(struct kunit *test);
void fake_card_up(struct kunit *test);
void fake_card_receive(void *arg, struct pv_packet *pkt);

/* Packet `i`: so much of the frame, from byte i on, in two pieces. */
struct pv_packet *fake_card_packet(struct fake_card *c, unsigned int i, uint32_t len);

/* Submits `n` packets from packet `from` on, of 60 bytes each, and flushes. */
void fake_card_submit(struct kunit *test, unsigned int from, unsigned int n);

/*
 * The first `n` packets, and no others, are done once: those from `from` on with `status`, the
 * others well.
 */
void fake_card_expect_sent(struct kunit *test, unsigned int n, unsigned int from, int status);

#endif
