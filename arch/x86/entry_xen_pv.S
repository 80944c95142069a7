/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The entry of Xen's paravirtualised guests: xen.h, "START-OF-DAY MEMORY LAYOUT"; elfnote.h.
 *
 * Xen, or the toolstack, reads the notes below, loads the image by its segments' physical
 * addresses, and maps it where it is linked, together with what else it made: start_info, the table
 * of machine frames, the page tables themselves, a stack. All of it is behind the image, one page
 * after the other, and the whole begins at VIRT_BASE with the guest's frame 0. So here, too, a
 * virtual address minus pv_os_image_offset is a physical one.
 *
 * Control comes in 64-bit mode and ring 3, with RSI the virtual address of start_info, upcalls
 * masked, flat segments. Page tables are read-only, and privileged instructions are hypercalls.
 */
#include "arch/x86/entry.h"

#define XENFEAT_dom0 11 /* features.h */

.macro NOTE type, kind, value:vararg
	.balign 4
	.long 4, 2f - 1f, \type
	.asciz "Xen"
1:	\kind \value
2:	.balign 4
.endm

	.section .note.Xen, "a", @note
	NOTE 1, .quad, pv_entry_xen_pv		/* ENTRY */
	NOTE 3, .quad, pv_os_image_offset	/* VIRT_BASE */
	NOTE 4, .quad, 0			/* PADDR_OFFSET: segments have physical addresses */
	NOTE 5, .asciz, "xen-3.0"		/* XEN_VERSION */
	NOTE 6, .asciz, "libpv"			/* GUEST_OS */
	NOTE 8, .asciz, "generic"		/* LOADER */
	NOTE 9, .asciz, "yes"			/* PAE_MODE: read whatever the mode is */
	NOTE 13, .quad, 1, 1			/* L1_MFN_VALID: entries with bit 0 hold a frame */
	NOTE 16, .long, 1			/* MOD_START_PFN: modules need not be mapped */
	NOTE 17, .long, 1 << XENFEAT_dom0	/* SUPPORTED_FEATURES */

	.section .text.pv_entry_xen_pv, "ax", @progbits
	.code64
	.globl pv_entry_xen_pv
	.type pv_entry_xen_pv, @function
pv_entry_xen_pv:
	cld
	rdtsc
	movl %eax, pv_entry_tsc(%rip)
	movl %edx, pv_entry_tsc + 4(%rip)
	leaq pv_entry_stack_end(%rip), %rsp
	xorl %ebp, %ebp
	movq %rsi, %rdi
	callq pv_entry_xen_main
	ud2
	.size pv_entry_xen_pv, . - pv_entry_xen_pv

	.section .note.GNU-stack, "", @progbits
