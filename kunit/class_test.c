/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The class layers' devices as they come and go, several at a time and for several users: who has
 * which number, and when one is released.
 *
 * Covers: pv-core/blk.c pv-core/net.c
 */
#include <kunit/test.h>
#include <pv/fake.h>

#include "pv-core/blk_driver.h"
#include "pv-core/net_driver.h"

#define DEVICES 4

struct one {
	struct pv_device dev;
	struct pv_blk blk;
	struct pv_net net;
	struct pv_blk_queue bq, *blk_queues[1];
	struct pv_net_queue nq, *net_queues[1];
	unsigned int released, starts, stops, disarms;
};

static struct one *one;

static void release_blk(struct pv_blk *blk)
{
	pv_container_of(blk, struct one, blk)->released++;
}

static void release_net(struct pv_net *net)
{
	pv_container_of(net, struct one, net)->released++;
}

static int start(struct pv_net *net)
{
	pv_container_of(net, struct one, net)->starts++;
	return 0;
}

static void stop(struct pv_net *net)
{
	pv_container_of(net, struct one, net)->stops++;
}

static void refill(struct pv_net_queue *q)
{
	(void)q;
}

static bool arm(struct pv_net_queue *q, bool on)
{
	pv_container_of(q, struct one, nq)->disarms += !on;
	return false;
}

static const struct pv_net_ops net_ops = {.refill = refill, .arm = arm};

static int class_init(struct kunit *test)
{
	unsigned int i;

	one = kunit_kzalloc(test, DEVICES * sizeof(*one), GFP_KERNEL);
	if (!one)
		return PV_ENOMEM;
	for (i = 0; i < DEVICES; i++) {
		one[i].dev.holds = 10;
		one[i].dev.state = PV_DEV_LIVE;
		one[i].blk.dev = one[i].net.dev = &one[i].dev;
		one[i].blk_queues[0] = &one[i].bq;
		one[i].bq.blk = &one[i].blk;
		one[i].blk.queue = one[i].blk_queues;
		one[i].net_queues[0] = &one[i].nq;
		one[i].nq.net = &one[i].net;
		one[i].nq.ops = &net_ops;
		one[i].net.queue = one[i].net_queues;
		one[i].net.num_queues = 1;
	}
	return 0;
}

/* The lowest number that is free, also between others; what is open keeps its number's meaning. */
static void disks_have_numbers(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		pv_blk_register(&one[i].blk);
	KUNIT_EXPECT_PTR_EQ(test, pv_blk_open(1), &one[1].blk);
	pv_blk_unregister(&one[1].blk);
	pv_blk_release(&one[1].blk, release_blk);
	KUNIT_EXPECT_EQ(test, one[1].released, 0u);
	KUNIT_EXPECT_NULL(test, pv_blk_open(1));
	pv_blk_register(&one[3].blk);
	KUNIT_EXPECT_STREQ(test, one[3].blk.name, "blk1");
	KUNIT_EXPECT_PTR_EQ(test, pv_blk_open(1), &one[3].blk);
	KUNIT_EXPECT_PTR_EQ(test, pv_blk_open(2), &one[2].blk);
	pv_blk_close(&one[1].blk);
	KUNIT_EXPECT_EQ(test, one[1].released, 1u);
	pv_blk_close(&one[2].blk);
	pv_blk_close(&one[3].blk);
	for (i = 0; i < DEVICES; i++) {
		if (i == 1)
			continue;
		pv_blk_unregister(&one[i].blk);
		pv_blk_release(&one[i].blk, release_blk);
		KUNIT_EXPECT_EQ(test, one[i].released, 1u);
		KUNIT_EXPECT_EQ(test, one[i].dev.holds, 10u);
	}
}

static void interfaces_have_numbers(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		pv_net_register(&one[i].net, start, stop);
	KUNIT_EXPECT_PTR_EQ(test, pv_net_open(1), &one[1].net);
	pv_net_unregister(&one[1].net);
	pv_net_release(&one[1].net, release_net);
	KUNIT_EXPECT_EQ(test, one[1].released, 0u);
	KUNIT_EXPECT_NULL(test, pv_net_open(1));
	pv_net_register(&one[3].net, start, stop);
	KUNIT_EXPECT_STREQ(test, one[3].net.name, "net1");
	KUNIT_EXPECT_PTR_EQ(test, pv_net_open(1), &one[3].net);
	KUNIT_EXPECT_PTR_EQ(test, pv_net_open(2), &one[2].net);
	pv_net_close(&one[1].net);
	KUNIT_EXPECT_EQ(test, one[1].released, 1u);
	pv_net_close(&one[2].net);
	pv_net_close(&one[3].net);
	for (i = 0; i < DEVICES; i++) {
		if (i == 1)
			continue;
		pv_net_unregister(&one[i].net);
		pv_net_release(&one[i].net, release_net);
		KUNIT_EXPECT_EQ(test, one[i].released, 1u);
		KUNIT_EXPECT_EQ(test, one[i].dev.holds, 10u);
	}
}

/* Two users of one interface: it is stopped, and released, by the last one who closes it. */
static void last_user_ends_it(struct kunit *test)
{
	struct pv_net *net = &one[0].net;

	pv_net_register(net, start, stop);
	KUNIT_EXPECT_PTR_EQ(test, pv_net_open(0), net);
	KUNIT_EXPECT_PTR_EQ(test, pv_net_open(0), net);
	/* Not started: there is nothing to be told. */
	pv_net_set_event(&one[0].nq, NULL, NULL);
	KUNIT_EXPECT_EQ(test, one[0].disarms, 0u);
	KUNIT_EXPECT_EQ(test, pv_net_start(net, NULL, NULL), 0);
	pv_net_set_event(&one[0].nq, NULL, NULL);
	KUNIT_EXPECT_EQ(test, one[0].disarms, 1u);
	pv_net_close(net);
	KUNIT_EXPECT_EQ(test, one[0].stops, 0u);
	pv_net_unregister(net);
	pv_net_release(net, release_net);
	/* Nor when it is gone. */
	pv_net_set_event(&one[0].nq, NULL, NULL);
	KUNIT_EXPECT_EQ(test, one[0].disarms, 1u);
	KUNIT_EXPECT_EQ(test, one[0].released, 0u);
	pv_net_close(net);
	KUNIT_EXPECT_EQ(test, one[0].released, 1u);
}

/* The first of its queues finds no memory: the next ones are not tried, and nothing is kept. */
static void no_memory_for_a_queue(struct kunit *test)
{
	struct pv_net_queue *queues[] = {&one[0].nq, &one[1].nq};
	struct pv_net *net = &one[0].net;
	unsigned int n;

	one[0].nq.rx_num = one[1].nq.rx_num = 2;
	net->queue = queues;
	net->num_queues = 2;
	pv_net_register(net, start, stop);
	for (n = 1; n <= 8; n++) {
		pv_fake.alloc_fail_at = n;
		KUNIT_EXPECT_EQ(test, pv_net_start(net, NULL, NULL), PV_ENOMEM);
		KUNIT_EXPECT_EQ(test, pv_fake.alloc_fail_at, 0);
		KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0u);
	}
	KUNIT_EXPECT_EQ(test, one[0].starts, 0u);
	KUNIT_EXPECT_EQ(test, pv_net_start(net, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 4u);
	pv_net_stop(net);
	pv_net_unregister(net);
	pv_net_release(net, release_net);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(disks_have_numbers),
	KUNIT_CASE(interfaces_have_numbers),
	KUNIT_CASE(last_user_ends_it),
	KUNIT_CASE(no_memory_for_a_queue),

	{},
};

static struct kunit_suite suite = {
	.name = "class",
	.init = class_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
