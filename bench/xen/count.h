/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Counts what a guest of Xen executes itself, and what it asks of Xen.
 *
 * Under QEMU's -icount shift=0 the TSC advances by one for each instruction of the whole machine:
 * this guest's, Xen's and Dom0's. So the count stands still while the guest is not what runs: in
 * each hypercall, in each end of interrupt, and while it sleeps. The linker puts functions of ours
 * in front of the ways in and out (--wrap):
 *
 *	pv_xen_hypercall	out, and in again when it returns
 *	pv_bare_apic_eoi	the same
 *	pv_bare_irq		in, if it comes while the guest is out, and out again at its end
 *	pv_xen_dispatch		the same, in a PV guest, whose way back is one more hypercall
 *	pv_evtchn_dispatch	nothing of that: only what part of it is the library's
 *
 * What is left are interrupts of Xen's own in the midst of the guest's code. They fall out by the
 * median over many rounds.
 */
#ifndef BENCH_XEN_COUNT_H
#define BENCH_XEN_COUNT_H

#include <pv/types.h>

struct count {
	uint64_t whole;	  /* instructions of the guest, but for the stub of its interrupt entry */
	uint64_t library; /* of these, the library's */
	uint64_t hypercalls; /* but for those that sleep */
	uint64_t sleeps;
	uint64_t eois;	  /* ends of interrupts that the local APIC is told */
	uint64_t upcalls; /* calls of the dispatcher that found something */
};

/* As of now. */
void count_get(struct count *c);

/* What is between the two is the library's. */
void count_library_begin(void);
void count_library_end(void);

/* Sleeps until the flag is set: by HLT, or, in a PV guest, by SCHEDOP_block. No timer is set. */
void count_sleep(const volatile bool *woken);

#endif
