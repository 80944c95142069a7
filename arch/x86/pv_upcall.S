/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where Xen enters a PV kernel for events (xen_callback_t; CALLBACKTYPE_event).
 *
 *	pv_xen_set_callbacks((unsigned long)pv_xen_pv_upcall, failsafe, 0)
 *
 * Xen has put onto the stack of whatever was interrupted, at the next multiple of 16 below its RSP:
 * RCX, R11, RIP, CS, RFLAGS, RSP, SS; and masked upcalls. It does not skip a red zone: a kernel
 * that unmasks upcalls while code with one runs loses data. The handlers run on the stack whose end
 * is in pv_xen_pv_upcall_stack, where that is not 0.
 *
 * The way back is a hypercall, which unmasks, as RFLAGS.IF tells, and looks for further events in
 * one: nothing is lost in between, and there is no sequence of instructions here at which an upcall
 * would not be welcome.
 *
 * pv_xen_pv_wakeup goes back by IRET instead, and leaves upcalls masked: what comes meanwhile stays
 * pending until the kernel looks, or sleeps again. Xen's frame has the selectors with privilege
 * level 0, by which it tells its guest's kernel from its processes; both run in ring 3, where an
 * IRET finds them.
 */
#define IRET 23 /* __HYPERVISOR_iret */

	.code64

/* Calls the dispatcher, and leaves Xen's frame. */
	.macro upcall
	cld
	pushq %rax
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %rbx
	movq %rsp, %rbx
	movq pv_xen_pv_upcall_stack(%rip), %rax
	testq %rax, %rax
	jz 1f
	movq %rax, %rsp
1:	andq $-16, %rsp
	callq pv_xen_dispatch
	movq %rbx, %rsp
	popq %rbx
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rax
	.endm

	.section .text.pv_xen_pv_upcall, "ax", @progbits
	.balign 16
	.globl pv_xen_pv_upcall
	.type pv_xen_pv_upcall, @function
pv_xen_pv_upcall:
	upcall

	/* struct iret_context: RAX, R11, RCX, flags, and RIP to SS as they are. */
	popq %rcx
	popq %r11
	pushq $0
	pushq %rcx
	pushq %r11
	pushq %rax
	movl $IRET, %eax
	syscall
	ud2
	.size pv_xen_pv_upcall, . - pv_xen_pv_upcall

	.section .text.pv_xen_pv_wakeup, "ax", @progbits
	.balign 16
	.globl pv_xen_pv_wakeup
	.type pv_xen_pv_wakeup, @function
pv_xen_pv_wakeup:
	upcall
	popq %rcx
	popq %r11
	orb $3, 8(%rsp)		/* CS */
	orb $3, 32(%rsp)	/* SS */
	iretq
	.size pv_xen_pv_wakeup, . - pv_xen_pv_wakeup

	.section .bss.pv_xen_pv_upcall_stack, "aw", @nobits
	.balign 8
	.globl pv_xen_pv_upcall_stack
pv_xen_pv_upcall_stack:
	.skip 8

	.section .note.GNU-stack, "", @progbits
