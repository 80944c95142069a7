/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * As suspend_calls, with a network device in use: in a new domain each hypercall that is made until
 * all is back fails, one at a time. Either the kernel has an error; or the link is back, or the
 * device is gone and can be found again. Each packet is done once, with 0 only if it was sent, at
 * the latest after the next suspension, in which none fails.
 *
 * Covers: drivers/netfront/netfront.c drivers/netfront/netfront_pair.c pv-core/xen/xenbus_resume.c
 */
#include <pv/log.h>
#include <pv/xen.h>

#include "fake_netback.h"
#include "fake_store.h"
#include "pv-core/suspend.h"
#include "pv-core/xen/xen.h"

#define SENT 40u
#define TOLD 12u  /* of them, as sent */
#define MOST 200u /* hypercalls in one resume */

static struct fake_netback *nb;
static unsigned int fail_at, calls;
static long answer;

static const struct pv_bus *bus(unsigned int n)
{
	return n ? NULL : &pv_xenbus;
}

static long hypercall(unsigned int op, const unsigned long arg[5])
{
	return ++calls == fail_at ? answer : pv_fake_xen_hypercall(op, arg);
}

/* As the toolstack does it, and from then on hypercalls are counted. */
static long move(void)
{
	char path[160];

	fake_netback_die(nb);
	pv_fake_xen_migrate();
	if (fake_store_migrate())
		pv_os_panic("the new domain cannot be made");
	pv_snprintf(path, sizeof(path), "%s/state", nb->front);
	pv_fake_xs_write(path, "1");
	fake_netback_reborn(nb);
	calls = 0;
	pv_fake.xen_hypercall = hypercall;
	return 0;
}

static int suspend(unsigned int nth)
{
	int err;

	fail_at = nth;
	err = pv_suspend_on(&pv_xen, bus);
	pv_fake.xen_hypercall = NULL;
	return err;
}

static int calls_net_init(struct kunit *test)
{
	int err = fake_netback_init(test);

	nb = test->priv;
	pv_fake_xen.suspend = move;
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

/*
 * A life of one device, in which the n-th fails; whether there were so many. lost: whether the
 * device went for it.
 */
static bool life(struct kunit *test, unsigned int nth, unsigned int *errors, unsigned int *lost)
{
	unsigned int i;
	bool failed;
	int err;

	fake_netback_up(test);
	fake_netback_submit(test, SENT);
	fake_netback_run(nb, TOLD);
	pv_net_poll(nb->q, 64);
	err = suspend(nth);
	failed = calls >= nth;
	*errors += err < 0;
	KUNIT_EXPECT_LE(test, err, 0);
	KUNIT_EXPECT_TRUE(test, failed || !err);
	if (!err) {
		poll_all();
		KUNIT_EXPECT_NE(test, nb->net->link_up, nb->net->gone);
		KUNIT_EXPECT_EQ(test, nb->done, SENT);
	}
	for (i = 0; i < SENT; i++)
		KUNIT_EXPECT_LE(test, nb->pkt_done[i], 1u);
	KUNIT_EXPECT_EQ(test, suspend(0), 0);
	poll_all();
	for (i = 0; i < SENT; i++) {
		KUNIT_EXPECT_EQ(test, nb->pkt_done[i], 1u);
		KUNIT_EXPECT_EQ(test, nb->pkt_status[i] == 0, i < TOLD);
	}
	*lost += nb->net->gone;
	if (nb->net->gone)
		find_again(test);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	fake_netback_expect_works(test);
	return failed;
}

static void each_fails(struct kunit *test, long error)
{
	unsigned int n = 1, errors = 0, lost = 0;
	bool more;

	answer = error;
	for (;;) {
		more = life(test, n, &errors, &lost);
		if (!more || n == MOST)
			break;
		n++;
		fake_netback_exit(test);
		KUNIT_ASSERT_EQ(test, calls_net_init(test), 0);
	}
	kunit_info(test, "%u hypercalls, %u errors, %u times the device went", n - 1, errors, lost);
	KUNIT_EXPECT_FALSE(test, more);
	KUNIT_EXPECT_GT(test, n, 10u);
	KUNIT_EXPECT_GT(test, errors, 0u);
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
