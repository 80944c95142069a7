/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_TIMER_H
#define PV_CORE_XEN_TIMER_H

#include <pv/types.h>

/*
 * Has pv_os_schedule_work() called at `deadline_ns`, or soon after, on this CPU; the earliest of
 * several is what counts. At once, if this CPU's timer is not to be had. Context: any.
 */
void pv_xen_timer_wake(uint64_t deadline_ns);

/* Xen's timer on this CPU; 0 or PV_E*. Context: control. */
int pv_xen_timer_cpu_start(unsigned int cpu);
void pv_xen_timer_cpu_stop(unsigned int cpu);

/* In a new domain: binds and programs this CPU's anew, if there is one. Context: control. */
void pv_xen_timer_resume(void);

/* Makes it the timer of <pv/timer.h>; and ends that. Context: control, boot CPU. */
void pv_xen_timer_start(void);
void pv_xen_timer_exit(void);

#endif
