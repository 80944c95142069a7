/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The timer on a machine with a local APIC and no hypervisor's: by TSC deadline, and by its
 * counter.
 *
 * Covers: pv-core/lapic_timer.c pv-core/part.c pv-core/timer.c pv-core/timer_state.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/fake.h>
#include <pv/pv.h>
#include <pv/timer.h>

#include "pv-core/clock.h"
#include "pv-core/pvclock.h"

#define MSR_APIC_BASE 0x1b
#define MSR_DEADLINE  0x6e0
#define MSR(offset)   (0x800 + (offset) / 16)
#define LVT	      0x320
#define INITIAL	      0x380
#define CURRENT	      0x390
#define DIVIDE	      0x3e0
#define MASKED	      0x10000
#define DEADLINE_MODE 0x40000

#define CYCLES_PER_NS 3
#define MS	      1000000ull

static const struct pv_fake_leaf with_deadline[] = {
	{.leaf = 1, .value = {.ecx = 1u << 24, .edx = 1u << 9}, .last = true},
};
static const struct pv_fake_leaf without_deadline[] = {
	{.leaf = 1, .value = {.edx = 1u << 9}, .last = true},
};

static struct {
	uint32_t lvt, initial;
	uint64_t begun; /* ns, when the counter was */
	uint64_t deadline;
	unsigned int programmed;
} apic[PV_CONFIG_MAX_CPUS];

static unsigned int fired;
static uint64_t again; /* what the function arms; 0: nothing */

static uint64_t tsc(void)
{
	return pv_fake.now * CYCLES_PER_NS;
}

static uint64_t host_rdmsr(uint32_t msr)
{
	uint64_t passed = pv_fake.now - apic[pv_fake.cpu].begun;

	switch (msr) {
	case MSR_APIC_BASE:
		return 0xfee00c00;
	case MSR(CURRENT):
		return passed < apic[pv_fake.cpu].initial ? apic[pv_fake.cpu].initial - passed : 0;
	}
	return 0;
}

static void host_wrmsr(uint32_t msr, uint64_t v)
{
	switch (msr) {
	case MSR(LVT):
		apic[pv_fake.cpu].lvt = (uint32_t)v;
		break;
	case MSR(INITIAL):
		apic[pv_fake.cpu].initial = (uint32_t)v;
		apic[pv_fake.cpu].begun = pv_fake.now;
		apic[pv_fake.cpu].programmed++;
		break;
	case MSR_DEADLINE:
		apic[pv_fake.cpu].deadline = v;
		apic[pv_fake.cpu].programmed++;
		break;
	}
}

static void tick(void *arg)
{
	fired++;
	*(unsigned int *)arg += 1;
	if (again && pv_timer_arm(again))
		fired = 100;
}

static int timer_init(struct kunit *test)
{
	(void)test;
	memset(apic, 0, sizeof(apic));
	fired = 0;
	again = 0;
	pv_fake.rdtsc = tsc;
	pv_fake.rdmsr = host_rdmsr;
	pv_fake.wrmsr = host_wrmsr;
	pv_fake_cpuid(with_deadline);
	pv_clock_end(); /* another suite's */
	return pv_init(&(struct pv_init_args) {0});
}

static void timer_exit(struct kunit *test)
{
	(void)test;
	pv_fake.cpu = 0;
	pv_shutdown();
}

/* The interrupt comes when the hardware says. */
static void interrupt(struct kunit *test)
{
	unsigned int vector = apic[pv_fake.cpu].lvt & 0xff;

	KUNIT_EXPECT_FALSE(test, apic[pv_fake.cpu].lvt & MASKED);
	KUNIT_EXPECT_EQ(test, pv_fake_raise_vector(vector, true), 1);
}

static void timer_deadline(struct kunit *test)
{
	unsigned int arg = 0;
	uint64_t next, at;

	KUNIT_EXPECT_FALSE(test, pv_timer_next(&next));
	KUNIT_EXPECT_EQ(test, pv_timer_arm(5), PV_ENODEV);
	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, &arg), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, &arg), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, apic[0].lvt & ~0xffu, DEADLINE_MODE);
	KUNIT_EXPECT_TRUE(test, pv_timer_next(&next) && next == ~0ull);

	at = pv_timer_now() + 10 * MS;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(at), 0);
	KUNIT_EXPECT_TRUE(test, pv_timer_next(&next) && next == at);
	/* As measured: within a promille, and never later than the clock. */
	KUNIT_EXPECT_LE(test, apic[0].deadline, at * CYCLES_PER_NS);
	KUNIT_EXPECT_GE(test, apic[0].deadline, (at - 10000) * CYCLES_PER_NS);

	/* Early by a little: it is programmed again, and nobody is told. */
	pv_fake.now = at - 500;
	interrupt(test);
	KUNIT_EXPECT_EQ(test, fired, 0);
	KUNIT_EXPECT_EQ(test, apic[0].programmed, 2);
	pv_fake.now = at;
	interrupt(test);
	KUNIT_EXPECT_TRUE(test, fired == 1 && arg == 1);
	KUNIT_EXPECT_EQ(test, apic[0].programmed, 2);
	interrupt(test);
	KUNIT_EXPECT_EQ(test, fired, 1);
}

/* Fault row 53 */
static void timer_past(struct kunit *test)
{
	unsigned int arg = 0;

	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, &arg), 0);
	pv_fake.now = 50 * MS;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(1), 0);
	KUNIT_EXPECT_TRUE(test, apic[0].deadline && apic[0].deadline <= tsc());
	interrupt(test);
	KUNIT_EXPECT_EQ(test, fired, 1);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(~0ull), 0);
	KUNIT_EXPECT_GT(test, apic[0].deadline, tsc());
	KUNIT_EXPECT_LE(test, apic[0].deadline, tsc() + 3600000 * MS * (CYCLES_PER_NS + 1));
	pv_timer_cancel();
	KUNIT_EXPECT_EQ(test, apic[0].deadline, 0);
	interrupt(test);
	KUNIT_EXPECT_EQ(test, fired, 1);
}

/* The function arms the next one: the interrupt leaves that alone. */
static void timer_again(struct kunit *test)
{
	unsigned int arg = 0;

	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, &arg), 0);
	again = pv_timer_now() + 3 * MS;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(again - MS), 0);
	pv_fake.now = again - MS;
	interrupt(test);
	KUNIT_EXPECT_EQ(test, fired, 1);
	KUNIT_EXPECT_EQ(test, apic[0].programmed, 2);
	KUNIT_EXPECT_GE(test, apic[0].deadline, (again - 10000) * CYCLES_PER_NS);
}

static void timer_counter(struct kunit *test)
{
	unsigned int arg = 0;
	uint64_t at;

	pv_fake_cpuid(without_deadline);
	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, &arg), 0);
	KUNIT_EXPECT_EQ(test, apic[0].lvt & ~0xffu, 0);
	at = pv_timer_now() + 10 * MS;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(at), 0);
	KUNIT_EXPECT_GE(test, apic[0].initial, 9990000);
	KUNIT_EXPECT_LE(test, apic[0].initial, 10010000);
	pv_fake.now = at;
	interrupt(test);
	KUNIT_EXPECT_EQ(test, fired, 1);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(1), 0);
	KUNIT_EXPECT_EQ(test, apic[0].initial, 1);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(at + 3600000 * MS), 0);
	KUNIT_EXPECT_EQ(test, apic[0].initial, 0xffffffff);
	pv_timer_cancel();
	KUNIT_EXPECT_EQ(test, apic[0].initial, 0);
}

/* A vector for all, a timer for each; the vector goes with the last. */
static void timer_cpus(struct kunit *test)
{
	unsigned int arg[2] = {0, 0}, irqs = pv_fake.live_irqs;

	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, &arg[0]), 0);
	pv_fake.cpu = 1;
	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, &arg[1]), 0);
	KUNIT_EXPECT_EQ(test, apic[0].lvt, apic[1].lvt);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, irqs + 1);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(1), 0);
	interrupt(test);
	KUNIT_EXPECT_TRUE(test, arg[0] == 0 && arg[1] == 1);
	pv_cpu_exit();
	KUNIT_EXPECT_TRUE(test, apic[1].lvt & MASKED);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(1), PV_ENODEV);
	/* Whoever sends it: a CPU that there is no place for has no deadline. */
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	KUNIT_EXPECT_EQ(test, pv_fake_raise_vector(apic[0].lvt & 0xff, true), 1);
	KUNIT_EXPECT_TRUE(test, arg[0] == 0 && arg[1] == 1);
	pv_cpu_exit();
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, irqs + 1);
	pv_timer_stop();
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, irqs);
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, arg), PV_ENOSPC);
}

static void timer_poll(struct kunit *test)
{
	unsigned int arg = 0;
	uint64_t at;

	pv_timer_poll();
	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, &arg), 0);
	at = pv_timer_now() + MS;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(at), 0);
	apic[0].deadline = 0; /* lost */
	pv_timer_poll();
	KUNIT_EXPECT_EQ(test, fired, 0);
	KUNIT_EXPECT_NE(test, apic[0].deadline, 0);
	pv_fake.now = at;
	pv_timer_poll();
	KUNIT_EXPECT_EQ(test, fired, 1);
	pv_timer_poll();
	KUNIT_EXPECT_EQ(test, fired, 1);
}

static void timer_none(struct kunit *test)
{
	static const struct pv_fake_leaf nothing[] = {{.leaf = 1, .last = true}};
	unsigned int arg = 0;

	pv_fake.no_vector = true;
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, &arg), PV_ENODEV);
	pv_fake.no_vector = false;
	pv_shutdown();
	pv_fake_cpuid(nothing);
	KUNIT_EXPECT_EQ(test, pv_init(&(struct pv_init_args) {0}), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, &arg), PV_ENODEV);
}

static uint64_t stopped(uint32_t msr)
{
	return msr == MSR_APIC_BASE ? 0xfee00c00 : 0xffffffff;
}

static uint64_t mapped(uint32_t msr)
{
	return msr == MSR_APIC_BASE ? 0xfee00800 : 0;
}

/*
 * Registers that cannot be reached, and a counter that does not count: no timer, and nothing is
 * left of it.
 */
static void timer_broken(struct kunit *test)
{
	unsigned int arg = 0;

	pv_shutdown();
	pv_fake_cpuid(without_deadline);
	pv_fake.rdmsr = mapped;
	pv_fake.no_map = true;
	KUNIT_EXPECT_EQ(test, pv_init(&(struct pv_init_args) {0}), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, &arg), PV_ENOMEM);
	pv_fake.no_map = false;
	pv_shutdown();
	pv_fake.rdmsr = stopped;
	KUNIT_EXPECT_EQ(test, pv_init(&(struct pv_init_args) {0}), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, &arg), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
}

/* --- rates ------------------------------------------------------------------------------------ */

static struct pvclock_vcpu_time_info time_page;

static int page_start(unsigned int cpu, struct pvclock_vcpu_time_info PV_SHARED **at)
{
	(void)cpu;
	*at = &time_page;
	return 0;
}

static void page_stop(unsigned int cpu)
{
	(void)cpu;
}

static void page_end(void)
{
}

/* A clock knows the TSC's rate: it is not measured. */
static void timer_clock(struct kunit *test)
{
	static const struct pv_clock_source source = {.name = "test clock",
						      .valid_flags = PVCLOCK_TSC_STABLE_BIT,
						      .cpu_start = page_start,
						      .cpu_stop = page_stop,
						      .end = page_end};
	unsigned int arg = 0;
	uint64_t at;

	/* A third of a nanosecond for each cycle: 2^32 / 3, in units of 2^-32. */
	time_page = (struct pvclock_vcpu_time_info) {
		.version = 2, .tsc_to_system_mul = 0x55555555, .flags = PVCLOCK_TSC_STABLE_BIT};
	KUNIT_ASSERT_EQ(test, pv_clock_register(&source), 0);
	pv_fake.pauses = 0;
	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, &arg), 0);
	KUNIT_EXPECT_EQ(test, pv_fake.pauses, 0);
	at = pv_timer_now() + 10 * MS;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(at), 0);
	KUNIT_EXPECT_LE(test, apic[0].deadline, at * CYCLES_PER_NS + CYCLES_PER_NS);
	KUNIT_EXPECT_GE(test, apic[0].deadline, (at - 10000) * CYCLES_PER_NS);
	pv_timer_stop();
	pv_clock_end();
}

static uint64_t turns;

static uint64_t backwards(void)
{
	return 1000000 - turns++;
}

static uint64_t leaps(void)
{
	return turns++ << 33;
}

static uint64_t creeps(void)
{
	pv_fake.now += 5000 * MS;
	return ++turns;
}

/*
 * Nor a TSC that goes back, by more between two readings than a rate has bits for, or by nothing
 * that is worth a rate.
 */
static void timer_tsc(struct kunit *test)
{
	static uint64_t (*const tsc_is[])(void) = {backwards, leaps, creeps};
	unsigned int arg = 0, i;

	for (i = 0; i < PV_ARRAY_SIZE(tsc_is); i++) {
		turns = 0;
		pv_fake.rdtsc = tsc_is[i];
		KUNIT_EXPECT_EQ(test, pv_timer_start(tick, &arg), PV_ENODEV);
		KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
	}
}

static struct kunit_case timer_cases[] = {
	KUNIT_CASE(timer_deadline),
	KUNIT_CASE(timer_past),
	KUNIT_CASE(timer_again),
	KUNIT_CASE(timer_counter),
	KUNIT_CASE(timer_cpus),
	KUNIT_CASE(timer_poll),
	KUNIT_CASE(timer_none),
	KUNIT_CASE(timer_broken),
	KUNIT_CASE(timer_tsc),
	KUNIT_CASE(timer_clock),
	{},
};

static struct kunit_suite timer_suite = {
	.name = "timer",
	.init = timer_init,
	.exit = timer_exit,
	.test_cases = timer_cases,
};
kunit_test_suite(timer_suite);
