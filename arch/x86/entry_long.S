/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The second half of every boot entry: 64-bit mode, at physical addresses, on the tables that
 * ENTRY_IDENTITY filled. It maps the image where it is linked, goes there, and calls
 * pv_entry_main() with what it got: RDX, the parser of the boot protocol, here still at its
 * physical address, and RSI, the physical address of what the loader handed over.
 */
#include "arch/x86/entry.h"

	.section .text.pv_entry_long, "ax", @progbits
	.code64
	.globl pv_entry_long
	.type pv_entry_long, @function
pv_entry_long:
	movabsq $pv_os_image_offset, %rax
	addq %rax, %rdx

	/*
	 * 2 GiB at pv_os_image_offset, from physical 0: the first two entries of the PDPT once
	 * more, in the slots of that address; in a PDPT of its own, unless it is in the first 512
	 * GiB.
	 */
	movq %rax, %rcx
	shrq $39, %rcx
	andl $511, %ecx
	leaq pv_entry_pdpt(%rip), %rbx
	movq %rbx, %rdi
	jz 1f
	leaq pv_entry_pdpt_image(%rip), %rdi
	leaq pv_entry_pml4(%rip), %r8
	leaq ENTRY_PTE_TABLE(%rdi), %r9
	movq %r9, (%r8, %rcx, 8)
1:	movq %rax, %rcx
	shrq $30, %rcx
	andl $511, %ecx
	movq (%rbx), %r9
	movq %r9, (%rdi, %rcx, 8)
	cmpl $511, %ecx
	je 2f
	movq 8(%rbx), %r9
	movq %r9, 8(%rdi, %rcx, 8)

	/* There; own stack, GDT and segments. */
2:	leaq 3f(%rip), %rcx
	addq %rax, %rcx
	jmpq *%rcx
3:	leaq pv_entry_stack_end(%rip), %rsp
	leaq pv_entry_gdt(%rip), %rax
	pushq %rax
	pushw $(3 * 8 - 1)
	lgdtq (%rsp)
	movl $ENTRY_DS, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	leaq 4f(%rip), %rax
	pushq $ENTRY_CS
	pushq %rax
	lretq

4:	leaq pv_entry_stack_end(%rip), %rsp
	xorl %ebp, %ebp
	movq %rdx, %rdi
	callq pv_entry_main
	ud2
	.size pv_entry_long, . - pv_entry_long

	.section .rodata.pv_entry_gdt, "a", @progbits
	.balign 8
	.globl pv_entry_gdt
pv_entry_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* ENTRY_CS: 64-bit code */
	.quad 0x00cf93000000ffff	/* ENTRY_DS: flat data */

	.section .bss.pv_entry, "aw", @nobits
	.balign 4096
	.globl pv_entry_pml4, pv_entry_pdpt, pv_entry_pd, pv_entry_stack_end
pv_entry_pml4:
	.skip 4096
pv_entry_pdpt:
	.skip 4096
pv_entry_pd:
	.skip 4 * 4096
pv_entry_pdpt_image:
	.skip 4096
	.skip ENTRY_STACK_SIZE
pv_entry_stack_end:

/* uint64_t: the TSC at the entry's first instructions. */
	.section .bss.pv_entry_tsc, "aw", @nobits
	.balign 8
	.globl pv_entry_tsc
pv_entry_tsc:
	.skip 8

	.section .note.GNU-stack, "", @progbits
