/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The bus in a new domain: another connection to the store, in which the toolstack wrote the same
 * devices anew. Each is the device that it was, though its backend's folder has another name (the
 * domain's number is in it); a device that is not there any more goes, as ever.
 *
 * For a driver it is as if its backend had started again: from Connected, as it was taken to be, to
 * Initialising or InitWait. The tables do the rest, by the watches, all of which fire when they are
 * set again.
 */
#include <pv/config.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/string.h>
#include <pv/wait.h>

#include "pv-core/bus.h"
#include "pv-core/xen/unplug.h"
#include "pv-core/xen/xenbus_bus.h"
#include "pv-core/xen/xs_conn.h"

/* The keys that the driver watches, in the backend's new folder. */
static void rename_keys(struct pv_xenbus_device *xd, size_t old)
{
	char key[PV_XS_PATH];
	unsigned int i;

	for (i = 0; i < PV_XENBUS_WATCHES; i++) {
		if (!xd->key[i])
			continue;
		pv_snprintf(key, sizeof(key), "%s", xd->key[i]->path + old);
		pv_snprintf(xd->key[i]->path, PV_XS_PATH, "%s%s", xd->backend, key);
	}
}

static void find_again(struct pv_xenbus_device *xd)
{
	char before[sizeof(xd->backend)];

	pv_memcpy(before, xd->backend, sizeof(before));
	/* Where there is none any more the folder vanished, and the scan finds that. */
	if (pv_xenbus_find_backend(xd)) {
		pv_memcpy(xd->backend, before, sizeof(before));
		xd->gone = true;
		return;
	}
	pv_snprintf(xd->state_path, sizeof(xd->state_path), "%s/state", xd->backend);
	rename_keys(xd, pv_strlen(before));
	xd->since = pv_os_uptime_ns();
	if (xd->unwanted)
		return;
	xd->lost = xd->added;
	xd->state = XenbusStateInitialising;
	xd->backend_state = xd->added ? XenbusStateConnected : XenbusStateUnknown;
	pv_xen_unplug(xd->dev.class_id);
}

/* The console is no folder below `device`, and needs no backend's state. */
static void resume_console(struct pv_xenbus_device *xd)
{
	struct pv_device *dev = &xd->dev;

	if (dev->driver && dev->driver->resume && dev->driver->resume(dev))
		pv_warn("%s: no events any more", dev->name);
}

static bool all_back(void *arg)
{
	struct pv_xenbus_device *xd;

	(void)arg;
	pv_xenbus.work();
	for (xd = pv_xenbus_devices; xd && !xd->lost; xd = xd->next)
		;
	return !xd || !pv_xs_alive();
}

int pv_xenbus_resume(void)
{
	struct pv_xenbus_device *xd;
	int err;

	for (xd = pv_xenbus_devices; xd; xd = xd->next)
		if (!xd->backend[0])
			resume_console(xd);
	err = pv_xs_conn_resume();
	if (err)
		return err == PV_ENODEV ? 0 : err;
	for (xd = pv_xenbus_devices; xd; xd = xd->next)
		if (xd->backend[0])
			find_again(xd);
	pv_xs_watch_restore();
	if (pv_wait_until(all_back, NULL, PV_CONFIG_XENBUS_MS))
		pv_warn("xenbus: not all backends are there yet; they may come later");
	return 0;
}
