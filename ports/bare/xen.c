/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What Xen does for all kinds of guests in other ways than machines do: a timer, and the end.
 */
#include <pv/timer.h>

#include "hypercall/xen.h"
#include "ports/bare/xen.h"

static bool here(void)
{
	return pv_xen_call_mode != PV_XEN_CALL_NONE;
}

static bool early(enum pv_boot_protocol protocol)
{
	struct pv_platform platform;

	if (!here()) {
		pv_detect(&platform, pv_cpuid,
			  protocol == PV_BOOT_PVH ? PV_HINT_PVH : PV_HINT_NONE);
		if (platform.hypervisor != PV_HV_XEN)
			return false;
		pv_xen_call_init(platform.xen_mode, platform.cpu_vendor);
	}
	pv_bare_xen_console_early();
	return true;
}

/* The interrupt itself is what is wanted. */
static void fired(void *arg)
{
	(void)arg;
}

static bool timer(uint64_t ns)
{
	struct pv_bare_cpu *cpu = pv_bare_this();
	uint64_t now;

	if (!pv_clock_present())
		return false;
	if (!cpu->timer_started)
		cpu->timer_started = !pv_timer_start(fired, NULL);
	now = pv_clock_now();
	return cpu->timer_started && !pv_timer_arm(ns < UINT64_MAX - now ? now + ns : UINT64_MAX);
}

static void end(int status)
{
	char text[32];
	int n;

	n = pv_snprintf(text, sizeof(text), "exit status: %d\n", status);
	pv_bare_write(text, (size_t)n);
	pv_bare_xen_console_drain();
	pv_xen_sched_shutdown(status ? SHUTDOWN_crash : SHUTDOWN_poweroff);
}

static void crash(void)
{
	pv_xen_sched_shutdown(SHUTDOWN_crash);
}

static void reboot(void)
{
	pv_bare_xen_console_drain();
	pv_xen_sched_shutdown(SHUTDOWN_reboot);
}

const struct pv_bare_hv pv_bare_xen = {
	.hv = &pv_xen,
	.here = here,
	.early = early,
	.attach = pv_bare_xen_console_attach,
	.write = pv_bare_xen_console_write,
	.timer = timer,
	.exit = end,
	.reboot = reboot,
	.crash = crash,
	.pv = &pv_bare_xen_pv,
};
