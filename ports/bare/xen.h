/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port on Xen. xen.c, xen_console.c: what all kinds of guests have in common. xen_pv.c,
 * xen_pv_mmu.c, xen_pv_entry.S: what is another way in a PV guest, whose CPU and page tables are
 * Xen's.
 *
 * UPCALLS IN A PV GUEST
 *	Xen puts the frame of an upcall right below the RSP of what it interrupts, which has a red
 *	zone there if it is the C library's. So upcalls are masked from the beginning, and while the
 *	application and the library run; events are taken where somebody waits: pv_bare_wait() and
 *	pv_os_relax() call the dispatcher, and in the hypercall by which they sleep, Xen unmasks.
 *	Nothing in the port is ever interrupted anywhere else, and pv_bare_irq_save() has nothing to
 *	do.
 */
#ifndef PORTS_BARE_XEN_H
#define PORTS_BARE_XEN_H

#include "ports/bare/bare.h"

/* --- output (xen_console.c): to Xen itself until _attach(), then to the domain's console ------ */

void pv_bare_xen_console_early(void);
void pv_bare_xen_console_attach(void);
void pv_bare_xen_console_write(const char *text, size_t len);
void pv_bare_xen_console_drain(void);

/* --- PV guests (xen_pv.c) --------------------------------------------------------------------- */

extern const struct pv_bare_pv pv_bare_xen_pv;

/* Its page tables (xen_pv_mmu.c), as hv.h says. */
int pv_bare_xen_paging_init(const struct pv_boot_info *info, uint64_t *base, uint64_t *end);
int pv_bare_xen_guard(void *page, bool on);
void *pv_bare_xen_map(uint64_t pa, size_t len);

#endif
