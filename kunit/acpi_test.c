/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Finding ACPI tables: both root tables, the BIOS areas, the FADT's two addresses, and tables that
 * are not what they should be.
 *
 * Covers: pv-core/acpi.c
 */
#include <kunit/test.h>

#include "fake_acpi.h"
#include "pv-core/acpi.h"

static const char body[] = "0123456789";
#define LEN 8u

static struct fake_acpi *acpi_of(struct kunit *test)
{
	struct fake_acpi *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	fake_acpi_init(a);
	return a;
}

static void expect_table(struct kunit *test, uint64_t rsdp, const char *signature, unsigned int n,
			 char first)
{
	const char *table;
	size_t len;

	table = pv_acpi_get(rsdp, signature, n, &len);
	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_EXPECT_TRUE(test, !memcmp(table, signature, 4));
	KUNIT_EXPECT_EQ(test, len, 36 + LEN);
	KUNIT_EXPECT_EQ(test, table[36], first);
	pv_acpi_put(table, len);
}

static void expect_none(struct kunit *test, uint64_t rsdp, const char *signature, unsigned int n)
{
	size_t len;

	KUNIT_EXPECT_NULL(test, pv_acpi_get(rsdp, signature, n, &len));
}

static void acpi_both_roots(struct kunit *test)
{
	unsigned int wide;

	for (wide = 0; wide < 2; wide++) {
		struct fake_acpi *a = acpi_of(test);
		uint64_t table[3];
		uint64_t rsdp;

		table[0] = fake_acpi_table(a, "APIC", body, LEN);
		table[1] = fake_acpi_table(a, "SSDT", body, LEN);
		table[2] = fake_acpi_table(a, "SSDT", body + 1, LEN);
		rsdp = fake_acpi_root(a, wide, table, 3);
		expect_table(test, rsdp, "APIC", 0, '0');
		expect_table(test, rsdp, "SSDT", 0, '0');
		expect_table(test, rsdp, "SSDT", 1, '1');
		expect_none(test, rsdp, "SSDT", 2);
		expect_none(test, rsdp, "APIC", 1);
		expect_none(test, rsdp, "MCFG", 0);
		expect_none(test, rsdp, "DSDT", 0);
		pv_fake_region_remove(&a->region);
	}
}

/* An RSDP of revision 2 whose XSDT is broken still has its RSDT. */
static void acpi_falls_back_to_rsdt(struct kunit *test)
{
	struct fake_acpi *a = acpi_of(test);
	uint64_t table = fake_acpi_table(a, "APIC", body, LEN);
	uint64_t narrow = fake_acpi_root(a, false, &table, 1);
	uint64_t wide = fake_acpi_root(a, true, &table, 1);
	uint8_t *p = fake_acpi_at(a, wide);
	uint64_t xsdt;

	memcpy(p + 16, fake_acpi_at(a, narrow) + 16, 4);
	fake_acpi_rsdp_sum(p);
	memcpy(&xsdt, p + 24, 8);
	fake_acpi_at(a, xsdt)[36]++;
	expect_table(test, wide, "APIC", 0, '0');
	fake_acpi_at(a, xsdt)[36]--;
	p[33]++; /* the second checksum is wrong: what revision 1 has holds */
	expect_table(test, wide, "APIC", 0, '0');
	p[16]++;
	p[8]--;
	expect_none(test, wide, "APIC", 0);
}

/* Tables of every length, and an error in any byte of them. */
static void acpi_checksums(struct kunit *test)
{
	uint8_t table[64];
	unsigned int len, i;

	for (len = 36; len <= sizeof(table); len++) {
		for (i = 0; i < len; i++)
			table[i] = (uint8_t)(0xff - i % 3);
		memcpy(table, "TEST", 4);
		fake_acpi_sum(table, len);
		KUNIT_EXPECT_TRUE(test, pv_acpi_valid(table, len));
		for (i = 0; i < len; i++) {
			table[i] ^= 0x80;
			KUNIT_EXPECT_FALSE(test, pv_acpi_valid(table, len));
			table[i] ^= 0x80;
		}
	}
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("TEST ignored"));
}

/* What is broken is seen by a peek, and counts. */
static void acpi_peeks(struct kunit *test)
{
	struct fake_acpi *a = acpi_of(test);
	uint64_t table[2];
	const char *seen;
	uint64_t rsdp;
	size_t len;

	table[0] = fake_acpi_table(a, "SSDT", body, LEN);
	table[1] = fake_acpi_table(a, "SSDT", body + 1, LEN);
	rsdp = fake_acpi_root(a, true, table, 2);
	fake_acpi_at(a, table[0])[36] ^= 1;
	expect_table(test, rsdp, "SSDT", 0, '1');
	expect_none(test, rsdp, "SSDT", 1);
	seen = pv_acpi_peek(rsdp, "SSDT", 0, &len);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	KUNIT_EXPECT_EQ(test, seen[36], '1');
	KUNIT_EXPECT_FALSE(test, pv_acpi_valid(seen, len));
	pv_acpi_put(seen, len);
	seen = pv_acpi_peek(rsdp, "SSDT", 1, &len);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	KUNIT_EXPECT_TRUE(test, pv_acpi_valid(seen, len));
	pv_acpi_put(seen, len);
	KUNIT_EXPECT_NULL(test, pv_acpi_peek(rsdp, "SSDT", 2, &len));
}

static bool mentions_slowly(const char *area, size_t len, const char *text)
{
	size_t n = strlen(text);

	for (; len >= n; area++, len--)
		if (!memcmp(area, text, n))
			return true;
	return false;
}

/* At every place in areas of every length; and what only looks like it. */
static void acpi_mentions(struct kunit *test)
{
	static const char *const texts[] = {"LNRO0005", "ABABAC", "x", "aaaa"};
	unsigned int t, len, at, cut;

	for (t = 0; t < PV_ARRAY_SIZE(texts); t++) {
		const char *text = texts[t];
		unsigned int n = (unsigned int)strlen(text);

		for (len = 0; len < 40; len++) {
			char *area = kunit_kzalloc(test, len, GFP_KERNEL);

			KUNIT_ASSERT_NOT_NULL(test, area);
			KUNIT_EXPECT_FALSE(test, pv_acpi_mentions(area, len, text));
			for (at = 0; at + n <= len; at++) {
				memset(area, text[0], len);
				memcpy(area + at, text, n);
				KUNIT_EXPECT_TRUE(test, pv_acpi_mentions(area, len, text));
				for (cut = 0; cut < n; cut++) {
					area[at + cut] = '-';
					KUNIT_EXPECT_EQ(test, pv_acpi_mentions(area, len, text),
							mentions_slowly(area, len, text));
					area[at + cut] = text[cut];
				}
			}
			kunit_kfree(test, area);
		}
	}
}

static void acpi_finds_rsdp_in_bios_areas(struct kunit *test)
{
	static uint8_t bda[0x100], ebda[0x400], bios[0x20000];
	struct pv_fake_region region[] = {
		{.base = 0x400, .len = sizeof(bda), .memory = bda},
		{.base = 0x9fc00, .len = sizeof(ebda), .memory = ebda},
		{.base = 0xe0000, .len = sizeof(bios), .memory = bios},
	};
	struct fake_acpi *a = acpi_of(test);
	uint64_t table = fake_acpi_table(a, "APIC", body, LEN);
	uint8_t *rsdp = fake_acpi_at(a, fake_acpi_root(a, true, &table, 1));
	unsigned int i;

	memset(bda, 0, sizeof(bda));
	memset(ebda, 0, sizeof(ebda));
	memset(bios, 0, sizeof(bios));
	expect_none(test, 0, "APIC", 0);
	for (i = 0; i < 3; i++)
		pv_fake_memory_add(&region[i]);
	expect_none(test, 0, "APIC", 0);

	memcpy(bios + 0x1ffd8, rsdp, 36); /* not on a 16-byte boundary */
	expect_none(test, 0, "APIC", 0);
	memset(bios, 0, sizeof(bios));
	memcpy(bios + 0x13490, rsdp, 36);
	expect_table(test, 0, "APIC", 0, '0');
	bios[0x13490 + 12]++; /* the checksum is wrong */
	expect_none(test, 0, "APIC", 0);

	bda[0x0e] = 0xc0;
	bda[0x0f] = 0x9f;
	memcpy(ebda + 0x3e0 - 0x10, rsdp, 36);
	expect_table(test, 0, "APIC", 0, '0');
	for (i = 0; i < 3; i++)
		pv_fake_region_remove(&region[i]);
}

static void acpi_dsdt_through_fadt(struct kunit *test)
{
	struct fake_acpi *a = acpi_of(test);
	uint64_t first = fake_acpi_table(a, "DSDT", body, LEN);
	uint64_t second = fake_acpi_table(a, "DSDT", body + 1, LEN);
	uint64_t fadt, rsdp;

	fadt = fake_acpi_fadt(a, (uint32_t)first, 0);
	rsdp = fake_acpi_root(a, false, &fadt, 1);
	expect_table(test, rsdp, "DSDT", 0, '0');
	expect_none(test, rsdp, "DSDT", 1);

	/* The wide address counts, unless there is nothing at it. */
	fadt = fake_acpi_fadt(a, (uint32_t)first, second);
	rsdp = fake_acpi_root(a, true, &fadt, 1);
	expect_table(test, rsdp, "DSDT", 0, '1');
	fadt = fake_acpi_fadt(a, (uint32_t)first, 0x123400000000ull);
	rsdp = fake_acpi_root(a, true, &fadt, 1);
	expect_table(test, rsdp, "DSDT", 0, '0');
	/* A table of revision 1 ends before the wide address. */
	fadt = fake_acpi_fadt(a, (uint32_t)first, second);
	fake_acpi_at(a, fadt)[4] = 116;
	fake_acpi_sum(fake_acpi_at(a, fadt), 116);
	rsdp = fake_acpi_root(a, true, &fadt, 1);
	expect_table(test, rsdp, "DSDT", 0, '0');
	fadt = fake_acpi_fadt(a, 0, 0);
	rsdp = fake_acpi_root(a, true, &fadt, 1);
	expect_none(test, rsdp, "DSDT", 0);
}

/* Tables whose length or checksum is wrong are passed over; those behind them are found. */
static void acpi_bad_tables(struct kunit *test)
{
	static const uint32_t length[] = {0, 35, 0x400001, 0x10000, 0xffffffff};
	struct fake_acpi *a = acpi_of(test);
	uint64_t table[4];
	uint64_t rsdp;
	uint8_t *bad;
	unsigned int i;

	table[0] = 0;
	table[1] = fake_acpi_table(a, "APIC", body, LEN);
	table[2] = fake_acpi_table(a, "APIC", body + 1, LEN);
	table[3] = ~0ull - 40;
	rsdp = fake_acpi_root(a, true, table, 4);
	bad = fake_acpi_at(a, table[1]);
	for (i = 0; i < PV_ARRAY_SIZE(length); i++) {
		memcpy(bad + 4, &length[i], 4);
		fake_acpi_sum(bad, length[i] == 35 ? 35 : 36 + LEN);
		expect_table(test, rsdp, "APIC", 0, '1');
		expect_none(test, rsdp, "APIC", 1);
	}
	/* One that goes on at address 0. */
	{
		static uint8_t end[0x1000];
		static struct pv_fake_region top = {
			.base = ~0ull - 0xfff, .len = 0xfff, .memory = end};
		const uint32_t beyond = 0x2000;

		pv_fake_memory_add(&top);
		memcpy(end + 0xf00, "LAST", 4);
		memcpy(end + 0xf04, &beyond, 4);
		table[3] = top.base + 0xf00;
		expect_none(test, fake_acpi_root(a, true, table, 4), "LAST", 0);
		KUNIT_EXPECT_TRUE(test, pv_fake_logged("LAST of 8192 bytes ignored"));
		pv_fake_region_remove(&top);
	}
	bad[4] = 36 + LEN;
	bad[5] = bad[6] = bad[7] = 0;
	fake_acpi_sum(bad, 36 + LEN);
	expect_table(test, rsdp, "APIC", 0, '0');
	bad[40]++;
	expect_table(test, rsdp, "APIC", 0, '1');
}

static void acpi_bad_rsdp(struct kunit *test)
{
	struct fake_acpi *a = acpi_of(test);
	uint64_t table = fake_acpi_table(a, "APIC", body, LEN);
	uint64_t rsdp = fake_acpi_root(a, true, &table, 1);

	expect_none(test, 0x1000, "APIC", 0);
	fake_acpi_at(a, rsdp)[9]++;
	expect_none(test, rsdp, "APIC", 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("no RSDP"));
	fake_acpi_at(a, rsdp)[9]--;
	expect_table(test, rsdp, "APIC", 0, '0');
	pv_fake.no_map = true;
	expect_none(test, rsdp, "APIC", 0);
}

/* Address 0 says that there is nothing, whatever is in memory there. */
static void acpi_nothing_at_0(struct kunit *test)
{
	static uint8_t low[64];
	static struct pv_fake_region page0 = {.len = sizeof(low), .memory = low};
	struct fake_acpi *a = acpi_of(test);
	uint64_t table = fake_acpi_table(a, "APIC", body, LEN), none = 0;
	uint64_t rsdp = fake_acpi_root(a, true, &table, 1);

	pv_fake_memory_add(&page0);
	memcpy(low, fake_acpi_at(a, rsdp), 36);
	expect_none(test, 0, "APIC", 0);
	memcpy(low, fake_acpi_at(a, table), 36 + LEN);
	rsdp = fake_acpi_root(a, true, &none, 1);
	expect_none(test, rsdp, "APIC", 0);
	pv_fake_region_remove(&page0);
}

static struct kunit_case acpi_cases[] = {
	KUNIT_CASE(acpi_both_roots),
	KUNIT_CASE(acpi_falls_back_to_rsdt),
	KUNIT_CASE(acpi_checksums),
	KUNIT_CASE(acpi_peeks),
	KUNIT_CASE(acpi_mentions),
	KUNIT_CASE(acpi_finds_rsdp_in_bios_areas),
	KUNIT_CASE(acpi_dsdt_through_fadt),
	KUNIT_CASE(acpi_bad_tables),
	KUNIT_CASE(acpi_bad_rsdp),
	KUNIT_CASE(acpi_nothing_at_0),
	{},
};

static struct kunit_suite acpi_suite = {
	.name = "acpi",
	.test_cases = acpi_cases,
};

kunit_test_suite(acpi_suite);
