/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs that the toolstack gives and takes (xl vcpu-set): cpu/N/availability in xenstore, "online"
 * or "offline", for each of the domain's vCPUs N (Xen docs/misc/xenstore-paths.pandoc). Nothing in
 * Xen itself changes: the guest starts the CPU, or takes it down, or does neither.
 */
#include "pv-core/xen/xen_hotplug.h"

#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/cpu.h"
#include "pv-core/xen/xenstore.h"

static struct pv_xs_watch watch;
static bool watching;

static void changed(struct pv_xs_watch *w)
{
	char path[32], word[16];
	uint32_t vcpu;
	int n;

	(void)w;
	for (vcpu = 0; vcpu < PV_CONFIG_MAX_CPUS; vcpu++) {
		pv_snprintf(path, sizeof(path), "cpu/%u/availability", vcpu);
		n = pv_xs_read(PV_XS_NO_TX, path, word, sizeof(word));
		if (n == PV_ENOENT)
			break;
		if (n > 0 && !pv_strcmp(word, "online"))
			pv_cpu_changed(vcpu, true);
		else if (n > 0 && !pv_strcmp(word, "offline"))
			pv_cpu_changed(vcpu, false);
		else
			pv_warn("xen: %s is not understood, error %d", path, n < 0 ? n : 0);
	}
}

int pv_xen_hotplug_start(void)
{
	int err;

	if (watching)
		return 0;
	err = pv_xs_start();
	if (err)
		return err;
	watch.path = "cpu";
	watch.fn = changed;
	err = pv_xs_watch(&watch);
	if (err)
		pv_xs_stop();
	watching = !err;
	return err;
}

void pv_xen_hotplug_stop(void)
{
	if (!watching)
		return;
	pv_xs_unwatch(&watch);
	pv_xs_stop();
	watching = false;
}
