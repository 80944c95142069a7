/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The spin lock of <pv/lock.h>.
 *
 * SLEEPING
 *	1. A waiter counts itself in `sleepers`, and writes down what it waits for; full barrier.
 *	2. It looks at `serving` once more, and sleeps if it is not its turn.
 *	3. The one that drops the lock moves `serving` on; full barrier (a locked instruction).
 *	4. It looks at `sleepers`, and if there are any, kicks the one that waits for the new number.
 *
 *	Either 2 sees the new number, or 4 sees the sleeper: of the two barriers one is first. A kick between 2
 *	and the sleep is not lost (pv-core/cpu.h).
 */
#include <pv/config.h>
#include <pv/lock.h>
#include <pv/os.h>
#include <pv/shared.h>
#include <pv/string.h>

#include "arch/x86/x86.h"
#include "pv-core/cpu.h"

#define SPINS 4096 /* turns before a waiter sleeps: some microseconds */

static struct {
	const struct pv_lock *lock; /* that it waits for; NULL: none */
	uint32_t ticket;
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

static inline uint32_t serving(const struct pv_lock *lock)
{
	return __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE);
}

static bool spin(const struct pv_lock *lock, uint32_t ticket)
{
	unsigned int i;

	for (i = 0; i < SPINS; i++) {
		if (serving(lock) == ticket)
			return true;
		pv_pause();
	}
	return false;
}

static bool host_helps(unsigned int cpu)
{
	const struct pv_cpu_host *ops = pv_cpu_host();

	return !spin_only && ops && ops->wait && cpu < PV_CONFIG_MAX_CPUS;
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

static void sleep(struct pv_lock *lock, uint32_t ticket, unsigned int cpu)
{
	__atomic_store_n(&waiters[cpu].ticket, ticket, __ATOMIC_RELAXED);
	__atomic_store_n(&waiters[cpu].lock, lock, __ATOMIC_RELEASE);
	__atomic_fetch_add(&lock->sleepers, 1, __ATOMIC_SEQ_CST);
	if (serving(lock) != ticket) {
		waiters[cpu].stats.slept++;
		pv_cpu_host()->wait(cpu);
	}
	__atomic_fetch_sub(&lock->sleepers, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&waiters[cpu].lock, NULL, __ATOMIC_RELAXED);
}

static PV_NOINLINE void take_slow(struct pv_lock *lock, uint32_t ticket)
{
	unsigned int cpu = pv_os_cpu();

	if (cpu < PV_CONFIG_MAX_CPUS)
		waiters[cpu].stats.contended++;
	while (!spin(lock, ticket)) {
		if (!host_helps(cpu))
			continue;
		yield_to_holder(lock, cpu);
		sleep(lock, ticket, cpu);
	}
}

void pv_lock_take(struct pv_lock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQUIRE);

	if (pv_unlikely(serving(lock) != ticket))
		take_slow(lock, ticket);
	__atomic_store_n(&lock->holder, pv_os_cpu(), __ATOMIC_RELAXED);
}

bool pv_lock_try(struct pv_lock *lock)
{
	uint32_t ticket = serving(lock);

	if (!__atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&lock->holder, pv_os_cpu(), __ATOMIC_RELAXED);
	return true;
}

static PV_NOINLINE void wake(const struct pv_lock *lock, uint32_t ticket)
{
	unsigned int cpu, here = pv_os_cpu();

	for (cpu = 0; cpu < PV_CONFIG_MAX_CPUS; cpu++) {
		if (__atomic_load_n(&waiters[cpu].lock, __ATOMIC_ACQUIRE) != lock ||
		    __atomic_load_n(&waiters[cpu].ticket, __ATOMIC_RELAXED) != ticket)
			continue;
		if (here < PV_CONFIG_MAX_CPUS)
			waiters[here].stats.kicked++;
		pv_cpu_host()->kick(cpu);
		return;
	}
}

void pv_lock_drop(struct pv_lock *lock)
{
	uint32_t next = __atomic_add_fetch(&lock->serving, 1, __ATOMIC_SEQ_CST);

	if (pv_unlikely(__atomic_load_n(&lock->sleepers, __ATOMIC_SEQ_CST)))
		wake(lock, next);
}
