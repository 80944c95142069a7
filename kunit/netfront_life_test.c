/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend: what is negotiated, and its life: start and stop, a backend that is late, dies, comes back, or
 * does not let go, and anything that fails on the way.
 */
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "fake_netback.h"
#include "pv-core/bus.h"
#include "pv-core/xen/grants.h"

#define IN_FLIGHT 20

static void note(void *arg)
{
	unsigned int *n = arg;

	++*n;
}

static long front(struct kunit *test, const char *key)
{
	struct fake_netback *nb = test->priv;
	char path[128];

	pv_snprintf(path, sizeof(path), "%s/%s", nb->front, key);
	return pv_fake_xs_number(path);
}

static void submit_some(struct kunit *test, unsigned int n)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	pv_memset(nb->pkt_done, 0, sizeof(nb->pkt_done));
	nb->done = 0;
	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, i, 60)), 0);
	pv_net_flush(nb->q);
}

static void expect_sent(struct kunit *test, unsigned int n, unsigned int from, int status)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, nb->done, n);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, nb->pkt_done[i], 1u);
		KUNIT_EXPECT_EQ(test, nb->pkt_status[i], i < from ? 0 : status);
	}
}

/* Frames both ways. */
static void expect_works(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int sent = nb->sent, received = nb->received;

	submit_some(test, 3);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 9), 3u);
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 5000, 0));
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	expect_sent(test, 3, 3, 0);
	KUNIT_EXPECT_EQ(test, nb->sent, sent + 3);
	KUNIT_EXPECT_EQ(test, nb->received, received + 1);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
}

static void expect_grants(struct kunit *test, unsigned int granted, unsigned int quarantined)
{
	struct pv_grant_stats stats;

	pv_grant_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.quarantined, quarantined);
	KUNIT_EXPECT_EQ(test, stats.total - stats.free - quarantined, granted);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void nodes(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	/* A predecessor's. */
	pv_fake_xs_write("device/vif/0/event-channel", "77");
	pv_fake_xs_write("device/vif/0/multi-queue-num-queues", "4");
	pv_fake_xs_write("device/vif/0/feature-gso-tcpv4", "1");
	pv_fake_xs_write("device/vif/0/ctrl-ring-ref", "9");
	fake_netback_open(test);
	KUNIT_EXPECT_EQ(test, front(test, "state"), XenbusStateConnected);
	KUNIT_EXPECT_EQ(test, front(test, "request-rx-copy"), 1);
	KUNIT_EXPECT_EQ(test, front(test, "feature-rx-notify"), 1);
	KUNIT_EXPECT_EQ(test, front(test, "feature-sg"), 1);
	KUNIT_EXPECT_EQ(test, front(test, "feature-no-csum-offload"), 0);
	KUNIT_EXPECT_EQ(test, front(test, "feature-ipv6-csum-offload"), 1);
	KUNIT_EXPECT_EQ(test, front(test, "feature-gso-tcpv4"), 0);
	KUNIT_EXPECT_EQ(test, front(test, "feature-gso-tcpv6"), 0);
	KUNIT_EXPECT_GT(test, front(test, "event-channel-tx"), 0);
	KUNIT_EXPECT_GT(test, front(test, "event-channel-rx"), 0);
	KUNIT_EXPECT_EQ(test, front(test, "event-channel"), -1);
	KUNIT_EXPECT_EQ(test, front(test, "multi-queue-num-queues"), -1);
	KUNIT_EXPECT_EQ(test, front(test, "ctrl-ring-ref"), -1);
	KUNIT_EXPECT_EQ(test, nb->connects, 1u);
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	/* Without split channels, the other way round. */
	pv_net_stop(nb->net);
	nb->split = -1;
	fake_netback_up(test);
	pv_net_stop(nb->net);
	fake_netback_up(test);
	KUNIT_EXPECT_GT(test, front(test, "event-channel"), 0);
	KUNIT_EXPECT_EQ(test, front(test, "event-channel-tx"), -1);
	KUNIT_EXPECT_EQ(test, front(test, "event-channel-rx"), -1);
	expect_works(test);
}

static const struct address {
	const char *name, *front, *back;
	uint8_t mac[6]; /* zeroes: none */
} addresses[] = {
	{"as it should be", "00:16:3e:12:34:Ab", NULL, {0x00, 0x16, 0x3e, 0x12, 0x34, 0xab}},
	{"ours first", "02:00:00:00:00:01", "02:00:00:00:00:02", {2, 0, 0, 0, 0, 1}},
	{"the backend's", NULL, "02:00:00:00:00:02", {2, 0, 0, 0, 0, 2}},
	{"none", NULL, NULL, {0}},
	{"too short", "00:16:3e:12:34", NULL, {0}},
	{"cut off", "00:16:3e:12:34:5", NULL, {0}},
	{"too long", "00:16:3e:12:34:56:78", NULL, {0}},
	{"much too long", "00:16:3e:12:34:56 and much more than any address", NULL, {0}},
	{"no number", "00:16:3e:12:34:5g", NULL, {0}},
	{"a group's", "01:16:3e:12:34:56", NULL, {0}},
	{"zero", "00:00:00:00:00:00", NULL, {0}},
	{"empty", "", NULL, {0}},
};

static void address_name(const struct address *a, char *desc)
{
	strscpy(desc, a->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(address, addresses, address_name);

static void mac(struct kunit *test)
{
	static const uint8_t none[6];
	const struct address *a = test->param_value;
	struct fake_netback *nb = test->priv;

	nb->mac = a->front;
	if (a->back)
		pv_fake_xs_write("/local/domain/0/backend/vif/5/0/mac", a->back);
	fake_netback_plug(test);
	if (memcmp(a->mac, none, 6)) {
		nb->net = pv_net_open(0);
		KUNIT_ASSERT_NOT_NULL(test, nb->net);
		KUNIT_EXPECT_EQ(test, memcmp(nb->net->mac, a->mac, 6), 0);
	} else {
		KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_FOUND);
		KUNIT_EXPECT_NULL(test, pv_net_open(0));
		KUNIT_EXPECT_NOT_NULL(test, pv_fake_xs_read("error/device/vif/0/error"));
		expect_grants(test, 0, 0);
	}
}

static const struct mtu {
	const char *name;
	int front, back, sg;
	unsigned int is;
} mtus[] = {
	{"none", -1, -1, 1, 1500},
	{"ours", 9000, 1400, 1, 9000},
	{"the backend's", -1, 1400, 1, 1400},
	{"too small", 67, -1, 1, 1500},
	{"least", 68, -1, 1, 68},
	{"too large", 65536, -1, 1, 1500},
	{"most", 65535, -1, 1, 65521},
	{"of a page", 9000, -1, 0, 4082},
};

static void mtu_name(const struct mtu *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mtu, mtus, mtu_name);

static void mtu(struct kunit *test)
{
	const struct mtu *m = test->param_value;
	struct fake_netback *nb = test->priv;

	nb->front_mtu = m->front;
	nb->mtu = m->back;
	nb->sg = m->sg;
	fake_netback_open(test);
	KUNIT_EXPECT_EQ(test, nb->net->mtu, m->is);
}

static void no_copy(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	nb->rx_copy = 0;
	fake_netback_plug(test);
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_FOUND);
	KUNIT_EXPECT_NULL(test, pv_net_open(0));
	KUNIT_EXPECT_EQ(test, nb->connects, 0u);
	expect_grants(test, 0, 0);
}

/* --- link ------------------------------------------------------------------------------------- */

static void carrier(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	nb->carrier = 1;
	fake_netback_up(test);
	pv_net_on_change(nb->net, note, &nb->changes);
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	fake_netback_node(nb, "carrier", 0);
	fake_netback_work();
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	KUNIT_EXPECT_EQ(test, nb->changes, 1u);
	/* Nothing new, nobody told. */
	fake_netback_node(nb, "carrier", 0);
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->changes, 1u);
	fake_netback_node(nb, "carrier", 1);
	fake_netback_work();
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	KUNIT_EXPECT_EQ(test, nb->changes, 2u);
	expect_works(test);
}

/* A backend that takes its time: the device is there, the link comes later. */
static void late_backend(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	nb->never_connects = true;
	fake_netback_up(test);
	pv_net_on_change(nb->net, note, &nb->changes);
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	nb->never_connects = false;
	/* As if its scripts had come to an end. */
	pv_fake_xs_write("device/vif/0/state", "4");
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->connects, 1u);
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	KUNIT_EXPECT_EQ(test, nb->changes, 1u);
	expect_works(test);
}

/* --- start and stop --------------------------------------------------------------------------- */

static void stopped(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int round, pages;

	fake_netback_open(test);
	pv_net_on_change(nb->net, note, &nb->changes);
	pages = pv_fake.live_pages;
	for (round = 0; round < 4; round++) {
		fake_netback_up(test);
		KUNIT_EXPECT_EQ(test, nb->connects, round + 1);
		expect_works(test);
		submit_some(test, IN_FLIGHT);
		fake_netback_run(nb, 5);
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
		pv_net_stop(nb->net);
		expect_sent(test, IN_FLIGHT, 0, PV_EIO);
		KUNIT_EXPECT_FALSE(test, nb->net->link_up);
		KUNIT_EXPECT_EQ(test, front(test, "state"), XenbusStateClosed);
		KUNIT_EXPECT_LE(test, pv_fake.live_pages, pages);
		KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, &nb->pkt[0]), PV_EIO);
		expect_grants(test, 0, 0);
		/* The bus does not mistake it for an end. */
		fake_netback_work();
		KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_LIVE);
		/* And with another offer the next time. */
		nb->gso4 = nb->csum6 = round & 1;
	}
	pv_net_stop(nb->net);
	KUNIT_EXPECT_EQ(test, nb->net->flags & PV_NET_F_GSO_TCP4, PV_NET_F_GSO_TCP4 * 0u);
}

/* A backend that does not answer the closing: bounded, and what it may still map is kept from reuse. */
static void stopped_without_answer(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	uint64_t began;

	fake_netback_up(test);
	submit_some(test, IN_FLIGHT);
	nb->lingers = true;
	began = pv_fake.now;
	pv_net_stop(nb->net);
	KUNIT_EXPECT_LE(test, pv_fake.now - began, 11000000000ull);
	expect_sent(test, IN_FLIGHT, 0, PV_EIO);
	/* Its two rings. */
	expect_grants(test, 0, 2);
	nb->lingers = false;
	pv_fake_xs_write("device/vif/0/state", "6");
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 2);
	expect_grants(test, 0, 0);
	fake_netback_up(test);
	expect_works(test);
}

/* --- removal, death --------------------------------------------------------------------------- */

static void removed(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	pv_net_set_event(nb->q, note, &nb->events);
	pv_net_on_change(nb->net, note, &nb->changes);
	nb->holds = true;
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	pv_net_poll(nb->q, 64);
	submit_some(test, IN_FLIGHT);
	pv_fake_xs_device_rm("vif", 0);
	fake_netback_work();
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	KUNIT_EXPECT_GE(test, nb->changes, 1u);
	KUNIT_EXPECT_GE(test, nb->events, 1u);
	pv_net_poll(nb->q, 64);
	expect_sent(test, IN_FLIGHT, 0, PV_EGONE);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, &nb->pkt[0]), PV_EGONE);
	pv_net_flush(nb->q);
	pv_net_stop(nb->net);
	pv_packet_put(nb->held[0]);
	nb->held[0] = NULL;
	pv_net_close(nb->net);
	nb->net = NULL;
}

/* It dies with frames in flight and comes back: the same interface, within a second, and its link. */
static void reborn(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int round;
	uint64_t began;

	fake_netback_up(test);
	pv_net_on_change(nb->net, note, &nb->changes);
	for (round = 0; round < 5; round++) {
		expect_works(test);
		submit_some(test, IN_FLIGHT);
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
		expect_sent(test, IN_FLIGHT, 5, PV_EIO);
		expect_grants(test, FAKE_NETBACK_GRANTS + 256, 0);
	}
	KUNIT_EXPECT_GE(test, nb->changes, 5u);
	expect_works(test);
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
	expect_works(test);
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
	expect_grants(test, FAKE_NETBACK_GRANTS + 256, 3);
	KUNIT_EXPECT_EQ(test, nb->q->pool.num, 256u);
	expect_works(test);
	while (nb->num_kept)
		pv_fake_xen_peer_unmap(nb->kept[--nb->num_kept]);
	pv_grant_retry();
	expect_grants(test, FAKE_NETBACK_GRANTS + 256, 0);
}

/* A broken device is told of once; toolstack and kernel both. */
static void broken(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	pv_net_set_event(nb->q, note, &nb->events);
	pv_net_on_change(nb->net, note, &nb->changes);
	pv_net_poll(nb->q, 64);
	submit_some(test, 3);
	fake_netback_node(nb, "state", 9);
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_BROKEN);
	KUNIT_EXPECT_EQ(test, nb->changes, 1u);
	KUNIT_EXPECT_EQ(test, nb->events, 1u);
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	KUNIT_EXPECT_NOT_NULL(test, pv_fake_xs_read("error/device/vif/0/error"));
	pv_net_poll(nb->q, 64);
	expect_sent(test, 3, 0, PV_EPROTO);
	pv_device_changed(nb->dev);
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->changes, 1u);
	pv_net_stop(nb->net);
	expect_grants(test, 0, 0);
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
	expect_works(test);
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
		expect_grants(test, 0, 0);
		if (nb->dev->state != PV_DEV_LIVE)
			break;
	}
	KUNIT_EXPECT_EQ(test, n, 200u);
	fake_netback_up(test);
	expect_works(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nodes),
	KUNIT_CASE_PARAM(mac, address_gen_params),
	KUNIT_CASE_PARAM(mtu, mtu_gen_params),
	KUNIT_CASE(no_copy),
	KUNIT_CASE(carrier),
	KUNIT_CASE(late_backend),
	KUNIT_CASE(stopped),
	KUNIT_CASE(stopped_without_answer),
	KUNIT_CASE(removed),
	KUNIT_CASE(reborn),
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
