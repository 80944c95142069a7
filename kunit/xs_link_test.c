/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xs_link.c and xs_conn.c: where the connection is, how it begins, and how it ends;
 * each error on the way. What a server does to a connection is in xenstore_bad_test.c.
 *
 * Covers: pv-core/xen/xs_link.c pv-core/xen/xs_conn.c
 */
#include <pv/abi/xen_io.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/string.h>

#include "fake_store.h"
#include "hypercall/xen_hvm.h"
#include "pv-core/xen/xs_conn.h"

#define RECONNECT XENSTORE_SERVER_FEATURE_RECONNECTION
#define DEADLINE  (PV_CONFIG_XS_MS * 1000000ull)

static int link_init(struct kunit *test)
{
	fake_store.features = RECONNECT;
	return fake_store_up(test);
}

static void link_exit(struct kunit *test)
{
	pv_xs_stop();
	fake_store_down(test);
}

static int read_name(void)
{
	char buf[16];

	return pv_xs_read(PV_XS_NO_TX, "name", buf, sizeof(buf));
}

static void request(struct pv_xs_req *req, uint32_t type, const char *path)
{
	pv_memset(req, 0, sizeof(*req));
	req->type = type;
	req->part[0].p = path;
	req->part[0].len = pv_strlen(path) + 1;
}

/* --- where it is ------------------------------------------------------------------------------ */

/* Numbers that are none of a page, or a port: there is no store, and no memory is asked for. */
static void no_store_there(struct kunit *test)
{
	static const struct {
		uint32_t index;
		uint64_t value;
	} bad[] = {
		{HVM_PARAM_STORE_PFN, 0},
		{HVM_PARAM_STORE_PFN, ~0ull},
		{HVM_PARAM_STORE_EVTCHN, 0},
		{HVM_PARAM_STORE_EVTCHN, 0x80000000},
	};
	uint64_t pfn, port;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_xen_hvm_get_param(HVM_PARAM_STORE_PFN, &pfn), 0);
	KUNIT_ASSERT_EQ(test, pv_xen_hvm_get_param(HVM_PARAM_STORE_EVTCHN, &port), 0);
	pv_fake.alloc_fail_at = 1;
	for (i = 0; i < PV_ARRAY_SIZE(bad); i++) {
		KUNIT_ASSERT_EQ(test, pv_xen_hvm_set_param(bad[i].index, bad[i].value), 0);
		KUNIT_EXPECT_EQ_MSG(test, pv_xs_start(), PV_ENODEV, "%u", i);
		KUNIT_ASSERT_EQ(test, pv_xen_hvm_set_param(HVM_PARAM_STORE_PFN, pfn), 0);
		KUNIT_ASSERT_EQ(test, pv_xen_hvm_set_param(HVM_PARAM_STORE_EVTCHN, port), 0);
	}
	KUNIT_EXPECT_EQ(test, pv_fake.alloc_fail_at, 1);
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, pv_xs_start(), 0);
}

static void page_not_mapped(struct kunit *test)
{
	pv_fake.no_map = true;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_ENOMEM);
	pv_fake.no_map = false;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), 0);
}

/* A port that takes no handler: all is found by looking. */
static void port_without_events(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_xen_hvm_set_param(HVM_PARAM_STORE_EVTCHN, 0x7fffffff), 0);
	KUNIT_EXPECT_EQ(test, pv_xs_start(), 0);
	pv_fake_xs_write("name", "guest");
	KUNIT_EXPECT_EQ(test, read_name(), 5);
}

/* Without a connection nothing is asked, or known. */
static int never(pv_xs_tx tx, void *arg)
{
	(void)tx;
	(void)arg;
	return PV_EIO;
}

static void no_connection(struct kunit *test)
{
	struct pv_xs_watch w = {.path = "x"};

	KUNIT_EXPECT_EQ(test, pv_xs_conn_resume(), PV_ENODEV);
	KUNIT_EXPECT_FALSE(test, pv_xs_alive());
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(never, NULL), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_xs_wait_watch(&w, 100), PV_EPROTO);
	KUNIT_EXPECT_EQ(test, pv_xs_stats()->requests, 0);
	pv_xs_tx_ended(5);
	pv_xs_stop();
}

/* --- how it begins ---------------------------------------------------------------------------- */

/* Somebody reconnects, and does not come to an end: the ring is not ours to write to. */
static void somebody_else_reconnects(struct kunit *test)
{
	uint64_t before = pv_fake.now;

	fake_store_ring()->connection = XENSTORE_RECONNECT;
	pv_fake_xs.no_reconnect = true;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_ETIMEDOUT);
	KUNIT_EXPECT_GE(test, pv_fake.now - before, DEADLINE);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, DEADLINE * 3 / 2);
	KUNIT_EXPECT_EQ(test, fake_store_ring()->req_prod, 0);
}

/*
 * A predecessor left bytes there, and the server does not reconnect: no more is written behind
 * them.
 */
static void bytes_left_on_the_ring(struct kunit *test)
{
	uint64_t before = pv_fake.now;

	pv_fake_xs.no_reconnect = true;
	fake_store_ring()->req_prod = 5;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_ETIMEDOUT);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, DEADLINE * 3 / 2);
	KUNIT_EXPECT_EQ(test, fake_store_ring()->req_prod, 5);
}

/* Offsets that no ring has, of a server that cannot reconnect: nothing is asked of it. */
static void offsets_that_cannot_be(struct kunit *test)
{
	fake_store_ring()->server_features = 0;
	fake_store_ring()->rsp_prod = 5000;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_EPROTO);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("broke the protocol"));
}

/* Answers to requests that nobody made: some are a predecessor's, so many are not. */
static void stray(void)
{
	static const struct xsd_sockmsg old = {.type = XS_READ, .req_id = 0xdead0001};
	struct xenstore_domain_interface *ring = fake_store_ring();
	const char *p = (const char *)&old;
	unsigned int n;

	if (ring->rsp_prod - ring->rsp_cons > XENSTORE_RING_SIZE - sizeof(old))
		return;
	for (n = 0; n < sizeof(old); n++)
		ring->rsp[MASK_XENSTORE_IDX(ring->rsp_prod++)] = p[n];
}

static void strays_without_end(struct kunit *test)
{
	uint64_t before = pv_fake.now;

	pv_fake_xs.deaf = true;
	fake_store_ring()->server_features = 0;
	pv_fake.relax = stray;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_EPROTO);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, DEADLINE / 10);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("a reply to no request"));
}

/* --- what is said ----------------------------------------------------------------------------- */

/* A payload in as many parts as there may be. */
static void three_parts(struct kunit *test)
{
	struct pv_xs_req req;

	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	request(&req, XS_WRITE, "name");
	req.part[1].p = "gu";
	req.part[1].len = 2;
	req.part[2].p = "est";
	req.part[2].len = 3;
	KUNIT_EXPECT_EQ(test, pv_xs_call(&req), 3);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("name"), "guest");
}

/* One without a payload, which has no path to be named in the log. */
static void no_parts(struct kunit *test)
{
	struct pv_xs_req req = {.type = XS_WATCH};

	fake_store_ring()->server_features = 0;
	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	pv_fake_xs.mute = true;
	KUNIT_EXPECT_EQ(test, pv_xs_call(&req), PV_ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("no answer to request"));
}

/* What stands behind a breach is not heeded. */
static void nothing_after_a_breach(struct kunit *test)
{
	fake_store_ring()->server_features = 0;
	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	stray();
	stray();
	pv_xs_poll();
	KUNIT_EXPECT_EQ(test, pv_xs_stats()->violations, 1);
	KUNIT_EXPECT_FALSE(test, pv_xs_alive());
	KUNIT_EXPECT_EQ(test, read_name(), PV_EPROTO);
}

/* --- how it ends ------------------------------------------------------------------------------ */

/* Of several users the last one ends it. */
static void ends_with_the_last_user(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	pv_xs_stop();
	pv_fake_xs_write("name", "guest");
	KUNIT_EXPECT_EQ(test, read_name(), 5);
	pv_xs_stop();
	KUNIT_EXPECT_EQ(test, read_name(), PV_ENODEV);
}

static void ends_with_requests(struct kunit *test)
{
	struct pv_xs_req req[2];

	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	pv_fake_xs.hold = true;
	request(&req[0], XS_READ, "a");
	request(&req[1], XS_READ, "b");
	KUNIT_ASSERT_EQ(test, pv_xs_submit(&req[0]), 0);
	KUNIT_ASSERT_EQ(test, pv_xs_submit(&req[1]), 0);
	pv_xs_stop();
	KUNIT_EXPECT_TRUE(test, req[0].stage == PV_XS_DONE && req[1].stage == PV_XS_DONE);
	KUNIT_EXPECT_TRUE(test, req[0].status == PV_EGONE && req[1].status == PV_EGONE);
}

/* In the new domain there is none: whoever asks is told so. */
static void not_there_after_a_suspend(struct kunit *test)
{
	struct pv_xs_req req;

	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	pv_fake_xs.hold = true;
	request(&req, XS_READ, "a");
	KUNIT_ASSERT_EQ(test, pv_xs_submit(&req), 0);
	KUNIT_ASSERT_EQ(test, pv_xen_hvm_set_param(HVM_PARAM_STORE_PFN, 0), 0);
	KUNIT_EXPECT_EQ(test, pv_xs_conn_resume(), PV_EGONE);
	KUNIT_EXPECT_TRUE(test, req.stage == PV_XS_DONE && req.status == PV_EGONE);
	KUNIT_EXPECT_EQ(test, read_name(), PV_EGONE);
	KUNIT_EXPECT_FALSE(test, pv_xs_alive());
}

static void not_mapped_after_a_suspend(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	pv_fake.no_map = true;
	KUNIT_EXPECT_EQ(test, pv_xs_conn_resume(), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, read_name(), PV_ENOMEM);
}

static struct kunit_case xs_link_cases[] = {
	KUNIT_CASE(no_store_there),
	KUNIT_CASE(page_not_mapped),
	KUNIT_CASE(port_without_events),
	KUNIT_CASE(no_connection),
	KUNIT_CASE(somebody_else_reconnects),
	KUNIT_CASE(bytes_left_on_the_ring),
	KUNIT_CASE(offsets_that_cannot_be),
	KUNIT_CASE(strays_without_end),
	KUNIT_CASE(three_parts),
	KUNIT_CASE(no_parts),
	KUNIT_CASE(nothing_after_a_breach),
	KUNIT_CASE(ends_with_the_last_user),
	KUNIT_CASE(ends_with_requests),
	KUNIT_CASE(not_there_after_a_suspend),
	KUNIT_CASE(not_mapped_after_a_suspend),
	{},
};

static struct kunit_suite xs_link_suite = {
	.name = "xs_link",
	.init = link_init,
	.exit = link_exit,
	.test_cases = xs_link_cases,
};

kunit_test_suite(xs_link_suite);
