/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Resource descriptors: each kind that is read, those that are stepped over, and items that are
 * longer than the buffer.
 *
 * Covers: pv-core/acpi_crs.c
 */
#include <kunit/test.h>

#include "pv-core/acpi.h"

/* Memory32Fixed (ReadWrite, 0xfeb02e00, 0x200) Interrupt (Consumer, Level, High, Exclusive) {47} */
static const uint8_t microvm_crs[] = {0x86, 0x09, 0x00, 0x01, 0x00, 0x2e, 0xb0, 0xfe,
				      0x00, 0x02, 0x00, 0x00, 0x89, 0x06, 0x00, 0x01,
				      0x01, 0x2f, 0x00, 0x00, 0x00, 0x79, 0x00};

struct crs_case {
	const char *what;
	uint8_t len;
	uint8_t bytes[64];
	struct pv_acpi_device want;
};

static const struct crs_case crs_params[] = {
	{"nothing", 2, {0x79, 0}, {0}},
	{"no end", 0, {0}, {0}},
	{"irq of two bytes", 5, {0x22, 0x20, 0, 0x79, 0}, {.gsi = 5, .has_gsi = true}},
	{"irq of two bytes, another behind it",
	 6,
	 {0x22, 0x20, 0, 0x22, 0, 0},
	 {.gsi = 5, .has_gsi = true}},
	{"irq edge", 6, {0x23, 0, 0x08, 0x01, 0x79, 0}, {.gsi = 11, .has_gsi = true}},
	{"irq level",
	 6,
	 {0x23, 0, 0x08, 0x18, 0x79, 0},
	 {.gsi = 11, .has_gsi = true, .level = true}},
	{"irq of no bits", 5, {0x22, 0, 0, 0x79, 0}, {0}},
	{"interrupt edge", 9, {0x89, 6, 0, 0x03, 1, 5, 0, 0, 0}, {.gsi = 5, .has_gsi = true}},
	{"interrupt level, two",
	 13,
	 {0x89, 10, 0, 0x01, 2, 0x10, 2, 0, 0, 9, 0, 0, 0},
	 {.gsi = 0x210, .has_gsi = true, .level = true}},
	{"interrupt of none", 9, {0x89, 6, 0, 0x03, 0, 5, 0, 0, 0}, {0}},
	{"interrupt, too short", 8, {0x89, 5, 0, 0x03, 1, 5, 0, 0}, {0}},
	{"memory range",
	 20,
	 {0x85, 17, 0, 1, 0, 0, 0, 0xd0, 0, 0, 0, 0xd0, 0, 0x10, 0, 0, 0, 2, 0, 0},
	 {.mem_base = 0xd0000000, .mem_len = 0x200, .has_mem = true}},
	{"two memory ranges: the first",
	 24,
	 {0x86, 9, 0, 1, 0, 0x10, 0, 0xd0, 0, 0x10, 0, 0,
	  0x86, 9, 0, 1, 0, 0x20, 0, 0xd0, 0, 0x10, 0, 0},
	 {.mem_base = 0xd0001000, .mem_len = 0x1000, .has_mem = true}},
	{"empty memory", 12, {0x86, 9, 0, 1, 0, 0x10, 0, 0xd0, 0, 0, 0, 0}, {0}},
	{"dword memory",
	 26,
	 {0x87, 23,   0,    0, 0x0c, 1, 0, 0, 0, 0, 0,	  0x10, 0,
	  0xd0, 0xff, 0x1f, 0, 0xd0, 0, 0, 0, 0, 0, 0x10, 0,	0},
	 {.mem_base = 0xd0001000, .mem_len = 0x1000, .has_mem = true}},
	{"dword io",
	 26,
	 {0x87, 23,   0,    1, 0x0c, 1, 0, 0, 0, 0, 0,	  0x10, 0,
	  0xd0, 0xff, 0x1f, 0, 0xd0, 0, 0, 0, 0, 0, 0x10, 0,	0},
	 {0}},
	{"qword memory",
	 46,
	 {0x8a, 43,   0,    0, 0x0c, 1, 0,    0,    0, 0,    0,	   0, 0, 0, 0, 0x10,
	  0,	0xd0, 0x40, 0, 0,    0, 0xff, 0x1f, 0, 0xd0, 0x40, 0, 0, 0, 0, 0,
	  0,	0,    0,    0, 0,    0, 0,    0x10, 0, 0,    0,	   0, 0, 0},
	 {.mem_base = 0x40d0001000, .mem_len = 0x1000, .has_mem = true}},
	{"qword memory, too short", 12, {0x8a, 9, 0, 0, 0x0c, 1, 0, 0, 0, 0, 0, 0}, {0}},
};

static void crs_name(const struct crs_case *c, char *desc)
{
	strscpy(desc, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(crs, crs_params, crs_name);

static void crs_items(struct kunit *test)
{
	const struct crs_case *c = test->param_value;
	uint8_t *copy = kunit_kzalloc(test, c->len ? c->len : 1, GFP_KERNEL);
	struct pv_acpi_device got = {0};

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, c->bytes, c->len);
	KUNIT_EXPECT_EQ(test, pv_acpi_crs(copy, c->len, &got), 0);
	KUNIT_EXPECT_EQ(test, got.has_mem, c->want.has_mem);
	KUNIT_EXPECT_EQ(test, got.mem_base, c->want.mem_base);
	KUNIT_EXPECT_EQ(test, got.mem_len, c->want.mem_len);
	KUNIT_EXPECT_EQ(test, got.has_gsi, c->want.has_gsi);
	KUNIT_EXPECT_EQ(test, got.gsi, c->want.gsi);
	KUNIT_EXPECT_EQ(test, got.level, c->want.level);
}

/* Items that are longer than what is left. */
static void crs_overrun(struct kunit *test)
{
	static const uint8_t items[][4] = {
		{0x86, 9, 0, 0}, {0x86, 0xff, 0xff, 0}, {0x79, 0, 0x47, 0}};
	struct pv_acpi_device got = {0};
	uint32_t n;

	KUNIT_EXPECT_EQ(test, pv_acpi_crs(items[0], 4, &got), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_acpi_crs(items[1], 4, &got), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_acpi_crs(items[0], 2, &got), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_acpi_crs(items[2], 4, &got), 0); /* behind the end tag */
	for (n = 1; n < sizeof(microvm_crs) - 1; n++)
		if (n != 12 && n != 21) /* between items */
			KUNIT_EXPECT_EQ(test, pv_acpi_crs(microvm_crs, n, &got), PV_EINVAL);
	KUNIT_EXPECT_FALSE(test, got.has_gsi && got.gsi != 47);
}

static struct kunit_case crs_cases[] = {
	KUNIT_CASE_PARAM(crs_items, crs_gen_params),
	KUNIT_CASE(crs_overrun),
	{},
};

static struct kunit_suite crs_suite = {
	.name = "acpi_crs",
	.test_cases = crs_cases,
};

kunit_test_suite(crs_suite);
