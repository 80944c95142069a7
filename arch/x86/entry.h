/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* clang-format off */
/*
 * What the boot entries share. Assembly only.
 *
 * An entry (entry_pvh.S, entry_multiboot2.S, entry_linux.S) runs at the image's physical addresses.
 * It builds page tables, switches to them, and jumps to pv_entry_long (entry_long.S), which adds
 * the mapping at which the image is linked, goes there, and calls pv_entry_main() (entry_main.c),
 * which has the boot protocol's parser fill the boot information and hands over to pv_os_main().
 *
 * WHERE THE IMAGE IS
 *	The entries find out for themselves. Two absolute symbols come from the kernel's linker
 *	script:
 *
 *		pv_os_image_offset  virtual minus physical addresses of the image, whole GiB
 *		pv_os_entry_pvh	    the physical address of pv_entry_pvh, for its ELF note
 *
 *	for example, linked at the upper -2 GiB:
 *
 *		pv_os_image_offset = 0xffffffff80000000;
 *		pv_os_entry_pvh = ABSOLUTE(pv_entry_pvh - pv_os_image_offset);
 *
 *	and for a kernel that is linked where it is loaded, 0 and ABSOLUTE(pv_entry_pvh); unless it
 *	is position independent, ld's --defsym does as well. The image lies in the first 2 GiB of
 *	physical memory. Loaders find the PVH entry by the note, which the script keeps in a PT_NOTE
 *	segment (KEEP(*(.note.Xen))), and the Linux entry by e_entry, which must be the physical
 *	address of pv_entry_linux. What the multiboot2 entry takes is in entry_multiboot2.S. The Xen
 *	PV entry finds all mapped already, and shares no more than the stack (entry_xen_pv.S).
 *
 * MEMORY
 *	The loader has zeroed .bss, as an ELF segment's memory beyond its file is; nothing does so
 *	again.
 */
#ifndef PV_ARCH_X86_ENTRY_H
#define PV_ARCH_X86_ENTRY_H

/* Selectors in pv_entry_gdt. */
#define ENTRY_CS 0x08
#define ENTRY_DS 0x10

#define ENTRY_STACK_SIZE 0x4000

/* Page table entries: present, writable; and a large page, accessed and dirty already. */
#define ENTRY_PTE_TABLE 0x003
#define ENTRY_PTE_LARGE 0x0e3

/* Physical address of a symbol, given that of `base` (in this section) in EBP. */
#define ENTRY_REL(symbol, base) (symbol - base)(%ebp)

/*
 * Keeps the TSC at which the image was entered, in pv_entry_tsc. EBP as below. Clobbers EAX, EDX.
 */
.macro ENTRY_TSC base
	rdtsc
	movl %eax, ENTRY_REL(pv_entry_tsc, \base)
	movl %edx, ENTRY_REL(pv_entry_tsc + 4, \base)
.endm

/*
 * Fills the tables of entry_long.S so that the low 4 GiB are mapped to themselves: by four pages of
 * 1 GiB where the CPU has them (CPUID 80000001h EDX[26]), else by 2048 of 2 MiB. EBP holds the
 * physical address of `base`. Ends with the PML4's physical address in EAX. Clobbers EBX, ECX, EDX,
 * EDI.
 *
 * It is written in instructions that mean the same in 32-bit and in 64-bit mode, because one entry
 * comes in the one and one in the other.
 */
.macro ENTRY_IDENTITY base
	movl $0x80000000, %eax
	cpuid
	xorl %edx, %edx
	cmpl $0x80000001, %eax
	jb 1f
	movl $0x80000001, %eax
	cpuid
1:	leal ENTRY_REL(pv_entry_pdpt, \base), %edi
	btl $26, %edx
	jc 3f

	/* PDPT entries 0 to 3: the four page directories, which follow the PDPT. */
	leal 0x1000 + ENTRY_PTE_TABLE(%edi), %eax
	movl $4, %ecx
2:	movl %eax, (%edi)
	addl $0x1000, %eax
	addl $8, %edi
	decl %ecx
	jnz 2b
	leal ENTRY_REL(pv_entry_pd, \base), %edi
	movl $2048, %ecx
	movl $0x200000, %edx
	jmp 4f

3:	movl $4, %ecx
	movl $0x40000000, %edx

	/* ECX large pages of EDX bytes, from address 0. */
4:	movl $ENTRY_PTE_LARGE, %eax
5:	movl %eax, (%edi)
	addl %edx, %eax
	addl $8, %edi
	decl %ecx
	jnz 5b

	leal ENTRY_REL(pv_entry_pdpt, \base), %edx
	orl $ENTRY_PTE_TABLE, %edx
	leal ENTRY_REL(pv_entry_pml4, \base), %eax
	movl %edx, (%eax)
.endm

/*
 * An entry in 32-bit protected mode with paging off, flat segments, interrupts off, no stack, and
 * EBX with the physical address of what the loader handed over: to long mode, and on with the
 * parser.
 */
.macro ENTRY_PROTECTED entry, parser
	.section .text.\entry, "ax", @progbits
	.code32
	.globl \entry
	.type \entry, @function
\entry:
	cld
	cli
	/*
	 * Where this is: a short call, whose return address needs four bytes of memory. There is no
	 * stack yet, and no register to find one; the first word that the loader handed over is put
	 * back at once.
	 */
	movl (%ebx), %eax
	leal 4(%ebx), %esp
	call 6f
6:	popl %ebp
	subl $(6b - \entry), %ebp
	movl %eax, (%ebx)
	movl %ebx, %esi			/* CPUID takes EBX */
	ENTRY_TSC \entry
	ENTRY_IDENTITY \entry

	/*
	 * Long mode: PAE, the tables, EFER.LME, then paging (Intel SDM 3A, 9.8.5; AMD APM 2,
	 * 14.6.1).
	 */
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

	leal ENTRY_REL(pv_entry_stack_end, \entry), %esp
	leal ENTRY_REL(pv_entry_gdt, \entry), %eax
	pushl %eax
	pushw $(3 * 8 - 1)
	lgdtl (%esp)
	leal ENTRY_REL(7f, \entry), %eax
	pushl $ENTRY_CS
	pushl %eax
	lretl

	.code64
7:	movl %esi, %esi			/* the upper halves are undefined after the switch */
	leaq \parser(%rip), %rdx
	jmp pv_entry_long
	.size \entry, . - \entry
.endm

#endif
