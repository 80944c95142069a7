/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xs_text.c: what xenstored may write, and what anybody may write there instead.
 *
 * Covers: pv-core/xen/xs_text.c
 */
#include <kunit/test.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/string.h>

#include "pv-core/xen/xs_conn.h"

static void xs_text_numbers(struct kunit *test)
{
	static const struct {
		const char *text;
		int err;
		uint64_t v;
	} cases[] = {
		{"0", 0, 0},
		{"7", 0, 7},
		{"51712", 0, 51712},
		{"007", 0, 7},
		{"4294967295", 0, 4294967295u},
		{"18446744073709551615", 0, 18446744073709551615u},
		{"18446744073709551616", PV_EINVAL, 0},
		{"99999999999999999999999", PV_EINVAL, 0},
		{"", PV_EINVAL, 0},
		{" 1", PV_EINVAL, 0},
		{"1 ", PV_EINVAL, 0},
		{"1\n", PV_EINVAL, 0},
		{"-1", PV_EINVAL, 0},
		{"+1", PV_EINVAL, 0},
		{"0x10", PV_EINVAL, 0},
		{"4a", PV_EINVAL, 0},
		{"Connected", PV_EINVAL, 0},
	};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		uint64_t v = 0xdead;

		KUNIT_EXPECT_EQ_MSG(test, pv_xs_number(cases[i].text, &v), cases[i].err, "%s",
				    cases[i].text);
		KUNIT_EXPECT_EQ_MSG(test, v, cases[i].err ? 0xdead : cases[i].v, "%s",
				    cases[i].text);
	}
}

static void xs_text_errors(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_xs_error("ENOENT"), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_xs_error("EAGAIN"), PV_EAGAIN);
	KUNIT_EXPECT_EQ(test, pv_xs_error("EACCES"), PV_EPERM);
	KUNIT_EXPECT_EQ(test, pv_xs_error("E2BIG"), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, pv_xs_error("EQUOTA"), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_xs_error("ENOENT "), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_xs_error(""), PV_EIO);
}

static void xs_text_names(struct kunit *test)
{
	static char path[PV_XS_PATH + 1];

	KUNIT_EXPECT_TRUE(test, pv_xs_name_valid("vbd"));
	KUNIT_EXPECT_TRUE(test, pv_xs_name_valid("feature-max-indirect-segments"));
	KUNIT_EXPECT_TRUE(test, pv_xs_name_valid("@x+1_"));
	KUNIT_EXPECT_FALSE(test, pv_xs_name_valid(""));
	KUNIT_EXPECT_FALSE(test, pv_xs_name_valid("a/b"));
	KUNIT_EXPECT_FALSE(test, pv_xs_name_valid("/"));
	KUNIT_EXPECT_FALSE(test, pv_xs_name_valid("a b"));
	KUNIT_EXPECT_FALSE(test, pv_xs_name_valid("a\x7f"));
	KUNIT_EXPECT_FALSE(test, pv_xs_name_valid("\xc3\xa4"));
	pv_memset(path, 'a', PV_XS_PATH);
	KUNIT_EXPECT_FALSE(test, pv_xs_name_valid(path));
	path[PV_XS_PATH - 1] = '\0';
	KUNIT_EXPECT_TRUE(test, pv_xs_name_valid(path));
}

static void xs_text_permissions(struct kunit *test)
{
	static const char *const bad[] = {"", "r", "x3", "r-1", "r65536", "r3 ", "3"};
	struct pv_xs_perm p = {'?', 99};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, pv_xs_perm_parse(bad[i], &p), PV_EINVAL, "%s", bad[i]);
	KUNIT_EXPECT_EQ(test, p.domid, 99);
	KUNIT_EXPECT_EQ(test, pv_xs_perm_parse("w0", &p), 0);
	KUNIT_EXPECT_EQ(test, p.access, 'w');
	KUNIT_EXPECT_EQ(test, p.domid, 0);
	KUNIT_EXPECT_EQ(test, pv_xs_perm_parse("b65535", &p), 0);
	KUNIT_EXPECT_EQ(test, p.access, 'b');
	KUNIT_EXPECT_EQ(test, p.domid, 65535);
}

static void xs_text_lists(struct kunit *test)
{
	static const char list[] = "one\0\0three\0open";
	const char *at = list, *end = list + sizeof(list) - 1;

	KUNIT_EXPECT_STREQ(test, pv_xs_next_text(&at, end), "one");
	KUNIT_EXPECT_STREQ(test, pv_xs_next_text(&at, end), "");
	KUNIT_EXPECT_STREQ(test, pv_xs_next_text(&at, end), "three");
	KUNIT_EXPECT_NULL(test, pv_xs_next_text(&at, end));
	KUNIT_EXPECT_NULL(test, pv_xs_next_text(&at, at));
}

static struct kunit_case xs_text_cases[] = {
	KUNIT_CASE(xs_text_numbers),	 KUNIT_CASE(xs_text_errors), KUNIT_CASE(xs_text_names),
	KUNIT_CASE(xs_text_permissions), KUNIT_CASE(xs_text_lists),  {},
};

static struct kunit_suite xs_text_suite = {
	.name = "xs_text",
	.test_cases = xs_text_cases,
};

kunit_test_suite(xs_text_suite);
