/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver on a device that needs a reset: its link comes back, and what was in
 * flight is lost and counted; one that is no longer what it was is broken. And on a device that was
 * taken away.
 *
 * Covers: drivers/virtio/virtio_net.c
 */
#include "counting.h"
#include "fake_card.h"

#define IN_FLIGHT 20

/* Both directions. */
static void expect_works(struct kunit *test, unsigned int i)
{
	struct fake_card *c = test->priv;
	unsigned int received = c->received, sent = c->sent;

	fake_card_submit(test, i, 1);
	KUNIT_EXPECT_EQ(test, fake_net_run(&c->fake, 9), 1u);
	KUNIT_EXPECT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->received, received + 1);
	KUNIT_EXPECT_EQ(test, c->sent, sent + 1);
	KUNIT_EXPECT_EQ(test, c->status[i], 0);
}

static void expect_broken(struct kunit *test)
{
	struct fake_card *c = test->priv;

	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_BROKEN);
	KUNIT_EXPECT_FALSE(test, c->net->link_up);
	KUNIT_EXPECT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, PKTS - 1, 60)), PV_EIO);
	pv_net_flush(c->q);
	pv_net_set_event(c->q, NULL, NULL);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 0);
	pv_net_stop(c->net);
	KUNIT_EXPECT_EQ(test, pv_net_start(c->net, fake_card_receive, c), PV_EIO);
	KUNIT_EXPECT_EQ(test, c->q->pool.num, 0u);
}

/* Fault row 38 */
static void comes_back(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int pages;

	fake_card_up(test);
	pages = pv_fake.live_pages;
	pv_net_set_event(c->q, counting, &c->events);
	pv_net_on_change(c->net, counting, &c->changes);
	pv_net_poll(c->q, 64);
	fake_card_submit(test, 0, IN_FLIGHT);
	fake_net_run(&c->fake, 5);
	pv_net_poll(c->q, 64);
	/* Answered, but nobody saw it. */
	fake_net_run(&c->fake, 3);
	KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
	c->events = 0;
	pv_net_poll(c->q, 0);
	fake_virtio_needs_reset(&c->fake.f);
	KUNIT_EXPECT_EQ(test, c->changes, 1u);
	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_LIVE);
	KUNIT_EXPECT_TRUE(test, c->net->link_up);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	/* Buffers are posted already: nothing is missed until the kernel polls. */
	KUNIT_EXPECT_EQ(test, fake_vq_waiting(&c->fake.f, RX), c->q->pool.num);
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->sent, (unsigned int)IN_FLIGHT);
	KUNIT_EXPECT_EQ(test, pv_net_stats(c->q)->completed + pv_net_stats(c->q)->errors,
			(uint64_t)IN_FLIGHT);
	KUNIT_EXPECT_EQ(test, c->status[IN_FLIGHT - 1], PV_ERESET);
	KUNIT_EXPECT_GE(test, pv_net_stats(c->q)->errors, (uint64_t)IN_FLIGHT - 8);
	expect_works(test, IN_FLIGHT);
}

static void lent_again(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int lent;

	fake_virtio_lends(test, &c->fake.f);
	fake_card_up(test);
	lent = c->fake.f.lent;
	fake_card_submit(test, 0, IN_FLIGHT);
	fake_virtio_needs_reset(&c->fake.f);
	KUNIT_EXPECT_EQ(test, c->fake.f.taken, 0u);
	KUNIT_EXPECT_EQ(test, c->fake.f.lent, lent);
	pv_net_poll(c->q, 64);
	fake_card_expect_sent(test, IN_FLIGHT, 0, PV_ERESET);
	expect_works(test, IN_FLIGHT);
}

/* Packets that the kernel holds go back to the pool later, and from there to the ring. */
static void while_packets_are_held(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int posted;

	fake_card_up(test);
	posted = fake_vq_waiting(&c->fake.f, RX);
	c->keeps = true;
	KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
	pv_net_poll(c->q, 64);
	fake_virtio_needs_reset(&c->fake.f);
	KUNIT_EXPECT_EQ(test, fake_vq_waiting(&c->fake.f, RX), posted - 1);
	pv_packet_put(c->kept[0]);
	c->kept[0] = NULL;
	c->keeps = false;
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, fake_vq_waiting(&c->fake.f, RX), posted);
	expect_works(test, 0);
}

/* It needs none now: the next start resets it anyway. */
static void while_stopped(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_card_up(test);
	pv_net_stop(c->net);
	fake_virtio_needs_reset(&c->fake.f);
	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_LIVE);
	KUNIT_ASSERT_EQ(test, pv_net_start(c->net, fake_card_receive, c), 0);
	expect_works(test, 0);
}

/* Fault row 39 */
static void lacks_a_feature(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_card_up(test);
	pv_net_on_change(c->net, counting, &c->changes);
	fake_card_submit(test, 0, IN_FLIGHT);
	c->fake.f.offered &= ~MRG;
	fake_virtio_needs_reset(&c->fake.f);
	KUNIT_EXPECT_EQ(test, c->changes, 1u);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("before the reset"));
	pv_net_poll(c->q, 64);
	fake_card_expect_sent(test, IN_FLIGHT, 0, PV_ERESET);
	expect_broken(test);
}

/* It offers more, of which nothing is taken: the kernel was told what there is. */
static void has_more(struct kunit *test)
{
	struct fake_card *c = test->priv;

	c->fake.f.offered &= ~MRG;
	fake_card_up(test);
	c->fake.f.offered |= MRG;
	fake_virtio_needs_reset(&c->fake.f);
	KUNIT_EXPECT_EQ(test, c->fake.f.accepted & MRG, 0ull);
	expect_works(test, 0);
}

static void no_memory(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int n, allocs = pv_fake.live_allocs, pages = pv_fake.live_pages;
	bool good;

	c->fake.f.q[RX].max = 4;
	c->fake.f.q[TX].max = 32;
	for (n = 1; n < 100; n++) {
		pv_memset(c->done, 0, sizeof(c->done));
		c->sent = 0;
		fake_card_up(test);
		fake_card_submit(test, 0, 3);
		pv_fake.alloc_fail_at = n;
		fake_virtio_needs_reset(&c->fake.f);
		good = pv_fake.alloc_fail_at;
		pv_fake.alloc_fail_at = 0;
		pv_net_poll(c->q, 64);
		fake_card_expect_sent(test, 3, 0, PV_ERESET);
		if (good)
			break;
		expect_broken(test);
		pv_net_close(c->net);
		c->net = NULL;
		fake_virtio_unplug(&c->fake.f);
		KUNIT_ASSERT_EQ(test, pv_fake.live_allocs, allocs);
		KUNIT_ASSERT_EQ(test, pv_fake.live_pages, pages);
	}
	KUNIT_EXPECT_GT(test, n, 5u);
	expect_works(test, 3);
}

/* Fault row 38 */
static void again_and_again(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i;

	fake_card_up(test);
	for (i = 0; i < 20; i++) {
		fake_virtio_needs_reset(&c->fake.f);
		expect_works(test, i);
	}
	for (i = 0; i < 20 && c->fake.f.vd.dev.state == PV_DEV_LIVE; i++)
		fake_virtio_needs_reset(&c->fake.f);
	KUNIT_EXPECT_EQ(test, i, 5u);
	expect_broken(test);
}

/* What lied is not given another chance by its wish for a reset. */
static void after_a_lie(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_card_up(test);
	fake_card_submit(test, 0, IN_FLIGHT);
	fake_vq_used(&c->fake.f, TX, 999, 0);
	pv_net_poll(c->q, 64);
	fake_virtio_needs_reset(&c->fake.f);
	pv_net_poll(c->q, 64);
	fake_card_expect_sent(test, IN_FLIGHT, 0, PV_EPROTO);
	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_BROKEN);
	KUNIT_EXPECT_EQ(test, c->fake.f.resets, 2u);
}

/* Fault row 43 */
static void taken_away(struct kunit *test)
{
	struct fake_card *c = test->priv;
	uint64_t before;

	fake_card_up(test);
	fake_card_submit(test, 0, IN_FLIGHT);
	before = pv_fake.now;
	c->fake.f.absent = true;
	pv_virtio_irq_config(&c->fake.f.vd);
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 1);
	KUNIT_EXPECT_EQ(test, pv_fake.now, before);
	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_GONE);
	pv_net_poll(c->q, 64);
	fake_card_expect_sent(test, IN_FLIGHT, 0, PV_EGONE);
	pv_net_stop(c->net);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(comes_back),
	KUNIT_CASE(lent_again),
	KUNIT_CASE(while_packets_are_held),
	KUNIT_CASE(while_stopped),
	KUNIT_CASE(lacks_a_feature),
	KUNIT_CASE(has_more),
	KUNIT_CASE(no_memory),
	KUNIT_CASE(again_and_again),
	KUNIT_CASE(after_a_lie),
	KUNIT_CASE(taken_away),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio_net_again",
	.init = fake_card_init,
	.exit = fake_card_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
