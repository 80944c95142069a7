/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where Xen enters a PV guest for exceptions. Its frame has RCX and R11 in front of what a CPU
 * pushes (arch-x86/xen.h); without them it is the one that the stubs of trap_entry.S expect.
 * Exceptions do not return.
 */
	.section .text.pv_bare_pv_traps, "ax", @progbits
	.code64
	.balign 8
	.globl pv_bare_pv_trap_stubs
pv_bare_pv_trap_stubs:
	.set vector, 0
	.rept 32
	.balign 8
	popq %rcx
	popq %r11
	jmp pv_bare_exception_stubs + 16 * vector
	.set vector, vector + 1
	.endr

	.reloc ., R_X86_64_NONE, pv_entry_xen_pv /* links the entry, and with it its notes */

/* A segment or return address that Xen was to load was bad. */
	.globl pv_bare_pv_failsafe
pv_bare_pv_failsafe:
	andq $-16, %rsp
	callq pv_bare_pv_failed
	ud2

	.section .note.GNU-stack, "", @progbits
