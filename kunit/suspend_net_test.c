/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The domain is saved while its network device is in use, and is another one afterwards: the link
 * is back, and each packet was sent once or is told to be lost.
 *
 * Covers: drivers/netfront/netfront.c drivers/netfront/netfront_pair.c
 */
#include <pv/log.h>
#include <pv/xen.h>

#include "fake_netback.h"
#include "fake_store.h"
#include "pv-core/suspend.h"
#include "pv-core/xen/xen.h"

#define SENT 40

static struct fake_netback *nb;
static bool slow;

static const struct pv_bus *bus(unsigned int n)
{
	return n ? NULL : &pv_xenbus;
}

static long move(void)
{
	static const char *const ours[] = {"tx-ring-ref", "rx-ring-ref", "event-channel",
					   "event-channel-tx", "event-channel-rx"};
	char path[160];
	unsigned int i;

	fake_netback_die(nb);
	pv_fake_xen_migrate();
	if (fake_store_migrate())
		pv_os_panic("the new domain cannot be made");
	for (i = 0; i < PV_ARRAY_SIZE(ours); i++) {
		pv_snprintf(path, sizeof(path), "%s/%s", nb->front, ours[i]);
		pv_fake_xs_rm(path);
	}
	pv_snprintf(path, sizeof(path), "%s/state", nb->front);
	pv_fake_xs_write(path, "1");
	if (!slow)
		fake_netback_reborn(nb);
	return 0;
}

static int suspend_net_init(struct kunit *test)
{
	int err = fake_netback_init(test);

	nb = test->priv;
	slow = false;
	pv_fake_xen.suspend = move;
	return err;
}

/* Fault row 31: with packets on their way; and the same device, started, is back. */
static void moves(struct kunit *test)
{
	fake_netback_up(test);
	fake_netback_submit(test, SENT);
	/* It sent some of them, and said so of all these. */
	fake_netback_run(nb, 12);
	pv_net_poll(nb->q, 64);
	KUNIT_ASSERT_EQ(test, pv_suspend_on(&pv_xen, bus), 0);
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	while (pv_net_poll(nb->q, 64))
		;
	fake_netback_expect_done(test, SENT, 12, PV_EIO);
	fake_netback_expect_works(test);
	KUNIT_EXPECT_EQ(test, nb->connects, 2u);
}

/* Until its backend is there nothing can be sent, and nothing is done with rings that are gone. */
static void backend_is_late(struct kunit *test)
{
	fake_netback_up(test);
	fake_netback_submit(test, SENT);
	slow = true;
	KUNIT_ASSERT_EQ(test, pv_suspend_on(&pv_xen, bus), 0);
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, SENT, 60)), PV_EBUSY);
	pv_net_flush(nb->q);
	while (pv_net_poll(nb->q, 64))
		;
	fake_netback_expect_done(test, SENT, 0, PV_EIO);
	fake_netback_reborn(nb);
	fake_netback_work();
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	fake_netback_expect_works(test);
}

/* One that was stopped stays so, and starts when it is started. */
static void stopped_stays_so(struct kunit *test)
{
	fake_netback_up(test);
	pv_net_stop(nb->net);
	KUNIT_ASSERT_EQ(test, pv_suspend_on(&pv_xen, bus), 0);
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	fake_netback_up(test);
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	fake_netback_expect_works(test);
}

static struct kunit_case suspend_net_cases[] = {
	KUNIT_CASE(moves),
	KUNIT_CASE(backend_is_late),
	KUNIT_CASE(stopped_stays_so),
	{},
};

static struct kunit_suite suspend_net_suite = {
	.name = "suspend_net",
	.init = suspend_net_init,
	.exit = fake_netback_exit,
	.test_cases = suspend_net_cases,
};

kunit_test_suite(suspend_net_suite);
