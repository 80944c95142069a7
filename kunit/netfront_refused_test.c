/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend where something of a start is refused: a node, a page, a backend that
 * comes back as another. There is no connection then, and nothing is left.
 *
 * Covers: drivers/netfront/netfront.c drivers/netfront/netfront_pair.c
 * drivers/netfront/netfront_xs.c drivers/netfront/netfront_tx.c drivers/netfront/netfront_rx.c
 */
#include <pv/abi/xen_io.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "drivers/netfront/netfront.h"
#include "fake_netback.h"
#include "pv-core/xen/grants.h"

#define BACK  "/local/domain/0/backend/vif/5/0"
#define FRONT PV_FAKE_XS_HOME "/device/vif/0"

/* --- nodes ------------------------------------------------------------------------------------ */

static void key_name(const char *const *key, char *desc)
{
	strscpy(desc, *key, KUNIT_PARAM_DESC_SIZE);
}

/* A stopped device, which cannot be started with `path` denied, and can without. */
static void refused(struct kunit *test, const char *path)
{
	struct fake_netback *nb = test->priv;
	unsigned int connects;

	fake_netback_up(test);
	pv_net_stop(nb->net);
	connects = nb->connects;
	pv_fake_xs.deny = path;
	KUNIT_EXPECT_EQ(test, pv_net_start(nb->net, NULL, NULL), PV_EPERM);
	KUNIT_EXPECT_EQ(test, nb->connects, connects);
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	pv_fake_xs.deny = NULL;
	pv_grant_retry();
	fake_netback_expect_grants(test, 0, 0);
	fake_netback_up(test);
	fake_netback_expect_works(test);
}

static const char *const backend_keys[] = {
	"feature-rx-copy",
	"feature-sg",
	"feature-gso-tcpv4",
	"feature-gso-tcpv6",
	"feature-no-csum-offload",
	"feature-ipv6-csum-offload",
	"feature-split-event-channels",
};

KUNIT_ARRAY_PARAM(backend_key, backend_keys, key_name);

/* What the backend does not let us read is not taken to be absent. */
static void backend_node_refused(struct kunit *test)
{
	char path[160];

	pv_snprintf(path, sizeof(path), BACK "/%s", *(const char *const *)test->param_value);
	refused(test, path);
}

static const char *const front_keys[] = {
	"tx-ring-ref",
	"rx-ring-ref",
	"event-channel",
	"event-channel-tx",
	"event-channel-rx",
	"request-rx-copy",
	"feature-rx-notify",
	"feature-ipv6-csum-offload",
	"request-multicast-control",
	"state",
	"ctrl-ring-ref",
	"xdp-headroom",
};

KUNIT_ARRAY_PARAM(front_key, front_keys, key_name);

/* Nor does the backend see a part of what we write. */
static void own_node_refused(struct kunit *test)
{
	char path[160];

	pv_snprintf(path, sizeof(path), FRONT "/%s", *(const char *const *)test->param_value);
	refused(test, path);
}

/* What a predecessor may have left is not there, and its folder neither: that is no error. */
static void stale_node_not_there(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	pv_fake_xs.fail = "ENOENT";
	pv_fake_xs.fail_to = XS_RM;
	fake_netback_up(test);
	KUNIT_EXPECT_NULL(test, pv_fake_xs.fail);
	KUNIT_EXPECT_EQ(test, nb->connects, 1u);
}

/* --- memory ----------------------------------------------------------------------------------- */

/*
 * Each allocation of a start fails once, from that of the rings on: there is no connection with a
 * page missing.
 */
static void pages_missing(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct netfront_pair *pair;
	unsigned int n, i, failed = 0, pool;

	fake_netback_up(test);
	pair = netfront_pair_of(nb->q);
	/* A buffer is a descriptor and a page. */
	pool = 2 * nb->q->pool.num;
	for (n = 1; n < 40; n++) {
		pv_net_stop(nb->net);
		pv_fake.alloc_fail_at = pool + n;
		if (pv_net_start(nb->net, NULL, NULL)) {
			failed++;
		} else {
			for (i = 0; i < RING_NUM * pair->bounce_size / PV_PAGE_SIZE; i++)
				KUNIT_EXPECT_TRUE(test,
						  pair->bounce[i].page && pair->bounce[i].ref > 0);
			KUNIT_EXPECT_TRUE(test, pair->tx_page && pair->rx_page);
		}
		pv_fake.alloc_fail_at = 0;
	}
	KUNIT_EXPECT_GE(test, failed, 7u);
	KUNIT_EXPECT_LT(test, failed, 39u);
	pv_net_stop(nb->net);
	fake_netback_up(test);
	fake_netback_expect_works(test);
}

/* Buffers that a dead backend kept, and a page for one of them only: there are fewer. */
static void buffers_lost(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct netif_rx_request req[2];
	unsigned int before, i;

	fake_netback_up(test);
	before = nb->q->pool.num;
	for (i = 0; i < 2; i++) {
		RING_COPY_REQUEST(&nb->rx, i, &req[i]);
		KUNIT_ASSERT_NOT_NULL(test, pv_fake_xen_peer_map(0, req[i].gref, true));
	}
	fake_netback_die(nb);
	pv_netfront.lost(nb->dev);
	pv_fake.alloc_fail_at = 1;
	pv_netfront_rx_mend(netfront_pair_of(nb->q));
	KUNIT_EXPECT_EQ(test, nb->q->pool.num, before - 1);
	KUNIT_EXPECT_EQ(test, nb->q->pool.num_free, before - 1);
	fake_netback_reborn(nb);
	fake_netback_work();
	KUNIT_EXPECT_TRUE(test, nb->net->link_up);
	for (i = 0; i < 300; i++) {
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
		KUNIT_ASSERT_EQ(test, pv_net_poll(nb->q, 64), 1);
	}
	fake_netback_expect_works(test);
	for (i = 0; i < 2; i++)
		pv_fake_xen_peer_unmap(req[i].gref);
	pv_grant_retry();
}

/* --- a backend that comes back ---------------------------------------------------------------- */

/* As one that cannot be used: there is no connection, and none is made up. */
static void reborn_without_copy(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	fake_netback_die(nb);
	fake_netback_work();
	nb->rx_copy = 0;
	fake_netback_reborn(nb);
	fake_netback_work();
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("connecting again failed"));
	KUNIT_EXPECT_FALSE(test, nb->net->link_up);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, 0, 60)), PV_EGONE);
	KUNIT_EXPECT_EQ(test, nb->connects, 1u);
	pv_net_close(nb->net);
	nb->net = NULL;
	fake_netback_expect_grants(test, 0, 0);
}

/* It is open, but nobody started it. */
static void reborn_while_not_started(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_open(test);
	fake_netback_die(nb);
	fake_netback_work();
	fake_netback_reborn(nb);
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->connects, 2u);
	fake_netback_expect_grants(test, FAKE_NETBACK_GRANTS, 0);
	fake_netback_up(test);
	fake_netback_expect_works(test);
}

/* It died, and keeps what was sent to it: the device is broken, and another takes its place. */
static void reborn_holding_what_was_sent(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct netif_tx_request req;

	fake_netback_up(test);
	fake_netback_submit(test, 1);
	KUNIT_ASSERT_TRUE(test, fake_netback_tx_take(nb, &req));
	KUNIT_ASSERT_NOT_NULL(test, pv_fake_xen_peer_map(0, req.gref, false));
	fake_netback_die(nb);
	fake_netback_reborn(nb);
	fake_netback_work();
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, 1, 0, PV_EPROTO);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("sent memory is still in use"));
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_GONE);
	pv_net_close(nb->net);
	nb->net = NULL;
	pv_fake_xen_peer_unmap(req.gref);
	pv_grant_retry();
}

/* --- events ----------------------------------------------------------------------------------- */

/* A kernel that polls only: its backend is not asked for an event, not even when that is said. */
static void events_not_wanted(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i, notified;

	fake_netback_up(test);
	/* The one that each ring begins with. */
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
		KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	}
	notified = nb->notified;
	pv_net_set_event(nb->q, NULL, NULL);
	for (i = 0; i < 5; i++) {
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
		KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	}
	KUNIT_EXPECT_EQ(test, nb->notified, notified);
	/* And who wants one is told. */
	pv_net_set_event(nb->q, fake_netback_note, &nb->events);
	pv_net_poll(nb->q, 64);
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, nb->notified, notified + 1);
	KUNIT_EXPECT_EQ(test, nb->events, 1u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(backend_node_refused, backend_key_gen_params),
	KUNIT_CASE_PARAM(own_node_refused, front_key_gen_params),
	KUNIT_CASE(stale_node_not_there),
	KUNIT_CASE(pages_missing),
	KUNIT_CASE(buffers_lost),
	KUNIT_CASE(reborn_without_copy),
	KUNIT_CASE(reborn_while_not_started),
	KUNIT_CASE(reborn_holding_what_was_sent),
	KUNIT_CASE(events_not_wanted),
	{},
};

static struct kunit_suite suite = {
	.name = "netfront_refused",
	.init = fake_netback_init,
	.exit = fake_netback_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
