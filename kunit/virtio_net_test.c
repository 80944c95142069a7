/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver, through the network interface, against a good device: frames both
 * ways, headers, budgets and events.
 *
 * Covers: drivers/virtio/virtio_net.c drivers/virtio/virtio_net_rings.c
 * drivers/virtio/virtio_net_rx.c drivers/virtio/virtio_net_tx.c
 */
#include "fake_card.h"

static const struct mode {
	const char *name;
	uint64_t features;
} modes[] = {
	{"modern", MODERN | BASIC},
	{"modern, all", MODERN | INDIRECT | EVENT | MRG | CSUM | BASIC},
	{"modern, direct, merged", MODERN | EVENT | MRG | BASIC},
	{"legacy", INDIRECT | BASIC},
	{"legacy, merged, any layout", MRG | EVENT | BIT64(VIRTIO_F_ANY_LAYOUT) | BASIC},
};

static void mode_name(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

/* --- sending ---------------------------------------------------------------------------------- */

static void sends(struct kunit *test)
{
	struct fake_card *c = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int i, k, hdr_len;

	fake_net_init(&c->fake, mode->features);
	fake_card_up(test);
	fake_vq_start_at(&c->fake.f, TX, 0xfff0);
	hdr_len = mode->features & (MODERN | MRG) ? 12 : 10;
	for (i = 0; i < 50; i++)
		KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, i, 60 + i)), 0);
	KUNIT_EXPECT_EQ(test, fake_net_run(&c->fake, 99), 0u);
	pv_net_flush(c->q);
	KUNIT_EXPECT_EQ(test, fake_net_run(&c->fake, 99), 50u);
	KUNIT_EXPECT_EQ(test, c->sent, 0u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 0);
	KUNIT_EXPECT_EQ(test, c->sent, 50u);
	for (i = 0; i < 50; i++) {
		KUNIT_EXPECT_EQ(test, c->done[i], 1u);
		KUNIT_EXPECT_EQ(test, c->status[i], 0);
		KUNIT_EXPECT_EQ(test, c->fake.frame[i].len, 60 + i);
		KUNIT_EXPECT_EQ(test, memcmp(c->fake.frame[i].data, c->frame + i, 60 + i), 0);
		KUNIT_EXPECT_TRUE(test, c->fake.frame[i].header_alone);
		for (k = 0; k < hdr_len; k++)
			KUNIT_EXPECT_EQ(test, c->fake.frame[i].hdr[k], 0);
	}
}

/*
 * One entry of the ring, again and again, for packets of one piece and of two, with and without a
 * sum to be filled in: nothing of one is left in the next.
 */
static void shapes(struct kunit *test)
{
	static const uint8_t none[12];
	struct fake_card *c = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int i;

	fake_net_init(&c->fake, mode->features | CSUM);
	fake_card_up(test);
	for (i = 0; i < 60; i++) {
		struct pv_packet *pkt = fake_card_packet(c, i, 60 + i);
		const uint8_t *hdr = c->fake.frame[i].hdr;

		if (i * 7 % 5 < 3) {
			pkt->seg[0].len = pkt->len;
			pkt->num_segs = 1;
		}
		if (i * 11 % 7 < 2) {
			pkt->flags = PV_PACKET_CSUM_PARTIAL;
			pkt->csum_start = 34;
			pkt->csum_offset = 6;
		}
		KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, pkt), 0);
		pv_net_flush(c->q);
		KUNIT_ASSERT_EQ(test, fake_net_run(&c->fake, 9), 1u);
		pv_net_poll(c->q, 64);
		KUNIT_ASSERT_EQ(test, c->done[i], 1u);
		KUNIT_ASSERT_EQ(test, c->fake.frame[i].len, 60 + i);
		KUNIT_EXPECT_EQ(test, memcmp(c->fake.frame[i].data, c->frame + i, 60 + i), 0);
		KUNIT_EXPECT_EQ(test, hdr[0], pkt->flags ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0);
		KUNIT_EXPECT_EQ(test, hdr[6], pkt->flags ? 34 : 0);
		KUNIT_EXPECT_EQ(test, hdr[8], pkt->flags ? 6 : 0);
		if (!pkt->flags)
			KUNIT_EXPECT_EQ(test, memcmp(hdr, none, c->fake.hdr_len), 0);
	}
}

/* The ring is full: what was sent already makes room, and done() still comes from poll. */
static void full_ring(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i, n;

	c->fake.f.q[TX].max = 32;
	fake_card_up(test);
	for (n = 0; !pv_net_submit(c->q, fake_card_packet(c, n, 60)); n++)
		;
	KUNIT_EXPECT_EQ(test, n, 32u);
	KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, n, 60)), PV_EBUSY);
	pv_net_flush(c->q);
	fake_net_run(&c->fake, 10);
	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, n + i, 60)), 0);
	KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, n + i, 60)), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, c->sent, 0u);
	pv_net_flush(c->q);
	KUNIT_EXPECT_EQ(test, fake_net_run(&c->fake, 99), 32u);
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->sent, 42u);
	for (i = 0; i < 42; i++)
		KUNIT_EXPECT_EQ(test, c->done[i], 1u);
}

static void offloads(struct kunit *test)
{
	struct fake_card *c = test->priv;
	struct virtio_net_hdr_v1 hdr;
	struct pv_packet *pkt;

	fake_card_up(test);
	KUNIT_EXPECT_EQ(test, c->net->flags,
			PV_NET_F_TX_CSUM | PV_NET_F_RX_CSUM | PV_NET_F_GSO_TCP4 |
				PV_NET_F_GSO_TCP6 | PV_NET_F_LINK);
	pkt = fake_card_packet(c, 0, 9000);
	pkt->flags = PV_PACKET_CSUM_PARTIAL;
	pkt->csum_start = 34;
	pkt->csum_offset = 16;
	pkt->gso = PV_GSO_TCP4;
	pkt->gso_size = 1460;
	pkt->hdr_len = 54;
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, pkt), 0);
	pkt = fake_card_packet(c, 1, 60);
	pkt->flags = PV_PACKET_CSUM_PARTIAL;
	pkt->csum_start = 42;
	pkt->csum_offset = 16; /* 42 + 16 + 2 is the frame's end */
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, pkt), 0);
	pv_net_flush(c->q);
	fake_net_run(&c->fake, 9);
	pv_memcpy(&hdr, c->fake.frame[0].hdr, sizeof(hdr));
	KUNIT_EXPECT_EQ(test, hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	KUNIT_EXPECT_EQ(test, hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	KUNIT_EXPECT_EQ(test, hdr.gso_size, 1460);
	KUNIT_EXPECT_EQ(test, hdr.hdr_len, 54);
	KUNIT_EXPECT_EQ(test, hdr.csum_start, 34);
	KUNIT_EXPECT_EQ(test, hdr.csum_offset, 16);
	pv_memcpy(&hdr, c->fake.frame[1].hdr, sizeof(hdr));
	KUNIT_EXPECT_EQ(test, hdr.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	KUNIT_EXPECT_EQ(test, hdr.csum_start, 42);
	pv_net_poll(c->q, 9);
	KUNIT_EXPECT_EQ(test, c->sent, 2u);
}

/* --- receiving -------------------------------------------------------------------------------- */

static void receives(struct kunit *test)
{
	static const uint32_t lens[] = {14, 60, 1514, 4070, 4085, 9000, 20000};
	struct fake_card *c = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int i, round, n = 0;

	fake_net_init(&c->fake, mode->features);
	fake_card_up(test);
	pv_net_poll(c->q, 64);
	for (round = 0; round < 200; round++) {
		for (i = 0; i < PV_ARRAY_SIZE(lens); i++) {
			if (lens[i] > 4070 && !(mode->features & MRG))
				continue;
			KUNIT_ASSERT_TRUE(
				test, fake_net_receive(&c->fake, NULL, c->frame + round, lens[i]));
			KUNIT_ASSERT_EQ(test, pv_net_poll(c->q, 64), 1);
			KUNIT_ASSERT_EQ(test, c->received, ++n);
			KUNIT_ASSERT_EQ(test, c->last.len, lens[i]);
			KUNIT_ASSERT_EQ(test, memcmp(c->data, c->frame + round, lens[i]), 0);
		}
	}
	KUNIT_EXPECT_EQ(test, pv_net_stats(c->q)->dropped, 0ull);
	KUNIT_EXPECT_EQ(test, pv_net_stats(c->q)->received, (uint64_t)n);
}

/* No more than the budget; all posted memory comes round again. */
static void budgets(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i, n = 0;

	fake_card_up(test);
	while (fake_net_receive(&c->fake, NULL, c->frame, 60))
		n++;
	KUNIT_EXPECT_EQ(test, n, (unsigned int)PV_CONFIG_NET_RX);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 10), 10);
	KUNIT_EXPECT_EQ(test, c->received, 10u);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
	KUNIT_EXPECT_FALSE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
	while (pv_net_poll(c->q, 100))
		;
	KUNIT_EXPECT_EQ(test, c->received, n + 10);
}

/* Packets that the kernel keeps are its own until it puts them. */
static void kept(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i, n;

	c->fake.f.q[RX].max = 16;
	c->keeps = true;
	fake_card_up(test);
	for (i = 0; i < 16; i++) {
		c->frame[0] = (uint8_t)i;
		KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
		KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 1);
	}
	KUNIT_EXPECT_FALSE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_EQ(test, *(uint8_t *)c->kept[i]->seg[0].va, i);
	for (n = 0; n < 5; n++) {
		pv_packet_put(c->kept[n]);
		c->kept[n] = NULL;
	}
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 0);
	for (n = 0; fake_net_receive(&c->fake, NULL, c->frame, 60); n++)
		;
	KUNIT_EXPECT_EQ(test, n, 5u);
}

static const struct header {
	const char *name;
	struct virtio_net_hdr_v1 hdr;
	uint32_t len;
	bool dropped;
	uint8_t flags;
} headers[] = {
	{"plain", {0}, 60, false, 0},
	{"good sum", {.flags = VIRTIO_NET_HDR_F_DATA_VALID}, 60, false, PV_PACKET_CSUM_OK},
	{"sum to be completed",
	 {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 24},
	 60,
	 false,
	 PV_PACKET_CSUM_PARTIAL},
	{"sum beyond the end",
	 {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 25},
	 60,
	 true,
	 0},
	{"sum that wraps",
	 {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 0xffff, .csum_offset = 0xffff},
	 60,
	 true,
	 0},
	{"segmentation unasked",
	 {.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 0},
	 60,
	 true,
	 0},
	{"segmentation unknown", {.gso_type = 77}, 60, true, 0},
	{"13 bytes", {0}, 13, true, 0},
	{"nothing", {0}, 0, true, 0},
};

static void header_name(const struct header *h, char *desc)
{
	strscpy(desc, h->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(header, headers, header_name);

static void received_headers(struct kunit *test)
{
	const struct header *h = test->param_value;
	struct fake_card *c = test->priv;

	fake_card_up(test);
	KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, &h->hdr, c->frame, h->len));
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 1);
	KUNIT_EXPECT_EQ(test, c->received, !h->dropped);
	KUNIT_EXPECT_EQ(test, pv_net_stats(c->q)->dropped, (uint64_t)h->dropped);
	KUNIT_EXPECT_EQ(test, c->last.flags, h->flags);
	KUNIT_EXPECT_EQ(test, c->last.csum_offset, h->flags & PV_PACKET_CSUM_PARTIAL ? 24 : 0);
	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_LIVE);
	/* Nothing is lost by it. */
	KUNIT_EXPECT_EQ(test, c->q->pool.num_free, 0u);
}

/* What was not negotiated is not looked at. */
static void sums_unasked(struct kunit *test)
{
	static const struct virtio_net_hdr_v1 hdr = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
						     .csum_start = 0xffff};
	struct fake_card *c = test->priv;

	c->fake.f.offered &= ~CSUM;
	fake_card_up(test);
	KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, &hdr, c->frame, 60));
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->received, 1u);
	KUNIT_EXPECT_EQ(test, c->last.flags, 0);
}

/* What is lent comes back, whichever way a packet goes. */
static void lending(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct fake_card *c = test->priv;
	unsigned int i, lent, fails;

	fake_net_init(&c->fake, mode->features);
	fake_virtio_lends(test, &c->fake.f);
	fake_card_up(test);
	lent = c->fake.f.lent;
	for (fails = 0; fails < 8; fails++) {
		c->fake.f.share_fails_at = fails;
		for (i = 0; i < 3; i++)
			while (pv_net_submit(c->q, fake_card_packet(c, i, 60)))
				;
		KUNIT_EXPECT_EQ(test, c->fake.f.lent, lent + 6);
		pv_net_flush(c->q);
		KUNIT_EXPECT_EQ(test, fake_net_run(&c->fake, 99), 3u);
		for (i = 0; i < 3; i++)
			KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
		while (pv_net_poll(c->q, 64))
			;
		pv_net_poll(c->q, 64); /* posts what could not be shared before */
		KUNIT_ASSERT_EQ(test, c->fake.f.lent, lent);
		KUNIT_ASSERT_EQ(test, c->sent, 3 * (fails + 1));
		KUNIT_ASSERT_EQ(test, c->received, 3 * (fails + 1));
		KUNIT_ASSERT_EQ(test, c->last.len, 60u);
		KUNIT_ASSERT_EQ(test, memcmp(c->data, c->frame, 60), 0);
	}
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, 0, 60)), 0);
	c->fake.f.taken = 0;
	fake_virtio_unplug(&c->fake.f);
	KUNIT_EXPECT_EQ(test, c->fake.f.lent, 0u);
	KUNIT_EXPECT_EQ(test, c->fake.f.taken, 0u);
}

/* --- events ----------------------------------------------------------------------------------- */

static void woken(void *arg)
{
	struct fake_card *c = arg;

	c->events++;
}

/* With n packets in flight an event comes after n/2 at the latest; for a received one at once. */
static void events(struct kunit *test)
{
	struct fake_card *c = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int n, i, after;

	fake_net_init(&c->fake, mode->features);
	fake_card_up(test);
	pv_net_set_event(c->q, woken, c);
	for (n = 1; n < 20; n++) {
		for (i = 0; i < n; i++)
			KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, i, 60)), 0);
		pv_net_flush(c->q);
		KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 0);
		c->events = 0;
		for (after = 0; !c->events && after < n; after++)
			fake_net_run(&c->fake, 1);
		KUNIT_EXPECT_LE(test, after, n > 1 ? n / 2 : 1);
		if (mode->features & EVENT)
			KUNIT_EXPECT_EQ(test, after, n > 1 ? n / 2 : 1);
		KUNIT_EXPECT_EQ(test, c->events, 1u);
		fake_net_run(&c->fake, 99);
		KUNIT_EXPECT_EQ(test, c->events, 1u);
		pv_net_poll(c->q, 64);
	}
	/* Submitted only after the event was armed. */
	c->events = 0;
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, 0, 60)), 0);
	pv_net_flush(c->q);
	fake_net_run(&c->fake, 1);
	KUNIT_EXPECT_EQ(test, c->events, 1u);
	pv_net_poll(c->q, 64);
	KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
	KUNIT_EXPECT_EQ(test, c->events, 2u);
	KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
	KUNIT_EXPECT_EQ(test, c->events, 2u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(sends, mode_gen_params),
	KUNIT_CASE_PARAM(shapes, mode_gen_params),
	KUNIT_CASE(full_ring),
	KUNIT_CASE(offloads),
	KUNIT_CASE_PARAM(receives, mode_gen_params),
	KUNIT_CASE(budgets),
	KUNIT_CASE(kept),
	KUNIT_CASE_PARAM(received_headers, header_gen_params),
	KUNIT_CASE(sums_unasked),
	KUNIT_CASE_PARAM(lending, mode_gen_params),
	KUNIT_CASE_PARAM(events, mode_gen_params),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio_net",
	.init = fake_card_init,
	.exit = fake_card_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
