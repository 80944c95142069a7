/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Stubs behind the IDT: 32 for exceptions, 16 bytes each, and 224 for interrupts, 8 bytes each.
 */
	.section .text.pv_bare_trap, "ax", @progbits
	.code64

/* struct pv_bare_frame of trap.c: what the CPU pushed, an error code, the vector, the registers. */
	.balign 16
	.globl pv_bare_exception_stubs
pv_bare_exception_stubs:
	.set vector, 0
	.rept 32
	.balign 16
	/* Vectors whose exceptions push an error code: 8, 10-14, 17, 21, 29, 30. */
	.if !(0x60227d00 >> vector & 1)
	pushq $0
	.endif
	pushq $vector
	jmp exception
	.set vector, vector + 1
	.endr

	.balign 16
exception:
	cld
	pushq %r15
	pushq %r14
	pushq %r13
	pushq %r12
	pushq %r11
	pushq %r10
	pushq %r9
	pushq %r8
	pushq %rbp
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rbx
	pushq %rax
	movq %rsp, %rbx
	movq %rsp, %rdi
	andq $-16, %rsp
	callq pv_bare_exception
	movq %rbx, %rsp
	popq %rax
	popq %rbx
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	popq %rbp
	popq %r8
	popq %r9
	popq %r10
	popq %r11
	popq %r12
	popq %r13
	popq %r14
	popq %r15
	addq $16, %rsp			/* vector and error code */
	iretq

/*
 * The vector as one signed byte keeps the stubs at 8 bytes: 160 is added again below.
 *
 * An interrupt begins on the stack of what it interrupts, and goes to the interrupt stack from
 * there, unless that is in use. So one may come at any instruction of this: see cpu.c for why one
 * does.
 *
 * Whoever sleeps by STI and HLT relies on no interrupt coming in between (Intel SDM 2B, STI).
 * Guests of an emulated host get one there all the same: QEMU's VMRUN does not load the interrupt
 * shadow, so that it is lost if the host itself is interrupted at that moment. The HLT is skipped
 * then, as if it had been interrupted.
 */
	.balign 16
	.globl pv_bare_irq_stubs
pv_bare_irq_stubs:
	.set vector, 32
	.rept 224
	.balign 8
	pushq $(vector - 160)
	jmp interrupt
	.set vector, vector + 1
	.endr

	.balign 16
interrupt:
	cld
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	movq 88(%rsp), %rax
	cmpb $0xf4, (%rax)
	jne 1f
	cmpb $0xfb, -1(%rax)
	jne 1f
	incq 88(%rsp)
1:	movq %rsp, %rbx			/* 16 words below an aligned one: as the ABI wants it */
	movq %rsp, %rdi
	callq pv_bare_irq_enter		/* the stack for it */
	movq 80(%rbx), %rdi
	addl $160, %edi
	movq %rax, %rsp
	callq pv_bare_irq
	movq %rbx, %rsp
	callq pv_bare_irq_leave
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rax
	addq $8, %rsp
	iretq

/* void pv_bare_on_stack(void *stack_end, void (*fn)(void)) */
	.globl pv_bare_on_stack
	.type pv_bare_on_stack, @function
pv_bare_on_stack:
	movq %rdi, %rsp
	xorl %ebp, %ebp
	callq *%rsi
	ud2

	.section .note.GNU-stack, "", @progbits
