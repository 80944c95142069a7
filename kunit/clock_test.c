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

#include "pv-core/clock.h"
#include "pv-core/pvclock.h"

#define CPUS 4
#define MUL  0x80000000u /* with shift 1, a tick is a nanosecond */

static struct pvclock_vcpu_time_info page[CPUS];
static struct pv_wall_time wall_base;
static int wall_err, start_err;
static unsigned int started, stopped, ended;

static int fake_start(unsigned int cpu, struct pvclock_vcpu_time_info PV_SHARED **at)
{
	if (start_err)
		return start_err;
	started++;
	*at = &page[cpu];
	return 0;
}

static void fake_stop(unsigned int cpu)
{
	(void)cpu;
	stopped++;
}

static int fake_wall(struct pv_wall_time *out)
{
	*out = wall_base;
	return wall_err;
}

static void fake_end(void)
{
	ended++;
}

static const struct pv_clock_source source = {
	.name = "test clock",
	.valid_flags = PVCLOCK_TSC_STABLE_BIT | PVCLOCK_GUEST_STOPPED,
	.cpu_start = fake_start,
	.cpu_stop = fake_stop,
	.wall = fake_wall,
	.end = fake_end,
};

static const struct pv_clock_source flagless = {
	.name = "test clock without flags",
	.cpu_start = fake_start,
	.cpu_stop = fake_stop,
	.wall = fake_wall,
	.end = fake_end,
};

/* The host writes CPU `cpu`'s page: `ns` at the present TSC. */
static void host_writes(unsigned int cpu, uint64_t ns, uint8_t flags)
{
	page[cpu].version += 2;
	page[cpu].tsc_timestamp = pv_fake.tsc;
	page[cpu].system_time = ns;
	page[cpu].tsc_to_system_mul = MUL;
	page[cpu].tsc_shift = 1;
	page[cpu].flags = flags;
}

static int clock_init(struct kunit *test)
{
	unsigned int cpu;
	int err;

	(void)test;
	pv_memset(page, 0, sizeof(page));
	start_err = wall_err = 0;
	started = stopped = ended = 0;
	pv_fake.tsc = 1000000;
	for (cpu = 0; cpu < CPUS; cpu++)
		host_writes(cpu, 5000, PVCLOCK_TSC_STABLE_BIT);
	err = pv_clock_register(&source);
	for (cpu = 1; cpu < CPUS && !err; cpu++) {
		pv_fake.cpu = cpu;
		err = pv_clock_cpu_start();
	}
	pv_fake.cpu = 0;
	return err;
}

static void stop_all(void)
{
	for (pv_fake.cpu = CPUS - 1; pv_fake.cpu; pv_fake.cpu--)
		pv_clock_cpu_stop();
	pv_clock_end();
}

static void clock_exit(struct kunit *test)
{
	(void)test;
	pv_clock_on_stopped(NULL, NULL);
	stop_all();
}

static struct pv_clock_info info(void)
{
	struct pv_clock_info i;

	pv_clock_info(&i);
	return i;
}

static void clock_none(struct kunit *test)
{
	struct pv_wall_time t;

	stop_all();
	KUNIT_EXPECT_EQ(test, ended, 1);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_STREQ(test, pv_clock_name(), "none");
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_tsc_khz(), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_clock_cpu_start(), 0);
	KUNIT_EXPECT_FALSE(test, info().stable);
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
	KUNIT_EXPECT_TRUE(test, info().stable);
	KUNIT_EXPECT_EQ(test, info().stuck + info().clamped + info().retries, 0);
}

/* By the host's promise the CPUs share nothing: no CPU is held back, or taken forward, by another. */
static void clock_stable_is_not_shared(struct kunit *test)
{
	host_writes(1, 9000, PVCLOCK_TSC_STABLE_BIT);
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 9000);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5000);
}

static void clock_unstable_is_shared(struct kunit *test)
{
	host_writes(0, 5000, 0);
	host_writes(1, 9000, 0);
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 9000);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 9000);
	KUNIT_EXPECT_EQ(test, info().clamped, 1);
	KUNIT_EXPECT_FALSE(test, info().stable);
	pv_fake.tsc += 5000;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 10000);
	KUNIT_EXPECT_EQ(test, info().clamped, 1);
}

/* The host promises one clock, and has two: a kernel that does not trust it steps back on none. Fault row 48. */
static void clock_stable_ignored(struct kunit *test)
{
	host_writes(0, 5000, PVCLOCK_TSC_STABLE_BIT);
	host_writes(1, 9000, PVCLOCK_TSC_STABLE_BIT);
	pv_clock_use_stable(false);
	KUNIT_EXPECT_FALSE(test, info().stable);
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
	host_writes(2, 1000, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 10000);
	pv_clock_use_stable(true);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_TRUE(test, info().stable);
	pv_fake.tsc += 100;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 10100);
}

/* Readings of CPUs with skewed pages, in any order, while the host rewrites them. Fault row 48. */
static void clock_never_back(struct kunit *test)
{
	uint64_t last = 0, now, seed = 88172645463325252ull;
	unsigned int i;

	for (i = 0; i < CPUS; i++)
		host_writes(i, 5000 + 100 * i, 0);
	for (i = 0; i < 200000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		pv_fake.cpu = (unsigned int)(seed % CPUS);
		pv_fake.tsc += seed >> 8 & 15;
		if (i % 100 == 0)
			host_writes(pv_fake.cpu, pv_fake.tsc - 995000 + (seed >> 32 & 4095), 0);
		now = pv_clock_now();
		KUNIT_ASSERT_GE(test, now, last);
		last = now;
	}
	KUNIT_EXPECT_GT(test, info().clamped, 1000);
	KUNIT_EXPECT_EQ(test, info().stuck, 0);
}

/* All pages are written anew, as after a migration: CPU `n` is at `ns` plus 1000 for each before it. */
static void host_writes_all(uint64_t ns, uint8_t flags)
{
	unsigned int cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		host_writes(cpu, ns + 1000 * cpu, flags);
}

static uint64_t now_on(unsigned int cpu)
{
	pv_fake.cpu = cpu;
	return pv_clock_now();
}

/* The bit goes, and comes again: no CPU steps behind what another returned before. */
static void clock_bit_changes(struct kunit *test)
{
	host_writes_all(5000, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, now_on(3), 8000);
	host_writes_all(4000, 0);
	KUNIT_EXPECT_EQ(test, now_on(0), 8000);
	KUNIT_EXPECT_EQ(test, now_on(1), 8000);
	pv_fake.tsc += 3000;
	KUNIT_EXPECT_EQ(test, now_on(3), 10000);
	host_writes_all(6000, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, now_on(1), 10000);
	KUNIT_EXPECT_EQ(test, now_on(0), 10000);
	host_writes_all(11000, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, now_on(2), 13000);
	KUNIT_EXPECT_EQ(test, now_on(0), 11000);
	host_writes_all(1000, 0);
	KUNIT_EXPECT_EQ(test, now_on(1), 13000);
}

/* A host that breaks its promise does not turn a CPU's own time back. */
static void clock_stable_host_lies(struct kunit *test)
{
	pv_fake.tsc += 1000;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6000);
	host_writes(0, 10, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6000);
	KUNIT_EXPECT_EQ(test, info().clamped, 1);
	pv_fake.tsc -= 500000; /* the TSC itself */
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6000);
	host_writes(0, 6001, PVCLOCK_TSC_STABLE_BIT);
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
	page[0].version |= 1;
	pv_fake.tsc += 1000;
	/* The last value, and of all CPUs: another's must not be stepped behind. */
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6100);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6100);
	KUNIT_EXPECT_EQ(test, pv_fake.pauses, PV_PVCLOCK_TRIES);
	KUNIT_EXPECT_EQ(test, info().stuck, 1);
	KUNIT_EXPECT_EQ(test, pv_clock_tsc_khz(), 0);
	page[0].version++;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6100);
	pv_fake.tsc += 5;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 6105);
	KUNIT_EXPECT_EQ(test, info().stuck, 1);
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
					page[0].tsc_timestamp = stamps[s];
					page[0].tsc_to_system_mul = muls[m];
					page[0].tsc_shift = (int8_t)shift;
					page[0].flags = (uint8_t)flags;
					pv_fake.tsc += 7;
					now = pv_clock_now();
					KUNIT_ASSERT_GE(test, now, last);
					last = now;
				}
			}
		}
	}
	KUNIT_EXPECT_EQ(test, info().stuck, (256 - 63) * 4 * 4 * 2);
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
	pv_clock_on_stopped(tell, &page);
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 0);
	host_writes(0, 7000, PVCLOCK_TSC_STABLE_BIT | PVCLOCK_GUEST_STOPPED);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 7000);
	KUNIT_EXPECT_EQ(test, told, 1);
	KUNIT_EXPECT_EQ(test, told_at, 7000);
	KUNIT_EXPECT_PTR_EQ(test, told_arg, &page);
	KUNIT_EXPECT_EQ(test, page[0].flags, PVCLOCK_TSC_STABLE_BIT);
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 1);
	/* And the next time. */
	page[0].flags |= PVCLOCK_GUEST_STOPPED;
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 2);
	KUNIT_EXPECT_EQ(test, info().stopped, 2);
	/* Nobody wants to know: it is cleared and counted all the same. */
	pv_clock_on_stopped(NULL, NULL);
	page[0].flags |= PVCLOCK_GUEST_STOPPED;
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 2);
	KUNIT_EXPECT_EQ(test, info().stopped, 3);
	KUNIT_EXPECT_EQ(test, page[0].flags, PVCLOCK_TSC_STABLE_BIT);
}

/* Flags that the hypervisor gives no meaning to are not looked at. */
static void clock_flags_without_meaning(struct kunit *test)
{
	stop_all();
	KUNIT_ASSERT_EQ(test, pv_clock_register(&flagless), 0);
	told = 0;
	pv_clock_on_stopped(tell, NULL);
	host_writes(0, 7000, 0xff);
	pv_clock_now();
	KUNIT_EXPECT_EQ(test, told, 0);
	KUNIT_EXPECT_EQ(test, page[0].flags, 0xff);
	KUNIT_EXPECT_FALSE(test, info().stable);
}

static void clock_wall_time(struct kunit *test)
{
	struct pv_wall_time t;

	wall_base.sec = 1700000000;
	wall_base.nsec = 999999000;
	host_writes(0, 2000000999ull, PVCLOCK_TSC_STABLE_BIT);
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), 0);
	KUNIT_EXPECT_EQ(test, t.sec, 1700000002);
	KUNIT_EXPECT_EQ(test, t.nsec, 999999999);
	pv_fake.tsc++;
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), 0);
	KUNIT_EXPECT_EQ(test, t.sec, 1700000003);
	KUNIT_EXPECT_EQ(test, t.nsec, 0);
	wall_err = PV_EAGAIN;
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), PV_EAGAIN);
}

static void clock_register_fails(struct kunit *test)
{
	stop_all();
	stopped = ended = 0;
	start_err = PV_ENOMEM;
	KUNIT_EXPECT_EQ(test, pv_clock_register(&source), PV_ENOMEM);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_EQ(test, stopped, 0);
	KUNIT_EXPECT_EQ(test, ended, 1);

	/* A host that says it writes the page, and does not. */
	start_err = 0;
	pv_memset(page, 0, sizeof(page));
	KUNIT_EXPECT_EQ(test, pv_clock_register(&source), PV_ENODEV);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_EQ(test, stopped, 1);
	KUNIT_EXPECT_EQ(test, ended, 2);
}

/* The memory that the host writes for another CPU is not freed under it. */
static void clock_end_in_use(struct kunit *test)
{
	pv_clock_end();
	KUNIT_EXPECT_EQ(test, ended, 0);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("memory is kept"));
	KUNIT_ASSERT_EQ(test, pv_clock_register(&source), 0);
	stop_all();
	KUNIT_EXPECT_EQ(test, ended, 1);
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
	/* One that has a slot, but was not started. */
	pv_fake.cpu = CPUS;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 5050);
}

static struct kunit_case clock_cases[] = {
	KUNIT_CASE(clock_none),
	KUNIT_CASE(clock_counts),
	KUNIT_CASE(clock_stable_is_not_shared),
	KUNIT_CASE(clock_unstable_is_shared),
	KUNIT_CASE(clock_stable_ignored),
	KUNIT_CASE(clock_never_back),
	KUNIT_CASE(clock_bit_changes),
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
