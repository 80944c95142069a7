/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The guest's side of Xen, below its devices: hypercalls, the shared page, and naming memory to
 * Xen.
 *
 *	xen.c		beginning and end; what the hypervisor is and offers
 *	frames.c	pages of Xen's that appear among ours, and ours that make room for others'
 *	events.c	event channels, and their dispatch; evtchn_*.c the rest of them; upcall.c
 *			how the CPU hears of them
 *	grants.c	pages of ours that others reach; grant_ops.c others' pages that we reach
 *	xen_time.c	the clock
 *	xen_timer.c	the timer
 *	share.c		pv_share() by grants
 *
 * In a PV guest a frame number that Xen understands is the machine's (MFN), by the table of
 * start_info; in PVH and HVM guests it is the guest's own. pv_xen_gfn() hides that.
 */
#ifndef PV_CORE_XEN_XEN_H
#define PV_CORE_XEN_XEN_H

#include <pv/abi/xen.h>
#include <pv/boot.h>
#include <pv/detect.h>
#include <pv/shared.h>

/* --- beginning and end (pv_xen, for the table of pv_init()) ----------------------------------- */

/*
 * Hypercalls, shared page, this CPU, events, grants, clock. What does not work is logged; 0, or the
 * error without which nothing of Xen works (no hypercalls, no shared page). Context: control, boot
 * CPU.
 */
int pv_xen_init(const struct pv_platform *platform, const struct pv_boot_info *boot);

/*
 * Its mirror: no port is open, no page granted, no memory of ours written by Xen any more; but for
 * pages that a peer does not let go, which are kept. Context: control, boot CPU, devices removed.
 */
void pv_xen_exit(void);

/*
 * This CPU's vcpu_info and upcalls. 0 or PV_E*. Context: control, on that CPU; not on the boot CPU.
 */
int pv_xen_cpu_start(void);
void pv_xen_cpu_stop(void);

/* Control work: grants to retry, tables to grow, and events where they are polled. Things done. */
int pv_xen_work(void);

/* --- what there is ---------------------------------------------------------------------------- */

/* Whether pv_xen_init() succeeded. Context: any. */
bool pv_xen_present(void);

/* Whether memory is named by machine frames, and page tables are Xen's to change. Context: any. */
bool pv_xen_is_pv(void);

/* The mode, as detected. */
enum pv_xen_mode pv_xen_mode(void);

/* PV: what Xen or the toolstack handed over; NULL otherwise. */
const struct start_info *pv_xen_start_info(void);

/* XENFEAT_* (xen/features.h). Context: any. */
bool pv_xen_has(unsigned int feature);

/* PVH, HVM: HVM_PARAM_* of this domain. 0 or PV_E*. Context: any. */
int pv_xen_param(unsigned int index, uint64_t *value);

/*
 * The page that the domain shares with Xen (struct shared_info); NULL before pv_xen_init(). And CPU
 * `cpu`'s vcpu_info, in it or registered; NULL if that CPU was not started.
 */
extern struct shared_info PV_SHARED *pv_xen_shared_page;
static inline struct shared_info PV_SHARED *pv_xen_shared_info(void)
{
	return pv_xen_shared_page;
}

struct vcpu_info PV_SHARED *pv_xen_vcpu_info(unsigned int cpu);

/*
 * Gives Xen the place of a CPU's vcpu_info, if the shared page has none: without one a CPU is not
 * initialised. 0 or PV_E*.
 * Context: control, on any CPU, while that one is down.
 */
int pv_xen_area_give(uint32_t vcpu);

/* In a new domain no CPU's vcpu_info is registered. Context: control, alone. */
void pv_xen_areas_forget(void);

/* Xen's number of CPU `cpu`, which was started. */
uint32_t pv_xen_vcpu(unsigned int cpu);

/* --- memory ----------------------------------------------------------------------------------- */

/*
 * The frame number by which Xen knows the page at `va`, which is in memory from pv_os_pages_alloc()
 * or in a buffer of a request. Context: any.
 */
uint64_t pv_xen_gfn(const void *va);

/*
 * Maps a frame that the toolstack set up for us (xenstore's ring, the console's): by pv_os_map(),
 * or, PV, in the place of a page of our own. NULL if that fails. Context: control.
 */
void *pv_xen_map_frame(uint64_t frame);
void pv_xen_unmap_frame(void *va);

/*
 * Has a page of Xen's appear in the place of `page`, which is one page from pv_os_pages_alloc():
 * `space` is XENMAPSPACE_shared_info, or XENMAPSPACE_grant_table with the table's frame in `index`
 * (for the status frames of version 2 with XENMAPIDX_grant_table_status). 0 or PV_E*. Context:
 * control.
 */
int pv_xen_place(void *page, unsigned int space, unsigned long index);

/*
 * Takes Xen's page away again: `page` is memory of ours as before, zeroed. Otherwise an error is
 * returned, and `page` must not be used or freed. Context: control.
 */
int pv_xen_unplace(void *page);

/*
 * Gives the memory behind `page` to Xen, so that another domain's page can be mapped in its place;
 * and takes memory for it again, zeroed. PV: nothing to give, and the page's own mapping is
 * restored. 0 or PV_E*; without memory `page` must not be used or freed. Context: control.
 */
int pv_xen_page_out(void *page);
int pv_xen_page_back(void *page);

#endif
