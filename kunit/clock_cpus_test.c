/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The clock of several CPUs whose pages differ: what they share, with the host's promise of one
 * time for all, and without it.
 *
 * Covers: pv-core/clock.c
 */
#include <kunit/test.h>
#include <pv/fake.h>

#include "fake_clock.h"

static int cpus_init(struct kunit *test)
{
	(void)test;
	fake_clock_init();
	return fake_clock_start();
}

static void cpus_exit(struct kunit *test)
{
	(void)test;
	fake_clock_stop();
}

/*
 * By the host's promise the CPUs share nothing: no CPU is held back, or taken forward, by another.
 */
static void clock_stable_is_not_shared(struct kunit *test)
{
	fake_clock_write(1, 9000, PVCLOCK_TSC_STABLE_BIT);
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 9000);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5000);
}

static void clock_unstable_is_shared(struct kunit *test)
{
	fake_clock_write(0, 5000, 0);
	fake_clock_write(1, 9000, 0);
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 9000);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 9000);
	KUNIT_EXPECT_EQ(test, fake_clock_info().clamped, 1);
	KUNIT_EXPECT_FALSE(test, fake_clock_info().stable);
	pv_fake.tsc += 5000;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 10000);
	KUNIT_EXPECT_EQ(test, fake_clock_info().clamped, 1);
}

/*
 * The host promises one clock, and has two: a kernel that does not trust it steps back on none.
 * Fault row 48.
 */
static void clock_stable_ignored(struct kunit *test)
{
	fake_clock_write(0, 5000, PVCLOCK_TSC_STABLE_BIT);
	fake_clock_write(1, 9000, PVCLOCK_TSC_STABLE_BIT);
	pv_clock_use_stable(false);
	KUNIT_EXPECT_FALSE(test, fake_clock_info().stable);
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 9000);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 9000);
	pv_fake.tsc += 5000;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 10000);
	/* A CPU that comes up then does as the others. */
	pv_fake.cpu = 2;
	pv_clock_cpu_stop();
	KUNIT_EXPECT_EQ(test, pv_clock_cpu_start(), 0);
	fake_clock_write(2, 1000, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 10000);
	pv_clock_use_stable(true);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_TRUE(test, fake_clock_info().stable);
	pv_fake.tsc += 100;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 10100);
}

/* Readings of CPUs with skewed pages, in any order, while the host rewrites them. Fault row 48. */
static void clock_never_back(struct kunit *test)
{
	uint64_t last = 0, now, seed = 88172645463325252ull;
	unsigned int i;

	for (i = 0; i < FAKE_CLOCK_CPUS; i++)
		fake_clock_write(i, 5000 + 100 * i, 0);
	for (i = 0; i < 200000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		pv_fake.cpu = (unsigned int)(seed % FAKE_CLOCK_CPUS);
		pv_fake.tsc += seed >> 8 & 15;
		if (i % 100 == 0)
			fake_clock_write(pv_fake.cpu, pv_fake.tsc - 995000 + (seed >> 32 & 4095),
					 0);
		now = pv_clock_now();
		KUNIT_ASSERT_GE(test, now, last);
		last = now;
	}
	KUNIT_EXPECT_GT(test, fake_clock_info().clamped, 1000);
	KUNIT_EXPECT_EQ(test, fake_clock_info().stuck, 0);
}

/*
 * All pages are written anew, as after a migration: CPU `n` is at `ns` plus 1000 for each before
 * it.
 */
static void host_writes_all(uint64_t ns, uint8_t flags)
{
	unsigned int cpu;

	for (cpu = 0; cpu < FAKE_CLOCK_CPUS; cpu++)
		fake_clock_write(cpu, ns + 1000 * cpu, flags);
}

/* The bit goes, and comes again: no CPU steps behind what another returned before. */
static void clock_bit_changes(struct kunit *test)
{
	host_writes_all(5000, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, fake_clock_on(3), 8000);
	host_writes_all(4000, 0);
	KUNIT_EXPECT_EQ(test, fake_clock_on(0), 8000);
	KUNIT_EXPECT_EQ(test, fake_clock_on(1), 8000);
	pv_fake.tsc += 3000;
	KUNIT_EXPECT_EQ(test, fake_clock_on(3), 10000);
	host_writes_all(6000, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, fake_clock_on(1), 10000);
	KUNIT_EXPECT_EQ(test, fake_clock_on(0), 10000);
	host_writes_all(11000, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, fake_clock_on(2), 13000);
	KUNIT_EXPECT_EQ(test, fake_clock_on(0), 11000);
	host_writes_all(1000, 0);
	KUNIT_EXPECT_EQ(test, fake_clock_on(1), 13000);
}

static struct kunit_case cpus_cases[] = {
	KUNIT_CASE(clock_stable_is_not_shared), KUNIT_CASE(clock_unstable_is_shared),
	KUNIT_CASE(clock_stable_ignored),	KUNIT_CASE(clock_never_back),
	KUNIT_CASE(clock_bit_changes),		{},
};

static struct kunit_suite cpus_suite = {
	.name = "clock_cpus",
	.init = cpus_init,
	.exit = cpus_exit,
	.test_cases = cpus_cases,
};

kunit_test_suite(cpus_suite);
