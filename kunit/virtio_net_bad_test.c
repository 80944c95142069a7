/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver against devices that lie, change or vanish, and through stops and
 * starts: each packet is done once, and every page comes back.
 *
 * Covers: drivers/virtio/virtio_net_rx.c drivers/virtio/virtio_net_tx.c
 */
#include "counting.h"
#include "fake_card.h"

#define IN_FLIGHT 20

static void expect_broken(struct kunit *test, const char *reason)
{
	struct fake_card *c = test->priv;

	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_BROKEN);
	KUNIT_ASSERT_NOT_NULL(test, c->fake.f.vd.dev.reason);
	KUNIT_EXPECT_STREQ(test, c->fake.f.vd.dev.reason, reason);
	KUNIT_EXPECT_EQ(test, c->fake.f.status, 0);
	KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, PKTS - 1, 60)), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 0);
	/* All pages are in the pool. */
	KUNIT_EXPECT_EQ(test, c->q->pool.num_free, c->q->pool.num);
}

/* --- rings that lie --------------------------------------------------------------------------- */

static const struct lying {
	const char *name;
	unsigned int queue;
	uint32_t id, len;
	uint16_t jump;
	const char *reason;
} lies[] = {
	{"sent: id", TX, 256, 0, 0, "used id out of range"},
	{"sent: free", TX, 100, 0, 0, "used id is not in flight"},
	{"sent: jump", TX, 0, 0, 100, "used index jumped"},
	{"received: id", RX, 1u << 31, 60, 0, "used id out of range"},
	{"received: length", RX, 0, 4097, 0, "used length beyond the buffer"},
	{"received: jump", RX, 0, 72, 300, "used index jumped"},
};

static void lie_name(const struct lying *l, char *desc)
{
	strscpy(desc, l->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lie, lies, lie_name);

static void lying(struct kunit *test)
{
	const struct lying *l = test->param_value;
	struct fake_card *c = test->priv;
	struct fake_virtio *f = &c->fake.f;
	uint16_t was;

	fake_card_up(test);
	fake_card_submit(test, 0, IN_FLIGHT);
	fake_net_run(&c->fake, 3);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 0);
	was = f->q[l->queue].used_idx;
	fake_vq_element(f, l->queue, l->id, l->len);
	f->q[l->queue].used_idx += l->jump;
	fake_vq_show(f, l->queue, was);
	pv_net_poll(c->q, 64);
	pv_net_poll(c->q, 64);
	fake_card_expect_sent(test, IN_FLIGHT, 3, PV_EPROTO);
	KUNIT_EXPECT_EQ(test, c->received, 0u);
	expect_broken(test, l->reason);
}

/* The lie is found by a submit that looks for room; done() still comes from poll. */
static void lying_to_submit(struct kunit *test)
{
	struct fake_card *c = test->priv;

	c->fake.f.q[TX].max = 32;
	fake_card_up(test);
	fake_card_submit(test, 0, 32);
	fake_vq_used(&c->fake.f, TX, 99, 0);
	KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, 32, 60)), PV_EIO);
	KUNIT_EXPECT_EQ(test, c->sent, 0u);
	pv_net_poll(c->q, 64);
	fake_card_expect_sent(test, 32, 0, PV_EPROTO);
	expect_broken(test, "used id out of range");
}

/* --- numbers of buffers that lie -------------------------------------------------------------- */

/* A packet over `n` used buffers, whose header says `says`. */
static void receive_buffers(struct kunit *test, unsigned int n, uint16_t says, uint32_t len)
{
	struct fake_card *c = test->priv;
	struct fake_virtio *f = &c->fake.f;
	struct fake_chain *chain = kunit_kzalloc(test, sizeof(*chain), GFP_KERNEL);
	struct virtio_net_hdr_v1 hdr = {.num_buffers = says};
	uint16_t was = f->q[RX].used_idx;
	unsigned int i;

	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_TRUE(test, fake_vq_next(f, RX, chain));
		if (!i)
			fake_chain_write(chain, 0, &hdr, sizeof(hdr));
		fake_vq_element(f, RX, chain->head, len);
	}
	fake_vq_show(f, RX, was);
}

static void too_many_buffers(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_card_up(test);
	receive_buffers(test, 30, 30, 4096);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 1);
	KUNIT_EXPECT_EQ(test, c->received, 0u);
	KUNIT_EXPECT_EQ(test, pv_net_stats(c->q)->dropped, 1ull);
	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_LIVE);
	/* As many as there may be, and nothing is lost of what comes next. */
	receive_buffers(test, PV_NET_MAX_SEGS, PV_NET_MAX_SEGS, 4096);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 1);
	KUNIT_EXPECT_EQ(test, c->received, 1u);
	KUNIT_EXPECT_EQ(test, c->last.num_segs, PV_NET_MAX_SEGS);
	KUNIT_EXPECT_EQ(test, c->last.len, PV_NET_MAX_SEGS * 4096u - 12);
	KUNIT_EXPECT_EQ(test, c->q->pool.num_free, 0u);
}

static void buffers_that_are_not_there(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_card_up(test);
	receive_buffers(test, 2, 3, 4096);
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->received, 0u);
	expect_broken(test, "a received packet lacks buffers");
}

static void no_buffers(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_card_up(test);
	receive_buffers(test, 1, 0, 100);
	receive_buffers(test, 2, 2, 0);
	receive_buffers(test, 1, 1, 11);
	KUNIT_EXPECT_EQ(test, pv_net_stats(c->q)->dropped, 0ull);
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->received, 0u);
	KUNIT_EXPECT_GE(test, pv_net_stats(c->q)->dropped, 3ull);
	KUNIT_EXPECT_EQ(test, c->q->pool.num_free, 0u);
}

/* --- starting and stopping -------------------------------------------------------------------- */

static void stopped(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int round, pages;

	fake_card_plug(test);
	KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, 0, 60)), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 0);
	pages = pv_fake.live_pages;
	for (round = 0; round < 3; round++) {
		KUNIT_ASSERT_EQ(test, pv_net_start(c->net, fake_card_receive, c), 0);
		KUNIT_EXPECT_EQ(test, pv_net_start(c->net, fake_card_receive, c), PV_EBUSY);
		pv_memset(c->done, 0, sizeof(c->done));
		c->sent = c->received = 0;
		fake_card_submit(test, 0, IN_FLIGHT);
		fake_net_run(&c->fake, 5);
		KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
		pv_net_poll(c->q, 64);
		KUNIT_EXPECT_EQ(test, c->received, 1u);
		pv_net_stop(c->net);
		KUNIT_EXPECT_EQ(test, c->fake.f.status, 0);
		fake_card_expect_sent(test, IN_FLIGHT, 5, PV_EIO);
		KUNIT_EXPECT_LE(test, pv_fake.live_pages, pages);
		KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, 0, 60)), PV_EIO);
		pv_net_flush(c->q);
	}
	pv_net_stop(c->net);
}

static void features_change(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_card_up(test);
	pv_net_stop(c->net);
	c->fake.f.offered &= ~MRG;
	KUNIT_EXPECT_EQ(test, pv_net_start(c->net, fake_card_receive, c), PV_ENOTSUP);
	c->fake.f.offered |= MRG;
	KUNIT_EXPECT_EQ(test, pv_net_start(c->net, fake_card_receive, c), 0);
}

static void link_and_mtu(struct kunit *test)
{
	struct fake_card *c = test->priv;
	struct fake_virtio *f = &c->fake.f;

	f->offered |= BIT64(VIRTIO_NET_F_MTU);
	fake_config16(f, offsetof(struct virtio_net_config, mtu), 9000);
	fake_card_up(test);
	KUNIT_EXPECT_TRUE(test, c->net->link_up);
	KUNIT_EXPECT_EQ(test, c->net->mtu, 9000);
	pv_net_on_change(c->net, counting, &c->changes);
	fake_config16(f, offsetof(struct virtio_net_config, status), 0);
	pv_virtio_irq_config(&f->vd);
	pv_bus_work();
	KUNIT_EXPECT_FALSE(test, c->net->link_up);
	KUNIT_EXPECT_EQ(test, c->changes, 1u);
	/* Below what IPv4 needs is none; and nothing changed, nobody told. */
	fake_config16(f, offsetof(struct virtio_net_config, mtu), 67);
	pv_virtio_irq_config(&f->vd);
	pv_bus_work();
	KUNIT_EXPECT_EQ(test, c->net->mtu, 1500);
	KUNIT_EXPECT_EQ(test, c->changes, 2u);
	pv_virtio_irq_config(&f->vd);
	pv_bus_work();
	KUNIT_EXPECT_EQ(test, c->changes, 2u);
}

/* Without merging a frame has to fit into a page. */
static void mtu_of_a_page(struct kunit *test)
{
	struct fake_card *c = test->priv;

	c->fake.f.offered |= BIT64(VIRTIO_NET_F_MTU);
	c->fake.f.offered &= ~MRG;
	fake_config16(&c->fake.f, offsetof(struct virtio_net_config, mtu), 9000);
	fake_card_plug(test);
	KUNIT_EXPECT_EQ(test, c->net->mtu, 4096 - 12 - 14);
}

static void addresses(struct kunit *test)
{
	static const uint8_t given[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
	static const uint8_t made[6] = {0x02, 0x70, 0x76, 0xab, 0xcd, 0xef};
	struct fake_card *c = test->priv;
	unsigned int i;

	pv_fake.tsc = 0x123456abcdef;
	for (i = 0; i < 3; i++) {
		if (i == 1)
			c->fake.f.offered &= ~BIT64(VIRTIO_NET_F_MAC);
		if (i == 2) {
			c->fake.f.offered |= BIT64(VIRTIO_NET_F_MAC);
			fake_config8(&c->fake.f, 0, 0x53);
		}
		fake_card_plug(test);
		KUNIT_EXPECT_EQ(test, memcmp(c->net->mac, i ? made : given, 6), 0);
		pv_net_close(c->net);
		c->net = NULL;
		fake_virtio_unplug(&c->fake.f);
	}
}

static void removed(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_card_up(test);
	pv_net_set_event(c->q, counting, &c->events);
	pv_net_on_change(c->net, counting, &c->changes);
	c->keeps = true;
	KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
	pv_net_poll(c->q, 64);
	fake_card_submit(test, 0, IN_FLIGHT);
	fake_virtio_unplug(&c->fake.f);
	KUNIT_EXPECT_EQ(test, c->fake.f.status, 0);
	KUNIT_EXPECT_FALSE(test, c->net->link_up);
	KUNIT_EXPECT_EQ(test, c->events, 1u);
	KUNIT_EXPECT_EQ(test, c->changes, 1u);
	KUNIT_EXPECT_EQ(test, c->sent, 0u);
	KUNIT_EXPECT_FALSE(test, c->fake.f.released);
	pv_net_poll(c->q, 64);
	fake_card_expect_sent(test, IN_FLIGHT, 0, PV_EGONE);
	KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, 0, 60)), PV_EGONE);
	pv_net_flush(c->q);
	pv_net_stop(c->net);
	KUNIT_EXPECT_EQ(test, pv_net_start(c->net, fake_card_receive, c), PV_EGONE);
	/* One page is still the kernel's. */
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 1u);
	pv_packet_put(c->kept[0]);
	c->kept[0] = NULL;
	pv_net_close(c->net);
	c->net = NULL;
	KUNIT_EXPECT_TRUE(test, c->fake.f.released);
}

static void start_without_memory(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int n;

	c->fake.f.q[RX].max = 4;
	c->fake.f.q[TX].max = 32;
	fake_card_up(test);
	for (n = 1; n < 200; n++) {
		pv_net_stop(c->net);
		pv_fake.alloc_fail_at = n;
		if (!pv_net_start(c->net, fake_card_receive, c) && pv_fake.alloc_fail_at)
			break;
	}
	pv_fake.alloc_fail_at = 0;
	KUNIT_EXPECT_GT(test, n, 20u);
	KUNIT_EXPECT_LT(test, n, 200u);
	fake_card_submit(test, 0, 3);
	fake_net_run(&c->fake, 9);
	pv_net_poll(c->q, 9);
	fake_card_expect_sent(test, 3, 3, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(lying, lie_gen_params),
	KUNIT_CASE(lying_to_submit),
	KUNIT_CASE(too_many_buffers),
	KUNIT_CASE(buffers_that_are_not_there),
	KUNIT_CASE(no_buffers),
	KUNIT_CASE(stopped),
	KUNIT_CASE(features_change),
	KUNIT_CASE(link_and_mtu),
	KUNIT_CASE(mtu_of_a_page),
	KUNIT_CASE(addresses),
	KUNIT_CASE(removed),
	KUNIT_CASE(start_without_memory),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio_net_bad",
	.init = fake_card_init,
	.exit = fake_card_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
