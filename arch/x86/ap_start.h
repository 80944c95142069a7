/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the trampoline's code reads, by offset: struct pv_ap_start of x86.h.
 */
#ifndef PV_ARCH_X86_AP_START_H
#define PV_ARCH_X86_AP_START_H

#define AP_LOW_CR3 0
#define AP_LOW_CR4 4
#define AP_EFER	   8
#define AP_JUMP	   12 /* offset, selector */
#define AP_GDTR	   18 /* limit, base */
#define AP_GDT	   24
#define AP_LAND	   48
#define AP_CR3	   56
#define AP_CR4	   64
#define AP_CR0	   72
#define AP_ENTRY   80
#define AP_ARG	   88
#define AP_STACK   96
#define AP_SIZE	   104

#define AP_CS 0x08
#define AP_DS 0x10

/* Their descriptors: 64-bit code, flat data. */
#define AP_CODE 0x00af9b000000ffff
#define AP_DATA 0x00cf93000000ffff

#endif
