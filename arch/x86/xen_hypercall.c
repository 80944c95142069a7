/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The one place from which Xen is called.
 *
 * Xen public/arch-x86/xen-x86_64.h: number in RAX, arguments in RDI, RSI, RDX, R10, R8 (which Xen
 * may change), result in RAX. SYSCALL itself takes RCX and R11. A stub of the hypercall page loads
 * EAX and does the same, and puts RCX and R11 back.
 */
#include <pv/err.h>

#include "arch/x86/x86.h"

enum pv_xen_call_mode pv_xen_call_mode;

/* A pointer, so that only kernels that use the page have it. */
const uint8_t *pv_xen_call_page;

/* In a process the fake's functions are in the place of these, which only their test calls. */
#ifdef PV_ARCH_HOOKS
#define pv_xen_hypercall      pv_xen_hypercall_on_cpu
#define pv_xen_hypercall_iret pv_xen_hypercall_iret_on_cpu
long pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
		      unsigned long a4, unsigned long a5);
void pv_xen_hypercall_iret(const void *frame) PV_NORETURN;
#endif

#define STR_(x) #x
#define STR(x)	STR_(x)

#define IRET 23 /* __HYPERVISOR_iret */

/* `r` = the call, by `insn`. */
#define XEN_CALL(insn)                                                                             \
	do {                                                                                       \
		register unsigned long r10 __asm__("r10") = a4;                                    \
		register unsigned long r8 __asm__("r8") = a5;                                      \
                                                                                                   \
		__asm__ __volatile__(insn                                                          \
				     : "=a"(r), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)  \
				     : "0"((unsigned long)op), "b"(stub)                           \
				     : "rcx", "r11", "memory", "cc");                              \
	} while (0)

long pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
		      unsigned long a4, unsigned long a5)
{
	const uint8_t *stub = pv_xen_call_page + PV_XEN_PAGE_STUB * op;
	long r = PV_ENOSYS;

	switch (pv_xen_call_mode) {
	case PV_XEN_CALL_VMCALL:
		XEN_CALL("vmcall");
		break;
	case PV_XEN_CALL_VMMCALL:
		XEN_CALL("vmmcall");
		break;
	case PV_XEN_CALL_SYSCALL:
		XEN_CALL("syscall");
		break;
	case PV_XEN_CALL_PAGE:
		XEN_CALL("call *%%rbx");
		break;
	case PV_XEN_CALL_NONE:
		break;
	}
	return r;
}

void pv_xen_hypercall_iret(const void *frame)
{
	__asm__ __volatile__("movq %0, %%rsp\n\tmovl $" STR(IRET) ", %%eax\n\tsyscall"
			     :
			     : "r"(frame)
			     : "memory");
	__builtin_unreachable();
}
