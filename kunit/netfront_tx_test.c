/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend, through the network interface, against a good backend: sending, in slots
 * and with offloads.
 *
 * Covers: drivers/netfront/netfront_tx.c
 */
#include <pv/err.h>
#include <pv/string.h>

#include "fake_netback.h"

#define PAGE PV_PAGE_SIZE

/* --- sending ---------------------------------------------------------------------------------- */

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
	fake_netback_expect_done(test, 50, 50, 0);
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
	fake_netback_expect_done(test, 3, 3, 0);
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
	pkt = pieces(nb, 10, true);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EINVAL);
	pkt->seg[9].va = nb->bytes;
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EINVAL);
	pkt = fake_netback_packet(nb, 1, 65536);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EINVAL);
	KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pieces(nb, 9, true)), 0);
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 9), 1u);
	KUNIT_EXPECT_EQ(test, nb->frame[0].slots, 18u);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, 1, 1, 0);
}

/*
 * Backends want an Ethernet header in the first slot, however short the first piece is, or wherever
 * a page ends in it.
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
	fake_netback_expect_done(test, n + 10, n + 10, 0);
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
	fake_netback_expect_done(test, 2, 0, PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->errors, 2ull);
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_LIVE);
}

/* --- offloads --------------------------------------------------------------------------------- */

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
		fake_netback_headers(pkt, i, 6);
		pkt->gso = i ? PV_GSO_TCP6 : PV_GSO_TCP4;
		pkt->gso_size = (uint16_t)(1448 + i);
		pkt->hdr_len = 66;
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
		/* What the backend would not know how to segment. */
		pkt = fake_netback_packet(nb, 9, 60000);
		fake_netback_headers(pkt, i, 17);
		pkt->gso = i ? PV_GSO_TCP6 : PV_GSO_TCP4;
		pkt->gso_size = 1448;
		KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EINVAL);
		fake_netback_headers(pkt, !i, 6);
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
	fake_netback_expect_done(test, 2, 2, 0);
}

/*
 * A checksum that is not where its protocol has it: the backend would write elsewhere, so it is
 * ours to complete.
 */
static void checksum_elsewhere(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_packet *pkt;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < 3; i++) {
		pkt = fake_netback_packet(nb, i, 100);
		fake_netback_headers(pkt, false, 6);
		pkt->csum_offset = i == 1 ? 6 : 16;
		pkt->csum_start = i == 2 ? 36 : 34;
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
		pv_net_flush(nb->q);
		KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 9), 1u);
		KUNIT_EXPECT_EQ(test, nb->frame[i].flags & NETTXF_csum_blank,
				i ? 0 : NETTXF_csum_blank);
		pv_net_poll(nb->q, 9);
	}
	fake_netback_expect_done(test, 3, 3, 0);
}

/* Extra info needs room, too. */
static void no_room_for_extra(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_packet *pkt;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < 254; i++) {
		pkt = fake_netback_packet(nb, i, 60);
		pkt->num_segs = 1;
		pkt->seg[0].len = 60;
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
	}
	pkt = fake_netback_packet(nb, 254, 2000);
	pkt->seg[0].va = nb->bytes;
	pkt->seg[1].va = nb->bytes + 14;
	fake_netback_headers(pkt, false, 6);
	pkt->gso = PV_GSO_TCP4;
	pkt->gso_size = 1448;
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EBUSY);
	pkt->num_segs = 1;
	pkt->seg[0].len = 2000;
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), 0);
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 999), 255u);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	KUNIT_EXPECT_EQ(test, nb->frame[254].gso_size, 1448);
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, 255, 255, 0);
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
		fake_netback_headers(pkt, o->v6, o->proto);
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
	fake_netback_expect_done(test, 201, 201, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sends),
	KUNIT_CASE(slots),
	KUNIT_CASE(too_many_slots),
	KUNIT_CASE(short_heads),
	KUNIT_CASE(full_ring),
	KUNIT_CASE(answered_with_errors),
	KUNIT_CASE(segmentation),
	KUNIT_CASE(checksum_elsewhere),
	KUNIT_CASE(no_room_for_extra),
	KUNIT_CASE_PARAM(checksums, offload_gen_params),
	KUNIT_CASE(gathered),
	{},
};

static struct kunit_suite suite = {
	.name = "netfront_tx",
	.init = fake_netback_init,
	.exit = fake_netback_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
