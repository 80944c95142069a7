/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xenbus_client.c: what drivers ask.
 *
 * Covers: pv-core/xen/xenbus_client.c
 */
#include "fake_front.h"

/*
 * --- what drivers ask ---------------------------------------------------------------------------
 */

static int asks(struct pv_xenbus_device *xd)
{
	uint64_t a, b, c;
	struct pv_xs_item item[] = {{"a", &a, 1, 0}, {"b", &b, 2, 0}, {"c", &c, 3, 0}};
	char text[16];

	if (pv_xenbus_gather_backend(xd, item, 3) || a != 10 || b != 2 || c != 3 ||
	    item[1].err != PV_ENOENT || item[2].err != PV_EINVAL)
		return -1;
	if (pv_xenbus_read_backend(xd, "c", text, sizeof(text)) != 4 || pv_strcmp(text, "text"))
		return -2;
	if (pv_xenbus_read_backend_u64(xd, "a", 5, &a) || a != 10)
		return -3;
	if (pv_xenbus_read_backend_u64(xd, "none", 5, &a) != PV_ENOENT || a != 5)
		return -4;
	if (pv_xenbus_read(xd, "mac", text, sizeof(text)) != 3 || pv_xenbus_read_u64(xd, "n", &a) ||
	    a != 4)
		return -5;
	if (pv_xenbus_printf(xd, PV_XS_NO_TX, "ring-ref", "%u", 8u) ||
	    pv_xenbus_rm(xd, PV_XS_NO_TX, "n"))
		return -6;
	pv_xenbus_error(xd, PV_ENOMEM, "just so");
	return pv_xenbus_watch(xd, "sectors");
}

static void xenbus_client_lives(struct kunit *test)
{
	fake_front.in_probe = asks;
	pv_fake_xs_device("vbd", 7, NULL, 0);
	pv_fake_xs_write("/local/domain/0/backend/vbd/5/7/a", "10");
	pv_fake_xs_write("/local/domain/0/backend/vbd/5/7/c", "text");
	pv_fake_xs_write("device/vbd/7/mac", "abc");
	pv_fake_xs_write("device/vbd/7/n", "4");
	fake_front_one(test, 7);
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->dev.state, PV_DEV_LIVE);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("device/vbd/7/ring-ref"), "8");
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("device/vbd/7/n"));
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("error/device/vbd/7/error"), "12 just so");
	EXPECT_STORY(test, "probe(vbd/7)changed(vbd/7)");
	pv_fake_xs_write("/local/domain/0/backend/vbd/5/7/sectors", "1000");
	fake_front_work();
	EXPECT_STORY(test, "changed(vbd/7)");
}

/* Keys and values longer than any path: nothing is asked. */
static int asks_too_much(struct pv_xenbus_device *xd)
{
	static char key[PV_XS_PATH + 1];
	unsigned int requests = pv_fake_xs.requests;
	struct pv_xs_item item = {.key = key};
	uint64_t v;
	char text[16];

	pv_memset(key, 'k', sizeof(key) - 1);
	item.value = &v;
	if (pv_xenbus_printf(xd, PV_XS_NO_TX, key, "1") != PV_ERANGE ||
	    pv_xenbus_printf(xd, PV_XS_NO_TX, "k", "%s", key) != PV_ERANGE)
		return -1;
	if (pv_xenbus_rm(xd, PV_XS_NO_TX, key) != PV_ERANGE)
		return -2;
	if (pv_xenbus_read(xd, key, text, sizeof(text)) != PV_ERANGE ||
	    pv_xenbus_read_u64(xd, key, &v) != PV_ERANGE)
		return -3;
	if (pv_xenbus_read_backend(xd, key, text, sizeof(text)) != PV_ERANGE ||
	    pv_xenbus_read_backend_u64(xd, key, 5, &v) != PV_ERANGE)
		return -4;
	if (pv_xenbus_gather_backend(xd, &item, 1) != PV_ERANGE)
		return -5;
	return pv_fake_xs.requests == requests ? 0 : -6;
}

static void xenbus_long_keys(struct kunit *test)
{
	fake_front.in_probe = asks_too_much;
	pv_fake_xs_device("vbd", 7, NULL, 0);
	fake_front_one(test, 7);
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->dev.state, PV_DEV_LIVE);
}

static int waits_result;
static unsigned int waits_for;

static int waits(struct pv_xenbus_device *xd)
{
	waits_result = pv_xenbus_wait_backend(xd, waits_for, 500);
	return PV_EIO;
}

static void xenbus_waits(struct kunit *test)
{
	unsigned int requests;
	uint64_t before;

	fake_front.in_probe = waits;
	waits_for = PV_XENBUS_BIT(XenbusStateConnected) | PV_XENBUS_BIT(XenbusStateInitWait);
	fake_front_one(test, 1);
	KUNIT_EXPECT_EQ(test, waits_result, XenbusStateInitWait);

	waits_for = PV_XENBUS_BIT(XenbusStateConnected);
	before = pv_fake.now;
	requests = pv_fake_xs.requests;
	pv_fake_xs_device("vbd", 2, NULL, 0);
	fake_front_backend(2, "2");
	fake_front_work();
	KUNIT_EXPECT_EQ(test, waits_result, PV_ETIMEDOUT);
	KUNIT_EXPECT_GE(test, pv_fake.now - before, SECOND / 2);
	KUNIT_EXPECT_TRUE(
		test,
		pv_fake_logged("vbd/2: awaited of the backend: Connected; it is InitWait, still"));
	/* It waits for the watch, and does not ask all the time. */
	KUNIT_EXPECT_LT(test, pv_fake_xs.requests - requests, 100);
}

static const char *then;

static void then_state(void)
{
	if (then)
		fake_front_backend(3, then);
	then = NULL;
	pv_fake_xs_run();
}

static void xenbus_waits_in_vain(struct kunit *test)
{
	static const struct {
		const char *then;
		int result;
	} cases[] = {
		{"4", 4},	 {"2", PV_ETIMEDOUT}, {"5", PV_EGONE},
		{"6", PV_EGONE}, {"0", PV_EGONE},     {"banana", PV_EPROTO},
	};
	unsigned int i, requests;

	fake_front.in_probe = waits;
	waits_for = PV_XENBUS_BIT(XenbusStateConnected);
	pv_fake.relax = then_state;
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		pv_fake_xs_device("vbd", 3, NULL, 0);
		fake_front_backend(3, "2");
		pv_fake_xs_write("/local/domain/0/backend/vbd/5/3/online", "0");
		then = cases[i].then;
		requests = pv_fake_xs.requests;
		pv_fake_xs_run();
		pv_xenbus.work();
		pv_xenbus.work();
		KUNIT_EXPECT_EQ_MSG(test, waits_result, cases[i].result, "%s", cases[i].then);
		KUNIT_EXPECT_LT(test, pv_fake_xs.requests - requests, 100);
		/* It is broken by then, where it lied. */
		KUNIT_EXPECT_EQ(test, pv_fake_logged("its backend's state is none"),
				cases[i].result == PV_EPROTO);
		then = NULL;
		pv_fake_xs_device_rm("vbd", 3);
		fake_front_work();
		KUNIT_EXPECT_NULL(test, fake_front_find("vbd/3"));
	}
}

/* A backend that does not close: bounded, and told. */
static void xenbus_close_in_vain(struct kunit *test)
{
	struct pv_xenbus_device *xd;
	uint64_t before;

	fake_front_one(test, 7);
	xd = fake_front_find("vbd/7");
	fake_front.dead = true;
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, pv_xenbus_close(xd), PV_ETIMEDOUT);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, 2 * PV_CONFIG_XENBUS_MS * 1010000ull);
	KUNIT_EXPECT_EQ(test, fake_front_state(7), XenbusStateClosed);
	KUNIT_EXPECT_EQ(test, pv_xenbus_close(xd), 0);
}

static int watches_many(struct pv_xenbus_device *xd)
{
	static const char *const key[] = {"a", "b", "c", "d", "e"};
	unsigned int i;
	int err = 0;

	for (i = 0; i < 5 && !err; i++)
		err = pv_xenbus_watch(xd, key[i]);
	return i == 5 && err == PV_ENOSPC ? PV_EIO : PV_EINVAL;
}

static void xenbus_watches(struct kunit *test)
{
	fake_front.in_probe = watches_many;
	fake_front_one(test, 7);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("error -5"));
	/* Gone with the probe that failed: the bus's own are left. */
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 3);
}

static void xenbus_allocations_fail(struct kunit *test)
{
	unsigned int n, up = 0, before;

	fake_front.in_probe = asks;
	/* What the event channels keep from the first port on. */
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	pv_xenbus.end();
	before = pv_fake.live_allocs;
	pv_fake_xs_device("vbd", 7, NULL, 0);
	pv_fake_xs_device("vif", 0, NULL, 0);
	pv_fake_xs_write("/local/domain/0/backend/vbd/5/7/a", "10");
	pv_fake_xs_write("/local/domain/0/backend/vbd/5/7/c", "text");
	pv_fake_xs_write("device/vbd/7/mac", "abc");
	for (n = 1; n < 40; n++) {
		pv_fake_xs_write("device/vbd/7/n", "4");
		pv_fake_xs_write("device/vbd/7/state", "1");
		fake_front_backend(7, "2");
		pv_fake.alloc_fail_at = n;
		if (!fake_front_scan()) {
			pv_fake.alloc_fail_at = 0;
			fake_front_work();
			up += fake_front_find("vbd/7") &&
			      fake_front_find("vbd/7")->dev.state == PV_DEV_LIVE;
			pv_bus_remove_all();
			pv_xenbus.end();
		}
		pv_fake.alloc_fail_at = 0;
		KUNIT_ASSERT_EQ(test, pv_fake.live_allocs, before);
		KUNIT_ASSERT_EQ(test, pv_fake_xs.watches, 0);
		pv_fake_xs.changed = NULL;
	}
	KUNIT_EXPECT_GT(test, up, 10);
}

static struct kunit_case xenbus_client_cases[] = {
	KUNIT_CASE(xenbus_client_lives),
	KUNIT_CASE(xenbus_long_keys),
	KUNIT_CASE(xenbus_waits),
	KUNIT_CASE(xenbus_waits_in_vain),
	KUNIT_CASE(xenbus_close_in_vain),
	KUNIT_CASE(xenbus_watches),
	KUNIT_CASE(xenbus_allocations_fail),
	{},
};

static struct kunit_suite xenbus_client_suite = {
	.name = "xenbus_client",
	.init = fake_front_init,
	.exit = fake_front_exit,
	.test_cases = xenbus_client_cases,
};

kunit_test_suite(xenbus_client_suite);
