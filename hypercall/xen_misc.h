/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * console_io, set_timer_op, vm_assist, callback_op, nmi_op (Xen public/xen.h, callback.h, nmi.h).
 */
#ifndef PV_HYPERCALL_XEN_MISC_H
#define PV_HYPERCALL_XEN_MISC_H

#include "hypercall/xen_call.h"

/* To Xen's own console. What guests other than Dom0 write is dropped by release builds. */
static inline int pv_xen_console_io_write(const char *text, unsigned int len)
{
	return (int)pv_xen_call3(__HYPERVISOR_console_io, CONSOLEIO_write, len,
				 (unsigned long)text);
}

/* What was typed there: the number of characters, at most `size`. Dom0 only. */
static inline int pv_xen_console_io_read(char *buf, unsigned int size)
{
	return (int)pv_xen_call3(__HYPERVISOR_console_io, CONSOLEIO_read, size, (unsigned long)buf);
}

/* This CPU's one-shot timer, at `ns` of system time; 0 stops it. As VCPUOP_set_singleshot_timer. */
static inline int pv_xen_set_timer_op(uint64_t ns)
{
	return (int)pv_xen_call1(__HYPERVISOR_set_timer_op, ns);
}

/* VMASST_CMD_*, VMASST_TYPE_*. */
static inline int pv_xen_vm_assist(unsigned int cmd, unsigned int type)
{
	return (int)pv_xen_call2(__HYPERVISOR_vm_assist, cmd, type);
}

/* PV: the kernel's entry points for events, system calls and failed returns. */
PV_XEN_OP(pv_xen_callback_register, __HYPERVISOR_callback_op, CALLBACKOP_register,
	  struct callback_register)
PV_XEN_OP(pv_xen_callback_unregister, __HYPERVISOR_callback_op, CALLBACKOP_unregister,
	  struct callback_unregister)

/* PV: this CPU's entry point for NMIs. */
PV_XEN_OP(pv_xen_nmi_register_callback, __HYPERVISOR_nmi_op, XENNMI_register_callback,
	  struct xennmi_callback)
PV_XEN_OP0(pv_xen_nmi_unregister_callback, __HYPERVISOR_nmi_op, XENNMI_unregister_callback)

#endif
