/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which devices are set up once more when the number of CPUs is told: those of a driver that can do
 * it, which nobody has opened; and one that does not come up with several queues.
 *
 * Covers: pv-core/queues.c
 */
#include <kunit/test.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/bus.h"
#include "pv-core/queues.h"

static unsigned int probes, most; /* how many queues a device comes up with */
static bool opened;

static bool match(const struct pv_device *dev)
{
	return dev->class_id == PV_CLASS_BLK;
}

static bool match_net(const struct pv_device *dev)
{
	return dev->class_id == PV_CLASS_NET;
}

static int probe(struct pv_device *dev)
{
	(void)dev;
	probes++;
	return pv_queues_cpus > most ? PV_ENOSPC : 0;
}

static void drop(struct pv_device *dev)
{
	(void)dev;
}

static bool idle(const struct pv_device *dev)
{
	(void)dev;
	return !opened;
}

static void release(struct pv_device *dev)
{
	(void)dev;
}

static const struct pv_bus bus = {.name = "test-bus", .release = release};
static const struct pv_driver with = {
	.name = "with", .match = match, .probe = probe, .remove = drop, .idle = idle};
static const struct pv_driver without = {
	.name = "without", .match = match_net, .probe = probe, .remove = drop};
static const struct pv_driver *const drivers[] = {&with, &without, NULL};

static int queues_init(struct kunit *test)
{
	static struct pv_device dev[3];
	static const enum pv_device_class classes[] = {PV_CLASS_BLK, PV_CLASS_NET,
						       PV_CLASS_CONSOLE};
	unsigned int i;
	int err = 0;

	test->priv = &dev[0];
	most = 8;
	opened = false;
	pv_bus_set_drivers(drivers);
	for (i = 0; i < 3 && !err; i++) {
		dev[i] = (struct pv_device) {.bus = &bus, .class_id = classes[i]};
		pv_snprintf(dev[i].name, sizeof(dev[i].name), "dev%u", i);
		err = pv_device_add(&dev[i]);
	}
	probes = 0;
	return err;
}

static void queues_exit(struct kunit *test)
{
	(void)test;
	most = 8;
	pv_bus_remove_all();
	pv_bus_set_drivers(NULL);
	(void)pv_queues_follow(1);
}

static void queues_follow(struct kunit *test)
{
	struct pv_device *dev = test->priv;

	KUNIT_EXPECT_EQ(test, pv_queues_follow(4), 0);
	KUNIT_EXPECT_EQ(test, probes,
			1); /* the driver that cannot, and the device that has none, apart */
	KUNIT_EXPECT_EQ(test, pv_queues_cpus, 4);
	opened = true;
	KUNIT_EXPECT_EQ(test, pv_queues_follow(2), PV_EBUSY);
	opened = false;
	dev->state = PV_DEV_BROKEN;
	KUNIT_EXPECT_EQ(test, pv_queues_follow(2), PV_EBUSY);
	dev->state = PV_DEV_LIVE;
	KUNIT_EXPECT_EQ(test, probes, 1);
	KUNIT_EXPECT_EQ(test, pv_queues_follow(0), 0);
	KUNIT_EXPECT_EQ(test, pv_queues_cpus, 1);
}

static void queues_refused(struct kunit *test)
{
	struct pv_device *dev = test->priv;

	most = 1;
	KUNIT_EXPECT_EQ(test, pv_queues_follow(4), 0);
	KUNIT_EXPECT_EQ(test, probes, 2);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("dev0: is tried with one queue"));
	KUNIT_EXPECT_PTR_EQ(test, dev->driver, &with);
	KUNIT_EXPECT_EQ(test, pv_queues_cpus, 4);
	/* With one it was tried already. */
	most = 0;
	probes = 0;
	pv_fake_log_reset();
	KUNIT_EXPECT_EQ(test, pv_queues_follow(1), 0);
	KUNIT_EXPECT_EQ(test, probes, 1);
	KUNIT_EXPECT_NULL(test, dev->driver);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("is tried with one queue"));
}

static struct kunit_case queues_cases[] = {
	KUNIT_CASE(queues_follow),
	KUNIT_CASE(queues_refused),
	{},
};

static struct kunit_suite queues_suite = {
	.name = "queues_idle",
	.init = queues_init,
	.exit = queues_exit,
	.test_cases = queues_cases,
};

kunit_test_suite(queues_suite);
