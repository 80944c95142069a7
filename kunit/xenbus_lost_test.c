/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * xenbus where the store, or a device's folder, is lost while a driver asks for something, or in a
 * new domain.
 *
 * Covers: pv-core/xen/xenbus_client.c pv-core/xen/xenbus_resume.c
 */
#include "fake_front.h"
#include "hypercall/xen.h"
#include "pv-core/xen/xenbus_bus.h"
#include "pv-core/xen/xs_conn.h"

#define BACK "/local/domain/0/backend/vbd/5/7"

static void break_the_ring(void)
{
	fake_store_ring()->rsp_prod += 5000;
	pv_fake.relax = pv_fake_xs_run;
}

/* --- what drivers ask ------------------------------------------------------------------------- */

static int result;

static int waits(struct pv_xenbus_device *xd)
{
	pv_fake_xs.fail = "EIO";
	result = pv_xenbus_wait_backend(xd, PV_XENBUS_BIT(XenbusStateConnected), 500);
	return PV_EIO;
}

static void wait_ends_with_the_store(struct kunit *test)
{
	uint64_t before = pv_fake.now;

	fake_front.in_probe = waits;
	fake_front_one(test, 7);
	KUNIT_EXPECT_EQ(test, result, PV_EIO);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, SECOND / 2);
}

/* The store dies while its backend is waited for. */
static int waits_for_a_dead_store(struct pv_xenbus_device *xd)
{
	pv_fake.relax = break_the_ring;
	result = pv_xenbus_wait_backend(xd, PV_XENBUS_BIT(XenbusStateConnected), 5000);
	return PV_EIO;
}

static void store_dies_during_a_wait(struct kunit *test)
{
	uint64_t before = pv_fake.now;

	fake_front.in_probe = waits_for_a_dead_store;
	fake_front_one(test, 7);
	KUNIT_EXPECT_EQ(test, result, PV_EPROTO);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, SECOND);
	pv_bus_remove_all();
	pv_xenbus.end();
	pv_fake_xs_restart();
}

/* Without a watch the backend's state is read each time. */
static void connects_then(void)
{
	fake_front_backend(7, "4");
	pv_fake.relax = pv_fake_xs_run;
}

static int waits_without_a_watch(struct pv_xenbus_device *xd)
{
	pv_xs_unwatch(&xd->state_watch);
	pv_fake.relax = connects_then;
	result = pv_xenbus_wait_backend(xd, PV_XENBUS_BIT(XenbusStateConnected), 500);
	return PV_EIO;
}

static void wait_without_a_watch(struct kunit *test)
{
	fake_front.in_probe = waits_without_a_watch;
	fake_front_one(test, 7);
	KUNIT_EXPECT_EQ(test, result, XenbusStateConnected);
}

static int watches(struct pv_xenbus_device *xd)
{
	static char key[PV_XS_PATH];
	unsigned int allocs = pv_fake.live_allocs;

	pv_memset(key, 'k', sizeof(key) - 1);
	result = pv_xenbus_watch(xd, key) == PV_ERANGE ? 0 : -1;
	pv_fake_xs.deny = BACK "/refused";
	if (pv_xenbus_watch(xd, "refused") != PV_EPERM || xd->key[0] ||
	    pv_fake.live_allocs != allocs)
		result = -2;
	/* What cannot be told to the toolstack is in the log. */
	pv_fake_xs.deny = PV_FAKE_XS_HOME "/error";
	pv_xenbus_error(xd, PV_EIO, "of the test");
	pv_fake_xs.deny = NULL;
	return PV_EIO;
}

static void watch_refused(struct kunit *test)
{
	fake_front.in_probe = watches;
	fake_front_one(test, 7);
	KUNIT_EXPECT_EQ(test, result, 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("of the test"));
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("error/device/vbd/7/error"));
}

/*
 * To be opened again by a driver, as netfront's start does: its folder vanished, or the store
 * fails.
 */
static void reopened_in_vain(struct kunit *test)
{
	struct pv_xenbus_device *xd;
	uint64_t before;

	fake_front_one(test, 7);
	xd = fake_front_find("vbd/7");
	KUNIT_ASSERT_EQ(test, pv_xenbus_close(xd), 0);
	pv_fake_xs.deny = PV_FAKE_XS_HOME "/device/vbd/7/state";
	KUNIT_EXPECT_EQ(test, pv_xenbus_reopen(xd), PV_EPERM);
	pv_fake_xs.deny = NULL;
	KUNIT_EXPECT_EQ(test, pv_xenbus_reopen(xd), 0);
	KUNIT_ASSERT_EQ(test, pv_xenbus_close(xd), 0);
	pv_fake_xs_rm("device/vbd/7");
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, pv_xenbus_reopen(xd), PV_EGONE);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, SECOND);
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("device/vbd/7/state"));
	/* What is gone is neither overdue nor waited for; what never began needs no end. */
	pv_fake.now += 2 * PV_CONFIG_XENBUS_MS * 1000000ull;
	KUNIT_EXPECT_EQ(test, pv_xenbus_overdue(xd), 0);
	xd->added = false;
	KUNIT_EXPECT_TRUE(test, pv_xenbus_settled(xd));
	xd->added = true;
	xd->state = XenbusStateUnknown;
	before = pv_fake_xs.requests;
	KUNIT_EXPECT_EQ(test, pv_xenbus_close(xd), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.requests, before);
}

/* --- a new domain ----------------------------------------------------------------------------- */

static void resume_without_store(struct kunit *test)
{
	uint64_t before;

	fake_front_one(test, 7);
	KUNIT_ASSERT_EQ(test, pv_xen_hvm_set_param(HVM_PARAM_STORE_PFN, 0), 0);
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, pv_xenbus.resume(), PV_EGONE);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, SECOND);
	pv_xenbus.work();
	KUNIT_EXPECT_NOT_NULL(test, fake_front_find("vbd/7"));
	/* The watches go with the store. */
	pv_bus_remove_all();
	pv_xenbus.end();
	pv_fake_xs_restart();
}

/* The console's driver is told; one that has nothing to say to that, or fails, keeps nobody. */
static unsigned int resumes;
static int resume_result;

static bool match_console(const struct pv_device *dev)
{
	return pv_xenbus_is(dev, "console");
}

static int probe_console(struct pv_device *dev)
{
	(void)dev;
	return 0;
}

static void remove_console(struct pv_device *dev)
{
	(void)dev;
}

static int resume_console(struct pv_device *dev)
{
	(void)dev;
	resumes++;
	return resume_result;
}

static void resume_of_the_console(struct kunit *test)
{
	static const struct pv_driver with = {.name = "with",
					      .match = match_console,
					      .probe = probe_console,
					      .remove = remove_console,
					      .resume = resume_console};
	static const struct pv_driver without = {.name = "without",
						 .match = match_console,
						 .probe = probe_console,
						 .remove = remove_console};
	static const struct pv_driver *const drivers[][2] = {
		{NULL}, {&without, NULL}, {&with, NULL}, {&with, NULL}};
	unsigned int i;
	char text[40];

	resumes = 0;
	for (i = 0; i < PV_ARRAY_SIZE(drivers); i++) {
		fake_store_down(test);
		fake_store.no_store = true;
		KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
		pv_bus_set_drivers(drivers[i]);
		KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
		KUNIT_ASSERT_NOT_NULL(test, fake_front_find("console/0"));
		pv_device_describe(&fake_front_find("console/0")->dev, text, sizeof(text));
		KUNIT_EXPECT_STREQ(test, text, "xenbus");
		resume_result = i == 3 ? PV_EIO : 0;
		KUNIT_EXPECT_EQ(test, pv_xenbus.resume(), 0);
		KUNIT_EXPECT_EQ(test, resumes, i < 2 ? 0u : i - 1);
		KUNIT_EXPECT_EQ(test, pv_fake_logged("no events any more"), i == 3);
		pv_bus_remove_all();
		pv_xenbus.end();
	}
}

/* Where no store was, none is missed. */
static void resume_of_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_xenbus.resume(), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.requests, 0);
}

static struct kunit_case xenbus_lost_cases[] = {
	KUNIT_CASE(wait_ends_with_the_store),
	KUNIT_CASE(store_dies_during_a_wait),
	KUNIT_CASE(wait_without_a_watch),
	KUNIT_CASE(watch_refused),
	KUNIT_CASE(reopened_in_vain),
	KUNIT_CASE(resume_without_store),
	KUNIT_CASE(resume_of_the_console),
	KUNIT_CASE(resume_of_nothing),
	{},
};

static struct kunit_suite xenbus_lost_suite = {
	.name = "xenbus_lost",
	.init = fake_front_init,
	.exit = fake_front_exit,
	.test_cases = xenbus_lost_cases,
};

kunit_test_suite(xenbus_lost_suite);
