/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What drivers on xenbus call: their nodes, the backend's, waiting for it, and the end. */
#include <pv/config.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/wait.h>

#include "pv-core/xen/xenbus_bus.h"
#include "pv-core/xen/xs_conn.h"

/* "<folder>/<key>". False if it is too long. */
static bool join(char path[PV_XS_PATH], const char *folder, const char *key)
{
	return pv_snprintf(path, PV_XS_PATH, "%s/%s", folder, key) < (int)PV_XS_PATH;
}

bool pv_xenbus_is(const struct pv_device *dev, const char *type)
{
	return dev->bus == &pv_xenbus &&
	       !pv_strcmp(pv_container_of(dev, struct pv_xenbus_device, dev)->type, type);
}

/* --- our folder ------------------------------------------------------------------------------- */

int pv_xenbus_switch(struct pv_xenbus_device *xd, pv_xs_tx tx, enum xenbus_state state)
{
	int err = pv_xenbus_printf(xd, tx, "state", "%u", (unsigned int)state);

	if (!err && xd->state != state) {
		xd->state = state;
		xd->since = pv_os_uptime_ns();
	}
	return err;
}

int pv_xenbus_printf(struct pv_xenbus_device *xd, pv_xs_tx tx, const char *key, const char *fmt,
		     ...)
{
	char path[PV_XS_PATH], value[PV_XS_PATH];
	__builtin_va_list ap;
	int n;

	__builtin_va_start(ap, fmt);
	n = pv_vsnprintf(value, sizeof(value), fmt, ap);
	__builtin_va_end(ap);
	if (n >= (int)sizeof(value) || !join(path, xd->nodename, key))
		return PV_ERANGE;
	return pv_xs_write(tx, path, value);
}

int pv_xenbus_rm(struct pv_xenbus_device *xd, pv_xs_tx tx, const char *key)
{
	char path[PV_XS_PATH];

	return join(path, xd->nodename, key) ? pv_xs_rm(tx, path) : PV_ERANGE;
}

int pv_xenbus_read(struct pv_xenbus_device *xd, const char *key, char *buf, size_t size)
{
	char path[PV_XS_PATH];

	return join(path, xd->nodename, key) ? pv_xs_read(PV_XS_NO_TX, path, buf, size) : PV_ERANGE;
}

int pv_xenbus_read_u64(struct pv_xenbus_device *xd, const char *key, uint64_t *v)
{
	char path[PV_XS_PATH];

	return join(path, xd->nodename, key) ? pv_xs_read_u64(PV_XS_NO_TX, path, v) : PV_ERANGE;
}

void pv_xenbus_read_trust(struct pv_xenbus_device *xd)
{
	uint64_t trusted = 1;
	int err = pv_xenbus_read_u64(xd, "trusted", &trusted);

	if (err != PV_ENOENT && (err || !trusted))
		xd->dev.untrusted = true;
}

void pv_xenbus_error(struct pv_xenbus_device *xd, int err, const char *what)
{
	char path[PV_XS_PATH];

	pv_err("%s: %s, error %d", xd->dev.name, what, err);
	pv_snprintf(path, sizeof(path), "error/%s/error", xd->nodename);
	err = pv_xs_printf(PV_XS_NO_TX, path, "%d %.200s", -err, what);
	if (err)
		pv_dbg("%s: the error was not written, error %d", xd->dev.name, err);
}

/* --- the backend's folder --------------------------------------------------------------------- */

int pv_xenbus_read_backend(struct pv_xenbus_device *xd, const char *key, char *buf, size_t size)
{
	char path[PV_XS_PATH];

	return join(path, xd->backend, key) ? pv_xs_read(PV_XS_NO_TX, path, buf, size) : PV_ERANGE;
}

int pv_xenbus_read_backend_u64(struct pv_xenbus_device *xd, const char *key, uint64_t def,
			       uint64_t *v)
{
	char path[PV_XS_PATH];

	*v = def;
	return join(path, xd->backend, key) ? pv_xs_read_u64(PV_XS_NO_TX, path, v) : PV_ERANGE;
}

int pv_xenbus_gather_backend(struct pv_xenbus_device *xd, struct pv_xs_item *items, unsigned int n)
{
	return pv_xs_gather(PV_XS_NO_TX, xd->backend, items, n);
}

struct awaited {
	struct pv_xenbus_device *xd;
	unsigned int states, ending;
	bool read; /* its state, at least once */
	int err;
};

#define ENDING                                                                                     \
	(PV_XENBUS_BIT(XenbusStateUnknown) | PV_XENBUS_BIT(XenbusStateClosing) |                   \
	 PV_XENBUS_BIT(XenbusStateClosed))

static bool is_there(void *arg)
{
	struct awaited *a = arg;
	struct pv_xenbus_device *xd = a->xd;

	pv_xs_poll();
	/* Without a watch, as before one is set or after the store was lost, each time. */
	if (a->read && xd->state_watch.set && !xd->state_watch.pending && pv_xs_alive())
		return false;
	a->read = true;
	xd->state_watch.pending = false;
	a->err = pv_xenbus_read_state(xd);
	return a->err || (a->states | a->ending) & PV_XENBUS_BIT(xd->backend_state);
}

/* `ending`: states in which there is nothing to wait for any more. */
static int wait_backend(struct pv_xenbus_device *xd, unsigned int states, unsigned int ending,
			unsigned int timeout_ms)
{
	struct awaited a = {.xd = xd, .states = states, .ending = ending};
	char text[120];
	int err = pv_wait_until(is_there, &a, timeout_ms), n = 0;
	unsigned int i;

	if (a.err == PV_EPROTO)
		return pv_device_break(&xd->dev, "its backend's state is none");
	if (a.err)
		return a.err;
	if (states & PV_XENBUS_BIT(xd->backend_state))
		return (int)xd->backend_state;
	text[0] = '\0';
	for (i = 0; i < PV_XENBUS_STATES && n < (int)sizeof(text); i++)
		if (states & PV_XENBUS_BIT(i))
			n += pv_snprintf(text + n, sizeof(text) - (size_t)n, " %s",
					 pv_xenbus_state_name((enum xenbus_state)i));
	pv_err("%s: awaited of the backend:%s; it is %s%s", xd->dev.name, text,
	       pv_xenbus_state_name(xd->backend_state), err ? ", still" : "");
	xd->refused = !err;
	return err ? err : PV_EGONE;
}

int pv_xenbus_wait_backend(struct pv_xenbus_device *xd, unsigned int states,
			   unsigned int timeout_ms)
{
	return wait_backend(xd, states, ENDING, timeout_ms);
}

static void key_changed(struct pv_xs_watch *w)
{
	pv_device_changed(w->arg);
}

int pv_xenbus_watch(struct pv_xenbus_device *xd, const char *key)
{
	struct pv_xenbus_key *k;
	unsigned int i;
	int err;

	for (i = 0; i < PV_XENBUS_WATCHES && xd->key[i]; i++)
		;
	if (i == PV_XENBUS_WATCHES)
		return PV_ENOSPC;
	k = pv_os_alloc(sizeof(*k));
	if (!k)
		return PV_ENOMEM;
	k->watch.path = k->path;
	k->watch.fn = key_changed;
	k->watch.arg = &xd->dev;
	err = join(k->path, xd->backend, key) ? pv_xs_watch(&k->watch) : PV_ERANGE;
	if (err)
		pv_os_free(k, sizeof(*k));
	else
		xd->key[i] = k;
	return err;
}

void pv_xenbus_drop_keys(struct pv_xenbus_device *xd)
{
	unsigned int i;

	for (i = 0; i < PV_XENBUS_WATCHES; i++) {
		if (xd->key[i]) {
			pv_xs_unwatch(&xd->key[i]->watch);
			pv_os_free(xd->key[i], sizeof(*xd->key[i]));
		}
		xd->key[i] = NULL;
	}
}

/* --- the end ---------------------------------------------------------------------------------- */

#define LET_GO                                                                                     \
	(PV_XENBUS_BIT(XenbusStateUnknown) | PV_XENBUS_BIT(XenbusStateInitialising) |              \
	 PV_XENBUS_BIT(XenbusStateInitWait) | PV_XENBUS_BIT(XenbusStateClosed))
#define NOTICED                                                                                    \
	(PV_XENBUS_BIT(XenbusStateUnknown) | PV_XENBUS_BIT(XenbusStateInitialising) |              \
	 PV_XENBUS_BIT(XenbusStateClosing) | PV_XENBUS_BIT(XenbusStateClosed))

/* A state of ours, if the folder is there still: writing it would make it anew. */
static int say(struct pv_xenbus_device *xd, enum xenbus_state state)
{
	uint64_t v;

	if (!xd->gone && pv_xenbus_read_u64(xd, "state", &v) == PV_ENOENT)
		xd->gone = true;
	if (!xd->gone)
		return pv_xenbus_switch(xd, PV_XS_NO_TX, state);
	xd->state = state;
	return 0;
}

int pv_xenbus_close(struct pv_xenbus_device *xd)
{
	int err;

	/* Never connected, or closed already. */
	if (xd->state == XenbusStateUnknown || xd->state == XenbusStateInitialising ||
	    xd->state == XenbusStateClosed)
		return 0;
	err = say(xd, XenbusStateClosing);
	/* Whatever it says, the next step is ours to make. */
	if (!err && pv_xenbus_wait_backend(xd, NOTICED, PV_CONFIG_XENBUS_MS) < 0)
		pv_dbg("%s: the backend did not notice that it is closed", xd->dev.name);
	err = say(xd, XenbusStateClosed);
	if (!err)
		/* It may be Closing still, which is no reason to give up. */
		err = wait_backend(xd, LET_GO, 0, PV_CONFIG_XENBUS_MS);
	return err < 0 ? err : 0;
}

int pv_xenbus_reopen(struct pv_xenbus_device *xd)
{
	int err = say(xd, XenbusStateInitialising);

	if (err || xd->gone)
		return err ? err : PV_EGONE;
	/* It is Closed until it has noticed. */
	err = wait_backend(xd, PV_XENBUS_BIT(XenbusStateInitWait),
			   PV_XENBUS_BIT(XenbusStateUnknown), PV_CONFIG_XENBUS_MS);
	return err < 0 ? err : 0;
}
