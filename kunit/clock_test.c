/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/clock.c on pages of the test's own: time goes forward, whatever is in them.
 *
 * Covers: pv-core/clock.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/string.h>

#include "fake_clock.h"

static int clock_init(struct kunit *test)
{
	(void)test;
	fake_clock_init();
	return fake_clock_start();
}

static void clock_exit(struct kunit *test)
{
	(void)test;
	pv_clock_on_stopped(NULL, NULL);
	fake_clock_stop();
}

static void clock_none(struct kunit *test)
{
	struct pv_wall_time t;

	fake_clock_stop();
	KUNIT_EXPECT_EQ(test, fake_clock.ended, 1);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_STREQ(test, pv_clock_name(), "none");
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_tsc_khz(), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_clock_cpu_start(), 0);
	KUNIT_EXPECT_FALSE(test, fake_clock_info().stable);
}

static void clock_counts(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, pv_clock_present());
	KUNIT_EXPECT_STREQ(test, pv_clock_name(), "test clock");
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5000);
	pv_fake.tsc += 123;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5123);
	pv_fake.tsc += 1000000000000ull;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 1000000005123ull);
	KUNIT_EXPECT_EQ(test, pv_clock_tsc_khz(), 1000000);
	KUNIT_EXPECT_TRUE(test, fake_clock_info().stable);
	KUNIT_EXPECT_EQ(
		test,
		fake_clock_info().stuck + fake_clock_info().clamped + fake_clock_info().retries, 0);
}

/* A host that breaks its promise does not turn a CPU's own time back. */
static void clock_stable_host_lies(struct kunit *test)
{
	pv_fake.tsc += 1000;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6000);
	fake_clock_write(0, 10, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6000);
	KUNIT_EXPECT_EQ(test, fake_clock_info().clamped, 1);
	pv_fake.tsc -= 500000; /* the TSC itself */
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6000);
	fake_clock_write(0, 6001, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6001);
}

/* Fault row 45 */
static void clock_version_odd(struct kunit *test)
{
	pv_fake.cpu = 1;
	pv_fake.tsc += 100;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5100);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5100);
	fake_clock.page[0].version |= 1;
	pv_fake.tsc += 1000;
	/* The last value, and of all CPUs: another's must not be stepped behind. */
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6100);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6100);
	KUNIT_EXPECT_EQ(test, pv_fake.pauses, PV_PVCLOCK_TRIES);
	KUNIT_EXPECT_EQ(test, fake_clock_info().stuck, 1);
	KUNIT_EXPECT_EQ(test, pv_clock_tsc_khz(), 0);
	fake_clock.page[0].version++;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6100);
	pv_fake.tsc += 5;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6105);
	KUNIT_EXPECT_EQ(test, fake_clock_info().stuck, 1);
}

/*
 * Any factor, any shift, any time stamp, with the stable bit and without: forward only.
 * Fault row 46.
 */
static void clock_nonsense(struct kunit *test)
{
	static const uint32_t muls[] = {0, 1, 0x80000000, 0xffffffff};
	static const uint64_t stamps[] = {0, 1000, 1ull << 63, ~0ull};
	unsigned int m, s, flags;
	uint64_t last = 0, now;
	int shift;

	for (shift = -128; shift <= 127; shift++) {
		for (m = 0; m < PV_ARRAY_SIZE(muls); m++) {
			for (s = 0; s < PV_ARRAY_SIZE(stamps); s++) {
				for (flags = 0; flags < 2; flags++) {
					fake_clock.page[0].tsc_timestamp = stamps[s];
					fake_clock.page[0].tsc_to_system_mul = muls[m];
					fake_clock.page[0].tsc_shift = (int8_t)shift;
					fake_clock.page[0].flags = (uint8_t)flags;
					pv_fake.tsc += 7;
					now = pv_clock_now();
					KUNIT_ASSERT_GE(test, now, last);
					last = now;
				}
			}
		}
	}
	KUNIT_EXPECT_EQ(test, fake_clock_info().stuck, (256 - 63) * 4 * 4 * 2);
}

static unsigned int told;
static void *told_arg;
static uint64_t told_at;

static void tell(void *arg)
{
	told++;
	told_arg = arg;
	told_at = pv_clock_now();
}

/* Fault row 47 */
static void clock_stopped(struct kunit *test)
{
	told = 0;
	pv_clock_on_stopped(tell, &fake_clock);
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 0);
	fake_clock_write(0, 7000, PVCLOCK_TSC_STABLE_BIT | PVCLOCK_GUEST_STOPPED);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 7000);
	KUNIT_EXPECT_EQ(test, told, 1);
	KUNIT_EXPECT_EQ(test, told_at, 7000);
	KUNIT_EXPECT_PTR_EQ(test, told_arg, &fake_clock);
	KUNIT_EXPECT_EQ(test, fake_clock.page[0].flags, PVCLOCK_TSC_STABLE_BIT);
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 1);
	/* And the next time. */
	fake_clock.page[0].flags |= PVCLOCK_GUEST_STOPPED;
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 2);
	KUNIT_EXPECT_EQ(test, fake_clock_info().stopped, 2);
	/* Nobody wants to know: it is cleared and counted all the same. */
	pv_clock_on_stopped(NULL, NULL);
	fake_clock.page[0].flags |= PVCLOCK_GUEST_STOPPED;
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 2);
	KUNIT_EXPECT_EQ(test, fake_clock_info().stopped, 3);
	KUNIT_EXPECT_EQ(test, fake_clock.page[0].flags, PVCLOCK_TSC_STABLE_BIT);
}

/* Flags that the hypervisor gives no meaning to are not looked at. */
static void clock_flags_without_meaning(struct kunit *test)
{
	fake_clock_stop();
	KUNIT_ASSERT_EQ(test, pv_clock_register(&fake_clock_flagless), 0);
	told = 0;
	pv_clock_on_stopped(tell, NULL);
	fake_clock_write(0, 7000, 0xff);
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 0);
	KUNIT_EXPECT_EQ(test, fake_clock.page[0].flags, 0xff);
	KUNIT_EXPECT_FALSE(test, fake_clock_info().stable);
}

static void clock_wall_time(struct kunit *test)
{
	struct pv_wall_time t;

	fake_clock.wall.sec = 1700000000;
	fake_clock.wall.nsec = 999999000;
	fake_clock_write(0, 2000000999ull, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), 0);
	KUNIT_EXPECT_EQ(test, t.sec, 1700000002);
	KUNIT_EXPECT_EQ(test, t.nsec, 999999999);
	pv_fake.tsc++;
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), 0);
	KUNIT_EXPECT_EQ(test, t.sec, 1700000003);
	KUNIT_EXPECT_EQ(test, t.nsec, 0);
	fake_clock.wall_err = PV_EAGAIN;
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), PV_EAGAIN);
}

static void clock_register_fails(struct kunit *test)
{
	fake_clock_stop();
	fake_clock.stopped = fake_clock.ended = 0;
	fake_clock.start_err = PV_ENOMEM;
	KUNIT_EXPECT_EQ(test, pv_clock_register(&fake_clock_source), PV_ENOMEM);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_EQ(test, fake_clock.stopped, 0);
	KUNIT_EXPECT_EQ(test, fake_clock.ended, 1);

	/* A host that says it writes the page, and does not. */
	fake_clock.start_err = 0;
	pv_memset(fake_clock.page, 0, sizeof(fake_clock.page));
	KUNIT_EXPECT_EQ(test, pv_clock_register(&fake_clock_source), PV_ENODEV);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_EQ(test, fake_clock.stopped, 1);
	KUNIT_EXPECT_EQ(test, fake_clock.ended, 2);
}

/* The memory that the host writes for another CPU is not freed under it. */
static void clock_end_in_use(struct kunit *test)
{
	pv_clock_end();
	KUNIT_EXPECT_EQ(test, fake_clock.ended, 0);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("memory is kept"));
	KUNIT_ASSERT_EQ(test, pv_clock_register(&fake_clock_source), 0);
	fake_clock_stop();
	KUNIT_EXPECT_EQ(test, fake_clock.ended, 1);
}

static void clock_too_many_cpus(struct kunit *test)
{
	pv_fake.tsc += 50;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5050);
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	KUNIT_EXPECT_EQ(test, pv_clock_cpu_start(), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5050);
	KUNIT_EXPECT_EQ(test, pv_clock_tsc_khz(), 0);
	pv_clock_cpu_stop();
	/* One that has a slot, but was not fake_clock.started. */
	pv_fake.cpu = FAKE_CLOCK_CPUS;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5050);
}

static struct kunit_case clock_cases[] = {
	KUNIT_CASE(clock_none),
	KUNIT_CASE(clock_counts),
	KUNIT_CASE(clock_stable_host_lies),
	KUNIT_CASE(clock_version_odd),
	KUNIT_CASE(clock_nonsense),
	KUNIT_CASE(clock_stopped),
	KUNIT_CASE(clock_flags_without_meaning),
	KUNIT_CASE(clock_wall_time),
	KUNIT_CASE(clock_register_fails),
	KUNIT_CASE(clock_end_in_use),
	KUNIT_CASE(clock_too_many_cpus),
	{},
};

static struct kunit_suite clock_suite = {
	.name = "clock",
	.init = clock_init,
	.exit = clock_exit,
	.test_cases = clock_cases,
};

kunit_test_suite(clock_suite);
