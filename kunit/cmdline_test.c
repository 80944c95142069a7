/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv_cmdline_get() and pv_cmdline_get_u64().
 *
 * Covers: arch/x86/boot_info.c pv-core/cmdline.c
 */
#include <kunit/test.h>
#include <pv/boot.h>
#include <pv/err.h>
#include <pv/os.h>
#include <pv/string.h>

#include "arch/x86/boot_info.h"

struct word {
	const char *cmdline, *key, *want; /* NULL: there is none */
};

static const struct word words[] = {
	{"", "a", NULL},
	{"   ", "a", NULL},
	{"a", "a", ""},
	{"a=", "a", ""},
	{"a=1", "a", "1"},
	{"  a=1  ", "a", "1"},
	{"b=2 a=1 c=3", "a", "1"},
	{"b=2 a=1 c=3", "c", "3"},
	{"a=1 a=2", "a", "2"},
	{"a=1 a", "a", ""},
	{"a a=1", "a", "1"},
	{"ab=1", "a", NULL},
	{"ba=1", "a", NULL},
	{"x=a=1", "a", NULL},
	{"a=b=c", "a", "b=c"},
	{"a=1\tb=2\n", "b", "2"},
	{"blk.mode=read blk.size=64M", "blk.mode", "read"},
	{"blk.mode=read", "blk", NULL},
	{"A=1", "a", NULL},
	{"=1 a", "", NULL},
};

static void cmdline_words(struct kunit *test)
{
	char text[32];
	unsigned int i;
	int n;

	for (i = 0; i < PV_ARRAY_SIZE(words); i++) {
		const struct word *w = &words[i];

		pv_memset(text, 'x', sizeof(text));
		n = pv_cmdline_get(w->cmdline, w->key, text, sizeof(text));
		if (!w->want) {
			KUNIT_EXPECT_EQ_MSG(test, n, PV_ENOENT, "\"%s\" in \"%s\"", w->key,
					    w->cmdline);
			continue;
		}
		KUNIT_ASSERT_EQ_MSG(test, n, pv_strlen(w->want), "\"%s\" in \"%s\"", w->key,
				    w->cmdline);
		KUNIT_EXPECT_STREQ(test, text, w->want);
	}
}

static void cmdline_bounds(struct kunit *test)
{
	char *four = kunit_kzalloc(test, 4, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, four);
	KUNIT_EXPECT_EQ(test, pv_cmdline_get("a=123 b=1234 c", "a", four, 4), 3);
	KUNIT_EXPECT_STREQ(test, four, "123");
	KUNIT_EXPECT_EQ(test, pv_cmdline_get("a=123 b=1234 c", "b", four, 4), PV_ERANGE);
	KUNIT_EXPECT_STREQ(test, four, "123");
	KUNIT_EXPECT_EQ(test, pv_cmdline_get("a=123 b=1234 c", "c", four, 1), 0);
	KUNIT_EXPECT_EQ(test, pv_cmdline_get("a=123 b=1234 c", "c", NULL, 0), PV_ERANGE);
}

struct number {
	const char *text;
	int err;
	uint64_t value;
};

static const struct number numbers[] = {
	{"0", 0, 0},
	{"1", 0, 1},
	{"010", 0, 8},
	{"0x1f", 0, 0x1f},
	{"0XfF", 0, 0xff},
	{"18446744073709551615", 0, ~0ull},
	{"0xffffffffffffffff", 0, ~0ull},
	{"18446744073709551616", PV_EINVAL, 0},
	{"0x10000000000000000", PV_EINVAL, 0},
	{"99999999999999999999", PV_EINVAL, 0},
	{"64M", 0, 64 << 20},
	{"64m", 0, 64 << 20},
	{"4k", 0, 4096},
	{"0x10K", 0, 16384},
	{"2G", 0, 2ull << 30},
	{"17179869183G", 0, 17179869183ull << 30},
	{"17179869184G", PV_EINVAL, 0},
	{"", PV_EINVAL, 0},
	{"x", PV_EINVAL, 0},
	{"0x", PV_EINVAL, 0},
	{"08", PV_EINVAL, 0},
	{"1T", PV_EINVAL, 0},
	{"1KB", PV_EINVAL, 0},
	{"K", PV_EINVAL, 0},
	{"-1", PV_EINVAL, 0},
	{"+1", PV_EINVAL, 0},
	{"1.5", PV_EINVAL, 0},
	{"0xG", PV_EINVAL, 0},
};

static void cmdline_numbers(struct kunit *test)
{
	char cmdline[64];
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(numbers); i++) {
		const struct number *n = &numbers[i];
		uint64_t value = 12345;
		size_t len = pv_strlen(n->text);

		pv_memcpy(cmdline, "n=", 2);
		pv_memcpy(cmdline + 2, n->text, len);
		pv_memcpy(cmdline + 2 + len, " m=7", 5);
		KUNIT_EXPECT_EQ_MSG(test, pv_cmdline_get_u64(cmdline, "n", &value), n->err, "%s",
				    n->text);
		KUNIT_EXPECT_EQ_MSG(test, value, n->err ? 12345 : n->value, "%s", n->text);
	}
}

static void cmdline_no_number(struct kunit *test)
{
	uint64_t value = 5;

	KUNIT_EXPECT_EQ(test, pv_cmdline_get_u64("a=1", "b", &value), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_cmdline_get_u64("a", "a", &value), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, value, 5);
}

/*
 * As loaders leave it: page by page, cut where there is no more room, which may be at a page's end.
 */
static char loaded[2 * PV_PAGE_SIZE];
static unsigned int asked;

static const void *reach(uint64_t pa, size_t len)
{
	asked++;
	return pa >= PV_PAGE_SIZE && pa + len <= 3 * PV_PAGE_SIZE ? loaded + (pa - PV_PAGE_SIZE)
								  : NULL;
}

static void cmdline_copied(struct kunit *test)
{
	struct pv_boot_info *info = kunit_kzalloc(test, sizeof(*info), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, info);
	pv_memset(loaded, 'x', sizeof(loaded));
	for (i = 0; i < 3; i++) {
		asked = 0;
		KUNIT_EXPECT_EQ(test,
				pv_boot_copy_cmdline(
					info, 2 * PV_PAGE_SIZE - PV_BOOT_MAX_CMDLINE + i, reach),
				0);
		KUNIT_EXPECT_EQ(test, pv_strlen(info->cmdline), PV_BOOT_MAX_CMDLINE - 1);
		KUNIT_EXPECT_EQ(test, asked, i < 2 ? 1 : 2);
	}
	asked = 0;
	KUNIT_EXPECT_EQ(test, pv_boot_copy_cmdline(info, 0, reach), 0);
	KUNIT_EXPECT_STREQ(test, info->cmdline, "");
	KUNIT_EXPECT_EQ(test, asked, 0);
}

static struct kunit_case cmdline_cases[] = {
	KUNIT_CASE(cmdline_copied),  KUNIT_CASE(cmdline_words),	    KUNIT_CASE(cmdline_bounds),
	KUNIT_CASE(cmdline_numbers), KUNIT_CASE(cmdline_no_number), {},
};

static struct kunit_suite cmdline_suite = {
	.name = "cmdline",
	.test_cases = cmdline_cases,
};

kunit_test_suite(cmdline_suite);
