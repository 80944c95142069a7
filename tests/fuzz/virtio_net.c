/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver: features and configuration, headers and lengths of what is received,
 * and what is said to be sent. Each packet that was accepted is done once; each one delivered lies
 * within its buffer.
 */
#include <pv/net.h>
#include <pv/virtio.h>

#include "fake_virtio.h"
#include "kernel.h"
#include "pv-core/bus.h"
#include "pv-core/net_driver.h"

#define RX     0
#define TX     1
#define PKTS   12u
#define STARTS 2u /* further ones; they take the most time */

static struct fake_virtio f;
static struct pv_net *net;
static struct pv_net_queue *q;
static uint8_t data[8192];
static unsigned int starts;

static void submit(void)
{
	unsigned int segs = 1 + fuzz_below(3);
	struct pv_packet *pkt = fuzz_packet();

	if (!pkt)
		return;
	pkt->num_segs = (uint8_t)segs;
	pkt->flags = fuzz_u8() & PV_PACKET_CSUM_PARTIAL;
	pkt->gso = fuzz_u8() < 0xe0 ? PV_GSO_NONE : PV_GSO_TCP4;
	while (segs--) {
		pkt->seg[segs].va = data + 64 * segs;
		pkt->seg[segs].len = 14 + fuzz_u8();
		pkt->len += pkt->seg[segs].len;
	}
	fuzz_packet_submit(q, pkt);
}

/* The device answers the next chain, having written a header and some bytes into what it may. */
static void answer(unsigned int queue)
{
	static struct fake_chain c;
	uint8_t head[16] = {0}, how = fuzz_u8();
	uint32_t len;

	if (!fake_vq_next(&f, queue, &c))
		return;
	fuzz_bytes(head, how % 16);
	if (how < 0xc0)
		head[10] = 1 + (how >> 4 == 3);
	fake_chain_write(&c, 0, head, sizeof(head));
	len = queue == TX ? 0 : 60 + fuzz_u8();
	if (how >= 0xf0)
		len = fuzz_u32();
	fake_vq_used(&f, queue, c.head, len);
	fake_vq_sleep(&f, queue);
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
		pv_net_flush(q);
		break;
	case 3:
		answer(TX);
		break;
	case 4:
	case 5:
		answer(RX);
		break;
	case 6:
		pv_net_poll(q, 1 + (op >> 4));
		break;
	case 7:
		if (f.q[op >> 7].vq)
			fake_vq_used(&f, op >> 7, fuzz_u8(), fuzz_u32());
		break;
	case 8:
		fake_config8(&f, fuzz_below(32), fuzz_u8());
		pv_virtio_irq_config(&f.vd);
		pv_bus_work();
		break;
	case 9:
		fuzz_packets_put();
		if (op < 0xf0 || starts == STARTS)
			break;
		starts++;
		pv_net_stop(net);
		(void)!pv_net_start(net, fuzz_packet_receive, NULL);
		break;
	}
}

static void describe(void)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0, 1, 2, 3};
	uint8_t how = fuzz_u8(), n = fuzz_below(3);
	uint64_t features = fuzz_u32();

	features ^= 1ull << VIRTIO_NET_F_MAC | 1ull << VIRTIO_NET_F_STATUS |
		    1ull << VIRTIO_NET_F_MRG_RXBUF | 1ull << VIRTIO_NET_F_CSUM |
		    1ull << VIRTIO_NET_F_GUEST_CSUM | 1ull << VIRTIO_RING_F_INDIRECT_DESC |
		    1ull << VIRTIO_RING_F_EVENT_IDX;
	fake_virtio_init(&f, VIRTIO_ID_NET, features | (how & 1 ? 0 : 1ull << VIRTIO_F_VERSION_1),
			 32);
	memcpy(f.config, mac, sizeof(mac));
	fake_config16(&f, offsetof(struct virtio_net_config, status), VIRTIO_NET_S_LINK_UP);
	fake_config16(&f, offsetof(struct virtio_net_config, mtu), 1500);
	while (n--)
		fuzz_bytes(f.config + fuzz_below(32), 4);
	if (how & 2)
		fake_virtio_lends(&plain_test, &f);
	f.share_fails_at = how >> 6 == 1 ? 1 + fuzz_u8() : 0;
	pv_fake.alloc_fail_at = how >> 6 == 2 ? 1 + fuzz_below(60) : 0;
}

static void one(void)
{
	unsigned int i;

	fuzz_packets_new(PKTS);
	starts = 0;
	describe();
	fuzz_shared(true);
	fake_virtio_plug(&f, &pv_virtio_net);
	net = pv_net_open(0);
	q = net ? pv_net_queue(net, 0) : NULL;
	if (q)
		(void)!pv_net_start(net, fuzz_packet_receive, NULL);
	pv_fake.alloc_fail_at = 0;
	while (q && fuzz_left())
		step();
	fuzz_shared(false);
	for (i = 0; q && i < 2; i++)
		pv_net_poll(q, 64);
	if (q && pv_device_broken(&f.vd.dev))
		fuzz_packets_done();
	fuzz_packets_put();
	if (net)
		pv_net_stop(net);
	fuzz_packets_done();
	fake_virtio_unplug(&f);
	if (net)
		pv_net_close(net);
	PLAIN_CHECK(!f.loan || !f.lent);
}

const struct fuzz_target fuzz_virtio_net = {.name = "virtio-net", .one = one, .keeps = true};
