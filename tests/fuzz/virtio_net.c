/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver: features and configuration, headers and lengths of what is received, and what is
 * said to be sent. Each packet that was accepted is done once; each one delivered lies within its buffer.
 */
#include <pv/net.h>
#include <pv/virtio.h>

#include "fake_virtio.h"
#include "fuzz.h"
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
static struct pv_packet *kept[4];
static unsigned int num_kept, starts;
static struct {
	struct pv_packet pkt;
	bool under_way;
} p[PKTS];

static void done(struct pv_packet *pkt)
{
	unsigned int i = (unsigned int)((char *)pkt - (char *)p) / (unsigned int)sizeof(p[0]);

	PLAIN_CHECK(p[i].under_way && pkt->status <= 0);
	p[i].under_way = false;
}

static void receive(void *arg, struct pv_packet *pkt)
{
	uint32_t len = 0, i, sum = 0;

	(void)arg;
	PLAIN_CHECK(pkt->num_segs && pkt->num_segs <= PV_NET_MAX_SEGS);
	for (i = 0; i < pkt->num_segs; i++) {
		len += pkt->seg[i].len;
		/* The address sanitizer looks at both ends. */
		sum += *(volatile uint8_t *)pkt->seg[i].va;
		sum += ((volatile uint8_t *)pkt->seg[i].va)[pkt->seg[i].len - 1];
	}
	(void)sum;
	PLAIN_CHECK(len == pkt->len && len >= PV_NET_HDR_LEN);
	if (pkt->flags & PV_PACKET_CSUM_PARTIAL)
		PLAIN_CHECK((uint32_t)pkt->csum_start + pkt->csum_offset + 2 <= len);
	if (num_kept < PV_ARRAY_SIZE(kept) && pkt->len % 4 == 3)
		kept[num_kept++] = pkt;
	else
		pv_packet_put(pkt);
}

static void submit(void)
{
	struct pv_packet *pkt;
	unsigned int i, segs = 1 + fuzz_below(3);

	for (i = 0; i < PKTS && p[i].under_way; i++)
		;
	if (i == PKTS)
		return;
	pkt = &p[i].pkt;
	memset(&p[i], 0, sizeof(p[i]));
	pkt->num_segs = (uint8_t)segs;
	pkt->done = done;
	pkt->flags = fuzz_u8() & PV_PACKET_CSUM_PARTIAL;
	pkt->gso = fuzz_u8() < 0xe0 ? PV_GSO_NONE : PV_GSO_TCP4;
	pkt->csum_start = 34;
	pkt->csum_offset = 16;
	pkt->hdr_len = 54;
	pkt->gso_size = 1000;
	while (segs--) {
		pkt->seg[segs].va = data + 64 * segs;
		pkt->seg[segs].len = 14 + fuzz_u8();
		pkt->len += pkt->seg[segs].len;
	}
	p[i].under_way = true;
	if (pv_net_submit(q, pkt))
		p[i].under_way = false;
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
		while (num_kept)
			pv_packet_put(kept[--num_kept]);
		if (op < 0xf0 || starts == STARTS)
			break;
		starts++;
		pv_net_stop(net);
		(void)!pv_net_start(net, receive, NULL);
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

	memset(p, 0, sizeof(p));
	num_kept = starts = 0;
	describe();
	fuzz_shared(true);
	fake_virtio_plug(&f, &pv_virtio_net);
	net = pv_net_open(0);
	q = net ? pv_net_queue(net, 0) : NULL;
	if (q)
		(void)!pv_net_start(net, receive, NULL);
	pv_fake.alloc_fail_at = 0;
	while (q && fuzz_left())
		step();
	fuzz_shared(false);
	for (i = 0; q && i < 2; i++)
		pv_net_poll(q, 64);
	for (i = 0; q && i < PKTS && pv_device_broken(&f.vd.dev); i++)
		PLAIN_CHECK(!p[i].under_way);
	while (num_kept)
		pv_packet_put(kept[--num_kept]);
	if (net)
		pv_net_stop(net);
	for (i = 0; i < PKTS; i++)
		PLAIN_CHECK(!p[i].under_way);
	fake_virtio_unplug(&f);
	if (net)
		pv_net_close(net);
	PLAIN_CHECK(!f.loan || !f.lent);
}

const struct fuzz_target fuzz_virtio_net = {.name = "virtio-net", .one = one, .keeps = true};
