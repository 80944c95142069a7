/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs that wait for a lock: with a hypervisor that helps, in part, or not at all, and without one.
 *
 * Covers: pv-core/lock.c
 */
#include <kunit/test.h>
#include <pv/abi/kvm.h>
#include <pv/config.h>
#include <pv/fake.h>
#include <pv/lock.h>
#include <pv/pv.h>

#include "fake_kvm.h"
#include "pv-core/cpu.h"

#define SPINS 4096 /* lock.c's */

/* pv_lock.state, lock.c's */
#define HELD	1u
#define CLAIMED 2u

static struct pv_cpu_host ops;
static struct pv_lock lock, other;
static unsigned int pauses, drop_at, waits, yields, kicks, kicked;
static unsigned int queued, claimed; /* pauses at which somebody was in the queue; and said so */

static void pause_hook(void)
{
	queued += lock.tail != 0;
	claimed += lock.state == (HELD | CLAIMED);
	if (++pauses == drop_at)
		pv_lock_drop(&lock);
}

static void drop_in_wait(unsigned int cpu)
{
	waits++;
	pv_fake.cpu = 0;
	pv_lock_drop(&lock);
	pv_fake.cpu = cpu;
}

static void note_kick(unsigned int cpu)
{
	kicks++;
	kicked = cpu;
}

/* On a hypervisor that is not known: CPUs are taken away. It helps by `wait`, NULL: not. */
static void begin(struct kunit *test, void (*wait)(unsigned int cpu))
{
	static const struct pv_fake_leaf leaves[] = {
		{.leaf = 1, .value = {.ecx = 1u << 31}, .last = true},
	};

	pv_fake_cpuid(leaves);
	KUNIT_ASSERT_EQ(test, pv_init(&(struct pv_init_args) {0}), 0);
	ops = (struct pv_cpu_host) {.wait = wait, .kick = note_kick};
	pv_cpu_register(&ops);
}

static int lock_init(struct kunit *test)
{
	(void)test;
	memset(&lock, 0, sizeof(lock));
	memset(&other, 0, sizeof(other));
	kicks = 0;
	return 0;
}

static void lock_exit(struct kunit *test)
{
	(void)test;
	pv_fake.pause = NULL;
	pv_fake.cpu = 0;
	pv_lock_use_host(true);
	pv_shutdown();
	pv_cpu_register(NULL);
}

/*
 * CPU 0 has it, and drops it at so many pauses of CPU `cpu`, which wants it. It is free in the end.
 */
static void contend(struct kunit *test, unsigned int cpu, unsigned int turns)
{
	pv_fake.cpu = 0;
	pv_lock_take(&lock);
	pauses = queued = claimed = waits = yields = 0;
	drop_at = turns;
	pv_fake.cpu = cpu;
	pv_fake.pause = pause_hook;
	pv_lock_take(&lock);
	pv_fake.pause = NULL;
	KUNIT_EXPECT_TRUE(test, lock.state == HELD && lock.holder == cpu);
	pv_lock_drop(&lock);
	KUNIT_EXPECT_TRUE(test, !lock.state && !lock.tail && !lock.first);
}

/* --- without a queue -------------------------------------------------------------------------- */

static void lock_tried(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, pv_lock_try(&lock));
	KUNIT_EXPECT_FALSE(test, pv_lock_try(&lock));
	pv_lock_drop(&lock);
	pv_lock_take(&lock);
	KUNIT_EXPECT_FALSE(test, pv_lock_try(&lock));
	pv_lock_drop(&lock);
	KUNIT_EXPECT_TRUE(test, pv_lock_try(&lock));
}

/* It spins for as long as it takes: nobody helps; by wish; a CPU that there is no place for. */
static void lock_without_help(struct kunit *test)
{
	begin(test, NULL);
	contend(test, 1, 3 * SPINS);
	KUNIT_EXPECT_TRUE(test, pauses == 3 * SPINS && !queued);
	pv_cpu_register(NULL);
	contend(test, 1, 3 * SPINS);
	KUNIT_EXPECT_TRUE(test, pauses == 3 * SPINS && !queued);
	ops.wait = drop_in_wait;
	pv_cpu_register(&ops);
	contend(test, PV_CONFIG_MAX_CPUS, 3 * SPINS);
	KUNIT_EXPECT_TRUE(test, pauses == 3 * SPINS && !queued && !waits);
	pv_lock_use_host(false);
	contend(test, 1, 3 * SPINS);
	KUNIT_EXPECT_TRUE(test, pauses == 3 * SPINS && !queued && !waits);
}

/* The one that has it drops it soon: it is taken without a queue. */
static void lock_soon(struct kunit *test)
{
	begin(test, drop_in_wait);
	contend(test, 1, SPINS - 1);
	KUNIT_EXPECT_TRUE(test, pauses == SPINS - 1 && !queued && !waits);
}

/* --- in the queue ----------------------------------------------------------------------------- */

/* No CPU is taken away: at once in the queue, and nobody comes first. */
static void lock_in_order(struct kunit *test)
{
	static const struct pv_fake_leaf machine[] = {{.leaf = 1, .last = true}};

	pv_fake_cpuid(machine);
	KUNIT_ASSERT_EQ(test, pv_init(&(struct pv_init_args) {0}), 0);
	contend(test, 1, 3 * SPINS);
	KUNIT_EXPECT_TRUE(test, pauses == 3 * SPINS && queued == pauses && claimed == pauses);
	pv_shutdown();
	KUNIT_ASSERT_EQ(test, fake_kvm_begin(NULL, 0, 1u << KVM_HINTS_REALTIME), 0);
	contend(test, 1, 3 * SPINS);
	KUNIT_EXPECT_TRUE(test, pauses == 3 * SPINS && queued == pauses && claimed == pauses);
}

static void give_time(unsigned int cpu)
{
	(void)cpu;
	yields++;
}

static bool taken_away(unsigned int cpu)
{
	return cpu == 0;
}

static bool runs(unsigned int cpu)
{
	(void)cpu;
	return false;
}

/* A while outside the queue, one as its first, then it sleeps, and is kicked. */
static void lock_sleeps(struct kunit *test)
{
	struct pv_lock_stats before, after;

	begin(test, drop_in_wait);
	pv_lock_stats(1, &before);
	contend(test, 1, ~0u);
	KUNIT_EXPECT_TRUE(test, waits == 1 && pauses == 2 * SPINS);
	KUNIT_EXPECT_TRUE(test, queued == SPINS && claimed == SPINS);
	KUNIT_EXPECT_TRUE(test, kicks == 1 && kicked == 1);
	pv_lock_stats(1, &after);
	KUNIT_EXPECT_EQ(test, after.contended - before.contended, 1);
	KUNIT_EXPECT_EQ(test, after.slept - before.slept, 1);
	KUNIT_EXPECT_EQ(test, after.yielded - before.yielded, 0);
	/* Its time is given to the holder where there is a way, and it is known not to run. */
	ops.yield = give_time;
	contend(test, 1, ~0u);
	KUNIT_EXPECT_TRUE(test, waits == 1 && yields == 0);
	ops.preempted = runs;
	contend(test, 1, ~0u);
	KUNIT_EXPECT_TRUE(test, waits == 1 && yields == 0);
	ops.preempted = taken_away;
	contend(test, 1, ~0u);
	KUNIT_EXPECT_TRUE(test, waits == 1 && yields == 1);
	/* The holder is this one, by what was written last. */
	contend(test, 0, ~0u);
	KUNIT_EXPECT_TRUE(test, waits == 1 && yields == 0);
}

static bool drops_meanwhile(unsigned int cpu)
{
	(void)cpu;
	pv_lock_drop(&lock);
	return false;
}

/* Dropped after the last look, and before the sleep: there is none. */
static void lock_dropped_in_time(struct kunit *test)
{
	begin(test, drop_in_wait);
	ops.yield = give_time;
	ops.preempted = drops_meanwhile;
	contend(test, 1, ~0u);
	KUNIT_EXPECT_EQ(test, waits, 0);
	KUNIT_EXPECT_EQ(test, kicks, 0);
}

/*
 * While CPU 1 sleeps, CPU 2 takes it; while CPU 1 claims it, CPU 2 can't. It is woken a second
 * time.
 */
static void thief(unsigned int cpu)
{
	if (++waits == 1) {
		pv_fake.cpu = 0;
		pv_lock_drop(&lock);
		pv_fake.cpu = 2;
		queued = pv_lock_try(&lock); /* 1 */
	} else {
		pv_fake.cpu = PV_CONFIG_MAX_CPUS; /* with no place for its counters */
		pv_lock_drop(&lock);
	}
	pv_fake.cpu = cpu;
}

static void drop_and_try(void)
{
	if (waits && ++pauses == SPINS) {
		pv_lock_drop(&lock);
		claimed += lock.state == CLAIMED && !pv_lock_try(&lock);
		lock.state |= HELD;
	}
}

static void lock_stolen(struct kunit *test)
{
	begin(test, thief);
	pv_lock_take(&lock);
	pv_fake.cpu = 1;
	pv_fake.pause = drop_and_try;
	pauses = queued = claimed = waits = 0;
	pv_lock_take(&lock);
	KUNIT_EXPECT_TRUE(test, queued == 1 && claimed == 1);
	KUNIT_EXPECT_TRUE(test, waits == 2 && kicks == 2 && kicked == 1);
	KUNIT_EXPECT_EQ(test, lock.state, HELD);
}

/* An interrupt comes while its CPU is in the queue of a lock, and takes another one. */
static void interrupt(void)
{
	switch (++pauses) {
	case SPINS + 1:
		other.state = HELD;
		pv_lock_take(&other);
		claimed = other.state == HELD && !other.tail;
		pv_lock_drop(&lock);
		break;
	case 4 * SPINS:
		pv_lock_drop(&other);
		break;
	}
}

static void lock_in_interrupt(struct kunit *test)
{
	begin(test, drop_in_wait);
	pv_lock_take(&lock);
	pv_fake.cpu = 1;
	pv_fake.pause = interrupt;
	pauses = claimed = waits = 0;
	pv_lock_take(&lock);
	KUNIT_EXPECT_TRUE(test, claimed && !waits);
	KUNIT_EXPECT_EQ(test, pauses, 4 * SPINS);
}

/* --- two in the queue ------------------------------------------------------------------------- */

/*
 * CPU 1 and CPU 2 in one thread: CPU 1 runs deeper on the same stack, where it does not meet what
 * CPU 2 calls meanwhile, and they take turns by change_places().
 */
static void *cpu1[5], *cpu2[5];
static bool over;
static char order[8];
static unsigned int turn;

static PV_NOINLINE void change_places(void **from, void **to)
{
	if (!__builtin_setjmp(from))
		pv_fake_leave(to);
}

static PV_NOINLINE void deeper(unsigned int n, void (*fn)(void))
{
	char room[1024];

	__asm__ __volatile__("" : : "r"(room) : "memory");
	if (n)
		deeper(n - 1, fn);
	else
		fn();
	__asm__ __volatile__("" : : "r"(room) : "memory");
}

static void first_of_two(void)
{
	pv_fake.cpu = 1;
	pv_lock_take(&lock);
	order[turn++] = '1';
	if (lock.first == 3)
		order[turn++] = 'n';
	pv_lock_drop(&lock);
	over = true;
	pv_fake_leave(cpu2);
}

/* CPU 1 sleeps first, and is woken by CPU 2's sleep, in which CPU 0 drops the lock. */
static void both_sleep(unsigned int cpu)
{
	waits++;
	if (cpu == 1) {
		change_places(cpu1, cpu2);
	} else if (!over) {
		pv_fake.cpu = 0;
		pv_lock_drop(&lock);
		pv_fake.cpu = 1;
		change_places(cpu2, cpu1);
	}
	pv_fake.cpu = cpu;
}

/* CPU 0 has it, CPU 1 wants it, then CPU 2. */
static void two(struct kunit *test)
{
	memset(order, 0, sizeof(order));
	over = false;
	waits = turn = pauses = 0;
	pv_lock_take(&lock);
	if (!__builtin_setjmp(cpu2))
		deeper(4, first_of_two);
	KUNIT_EXPECT_EQ(test, lock.tail, 2);
	pv_fake.cpu = 2;
	pv_lock_take(&lock);
	order[turn++] = '2';
	KUNIT_EXPECT_TRUE(test, lock.state == HELD && lock.holder == 2 && !lock.tail);
	pv_lock_drop(&lock);
}

/* The second in line gets its turn by the first, and the kick at the end of the first one's own. */
static void lock_two(struct kunit *test)
{
	begin(test, both_sleep);
	two(test);
	KUNIT_EXPECT_STREQ(test, order, "1n2");
	KUNIT_EXPECT_TRUE(test, waits == 2 && kicks == 2 && kicked == 2);
}

/*
 * CPU 1 looks at the lock, then CPU 2 waits for its turn, for longer than one would that may sleep.
 */
static void both_spin(void)
{
	unsigned int cpu = pv_fake.cpu;

	pauses++;
	if (cpu == 1 && pauses == SPINS + 1) {
		change_places(cpu1, cpu2);
	} else if (cpu == 2 && pauses == 3 * SPINS) {
		pv_fake.cpu = 0;
		pv_lock_drop(&lock);
		pv_fake.cpu = 1;
		change_places(cpu2, cpu1);
	}
	pv_fake.cpu = cpu;
}

/* No CPU is taken away: nobody is kicked. */
static void lock_two_in_order(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, fake_kvm_begin(NULL, 0, 1u << KVM_HINTS_REALTIME), 0);
	pv_fake.pause = both_spin;
	two(test);
	KUNIT_EXPECT_STREQ(test, order, "12");
	KUNIT_EXPECT_TRUE(test, pauses == 3 * SPINS && !waits && !kicks);
}

/* CPU 2 has said that it is the last, and not yet behind whom. */
static void between_two_steps(void)
{
	unsigned int cpu = pv_fake.cpu;

	pauses++;
	if (cpu == 1 && pauses == 1) {
		pv_fake.cpu = 0;
		pv_lock_drop(&lock);
		lock.tail = 3;
	} else if (cpu == 1 && !waits++) {
		claimed = lock.state == HELD && lock.holder == 0;
		lock.tail = 2;
		change_places(cpu1, cpu2);
	} else if (cpu == 2) {
		change_places(cpu2, cpu1);
	}
	pv_fake.cpu = cpu;
}

/* The first one gives its turn no sooner than it knows to whom. */
static void lock_waits_for_next(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, fake_kvm_begin(NULL, 0, 1u << KVM_HINTS_REALTIME), 0);
	pv_fake.pause = between_two_steps;
	claimed = 0;
	two(test);
	KUNIT_EXPECT_STREQ(test, order, "12");
	KUNIT_EXPECT_TRUE(test, claimed && waits && !kicks);
}

static struct kunit_case lock_cases[] = {
	KUNIT_CASE(lock_tried),
	KUNIT_CASE(lock_without_help),
	KUNIT_CASE(lock_soon),
	KUNIT_CASE(lock_in_order),
	KUNIT_CASE(lock_sleeps),
	KUNIT_CASE(lock_dropped_in_time),
	KUNIT_CASE(lock_stolen),
	KUNIT_CASE(lock_in_interrupt),
	KUNIT_CASE(lock_two),
	KUNIT_CASE(lock_two_in_order),
	KUNIT_CASE(lock_waits_for_next),
	{},
};

static struct kunit_suite lock_suite = {
	.name = "lock",
	.init = lock_init,
	.exit = lock_exit,
	.test_cases = lock_cases,
};
kunit_test_suite(lock_suite);
