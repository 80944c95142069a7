/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * sched_op (Xen public/sched.h).
 */
#ifndef PV_HYPERCALL_XEN_SCHED_H
#define PV_HYPERCALL_XEN_SCHED_H

#include "hypercall/xen_call.h"

/* Gives the rest of the time slice away. */
PV_XEN_OP0(pv_xen_sched_yield, __HYPERVISOR_sched_op, SCHEDOP_yield)

/*
 * Sleeps until an event is pending; upcalls are unmasked (PV), interrupts enabled (PVH, HVM) first.
 */
PV_XEN_OP0(pv_xen_sched_block, __HYPERVISOR_sched_op, SCHEDOP_block)

/*
 * Sleeps until one of the ports, which may be masked, is pending, or the timeout, in system time.
 */
PV_XEN_OP(pv_xen_sched_poll, __HYPERVISOR_sched_op, SCHEDOP_poll, struct sched_poll)

PV_XEN_OP(pv_xen_sched_remote_shutdown, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown,
	  struct sched_remote_shutdown)

/*
 * The domain is saved from scheduling if it does not call again within the timeout. `id` 0: a new
 * one.
 */
PV_XEN_OP(pv_xen_sched_watchdog, __HYPERVISOR_sched_op, SCHEDOP_watchdog, struct sched_watchdog)

PV_XEN_OP(pv_xen_sched_pin_override, __HYPERVISOR_sched_op, SCHEDOP_pin_override,
	  struct sched_pin_override)

/*
 * Ends the domain, SHUTDOWN_*. Returns for SHUTDOWN_suspend (in a PVH or HVM guest), or with an
 * error.
 */
static inline int pv_xen_sched_shutdown(unsigned int reason)
{
	struct sched_shutdown op = {.reason = reason};

	return (int)pv_xen_call2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (unsigned long)&op);
}

/* PV: to be saved; `start_info_mfn` is where the toolstack writes the new start_info. */
static inline int pv_xen_sched_suspend(unsigned long start_info_mfn)
{
	struct sched_shutdown op = {.reason = SHUTDOWN_suspend};

	return (int)pv_xen_call3(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (unsigned long)&op,
				 start_info_mfn);
}

/* The reason, told without ending yet. */
static inline int pv_xen_sched_shutdown_code(unsigned int reason)
{
	struct sched_shutdown op = {.reason = reason};

	return (int)pv_xen_call2(__HYPERVISOR_sched_op, SCHEDOP_shutdown_code, (unsigned long)&op);
}

#endif
