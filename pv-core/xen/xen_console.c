/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The domain's primary console: a page and an event channel that the toolstack set up, and
 * xenconsoled (or QEMU) at the other end. No negotiation: it works as soon as hypercalls do, for
 * pv_xen_console_write(), and as a device when pv_xenbus is scanned. Both use the same ring.
 *
 * A page whose offsets make no sense is not used any more: text is dropped, the device is broken.
 */
#include <pv/config.h>
#include <pv/log.h>

#include "hypercall/xen.h"
#include "pv-core/console_driver.h"
#include "pv-core/xen/cons_ring.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_console.h"
#include "pv-core/xen/xen_suspend.h"
#include "pv-core/xen/xenbus.h"

static struct {
	struct pv_cons_ring ring; /* .shared is NULL until it is mapped */
	int port;
	unsigned int users;
	bool stuck; /* pv_xen_console_write() met its deadline */
} cons;

/* Dom0 has none: its console is the hypervisor's. */
static int locate(uint64_t *frame, uint64_t *port)
{
	const struct start_info *si = pv_xen_start_info();
	int err = 0;

	if (!pv_xen_present() || (si && si->flags & SIF_INITDOMAIN))
		return PV_ENODEV;
	if (si) {
		*frame = si->console.domU.mfn;
		*port = si->console.domU.evtchn;
	} else {
		err = pv_xen_param(HVM_PARAM_CONSOLE_PFN, frame);
		if (!err)
			err = pv_xen_param(HVM_PARAM_CONSOLE_EVTCHN, port);
	}
	if (err || !*frame || !~*frame || !*port || *port > 0x7fffffff)
		return PV_ENODEV;
	return 0;
}

bool pv_xen_console_there(void)
{
	uint64_t frame, port;

	return !locate(&frame, &port);
}

static int attach(void)
{
	struct xencons_interface PV_SHARED *page;
	uint64_t frame, port;
	int err = locate(&frame, &port);

	if (err)
		return err;
	page = (struct xencons_interface PV_SHARED *)pv_xen_map_frame(frame);
	if (!page)
		return PV_ENOMEM;
	cons.port = (int)port;
	cons.stuck = false;
	pv_cons_ring_adopt(&cons.ring, page);
	return 0;
}

static void detach(void)
{
	pv_xen_unmap_frame((void PV_FORCE *)cons.ring.shared);
	cons.ring.shared = NULL;
}

/* What the ring held when the domain was saved is shown nowhere. */
static void resume_ring(void)
{
	if (!cons.users)
		return;
	detach();
	(void)attach();
}

int pv_xen_console_start(void)
{
	static struct pv_xen_early early = {.resume = resume_ring};
	int err = cons.users ? 0 : attach();

	if (err)
		return err;
	pv_xen_early_attach(&early);
	cons.users++;
	return 0;
}

void pv_xen_console_stop(void)
{
	if (cons.users && !--cons.users)
		detach();
}

static int put(const void *text, size_t len)
{
	int n = pv_byte_ring_put(&cons.ring.out, text, len);

	/* Also when the ring is full: the other end may have missed the last time. */
	if (n >= 0)
		(void)pv_evtchn_send(cons.port);
	return n;
}

void pv_xen_console_write(const char *text, size_t len)
{
	uint64_t begin = pv_os_uptime_ns(), ms = (uint64_t)PV_CONFIG_CONSOLE_MS * (1 + len / 1024);
	size_t done = 0;
	int n;

	if (!cons.ring.shared)
		return;
	for (;;) {
		n = put(text + done, len - done);
		if (n < 0)
			return;
		done += (size_t)n;
		if (done == len)
			break;
		if (cons.stuck || pv_os_uptime_ns() - begin >= ms * 1000000) {
			cons.stuck = true;
			return;
		}
		(void)pv_xen_sched_yield();
	}
	cons.stuck = false;
}

int pv_xen_console_drain(unsigned int timeout_ms)
{
	uint64_t begin = pv_os_uptime_ns();
	int n;

	if (!cons.ring.shared)
		return 0;
	while ((n = pv_byte_ring_unread(&cons.ring.out)) > 0) {
		if (pv_os_uptime_ns() - begin >= (uint64_t)timeout_ms * 1000000)
			return PV_ETIMEDOUT;
		(void)pv_xen_sched_yield();
	}
	return n;
}

/* --- as a device ------------------------------------------------------------------------------ */

static int checked(struct pv_console *con, int n)
{
	if (n >= 0)
		return n;
	pv_device_break(con->dev, "the console ring's offsets are more than the ring apart");
	return PV_EIO;
}

static int console_write(struct pv_console *con, const void *text, size_t len)
{
	return checked(con, put(text, len));
}

static int console_read(struct pv_console *con, void *buf, size_t len)
{
	int n = pv_byte_ring_get(&cons.ring.in, buf, len);

	/* There is room again. */
	if (n > 0)
		(void)pv_evtchn_send(cons.port);
	return checked(con, n);
}

static int console_waiting(struct pv_console *con)
{
	return checked(con, pv_byte_ring_unread(&cons.ring.out));
}

static void console_relax(struct pv_console *con)
{
	(void)con;
	(void)pv_xen_sched_yield();
}

static const struct pv_console_ops ops = {
	.write = console_write,
	.read = console_read,
	.waiting = console_waiting,
	.relax = console_relax,
};

static void on_event(void *arg)
{
	pv_console_event(arg);
}

static bool match(const struct pv_device *dev)
{
	/* Further consoles, of another protocol, have a backend's folder. */
	return pv_xenbus_is(dev, "console") &&
	       !pv_container_of(dev, struct pv_xenbus_device, dev)->backend[0];
}

static int probe(struct pv_device *dev)
{
	struct pv_console *con = pv_os_alloc(sizeof(*con));
	int err;

	if (!con)
		return PV_ENOMEM;
	err = pv_xen_console_start();
	if (err) {
		pv_os_free(con, sizeof(*con));
		return err;
	}
	con->dev = dev;
	con->ops = &ops;
	dev->priv = con;
	pv_console_register(con);
	/* Without events input is found by reading. */
	err = pv_evtchn_bind_port((uint32_t)cons.port, on_event, con);
	if (err < 0)
		pv_warn("%s: no events, error %d: input is to be polled", dev->name, err);
	return 0;
}

static void release(struct pv_console *con)
{
	pv_os_free(con, sizeof(*con));
}

static void console_remove(struct pv_device *dev)
{
	struct pv_console *con = dev->priv;

	pv_evtchn_unbind(cons.port);
	pv_xen_console_stop();
	pv_console_unregister(con, release);
}

static int console_resume(struct pv_device *dev)
{
	int port = pv_evtchn_bind_port((uint32_t)cons.port, on_event, dev->priv);

	return port < 0 ? port : 0;
}

const struct pv_driver pv_xen_console = {
	.name = "xen-console",
	.match = match,
	.probe = probe,
	.remove = console_remove,
	.resume = console_resume,
};
