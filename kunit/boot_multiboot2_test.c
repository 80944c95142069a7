/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The parser of multiboot2's boot information: as GRUB writes it, and not.
 *
 * Physical memory is two pages; what lies outside of them is out of reach.
 *
 * Covers: arch/x86/boot_multiboot2.c
 */
#include <kunit/test.h>
#include <pv/boot.h>
#include <pv/err.h>
#include <pv/string.h>

#define BASE 0x9000ull
#define SIZE 0x2000ull
#define MBI  (BASE + 8)

static uint8_t *ram;
static struct pv_boot_info *info;
static uint32_t used; /* bytes of the boot information so far */

static const void *reach(uint64_t pa, size_t len)
{
	if (pa < BASE || pa - BASE > SIZE || len > SIZE - (pa - BASE))
		return NULL;
	return ram + (pa - BASE);
}

static void put(uint32_t at, const void *data, size_t len)
{
	pv_memcpy(ram + (MBI - BASE) + at, data, len);
}

static void put32(uint32_t at, uint32_t v)
{
	put(at, &v, 4);
}

static int multiboot2_init(struct kunit *test)
{
	ram = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	info = kunit_kmalloc(test, sizeof(*info), GFP_KERNEL);
	used = 8;
	return ram && info ? 0 : PV_ENOMEM;
}

/* Appends a tag; where it is. */
static uint32_t tag(uint32_t type, const void *content, uint32_t len)
{
	uint32_t at = used;

	put32(at, type);
	put32(at + 4, 8 + len);
	if (len)
		put(at + 8, content, len);
	used = at + ((8 + len + 7) & ~7u);
	return at;
}

static int parse(void)
{
	tag(0, NULL, 0);
	put32(0, used);
	return pv_boot_from_multiboot2(info, MBI, reach);
}

struct mmap {
	uint32_t entry_size, version;
	struct {
		uint64_t base, len;
		uint32_t type, zero;
	} e[4];
};

static const struct mmap bios_map = {
	24,
	0,
	{{0, 0x9fc00, 1, 0}, {0xf0000, 0x10000, 2, 0}, {0x100000, 0x7ee0000, 1, 0}, {0, 0, 0, 0}}};

struct efi_map {
	uint32_t entry_size, version;
	struct {
		uint32_t type, pad;
		uint64_t base, virt, pages, attributes, more;
	} e[8];
};

static const struct efi_map efi_map = {48,
				       1,
				       {{7, 0, 0x0, 0, 0xa0, 15, 0},
					{2, 0, 0x100000, 0, 0x100, 15, 0},
					{4, 0, 0x200000, 0, 0x100, 15, 0},
					{10, 0, 0x300000, 0, 1, 15, 0},
					{9, 0, 0x301000, 0, 1, 15, 0},
					{0, 0, 0x302000, 0, 1, 15, 0},
					{14, 0, 0x400000, 0, 1, 15, 0},
					{7, 0, 0x500000, 0, (1ull << 52) + 1, 15, 0}}};

static void as_by_grub(struct kunit *test)
{
	static const uint32_t module[] = {0x200000, 0x201234, 0};
	static const uint32_t meminfo[] = {639, 129920};
	static const uint8_t rsdp[36] = "RSD PTR ";
	uint32_t v2;

	tag(1, "console=1 quiet", 16);
	tag(2, "GRUB 2.06", 10);
	tag(3, module, sizeof(module));
	tag(6, &bios_map, sizeof(bios_map));
	tag(4, meminfo, sizeof(meminfo));
	v2 = tag(15, rsdp, 36);
	tag(14, rsdp, 20);
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, info->protocol, PV_BOOT_MULTIBOOT2);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "console=1 quiet");
	KUNIT_EXPECT_EQ(test, info->rsdp, MBI + v2 + 8);
	KUNIT_ASSERT_EQ(test, info->num_modules, 1);
	KUNIT_EXPECT_EQ(test, info->module[0].base, 0x200000);
	KUNIT_EXPECT_EQ(test, info->module[0].size, 0x1234);
	/* Itself, and the map without its empty entry. */
	KUNIT_ASSERT_EQ(test, info->num_ranges, 4);
	KUNIT_EXPECT_EQ(test, info->range[0].base, BASE);
	KUNIT_EXPECT_EQ(test, info->range[0].size, 4096);
	KUNIT_EXPECT_EQ(test, info->range[0].type, PV_RANGE_RESERVED);
	KUNIT_EXPECT_EQ(test, info->range[3].base, 0x100000);
	KUNIT_EXPECT_EQ(test, info->range[3].size, 0x7ee0000);
	KUNIT_EXPECT_EQ(test, info->range[3].type, PV_RANGE_RAM);
	KUNIT_EXPECT_EQ(test, info->dropped, 0);
	KUNIT_EXPECT_NULL(test, info->xen_start_info);
	KUNIT_EXPECT_STREQ(test, pv_boot_protocol_name(info->protocol), "multiboot2");
}

/* UEFI's map, where there is no other: boot services' memory is free, and pieces are joined. */
static void efi_only(struct kunit *test)
{
	static const uint8_t rsdp[20] = "RSD PTR ";
	uint32_t v1;

	tag(17, &efi_map, sizeof(efi_map));
	v1 = tag(14, rsdp, 20);
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, info->rsdp, MBI + v1 + 8);
	KUNIT_ASSERT_EQ(test, info->num_ranges, 7);
	KUNIT_EXPECT_EQ(test, info->range[2].base, 0x100000);
	KUNIT_EXPECT_EQ(test, info->range[2].size, 0x200000);
	KUNIT_EXPECT_EQ(test, info->range[2].type, PV_RANGE_RAM);
	KUNIT_EXPECT_EQ(test, info->range[3].type, PV_RANGE_NVS);
	KUNIT_EXPECT_EQ(test, info->range[4].type, PV_RANGE_ACPI);
	KUNIT_EXPECT_EQ(test, info->range[5].type, PV_RANGE_RESERVED);
	KUNIT_EXPECT_EQ(test, info->range[6].type, PV_RANGE_PMEM);
	/* Its number of pages is no number of bytes. */
	KUNIT_EXPECT_EQ(test, info->dropped, 1);
}

static void meminfo_only(struct kunit *test)
{
	static const uint32_t meminfo[] = {639, 1024};

	tag(4, meminfo, sizeof(meminfo));
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_ASSERT_EQ(test, info->num_ranges, 3);
	KUNIT_EXPECT_EQ(test, info->range[1].size, 639 << 10);
	KUNIT_EXPECT_EQ(test, info->range[2].base, 1 << 20);
	KUNIT_EXPECT_EQ(test, info->range[2].size, 1 << 20);
}

static void nothing_in_it(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, 1);
	KUNIT_EXPECT_EQ(test, info->num_modules + info->dropped, 0);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "");
	KUNIT_EXPECT_EQ(test, info->rsdp, 0);
}

/* Without an end tag the size ends it. */
static void no_end(struct kunit *test)
{
	tag(1, "a", 2);
	put32(0, used - 6); /* what aligns the last tag is not there either */
	KUNIT_ASSERT_EQ(test, pv_boot_from_multiboot2(info, MBI, reach), 0);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "a");
}

static void sizes_of_the_whole(struct kunit *test)
{
	static const uint32_t size[] = {0, 8, 15, (1u << 20) + 1, 0xffffffff};
	unsigned int i;

	tag(0, NULL, 0);
	for (i = 0; i < PV_ARRAY_SIZE(size); i++) {
		put32(0, size[i]);
		KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, MBI, reach), PV_EINVAL);
	}
	KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, 0, reach), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, ~0ull - 7, reach), PV_EINVAL);
	/* It leaves memory that can be reached. */
	put32(0, 1u << 20);
	put32(8, 99);
	put32(12, 0x1ff0);
	KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, MBI, reach), PV_EFAULT);
}

static void sizes_of_tags(struct kunit *test)
{
	static const uint32_t size[] = {0, 7, 0xfff8, 0xffffffff};
	static const uint32_t module[] = {1, 2};
	unsigned int i;
	uint32_t at;

	at = tag(1, "abc", 4);
	for (i = 0; i < PV_ARRAY_SIZE(size); i++) {
		put32(at + 4, size[i]);
		put32(0, used);
		KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, MBI, reach), PV_EINVAL);
	}
	used = 8;
	tag(3, module, 4);
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	used = 8;
	tag(4, module, 4);
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	used = 8;
	tag(6, module, 4);
	KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	/* An RSDP that is cut off is none. */
	used = 8;
	tag(14, module, 8);
	tag(15, module, 8);
	KUNIT_EXPECT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, info->rsdp, 0);
}

/* Entries of a length that makes no progress, or that is not that of any entry. */
static void sizes_of_entries(struct kunit *test)
{
	static const uint32_t size[] = {0, 1, 23};
	struct mmap m = bios_map;
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(size); i++) {
		used = 8;
		m.entry_size = size[i];
		tag(6, &m, sizeof(m));
		KUNIT_EXPECT_EQ(test, parse(), PV_EINVAL);
	}
	used = 8;
	m.entry_size = 0xffffffff;
	tag(6, &m, sizeof(m));
	KUNIT_EXPECT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, 1);
}

static void many_of_all(struct kunit *test)
{
	struct {
		uint32_t entry_size, version;
		struct {
			uint64_t base, len;
			uint32_t type, zero;
		} e[100];
	} *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	static const uint32_t backwards[] = {0x2000, 0x1000};
	uint32_t module[2];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->entry_size = 24;
	for (i = 0; i < 100; i++) {
		m->e[i].base = i * 0x100000ull;
		m->e[i].len = 0x1000;
		m->e[i].type = 1;
	}
	tag(6, m, sizeof(*m));
	tag(3, backwards, sizeof(backwards));
	for (i = 0; i < 10; i++) {
		module[0] = 0x10000 * (i + 1);
		module[1] = module[0] + 1;
		tag(3, module, sizeof(module));
	}
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, info->num_ranges, PV_BOOT_MAX_RANGES);
	KUNIT_EXPECT_EQ(test, info->range[0].type, PV_RANGE_RESERVED);
	KUNIT_EXPECT_EQ(test, info->num_modules, PV_BOOT_MAX_MODULES);
	KUNIT_EXPECT_EQ(test, info->dropped, 101 - PV_BOOT_MAX_RANGES + 10 - PV_BOOT_MAX_MODULES);
}

static void cmdline_long(struct kunit *test)
{
	uint8_t *text = kunit_kzalloc(test, 4096, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	pv_memset(text, 'x', 4096);
	tag(1, text, 4096);
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, pv_strlen(info->cmdline), PV_BOOT_MAX_CMDLINE - 1);
	/* Its end is the tag's, whatever follows. */
	used = 8;
	tag(1, "abcdefgh", 8);
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "abcdefgh");
}

/*
 * A map that begins, or goes on, where memory cannot be reached: no range is made of what was not
 * read.
 */
static void map_out_of_reach(struct kunit *test)
{
	static const uint32_t type[] = {6, 17, 4};
	static const uint32_t entry_size[] = {24, 48, 0};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(type); i++) {
		/* Its header is the last that can be reached. */
		used = (uint32_t)(SIZE - 8 - 8);
		put32(8, 99);
		put32(12, used - 8);
		put32(used, type[i]);
		put32(used + 4, 64);
		put32(0, used + 64);
		KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, MBI, reach), PV_EFAULT);
		KUNIT_EXPECT_EQ(test, info->num_ranges, 1);
		if (!entry_size[i])
			continue;
		/* Its entries begin where nothing can be reached. */
		used -= 8;
		put32(12, used - 8);
		put32(used, type[i]);
		put32(used + 4, 16 + 2 * entry_size[i]);
		put32(used + 8, entry_size[i]);
		put32(0, used + 16 + 2 * entry_size[i]);
		KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, MBI, reach), PV_EFAULT);
		KUNIT_EXPECT_EQ(test, info->num_ranges, 1);
	}
}

/*
 * A last tag that ends with the information, whose size is no multiple of 8: what lies behind it is
 * no tag.
 */
static void ends_unaligned(struct kunit *test)
{
	uint32_t end;

	tag(2, "loader", 5);
	end = used - 3;
	tag(1, "not ours", 9);
	put32(0, end);
	KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, MBI, reach), 0);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "");
}

/* At the end of what can be addressed there is no such thing. */
static const void *anywhere(uint64_t pa, size_t len)
{
	(void)pa;
	(void)len;
	return ram + (MBI - BASE);
}

static void at_the_end_of_memory(struct kunit *test)
{
	tag(1, "text", 5);
	tag(0, NULL, 0);
	put32(0, used);
	KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, ~0ull - 0xffff, anywhere), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_boot_from_multiboot2(info, ~0ull - 3, anywhere), PV_EINVAL);
}

static void efi_types(struct kunit *test)
{
	static struct efi_map m = {
		48, 1, {{8, 0, 0x100000, 0, 1, 0, 0}, {3, 0, 0x200000, 0, 1, 0, 0}}};

	tag(17, &m, 8 + 2 * 48);
	KUNIT_ASSERT_EQ(test, parse(), 0);
	KUNIT_EXPECT_EQ(test, info->range[1].type, PV_RANGE_UNUSABLE);
	KUNIT_EXPECT_EQ(test, info->range[2].type, PV_RANGE_RAM);
}

static struct kunit_case multiboot2_cases[] = {
	KUNIT_CASE(ends_unaligned),
	KUNIT_CASE(at_the_end_of_memory),
	KUNIT_CASE(efi_types),
	KUNIT_CASE(as_by_grub),
	KUNIT_CASE(efi_only),
	KUNIT_CASE(meminfo_only),
	KUNIT_CASE(nothing_in_it),
	KUNIT_CASE(no_end),
	KUNIT_CASE(sizes_of_the_whole),
	KUNIT_CASE(sizes_of_tags),
	KUNIT_CASE(sizes_of_entries),
	KUNIT_CASE(many_of_all),
	KUNIT_CASE(cmdline_long),
	KUNIT_CASE(map_out_of_reach),
	{},
};

static struct kunit_suite multiboot2_suite = {
	.name = "boot_multiboot2",
	.init = multiboot2_init,
	.test_cases = multiboot2_cases,
};

kunit_test_suite(multiboot2_suite);
