/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A virtio network device that is not to see the guest's memory: frames go both ways, and at each
 * step no byte is visible to it but what it was sent.
 *
 * Covers: drivers/virtio/virtio_net_bounce.c drivers/virtio/virtio_net_rx.c
 */
#include <pv/string.h>

#include "fake_card.h"
#include "fake_spy.h"

#define PLATFORM BIT64(VIRTIO_F_ACCESS_PLATFORM)
#define PAGES	 32u /* of the kernel's memory */

static const struct mode {
	const char *name;
	uint64_t features;
	bool all;   /* the kernel trusts none, whatever the device says */
	bool lends; /* bus addresses are not physical ones */
} modes[] = {
	{"direct", MODERN | PLATFORM, false, false},
	{"indirect, merged", MODERN | INDIRECT | EVENT | MRG | PLATFORM, false, false},
	{"indirect, lent", MODERN | INDIRECT | EVENT | MRG | PLATFORM, false, true},
	{"by the kernel", MODERN | INDIRECT | EVENT | MRG, true, false},
	{"by the kernel, legacy", INDIRECT, true, false},
};

static void mode_name(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

static uint8_t *mem; /* the kernel's, from which it sends */

/* The kernel writes to a received packet's pages what it likes, before it gives them back. */
static void scribble(void *arg, struct pv_packet *pkt)
{
	struct fake_card *c = arg;
	unsigned int i;

	c->received = 0;
	c->keeps = true;
	fake_card_receive(arg, pkt);
	c->kept[0] = NULL;
	for (i = 0; i < pkt->num_segs; i++)
		pv_memset((void *)((uint64_t)pkt->seg[i].va & ~(uint64_t)(PV_PAGE_SIZE - 1)),
			  FAKE_SPY_CANARY, PV_PAGE_SIZE);
	pv_packet_put(pkt);
}

static void bring_up(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct fake_card *c = test->priv;
	unsigned int i;

	mem = pv_os_pages_alloc(PAGES);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	pv_memset(mem, FAKE_SPY_CANARY, PAGES * PV_PAGE_SIZE);
	for (i = 0; i < sizeof(c->frame); i++)
		c->frame[i] &= 0x7f;
	fake_net_init(&c->fake, BASIC | CSUM | mode->features);
	pv_bus_set_untrusted(mode->all);
	if (mode->lends)
		fake_virtio_lends(test, &c->fake.f);
	fake_card_plug(test);
	KUNIT_ASSERT_EQ(test, pv_net_start(c->net, scribble, c), 0);
	KUNIT_EXPECT_TRUE(test, c->fake.f.vd.dev.untrusted);
}

static void look(struct kunit *test)
{
	struct fake_card *c = test->priv;

	FAKE_SPY_EXPECT_BLIND(test, fake_spy_virtio(&c->fake.f));
}

/* Packet `i` in so many pieces of `len` bytes, each in the midst of canaries. */
static struct pv_packet *packet(struct fake_card *c, unsigned int i, unsigned int pieces,
				uint32_t len)
{
	struct pv_packet *pkt = fake_card_packet(c, i, pieces * len);
	unsigned int k;

	pkt->num_segs = (uint8_t)pieces;
	for (k = 0; k < pieces; k++) {
		pkt->seg[k].va = mem + 100 + k * (len + 100);
		pkt->seg[k].len = len;
		pv_memcpy(pkt->seg[k].va, c->frame + k * len, len);
	}
	return pkt;
}

/* Fault row 50 */
static void sees_what_is_sent_only(struct kunit *test)
{
	static const struct shape {
		unsigned int pieces;
		uint32_t len;
	} shapes[] = {{1, 14},	{1, 60},   {3, 40},   {1, 1514},
		      {18, 80}, {1, 4096}, {2, 9001}, {1, 65000}};
	struct fake_card *c = test->priv;
	unsigned int i;

	bring_up(test);
	look(test);
	for (i = 0; i < PV_ARRAY_SIZE(shapes); i++) {
		const struct shape *s = &shapes[i];
		uint32_t len = s->pieces * s->len;

		pv_memset(mem, FAKE_SPY_CANARY, PAGES * PV_PAGE_SIZE);
		KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, packet(c, i, s->pieces, s->len)), 0);
		look(test);
		pv_net_flush(c->q);
		look(test);
		KUNIT_ASSERT_EQ(test, fake_net_run(&c->fake, 9), 1u);
		look(test);
		pv_net_poll(c->q, 64);
		look(test);
		KUNIT_EXPECT_EQ(test, c->done[i], 1u);
		KUNIT_EXPECT_EQ(test, c->status[i], 0);
		KUNIT_EXPECT_EQ(test, c->fake.frame[i].len, len);
		KUNIT_EXPECT_EQ(
			test, memcmp(c->fake.frame[i].data, c->frame, len < 2048 ? len : 2048), 0);
	}
}

/* Fault row 50 */
static void sees_nothing_in_buffers(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i;
	bool merged;

	bring_up(test);
	merged = c->fake.f.accepted >> VIRTIO_NET_F_MRG_RXBUF & 1;
	look(test);
	/* Each buffer comes round twice. */
	for (i = 0; i < 600; i++) {
		uint32_t len = merged && i % 7 == 0 ? 9000 : 60 + i;

		KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame + i, len));
		if (i % 50 == 0)
			look(test);
		KUNIT_ASSERT_EQ(test, pv_net_poll(c->q, 64), 1);
		if (i % 50 == 0)
			look(test);
		KUNIT_ASSERT_EQ(test, c->last.len, len);
		KUNIT_ASSERT_EQ(test, memcmp(c->data, c->frame + i, len), 0);
	}
	look(test);
}

/* More packets than there are pages: it is as if the ring were full. */
static void pool_runs_out(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i, n, sent;

	bring_up(test);
	for (n = 0; !pv_net_submit(c->q, packet(c, n, 1, 32768)); n++)
		KUNIT_ASSERT_LT(test, n, 256u / 8);
	KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, packet(c, n, 1, 32768)), PV_EBUSY);
	pv_net_flush(c->q);
	sent = fake_net_run(&c->fake, 99);
	KUNIT_EXPECT_EQ(test, sent, n);
	KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, packet(c, n, 1, 32768)), 0);
	pv_net_flush(c->q);
	fake_net_run(&c->fake, 99);
	pv_net_poll(c->q, 64);
	for (i = 0; i <= n; i++)
		KUNIT_EXPECT_EQ(test, c->done[i], 1u);
}

/* What is on the rings when it is stopped comes back, and so do the pages. */
static void stops(struct kunit *test)
{
	struct fake_card *c = test->priv;

	bring_up(test);
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, packet(c, 0, 2, 5000)), 0);
	pv_net_flush(c->q);
	pv_net_stop(c->net);
	KUNIT_EXPECT_EQ(test, c->done[0], 1u);
	KUNIT_EXPECT_EQ(test, c->status[0], PV_EIO);
	KUNIT_ASSERT_EQ(test, pv_net_start(c->net, scribble, c), 0);
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, packet(c, 1, 2, 5000)), 0);
	pv_net_flush(c->q);
	KUNIT_EXPECT_EQ(test, fake_net_run(&c->fake, 9), 1u);
	look(test);
}

static void end(struct kunit *test)
{
	fake_card_exit(test);
	pv_bus_set_untrusted(false);
	pv_os_pages_free(mem, PAGES);
	mem = NULL;
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(sees_what_is_sent_only, mode_gen_params),
	KUNIT_CASE_PARAM(sees_nothing_in_buffers, mode_gen_params),
	KUNIT_CASE_PARAM(pool_runs_out, mode_gen_params),
	KUNIT_CASE_PARAM(stops, mode_gen_params),
	{},
};

static struct kunit_suite suite = {
	.name = "untrusted_virtio_net",
	.init = fake_card_init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
