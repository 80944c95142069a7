/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend's life: start and stop, a backend that goes, dies and comes back, or does
 * not let go, and anything that fails on the way.
 *
 * Covers: drivers/netfront/netfront.c drivers/netfront/netfront_pair.c
 */
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "fake_netback.h"
#include "pv-core/bus.h"
#include "pv-core/xen/grants.h"

#define IN_FLIGHT 20

/* --- start and stop --------------------------------------------------------------------------- */

static void stopped(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int round, pages;

	fake_netback_open(test);
	pv_net_on_change(nb->net, fake_netback_note, &nb->changes);
	pages = pv_fake.live_pages;
	for (round = 0; round < 4; round++) {
		fake_netback_up(test);
		KUNIT_EXPECT_EQ(test, nb->connects, round + 1);
		fake_netback_expect_works(test);
		fake_netback_submit(test, IN_FLIGHT);
		fake_netback_run(nb, 5);
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
		pv_net_stop(nb->net);
		fake_netback_expect_done(test, IN_FLIGHT, 0, PV_EIO);
		KUNIT_EXPECT_FALSE(test, nb->net->link_up);
		KUNIT_EXPECT_EQ(test, fake_netback_front(test, "state"), XenbusStateClosed);
		KUNIT_EXPECT_LE(test, pv_fake.live_pages, pages);
		KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, &nb->pkt[0]), PV_EIO);
		fake_netback_expect_grants(test, 0, 0);
		/* The bus does not mistake it for an end. */
		fake_netback_work();
		KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_LIVE);
		/* And with another offer the next time. */
		nb->gso4 = nb->csum6 = round & 1;
	}
	pv_net_stop(nb->net);
	KUNIT_EXPECT_EQ(test, nb->net->flags & PV_NET_F_GSO_TCP4, PV_NET_F_GSO_TCP4 * 0u);
}

/*
 * A backend that does not answer the closing: bounded, and what it may still map is kept from
 * reuse.
 */
static void stopped_without_answer(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	uint64_t began;

	fake_netback_up(test);
	fake_netback_submit(test, IN_FLIGHT);
	nb->lingers = true;
	began = pv_fake.now;
	pv_net_stop(nb->net);
	KUNIT_EXPECT_LE(test, pv_fake.now - began, 11000000000ull);
	fake_netback_expect_done(test, IN_FLIGHT, 0, PV_EIO);
	/* Its two rings. */
	fake_netback_expect_grants(test, 0, 2);
	nb->lingers = false;
	pv_fake_xs_write("device/vif/0/state", "6");
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 2);
	fake_netback_expect_grants(test, 0, 0);
	fake_netback_up(test);
	fake_netback_expect_works(test);
}

/* --- removal, death --------------------------------------------------------------------------- */

static void removed(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	pv_net_set_event(nb->q, fake_netback_note, &nb->events);
	pv_net_on_change(nb->net, fake_netback_note, &nb->changes);
	nb->holds = true;
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	pv_net_poll(nb->q, 64);
	fake_netback_submit(test, IN_FLIGHT);
	pv_fake_xs_device_rm("vif", 0);
	fake_netback_work();
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	KUNIT_EXPECT_GE(test, nb->changes, 1u);
	KUNIT_EXPECT_GE(test, nb->events, 1u);
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, IN_FLIGHT, 0, PV_EGONE);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, &nb->pkt[0]), PV_EGONE);
	pv_net_flush(nb->q);
	pv_net_stop(nb->net);
	pv_packet_put(nb->held[0]);
	nb->held[0] = NULL;
	pv_net_close(nb->net);
	nb->net = NULL;
}

/*
 * Fault row 29: with frames in flight, and it comes back: the same interface, within a second, and
 * its link.
 */
static void reborn(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int round;
	uint64_t began;

	fake_netback_up(test);
	pv_net_on_change(nb->net, fake_netback_note, &nb->changes);
	for (round = 0; round < 5; round++) {
		fake_netback_expect_works(test);
		fake_netback_submit(test, IN_FLIGHT);
		fake_netback_run(nb, 5);
		if (round == 3)
			pv_net_poll(nb->q, 64);
		KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, NETRXF_more_data));
		fake_netback_push(nb);
		if (round & 1)
			pv_net_poll(nb->q, 64);
		fake_netback_die(nb);
		if (round != 2)
			fake_netback_work();
		KUNIT_EXPECT_EQ(test, nb->net->link_up, round == 2);
		pv_net_poll(nb->q, 64);
		began = pv_fake.now;
		fake_netback_reborn(nb);
		fake_netback_work();
		KUNIT_EXPECT_LE(test, pv_fake.now - began, 1000000000ull);
		KUNIT_EXPECT_TRUE(test, nb->net->link_up);
		KUNIT_EXPECT_EQ(test, nb->connects, round + 2);
		pv_net_poll(nb->q, 64);
		fake_netback_expect_done(test, IN_FLIGHT, 5, PV_EIO);
		fake_netback_expect_grants(test, FAKE_NETBACK_GRANTS + 256, 0);
	}
	KUNIT_EXPECT_GE(test, nb->changes, 5u);
	fake_netback_expect_works(test);
}

/*
 * It comes back with the rings that it left: they are taken back, and it gets new ones.
 * Fault row 29.
 */
static void reborn_on_old_rings(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int round;

	fake_netback_up(test);
	for (round = 0; round < 3; round++) {
		fake_netback_expect_works(test);
		fake_netback_submit(test, IN_FLIGHT);
		fake_netback_run(nb, 5);
		fake_netback_die(nb);
		fake_netback_work();
		KUNIT_ASSERT_TRUE(test, fake_netback_take_over(nb));
		/* It goes on where it was, until we look. */
		fake_netback_run(nb, 3);
		pv_net_poll(nb->q, 64);
		fake_netback_work();
		KUNIT_ASSERT_EQ(test, nb->dev->state, PV_DEV_LIVE);
		KUNIT_EXPECT_EQ(test, nb->connects, 2 * round + 3);
		pv_net_poll(nb->q, 64);
		fake_netback_expect_done(test, IN_FLIGHT, 8, PV_EIO);
		fake_netback_expect_grants(test, FAKE_NETBACK_GRANTS + 256, 0);
	}
	fake_netback_expect_works(test);
}

/* The same while the interface is stopped. */
static void reborn_while_stopped(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	pv_net_stop(nb->net);
	fake_netback_die(nb);
	fake_netback_work();
	fake_netback_reborn(nb);
	fake_netback_work();
	fake_netback_up(test);
	fake_netback_expect_works(test);
}

/* What it still had mapped when it died is replaced, and comes back with it. */
static void died_holding(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct netif_rx_request req;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < 3; i++) {
		RING_COPY_REQUEST(&nb->rx, i, &req);
		KUNIT_ASSERT_NOT_NULL(test, pv_fake_xen_peer_map(0, req.gref, true));
		nb->kept[nb->num_kept++] = req.gref;
	}
	i = nb->num_kept;
	nb->num_kept = 0;
	fake_netback_die(nb);
	fake_netback_reborn(nb);
	fake_netback_work();
	nb->num_kept = i;
	fake_netback_expect_grants(test, FAKE_NETBACK_GRANTS + 256, 3);
	KUNIT_EXPECT_EQ(test, nb->q->pool.num, 256u);
	for (i = 0; i < 300; i++) {
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
		KUNIT_ASSERT_EQ(test, pv_net_poll(nb->q, 64), 1);
	}
	fake_netback_expect_works(test);
	while (nb->num_kept)
		pv_fake_xen_peer_unmap(nb->kept[--nb->num_kept]);
	pv_grant_retry();
	fake_netback_expect_grants(test, FAKE_NETBACK_GRANTS + 256, 0);
}

/* A broken device is told of once; toolstack and kernel both. */
static void broken(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	pv_net_set_event(nb->q, fake_netback_note, &nb->events);
	pv_net_on_change(nb->net, fake_netback_note, &nb->changes);
	pv_net_poll(nb->q, 64);
	fake_netback_submit(test, 3);
	fake_netback_node(nb, "state", 9);
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_BROKEN);
	KUNIT_EXPECT_EQ(test, nb->changes, 1u);
	KUNIT_EXPECT_EQ(test, nb->events, 1u);
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	KUNIT_EXPECT_NOT_NULL(test, pv_fake_xs_read("error/device/vif/0/error"));
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, 3, 0, PV_EPROTO);
	pv_device_changed(nb->dev);
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->changes, 1u);
	pv_net_stop(nb->net);
	fake_netback_expect_grants(test, 0, 0);
}

/* --- failures --------------------------------------------------------------------------------- */

/* The n-th allocation of a start fails: it unwinds, and the next one works. */
static void no_memory(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int n, failed = 0, pages;
	struct pv_net *net;

	fake_netback_open(test);
	net = nb->net;
	for (n = 1; n < 700; n += n < 10 ? 1 : 47) {
		pv_net_stop(net);
		pages = pv_fake.live_pages;
		pv_fake.alloc_fail_at = (long)n;
		failed += pv_net_start(net, NULL, NULL) == PV_ENOMEM;
		pv_fake.alloc_fail_at = 0;
		pv_net_stop(net);
		if (n > 1)
			KUNIT_EXPECT_LE(test, pv_fake.live_pages, pages);
	}
	KUNIT_EXPECT_GE(test, failed, 15u);
	fake_netback_up(test);
	fake_netback_expect_works(test);
}

/* The n-th hypercall of a start fails. */
static void failing_hypercalls(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int n;

	fake_netback_up(test);
	for (n = 1; n < 200; n++) {
		pv_net_stop(nb->net);
		pv_fake_xen.fail_at = (long)n;
		pv_fake_xen.fail_with = PV_ENOSPC;
		if (!pv_net_start(nb->net, NULL, NULL))
			pv_net_stop(nb->net);
		pv_fake_xen.fail_at = 0;
		fake_netback_expect_grants(test, 0, 0);
		if (nb->dev->state != PV_DEV_LIVE)
			break;
	}
	KUNIT_EXPECT_EQ(test, n, 200u);
	fake_netback_up(test);
	fake_netback_expect_works(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(stopped),
	KUNIT_CASE(stopped_without_answer),
	KUNIT_CASE(removed),
	KUNIT_CASE(reborn),
	KUNIT_CASE(reborn_on_old_rings),
	KUNIT_CASE(reborn_while_stopped),
	KUNIT_CASE(died_holding),
	KUNIT_CASE(broken),
	KUNIT_CASE(no_memory),
	KUNIT_CASE(failing_hypercalls),
	{},
};

static struct kunit_suite suite = {
	.name = "netfront_life",
	.init = fake_netback_init,
	.exit = fake_netback_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
