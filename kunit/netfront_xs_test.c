/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend: what is negotiated by xenstore, and the link.
 *
 * Covers: drivers/netfront/netfront_xs.c
 */
#include <pv/string.h>

#include "fake_netback.h"

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
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "state"), XenbusStateConnected);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "request-rx-copy"), 1);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "feature-rx-notify"), 1);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "feature-sg"), 1);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "feature-no-csum-offload"), 0);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "feature-ipv6-csum-offload"), 1);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "feature-gso-tcpv4"), 0);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "feature-gso-tcpv6"), 0);
	KUNIT_EXPECT_GT(test, fake_netback_front(test, "event-channel-tx"), 0);
	KUNIT_EXPECT_GT(test, fake_netback_front(test, "event-channel-rx"), 0);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "event-channel"), -1);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "multi-queue-num-queues"), -1);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "ctrl-ring-ref"), -1);
	KUNIT_EXPECT_EQ(test, nb->connects, 1u);
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	/* Without split channels, the other way round. */
	pv_net_stop(nb->net);
	nb->split = -1;
	fake_netback_up(test);
	pv_net_stop(nb->net);
	fake_netback_up(test);
	KUNIT_EXPECT_GT(test, fake_netback_front(test, "event-channel"), 0);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "event-channel-tx"), -1);
	KUNIT_EXPECT_EQ(test, fake_netback_front(test, "event-channel-rx"), -1);
	fake_netback_expect_works(test);
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
		fake_netback_expect_grants(test, 0, 0);
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
	fake_netback_expect_grants(test, 0, 0);
}

/* --- link ------------------------------------------------------------------------------------- */

static void carrier(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	nb->carrier = 1;
	fake_netback_up(test);
	pv_net_on_change(nb->net, fake_netback_note, &nb->changes);
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
	fake_netback_expect_works(test);
}

/* A backend that takes its time: the device is there, the link comes later. */
static void late_backend(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	nb->never_connects = true;
	fake_netback_up(test);
	pv_net_on_change(nb->net, fake_netback_note, &nb->changes);
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	nb->never_connects = false;
	/* As if its scripts had come to an end. */
	pv_fake_xs_write("device/vif/0/state", "4");
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->connects, 1u);
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	KUNIT_EXPECT_EQ(test, nb->changes, 1u);
	fake_netback_expect_works(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nodes),
	KUNIT_CASE_PARAM(mac, address_gen_params),
	KUNIT_CASE_PARAM(mtu, mtu_gen_params),
	KUNIT_CASE(no_copy),
	KUNIT_CASE(carrier),
	KUNIT_CASE(late_backend),
	{},
};

static struct kunit_suite suite = {
	.name = "netfront_xs",
	.init = fake_netback_init,
	.exit = fake_netback_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
