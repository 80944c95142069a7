/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * xenbus where the store fails, or refuses: each request of the bus's own, and what becomes of the
 * device.
 *
 * Covers: pv-core/xen/xenbus.c pv-core/xen/xenbus_state.c
 */
#include "fake_front.h"
#include "pv-core/xen/xenbus_bus.h"
#include "pv-core/xen/xs_conn.h"

#define BACK "/local/domain/0/backend/vbd/5/7"

/* --- folders ---------------------------------------------------------------------------------- */

/* Each thing that a folder may lack, by itself. */
static void folder_without(struct kunit *test)
{
	static const struct {
		const char *id, *backend;
		int err;
	} cases[] = {
		{NULL, BACK, PV_ENOENT},    {"0", NULL, PV_ENOENT},  {"zero", BACK, PV_EINVAL},
		{"32752", BACK, PV_EINVAL}, {"0", "a/b", PV_EINVAL}, {"0", "", PV_EINVAL},
		{"32751", BACK, 0},
	};
	struct pv_xenbus_device *xd;
	unsigned int i;

	fake_front_one(test, 7);
	xd = fake_front_find("vbd/7");
	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		pv_fake_xs_rm("device/vbd/7/backend-id");
		pv_fake_xs_rm("device/vbd/7/backend");
		if (cases[i].id)
			pv_fake_xs_write("device/vbd/7/backend-id", cases[i].id);
		if (cases[i].backend)
			pv_fake_xs_write("device/vbd/7/backend", cases[i].backend);
		KUNIT_EXPECT_EQ_MSG(test, pv_xenbus_find_backend(xd), cases[i].err, "%u", i);
	}
	KUNIT_EXPECT_EQ(test, xd->backend_id, 32751);
	/* So that it is what it was. */
	pv_fake_xs_write("device/vbd/7/backend-id", "0");
	KUNIT_EXPECT_EQ(test, pv_xenbus_find_backend(xd), 0);
}

/* The store does not work: there is no bus, and nothing is kept of it. */
static void no_watch_on_devices(struct kunit *test)
{
	pv_fake_xs.deny = PV_FAKE_XS_HOME "/device";
	KUNIT_EXPECT_EQ(test, fake_front_scan(), PV_EPERM);
	pv_fake_xs.deny = NULL;
	KUNIT_EXPECT_FALSE(test, pv_xs_alive());
	fake_front_one(test, 7);
	EXPECT_STORY(test, "probe(vbd/7)");
}

/* A backend that cannot be watched: the device is found, and left alone. */
static void no_watch_on_the_backend(struct kunit *test)
{
	pv_fake_xs.deny = BACK;
	fake_front_one(test, 7);
	pv_fake_xs.deny = NULL;
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("its backend cannot be watched"));
	fake_front_backend(7, "2");
	fake_front_work();
	EXPECT_STORY(test, "");
	/* It is in the bus's list, and goes with that. */
	KUNIT_EXPECT_NOT_NULL(test, pv_xenbus_devices);
	pv_xenbus.end();
	KUNIT_EXPECT_NULL(test, pv_xenbus_devices);
}

/* No list of devices: those that are there stay. */
static void no_list_of_devices(struct kunit *test)
{
	fake_front_one(test, 7);
	pv_fake_xs.fail = "EIO";
	pv_fake_xs_device("vbd", 8, NULL, 0);
	pv_fake_xs_run();
	pv_xenbus.work();
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("looking for devices failed"));
	KUNIT_EXPECT_NOT_NULL(test, fake_front_find("vbd/7"));
}

/* A device of that name is there already: of another bus. */
static struct pv_device other = {.name = "vbd/7"};

static void release_other(struct pv_device *dev)
{
	dev->driver = NULL;
}

static void name_is_taken(struct kunit *test)
{
	static const struct pv_bus other_bus = {.name = "other", .release = release_other};

	other.bus = &other_bus;
	KUNIT_ASSERT_EQ(test, pv_device_add(&other), 0);
	KUNIT_EXPECT_FALSE(test, pv_xenbus_is(&other, "vbd"));
	fake_front_one(test, 7);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("there is such a device already"));
	EXPECT_STORY(test, "");
	KUNIT_EXPECT_EQ(test, fake_front_state(7), XenbusStateInitialising);
	pv_device_remove(&other);
}

/* The store dies while devices are waited for: the kernel goes on at once. */
static void break_the_ring(void)
{
	fake_store_ring()->rsp_prod += 5000;
	pv_fake.relax = pv_fake_xs_run;
}

static void store_dies_during_the_scan(struct kunit *test)
{
	uint64_t before = pv_fake.now;

	fake_front.dead = true;
	pv_fake_xs_device("vbd", 7, NULL, 0);
	pv_fake.relax = break_the_ring;
	KUNIT_EXPECT_EQ(test, fake_front_scan(), 0);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, SECOND);
	KUNIT_EXPECT_FALSE(test, pv_xs_alive());
	pv_xenbus.end();
	pv_fake_xs_restart();
}

/* Who holds a device when the bus ends has it until he puts it. */
static void held_at_the_end(struct kunit *test)
{
	struct pv_device *dev;
	unsigned int allocs;

	fake_front_one(test, 7);
	dev = &fake_front_find("vbd/7")->dev;
	pv_device_get(dev);
	pv_bus_remove_all();
	pv_xenbus.end();
	allocs = pv_fake.live_allocs;
	KUNIT_EXPECT_STREQ(test, dev->name, "vbd/7");
	pv_device_put(dev);
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, allocs - 1);
	/* Its watch went with the connection. */
	pv_fake_xs_restart();
}

/* --- states ----------------------------------------------------------------------------------- */

/* The store's own error says nothing of the backend: all is as it was. */
static void state_not_readable(struct kunit *test)
{
	struct pv_xenbus_device *xd;

	fake_front_one(test, 7);
	xd = fake_front_find("vbd/7");
	fake_front.story[0] = '\0';
	pv_fake_xs.fail = "EIO";
	KUNIT_EXPECT_EQ(test, pv_xenbus_read_state(xd), PV_EIO);
	KUNIT_EXPECT_EQ(test, xd->backend_state, XenbusStateConnected);
	pv_fake_xs.fail = "EIO";
	pv_xenbus_look(xd);
	EXPECT_STORY(test, "");
	KUNIT_EXPECT_EQ(test, xd->dev.state, PV_DEV_LIVE);
	KUNIT_EXPECT_EQ(test, xd->backend_state, XenbusStateConnected);
}

/* Ours cannot be written: the table comes to its end all the same. */
static void state_not_writable(struct kunit *test)
{
	struct pv_xenbus_device *xd;

	fake_front.dead = true;
	pv_fake_xs_device("vbd", 7, NULL, 0);
	pv_fake_xs_write("device/vbd/7/state", "5");
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	xd = pv_xenbus_devices;
	KUNIT_ASSERT_NOT_NULL(test, xd);
	xd->state = XenbusStateClosing;
	fake_front_backend(7, "6");
	pv_fake_xs.deny = PV_FAKE_XS_HOME "/device/vbd/7/state";
	fake_front_work();
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("cannot write its state"));
	KUNIT_EXPECT_NE(test, xd->state, XenbusStateClosing);
	pv_fake_xs.deny = NULL;
}

/* A predecessor's connection that was closed too often: nothing is written any more. */
static void closed_too_often(struct kunit *test)
{
	struct pv_xenbus_device *xd;

	fake_front.dead = true;
	pv_fake_xs_device("vbd", 7, NULL, 0);
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	xd = pv_xenbus_devices;
	KUNIT_ASSERT_NOT_NULL(test, xd);
	/* As many times as it may be. */
	xd->state = XenbusStateConnected;
	xd->closes = PV_XENBUS_CLOSES;
	fake_front.states[0] = '\0';
	fake_front_backend(7, "4");
	fake_front_work();
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("left alone"));
	KUNIT_EXPECT_TRUE(test, xd->closed);
	KUNIT_EXPECT_STREQ(test, fake_front.states, "");
	KUNIT_EXPECT_EQ(test, xd->state, XenbusStateConnected);
}

/*
 * Both are closed, and the toolstack says only later that the device is to stay: it has made no
 * step, so that nothing is overdue.
 */
static void online_again(struct kunit *test)
{
	struct pv_xenbus_device *xd;
	unsigned int i;

	fake_front.dead = true;
	pv_fake_xs_device("vbd", 7, NULL, 0);
	pv_fake_xs_write(BACK "/online", "0");
	pv_fake_xs_write("device/vbd/7/state", "6");
	fake_front_backend(7, "6");
	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	xd = pv_xenbus_devices;
	KUNIT_ASSERT_NOT_NULL(test, xd);
	fake_front.states[0] = '\0';
	pv_fake.now += 2 * PV_CONFIG_XENBUS_MS * 1000000ull;
	KUNIT_EXPECT_EQ(test, pv_xenbus_overdue(xd), 0);
	pv_fake_xs_write(BACK "/online", "1");
	for (i = 0; i < 3; i++) {
		pv_fake.now += 2 * PV_CONFIG_XENBUS_MS * 1000000ull;
		KUNIT_EXPECT_EQ(test, pv_xenbus_overdue(xd), 0);
	}
	KUNIT_EXPECT_STREQ(test, fake_front.states, "");
	KUNIT_EXPECT_EQ(test, xd->state, XenbusStateClosed);
	/* A step of the backend's is answered; one that says nothing of it is to stay, too. */
	pv_fake_xs_rm(BACK "/online");
	fake_front_backend(7, "1");
	fake_front_work();
	KUNIT_EXPECT_STREQ(test, fake_front.states, "1");
}

static void names_of_states(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, pv_xenbus_state_name(XenbusStateInitWait), "InitWait");
	KUNIT_EXPECT_STREQ(test, pv_xenbus_state_name((enum xenbus_state)PV_XENBUS_STATES),
			   "Unknown");
	KUNIT_EXPECT_STREQ(test, pv_xenbus_state_name((enum xenbus_state) - 1), "Unknown");
}

/*
 * It is to be made anew, and there is no memory for that: it is found when the folder is looked at
 * next.
 */
static void no_memory_for_another(struct kunit *test)
{
	fake_front_one(test, 7);
	pv_fake.alloc_fail_at = 1;
	fake_front_backend(7, "5");
	fake_front_work();
	KUNIT_EXPECT_EQ(test, pv_fake.alloc_fail_at, 0);
	KUNIT_ASSERT_NOT_NULL(test, fake_front_find("vbd/7"));
	EXPECT_STORY(test, "probe(vbd/7)remove(vbd/7)probe(vbd/7)");
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->dev.state, PV_DEV_LIVE);
}

static struct kunit_case xenbus_bad_cases[] = {
	KUNIT_CASE(folder_without),
	KUNIT_CASE(no_watch_on_devices),
	KUNIT_CASE(no_watch_on_the_backend),
	KUNIT_CASE(no_list_of_devices),
	KUNIT_CASE(name_is_taken),
	KUNIT_CASE(store_dies_during_the_scan),
	KUNIT_CASE(held_at_the_end),
	KUNIT_CASE(state_not_readable),
	KUNIT_CASE(state_not_writable),
	KUNIT_CASE(closed_too_often),
	KUNIT_CASE(online_again),
	KUNIT_CASE(names_of_states),
	KUNIT_CASE(no_memory_for_another),
	{},
};

static struct kunit_suite xenbus_bad_suite = {
	.name = "xenbus_bad",
	.init = fake_front_init,
	.exit = fake_front_exit,
	.test_cases = xenbus_bad_cases,
};

kunit_test_suite(xenbus_bad_suite);
