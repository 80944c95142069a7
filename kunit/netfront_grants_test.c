/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend against backends that do not let go of memory, without grants, and in a
 * storm of events.
 *
 * Covers: drivers/netfront/netfront_rx.c drivers/netfront/netfront_tx.c
 */
#include <pv/err.h>

#include "fake_netback.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/grants.h"

#define IN_FLIGHT 20

/* --- grants ----------------------------------------------------------------------------------- */

/* It answers, and keeps the receive page mapped: the page is not used again until it lets go. */
static void keeps_received(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int pages;

	fake_netback_up(test);
	fake_netback_submit(test, IN_FLIGHT);
	nb->keeps = true;
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	pv_net_poll(nb->q, 64);
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_EQ(test, nb->received, 0u);
	fake_netback_expect_done(test, IN_FLIGHT, 0, PV_EPROTO);
	KUNIT_EXPECT_EQ(test, nb->num_kept, 1u);
	fake_netback_expect_broken(test, "received memory is still in use");
	/* The page outlives everything else, and goes when the backend lets it go. */
	pv_net_stop(nb->net);
	pages = pv_fake.live_pages;
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	pv_fake_xen_peer_unmap(nb->kept[--nb->num_kept]);
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 1);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages - 1);
	nb->keeps = false;
}

/* Memory that was sent is the kernel's: it is told. */
static void keeps_sent(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	fake_netback_submit(test, IN_FLIGHT);
	fake_netback_run(nb, 3);
	nb->keeps = true;
	fake_netback_run(nb, 1);
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, IN_FLIGHT, 3, PV_EPROTO);
	fake_netback_expect_broken(test, "sent memory is still in use");
	nb->keeps = false;
}

/*
 * A page of ours may be kept until the connection ends; then it is in quarantine, as the rings are.
 */
static void keeps_gathered(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_grant_stats stats;
	unsigned int i;

	nb->sg = 0;
	fake_netback_up(test);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, i, 60)), 0);
	pv_net_flush(nb->q);
	nb->keeps = true;
	fake_netback_run(nb, 2);
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, 2, 2, 0);
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_LIVE);
	pv_net_stop(nb->net);
	pv_grant_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.quarantined, 4u);
	KUNIT_EXPECT_EQ(test, stats.total - stats.free, 4u);
	nb->keeps = false;
}

/* Others have taken all grants: nothing is lost, and it goes on when there are some. */
static void grants_exhausted(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i, k, most;
	struct pv_grant_stats stats;
	static int taken[32768];
	struct pv_packet *pkt;
	unsigned int n = 0;

	fake_netback_up(test);
	for (k = 0; k < 30; k++) {
		while (n < PV_ARRAY_SIZE(taken) && (taken[n] = pv_grant(1, nb->bytes, true)) >= 0)
			n++;
		KUNIT_ASSERT_LT(test, n, (unsigned int)PV_ARRAY_SIZE(taken));
		/* All but k of them: a packet of 18 slots takes none if it cannot have all. */
		for (i = 0; i < k; i++)
			pv_grant_end(taken[--n]);
		pkt = fake_netback_packet(nb, 0, 65535);
		most = k < 17 ? PV_EBUSY : 0;
		KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), (int)most);
		pv_net_flush(nb->q);
		/* A buffer that cannot be posted waits. */
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
		KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
		fake_netback_run(nb, 9);
		pv_net_poll(nb->q, 64);
		KUNIT_EXPECT_EQ(test, nb->done, k < 17 ? 0 : k - 16);
	}
	/* Nor is the extra slot of one that could not be sent left behind, wherever that ended. */
	while (n < PV_ARRAY_SIZE(taken) && (taken[n] = pv_grant(1, nb->bytes, true)) >= 0)
		n++;
	pkt = fake_netback_packet(nb, 0, 60000);
	nb->bytes[12] = 0x08;
	nb->bytes[13] = nb->bytes[20] = nb->bytes[21] = 0;
	nb->bytes[14] = 0x45;
	nb->bytes[23] = 6;
	pkt->flags = PV_PACKET_CSUM_PARTIAL;
	pkt->csum_start = 34;
	pkt->csum_offset = 16;
	pkt->gso = PV_GSO_TCP4;
	pkt->gso_size = 1448;
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EBUSY);
		pv_grant_end(taken[--n]);
	}
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, pkt), PV_EBUSY);
	while (n)
		pv_grant_end(taken[--n]);
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_EQ(test, nb->rx.sring->req_prod - nb->rx.sring->rsp_prod, 256u);
	pv_grant_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.total - stats.free, FAKE_NETBACK_GRANTS + 256u);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	fake_netback_submit(test, 1);
	fake_netback_tx_answer(nb, 0, NETIF_RSP_NULL);
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_BROKEN);
}

/* --- events ----------------------------------------------------------------------------------- */

/* Events without work: fewer and fewer are heard; work is, within a second. */
static void storm(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_evtchn_stats stats;
	unsigned int i;

	fake_netback_up(test);
	pv_net_set_event(nb->q, fake_netback_note, &nb->events);
	pv_net_poll(nb->q, 64);
	for (i = 0; i < 10000; i++) {
		pv_fake.now += 100000;
		pv_fake_xen_peer_send(nb->rx_port);
		pv_net_poll(nb->q, 64);
		fake_netback_work();
	}
	KUNIT_EXPECT_LT(test, nb->events, 20u);
	pv_evtchn_stats(&stats);
	KUNIT_EXPECT_GT(test, stats.delayed, 3ull);
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	nb->events = 0;
	pv_fake.now += 1100000000ull;
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->events, 1u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(keeps_received),   KUNIT_CASE(keeps_sent), KUNIT_CASE(keeps_gathered),
	KUNIT_CASE(grants_exhausted), KUNIT_CASE(storm),      {},
};

static struct kunit_suite suite = {
	.name = "netfront_grants",
	.init = fake_netback_init,
	.exit = fake_netback_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
