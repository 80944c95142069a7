/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * control/shutdown (Xen docs/misc/xenstore-paths.pandoc): the toolstack writes "poweroff",
 * "reboot", "halt", "suspend" there, and waits until the guest has written it empty. That the guest
 * listens is told by control/feature-poweroff, feature-reboot and feature-suspend.
 *
 * A request is acknowledged only if the kernel listens, and left where it is otherwise: so one that
 * came too early is found when it does. A word that is not known is left, too.
 */
#include "pv-core/xen/control.h"

#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/shutdown.h"
#include "pv-core/xen/xenstore.h"

#define NODE "control/shutdown"

static struct pv_xs_watch watch;

struct request {
	bool there;
	enum pv_shutdown_reason reason;
};

static bool parse(const char *word, enum pv_shutdown_reason *reason)
{
	unsigned int i;

	for (i = PV_SHUTDOWN_POWEROFF; i <= PV_SHUTDOWN_CRASH; i++) {
		*reason = (enum pv_shutdown_reason)i;
		if (!pv_strcmp(word, pv_shutdown_reason_name(*reason)))
			return true;
	}
	return false;
}

/* In a transaction, so that a request that replaces this one is not acknowledged unseen. */
static int take(pv_xs_tx tx, void *arg)
{
	struct request *r = arg;
	char word[16];
	int n = pv_xs_read(tx, NODE, word, sizeof(word));

	r->there = false;
	if (n == PV_ENOENT || !n)
		return PV_ENOENT;
	if (n == PV_ERANGE || n == PV_EINVAL || (n > 0 && !parse(word, &r->reason)))
		return PV_EINVAL;
	if (n < 0)
		return n;
	r->there = true;
	return pv_xs_write(tx, NODE, "");
}

static void changed(struct pv_xs_watch *w)
{
	struct request r;
	int err;

	(void)w;
	if (!pv_shutdown_wanted())
		return;
	err = pv_xs_transaction(take, &r);
	if (err == PV_ENOENT)
		return;
	if (err) {
		pv_warn("xen: " NODE
			": a request that is not understood, or not acknowledged, error %d",
			err);
		return;
	}
	pv_info("xen: the toolstack asks for %s", pv_shutdown_reason_name(r.reason));
	pv_shutdown_request(r.reason);
}

static void announce(void)
{
	static const char *const feature[] = {"control/feature-poweroff", "control/feature-reboot",
					      "control/feature-suspend"};
	unsigned int i;
	int err;

	for (i = 0; i < PV_ARRAY_SIZE(feature); i++) {
		err = pv_xs_write(PV_XS_NO_TX, feature[i], "1");
		/* Old toolstacks do not let us. */
		if (err)
			pv_dbg("xen: %s: error %d", feature[i], err);
	}
}

/* The kernel listens from now on: what is there already counts. */
static void listening(void)
{
	announce();
	watch.pending = true;
	pv_os_schedule_work();
}

void pv_xen_control_start(void)
{
	int err;

	watch.path = NODE;
	watch.fn = changed;
	err = pv_xs_watch(&watch);
	if (err) {
		pv_warn("xen: " NODE " cannot be watched, error %d", err);
		return;
	}
	pv_shutdown_set_source(listening);
	if (pv_shutdown_wanted())
		announce();
}

void pv_xen_control_stop(void)
{
	pv_shutdown_set_source(NULL);
	pv_xs_unwatch(&watch);
}
