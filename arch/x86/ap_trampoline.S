/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where a CPU begins that was started by SIPI (pv-core/trampoline.c), and where each further CPU
 * comes into the kernel.
 *
 * From pv_ap_trampoline to pv_ap_trampoline_end it is copied to a page below 1 MiB. Code and data
 * there find each other by their distance from the page's beginning, which is CS's base in real
 * mode, and by RIP after that.
 */
#include "arch/x86/ap_start.h"

#define START(field) (pv_ap_trampoline_start - pv_ap_trampoline + field)
#define LOW(field)   (pv_ap_trampoline_start + field)(%rip)

	.section .rodata.pv_ap_trampoline, "a", @progbits
	.balign 16
	.globl pv_ap_trampoline, pv_ap_trampoline_start, pv_ap_trampoline_end
	.code16
pv_ap_trampoline:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl START(AP_GDTR)
	movl START(AP_LOW_CR4), %eax
	movl %eax, %cr4
	movl START(AP_LOW_CR3), %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx		/* EFER */
	rdmsr
	orl START(AP_EFER), %eax
	wrmsr
	/*
	 * PE and PG at once: from real mode to compatibility mode (AMD APM 2, 14.6.1). ET; CD and
	 * NW go.
	 */
	movl $0x80000011, %eax
	movl %eax, %cr0
	ljmpl *START(AP_JUMP)

	.code64
	.globl pv_ap_trampoline_long
pv_ap_trampoline_long:
	movq LOW(AP_CR3), %r8
	movq LOW(AP_CR4), %rax
	movq LOW(AP_CR0), %rdx
	movq LOW(AP_ENTRY), %rsi
	movq LOW(AP_ARG), %rdi
	movq LOW(AP_STACK), %rsp
	movq LOW(AP_LAND), %rcx
	jmpq *%rcx

	.balign 16
pv_ap_trampoline_start:
	.skip AP_SIZE
pv_ap_trampoline_end:

/*
 * In the kernel's text, still on the trampoline's tables. CR4 before CR3's low bits: they must be 0
 * when PCIDE is set.
 */
	.section .text.pv_ap_land, "ax", @progbits
	.code64
	.globl pv_ap_land
	.type pv_ap_land, @function
pv_ap_land:
	movq %r8, %r9
	andq $-4096, %r9
	movq %r9, %cr3
	movq %rax, %cr4
	movq %r8, %cr3
	movq %rdx, %cr0
	movl $1, pv_ap_arrived(%rip)
	jmp pv_ap_segments
	.size pv_ap_land, . - pv_ap_land

/* On the kernel's tables, in 64-bit mode: RSI is called with RDI, on the stack that is loaded. */
	.section .text.pv_ap_segments, "ax", @progbits
	.globl pv_ap_segments
	.type pv_ap_segments, @function
pv_ap_segments:
	leaq pv_ap_gdt(%rip), %rax
	pushq %rax
	pushw $(3 * 8 - 1)
	lgdtq (%rsp)
	addq $10, %rsp
	movl $AP_DS, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	leaq 1f(%rip), %rax
	pushq $AP_CS
	pushq %rax
	lretq
1:	xorl %ebp, %ebp
	callq *%rsi
	ud2
	.size pv_ap_segments, . - pv_ap_segments

	.section .rodata.pv_ap_gdt, "a", @progbits
	.balign 8
pv_ap_gdt:
	.quad 0
	.quad AP_CODE
	.quad AP_DATA

/*
 * void pv_ap_on_stack(void *stack_end, void (*entry)(void *), void *arg): for a CPU that goes on
 * where it was stopped.
 */
	.section .text.pv_ap_on_stack, "ax", @progbits
	.globl pv_ap_on_stack
	.type pv_ap_on_stack, @function
pv_ap_on_stack:
	movq %rdi, %rsp
	movq %rdx, %rdi
	xorl %ebp, %ebp
	callq *%rsi
	ud2
	.size pv_ap_on_stack, . - pv_ap_on_stack

	.section .note.GNU-stack, "", @progbits
