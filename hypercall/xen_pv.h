/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * PV: the rest of the CPU that is Xen's to change (Xen public/arch-x86/xen.h, xen-x86_64.h).
 */
#ifndef PV_HYPERCALL_XEN_PV_H
#define PV_HYPERCALL_XEN_PV_H

#include "hypercall/xen_call.h"

/* This CPU's exceptions: a table that ends with an entry whose address is 0. NULL removes all. */
static inline int pv_xen_set_trap_table(const struct trap_info *traps)
{
	return (int)pv_xen_call1(__HYPERVISOR_set_trap_table, (unsigned long)traps);
}

/* `entries` descriptors, in machine frames of 512, which are read-only for us from then on. */
static inline int pv_xen_set_gdt(const xen_pfn_t *frames, unsigned int entries)
{
	return (int)pv_xen_call2(__HYPERVISOR_set_gdt, (unsigned long)frames, entries);
}

/* The kernel's stack, for entries from user mode. */
static inline int pv_xen_stack_switch(unsigned long ss, unsigned long sp)
{
	return (int)pv_xen_call2(__HYPERVISOR_stack_switch, ss, sp);
}

/* SEGBASE_*. */
static inline int pv_xen_set_segment_base(unsigned int which, unsigned long base)
{
	return (int)pv_xen_call2(__HYPERVISOR_set_segment_base, which, base);
}

/* One descriptor of a GDT or LDT, at its machine address. */
static inline int pv_xen_update_descriptor(uint64_t machine_address, uint64_t descriptor)
{
	return (int)pv_xen_call2(__HYPERVISOR_update_descriptor, machine_address, descriptor);
}

/* CR0.TS. */
static inline int pv_xen_fpu_taskswitch(bool set)
{
	return (int)pv_xen_call1(__HYPERVISOR_fpu_taskswitch, set);
}

/* Entry points: for events, for a return that failed, for SYSCALL by user mode (0: none). */
static inline int pv_xen_set_callbacks(unsigned long event, unsigned long failsafe,
				       unsigned long syscall)
{
	return (int)pv_xen_call3(__HYPERVISOR_set_callbacks, event, failsafe, syscall);
}

static inline int pv_xen_set_debugreg(unsigned int n, unsigned long value)
{
	return (int)pv_xen_call2(__HYPERVISOR_set_debugreg, n, value);
}

static inline unsigned long pv_xen_get_debugreg(unsigned int n)
{
	return (unsigned long)pv_xen_call1(__HYPERVISOR_get_debugreg, n);
}

/* Returns to where `frame` says, which is on the stack, with the registers that are in it. */
static inline void PV_NORETURN pv_xen_iret(const struct iret_context *frame)
{
	pv_xen_hypercall_iret(frame);
}

#endif
