/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xenbus.c: which devices there are, as they come and go, and what fails meanwhile.
 *
 * Covers: pv-core/xen/xenbus.c
 */
#include "fake_front.h"

/* --- finding ---------------------------------------------------------------------------------- */

static void xenbus_finds(struct kunit *test)
{
	struct pv_xenbus_device *xd;
	char text[120];
	uint64_t before = pv_fake.now;

	pv_fake_xs_device("vbd", 51712, NULL, 0);
	pv_fake_xs_device("vif", 0, NULL, 0);
	pv_fake_xs_device("vkbd", 0, NULL, 0);
	fake_front_backend(51712, "2");
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	EXPECT_STORY(test, "probe(vbd/51712)");
	KUNIT_EXPECT_STREQ(test, fake_front.states, "34");
	/* Devices without a driver are listed, and not waited for. */
	KUNIT_EXPECT_LT(test, pv_fake.now - before, SECOND);
	xd = fake_front_find("vbd/51712");
	KUNIT_ASSERT_NOT_NULL(test, xd);
	KUNIT_EXPECT_STREQ(test, xd->nodename, "device/vbd/51712");
	KUNIT_EXPECT_STREQ(test, xd->backend, "/local/domain/0/backend/vbd/5/51712");
	KUNIT_EXPECT_EQ(test, xd->backend_id, 0);
	KUNIT_EXPECT_EQ(test, xd->state, XenbusStateConnected);
	KUNIT_EXPECT_EQ(test, xd->backend_state, XenbusStateConnected);
	KUNIT_EXPECT_EQ(test, xd->dev.class_id, PV_CLASS_BLK);
	KUNIT_EXPECT_EQ(test, xd->dev.state, PV_DEV_LIVE);
	pv_device_describe(&xd->dev, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text,
			   "domain 0 /local/domain/0/backend/vbd/5/51712, Connected/Connected");
	KUNIT_ASSERT_NOT_NULL(test, fake_front_find("vif/0"));
	KUNIT_EXPECT_EQ(test, fake_front_find("vif/0")->dev.class_id, PV_CLASS_NET);
	KUNIT_EXPECT_EQ(test, fake_front_find("vif/0")->dev.state, PV_DEV_FOUND);
	KUNIT_EXPECT_EQ(test, fake_front_find("vkbd/0")->dev.class_id, PV_CLASS_OTHER);
}

/* One without a driver is let go when the toolstack takes it away. */
static void xenbus_unwanted_goes(struct kunit *test)
{
	char text[120];

	pv_fake_xs_device("vif", 0, NULL, 0);
	pv_fake_xs_write("/local/domain/0/backend/vif/5/0/state", "2");
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	fake_front_work();
	pv_device_describe(&fake_front_find("vif/0")->dev, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text,
			   "domain 0 /local/domain/0/backend/vif/5/0, Initialising/InitWait");
	KUNIT_EXPECT_EQ(test, pv_fake_xs_number("device/vif/0/state"), 1);
	pv_fake_xs_write("/local/domain/0/backend/vif/5/0/state", "5");
	fake_front_work();
	KUNIT_EXPECT_EQ(test, pv_fake_xs_number("device/vif/0/state"), 6);
	pv_fake_xs_device_rm("vif", 0);
	fake_front_work();
	KUNIT_EXPECT_NULL(test, fake_front_find("vif/0"));
}

static void xenbus_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, fake_front_scan(), 0);
	KUNIT_EXPECT_NULL(test, pv_device_next(NULL));
	fake_front_work();
}

/*
 * A backend that is not ready when the kernel starts: waited for, but not for ever; later it is
 * found.
 */
static void xenbus_late_backend(struct kunit *test)
{
	uint64_t before;

	fake_front.dead = true;
	pv_fake_xs_device("vbd", 1, NULL, 0);
	before = pv_fake.now;
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	KUNIT_EXPECT_GE(test, pv_fake.now - before, PV_CONFIG_XENBUS_MS * 1000000ull);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, PV_CONFIG_XENBUS_MS * 1200000ull);
	KUNIT_EXPECT_TRUE(
		test, pv_fake_logged("vbd/1: its backend is Initialising, we are Initialising"));
	EXPECT_STORY(test, "");
	fake_front.dead = false;
	fake_front_backend(1, "2");
	fake_front_work();
	EXPECT_STORY(test, "probe(vbd/1)");
	KUNIT_EXPECT_EQ(test, fake_front_state(1), XenbusStateConnected);
}

/* Folders that are not complete, or nonsense, are no devices; what is beside them is. */
static void xenbus_strange_folders(struct kunit *test)
{
	pv_fake_xs_write("device/vbd/1/state", "1");
	pv_fake_xs_write("device/vbd/2/backend", "/local/domain/0/backend/vbd/5/2");
	pv_fake_xs_write("device/vbd/2/backend-id", "32752");
	fake_front_backend(2, "2");
	pv_fake_xs_write("device/vbd/3/backend", "relative/path");
	pv_fake_xs_write("device/vbd/3/backend-id", "0");
	pv_fake_xs_write("device/vbd/4/backend", "/x");
	pv_fake_xs_write("device/vbd/4/backend-id", "zero");
	pv_fake_xs_write("device/vbd/5/backend-id", "0");
	pv_fake_xs_write(
		"device/vbd/5/backend",
		"/a/path/that/is/longer/than/any/backend's/folder/can/be/and/even/then/some/"
		"more/of/it/follows/here");
	pv_fake_xs_write(
		"device/vbd/an-id-that-is-much-longer-than-the-name-of-a-device/backend-id", "0");
	pv_fake_xs_write("device/vbd/an-id-that-is-much-longer-than-the-name-of-a-device/backend",
			 "/x");
	pv_fake_xs_write("device/a-type-of-more-than-15/0/backend-id", "0");
	pv_fake_xs_write("device/a-type-of-more-than-15/0/backend", "/x");
	pv_fake_xs_write("device/empty", "");
	fake_front_one(test, 99);
	EXPECT_STORY(test, "probe(vbd/99)");
	KUNIT_EXPECT_PTR_EQ(test, pv_device_next(NULL), &fake_front_find("vbd/99")->dev);
	KUNIT_EXPECT_NULL(test, pv_device_next(pv_device_next(NULL)));
	/* Complete now. */
	pv_fake_xs_write("device/vbd/1/backend-id", "0");
	pv_fake_xs_write("/local/domain/0/backend/vbd/5/1/state", "2");
	pv_fake_xs_write("device/vbd/1/backend", "/local/domain/0/backend/vbd/5/1");
	fake_front_work();
	EXPECT_STORY(test, "probe(vbd/1)");
}

static void xenbus_many(struct kunit *test)
{
	struct pv_device *dev;
	unsigned int i, n = 0;

	for (i = 0; i < 300; i++)
		pv_fake_xs_device("vkbd", i, NULL, 0);
	KUNIT_EXPECT_EQ(test, fake_front_scan(), 0);
	pv_for_each_device (dev)
		n++;
	KUNIT_EXPECT_EQ(test, n, 256);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("passed over"));
}

/* --- coming and going ------------------------------------------------------------------------- */

static void xenbus_hot_plug(struct kunit *test)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	for (i = 0; i < 20; i++) {
		pv_fake_xs_device("vbd", 7, NULL, 0);
		fake_front_work();
		fake_front_backend(7, "2");
		fake_front_work();
		EXPECT_STORY(test, "probe(vbd/7)");
		KUNIT_EXPECT_EQ(test, fake_front_state(7), XenbusStateConnected);
		/*
		 * xl block-detach: not online, Closing; we close; the backend follows; the folders
		 * go.
		 */
		fake_front.states[0] = '\0';
		pv_fake_xs_write("/local/domain/0/backend/vbd/5/7/online", "0");
		fake_front_backend(7, "5");
		fake_front_work();
		EXPECT_STORY(test, "remove(vbd/7)");
		KUNIT_EXPECT_STREQ(test, fake_front.states, "56");
		KUNIT_EXPECT_EQ(test, pv_fake_xs_number("/local/domain/0/backend/vbd/5/7/state"),
				6);
		pv_fake_xs_device_rm("vbd", 7);
		fake_front_work();
		KUNIT_EXPECT_NULL(test, fake_front_find("vbd/7"));
		KUNIT_EXPECT_NULL(test, pv_fake_xs_read("device/vbd/7"));
	}
	EXPECT_STORY(test, "");
}

/* Both folders at once (xl block-detach --force): nothing is written any more. */
static void xenbus_vanishes(struct kunit *test)
{
	fake_front_one(test, 7);
	EXPECT_STORY(test, "probe(vbd/7)");
	fake_front.states[0] = '\0';
	pv_fake_xs_device_rm("vbd", 7);
	fake_front_work();
	EXPECT_STORY(test, "remove(vbd/7)");
	KUNIT_EXPECT_NULL(test, fake_front_find("vbd/7"));
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("device/vbd/7"));
	KUNIT_EXPECT_STREQ(test, fake_front.states, "");
	/* Reading the backend's folder may be forbidden rather than fail. */
	pv_fake_xs_device("vbd", 8, NULL, 0);
	fake_front_backend(8, "2");
	fake_front_work();
	EXPECT_STORY(test, "probe(vbd/8)");
	pv_fake_xs.deny = "/local/domain/0/";
	fake_front_backend(8, "0");
	fake_front_work();
	EXPECT_STORY(test, "remove(vbd/8)");
}

/* The kernel holds it still: the structure stays, and the folder's next device is another. */
static void xenbus_vanishes_while_held(struct kunit *test)
{
	struct pv_device *dev;

	fake_front_one(test, 7);
	dev = &fake_front_find("vbd/7")->dev;
	pv_device_get(dev);
	pv_fake_xs_device_rm("vbd", 7);
	fake_front_work();
	KUNIT_EXPECT_EQ(test, dev->state, PV_DEV_GONE);
	pv_fake_xs_device("vbd", 7, NULL, 0);
	fake_front_backend(7, "2");
	fake_front_work();
	EXPECT_STORY(test, "probe(vbd/7)remove(vbd/7)probe(vbd/7)");
	KUNIT_EXPECT_PTR_NE(test, &fake_front_find("vbd/7")->dev, dev);
	KUNIT_EXPECT_STREQ(test, dev->name, "vbd/7");
	pv_device_put(dev);
}

static void xenbus_other_backend(struct kunit *test)
{
	fake_front_one(test, 7);
	EXPECT_STORY(test, "probe(vbd/7)");
	pv_fake_xs_write("/local/domain/9/backend/vbd/5/7/state", "2");
	pv_fake_xs_write("device/vbd/7/state", "1");
	pv_fake_xs_write("device/vbd/7/backend-id", "9");
	pv_fake_xs_write("device/vbd/7/backend", "/local/domain/9/backend/vbd/5/7");
	fake_front.connects = false;
	fake_front_work();
	EXPECT_STORY(test, "remove(vbd/7)probe(vbd/7)");
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->backend_id, 9);
}

static void xenbus_shutdown(struct kunit *test)
{
	fake_front_one(test, 7);
	fake_front.states[0] = '\0';
	pv_bus_remove_all();
	KUNIT_EXPECT_STREQ(test, fake_front.states, "56");
	/* A successor finds it closed, and gets it. */
	pv_xenbus.end();
	fake_front.story[0] = '\0';
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	EXPECT_STORY(test, "probe(vbd/7)");
}

/* --- what fails ------------------------------------------------------------------------------- */

static void xenbus_store_fails(struct kunit *test)
{
	fake_store_down(test);
	KUNIT_EXPECT_EQ(test, fake_front_scan(), PV_ENODEV);
	fake_store.no_store = true;
	fake_store.no_console = true;
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	KUNIT_EXPECT_EQ(test, fake_front_scan(), PV_ENODEV);
	fake_store_down(test);
	fake_store.no_console = true;
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	fake_front_one(test, 7);
	/* The store dies under a device. */
	pv_fake_xs.breach = PV_FAKE_XS_HUGE;
	pv_fake_xs_write("device/vbd/7/x", "");
	fake_front_work();
	pv_bus_remove_all();
	KUNIT_EXPECT_NULL(test, pv_device_next(NULL));
	pv_xenbus.end();
	pv_fake_xs_restart();
	pv_fake_xs.watches = 0;
}

static struct kunit_case xenbus_cases[] = {
	KUNIT_CASE(xenbus_finds),
	KUNIT_CASE(xenbus_unwanted_goes),
	KUNIT_CASE(xenbus_nothing),
	KUNIT_CASE(xenbus_late_backend),
	KUNIT_CASE(xenbus_strange_folders),
	KUNIT_CASE(xenbus_many),
	KUNIT_CASE(xenbus_hot_plug),
	KUNIT_CASE(xenbus_vanishes),
	KUNIT_CASE(xenbus_vanishes_while_held),
	KUNIT_CASE(xenbus_other_backend),
	KUNIT_CASE(xenbus_shutdown),
	KUNIT_CASE(xenbus_store_fails),
	{},
};

static struct kunit_suite xenbus_suite = {
	.name = "xenbus",
	.init = fake_front_init,
	.exit = fake_front_exit,
	.test_cases = xenbus_cases,
};

kunit_test_suite(xenbus_suite);
