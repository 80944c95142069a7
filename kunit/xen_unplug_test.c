/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The emulated devices of an HVM guest, and the ports by which they go.
 *
 * Covers: pv-core/xen/unplug.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>

#include "pv-core/xen/unplug.h"
#include "pv-core/xen/xen.h"

static struct {
	uint16_t magic;
	uint8_t version;
	bool refuses; /* our product */
	uint16_t product, unplugged;
	uint32_t build;
	unsigned int writes;
} platform;

static uint32_t platform_read(void *arg, uint64_t offset, unsigned int size)
{
	(void)arg;
	if (offset == 0 && size == 2)
		return platform.refuses && platform.writes ? 0xffff : platform.magic;
	return offset == 2 && size == 1 ? platform.version : ~0u;
}

static void platform_write(void *arg, uint64_t offset, unsigned int size, uint32_t value)
{
	(void)arg;
	platform.writes++;
	if (offset == 2 && size == 2)
		platform.product = (uint16_t)value;
	else if (offset == 0 && size == 4)
		platform.build = value;
	else if (offset == 0 && size == 2)
		platform.unplugged |= (uint16_t)value;
}

static struct pv_fake_region ports = {
	.base = 0x10, .len = 4, .read = platform_read, .write = platform_write};

static int unplug_init(struct kunit *test)
{
	(void)test;
	pv_fake_xen_start();
	pv_memset(&platform, 0, sizeof(platform));
	platform.magic = 0x49d2;
	platform.version = 1;
	pv_fake_ports_add(&ports);
	pv_xen_unplug_begin();
	return 0;
}

static void unplug_exit(struct kunit *test)
{
	(void)test;
	pv_shutdown();
}

/* NULL: an HVM guest. */
static int start(const struct pv_boot_info *boot)
{
	const struct pv_init_args args = {.boot = boot, .hypervisors = pv_fake_hypervisors};

	return pv_init(&args);
}

static void by_class(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, start(NULL), 0);
	KUNIT_ASSERT_EQ(test, pv_xen_mode(), PV_XEN_HVM);
	pv_xen_unplug(PV_CLASS_CONSOLE);
	pv_xen_unplug(PV_CLASS_OTHER);
	KUNIT_EXPECT_EQ(test, platform.writes, 0);
	pv_xen_unplug(PV_CLASS_BLK);
	KUNIT_EXPECT_EQ(test, platform.unplugged, 1);
	KUNIT_EXPECT_EQ(test, platform.product, 0xffff);
	KUNIT_EXPECT_NE(test, platform.build, 0);
	pv_xen_unplug(PV_CLASS_NET);
	KUNIT_EXPECT_EQ(test, platform.unplugged, 3);
	/* Once. */
	platform.writes = 0;
	pv_xen_unplug(PV_CLASS_BLK);
	pv_xen_unplug(PV_CLASS_NET);
	KUNIT_EXPECT_EQ(test, platform.writes, 0);
}

/* Version 0 takes no names. */
static void version_0(struct kunit *test)
{
	platform.version = 0;
	KUNIT_ASSERT_EQ(test, start(NULL), 0);
	pv_xen_unplug(PV_CLASS_NET);
	KUNIT_EXPECT_EQ(test, platform.unplugged, 2);
	KUNIT_EXPECT_EQ(test, platform.writes, 1);
}

static void nobody_there(struct kunit *test)
{
	platform.magic = 0xffff;
	KUNIT_ASSERT_EQ(test, start(NULL), 0);
	pv_xen_unplug(PV_CLASS_BLK);
	KUNIT_EXPECT_EQ(test, platform.writes, 0);
}

static void refused(struct kunit *test)
{
	platform.refuses = true;
	KUNIT_ASSERT_EQ(test, start(NULL), 0);
	pv_xen_unplug(PV_CLASS_BLK);
	KUNIT_EXPECT_EQ(test, platform.unplugged, 0);
	KUNIT_EXPECT_EQ(test, platform.product, 0xffff);
}

/* A PVH guest has no such ports. */
static void not_in_pvh(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, start(pv_fake_xen_boot()), 0);
	KUNIT_ASSERT_EQ(test, pv_xen_mode(), PV_XEN_PVH);
	pv_xen_unplug(PV_CLASS_BLK);
	KUNIT_EXPECT_EQ(test, platform.writes, 0);
}

static struct kunit_case unplug_cases[] = {
	KUNIT_CASE(by_class), KUNIT_CASE(version_0),  KUNIT_CASE(nobody_there),
	KUNIT_CASE(refused),  KUNIT_CASE(not_in_pvh), {},
};

static struct kunit_suite unplug_suite = {
	.name = "xen_unplug",
	.init = unplug_init,
	.exit = unplug_exit,
	.test_cases = unplug_cases,
};

kunit_test_suite(unplug_suite);
