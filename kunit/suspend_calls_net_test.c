/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * As suspend_calls, with a network device in use: in a new domain each hypercall that is made until
 * all is back fails, one at a time. Either the kernel has an error; or the link is back, or the
 * device is gone and can be found again. Each packet is done once, with 0 only if it was sent, at
 * the latest after the next suspension, in which none fails.
 *
 * Covers: drivers/netfront/netfront.c drivers/netfront/netfront_pair.c pv-core/xen/xenbus_resume.c
 */
#include "fake_calls.h"
#include "fake_netback.h"

#define SENT 40u
#define TOLD 12u /* of them, as sent */

static struct fake_netback *nb;

static void backend_dies(void)
{
	fake_netback_die(nb);
}

static void backend_returns(void)
{
	fake_netback_reborn(nb);
}

static const char *front(void)
{
	return nb->front;
}

static int calls_net_init(struct kunit *test)
{
	int err = fake_netback_init(test);

	nb = test->priv;
	return err;
}

static void poll_all(void)
{
	fake_netback_work();
	while (pv_net_poll(nb->q, 64))
		;
}

/* The kernel let it go, and finds another one. */
static void find_again(struct kunit *test)
{
	pv_net_close(nb->net);
	nb->net = NULL;
	fake_netback_work();
	fake_netback_open(test);
	nb->dev = nb->net->dev;
	fake_netback_up(test);
}

static bool life(struct kunit *test)
{
	unsigned int i;
	bool lost;

	fake_netback_up(test);
	fake_netback_submit(test, SENT);
	fake_netback_run(nb, TOLD);
	pv_net_poll(nb->q, 64);
	if (!fake_calls_failing(test)) {
		poll_all();
		KUNIT_EXPECT_NE(test, nb->net->link_up, nb->net->gone);
		KUNIT_EXPECT_EQ(test, nb->done, SENT);
	}
	for (i = 0; i < SENT; i++)
		KUNIT_EXPECT_LE(test, nb->pkt_done[i], 1u);
	fake_calls_suspend(test);
	poll_all();
	for (i = 0; i < SENT; i++) {
		KUNIT_EXPECT_EQ(test, nb->pkt_done[i], 1u);
		KUNIT_EXPECT_EQ(test, nb->pkt_status[i] == 0, i < TOLD);
	}
	lost = nb->net->gone;
	if (lost)
		find_again(test);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	fake_netback_expect_works(test);
	return lost;
}

static const struct fake_calls device = {
	.init = calls_net_init,
	.exit = fake_netback_exit,
	.life = life,
	.die = backend_dies,
	.reborn = backend_returns,
	.front = front,
};

static void each_fails(struct kunit *test, long error)
{
	struct fake_calls_count n = fake_calls_each_fails(test, &device, error);

	kunit_info(test, "%u hypercalls, %u errors, %u times the device went", n.calls, n.errors,
		   n.lost);
}

/* Fault row 31: what Xen refuses, and what it has no room for. */
static void suspend_calls_net_refused(struct kunit *test)
{
	each_fails(test, PV_EPERM);
}

static void suspend_calls_net_no_memory(struct kunit *test)
{
	each_fails(test, PV_ENOMEM);
}

static struct kunit_case calls_net_cases[] = {
	KUNIT_CASE(suspend_calls_net_refused),
	KUNIT_CASE(suspend_calls_net_no_memory),
	{},
};

static struct kunit_suite calls_net_suite = {
	.name = "suspend_calls_net",
	.init = calls_net_init,
	.exit = fake_netback_exit,
	.test_cases = calls_net_cases,
};

kunit_test_suite(calls_net_suite);
