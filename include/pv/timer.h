/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A one-shot timer per CPU.
 *
 *	pv_timer_start(tick, NULL);
 *	pv_timer_arm(pv_timer_now() + 10000000);	in 10 ms
 *
 * Xen: VCPUOP_set_singleshot_timer, and VIRQ_TIMER (Xen public/vcpu.h). Elsewhere the local APIC's
 * (Intel SDM 3A, 11.5.4): by TSC deadline, or by its counter. A kernel that uses that one itself
 * does not call pv_timer_start().
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
 * The time that deadlines are in: pv_clock_now() where there is a PV clock, else pv_os_uptime_ns().
 * Nanoseconds. Context: any.
 */
uint64_t pv_timer_now(void);

/*
 * Starts this CPU's timer, not armed; `fn(arg)` is what it calls. 0, PV_ENODEV if there is none
 * (neither the hypervisor's, nor a local APIC and a vector by pv_os_irq_vector()), PV_EBUSY if it
 * was started, PV_ENOSPC beyond PV_CONFIG_MAX_CPUS, or the hypervisor's error. Context: control, on
 * that CPU, after pv_init() or pv_cpu_init().
 */
int pv_timer_start(pv_timer_fn fn, void *arg) PV_MUST_CHECK;

/*
 * Its mirror. Nothing to do if it was not started; pv_cpu_exit() does it, too. Context: control, on
 * that CPU.
 */
void pv_timer_stop(void);

/*
 * Has the function called once, at `deadline_ns` of pv_timer_now() or soon after; for a deadline
 * that has passed at once, but not before this returns to code with interrupts on. Replaces the
 * deadline before. 0, PV_ENODEV if this CPU's timer is not started, or the hypervisor's error.
 * Context: any, on that CPU, with interrupts off or in one thread.
 */
int pv_timer_arm(uint64_t deadline_ns);

/* Forgets the deadline: the function is not called for it any more. Context: as pv_timer_arm(). */
void pv_timer_cancel(void);

/*
 * Calls the function now if its deadline has passed, and programs what is left anew: for a kernel
 * that polls, and after the machine was stopped, when an interrupt may have been lost. Context: as
 * pv_timer_arm(), with interrupts off.
 */
void pv_timer_poll(void);

/*
 * Whether this CPU's timer is started, and its deadline then, ~0 for none: for code that shares the
 * CPU, as an idle loop. Context: any.
 */
bool pv_timer_next(uint64_t *deadline_ns);

PV_END_DECLS

#endif
