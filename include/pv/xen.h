/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen, for kernels: what the tables of pv_init() have for it, and what a kernel on Xen calls
 * itself.
 */
#ifndef PV_XEN_H
#define PV_XEN_H

#include <pv/control.h>
#include <pv/device.h>
#include <pv/hv.h>

PV_BEGIN_DECLS

/* Hypercalls, events, grants, clock and timer. The bus and the drivers below need it. */
extern const struct pv_hv pv_xen;

/*
 * xenbus: the devices that the toolstack wrote into xenstore below `device/` (Xen
 * docs/misc/xenstore-paths.pandoc).
 */
extern const struct pv_bus pv_xenbus;

extern const struct pv_driver pv_blkfront;    /* "vbd": xen/io/blkif.h */
extern const struct pv_driver pv_netfront;    /* "vif": xen/io/netif.h */
extern const struct pv_driver pv_xen_console; /* "console": xen/io/console.h */

/*
 * The event upcall: calls the handlers of all events that are pending for this CPU. Its cost does
 * not depend on the number of ports.
 *
 * On PVH and HVM the library registers it by pv_os_irq_vector(). A PV kernel calls it from its
 * event callback (CALLBACKTYPE_event); a kernel that has a vector of its own for it, or polls,
 * calls it from there. Does nothing where there is no Xen, or nothing is pending. Context:
 * interrupt, or with interrupts (on PV: upcalls) off on this CPU; not from a handler.
 */
void pv_xen_dispatch(void);

/*
 * A PV kernel's event callback, for pv_xen_set_callbacks(): saves the registers, calls
 * pv_xen_dispatch(), and returns to what was interrupted. The handlers run on the stack that ends
 * at pv_xen_pv_upcall_stack; NULL: on that of what was interrupted, where Xen does not skip a red
 * zone.
 * Context: entered by Xen only.
 */
void pv_xen_pv_upcall(void);

/*
 * The same in a kernel that unmasks upcalls only while it sleeps (SCHEDOP_block): returns with
 * upcalls masked, and thereby without a hypercall. Events that came meanwhile are pending, for the
 * next sleep or pv_xen_dispatch().
 */
void pv_xen_pv_wakeup(void);
extern void *pv_xen_pv_upcall_stack;

/*
 * What a PV kernel that can be saved (pv_suspend()) does itself. The toolstack saves page tables,
 * with the kernel's own frames in them, and cannot save any that name others: the shared page,
 * which the kernel may have mapped beside the library, and pages that it was granted. unmap: takes
 * them away. map: the shared page is back, where start_info->shared_info says now; both also where
 * the suspend is cancelled. Context: control, boot CPU, upcalls masked; they must not call the
 * library, read its clock, or log.
 */
struct pv_xen_pv_kernel {
	void (*unmap)(void);
	void (*map)(void);
};

/*
 * That the kernel can: called before pv_init(); without it, or with NULL, pv_suspend() returns
 * PV_ENOTSUP. `kernel` stays valid. pv_os_virt_to_phys() then also holds for start_info and its
 * mfn_list, which stay where they are and may be written to; page tables are the only place where
 * the kernel keeps a frame of the machine.
 */
void pv_xen_pv_can_suspend(const struct pv_xen_pv_kernel *kernel);

/*
 * The TSC as Xen gives it (public/arch-x86/cpuid.h, leaf 4; xl.cfg(5), tsc_mode). A clock by
 * pv_clock_now() is right in any case; for a kernel that would use the TSC itself.
 */
struct pv_xen_tsc {
	uint32_t mode;	      /* 0: emulated if need be, 1: always, 2: never */
	uint32_t khz;	      /* as the guest sees it */
	uint32_t incarnation; /* how often the guest was migrated, or restored */
	bool emulated;	      /* RDTSC is an exit */
	bool reliable;	      /* the host's TSCs are one clock */
};

/* 0, or PV_ENOTSUP where there is no Xen, or it does not tell. Context: any. */
int pv_xen_tsc(struct pv_xen_tsc *out);

/*
 * Output before there is a console, and after: by the hypercall. A release build of Xen drops what
 * guests other than Dom0 write so. Does nothing before pv_init(), and where there is no Xen.
 * Context: any.
 */
void pv_xen_early_write(const char *text, size_t len);

/*
 * The domain's own console, which xl console shows, without any device: from pv_init() on, also in
 * a kernel that does not name pv_xen_console. start: finds and maps it. 0, or PV_ENODEV if the
 * domain has none (Dom0: pv_xen_early_write() is its console), PV_ENOMEM. Context: control, after
 * pv_init(). stop: its mirror, before pv_shutdown().
 */
int pv_xen_console_start(void);
void pv_xen_console_stop(void);

/*
 * Writes; waits PV_CONFIG_CONSOLE_MS at most for a full console, and drops what does not fit.
 * Nothing happens before it was started. Context: any, one caller at a time.
 */
void pv_xen_console_write(const char *text, size_t len);

/*
 * Waits until the other end took all of it, as before the domain ends: what is in the ring then is
 * lost. 0, PV_ETIMEDOUT after `timeout_ms`, PV_EPROTO. Context: any.
 */
int pv_xen_console_drain(unsigned int timeout_ms);

PV_END_DECLS

#endif
