/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Suspending: the order in which all goes, and comes back.
 *
 *	hv->suspend	what could call us is held back; the machine is saved. Cancelled: it is let
 *			go, and that was all. Else the hypervisor's own memory is in its place again
 *	drv->lost	drivers let go what named the peers of before
 *	clock		goes on from where it was
 *	hv->resume	interrupts, timer, what each CPU has
 *	bus->resume	the store, then each device's peer, then drv->resume
 */
#include "pv-core/suspend.h"

#include <pv/control.h>
#include <pv/log.h>
#include <pv/os.h>

#include "pv-core/bus.h"
#include "pv-core/clock.h"

int pv_suspend_on(const struct pv_hv *hv, const struct pv_bus *(*bus)(unsigned int n))
{
	int err, first = 0;
	unsigned int i;

	if (!hv || !hv->suspend)
		return PV_ENOTSUP;
	err = hv->suspend();
	if (err)
		return err;
	pv_bus_lost();
	pv_clock_resume();
	err = hv->resume();
	if (err) {
		pv_err("suspend: the hypervisor's interface did not come back, error %d", err);
		return err;
	}
	/* One bus that fails does not keep the others from coming back. */
	for (i = 0; bus(i); i++) {
		err = bus(i)->resume ? bus(i)->resume() : 0;
		if (err)
			pv_err("suspend: %s did not come back, error %d", bus(i)->name, err);
		first = first ? first : err;
	}
	return first;
}

int pv_suspend(void)
{
	int err;

	pv_os_control_lock();
	err = pv_suspend_on(pv_hv_started(), pv_bus_scanned);
	pv_os_control_unlock();
	return err;
}
