/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How many hypercalls of Xen a guest makes from the beginning of its main to the end, all CPUs
 * together: said when it ends. The linker puts these functions in front of the guest's main and of
 * the hypercall (--wrap). A PV guest's way back from an event (HYPERVISOR_iret) is not among them.
 */
#include <pv/bare.h>

#include "arch/x86/x86.h"

long __real_pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
			     unsigned long a4, unsigned long a5);
long __wrap_pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
			     unsigned long a4, unsigned long a5);
int __real_pv_bare_main(const char *cmdline);
int __wrap_pv_bare_main(const char *cmdline);

static uint64_t hypercalls;

long __wrap_pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
			     unsigned long a4, unsigned long a5)
{
	__atomic_fetch_add(&hypercalls, 1, __ATOMIC_RELAXED);
	return __real_pv_xen_hypercall(op, a1, a2, a3, a4, a5);
}

int __wrap_pv_bare_main(const char *cmdline)
{
	uint64_t before = __atomic_load_n(&hypercalls, __ATOMIC_RELAXED);
	int status = __real_pv_bare_main(cmdline);

	pv_bare_printf(
		"hypercalls: %llu\n",
		(unsigned long long)(__atomic_load_n(&hypercalls, __ATOMIC_RELAXED) - before));
	return status;
}
