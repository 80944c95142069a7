/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Faults on request, for the test of the runner (tests/kunit/run.py): planted_test.what= on the
 * kernel's command line says which. Without it there are none.
 */
#include <kunit/test.h>
#include <linux/moduleparam.h>
#include <pv/os.h>
#include <pv/string.h>

static char *what = "nothing";
module_param(what, charp, 0);

static void planted_failure(struct kunit *test)
{
	KUNIT_EXPECT_STRNEQ(test, what, "failure");
}

/* Passes, unless somebody watches over memory. */
static void planted_out_of_bounds(struct kunit *test)
{
	volatile char *p = kunit_kzalloc(test, 40, GFP_KERNEL);
	int at = pv_strcmp(what, "out-of-bounds") ? 39 : 40;

	KUNIT_ASSERT_NOT_NULL(test, (void *)p);
	KUNIT_EXPECT_LE(test, (int)p[at], 127);
}

/* The fake machine's memory is to be given back. */
static void planted_leak(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, pv_strcmp(what, "leak") || pv_os_alloc(1));
}

static struct kunit_case planted_cases[] = {
	KUNIT_CASE(planted_failure),
	KUNIT_CASE(planted_out_of_bounds),
	KUNIT_CASE(planted_leak),
	{},
};

static struct kunit_suite planted_suite = {
	.name = "planted",
	.test_cases = planted_cases,
};

kunit_test_suite(planted_suite);
