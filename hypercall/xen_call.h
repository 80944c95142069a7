/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the wrappers are made of.
 */
#ifndef PV_HYPERCALL_XEN_CALL_H
#define PV_HYPERCALL_XEN_CALL_H

#include <pv/abi/xen.h>
#include <pv/detect.h>
#include <pv/err.h>

#include "arch/x86/x86.h"

/*
 * Chooses the instruction: SYSCALL in a PV guest, else VMCALL or VMMCALL, by the CPU's vendor.
 * Until then every hypercall gives PV_ENOSYS.
 */
void pv_xen_call_init(enum pv_xen_mode mode, const char *cpu_vendor);

/*
 * Changes to the hypercall page. The instruction itself is shorter, and Xen calls the page optional
 * by now; with return thunks, or ENDBR at the target of every indirect call, the page is not an
 * option. It is for a Xen or a CPU on which the instruction does not work, and takes a page of the
 * kernel's text, for which pv_os_virt_to_phys() must hold. 0, PV_ENODEV if Xen does not fill it,
 * PV_EIO if it did not.
 */
int pv_xen_call_use_page(const struct pv_platform *platform);

static inline long pv_xen_call5(unsigned int op, unsigned long a1, unsigned long a2,
				unsigned long a3, unsigned long a4, unsigned long a5)
{
	return pv_xen_hypercall(op, a1, a2, a3, a4, a5);
}

static inline long pv_xen_call4(unsigned int op, unsigned long a1, unsigned long a2,
				unsigned long a3, unsigned long a4)
{
	return pv_xen_hypercall(op, a1, a2, a3, a4, 0);
}

static inline long pv_xen_call3(unsigned int op, unsigned long a1, unsigned long a2,
				unsigned long a3)
{
	return pv_xen_hypercall(op, a1, a2, a3, 0, 0);
}

static inline long pv_xen_call2(unsigned int op, unsigned long a1, unsigned long a2)
{
	return pv_xen_hypercall(op, a1, a2, 0, 0, 0);
}

static inline long pv_xen_call1(unsigned int op, unsigned long a1)
{
	return pv_xen_hypercall(op, a1, 0, 0, 0, 0);
}

static inline long pv_xen_call0(unsigned int op)
{
	return pv_xen_hypercall(op, 0, 0, 0, 0, 0);
}

/* A wrapper `name` for command `cmd` of hypercall `op`, with a pointer to `type`. */
#define PV_XEN_OP(name, op, cmd, type)                                                             \
	static inline int name(type *arg)                                                          \
	{                                                                                          \
		return (int)pv_xen_call2(op, cmd, (unsigned long)arg);                             \
	}

/* The same, for a command without an argument. */
#define PV_XEN_OP0(name, op, cmd)                                                                  \
	static inline int name(void)                                                               \
	{                                                                                          \
		return (int)pv_xen_call2(op, cmd, 0);                                              \
	}

#endif
