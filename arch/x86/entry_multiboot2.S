/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The multiboot2 entry (Multiboot2 Specification 2.0), as GRUB starts it, from BIOS and from UEFI
 * firmware, after it has left the firmware's boot services.
 *
 * Control comes in 32-bit protected mode with paging off, flat segments, interrupts off, no stack,
 * and EBX with the physical address of the boot information (3.3).
 *
 * The header says where to load the file to, as one piece (3.1.5), because GRUB does not take an
 * ELF whose e_entry is a physical address and whose segments have other virtual ones. So the
 * segments follow one another in the file as in memory, and these symbols come from the linker
 * script, all of them physical addresses:
 *
 *	pv_os_multiboot2_header  of pv_multiboot2_header, which is within the file's first 32 KiB
 *	pv_os_multiboot2_load	 of the first byte of the first segment
 *	pv_os_multiboot2_data	 behind the last byte that is in the file
 *	pv_os_multiboot2_bss	 behind the last byte
 *	pv_os_entry_multiboot2	 of pv_entry_multiboot2
 */
#include "arch/x86/entry.h"

#define MAGIC 0xe85250d6
#define I386  0

	.section .multiboot2, "a", @progbits
	.balign 8
	.globl pv_multiboot2_header
pv_multiboot2_header:
	.long MAGIC, I386, end - pv_multiboot2_header
	.long -(MAGIC + I386 + (end - pv_multiboot2_header))

	.short 2, 0			/* address */
	.long 24
	.long pv_os_multiboot2_header, pv_os_multiboot2_load
	.long pv_os_multiboot2_data, pv_os_multiboot2_bss

	.short 3, 0			/* entry address */
	.long 12
	.long pv_os_entry_multiboot2
	.balign 8

	.short 6, 0			/* modules at page boundaries */
	.long 8

	.short 0, 0			/* end */
	.long 8
end:

	ENTRY_PROTECTED pv_entry_multiboot2, pv_boot_from_multiboot2

	.section .note.GNU-stack, "", @progbits
