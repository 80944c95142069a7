/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How the connection to the store begins: on a ring that somebody used before, and where it cannot.
 *
 * Covers: pv-core/xen/xs_conn.c pv-core/xen/xs_link.c
 */
#include <pv/err.h>
#include <pv/string.h>

#include "fake_store.h"
#include "pv-core/xen/xs_conn.h"

static void begin_exit(struct kunit *test)
{
	pv_xs_stop();
	fake_store_down(test);
}

static int read_name(void)
{
	char buf[16];

	return pv_xs_read(PV_XS_NO_TX, "name", buf, sizeof(buf));
}

/*
 * A predecessor's watches, a transaction of its, and the answer to a request of its that is on the
 * way.
 */
static void leave_behind(void)
{
	struct xenstore_domain_interface *ring = fake_store_ring();
	static const struct {
		struct xsd_sockmsg h;
		char text[12];
	} old[] = {
		{{XS_WATCH, 5, 0, 12}, "name\0before"},
		{{XS_READ, 6, 0, 5}, "name"},
	};
	const char *p;
	unsigned int i, n;

	for (i = 0; i < PV_ARRAY_SIZE(old); i++) {
		p = (const char *)&old[i];
		for (n = 0; n < sizeof(struct xsd_sockmsg) + old[i].h.len; n++)
			ring->req[ring->req_prod++ % 1024] = p[n];
	}
}

static void begin_after_a_predecessor(struct kunit *test)
{
	unsigned int features, taken;

	for (features = 0; features <= 1; features++) {
		for (taken = 0; taken <= 1; taken++) {
			fake_store.features = features;
			fake_store.offset = 0xfffffff0;
			KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
			pv_fake_xs_write("name", "guest");
			leave_behind();
			/* The server has them already, or not yet. */
			if (taken)
				pv_fake_xs_run();
			KUNIT_EXPECT_EQ(test, pv_xs_start(), 0);
			KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 0);
			KUNIT_EXPECT_EQ(test, pv_fake_xs.reconnects, features);
			KUNIT_EXPECT_EQ(test, read_name(), 5);
			KUNIT_EXPECT_EQ(test, pv_xs_stats()->violations, 0);
			pv_xs_stop();
			fake_store_down(test);
		}
	}
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
}

static void begin_of_a_reconnection(struct kunit *test)
{
	fake_store.features = XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR;
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	fake_store_ring()->connection = XENSTORE_RECONNECT;
	fake_store_ring()->req_prod = 0x12345678;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.reconnects, 1);
	pv_fake_xs_write("name", "guest");
	KUNIT_EXPECT_EQ(test, read_name(), 5);
}

static void begin_refused(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, read_name(), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 0);

	fake_store.no_store = true;
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_ENODEV);
	fake_store_down(test);

	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	pv_fake_xs.deaf = true;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_ETIMEDOUT);
	pv_fake_xs.deaf = false;
	fake_store_ring()->req_cons = 77;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_EPROTO);
	fake_store_down(test);

	/* A server that does not know RESET_WATCHES. */
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	pv_fake_xs.fail = "ENOSYS";
	KUNIT_EXPECT_EQ(test, pv_xs_start(), 0);
	pv_xs_stop();

	for (i = 1; i < 3; i++) {
		pv_fake.alloc_fail_at = i;
		if (!pv_xs_start())
			pv_xs_stop();
		else
			KUNIT_EXPECT_EQ(test, i, 1);
	}
	pv_fake.alloc_fail_at = 0;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), 0);
}

static struct kunit_case begin_cases[] = {
	KUNIT_CASE(begin_after_a_predecessor),
	KUNIT_CASE(begin_of_a_reconnection),
	KUNIT_CASE(begin_refused),
	{},
};

static struct kunit_suite begin_suite = {
	.name = "xenstore_begin",
	.exit = begin_exit,
	.test_cases = begin_cases,
};

kunit_test_suite(begin_suite);
