/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The bus: which devices there are.
 *
 * `device` holds a folder per type, and in each a folder per device. A watch on it tells that
 * something below changed; the bus then looks at all of it again, and compares with its list. So
 * what came and went while it did not look is no special case. A device whose folder names another
 * backend than before is another device.
 *
 * A structure stays in the list until its folder vanishes. When a connection ends, its structure
 * leaves the list, since the kernel may hold it still, and a new one takes its place.
 */
#include <pv/config.h>
#include <pv/log.h>
#include <pv/share.h>
#include <pv/string.h>
#include <pv/wait.h>

#include "pv-core/bus.h"
#include "pv-core/xen/control.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/unplug.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_console.h"
#include "pv-core/xen/xenbus_bus.h"
#include "pv-core/xen/xs_conn.h"

/* More are not looked at. */
#define DEVICES 256

struct pv_xenbus_device *pv_xenbus_devices;
static unsigned int num_devices;
static struct pv_xs_watch device_watch;

/* --- life of a structure ---------------------------------------------------------------------- */

static void destroy(struct pv_xenbus_device *xd)
{
	pv_xenbus_drop_keys(xd);
	pv_xs_unwatch(&xd->state_watch);
	pv_os_free(xd, sizeof(*xd));
}

static void release(struct pv_device *dev)
{
	struct pv_xenbus_device *xd = pv_xenbus_of(dev);

	xd->added = false;
	if (xd->listed)
		xd->closed = true; /* the core removed all; the list goes last */
	else
		destroy(xd);
}

static void unlist(struct pv_xenbus_device *xd)
{
	struct pv_xenbus_device **at = &pv_xenbus_devices;

	while (*at != xd)
		at = &(*at)->next;
	*at = xd->next;
	xd->listed = false;
	num_devices--;
}

void pv_xenbus_drop(struct pv_xenbus_device *xd)
{
	unlist(xd);
	if (!xd->added) {
		destroy(xd);
		return;
	}
	pv_xenbus_drop_keys(xd);
	/*
	 * Its driver waits for the backend by the watch, which nobody is to answer to after that.
	 */
	pv_device_get(&xd->dev);
	pv_device_remove(&xd->dev);
	pv_xs_unwatch(&xd->state_watch);
	pv_device_put(&xd->dev);
}

static void list(struct pv_xenbus_device *xd)
{
	struct pv_xenbus_device **at = &pv_xenbus_devices;

	while (*at)
		at = &(*at)->next;
	xd->next = NULL;
	xd->listed = true;
	*at = xd;
	num_devices++;
}

static void state_changed(struct pv_xs_watch *w)
{
	pv_xenbus_look(w->arg);
}

static enum pv_device_class class_of(const char *type)
{
	if (!pv_strcmp(type, "vbd"))
		return PV_CLASS_BLK;
	if (!pv_strcmp(type, "vif"))
		return PV_CLASS_NET;
	return pv_strcmp(type, "console") ? PV_CLASS_OTHER : PV_CLASS_CONSOLE;
}

static struct pv_xenbus_device *make(const char *type, const char *id)
{
	struct pv_xenbus_device *xd = pv_os_alloc(sizeof(*xd));

	if (!xd)
		return NULL;
	xd->dev.bus = &pv_xenbus;
	xd->dev.class_id = class_of(type);
	if (pv_snprintf(xd->dev.name, sizeof(xd->dev.name), "%s/%s", type, id) >=
		    (int)sizeof(xd->dev.name) ||
	    pv_snprintf(xd->type, sizeof(xd->type), "%s", type) >= (int)sizeof(xd->type)) {
		pv_warn("xenbus: a device with a name too long is passed over: %.40s/%.40s", type,
			id);
		pv_os_free(xd, sizeof(*xd));
		return NULL;
	}
	pv_snprintf(xd->nodename, sizeof(xd->nodename), "device/%s/%s", type, id);
	xd->state_watch.path = xd->state_path;
	xd->state_watch.fn = state_changed;
	xd->state_watch.arg = xd;
	xd->since = pv_os_uptime_ns();
	return xd;
}

int pv_xenbus_find_backend(struct pv_xenbus_device *xd)
{
	uint64_t domid;
	int err;

	err = pv_xenbus_read_u64(xd, "backend-id", &domid);
	if (err)
		return err;
	if (domid >= DOMID_FIRST_RESERVED)
		return PV_EINVAL;
	xd->backend_id = (uint16_t)domid;
	err = pv_xenbus_read(xd, "backend", xd->backend, sizeof(xd->backend));
	if (err < 0)
		return err;
	return xd->backend[0] == '/' ? 0 : PV_EINVAL;
}

/* How its predecessor left it. */
static void read_own_state(struct pv_xenbus_device *xd)
{
	uint64_t v;

	if (pv_xenbus_read_u64(xd, "state", &v) || v >= PV_XENBUS_STATES)
		v = XenbusStateUnknown;
	xd->state = (enum xenbus_state)v;
}

/* Takes a complete structure into the list. */
static void found(struct pv_xenbus_device *xd)
{
	int err;

	list(xd);
	read_own_state(xd);
	pv_snprintf(xd->state_path, sizeof(xd->state_path), "%s/state", xd->backend);
	if (!pv_bus_wanted(&xd->dev)) {
		/* It needs no backend for that. */
		xd->unwanted = true;
		xd->closed = true;
		xd->added = !pv_device_add(&xd->dev);
	} else {
		pv_xen_unplug(xd->dev.class_id);
	}
	err = pv_xs_watch(&xd->state_watch);
	if (err) {
		pv_err("%s: its backend cannot be watched, error %d", xd->dev.name, err);
		xd->closed = true;
	}
}

void pv_xenbus_again(struct pv_xenbus_device *xd)
{
	const char *id = xd->nodename + pv_strlen("device/") + pv_strlen(xd->type) + 1;
	struct pv_xenbus_device *fresh = make(xd->type, id);
	unsigned int closes = xd->closes + 1;

	/* Its driver closes the connection; only then the folder's state is what it will be. */
	pv_xenbus_drop(xd);
	if (!fresh)
		return;
	if (pv_xenbus_find_backend(fresh)) {
		pv_os_free(fresh, sizeof(*fresh));
		return;
	}
	fresh->closes = closes;
	fresh->closed = closes > PV_XENBUS_CLOSES;
	if (fresh->closed)
		pv_err("%s: ended %u times: left alone", fresh->dev.name, closes);
	found(fresh);
}

/* --- looking ---------------------------------------------------------------------------------- */

static struct pv_xenbus_device *find(const char *type, const char *id)
{
	struct pv_xenbus_device *xd;
	size_t n = pv_strlen(type);

	for (xd = pv_xenbus_devices; xd; xd = xd->next)
		if (xd->backend[0] && !pv_strcmp(xd->type, type) &&
		    !pv_strcmp(xd->dev.name + n + 1, id))
			return xd;
	return NULL;
}

static int one_device(const char *id, void *arg)
{
	const char *type = arg;
	struct pv_xenbus_device *known = find(type, id), *xd;

	if (!known && num_devices >= DEVICES) {
		pv_warn("xenbus: more than %u devices: %s/%s is passed over", DEVICES, type, id);
		return 0;
	}
	xd = make(type, id);
	if (!xd)
		return 0;
	/* A folder that is not complete is looked at again when it is. */
	if (pv_xenbus_find_backend(xd)) {
		pv_os_free(xd, sizeof(*xd));
		return 0;
	}
	xd->seen = true;
	if (known && known->backend_id == xd->backend_id &&
	    !pv_strcmp(known->backend, xd->backend)) {
		known->seen = true;
		pv_os_free(xd, sizeof(*xd));
		return 0;
	}
	if (known) {
		known->gone = true;
		pv_xenbus_drop(known);
	}
	found(xd);
	return 0;
}

static int one_type(const char *type, void *arg)
{
	char path[PV_XS_PATH];
	int err;

	(void)arg;
	pv_snprintf(path, sizeof(path), "device/%.200s", type);
	err = pv_xs_directory(PV_XS_NO_TX, path, one_device, (void *)type);
	return err == PV_ENOENT ? 0 : err;
}

/* The primary console is no folder below `device`, and stays. */
static bool vanished(const struct pv_xenbus_device *xd)
{
	return !xd->seen && xd->backend[0];
}

static void look_for_devices(void)
{
	struct pv_xenbus_device *xd;
	int err;

	for (xd = pv_xenbus_devices; xd; xd = xd->next)
		xd->seen = false;
	err = pv_xs_directory(PV_XS_NO_TX, "device", one_type, NULL);
	if (err && err != PV_ENOENT) {
		pv_warn("xenbus: looking for devices failed, error %d", err);
		return;
	}
	for (;;) {
		for (xd = pv_xenbus_devices; xd && !vanished(xd); xd = xd->next)
			;
		if (!xd)
			break;
		pv_info("%s: taken away", xd->dev.name);
		xd->gone = true;
		pv_xenbus_drop(xd);
	}
}

static void device_changed(struct pv_xs_watch *w)
{
	(void)w;
	look_for_devices();
}

static int overdue(void)
{
	struct pv_xenbus_device *xd;

	/* One at a time, since the list may be another then. */
	for (xd = pv_xenbus_devices; xd; xd = xd->next)
		if (pv_xenbus_overdue(xd))
			return 1;
	return 0;
}

static int work(void)
{
	return pv_xs_work() + overdue();
}

/* --- beginning and end ------------------------------------------------------------------------ */

static bool all_settled(void *arg)
{
	struct pv_xenbus_device *xd;

	(void)arg;
	work();
	for (xd = pv_xenbus_devices; xd && pv_xenbus_settled(xd); xd = xd->next)
		;
	return !xd || !pv_xs_alive();
}

static void say_unsettled(void)
{
	const struct pv_xenbus_device *xd;

	for (xd = pv_xenbus_devices; xd; xd = xd->next)
		if (!pv_xenbus_settled(xd))
			pv_warn("%s: its backend is %s, we are %s; it may come later", xd->dev.name,
				pv_xenbus_state_name(xd->backend_state),
				pv_xenbus_state_name(xd->state));
}

static bool add_console(void)
{
	struct pv_xenbus_device *xd;

	if (!pv_xen_console_there())
		return false;
	xd = make("console", "0");
	if (!xd)
		return false;
	pv_snprintf(xd->nodename, sizeof(xd->nodename), "console");
	xd->closed = true;
	list(xd);
	xd->added = !pv_device_add(&xd->dev);
	return true;
}

static int start_store(void)
{
	int err = pv_xs_start();

	if (err)
		return err;
	device_watch.path = "device";
	device_watch.fn = device_changed;
	err = pv_xs_watch(&device_watch);
	if (err)
		pv_xs_stop();
	return err;
}

static int scan(const struct pv_boot_info *boot)
{
	bool console;
	int err;

	(void)boot;
	if (!pv_xen_present())
		return PV_ENODEV;
	console = add_console();
	err = start_store();
	if (err) {
		/* The console needs none. */
		if (console && err != PV_ENODEV)
			pv_err("xenbus: the store does not work, error %d", err);
		return console ? 0 : err;
	}
	look_for_devices();
	/* What is ready, or will be soon, is there when pv_init() returns. */
	if (pv_wait_until(all_settled, NULL, PV_CONFIG_XENBUS_MS))
		say_unsettled();
	pv_xen_control_start();
	return 0;
}

/* The core has removed the devices. */
static void end(void)
{
	struct pv_xenbus_device *xd;

	while ((xd = pv_xenbus_devices)) {
		unlist(xd);
		if (!xd->added)
			destroy(xd);
	}
	if (device_watch.set) {
		pv_xen_control_stop();
		pv_xs_unwatch(&device_watch);
		pv_xs_stop();
	}
}

static int describe(struct pv_device *dev, char *buf, size_t size)
{
	const struct pv_xenbus_device *xd = pv_xenbus_of(dev);

	if (!xd->backend[0])
		return pv_snprintf(buf, size, "xenbus");
	return pv_snprintf(buf, size, "domain %u %s, %s/%s", xd->backend_id, xd->backend,
			   pv_xenbus_state_name(xd->state),
			   pv_xenbus_state_name(xd->backend_state));
}

static int share(struct pv_device *dev, void *va, uint32_t len, enum pv_share_dir dir,
		 pv_bus_addr_t *addr)
{
	return pv_xen_share(pv_xenbus_of(dev)->backend_id, va, len, dir == PV_SHARE_READ, addr);
}

static int unshare(struct pv_device *dev, pv_bus_addr_t addr, void *va, uint32_t len,
		   enum pv_share_dir dir)
{
	(void)dev;
	(void)va;
	(void)len;
	(void)dir;
	return pv_xen_unshare(addr);
}

const struct pv_bus pv_xenbus = {
	.name = "xenbus",
	.scan = scan,
	.work = work,
	.resume = pv_xenbus_resume,
	.end = end,
	.release = release,
	.describe = describe,
	.share = share,
	.unshare = unshare,
};
