/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What is asked of the clock besides the time: the time at a reading of the TSC, the TSC's rate,
 * and going on after a suspension; where there is no clock, and where its page makes no sense.
 *
 * Covers: pv-core/clock.c pv-core/pvclock.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/fake.h>

#include "fake_clock.h"

static struct pvclock_vcpu_time_info *const page = &fake_clock.page[0];

static int at_init(struct kunit *test)
{
	(void)test;
	fake_clock_init();
	pv_fake.tsc = 1000;
	fake_clock_write(0, 5000, PVCLOCK_TSC_STABLE_BIT);
	return 0;
}

static void at_exit(struct kunit *test)
{
	(void)test;
	pv_fake.cpu = 0;
	pv_clock_end();
}

static void clock_at_moment(struct kunit *test)
{
	uint64_t ns = 77;

	KUNIT_EXPECT_FALSE(test, pv_clock_at(2000, &ns)); /* there is none */
	KUNIT_EXPECT_EQ(test, ns, 77);
	KUNIT_ASSERT_EQ(test, pv_clock_register(&fake_clock_source), 0);
	KUNIT_EXPECT_TRUE(test, pv_clock_at(2000, &ns));
	KUNIT_EXPECT_EQ(test, ns, 6000);
	ns = 77;
	page->version = 3; /* and stays so */
	KUNIT_EXPECT_FALSE(test, pv_clock_at(2000, &ns));
	page->version = 4;
	page->tsc_shift = 127;
	KUNIT_EXPECT_FALSE(test, pv_clock_at(2000, &ns));
	page->tsc_shift = 1;
	pv_fake.cpu = 1; /* not started */
	KUNIT_EXPECT_FALSE(test, pv_clock_at(2000, &ns));
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	KUNIT_EXPECT_FALSE(test, pv_clock_at(2000, &ns));
	KUNIT_EXPECT_EQ(test, ns, 77);
}

/* Without a clock every question has an answer, too. */
static void clock_at_none(struct kunit *test)
{
	struct pv_clock_info info;
	struct pv_wall_time wall;

	KUNIT_EXPECT_EQ(test, pv_clock_now(), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_tsc_khz(), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&wall), PV_ENODEV);
	pv_clock_info(&info);
	KUNIT_EXPECT_FALSE(test, info.stable);
	pv_clock_use_stable(false);
	pv_clock_use_stable(true);
	pv_clock_resume();
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_cpu_start(), 0);
	pv_clock_cpu_stop();
}

/* A page of the new host's that cannot be read leaves the clock where it was. */
static void clock_at_resume(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_clock_register(&fake_clock_source), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5000);
	page->version = 5;
	pv_clock_resume();
	page->version = 6;
	page->tsc_shift = 127;
	pv_clock_resume();
	page->tsc_shift = 1;
	pv_fake.tsc = 1100;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5100);
	/* One that is behind: its time is added to. */
	page->system_time = 100;
	page->tsc_timestamp = 1100;
	pv_clock_resume();
	pv_fake.tsc = 1200;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5200);
	KUNIT_EXPECT_EQ(test, pv_clock_to_host(5200), 200);
	KUNIT_EXPECT_EQ(test, pv_clock_to_host(10), 0);
	/* One that is ahead. */
	page->system_time = 90000;
	page->tsc_timestamp = 1200;
	pv_clock_resume();
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 90000);
}

/* A factor of 0 says that the host does not write the page. */
static void clock_at_not_written(struct kunit *test)
{
	page->tsc_to_system_mul = 0;
	KUNIT_EXPECT_EQ(test, pv_clock_register(&fake_clock_source), PV_ENODEV);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	page->tsc_to_system_mul = 1;
	page->version = 7;
	KUNIT_EXPECT_EQ(test, pv_clock_register(&fake_clock_source), PV_ENODEV);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
}

static struct kunit_case at_cases[] = {
	KUNIT_CASE(clock_at_moment),
	KUNIT_CASE(clock_at_none),
	KUNIT_CASE(clock_at_resume),
	KUNIT_CASE(clock_at_not_written),
	{},
};

static struct kunit_suite at_suite = {
	.name = "clock_at",
	.init = at_init,
	.exit = at_exit,
	.test_cases = at_cases,
};

kunit_test_suite(at_suite);
