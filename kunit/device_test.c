/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/device.c: the life of devices on a bus of the test's own.
 *
 * Covers: pv-core/device.c
 */
#include <kunit/test.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/bus.h"

/* What happened, in order: "match(a)probe(a)". */
static char story[512];

static void tell(const char *what, const struct pv_device *dev)
{
	size_t n = pv_strlen(story);

	pv_snprintf(story + n, sizeof(story) - n, "%s(%s)", what, dev->name);
}

#define EXPECT_STORY(test, want)                                                                   \
	do {                                                                                       \
		KUNIT_EXPECT_STREQ(test, story, want);                                             \
		story[0] = '\0';                                                                   \
	} while (0)

static void bus_release(struct pv_device *dev)
{
	tell("release", dev);
}

static int bus_describe(struct pv_device *dev, char *buf, size_t size)
{
	return pv_snprintf(buf, size, "this is %s", dev->name);
}

static const struct pv_bus bus = {
	.name = "test-bus", .release = bus_release, .describe = bus_describe};
static const struct pv_bus terse_bus = {.name = "terse-bus", .release = bus_release};

static int probe_err;
static bool break_in_probe;
static enum pv_device_state state_in_probe;

static bool match_blk(const struct pv_device *dev)
{
	tell("blk?", dev);
	return dev->class_id == PV_CLASS_BLK;
}

static bool match_any(const struct pv_device *dev)
{
	tell("any?", dev);
	return dev->class_id != PV_CLASS_CONSOLE;
}

static int probe(struct pv_device *dev)
{
	tell("probe", dev);
	state_in_probe = dev->state;
	dev->priv = dev;
	if (break_in_probe)
		return pv_device_break(dev, "broken in probe");
	return probe_err;
}

static void do_remove(struct pv_device *dev)
{
	tell("remove", dev);
}

static struct pv_device *remove_in_changed;
static bool change_in_changed;

static void changed(struct pv_device *dev)
{
	tell("changed", dev);
	if (remove_in_changed)
		pv_device_remove(remove_in_changed);
	remove_in_changed = NULL;
	if (change_in_changed)
		pv_device_changed(dev);
}

static const struct pv_driver blk_driver = {.name = "blk-driver",
					    .match = match_blk,
					    .probe = probe,
					    .remove = do_remove,
					    .changed = changed};
static const struct pv_driver any_driver = {
	.name = "any-driver", .match = match_any, .probe = probe, .remove = do_remove};
static const struct pv_driver *const drivers[] = {&blk_driver, &any_driver, NULL};

static struct pv_device a, b, c;

static void make(struct pv_device *dev, const char *name, enum pv_device_class class_id)
{
	pv_memset(dev, 0xa5, sizeof(*dev));
	dev->bus = &bus;
	dev->class_id = class_id;
	dev->priv = NULL;
	pv_snprintf(dev->name, sizeof(dev->name), "%s", name);
}

static int device_init(struct kunit *test)
{
	(void)test;
	story[0] = '\0';
	probe_err = 0;
	break_in_probe = change_in_changed = false;
	remove_in_changed = NULL;
	pv_bus_set_drivers(drivers);
	make(&a, "a", PV_CLASS_BLK);
	make(&b, "b", PV_CLASS_NET);
	make(&c, "c", PV_CLASS_CONSOLE);
	return 0;
}

static void device_exit(struct kunit *test)
{
	(void)test;
	pv_bus_remove_all();
	pv_bus_set_drivers(NULL);
}

static void add_all(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_device_add(&a), 0);
	KUNIT_ASSERT_EQ(test, pv_device_add(&b), 0);
	KUNIT_ASSERT_EQ(test, pv_device_add(&c), 0);
}

static void device_matches_in_order(struct kunit *test)
{
	struct pv_device *dev;
	unsigned int n = 0;

	add_all(test);
	EXPECT_STORY(test, "blk?(a)probe(a)blk?(b)any?(b)probe(b)blk?(c)any?(c)");
	KUNIT_EXPECT_PTR_EQ(test, a.driver, &blk_driver);
	KUNIT_EXPECT_PTR_EQ(test, b.driver, &any_driver);
	KUNIT_EXPECT_NULL(test, c.driver);
	KUNIT_EXPECT_EQ(test, state_in_probe, PV_DEV_LIVE);
	KUNIT_EXPECT_EQ(test, a.state, PV_DEV_LIVE);
	KUNIT_EXPECT_EQ(test, c.state, PV_DEV_FOUND);
	KUNIT_EXPECT_FALSE(test, pv_device_broken(&a));
	KUNIT_EXPECT_TRUE(test, pv_device_broken(&c));
	pv_for_each_device (dev) {
		KUNIT_EXPECT_PTR_EQ(test, dev, n == 0 ? &a : n == 1 ? &b : &c);
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, 3);
}

static void device_removed_last_first(struct kunit *test)
{
	add_all(test);
	story[0] = '\0';
	pv_bus_remove_all();
	EXPECT_STORY(test, "release(c)remove(b)release(b)remove(a)release(a)");
	KUNIT_EXPECT_NULL(test, pv_device_next(NULL));
}

static void device_removed_from_the_middle(struct kunit *test)
{
	add_all(test);
	story[0] = '\0';
	pv_device_remove(&b);
	EXPECT_STORY(test, "remove(b)release(b)");
	KUNIT_EXPECT_PTR_EQ(test, pv_device_next(NULL), &a);
	KUNIT_EXPECT_PTR_EQ(test, pv_device_next(&a), &c);
	KUNIT_EXPECT_NULL(test, pv_device_next(&c));
	/* It may come back. */
	make(&b, "b", PV_CLASS_NET);
	KUNIT_EXPECT_EQ(test, pv_device_add(&b), 0);
	KUNIT_EXPECT_PTR_EQ(test, pv_device_next(&c), &b);
}

static void device_named_twice(struct kunit *test)
{
	struct pv_device twin;

	add_all(test);
	story[0] = '\0';
	make(&twin, "b", PV_CLASS_BLK);
	KUNIT_EXPECT_EQ(test, pv_device_add(&twin), PV_EEXIST);
	EXPECT_STORY(test, "");
}

static void device_probe_fails(struct kunit *test)
{
	probe_err = PV_ENOMEM;
	KUNIT_EXPECT_EQ(test, pv_device_add(&a), 0);
	KUNIT_EXPECT_EQ(test, a.state, PV_DEV_FOUND);
	KUNIT_EXPECT_NULL(test, a.driver);
	KUNIT_EXPECT_NULL(test, a.priv);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("a: blk-driver did not come up, error -12"));
	story[0] = '\0';
	pv_device_remove(&a);
	EXPECT_STORY(test, "release(a)");
}

static void device_breaks_in_probe(struct kunit *test)
{
	break_in_probe = true;
	KUNIT_EXPECT_EQ(test, pv_device_add(&a), 0);
	KUNIT_EXPECT_EQ(test, a.state, PV_DEV_FOUND);
	KUNIT_EXPECT_NULL(test, a.reason);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("a: broken: broken in probe"));
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("error -71"));
}

static void device_no_drivers(struct kunit *test)
{
	pv_bus_set_drivers(NULL);
	KUNIT_EXPECT_EQ(test, pv_device_add(&a), 0);
	KUNIT_EXPECT_EQ(test, a.state, PV_DEV_FOUND);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("a: no driver"));
}

static void device_break(struct kunit *test)
{
	add_all(test);
	KUNIT_EXPECT_EQ(test, pv_device_break(&a, "its ring is nonsense"), PV_EPROTO);
	KUNIT_EXPECT_EQ(test, a.state, PV_DEV_BROKEN);
	KUNIT_EXPECT_TRUE(test, pv_device_broken(&a));
	KUNIT_EXPECT_STREQ(test, a.reason, "its ring is nonsense");
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("a: broken: its ring is nonsense"));
	/* The first reason stays, and is logged once. */
	KUNIT_EXPECT_EQ(test, pv_device_break(&a, "and more"), PV_EPROTO);
	KUNIT_EXPECT_STREQ(test, a.reason, "its ring is nonsense");
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("and more"));
	/* Other devices are none the worse; a broken one is removed as usual. */
	KUNIT_EXPECT_EQ(test, b.state, PV_DEV_LIVE);
	story[0] = '\0';
	pv_device_remove(&a);
	EXPECT_STORY(test, "remove(a)release(a)");
	KUNIT_EXPECT_EQ(test, pv_device_break(&a, "late"), PV_EPROTO);
	KUNIT_EXPECT_EQ(test, a.state, PV_DEV_GONE);
}

static void device_held(struct kunit *test)
{
	add_all(test);
	pv_device_get(&a);
	story[0] = '\0';
	pv_device_remove(&a);
	EXPECT_STORY(test, "remove(a)");
	KUNIT_EXPECT_EQ(test, a.state, PV_DEV_GONE);
	KUNIT_EXPECT_NULL(test, a.driver);
	KUNIT_EXPECT_PTR_EQ(test, pv_device_next(NULL), &b);
	pv_device_put(&a);
	EXPECT_STORY(test, "release(a)");
}

static void device_changes(struct kunit *test)
{
	add_all(test);
	story[0] = '\0';
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 0);
	pv_device_changed(&a);
	pv_device_changed(&a);
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 2);
	EXPECT_STORY(test, "");
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 1);
	EXPECT_STORY(test, "changed(a)");
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 0);
	/* Nobody to tell, in one way and the other. */
	pv_device_changed(&b);
	pv_device_changed(&c);
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 2);
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 0);
	EXPECT_STORY(test, "");
}

/* A change during the call is not lost, and does not keep pv_work() for ever. */
static void device_changes_in_changed(struct kunit *test)
{
	int done;

	add_all(test);
	change_in_changed = true;
	pv_device_changed(&a);
	done = pv_bus_work();
	KUNIT_EXPECT_GE(test, done, 1);
	KUNIT_EXPECT_LE(test, done, 3);
	KUNIT_EXPECT_GE(test, pv_fake.work_scheduled, 2);
	change_in_changed = false;
	story[0] = '\0';
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 1);
	EXPECT_STORY(test, "changed(a)");
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 0);
}

/* A driver removes a device while pv_work() walks the list: itself, or the one that comes next. */
static void device_removed_in_changed(struct kunit *test)
{
	b.class_id = PV_CLASS_BLK;
	add_all(test);
	story[0] = '\0';
	pv_device_changed(&a);
	pv_device_changed(&b);
	remove_in_changed = &a;
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 2);
	EXPECT_STORY(test, "changed(a)remove(a)release(a)changed(b)");

	make(&a, "a", PV_CLASS_BLK);
	pv_device_add(&a);
	story[0] = '\0';
	pv_device_changed(&a);
	pv_device_changed(&b);
	remove_in_changed = &a; /* from b's */
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 1);
	EXPECT_STORY(test, "changed(b)remove(a)release(a)");
}

static void device_described(struct kunit *test)
{
	char text[32];

	add_all(test);
	KUNIT_EXPECT_EQ(test, pv_device_describe(&a, text, sizeof(text)), 9);
	KUNIT_EXPECT_STREQ(test, text, "this is a");
	a.bus = &terse_bus;
	KUNIT_EXPECT_EQ(test, pv_device_describe(&a, text, sizeof(text)), 0);
	KUNIT_EXPECT_STREQ(test, text, "");
	KUNIT_EXPECT_EQ(test, pv_device_describe(&a, NULL, 0), 0);
	KUNIT_EXPECT_STREQ(test, pv_device_state_name(PV_DEV_LIVE), "live");
	KUNIT_EXPECT_STREQ(test, pv_device_state_name(PV_DEV_BROKEN), "broken");
	KUNIT_EXPECT_STREQ(test, pv_device_state_name((enum pv_device_state)9), "unknown");
}

static struct kunit_case device_cases[] = {
	KUNIT_CASE(device_matches_in_order),
	KUNIT_CASE(device_removed_last_first),
	KUNIT_CASE(device_removed_from_the_middle),
	KUNIT_CASE(device_named_twice),
	KUNIT_CASE(device_probe_fails),
	KUNIT_CASE(device_breaks_in_probe),
	KUNIT_CASE(device_no_drivers),
	KUNIT_CASE(device_break),
	KUNIT_CASE(device_held),
	KUNIT_CASE(device_changes),
	KUNIT_CASE(device_changes_in_changed),
	KUNIT_CASE(device_removed_in_changed),
	KUNIT_CASE(device_described),
	{},
};

static struct kunit_suite device_suite = {
	.name = "device",
	.init = device_init,
	.exit = device_exit,
	.test_cases = device_cases,
};

kunit_test_suite(device_suite);
