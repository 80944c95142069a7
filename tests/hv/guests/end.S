/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The smallest guest: greets on COM1 and ends as END says. The tests of the launcher itself use it,
 * so that a failure there is not one of the library's. Built once for each END.
 */
#define EXIT 1	/* with STATUS, by QEMU's isa-debug-exit */
#define HANG 2
#define RESET 3 /* by a triple fault */

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY: entered as Xen's x86/HVM direct boot ABI says */
	.asciz "Xen"
	.long start

	.text
	.code32
	.globl start
start:
	mov $greeting, %esi
	mov $0x3f8, %dx
1:	lodsb
	test %al, %al
	jz 2f
	out %al, (%dx)
	jmp 1b
2:
#if END == EXIT
	mov $0x501, %dx
	mov $(0x20 | STATUS), %ax
	out %ax, (%dx)
#elif END == RESET
	lidt no_idt
	int3
#endif
3:	cli
	hlt
	jmp 3b

greeting:
	.asciz "here\n"
no_idt:
	.long 0, 0
