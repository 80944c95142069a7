/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is done about states, by the tables of xenbus_table.c. */
#include <pv/config.h>
#include <pv/log.h>
#include <pv/os.h>

#include "pv-core/xen/xenbus_bus.h"

int pv_xenbus_read_state(struct pv_xenbus_device *xd)
{
	enum xenbus_state was = xd->backend_state;
	uint64_t v = XenbusStateUnknown;
	int err = pv_xs_read_u64(PV_XS_NO_TX, xd->state_path, &v);

	/* Of a folder that was removed xenstored may say that we are not to know. */
	if (err == PV_ENOENT || err == PV_EPERM)
		err = 0;
	else if (err == PV_EINVAL || (!err && v >= PV_XENBUS_STATES))
		err = PV_EPROTO;
	if (err && err != PV_EPROTO)
		return err;
	xd->backend_state = err ? XenbusStateUnknown : (enum xenbus_state)v;
	if (xd->backend_state != was) {
		xd->since = pv_os_uptime_ns();
		pv_dbg("%s: backend %s -> %s", xd->dev.name, pv_xenbus_state_name(was),
		       pv_xenbus_state_name(xd->backend_state));
	}
	return err;
}

static void write_state(struct pv_xenbus_device *xd, enum xenbus_state state)
{
	int err = pv_xenbus_switch(xd, PV_XS_NO_TX, state);

	if (err)
		pv_err("%s: cannot write its state %s, error %d", xd->dev.name,
		       pv_xenbus_state_name(state), err);
	/* So that the table comes to an end in any case. */
	xd->state = state;
}

/* --- no driver has it ------------------------------------------------------------------------- */

static void offer(struct pv_xenbus_device *xd)
{
	int err;

	xd->added = true;
	err = pv_device_add(&xd->dev);
	if (err) {
		pv_err("%s: there is such a device already", xd->dev.name);
		xd->added = false;
		xd->closed = true;
		return;
	}
	if (!xd->dev.driver)
		pv_xenbus_drop_keys(xd);
}

/* Whether the toolstack wants the device to be there: while it takes it away, `online` is 0. */
static bool online(struct pv_xenbus_device *xd)
{
	uint64_t v;

	return pv_xenbus_read_backend_u64(xd, "online", 1, &v) || v;
}

/* Whether it may be closed once more, so that it is offered again. */
static bool may_close(struct pv_xenbus_device *xd)
{
	if (xd->closes++ < PV_XENBUS_CLOSES)
		return true;
	pv_err("%s: closed %u times, and its backend is %s: left alone", xd->dev.name,
	       PV_XENBUS_CLOSES, pv_xenbus_state_name(xd->backend_state));
	xd->closed = true;
	return false;
}

/* One action. False if it is the backend's turn, or the device is offered. */
static bool act(struct pv_xenbus_device *xd)
{
	switch (pv_xenbus_attach(xd->state, xd->backend_state)) {
	case PV_XB_WAIT:
		return false;
	case PV_XB_OFFER:
		offer(xd);
		return false;
	case PV_XB_RESTART:
		if (xd->state != XenbusStateUnknown && !online(xd))
			return false;
		write_state(xd, XenbusStateInitialising);
		return true;
	case PV_XB_CLOSING:
		if (!may_close(xd))
			return false;
		pv_info("%s: closing a predecessor's connection (%s, backend %s)", xd->dev.name,
			pv_xenbus_state_name(xd->state), pv_xenbus_state_name(xd->backend_state));
		write_state(xd, XenbusStateClosing);
		return true;
	case PV_XB_CLOSED:
		break;
	}
	write_state(xd, XenbusStateClosed);
	return true;
}

static void look_unattached(struct pv_xenbus_device *xd)
{
	unsigned int bound = PV_XENBUS_STATES;
	int err = pv_xenbus_read_state(xd);

	if (err) {
		pv_warn("%s: its backend's state cannot be read, or is none, error %d",
			xd->dev.name, err);
		return;
	}
	while (bound-- && act(xd))
		;
}

/*
 * A backend that ended while the driver waited for it may have answered to a predecessor's state,
 * or started again: then nobody moves any more, and it is asked once more.
 */
static bool to_be_asked_again(const struct pv_xenbus_device *xd)
{
	return xd->added && !xd->dev.driver && xd->refused;
}

int pv_xenbus_overdue(struct pv_xenbus_device *xd)
{
	if (xd->closed || xd->gone ||
	    pv_os_uptime_ns() - xd->since < (uint64_t)PV_CONFIG_XENBUS_MS * 1000000)
		return 0;
	if (to_be_asked_again(xd)) {
		pv_xenbus_again(xd);
		return 1;
	}
	if (xd->added)
		return 0;
	if (xd->state != XenbusStateClosing && (xd->state != XenbusStateClosed || !online(xd) ||
						xd->backend_state == XenbusStateClosed))
		return 0;
	pv_warn("%s: the backend stays %s though we are %s", xd->dev.name,
		pv_xenbus_state_name(xd->backend_state), pv_xenbus_state_name(xd->state));
	if (!may_close(xd))
		return 0;
	write_state(xd,
		    xd->state == XenbusStateClosing ? XenbusStateClosed : XenbusStateInitialising);
	look_unattached(xd);
	return 1;
}

bool pv_xenbus_settled(const struct pv_xenbus_device *xd)
{
	/* A backend that is closed for good, or was never there, is not waited for. */
	return xd->added || xd->closed || xd->gone ||
	       (xd->state == XenbusStateClosed && xd->backend_state >= XenbusStateClosing);
}

/* --- a driver was asked ----------------------------------------------------------------------- */

/*
 * It read our state and our rings' references before it was told that they are none of its: it
 * works on them, by what was agreed with its predecessor, and only another connection agrees anew.
 * Until it let go of the rings nothing may be sent again that it could still do itself.
 */
static int let_go(struct pv_xenbus_device *xd)
{
	int err = pv_xenbus_close(xd);

	return err ? err : pv_xenbus_reopen(xd);
}

static void rejoin(struct pv_xenbus_device *xd, bool reclaim)
{
	struct pv_device *dev = &xd->dev;
	int err;

	xd->lost = false;
	if (pv_device_broken(dev) || !dev->driver->resume) {
		pv_xenbus_again(xd);
		return;
	}
	pv_warn("%s: its backend started again%s", dev->name,
		reclaim ? ", and took the rings that it found" : "");
	write_state(xd, reclaim ? XenbusStateClosing : XenbusStateInitialising);
	err = reclaim ? let_go(xd) : 0;
	if (!err)
		err = dev->driver->resume(dev);
	if (err) {
		pv_err("%s: connecting again failed, error %d", dev->name, err);
		pv_xenbus_again(xd);
	}
}

static void look_attached(struct pv_xenbus_device *xd)
{
	enum xenbus_state from = xd->backend_state;
	int err = pv_xenbus_read_state(xd);
	enum pv_xenbus_step step;

	if (err && err != PV_EPROTO)
		return;
	step = err ? PV_XB_BREAK : pv_xenbus_step(from, xd->backend_state);
	if (!xd->dev.driver) {
		/* It did not come up. A backend that moves on has it asked once more. */
		if (step != PV_XB_SAME && step != PV_XB_BREAK)
			pv_xenbus_again(xd);
		return;
	}
	switch (step) {
	case PV_XB_SAME:
		break;
	case PV_XB_CHANGED:
		pv_device_changed(&xd->dev);
		break;
	case PV_XB_LOST:
		pv_warn("%s: its backend went back to %s", xd->dev.name,
			pv_xenbus_state_name(xd->backend_state));
		xd->lost = true;
		/* So that it does not take the rings that are still named there. */
		write_state(xd, XenbusStateInitialising);
		/* The driver may say so to the kernel: no link. */
		pv_device_changed(&xd->dev);
		break;
	case PV_XB_REJOIN:
		rejoin(xd, false);
		break;
	case PV_XB_RECLAIM:
		rejoin(xd, true);
		break;
	case PV_XB_REMOVE:
		pv_info("%s: its backend is %s", xd->dev.name,
			xd->backend_state ? pv_xenbus_state_name(xd->backend_state) : "gone");
		pv_xenbus_again(xd);
		break;
	case PV_XB_BREAK:
		pv_device_break(&xd->dev, "its backend's state is out of order, or none");
		pv_device_changed(&xd->dev);
		break;
	}
}

/* No driver knows it, and none will: the toolstack is let take it away all the same. */
static void look_unwanted(struct pv_xenbus_device *xd)
{
	if (!pv_xenbus_read_state(xd) && xd->backend_state == XenbusStateClosing &&
	    xd->state != XenbusStateClosed)
		write_state(xd, XenbusStateClosed);
}

void pv_xenbus_look(struct pv_xenbus_device *xd)
{
	if (xd->unwanted)
		look_unwanted(xd);
	else if (xd->added)
		look_attached(xd);
	else if (!xd->closed)
		look_unattached(xd);
}
