/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The local APIC (Intel SDM 3A, 11), as far as the library uses it beside the kernel: to send
 * interrupts, and for the timer. The kernel has enabled it, in either mode; every CPU is in the
 * same.
 */
#ifndef PV_CORE_LAPIC_H
#define PV_CORE_LAPIC_H

#include <pv/types.h>

/* Offsets of registers in the page; as an x2APIC's MSR, divided by 16. */
#define PV_LAPIC_ID	   0x020
#define PV_LAPIC_ICR	   0x300
#define PV_LAPIC_ICR_HIGH  0x310
#define PV_LAPIC_LVT_TIMER 0x320
#define PV_LAPIC_INITIAL   0x380
#define PV_LAPIC_CURRENT   0x390
#define PV_LAPIC_DIVIDE	   0x3e0

/* The interrupt command register: delivery modes, and flags. */
#define PV_LAPIC_FIXED	 0x0000
#define PV_LAPIC_INIT	 0x0500
#define PV_LAPIC_STARTUP 0x0600
#define PV_LAPIC_ASSERT	 0x4000

/* The local vector table's timer entry. */
#define PV_LAPIC_LVT_MASKED   0x10000
#define PV_LAPIC_LVT_DEADLINE 0x40000

/*
 * Finds the mode, and the registers; what it takes is given back by pv_shutdown(). 0 (also when it
 * was done before), PV_ENOTSUP if there is none or it is disabled, PV_ENOMEM if its page cannot be
 * mapped. Context: control.
 */
int pv_lapic_init(void);

/* This CPU's. Context: any, after pv_lapic_init(). */
uint32_t pv_lapic_read(unsigned int reg);
void pv_lapic_write(unsigned int reg, uint32_t v);
uint32_t pv_lapic_id(void);

/*
 * Sends an interrupt to the CPU with this APIC identifier: mode, vector and flags in `low`. In the
 * page's mode, identifiers are below 255, and two writes are needed: nothing that interrupts on
 * this CPU may send meanwhile.
 * Context: any, interrupts off.
 */
void pv_lapic_send(uint32_t apic_id, uint32_t low);

#endif
