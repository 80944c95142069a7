/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A spin lock for CPUs that a host may take away.
 *
 * CPUs that wait are in a queue, and get it in their order; but one that comes while the first of
 * the queue is not running takes it past that. Where the host lets a CPU wait without using its
 * processor (KVM: KVM_HC_KICK_CPU; Xen: SCHEDOP_poll), it spins for a short while only, then gives
 * its time to the holder, if that does not run (KVM_HC_SCHED_YIELD), sleeps, and is woken. Under a
 * hypervisor that has no such help there is no order. Where no CPU is taken away (no hypervisor, or
 * KVM_HINTS_REALTIME), the order is kept, and nobody sleeps.
 *
 * Without contention it is one locked instruction to take, one to drop.
 */
#ifndef PV_LOCK_H
#define PV_LOCK_H

#include <pv/types.h>

PV_BEGIN_DECLS

/* All zeroes is a lock that nobody has. The fields are the library's. */
struct pv_lock {
	uint32_t state;	 /* held, claimed by the first of the queue, or both */
	uint32_t tail;	 /* the last of the queue: its CPU and one */
	uint32_t first;	 /* who is to be kicked when it is dropped: CPU and one */
	uint32_t holder; /* CPU, while it is held: a hint */
};

/*
 * Context: any. With interrupts on, none of which takes the same lock; or with them off, and they
 * stay off. The kernel does not move the caller to another CPU meanwhile. An interrupt that comes
 * while its CPU waits for a lock may take another one: it spins for that, and is in no queue.
 */
void pv_lock_take(struct pv_lock *lock);
bool pv_lock_try(struct pv_lock *lock);
void pv_lock_drop(struct pv_lock *lock);

/* What became of a CPU's waiting. Counters for a status page. */
struct pv_lock_stats {
	uint64_t contended; /* did not get it at once */
	uint64_t slept;	    /* times */
	uint64_t kicked;    /* others that were woken */
	uint64_t yielded;   /* times that the holder was given this CPU's time */
};
void pv_lock_stats(unsigned int cpu, struct pv_lock_stats *out);

/* Plain spinning, whatever the host has, if false; for comparison. Context: control. */
void pv_lock_use_host(bool use);

PV_END_DECLS

#endif
