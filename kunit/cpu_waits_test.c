/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs that wait for each other's TLBs, where the one that waits is asked itself.
 *
 * Covers: pv-core/tlb.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/pv.h>
#include <pv/tlb.h>

#include "pv-core/clock.h"
#include "pv-core/cpu.h"

static const struct pv_fake_leaf with_apic[] = {
	{.leaf = 1, .value = {.edx = 1u << 9}, .last = true},
};

static struct pv_cpu_host ops;
static unsigned int icrs;
static uint32_t icr_to;

static uint64_t read_msr(uint32_t msr)
{
	return msr == 0x1b ? 0xfee00c00 : 0;
}

static void write_msr(uint32_t msr, uint64_t v)
{
	icrs += msr == 0x830;
	icr_to = (uint32_t)(v >> 32);
}

static bool find(uint32_t number, struct pv_cpu_info *info)
{
	*info = (struct pv_cpu_info) {.apic_id = number, .uid = number, .present = true};
	return number < 4;
}

static int start(const struct pv_cpu_info *info, bool again, void (*entry)(void *arg), void *arg,
		 void *stack_end)
{
	(void)info;
	(void)again;
	(void)entry;
	(void)arg;
	(void)stack_end;
	return 0;
}

static void nothing(void *arg)
{
	(void)arg;
}

/* CPUs 0 to 3 run. */
static int waits_init(struct kunit *test)
{
	unsigned int i;
	int err;

	(void)test;
	pv_clock_end();
	icrs = 0;
	ops = (struct pv_cpu_host) {.find = find, .start = start};
	pv_fake.rdmsr = read_msr;
	pv_fake.wrmsr = write_msr;
	pv_fake_cpuid(with_apic);
	err = pv_init(&(struct pv_init_args) {0});
	pv_cpu_register(&ops);
	err = err ? err : pv_cpu_find(NULL) != 4;
	for (i = 1; i < 4 && !err; i++)
		err = pv_cpu_start(i, nothing, NULL, NULL);
	return err;
}

static void waits_exit(struct kunit *test)
{
	(void)test;
	pv_fake.cpu = 0;
	pv_shutdown();
	pv_cpu_register(NULL);
}

static void *back[5];
static unsigned int turns, flushed_there;
static const uint64_t everyone[1] = {~0ull}, everyone_but_three[1] = {~7ull};

/* CPU 1 wants a flush itself, waits for its turn, and does meanwhile what is asked of it. */
static void its_turn(void)
{
	unsigned int before = pv_fake.flushes;

	if (pv_fake.cpu) {
		if (++turns > 2)
			__builtin_longjmp(back, 1);
		return;
	}
	pv_fake.cpu = 1;
	if (!__builtin_setjmp(back))
		(void)!pv_tlb_flush(everyone);
	pv_fake.cpu = 0;
	flushed_there += pv_fake.flushes - before;
}

static bool later(unsigned int cpu)
{
	return cpu == 2;
}

static void waits_tlb(struct kunit *test)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_tlb_start(), 0);
	for (i = 1; i < 3; i++) {
		pv_fake.cpu = i;
		KUNIT_ASSERT_EQ(test, pv_cpu_init(), 0);
	}
	/* One that there is no place for takes no part. */
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	pv_fake.flushes = 0;
	KUNIT_EXPECT_EQ(test, pv_tlb_flush(everyone_but_three), 0);
	KUNIT_EXPECT_EQ(test, pv_fake.flushes, 0);
	pv_cpu_exit();
	pv_fake.cpu = 0;
	pv_fake.pause_ns = 1000000;
	KUNIT_EXPECT_EQ(test, pv_tlb_flush((const uint64_t[]) {1}), 0);
	KUNIT_EXPECT_EQ(test, pv_fake.flushes, 1);
	KUNIT_EXPECT_EQ(test, pv_tlb_flush((const uint64_t[]) {4}), PV_ETIMEDOUT);
	ops.flush_later = later;
	turns = flushed_there = 0;
	icrs = 0;
	pv_fake.flushes = 0;
	pv_fake.pause = its_turn;
	KUNIT_EXPECT_EQ(test, pv_tlb_flush(everyone), 0);
	pv_fake.pause = NULL;
	KUNIT_EXPECT_EQ(test, flushed_there, 1);
	KUNIT_EXPECT_EQ(test, pv_fake.flushes, 2);
	KUNIT_EXPECT_TRUE(test, icrs == 1 && icr_to == 1);
	/* Others only: this one's stays. Without a table nobody is left to the host. */
	pv_cpu_register(NULL);
	pv_fake.flushes = 0;
	KUNIT_EXPECT_EQ(test, pv_tlb_flush((const uint64_t[]) {8}), 0);
	KUNIT_EXPECT_EQ(test, pv_fake.flushes, 0);
	KUNIT_EXPECT_EQ(test, pv_tlb_flush((const uint64_t[]) {4}), PV_ETIMEDOUT);
	for (i = 1; i < 3; i++) {
		pv_fake.cpu = i;
		pv_cpu_exit();
	}
	pv_fake.cpu = 0;
	pv_shutdown();
	KUNIT_ASSERT_EQ(test, pv_init(&(struct pv_init_args) {0}), 0);
	KUNIT_EXPECT_EQ(test, pv_tlb_start(), 0);
}

static struct kunit_case waits_cases[] = {
	KUNIT_CASE(waits_tlb),
	{},
};

static struct kunit_suite waits_suite = {
	.name = "cpu_waits",
	.init = waits_init,
	.exit = waits_exit,
	.test_cases = waits_cases,
};
kunit_test_suite(waits_suite);
