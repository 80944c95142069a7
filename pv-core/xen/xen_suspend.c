/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The domain is saved, or moved, by the toolstack (Xen public/sched.h, SHUTDOWN_suspend), and is
 * another one afterwards.
 *
 * WHAT IS LEFT of a PVH or HVM guest: memory, registers, and the pages that the toolstack made, at
 * the frames of before. The pages of Xen's that were among ours are memory with what was in them
 * last: the new domain's take their place. Event channels, the grant table and what was registered
 * for CPUs are as in a domain that never ran.
 *
 * CANCELLED. The hypercall returns 1 when the domain goes on as it was: saving failed, or only a
 * copy was made.
 *
 * A PV guest's frames are other ones of the machine then, and no page of Xen's may be in its page
 * tables: pv_suspend.c.
 */
#include "pv-core/xen/xen_suspend.h"

#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>

#include "hypercall/xen.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/pv_suspend.h"
#include "pv-core/xen/unplug.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_cpu.h"
#include "pv-core/xen/xen_smp.h"
#include "pv-core/xen/xen_timer.h"

static struct pv_xen_early *earlies;

void pv_xen_early_attach(struct pv_xen_early *e)
{
	struct pv_xen_early *at;

	for (at = earlies; at; at = at->next)
		if (at == e)
			return;
	e->next = earlies;
	earlies = e;
}

static bool alone(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < PV_CONFIG_MAX_CPUS; cpu++)
		if (cpu != pv_os_cpu() && pv_xen_vcpu_info(cpu))
			return false;
	return true;
}

/*
 * Xen's pages in the place of what is left of the old ones; and first of all whatever is written to
 * the log.
 */
static int place_again(void)
{
	void *page = (void PV_FORCE *)pv_xen_shared_info();
	struct pv_xen_early *e;
	int err;

	pv_evtchn_forget();
	pv_xen_areas_forget();
	pv_xen_cpus_forget();
	err = pv_xen_place(page, XENMAPSPACE_shared_info, 0);
	if (!err) {
		pv_evtchn_mask_all();
		if (pv_xen_is_pv())
			pv_xen_pv_suspend_resume();
	}
	for (e = earlies; e; e = e->next)
		e->resume();
	if (err)
		pv_err("Xen: no shared page after the suspend, error %d", err);
	else
		err = pv_grant_resume();
	return err;
}

int pv_xen_suspend(void)
{
	int err;

	if (!pv_xen_present())
		return PV_ENODEV;
	if (pv_xen_is_pv() && !pv_xen_pv_suspend_ready())
		return PV_ENOTSUP;
	if (!alone())
		return PV_EBUSY;
	pv_info("Xen: suspending");
	pv_evtchn_hold();
	err = pv_xen_is_pv() ? pv_xen_pv_suspend() : pv_xen_sched_shutdown(SHUTDOWN_suspend);
	if (err) {
		pv_evtchn_release();
		pv_info("Xen: not suspended, %s %d", err > 0 ? "cancelled" : "error", err);
		return err < 0 ? err : 1;
	}
	err = place_again();
	pv_info("Xen: resumed");
	return err;
}

int pv_xen_resume(void)
{
	int err = pv_upcall_resume();

	if (err)
		pv_err("Xen: no upcalls after the suspend, error %d", err);
	pv_xen_timer_resume();
	pv_xen_smp_resume();
	pv_xen_unplug_begin();
	return err;
}
