/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * PVH start info of version 0 has no memory map: Xen is asked for it, where it is Xen.
 *
 * Covers: arch/x86/boot_xen_map.c
 */
#include <kunit/test.h>
#include <pv/abi/xen.h>
#include <pv/boot.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/string.h>

#include "arch/x86/x86.h"

static struct hvm_start_info start;
static struct pv_boot_info *info;
static unsigned int entries; /* that Xen has */
static unsigned int asked;
static long answer;

static const void *reach(uint64_t pa, size_t len)
{
	return pa < sizeof(start) && len <= sizeof(start) - pa ? (char *)&start + pa : NULL;
}

/* 20 bytes each: base, size, type. */
static long memory_map(unsigned int op, const unsigned long arg[5])
{
	struct xen_memory_map *map = (struct xen_memory_map *)arg[1];
	uint8_t *out = map->buffer.p;
	unsigned int i;

	if (op != __HYPERVISOR_memory_op || arg[0] != XENMEM_memory_map)
		return PV_ENOSYS;
	asked++;
	if (answer)
		return answer;
	for (i = 0; i < entries && i < map->nr_entries; i++) {
		uint64_t range[2] = {i * 0x200000ull, 0x100000};
		uint32_t type = i % 2 ? PV_RANGE_RESERVED : PV_RANGE_RAM;

		pv_memcpy(out + 20 * i, range, 16);
		pv_memcpy(out + 20 * i + 16, &type, 4);
	}
	map->nr_entries = entries;
	return 0;
}

static int map_init(struct kunit *test)
{
	info = kunit_kmalloc(test, sizeof(*info), GFP_KERNEL);
	start = (struct hvm_start_info) {.magic = XEN_HVM_START_MAGIC_VALUE};
	entries = 3;
	asked = 0;
	answer = 0;
	pv_xen_call_mode = PV_XEN_CALL_NONE;
	pv_fake_cpuid(pv_fake_xen_cpuid);
	pv_fake.xen_hypercall = memory_map;
	return info ? 0 : PV_ENOMEM;
}

static void map_exit(struct kunit *test)
{
	(void)test;
	pv_fake.xen_hypercall = NULL;
	pv_xen_call_mode = PV_XEN_CALL_NONE;
}

static void version_0(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, 0, reach), 0);
	KUNIT_ASSERT_EQ(test, info->num_ranges, 3);
	KUNIT_EXPECT_EQ(test, info->range[1].base, 0x200000);
	KUNIT_EXPECT_EQ(test, info->range[1].size, 0x100000);
	KUNIT_EXPECT_EQ(test, info->range[1].type, PV_RANGE_RESERVED);
	KUNIT_EXPECT_EQ(test, info->range[2].type, PV_RANGE_RAM);
	KUNIT_EXPECT_EQ(test, pv_xen_call_mode, PV_XEN_CALL_VMMCALL);
}

/* A map in the start info is what counts. */
static void not_asked(struct kunit *test)
{
	start.version = 1;
	start.memmap_entries = 1;
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, 0, reach), 0);
	KUNIT_EXPECT_EQ(test, asked, 0);
}

/* Elsewhere a hypercall would be an invalid instruction. */
static void not_xen(struct kunit *test)
{
	pv_fake_cpuid(NULL);
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, 0, reach), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, 0);
	KUNIT_EXPECT_EQ(test, asked, 0);
	KUNIT_EXPECT_EQ(test, pv_xen_call_mode, PV_XEN_CALL_NONE);
}

static void refused(struct kunit *test)
{
	answer = PV_EPERM;
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, 0, reach), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, 0);
	KUNIT_EXPECT_EQ(test, asked, 1);
}

/* More than there is room for. */
static void too_many(struct kunit *test)
{
	entries = 1000;
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, 0, reach), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, PV_BOOT_MAX_RANGES);
}

static struct kunit_case map_cases[] = {
	KUNIT_CASE(version_0), KUNIT_CASE(not_asked), KUNIT_CASE(not_xen),
	KUNIT_CASE(refused),   KUNIT_CASE(too_many),  {},
};

static struct kunit_suite map_suite = {
	.name = "boot_xen_map",
	.init = map_init,
	.exit = map_exit,
	.test_cases = map_cases,
};

kunit_test_suite(map_suite);
