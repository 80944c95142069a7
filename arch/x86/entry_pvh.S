/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The PVH entry: Xen's x86/HVM direct boot ABI (Xen docs/misc/pvh.pandoc), as QEMU, Firecracker,
 * Cloud Hypervisor and Xen itself start it.
 *
 * Control comes at the address in the ELF note XEN_ELFNOTE_PHYS32_ENTRY (18), in 32-bit protected
 * mode with paging off, flat segments, interrupts off, no stack, and EBX with the physical address
 * of an hvm_start_info.
 */
#include "arch/x86/entry.h"

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 18
	.asciz "Xen"
	.quad pv_os_entry_pvh

	.code32
	ENTRY_PROTECTED pv_entry_pvh, pv_boot_from_pvh

	.section .note.GNU-stack, "", @progbits
