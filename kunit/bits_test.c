/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv_bits_format(): the names of a word's bits, whole and cut.
 *
 * Covers: pv-core/bits.c
 */
#include <kunit/test.h>
#include <pv/bits.h>
#include <pv/string.h>

static const struct pv_bit_name names[] = {{3, "THREE"}, {0, "ZERO"}, {63, "LAST"}, {0, NULL}};

static void bits_names(struct kunit *test)
{
	char text[64];
	int n;

	n = pv_bits_format(text, sizeof(text), 0x800000000000000bull, names, "");
	KUNIT_EXPECT_STREQ(test, text, "ZERO bit1 THREE LAST");
	KUNIT_EXPECT_EQ(test, n, 20);
	n = pv_bits_format(text, sizeof(text), 0x9, names, "hint:");
	KUNIT_EXPECT_STREQ(test, text, "hint:ZERO hint:THREE");
	KUNIT_EXPECT_EQ(test, n, 20);
	n = pv_bits_format(text, sizeof(text), 0, names, "x");
	KUNIT_EXPECT_STREQ(test, text, "");
	KUNIT_EXPECT_EQ(test, n, 0);
	n = pv_bits_format(text, sizeof(text), 0x3, NULL, "");
	KUNIT_EXPECT_STREQ(test, text, "bit0 bit1");
	KUNIT_EXPECT_EQ(test, n, 9);
}

static void bits_cut(struct kunit *test)
{
	const char *want = "ZERO bit1 THREE LAST";
	size_t size, whole = pv_strlen(want);

	for (size = 0; size <= whole + 1; size++) {
		char *text = kunit_kmalloc(test, size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, text);
		KUNIT_EXPECT_EQ(test, pv_bits_format(text, size, 0x800000000000000bull, names, ""),
				whole);
		if (size) {
			KUNIT_EXPECT_EQ(test, pv_memcmp(text, want, size - 1), 0);
			KUNIT_EXPECT_EQ(test, text[size - 1], 0);
		}
		kunit_kfree(test, text);
	}
}

static struct kunit_case bits_cases[] = {
	KUNIT_CASE(bits_names),
	KUNIT_CASE(bits_cut),
	{},
};

static struct kunit_suite bits_suite = {
	.name = "bits",
	.test_cases = bits_cases,
};

kunit_test_suite(bits_suite);
