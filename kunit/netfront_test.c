/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend, through the network interface, against a good backend: frames both ways, slots, offloads,
 * budgets and events.
 */
#include <pv/err.h>
#include <pv/string.h>

#include "fake_netback.h"

#define PAGE PV_PAGE_SIZE

/* --- sending ---------------------------------------------------------------------------------- */

/* Packets [0, n) came back once, with this status. */
static void expect_done(struct kunit *test, unsigned int n, int status)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, nb->done, n);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, nb->pkt_done[i], 1u);
		KUNIT_EXPECT_EQ(test, nb->pkt_status[i], status);
	}
}

static void sends(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < 50; i++)
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, i, 60 + i)), 0);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 99), 0u);
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 99), 50u);
	KUNIT_EXPECT_EQ(test, nb->done, 0u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	expect_done(test, 50, 0);
	for (i = 0; i < 50; i++) {
		KUNIT_EXPECT_EQ(test, nb->frame[i].len, 60 + i);
		KUNIT_EXPECT_EQ(test, nb->frame[i].flags & ~NETTXF_more_data, 0);
		KUNIT_EXPECT_EQ(test, memcmp(nb->frame[i].data, nb->bytes + 64 * i, 60 + i), 0);
	}
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
}

/* Pieces that cross pages, from a byte to 64 KiB: a slot for each page that each touches. */
static void slots(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_packet *pkt;

	fake_netback_up(test);
	pkt = fake_netback_packet(nb, 0, 65535);
	pkt->seg[0].len = 66;
	pkt->seg[1].va = nb->bytes + 66;
	pkt->seg[1].len = 65535 - 66;
	KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
	pkt = fake_netback_packet(nb, 1, 5000);
	pkt->num_segs = 1;
	pkt->seg[0].va = nb->bytes + PAGE - 1;
	pkt->seg[0].len = 5000;
	KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
	pkt = fake_netback_packet(nb, 2, PAGE);
	pkt->num_segs = 1;
	pkt->seg[0].va = nb->bytes + 2 * PAGE;
	pkt->seg[0].len = PAGE;
	KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 9), 3u);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	KUNIT_EXPECT_EQ(test, nb->frame[0].slots, 17u);
	KUNIT_EXPECT_EQ(test, nb->frame[0].len, 65535u);
	KUNIT_EXPECT_EQ(test, memcmp(nb->frame[0].data, nb->bytes, 65535), 0);
	KUNIT_EXPECT_EQ(test, nb->frame[1].slots, 3u);
	KUNIT_EXPECT_EQ(test, memcmp(nb->frame[1].data, nb->bytes + PAGE - 1, 5000), 0);
	KUNIT_EXPECT_EQ(test, nb->frame[2].slots, 1u);
	pv_net_poll(nb->q, 64);
	expect_done(test, 3, 0);
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->completed, 3ull);
}

/* A packet of 18 pieces, each of which touches `pages` pages. */
static struct pv_packet *pieces(struct fake_netback *nb, unsigned int n, bool cross)
{
	struct pv_packet *pkt = fake_netback_packet(nb, 0, 100 * n);
	unsigned int i;

	pkt->num_segs = (uint8_t)n;
	for (i = 0; i < n; i++) {
		pkt->seg[i].va = nb->bytes + PAGE * i + (cross ? PAGE - 50 : 0);
		pkt->seg[i].len = 100;
	}
	return pkt;
}

/* As many slots as there may be, and not one more. */
static void too_many_slots(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_packet *pkt;

	fake_netback_up(test);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pieces(nb, 10, true)), PV_EINVAL);
	pkt = fake_netback_packet(nb, 1, 65536);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EINVAL);
	KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pieces(nb, 9, true)), 0);
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 9), 1u);
	KUNIT_EXPECT_EQ(test, nb->frame[0].slots, 18u);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	pv_net_poll(nb->q, 64);
	expect_done(test, 1, 0);
}

/*
 * Backends want an Ethernet header in the first slot, however short the first piece is, or wherever a page ends in it.
 */
static void short_heads(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i, n, at, len[] = {14, 15, 63, 64, 65, 100, 1514, 9000};
	struct pv_packet *pkt;
	uint8_t *from;

	fake_netback_up(test);
	for (n = 0; n < PV_ARRAY_SIZE(len); n++) {
		for (i = 1; i < 15; i++) {
			/* In two pieces; in one, across a page; and in many short ones. */
			from = nb->bytes + PAGE - i;
			pkt = fake_netback_packet(nb, 0, len[n]);
			pkt->seg[0].va = from;
			pkt->seg[0].len = i < len[n] ? i : 1;
			pkt->seg[1].va = from + pkt->seg[0].len;
			pkt->seg[1].len = len[n] - pkt->seg[0].len;
			KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
			pkt = fake_netback_packet(nb, 1, len[n]);
			pkt->num_segs = 1;
			pkt->seg[0].va = from;
			pkt->seg[0].len = len[n];
			KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
			pkt = fake_netback_packet(nb, 2, len[n]);
			pkt->num_segs = 13;
			for (at = 0; at < 13; at++) {
				pkt->seg[at].va = from + at;
				pkt->seg[at].len = at < 12 ? 1 : len[n] - 12;
			}
			KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
			pv_net_flush(nb->q);
			KUNIT_ASSERT_EQ(test, fake_netback_run(nb, 9), 3u);
			for (at = 1; at < 4; at++) {
				struct fake_netback_frame *f =
					&nb->frame[(nb->sent - at) % FAKE_NETBACK_FRAMES];

				KUNIT_EXPECT_EQ(test, f->len, len[n]);
				KUNIT_EXPECT_EQ(test, memcmp(f->data, from, len[n]), 0);
			}
			pv_net_poll(nb->q, 64);
		}
	}
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	KUNIT_EXPECT_EQ(test, nb->done, 3u * 14 * (unsigned int)PV_ARRAY_SIZE(len));
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->errors, 0ull);
}

/* The ring is full: what was sent already makes room; answers in reverse order are as good. */
static void full_ring(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i, n;

	nb->backwards = true;
	fake_netback_up(test);
	for (n = 0; !pv_net_submit(nb->q, fake_netback_packet(nb, n, 60)); n++)
		;
	KUNIT_EXPECT_EQ(test, n, 128u);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, n, 60)), PV_EBUSY);
	pv_net_flush(nb->q);
	fake_netback_run(nb, 10);
	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, n + i, 60)), 0);
	KUNIT_EXPECT_EQ(test, nb->done, 0u);
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 999), n);
	pv_net_poll(nb->q, 64);
	expect_done(test, n + 10, 0);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
}

static void answered_with_errors(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	nb->status = NETIF_RSP_ERROR;
	KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, 0, 60)), 0);
	pv_net_flush(nb->q);
	fake_netback_run(nb, 1);
	nb->status = NETIF_RSP_DROPPED;
	KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, 1, 9000)), 0);
	pv_net_flush(nb->q);
	fake_netback_run(nb, 1);
	pv_net_poll(nb->q, 64);
	expect_done(test, 2, PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->errors, 2ull);
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_LIVE);
}

/* --- offloads --------------------------------------------------------------------------------- */

/* Headers of a TCP or UDP frame in the packet's memory; where its checksum is. */
static void headers(struct pv_packet *pkt, bool v6, uint8_t proto)
{
	uint8_t *frame = pkt->seg[0].va;

	frame[12] = v6 ? 0x86 : 0x08;
	frame[13] = v6 ? 0xdd : 0x00;
	frame[14] = v6 ? 0x60 : 0x45;
	frame[v6 ? 20 : 23] = proto;
	if (!v6)
		frame[20] = frame[21] = 0;
	pkt->flags = PV_PACKET_CSUM_PARTIAL;
	pkt->csum_start = v6 ? 54 : 34;
	pkt->csum_offset = proto == 6 ? 16 : 6;
}

static void segmentation(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_packet *pkt;
	unsigned int i;

	fake_netback_up(test);
	KUNIT_EXPECT_EQ(test, nb->net->flags,
			PV_NET_F_TX_CSUM | PV_NET_F_RX_CSUM | PV_NET_F_GSO_TCP4 |
				PV_NET_F_GSO_TCP6 | PV_NET_F_LINK);
	for (i = 0; i < 2; i++) {
		pkt = fake_netback_packet(nb, i, 60000);
		headers(pkt, i, 6);
		pkt->gso = i ? PV_GSO_TCP6 : PV_GSO_TCP4;
		pkt->gso_size = (uint16_t)(1448 + i);
		pkt->hdr_len = 66;
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
		/* What the backend would not know how to segment. */
		pkt = fake_netback_packet(nb, 9, 60000);
		headers(pkt, i, 17);
		pkt->gso = i ? PV_GSO_TCP6 : PV_GSO_TCP4;
		pkt->gso_size = 1448;
		KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EINVAL);
		headers(pkt, !i, 6);
		KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EINVAL);
	}
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 9), 2u);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, nb->frame[i].len, 60000u);
		KUNIT_EXPECT_EQ(test, nb->frame[i].flags,
				NETTXF_csum_blank | NETTXF_data_validated | NETTXF_extra_info |
					NETTXF_more_data);
		KUNIT_EXPECT_EQ(test, nb->frame[i].gso_type,
				i ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4);
		KUNIT_EXPECT_EQ(test, nb->frame[i].gso_size, 1448 + i);
	}
	pv_net_poll(nb->q, 9);
	expect_done(test, 2, 0);
}

/* The ones' complement sum of what is behind `at`, and of `s`. */
static unsigned int sum(const uint8_t *p, uint32_t len, uint32_t at, uint32_t s)
{
	for (; at < len; at += 2)
		s += (uint32_t)p[at] << 8 | (at + 1 < len ? p[at + 1] : 0);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

/* Which checksums are left to the backend, and which are completed, by what it offers. */
static const struct offload {
	const char *name;
	int no_csum, csum6;
	bool v6;
	uint8_t proto, start; /* start: 0 as it should be */
	bool offered, left;
} offload_list[] = {
	{"v4 TCP", -1, 1, false, 6, 0, true, true},
	{"v4 UDP", 0, -1, false, 17, 0, true, true},
	{"v6 TCP", -1, 1, true, 6, 0, true, true},
	{"v6 UDP, v4 only", -1, 0, true, 17, 0, true, false},
	{"v4, v6 only", 1, 1, false, 6, 0, true, false},
	{"neither", 1, 0, false, 6, 0, false, false},
	{"SCTP", -1, 1, false, 132, 0, true, false},
	{"elsewhere", -1, 1, false, 6, 42, true, false},
};

static void offload_name(const struct offload *o, char *desc)
{
	strscpy(desc, o->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(offload, offload_list, offload_name);

static void checksums(struct kunit *test)
{
	const struct offload *o = test->param_value;
	struct fake_netback *nb = test->priv;
	unsigned int i, pseudo[2], field;
	struct pv_packet *pkt;
	const uint8_t *data;

	nb->no_csum = o->no_csum;
	nb->csum6 = o->csum6;
	fake_netback_up(test);
	KUNIT_EXPECT_EQ(test, !!(nb->net->flags & PV_NET_F_TX_CSUM), o->offered);
	for (i = 0; i < 2; i++) {
		pkt = fake_netback_packet(nb, 4 * i, 101 + i);
		headers(pkt, o->v6, o->proto);
		if (o->start)
			pkt->csum_start = o->start;
		field = pkt->csum_start + pkt->csum_offset;
		data = pkt->seg[0].va;
		pseudo[i] = (unsigned int)data[field] << 8 | data[field + 1];
		/* The field lies in two pieces. */
		pkt->seg[0].len = field + 1;
		pkt->seg[1].va = (char *)pkt->seg[0].va + field + 1;
		pkt->seg[1].len = pkt->len - field - 1;
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), o->offered ? 0 : PV_EINVAL);
		if (!o->offered)
			return;
	}
	pv_net_flush(nb->q);
	KUNIT_ASSERT_EQ(test, fake_netback_run(nb, 9), 2u);
	for (i = 0; i < 2; i++) {
		pkt = &nb->pkt[4 * i];
		data = nb->frame[i].data;
		KUNIT_EXPECT_EQ(test, nb->frame[i].flags & ~NETTXF_more_data,
				o->left ? NETTXF_csum_blank | NETTXF_data_validated : 0);
		field = pkt->csum_start + pkt->csum_offset;
		if (o->left)
			KUNIT_EXPECT_EQ(test, (unsigned int)data[field] << 8 | data[field + 1],
					pseudo[i]);
		else
			KUNIT_EXPECT_EQ(test, sum(data, pkt->len, pkt->csum_start, pseudo[i]),
					0xffffu);
	}
}

/* A backend that takes one slot per packet. */
static void gathered(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_packet *pkt;
	unsigned int i;

	nb->sg = -1;
	nb->front_mtu = 9000;
	fake_netback_up(test);
	KUNIT_EXPECT_EQ(test, nb->net->flags & (PV_NET_F_GSO_TCP4 | PV_NET_F_GSO_TCP6), 0u);
	KUNIT_EXPECT_EQ(test, nb->net->mtu, 4096 - 14);
	for (i = 0; i < 200; i++)
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, i, 1000 + i)),
				0);
	pkt = fake_netback_packet(nb, 200, PAGE);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), 0);
	pkt = fake_netback_packet(nb, 201, PAGE + 1);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EINVAL);
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 999), 201u);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	for (i = 0; i < 200; i++) {
		KUNIT_EXPECT_EQ(test, nb->frame[i].slots, 1u);
		KUNIT_EXPECT_EQ(test, nb->frame[i].len, 1000 + i);
		KUNIT_EXPECT_EQ(test, memcmp(nb->frame[i].data, nb->bytes + 64 * i, 1000 + i), 0);
	}
	pv_net_poll(nb->q, 9);
	expect_done(test, 201, 0);
}

/* --- receiving -------------------------------------------------------------------------------- */

static void receives(struct kunit *test)
{
	static const uint32_t len[] = {14, 15, 60, 1514, PAGE, PAGE + 1, 9014, 65535};
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < PV_ARRAY_SIZE(len); i++) {
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes + i, len[i], 0));
		KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
		KUNIT_ASSERT_EQ(test, nb->received, i + 1);
		KUNIT_EXPECT_EQ(test, nb->last.len, len[i]);
		KUNIT_EXPECT_EQ(test, nb->last.num_segs, (len[i] + PAGE - 1) / PAGE);
		KUNIT_EXPECT_EQ(test, nb->last.flags, 0);
		KUNIT_EXPECT_EQ(test, memcmp(nb->data, nb->bytes + i, len[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->received, (uint64_t)i);
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->dropped, 0ull);
	KUNIT_EXPECT_EQ(test, nb->q->pool.num_free, 0u);
}

/* Pieces anywhere in their pages; 18 of them. */
static void pieces_received(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < PV_NET_MAX_SEGS; i++)
		KUNIT_ASSERT_TRUE(
			test, fake_netback_slot(nb, (uint16_t)(i * 200), 100,
						i + 1 < PV_NET_MAX_SEGS ? NETRXF_more_data : 0));
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	KUNIT_EXPECT_EQ(test, nb->received, 1u);
	KUNIT_EXPECT_EQ(test, nb->last.len, 1800u);
	KUNIT_EXPECT_EQ(test, nb->last.num_segs, 18);
	for (i = 0; i < PV_NET_MAX_SEGS; i++)
		KUNIT_EXPECT_EQ(test, memcmp(nb->data + 100 * i, nb->bytes, 100), 0);
}

/* Shown piecemeal: it is delivered when it is whole, and meanwhile nothing spins. */
static void piecemeal(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, NETRXF_more_data));
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	KUNIT_EXPECT_EQ(test, nb->received, 0u);
	KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 50, 0));
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	KUNIT_EXPECT_EQ(test, nb->last.len, 150u);
	/* And given back, if it never is. */
	KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, NETRXF_more_data));
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	pv_net_stop(nb->net);
	KUNIT_EXPECT_EQ(test, nb->q->pool.num, 0u);
}

static void checksums_received(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_packet frame = {.seg[0].va = nb->bytes};
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < 4; i++) {
		headers(&frame, i & 1, i & 2 ? 17 : 6);
		KUNIT_ASSERT_TRUE(test,
				  fake_netback_receive(nb, nb->bytes, 200,
						       NETRXF_csum_blank | NETRXF_data_validated));
		KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
		KUNIT_EXPECT_EQ(test, nb->received, i + 1);
		KUNIT_EXPECT_EQ(test, nb->last.flags, PV_PACKET_CSUM_PARTIAL);
		KUNIT_EXPECT_EQ(test, nb->last.csum_start, frame.csum_start);
		KUNIT_EXPECT_EQ(test, nb->last.csum_offset, frame.csum_offset);
	}
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 200, NETRXF_data_validated));
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_EQ(test, nb->last.flags, PV_PACKET_CSUM_OK);
}

static void budgets(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 4), 4);
	KUNIT_EXPECT_EQ(test, nb->received, 4u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 4), 4);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 4), 2);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 4), 0);
}

/* The kernel keeps packets: their pages are not on the ring, and come back when it puts them. */
static void held(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	nb->holds = true;
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 5000, 0));
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_EQ(test, nb->rx.sring->req_prod - nb->rx.sring->rsp_prod, 250u);
	for (i = 0; i < 3; i++) {
		pv_packet_put(nb->held[i]);
		nb->held[i] = NULL;
	}
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_EQ(test, nb->rx.sring->req_prod - nb->rx.sring->rsp_prod, 256u);
}

/* --- events ----------------------------------------------------------------------------------- */

static void note(void *arg)
{
	unsigned int *n = arg;

	++*n;
}

static const struct channels {
	const char *name;
	int split;
} channels_list[] = {{"a channel for each ring", 1}, {"one channel", 0}};

static void channels_name(const struct channels *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(channels, channels_list, channels_name);

static void events(struct kunit *test)
{
	const struct channels *channels = test->param_value;
	struct fake_netback *nb = test->priv;
	unsigned int i, before;

	nb->split = channels->split;
	fake_netback_up(test);
	KUNIT_EXPECT_EQ(test, nb->tx_port != nb->rx_port, channels->split == 1);
	/* Without event function: polling only. */
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	KUNIT_EXPECT_EQ(test, nb->events, 0u);
	pv_net_set_event(nb->q, note, &nb->events);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	/* One for the first frame, none for those that come before the poll. */
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, nb->events, 1u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 3);
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, nb->events, 2u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	/* Sent ones: an event when half of them are answered. */
	for (i = 0; i < 20; i++) {
		struct pv_packet *pkt = fake_netback_packet(nb, i, 60);

		pkt->num_segs = 1;
		pkt->seg[0].len = 60;
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
	}
	before = nb->kicks;
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, nb->kicks, before + 1);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	fake_netback_run(nb, 9);
	KUNIT_EXPECT_EQ(test, nb->events, 2u);
	fake_netback_run(nb, 1);
	KUNIT_EXPECT_EQ(test, nb->events, 3u);
	fake_netback_run(nb, 10);
	KUNIT_EXPECT_EQ(test, nb->events, 3u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	KUNIT_EXPECT_EQ(test, nb->done, 20u);
	/* And no more of them, with polling only. */
	pv_net_set_event(nb->q, NULL, NULL);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, nb->events, 3u);
}

/* What comes between the poll's last look and the event's arming is found by the final check. */
static void final_check(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	pv_net_set_event(nb->q, note, &nb->events);
	pv_net_poll(nb->q, 64);
	pv_fake_xen.irqs_off = true;
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
		KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	}
	pv_fake_xen.irqs_off = false;
	pv_fake_xen_deliver();
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_GE(test, nb->events, 1u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
}

/* --- indices ---------------------------------------------------------------------------------- */

/* Both rings beyond 2^32, with the frames right. */
static void index_wrap(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i, k;

	fake_netback_open(test);
	fake_netback_start_at(nb, 0xfffffff0);
	fake_netback_up(test);
	for (i = 0; i < 1000; i++) {
		for (k = 0; k < 3; k++) {
			struct pv_packet *pkt = fake_netback_packet(nb, 3 * (i % 80) + k, 60 + i);

			KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
		}
		pv_net_flush(nb->q);
		KUNIT_ASSERT_EQ(test, fake_netback_run(nb, 9), 3u);
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes + i, 60 + 5 * i, 0));
		KUNIT_ASSERT_EQ(test, pv_net_poll(nb->q, 64), 1);
		KUNIT_ASSERT_EQ(test, nb->done, 3 * (i + 1));
		KUNIT_ASSERT_EQ(test, nb->last.len, 60 + 5 * i);
		KUNIT_ASSERT_EQ(test, memcmp(nb->data, nb->bytes + i, 60 + 5 * i), 0);
	}
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_LIVE);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sends),
	KUNIT_CASE(slots),
	KUNIT_CASE(too_many_slots),
	KUNIT_CASE(short_heads),
	KUNIT_CASE(full_ring),
	KUNIT_CASE(answered_with_errors),
	KUNIT_CASE(segmentation),
	KUNIT_CASE_PARAM(checksums, offload_gen_params),
	KUNIT_CASE(gathered),
	KUNIT_CASE(receives),
	KUNIT_CASE(pieces_received),
	KUNIT_CASE(piecemeal),
	KUNIT_CASE(checksums_received),
	KUNIT_CASE(budgets),
	KUNIT_CASE(held),
	KUNIT_CASE_PARAM(events, channels_gen_params),
	KUNIT_CASE(final_check),
	KUNIT_CASE(index_wrap),
	{},
};

static struct kunit_suite suite = {
	.name = "netfront",
	.init = fake_netback_init,
	.exit = fake_netback_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
