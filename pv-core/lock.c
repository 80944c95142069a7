/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The spin lock of <pv/lock.h>.
 *
 * A host may take away the holder's CPU, or that of the next in line, for milliseconds. The first
 * is waited for in any case. The second need not be: while the first of the queue does not run,
 * others take the lock past it.
 *
 * TAKING
 *	1. `state` is 0: it is taken by an exchange, whoever waits (a thief).
 *	2. Else a CPU tries this for a while, and joins the queue: it becomes `tail`, and writes
 *	   itself into `next` of the one that was. It waits for its turn on its own cache line.
 *	3. The first of the queue says so by CLAIMED: there are no thieves from then on, and the
 *	   next to have the lock is this one. It has it, takes CLAIMED away, and gives the turn to
 *	   its `next`.
 *	4. Where the holder keeps it waiting for too long, it takes CLAIMED away, and sleeps.
 *
 * SLEEPING
 *	1. The first of the queue writes itself into `first`; full barrier.
 *	2. It looks at `state` once more, and sleeps if the lock is held.
 *	3. The one that drops the lock changes `state`; full barrier (a locked instruction).
 *	4. It looks at `first`, and if there is one, takes it out and kicks it.
 *
 *	Either 2 sees the lock free, or 4 sees the sleeper: of the two barriers one is first. It is
 *	the same with the others in the queue, by `asleep` and `turn`; who gives the turn to a
 *	sleeper leaves the kick to the end of its own, by `first`. A kick between 2 and the sleep is
 *	not lost (pv-core/cpu.h).
 *
 * Where no CPU is taken away, there are no thieves but those that come first: the order is the
 * queue's. Where CPUs are, and the host does not help, there is no queue: to wait for a CPU that
 * waits for its time is worse than no order.
 */
#include <pv/abi/kvm.h>
#include <pv/config.h>
#include <pv/lock.h>
#include <pv/os.h>
#include <pv/pv.h>
#include <pv/shared.h>
#include <pv/string.h>

#include "arch/x86/x86.h"
#include "pv-core/cpu.h"

#define SPINS 4096 /* turns before a waiter does something else: some microseconds */

/* pv_lock.state */
#define HELD	1u
#define CLAIMED 2u

/* A CPU in the queue of a lock. CPUs by their number and one; 0: none. */
static struct waiter {
	uint32_t next;
	bool turn;
	bool asleep;
	bool used;
	struct pv_lock_stats stats;
} PV_ALIGNED(64) waiters[PV_CONFIG_MAX_CPUS];

static bool spin_only;

void pv_lock_use_host(bool use)
{
	spin_only = !use;
}

void pv_lock_stats(unsigned int cpu, struct pv_lock_stats *out)
{
	pv_memset(out, 0, sizeof(*out));
	if (cpu < PV_CONFIG_MAX_CPUS)
		*out = waiters[cpu].stats;
}

static bool host_helps(void)
{
	const struct pv_cpu_host *ops = pv_cpu_host();

	return !spin_only && ops && ops->wait;
}

/* No CPU is taken away: there is no hypervisor, or it says so. */
static bool dedicated(void)
{
	const struct pv_platform *p = pv_platform();

	return p->hypervisor == PV_HV_NONE || (p->hints >> KVM_HINTS_REALTIME & 1);
}

/* `from`: 0, or CLAIMED, by the one that wrote it. */
static bool take_from(struct pv_lock *lock, uint32_t from)
{
	return __atomic_load_n(&lock->state, __ATOMIC_RELAXED) == from &&
	       __atomic_compare_exchange_n(&lock->state, &from, HELD, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static bool spin_for_lock(struct pv_lock *lock, uint32_t from)
{
	unsigned int i;

	for (i = 0; i < SPINS; i++) {
		if (take_from(lock, from))
			return true;
		pv_pause();
	}
	return false;
}

/* --- in the queue ----------------------------------------------------------------------------- */

static bool spin_for_turn(const struct waiter *w)
{
	unsigned int i;

	for (i = 0; i < SPINS; i++) {
		if (__atomic_load_n(&w->turn, __ATOMIC_ACQUIRE))
			return true;
		pv_pause();
	}
	return false;
}

static void sleep(struct waiter *w, unsigned int cpu)
{
	w->stats.slept++;
	pv_cpu_host()->wait(cpu);
}

static void wait_for_turn(struct waiter *w, unsigned int cpu)
{
	while (!spin_for_turn(w)) {
		if (!host_helps())
			continue;
		__atomic_store_n(&w->asleep, true, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&w->turn, __ATOMIC_SEQ_CST))
			sleep(w, cpu);
		__atomic_store_n(&w->asleep, false, __ATOMIC_RELAXED);
	}
}

static void yield_to_holder(struct pv_lock *lock, unsigned int cpu)
{
	const struct pv_cpu_host *ops = pv_cpu_host();
	unsigned int holder = __atomic_load_n(&lock->holder, __ATOMIC_RELAXED);

	if (!ops->yield || holder == cpu || !ops->preempted || !ops->preempted(holder))
		return;
	waiters[cpu].stats.yielded++;
	ops->yield(holder);
}

static void wait_as_first(struct pv_lock *lock, struct waiter *w, unsigned int cpu)
{
	for (;;) {
		__atomic_fetch_or(&lock->state, CLAIMED, __ATOMIC_RELAXED);
		if (spin_for_lock(lock, CLAIMED))
			return;
		if (!host_helps())
			continue;
		__atomic_fetch_and(&lock->state, ~CLAIMED, __ATOMIC_RELAXED);
		yield_to_holder(lock, cpu);
		__atomic_store_n(&lock->first, cpu + 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&lock->state, __ATOMIC_SEQ_CST) & HELD)
			sleep(w, cpu);
	}
}

/* By the one that has the lock: so that nobody but it and the next in line writes `first`. */
static void give_turn(struct pv_lock *lock, struct waiter *w, unsigned int cpu)
{
	uint32_t last = cpu + 1, next;

	/* This CPU, if it woke up by itself. Before the next one writes there. */
	__atomic_store_n(&lock->first, 0, __ATOMIC_RELAXED);
	if (__atomic_compare_exchange_n(&lock->tail, &last, 0, false, __ATOMIC_RELEASE,
					__ATOMIC_RELAXED))
		return;
	/* There is one, which is about to say who it is. */
	while (!(next = __atomic_load_n(&w->next, __ATOMIC_ACQUIRE)))
		pv_pause();
	__atomic_store_n(&waiters[next - 1].turn, true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&waiters[next - 1].asleep, __ATOMIC_SEQ_CST))
		__atomic_store_n(&lock->first, next, __ATOMIC_RELAXED);
}

static void queue(struct pv_lock *lock, struct waiter *w, unsigned int cpu)
{
	uint32_t before;

	w->used = true;
	w->next = 0;
	w->turn = false;
	before = __atomic_exchange_n(&lock->tail, cpu + 1, __ATOMIC_ACQ_REL);
	if (before) {
		__atomic_store_n(&waiters[before - 1].next, cpu + 1, __ATOMIC_RELEASE);
		wait_for_turn(w, cpu);
	}
	wait_as_first(lock, w, cpu);
	give_turn(lock, w, cpu);
	__atomic_store_n(&w->used, false, __ATOMIC_RELEASE);
}

/* --- taking and dropping ---------------------------------------------------------------------- */

static PV_NOINLINE void take_slow(struct pv_lock *lock)
{
	unsigned int cpu = pv_os_cpu();
	struct waiter *w = cpu < PV_CONFIG_MAX_CPUS ? &waiters[cpu] : NULL;

	if (w)
		w->stats.contended++;
	/*
	 * A CPU that there is no place for, or that waits for a lock already, below this interrupt.
	 */
	if (!w || w->used || !(host_helps() || dedicated())) {
		while (!spin_for_lock(lock, 0))
			;
		return;
	}
	if (dedicated() || !spin_for_lock(lock, 0))
		queue(lock, w, cpu);
}

bool pv_lock_try(struct pv_lock *lock)
{
	if (pv_unlikely(!take_from(lock, 0)))
		return false;
	__atomic_store_n(&lock->holder, pv_os_cpu(), __ATOMIC_RELAXED);
	return true;
}

void pv_lock_take(struct pv_lock *lock)
{
	if (!pv_lock_try(lock)) {
		take_slow(lock);
		__atomic_store_n(&lock->holder, pv_os_cpu(), __ATOMIC_RELAXED);
	}
}

static PV_NOINLINE void wake_first(struct pv_lock *lock)
{
	uint32_t first = __atomic_exchange_n(&lock->first, 0, __ATOMIC_RELAXED);
	unsigned int cpu = pv_os_cpu();

	if (first) {
		if (cpu < PV_CONFIG_MAX_CPUS)
			waiters[cpu].stats.kicked++;
		pv_cpu_host()->kick(first - 1);
	}
}

void pv_lock_drop(struct pv_lock *lock)
{
	__atomic_fetch_sub(&lock->state, HELD, __ATOMIC_SEQ_CST);
	if (pv_unlikely(__atomic_load_n(&lock->first, __ATOMIC_SEQ_CST)))
		wake_first(lock);
}
