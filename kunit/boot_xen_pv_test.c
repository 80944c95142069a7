/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The parser of a Xen PV guest's start_info, and the memory map that a PVH guest of an old Xen has
 * to ask for.
 *
 * The guest has 64 frames: an image in 4 to 7, then the table of machine frames (8), start_info
 * (9), xenstore's page (10), the console's (11), page tables (12 to 14).
 *
 * Covers: arch/x86/boot_xen_pv.c
 */
#include <kunit/test.h>
#include <pv/abi/xen.h>
#include <pv/boot.h>
#include <pv/err.h>
#include <pv/string.h>

#define FRAMES	 64
#define MFN(pfn) (0x1000 + 7 * (pfn))

static uint8_t *ram;
static unsigned long *p2m;
static struct start_info *start;
static struct pv_boot_info *info;

static unsigned long at(unsigned int frame)
{
	return (unsigned long)ram + frame * 4096ul;
}

static int xen_pv_init(struct kunit *test)
{
	unsigned int i;

	ram = kunit_kzalloc(test, FRAMES * 4096ul, GFP_KERNEL);
	info = kunit_kmalloc(test, sizeof(*info), GFP_KERNEL);
	if (!ram || !info)
		return PV_ENOMEM;
	p2m = (unsigned long *)at(8);
	for (i = 0; i < FRAMES; i++)
		p2m[i] = MFN(i);
	start = (struct start_info *)at(9);
	pv_memcpy(start->magic, "xen-3.0-x86_64", 15);
	start->nr_pages = FRAMES;
	start->mfn_list = at(8);
	start->store_mfn = MFN(10);
	start->console.domU.mfn = MFN(11);
	start->pt_base = at(12);
	start->nr_pt_frames = 3;
	pv_memcpy(start->cmd_line, "a=b c", 6);
	return 0;
}

static int parse(void)
{
	return pv_boot_from_xen_pv(info, start, (unsigned long)ram);
}

static void expect_reserved(struct kunit *test, unsigned int first, unsigned int end)
{
	KUNIT_ASSERT_EQ(test, info->num_ranges, 3);
	KUNIT_EXPECT_EQ(test, info->range[0].base, 0);
	KUNIT_EXPECT_EQ(test, info->range[0].size, first * 4096ull);
	KUNIT_EXPECT_EQ(test, info->range[0].type, PV_RANGE_RAM);
	KUNIT_EXPECT_EQ(test, info->range[1].base, first * 4096ull);
	KUNIT_EXPECT_EQ(test, info->range[1].size, (end - first) * 4096ull);
	KUNIT_EXPECT_EQ(test, info->range[1].type, PV_RANGE_RESERVED);
	KUNIT_EXPECT_EQ(test, info->range[2].base, end * 4096ull);
	KUNIT_EXPECT_EQ(test, info->range[2].size, (FRAMES - end) * 4096ull);
}

static void domu(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, info->protocol, PV_BOOT_XEN_PV);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "a=b c");
	KUNIT_EXPECT_PTR_EQ(test, info->xen_start_info, (const void *)start);
	KUNIT_EXPECT_EQ(test, info->rsdp, 0);
	KUNIT_EXPECT_EQ(test, info->num_modules + info->dropped, 0);
	expect_reserved(test, 8, 15);
	KUNIT_EXPECT_STREQ(test, pv_boot_protocol_name(info->protocol), "Xen PV");
}

/* Dom0 has no console page: there are two numbers in its place. */
static void dom0(struct kunit *test)
{
	start->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	start->console.dom0.info_off = MFN(40);
	start->console.dom0.info_size = 0;
	start->store_mfn = 0;
	KUNIT_ASSERT_EQ(test, parse(), 0);
	expect_reserved(test, 8, 15);
}

/* Pages of the toolstack that are elsewhere are not RAM either. */
static void pages_elsewhere(struct kunit *test)
{
	start->store_mfn = MFN(16);
	start->console.domU.mfn = MFN(3);
	KUNIT_ASSERT_EQ(test, parse(), 0);
	expect_reserved(test, 3, 17);
	/* What is no frame of ours cannot be given away. */
	start->store_mfn = start->console.domU.mfn = 99;
	KUNIT_ASSERT_EQ(test, parse(), 0);
	expect_reserved(test, 8, 15);
}

static void module(struct kunit *test)
{
	start->mod_start = at(20);
	start->mod_len = 5000;
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_ASSERT_EQ(test, info->num_modules, 1);
	KUNIT_EXPECT_EQ(test, info->module[0].base, 20 * 4096);
	KUNIT_EXPECT_EQ(test, info->module[0].size, 5000);

	start->flags = SIF_MOD_START_PFN;
	start->mod_start = 21;
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, info->module[0].base, 21 * 4096);
}

static void cmdline_full(struct kunit *test)
{
	pv_memset(start->cmd_line, 'x', MAX_GUEST_CMDLINE);
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, pv_strlen(info->cmdline), MAX_GUEST_CMDLINE);
}

static void malformed(struct kunit *test)
{
	struct start_info good = *start;

	KUNIT_EXPECT_EQ(test, pv_boot_from_xen_pv(info, NULL, 0), PV_EINVAL);
	start->magic[0] = 'y';
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	*start = good;
	start->nr_pages = 0;
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	start->nr_pages = ~0ul;
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	*start = good;
	start->mfn_list = at(FRAMES) - 8;
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	*start = good;
	start->pt_base = at(0) - 4096;
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	*start = good;
	KUNIT_EXPECT_EQ(test, pv_boot_from_xen_pv(info, start, at(FRAMES)), PV_EINVAL);
	start->nr_pt_frames = 0;
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	*start = good;
	start->nr_pt_frames = ~0ul >> 12;
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
}

static struct kunit_case xen_pv_cases[] = {
	KUNIT_CASE(domu),
	KUNIT_CASE(dom0),
	KUNIT_CASE(pages_elsewhere),
	KUNIT_CASE(module),
	KUNIT_CASE(cmdline_full),
	KUNIT_CASE(malformed),
	{},
};

static struct kunit_suite xen_pv_suite = {
	.name = "boot_xen_pv",
	.init = xen_pv_init,
	.test_cases = xen_pv_cases,
};

kunit_test_suite(xen_pv_suite);
