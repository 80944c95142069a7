/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv_wait_until(): how often it asks, and when it gives up.
 *
 * Covers: pv-core/wait.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/wait.h>

struct countdown {
	int left; /* calls until it is true; -1: never */
	int calls;
};

static bool counted(void *arg)
{
	struct countdown *c = arg;

	c->calls++;
	if (c->left > 0)
		c->left--;
	return !c->left;
}

static void wait_true_at_once(struct kunit *test)
{
	struct countdown c = {.left = 1};

	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 0), 0);
	KUNIT_EXPECT_EQ(test, c.calls, 1);
}

static void wait_true_later(struct kunit *test)
{
	struct countdown c = {.left = 50};

	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 1000), 0);
	KUNIT_EXPECT_EQ(test, c.calls, 50);
	KUNIT_EXPECT_GE(test, pv_fake.now, 49 * 1000000ull);
	KUNIT_EXPECT_LT(test, pv_fake.now, 60 * 1000000ull);
}

static void wait_times_out(struct kunit *test)
{
	struct countdown c = {.left = -1};

	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 2000), PV_ETIMEDOUT);
	KUNIT_EXPECT_GE(test, pv_fake.now, 2000 * 1000000ull);
	KUNIT_EXPECT_LT(test, pv_fake.now, 2010 * 1000000ull);
}

/* What became true while the CPU was away is no timeout. */
static void wait_asks_once_more(struct kunit *test)
{
	struct countdown c = {.left = 2};

	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 0), 0);
	KUNIT_EXPECT_EQ(test, c.calls, 2);
}

/* 4294967 s and more: the deadline is not cut to 32 bits of nanoseconds, or of anything. */
static void wait_long(struct kunit *test)
{
	struct countdown c = {.left = 20};

	pv_fake.relax_ns = 200000000000ull;
	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 4294967295u), 0);
	KUNIT_EXPECT_EQ(test, c.calls, 20);
}

static struct kunit_case wait_cases[] = {
	KUNIT_CASE(wait_true_at_once),	 KUNIT_CASE(wait_true_later), KUNIT_CASE(wait_times_out),
	KUNIT_CASE(wait_asks_once_more), KUNIT_CASE(wait_long),	      {},
};

static struct kunit_suite wait_suite = {
	.name = "wait",
	.test_cases = wait_cases,
};

kunit_test_suite(wait_suite);
