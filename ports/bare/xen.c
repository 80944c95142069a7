/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What Xen does for all kinds of guests in other ways than machines do: a timer, and the end.
 */
#include <pv/timer.h>

#include "hypercall/xen.h"
#include "ports/bare/xen.h"

bool pv_bare_xen(void)
{
	return pv_xen_call_mode != PV_XEN_CALL_NONE;
}

bool pv_bare_xen_early(enum pv_boot_protocol protocol)
{
	struct pv_platform platform;

	if (pv_bare_xen())
		return true;
	pv_detect(&platform, pv_cpuid, protocol == PV_BOOT_PVH ? PV_HINT_PVH : PV_HINT_NONE);
	if (platform.hypervisor != PV_HV_XEN)
		return false;
	pv_xen_call_init(platform.xen_mode, platform.cpu_vendor);
	return true;
}

/* The interrupt itself is what is wanted. */
static void fired(void *arg)
{
	(void)arg;
}

bool pv_bare_xen_timer(uint64_t ns)
{
	static bool started;
	uint64_t now;

	if (!pv_bare_xen() || !pv_clock_present())
		return false;
	if (!started)
		started = !pv_timer_start(fired, NULL);
	now = pv_clock_now();
	return started && !pv_timer_arm(ns < UINT64_MAX - now ? now + ns : UINT64_MAX);
}

void pv_bare_xen_exit(int status)
{
	char text[32];
	int n;

	if (!pv_bare_xen())
		return;
	n = pv_snprintf(text, sizeof(text), "exit status: %d\n", status);
	pv_bare_write(text, (size_t)n);
	pv_bare_xen_console_drain();
	pv_xen_sched_shutdown(status ? SHUTDOWN_crash : SHUTDOWN_poweroff);
}

void pv_bare_xen_crash(void)
{
	if (pv_bare_xen())
		pv_xen_sched_shutdown(SHUTDOWN_crash);
}

void pv_bare_xen_reboot(void)
{
	if (!pv_bare_xen())
		return;
	pv_bare_xen_console_drain();
	pv_xen_sched_shutdown(SHUTDOWN_reboot);
}
