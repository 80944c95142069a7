/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The hypercall page: a page of text that Xen fills with one stub of 32 bytes for each hypercall. A
 * PVH or HVM kernel asks for it by an MSR (Xen public/arch-x86/cpuid.h, leaf 2); for a PV kernel
 * Xen does so while it builds the domain, at the virtual address in the note
 * XEN_ELFNOTE_HYPERCALL_PAGE (2).
 *
 * Until it is filled, each stub is INT3.
 */
	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 2
	.asciz "Xen"
	.quad pv_xen_hypercall_page

	.section .text.pv_xen_hypercall_page, "ax", @progbits
	.balign 4096
	.globl pv_xen_hypercall_page
	.type pv_xen_hypercall_page, @object
pv_xen_hypercall_page:
	.fill 4096, 1, 0xcc
	.size pv_xen_hypercall_page, . - pv_xen_hypercall_page

	.section .note.GNU-stack, "", @progbits
