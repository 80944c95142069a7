/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The 64-bit Linux entry (Linux Documentation/arch/x86/boot.rst, "64-bit Boot Protocol"), as VMMs
 * that load an ELF kernel themselves use it (Firecracker, crosvm): control comes at e_entry.
 *
 * Long mode, paging on with an identity mapping that holds at least the image, the boot_params and
 * the command line; flat segments, interrupts off, RSI with the physical address of the
 * boot_params. The loader's stack, tables and GDT are left at once.
 */
#include "arch/x86/entry.h"

	.section .text.pv_entry_linux, "ax", @progbits
	.code64
	.globl pv_entry_linux
	.type pv_entry_linux, @function
pv_entry_linux:
	cld
	cli
	leal pv_entry_linux(%rip), %ebp
	ENTRY_TSC pv_entry_linux
	ENTRY_IDENTITY pv_entry_linux
	movq %rax, %cr3
	leaq pv_boot_from_linux(%rip), %rdx
	jmp pv_entry_long
	.size pv_entry_linux, . - pv_entry_linux

	.section .note.GNU-stack, "", @progbits
