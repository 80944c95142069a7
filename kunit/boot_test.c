/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The parsers of what boot loaders hand over: well formed, and not.
 *
 * Physical memory is three pages; what lies outside of them is out of reach.
 *
 * Covers: arch/x86/boot_info.c arch/x86/boot_linux.c arch/x86/boot_pvh.c
 */
#include <kunit/test.h>
#include <pv/abi/xen.h>
#include <pv/boot.h>
#include <pv/err.h>
#include <pv/string.h>

#define BASE  0x7000ull
#define PAGES 3
#define SIZE  (PAGES * 4096ull)

static uint8_t *ram;
static struct pv_boot_info *info;
static unsigned int maps;

static const void *reach(uint64_t pa, size_t len)
{
	maps++;
	if (pa < BASE || pa - BASE > SIZE || len > SIZE - (pa - BASE))
		return NULL;
	return ram + (pa - BASE);
}

/* A kernel whose tables reach everything; there is nothing but zeroes beyond. */
static const void *reach_all(uint64_t pa, size_t len)
{
	static const uint8_t zeroes[4096];

	return reach(pa, len) ?: zeroes;
}

static int boot_init(struct kunit *test)
{
	ram = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	info = kunit_kmalloc(test, sizeof(*info), GFP_KERNEL);
	maps = 0;
	return ram && info ? 0 : PV_ENOMEM;
}

static void poke(uint64_t pa, const void *data, size_t len)
{
	pv_memcpy(ram + (pa - BASE), data, len);
}

static void poke_text(uint64_t pa, const char *text)
{
	poke(pa, text, pv_strlen(text) + 1);
}

/* --- PVH -------------------------------------------------------------------------------------- */

/* Where the test puts things; the start info is not even aligned. */
#define START	(BASE + 0x11)
#define MEMMAP	(BASE + 0x203)
#define MODLIST (BASE + 0x905)
#define CMDLINE (BASE + 0xffa) /* over the end of a page */

static struct hvm_start_info pvh_start(uint32_t version)
{
	const struct hvm_start_info s = {.magic = XEN_HVM_START_MAGIC_VALUE,
					 .version = version,
					 .nr_modules = 2,
					 .modlist_paddr = MODLIST,
					 .cmdline_paddr = CMDLINE,
					 .rsdp_paddr = 0xf5a30,
					 .memmap_paddr = MEMMAP,
					 .memmap_entries = 3};
	const struct hvm_memmap_table_entry map[] = {
		{.addr = 0, .size = 0x9fc00, .type = 1},
		{.addr = 0x9fc00, .size = 0x400, .type = 2},
		{.addr = 0x100000, .size = 0x7ee0000, .type = 1},
	};
	const struct hvm_modlist_entry mods[] = {
		{.paddr = 0x2000000, .size = 12345},
		{.paddr = 0x3000000, .size = 1},
	};

	poke(START, &s, sizeof(s));
	poke(MEMMAP, map, sizeof(map));
	poke(MODLIST, mods, sizeof(mods));
	poke_text(CMDLINE, "console=ttyS0 blk.mode=read");
	return s;
}

static void pvh_version_1(struct kunit *test)
{
	pvh_start(1);
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_EQ(test, info->protocol, PV_BOOT_PVH);
	KUNIT_EXPECT_EQ(test, info->rsdp, 0xf5a30);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "console=ttyS0 blk.mode=read");
	KUNIT_ASSERT_EQ(test, info->num_ranges, 3);
	KUNIT_EXPECT_EQ(test, info->range[0].base, 0);
	KUNIT_EXPECT_EQ(test, info->range[0].size, 0x9fc00);
	KUNIT_EXPECT_EQ(test, info->range[1].type, PV_RANGE_RESERVED);
	KUNIT_EXPECT_EQ(test, info->range[2].base, 0x100000);
	KUNIT_EXPECT_EQ(test, info->range[2].size, 0x7ee0000);
	KUNIT_EXPECT_EQ(test, info->range[2].type, PV_RANGE_RAM);
	KUNIT_ASSERT_EQ(test, info->num_modules, 2);
	KUNIT_EXPECT_EQ(test, info->module[0].base, 0x2000000);
	KUNIT_EXPECT_EQ(test, info->module[0].size, 12345);
	KUNIT_EXPECT_EQ(test, info->module[1].base, 0x3000000);
	KUNIT_EXPECT_EQ(test, info->dropped, 0);
}

/* Version 0 has no memory map, and what follows it is none; newer ones add to version 1. */
static void pvh_other_versions(struct kunit *test)
{
	pvh_start(0);
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, 0);
	KUNIT_EXPECT_EQ(test, info->num_modules, 2);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "console=ttyS0 blk.mode=read");

	pvh_start(7);
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, 3);
}

/* Version 0's 40 bytes at the end of what can be reached. */
static void pvh_version_0_at_the_end(struct kunit *test)
{
	struct hvm_start_info s = pvh_start(0);

	poke(BASE + SIZE - 40, &s, 40);
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, BASE + SIZE - 40, reach), 0);
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, BASE + SIZE - 39, reach), PV_EINVAL);
	s.version = 1;
	poke(BASE + SIZE - 40, &s, 40);
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, BASE + SIZE - 40, reach), PV_EFAULT);
}

static void pvh_nothing_there(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, START, reach), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, 0, reach), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, ~0ull - 3, reach), PV_EINVAL);
}

static void pvh_all_absent(struct kunit *test)
{
	struct hvm_start_info s = {.magic = XEN_HVM_START_MAGIC_VALUE, .version = 1};

	poke(START, &s, sizeof(s));
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_EQ(test, info->rsdp + info->num_ranges + info->num_modules + info->dropped, 0);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "");
}

static void pvh_out_of_reach(struct kunit *test)
{
	struct hvm_start_info s = pvh_start(1);

	s.memmap_paddr = BASE + SIZE - 71; /* the third entry's end */
	poke(START, &s, sizeof(s));
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, START, reach), PV_EFAULT);

	s = pvh_start(1);
	s.memmap_paddr = ~0ull - 10;
	poke(START, &s, sizeof(s));
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, START, reach), PV_EFAULT);

	s = pvh_start(1);
	s.modlist_paddr = 0x100000000ull;
	poke(START, &s, sizeof(s));
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, START, reach), PV_EFAULT);

	s = pvh_start(1);
	s.cmdline_paddr = BASE + SIZE;
	poke(START, &s, sizeof(s));
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, START, reach), PV_EFAULT);
}

/* More than fits is dropped, and counted, not followed to its end. */
static void pvh_too_many(struct kunit *test)
{
	struct hvm_start_info s = pvh_start(1);
	struct hvm_memmap_table_entry e = {.size = 4096, .type = 1};
	struct hvm_modlist_entry m = {.paddr = 1, .size = 1};
	unsigned int i;

	s.memmap_entries = 0xffffffff;
	s.nr_modules = 0xffffffff;
	for (i = 0; i < 70; i++) {
		e.addr = i * 0x10000ull;
		poke(MEMMAP + i * sizeof(e), &e, sizeof(e));
	}
	s.modlist_paddr = BASE + 0x2000;
	for (i = 0; i < 10; i++)
		poke(s.modlist_paddr + i * sizeof(m), &m, sizeof(m));
	poke(START, &s, sizeof(s));
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, PV_BOOT_MAX_RANGES);
	KUNIT_EXPECT_EQ(test, info->range[63].base, 63 * 0x10000ull);
	KUNIT_EXPECT_EQ(test, info->num_modules, PV_BOOT_MAX_MODULES);
	KUNIT_EXPECT_EQ(test, info->dropped, 0xffffffff); /* held at the most */
	KUNIT_EXPECT_LT(test, maps, 100);

	s.memmap_entries = 70;
	s.nr_modules = 10;
	poke(START, &s, sizeof(s));
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_EQ(test, info->dropped, 6 + 2);
}

/* Entries that say nothing do not take room, nor for ever. */
static void pvh_empty_entries(struct kunit *test)
{
	struct hvm_start_info s = pvh_start(1);
	struct hvm_memmap_table_entry e = {.addr = 0x1000, .size = 0, .type = 1};

	poke(MEMMAP + sizeof(e), &e, sizeof(e));
	e.addr = ~0ull - 4095;
	e.size = 4097; /* around */
	poke(MEMMAP, &e, sizeof(e));
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_ASSERT_EQ(test, info->num_ranges, 1);
	KUNIT_EXPECT_EQ(test, info->range[0].base, 0x100000);
	KUNIT_EXPECT_EQ(test, info->dropped, 1);

	e.size = 4096; /* up to the last byte there is */
	poke(MEMMAP, &e, sizeof(e));
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, 2);
	KUNIT_EXPECT_EQ(test, info->dropped, 0);

	/* Four thousand million of them. */
	s.memmap_entries = s.nr_modules = 0xffffffff;
	s.memmap_paddr = s.modlist_paddr = 0x100000;
	poke(START, &s, sizeof(s));
	maps = 0;
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, START, reach_all), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges + info->num_modules, 0);
	KUNIT_EXPECT_EQ(test, info->dropped, 0xffffffff);
	KUNIT_EXPECT_LT(test, maps, 2000);
}

/* Two ranges that together are all there is: their sum would be 0. */
static void pvh_whole_address_space(struct kunit *test)
{
	struct hvm_start_info s = pvh_start(1);
	const struct hvm_memmap_table_entry half[] = {
		{.addr = 0, .size = 1ull << 63, .type = 1},
		{.addr = 1ull << 63, .size = 1ull << 63, .type = 1}};

	s.memmap_entries = 2;
	poke(START, &s, sizeof(s));
	poke(MEMMAP, half, sizeof(half));
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_ASSERT_EQ(test, info->num_ranges, 2);
	KUNIT_EXPECT_EQ(test, info->range[0].size, 1ull << 63);
	KUNIT_EXPECT_EQ(test, info->range[1].size, 1ull << 63);
}

/* A range at the end of the address space, and one at its beginning: they do not meet. */
static void pvh_end_and_beginning(struct kunit *test)
{
	struct hvm_start_info s = pvh_start(1);
	const struct hvm_memmap_table_entry map[] = {
		{.addr = ~0ull - 0xfff, .size = 0x1000, .type = 1},
		{.addr = 0, .size = 0x2000, .type = 1}};

	s.memmap_entries = 2;
	poke(START, &s, sizeof(s));
	poke(MEMMAP, map, sizeof(map));
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_ASSERT_EQ(test, info->num_ranges, 2);
	KUNIT_EXPECT_EQ(test, info->range[0].size, 0x1000);
	KUNIT_EXPECT_EQ(test, info->range[1].base, 0);
}

/* Tables that wrap around the end of physical memory, where the caller's map does not look. */
static void pvh_around_the_end(struct kunit *test)
{
	struct hvm_start_info s = pvh_start(1);

	s.memmap_paddr = 0ull - 24;
	poke(START, &s, sizeof(s));
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, START, reach_all), PV_EFAULT);
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, ~0ull - 8, reach_all), PV_EINVAL);
}

static void cmdline_long(struct kunit *test)
{
	struct hvm_start_info s = pvh_start(1);
	unsigned int i;

	/* Cut to what fits, and terminated. */
	s.cmdline_paddr = BASE + 0x1000;
	poke(START, &s, sizeof(s));
	for (i = 0; i < 4096; i++)
		ram[0x1000 + i] = (uint8_t)('a' + i % 26);
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_EQ(test, pv_strlen(info->cmdline), PV_BOOT_MAX_CMDLINE - 1);
	KUNIT_EXPECT_EQ(test, pv_memcmp(info->cmdline, ram + 0x1000, PV_BOOT_MAX_CMDLINE - 1), 0);

	/* The longest that fits. */
	ram[0x1000 + PV_BOOT_MAX_CMDLINE - 1] = 0;
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_EQ(test, pv_strlen(info->cmdline), PV_BOOT_MAX_CMDLINE - 1);

	/* It ends with the last byte that can be reached. */
	s.cmdline_paddr = BASE + SIZE - 3;
	poke(START, &s, sizeof(s));
	poke(s.cmdline_paddr, "ab", 3);
	KUNIT_ASSERT_EQ(test, pv_boot_from_pvh(info, START, reach), 0);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "ab");

	/* It does not end within it. */
	poke(s.cmdline_paddr, "abc", 3);
	KUNIT_EXPECT_EQ(test, pv_boot_from_pvh(info, START, reach), PV_EFAULT);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "");
}

/* --- Linux ------------------------------------------------------------------------------------ */

#define ZEROPAGE BASE

static void put32(unsigned int offset, uint32_t v)
{
	poke(ZEROPAGE + offset, &v, 4);
}

static void put_e820(unsigned int i, uint64_t base, uint64_t size, uint32_t type)
{
	uint64_t at = ZEROPAGE + 0x2d0 + i * 20;

	poke(at, &base, 8);
	poke(at + 8, &size, 8);
	poke(at + 16, &type, 4);
}

static void linux_page(void)
{
	poke(ZEROPAGE + 0x202, "HdrS", 4);
	put32(0x070, 0x000e0000); /* RSDP */
	put32(0x228, BASE + 0x1800);
	put32(0x218, 0x8000000);
	put32(0x21c, 0x12345);
	poke_text(BASE + 0x1800, "quiet root=/dev/vda");
	put_e820(0, 0, 0x9fc00, 1);
	put_e820(1, 0x100000, 0xbff00000, 1);
	put_e820(2, 0x100000000ull, 0x40000000, 1);
	ram[0x1e8] = 3;
}

static void linux_zero_page(struct kunit *test)
{
	linux_page();
	KUNIT_ASSERT_EQ(test, pv_boot_from_linux(info, ZEROPAGE, reach), 0);
	KUNIT_EXPECT_EQ(test, info->protocol, PV_BOOT_LINUX);
	KUNIT_EXPECT_EQ(test, info->rsdp, 0xe0000);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "quiet root=/dev/vda");
	KUNIT_ASSERT_EQ(test, info->num_ranges, 3);
	KUNIT_EXPECT_EQ(test, info->range[1].base, 0x100000);
	KUNIT_EXPECT_EQ(test, info->range[1].size, 0xbff00000);
	KUNIT_EXPECT_EQ(test, info->range[2].base, 0x100000000ull);
	KUNIT_EXPECT_EQ(test, info->range[2].type, PV_RANGE_RAM);
	KUNIT_ASSERT_EQ(test, info->num_modules, 1);
	KUNIT_EXPECT_EQ(test, info->module[0].base, 0x8000000);
	KUNIT_EXPECT_EQ(test, info->module[0].size, 0x12345);
	KUNIT_EXPECT_EQ(test, info->dropped, 0);
}

/* The upper halves of addresses and lengths. */
static void linux_above_4g(struct kunit *test)
{
	linux_page();
	put32(0x0c0, 2);
	put32(0x0c4, 1);
	KUNIT_ASSERT_EQ(test, pv_boot_from_linux(info, ZEROPAGE, reach), 0);
	KUNIT_EXPECT_EQ(test, info->module[0].base, 0x208000000ull);
	KUNIT_EXPECT_EQ(test, info->module[0].size, 0x100012345ull);
	put32(0x0c8, 1);
	KUNIT_EXPECT_EQ(test, pv_boot_from_linux(info, ZEROPAGE, reach), PV_EFAULT);
}

static void linux_malformed(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, pv_boot_from_linux(info, ZEROPAGE, reach), PV_EINVAL);
	linux_page();
	/* Not all of the page can be reached. */
	KUNIT_EXPECT_EQ(test, pv_boot_from_linux(info, BASE + SIZE - 4095, reach), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_boot_from_linux(info, 0, reach), PV_EINVAL);
	/* More entries than the page has room for, and than we have. */
	for (i = 0; i < 128; i++)
		put_e820(i, i * 0x100000ull, 0x1000, 1);
	ram[0x1e8] = 255;
	KUNIT_ASSERT_EQ(test, pv_boot_from_linux(info, ZEROPAGE, reach), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, PV_BOOT_MAX_RANGES);
	KUNIT_EXPECT_EQ(test, info->range[63].base, 63 * 0x100000ull);
	KUNIT_EXPECT_EQ(test, info->dropped, 255 - PV_BOOT_MAX_RANGES);
}

static void linux_no_extras(struct kunit *test)
{
	linux_page();
	put32(0x218, 0);
	put32(0x21c, 0);
	put32(0x228, 0);
	ram[0x1e8] = 0;
	KUNIT_ASSERT_EQ(test, pv_boot_from_linux(info, ZEROPAGE, reach), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges + info->num_modules + info->dropped, 0);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "");
}

static void boot_names(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, pv_boot_protocol_name(PV_BOOT_PVH), "PVH");
	KUNIT_EXPECT_STREQ(test, pv_boot_protocol_name(PV_BOOT_LINUX), "Linux 64-bit");
	KUNIT_EXPECT_STREQ(test, pv_boot_protocol_name((enum pv_boot_protocol)77), "unknown");
}

static struct kunit_case boot_cases[] = {
	KUNIT_CASE(pvh_version_1),
	KUNIT_CASE(pvh_other_versions),
	KUNIT_CASE(pvh_version_0_at_the_end),
	KUNIT_CASE(pvh_nothing_there),
	KUNIT_CASE(pvh_all_absent),
	KUNIT_CASE(pvh_out_of_reach),
	KUNIT_CASE(pvh_too_many),
	KUNIT_CASE(pvh_empty_entries),
	KUNIT_CASE(pvh_whole_address_space),
	KUNIT_CASE(pvh_end_and_beginning),
	KUNIT_CASE(pvh_around_the_end),
	KUNIT_CASE(cmdline_long),
	KUNIT_CASE(linux_zero_page),
	KUNIT_CASE(linux_above_4g),
	KUNIT_CASE(linux_malformed),
	KUNIT_CASE(linux_no_extras),
	KUNIT_CASE(boot_names),
	{},
};

static struct kunit_suite boot_suite = {
	.name = "boot",
	.init = boot_init,
	.test_cases = boot_cases,
};

kunit_test_suite(boot_suite);
