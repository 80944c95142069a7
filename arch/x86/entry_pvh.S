/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The PVH entry: Xen's x86/HVM direct boot ABI (Xen docs/misc/pvh.pandoc), as QEMU, Firecracker, Cloud
 * Hypervisor and Xen itself start it.
 *
 * Control comes at the address in the ELF note XEN_ELFNOTE_PHYS32_ENTRY (18), in 32-bit protected mode
 * with paging off, flat segments, interrupts off, no stack, and EBX with the physical address of an
 * hvm_start_info.
 */
#include "arch/x86/entry.h"

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 18
	.asciz "Xen"
	.quad pv_os_entry_pvh

	.section .text.pv_entry_pvh, "ax", @progbits
	.code32
	.globl pv_entry_pvh
	.type pv_entry_pvh, @function
pv_entry_pvh:
	cld
	cli
	/*
	 * Where this is: a short call, whose return address needs four bytes of memory. There is no
	 * stack yet, and no register to find one; the start info's first word is put back at once.
	 */
	movl (%ebx), %eax
	leal 4(%ebx), %esp
	call 1f
1:	popl %ebp
	subl $(1b - pv_entry_pvh), %ebp
	movl %eax, (%ebx)
	movl %ebx, %esi			/* CPUID takes EBX */
	ENTRY_TSC pv_entry_pvh
	ENTRY_IDENTITY pv_entry_pvh

	/* Long mode: PAE, the tables, EFER.LME, then paging (Intel SDM 3A, 9.8.5; AMD APM 2, 14.6.1). */
	movl %eax, %cr3
	movl $0x20, %eax		/* CR4.PAE */
	movl %eax, %cr4
	movl $0xc0000080, %ecx		/* EFER */
	rdmsr
	orl $0x100, %eax		/* LME */
	wrmsr
	movl %cr0, %eax
	orl $0x80000001, %eax		/* PG, PE */
	movl %eax, %cr0

	leal ENTRY_REL(pv_entry_stack_end, pv_entry_pvh), %esp
	leal ENTRY_REL(pv_entry_gdt, pv_entry_pvh), %eax
	pushl %eax
	pushw $(3 * 8 - 1)
	lgdtl (%esp)
	leal ENTRY_REL(1f, pv_entry_pvh), %eax
	pushl $ENTRY_CS
	pushl %eax
	lretl

	.code64
1:	movl %esi, %esi			/* the upper halves are undefined after the switch */
	leaq pv_boot_from_pvh(%rip), %rdx
	jmp pv_entry_long
	.size pv_entry_pvh, . - pv_entry_pvh

	.section .note.GNU-stack, "", @progbits
