/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A one-shot timer per CPU, in the time of pv_clock_now(), where the hypervisor has one.
 *
 *	pv_timer_start(tick, NULL);
 *	pv_timer_arm(pv_clock_now() + 10000000);	in 10 ms
 *
 * Xen: VCPUOP_set_singleshot_timer, and VIRQ_TIMER (Xen public/vcpu.h). Elsewhere there is none:
 * the kernel uses the local APIC's.
 */
#ifndef PV_TIMER_H
#define PV_TIMER_H

#include <pv/types.h>

PV_BEGIN_DECLS

/*
 * The deadline has passed. Context: interrupt, on the CPU whose timer it is. It may arm it again.
 */
typedef void (*pv_timer_fn)(void *arg);

/*
 * Starts this CPU's timer, not armed; `fn(arg)` is what it calls. 0, PV_ENODEV if the hypervisor
 * has none, PV_EBUSY if it was started, PV_ENOSPC beyond PV_CONFIG_MAX_CPUS, or the hypervisor's
 * error. Context: control, on that CPU, after pv_init() or pv_cpu_init().
 */
int pv_timer_start(pv_timer_fn fn, void *arg) PV_MUST_CHECK;

/* Its mirror. Nothing to do if it was not started. Context: control, on that CPU. */
void pv_timer_stop(void);

/*
 * Has the function called once, at `deadline_ns` of pv_clock_now() or soon after; for a deadline
 * that has passed at once, but not before this returns to code with interrupts on. Replaces the
 * deadline before. 0, PV_ENODEV if this CPU's timer is not started, or the hypervisor's error.
 * Context: any, on that CPU, with interrupts off or in one thread.
 */
int pv_timer_arm(uint64_t deadline_ns);

/* Forgets the deadline: the function is not called for it any more. Context: as pv_timer_arm(). */
void pv_timer_cancel(void);

PV_END_DECLS

#endif
