/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A spin lock for CPUs that a host may take away.
 *
 * Tickets: CPUs get it in the order in which they asked. Where the host lets one wait without using
 * its processor (KVM: KVM_HC_KICK_CPU; Xen: SCHEDOP_poll), a CPU spins for a short while only, then
 * gives its time to the holder, if that does not run (KVM_HC_SCHED_YIELD), sleeps, and is woken
 * when it is its turn. Elsewhere it spins, and so it does where KVM says that it takes no CPU away
 * (KVM_HINTS_REALTIME).
 *
 * Without contention it is one locked addition to take, one to drop.
 */
#ifndef PV_LOCK_H
#define PV_LOCK_H

#include <pv/types.h>

PV_BEGIN_DECLS

/* All zeroes is a lock that nobody has. */
struct pv_lock {
	uint32_t next;	   /* the next ticket */
	uint32_t serving;  /* the holder's */
	uint32_t sleepers; /* CPUs that sleep, or are about to */
	uint32_t holder;   /* CPU, while it is held: a hint */
};

/*
 * Context: any. With interrupts on, none of which takes the same lock; or with them off, and they
 * stay off. A CPU waits for one lock at a time: not from an interrupt that came while it waited for
 * another.
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
