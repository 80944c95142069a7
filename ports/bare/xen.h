/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port on Xen. xen.c, xen_console.c: what all kinds of guests have in common. xen_pv.c, xen_pv_mmu.c,
 * xen_pv_entry.S: what is another way in a PV guest, whose CPU and page tables are Xen's.
 *
 * UPCALLS IN A PV GUEST
 *	Xen puts the frame of an upcall right below the RSP of what it interrupts, which has a red zone there if it is
 *	the C library's. So upcalls are masked from the beginning, and while the application and the library run;
 *	events are taken where somebody waits: pv_bare_wait() and pv_os_relax() call the dispatcher, and in the
 *	hypercall by which they sleep, Xen unmasks. Nothing in the port is ever interrupted anywhere else, and
 *	pv_bare_irq_save() has nothing to do.
 */
#ifndef PORTS_BARE_XEN_H
#define PORTS_BARE_XEN_H

#include "ports/bare/bare.h"

/* --- all guests ------------------------------------------------------------------------------- */

/*
 * Makes hypercalls work before pv_init(), for output, if this is Xen. Asked where there is no serial port: other
 * hypervisors are not bothered.
 */
bool pv_bare_xen_early(enum pv_boot_protocol protocol);

/* Whether hypercalls work. */
bool pv_bare_xen(void);

/* Has the CPU interrupted in `ns`, by Xen's timer. False: there is none, or not yet. */
bool pv_bare_xen_timer(uint64_t ns);

/* "exit status: N" for whoever reads the console, and the domain's end: as a crash if it is not 0. */
void pv_bare_xen_exit(int status);
void pv_bare_xen_reboot(void);
void pv_bare_xen_crash(void);

/* Output: to Xen itself until pv_bare_xen_console_attach(), then to the domain's console. */
void pv_bare_xen_console_early(void);
void pv_bare_xen_console_write(const char *text, size_t len);
void pv_bare_xen_console_drain(void);

/* --- PV guests -------------------------------------------------------------------------------- */

/* Exceptions are reported from here on. */
void pv_bare_pv_trap_init(void);

/* Segment bases and FPU. */
void pv_bare_pv_cpu_init(uint64_t fs_base);

/*
 * Upcalls go to pv_xen_dispatch(), on the interrupt stack; and the shared page is mapped, for what follows and
 * for the address of a page fault.
 */
void pv_bare_pv_irq_init(void);

/* Calls the dispatcher, if an event is pending. */
void pv_bare_pv_poll(void);

/* Sleeps until an event comes, and dispatches it. */
void pv_bare_pv_sleep(void);

/* The address of a page fault; 0 before. */
uint64_t pv_bare_pv_cr2(void);

/*
 * Builds the direct map, and has the image's pages mapped by their sections. `*base` to `*end` is RAM that went
 * into page tables. PV_ENOMEM, or Xen's error.
 */
int pv_bare_pv_paging_init(const struct pv_boot_info *info, uint64_t *base, uint64_t *end);

/* Where a piece of RAM is mapped; NULL if it is not RAM. */
void *pv_bare_pv_map(uint64_t pa, size_t len);

#endif
