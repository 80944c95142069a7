/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs that wait for one another: for a lock, with a hypervisor that helps, in part, or not at all; and for each other's
 * TLBs, where the one that waits is asked itself.
 *
 * Covers: pv-core/lock.c pv-core/tlb.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/lock.h>
#include <pv/pv.h>
#include <pv/tlb.h>

#include "pv-core/clock.h"
#include "pv-core/cpu.h"

#define SPINS 4096 /* lock.c's */

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
	pv_lock_use_host(true);
}

/* --- a lock ----------------------------------------------------------------------------------- */

static struct pv_lock lock;
static unsigned int pauses, drop_at, waits, yields;

static void drop_later(void)
{
	if (++pauses == drop_at)
		pv_lock_drop(&lock);
}

static void wait(unsigned int cpu)
{
	(void)cpu;
	waits++;
	pv_lock_drop(&lock);
}

static void kick(unsigned int cpu)
{
	(void)cpu;
}

static void give_time(unsigned int cpu)
{
	(void)cpu;
	yields++;
}

static bool runs(unsigned int cpu)
{
	(void)cpu;
	return false;
}

/* Waits for the lock, which CPU `holder` has, and drops after so many turns. */
static void contend(unsigned int holder, unsigned int turns)
{
	unsigned int was = pv_fake.cpu;

	pv_fake.cpu = holder;
	pv_lock_take(&lock);
	pv_fake.cpu = was;
	pauses = waits = yields = 0;
	drop_at = turns;
	pv_fake.pause = drop_later;
	pv_lock_take(&lock);
	pv_fake.pause = NULL;
	pv_lock_drop(&lock);
}

static void lock_waits(struct kunit *test)
{
	memset(&lock, 0, sizeof(lock));
	/* Nobody helps: it spins for as long as it takes. By an empty table, by none, by wish. */
	contend(1, 3 * SPINS);
	KUNIT_EXPECT_EQ(test, pauses, 3 * SPINS);
	pv_cpu_register(NULL);
	contend(1, 2 * SPINS);
	KUNIT_EXPECT_EQ(test, pauses, 2 * SPINS);
	pv_cpu_register(&ops);
	ops.wait = wait;
	ops.kick = kick;
	pv_lock_use_host(false);
	contend(1, 2 * SPINS);
	KUNIT_EXPECT_EQ(test, waits, 0);
	pv_lock_use_host(true);
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	contend(1, 2 * SPINS);
	KUNIT_EXPECT_EQ(test, waits, 0);
	pv_fake.cpu = 0;
	/* It sleeps; with no way to give its time, or nobody that it would help. */
	contend(1, ~0u);
	KUNIT_EXPECT_TRUE(test, waits == 1 && yields == 0 && pauses == SPINS);
	ops.yield = give_time;
	contend(1, ~0u);
	KUNIT_EXPECT_TRUE(test, waits == 1 && yields == 0);
	ops.preempted = runs;
	contend(1, ~0u);
	KUNIT_EXPECT_TRUE(test, waits == 1 && yields == 0);
	/* The one that has it is this one, by what was written last. */
	contend(0, ~0u);
	KUNIT_EXPECT_TRUE(test, waits == 1 && yields == 0);
	KUNIT_EXPECT_TRUE(test, !lock.sleepers && lock.next == lock.serving);
}

static bool drops_meanwhile(unsigned int cpu)
{
	(void)cpu;
	pv_lock_drop(&lock);
	return false;
}

/* The one that has it drops it after the last look, and before the sleep: there is none. */
static void lock_dropped_in_time(struct kunit *test)
{
	memset(&lock, 0, sizeof(lock));
	ops.wait = wait;
	ops.kick = kick;
	ops.yield = give_time;
	ops.preempted = drops_meanwhile;
	contend(1, ~0u);
	KUNIT_EXPECT_EQ(test, waits, 0);
	KUNIT_EXPECT_TRUE(test, !lock.sleepers && lock.next == lock.serving);
}

static unsigned int kicked[8], kicks;
static void *out[5];

static void note_kick(unsigned int cpu)
{
	kicked[kicks++ % 8] = cpu;
}

/* CPU 2 waits, then CPU 1 behind it; CPU 0, or one that there is no place for, drops the lock. */
static void both_wait(unsigned int cpu)
{
	if (cpu == 2) {
		pv_fake.cpu = 1;
		pv_lock_take(&lock);
	}
	pv_fake.cpu = kicks ? PV_CONFIG_MAX_CPUS : 0;
	pv_lock_drop(&lock);
	__builtin_longjmp(out, 1);
}

/* Kicked is the one whose turn it is, and nobody for a sleeper that is gone. */
static void lock_kicks(struct kunit *test)
{
	unsigned int i;

	ops.kick = note_kick;
	kicks = 0;
	for (i = 0; i < 2; i++) {
		memset(&lock, 0, sizeof(lock));
		pv_fake.cpu = 0;
		pv_lock_take(&lock);
		ops.wait = both_wait;
		pv_fake.cpu = 2;
		if (!__builtin_setjmp(out))
			pv_lock_take(&lock);
		KUNIT_EXPECT_EQ(test, kicks, i + 1);
		KUNIT_EXPECT_EQ(test, kicked[i], 2);
	}
	/* Both wait for nothing any more. */
	ops.wait = wait;
	for (i = 1; i < 3; i++) {
		memset(&lock, 0, sizeof(lock));
		pv_fake.cpu = i;
		contend(0, ~0u);
	}
	pv_fake.cpu = 0;
	kicks = 0;
	pv_lock_take(&lock);
	lock.sleepers = 1;
	pv_lock_drop(&lock);
	KUNIT_EXPECT_EQ(test, kicks, 0);
}

/* --- TLBs ------------------------------------------------------------------------------------- */

static void *back[5];
static unsigned int turns, flushed_there;
static const uint64_t everyone[1] = {~0ull};

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

static void lock_tlb(struct kunit *test)
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
	pv_cpu_exit();
	pv_fake.cpu = 0;
	pv_fake.flushes = 0;
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
	KUNIT_CASE(lock_waits),
	KUNIT_CASE(lock_dropped_in_time),
	KUNIT_CASE(lock_kicks),
	KUNIT_CASE(lock_tlb),
	{},
};

static struct kunit_suite waits_suite = {
	.name = "cpu_waits",
	.init = waits_init,
	.exit = waits_exit,
	.test_cases = waits_cases,
};
kunit_test_suite(waits_suite);
