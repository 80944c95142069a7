/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A guest with several CPUs that is saved: each of them counts and goes off, before and after. It
 * ends when the toolstack wants it to.
 */
#include <pv/bare.h>
#include <pv/control.h>
#include <pv/cpu.h>
#include <pv/wait.h>

#define OFF_MS 20000

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static unsigned int came;
static enum pv_shutdown_reason wish;
static volatile bool wished;

static void come(void)
{
	__atomic_fetch_add(&came, 1, __ATOMIC_SEQ_CST);
}

/* All but this one. */
static bool are_off(void *arg)
{
	struct pv_cpu_info info;
	unsigned int i;

	(void)arg;
	for (i = 1; !pv_cpu_get(i, &info); i++)
		if (info.started)
			return false;
	return true;
}

static void all_come(void)
{
	unsigned int running;
	int err;

	came = 0;
	running = pv_bare_cpus_start(come);
	err = pv_wait_until(are_off, NULL, OFF_MS);
	pv_bare_printf("cpus: %u, of which %u came and went: %d\n", running, came, err);
}

static void wanted(void *arg, enum pv_shutdown_reason reason)
{
	(void)arg;
	wish = reason;
	wished = true;
}

int pv_bare_main(const char *cmdline)
{
	(void)cmdline;
	pv_on_shutdown(wanted, NULL);
	all_come();
	pv_bare_printf("ready: saved\n");
	for (;;) {
		while (!wished)
			pv_bare_wait(&wished, 1000000000);
		wished = false;
		if (wish != PV_SHUTDOWN_SUSPEND)
			return 0;
		pv_bare_printf("suspended: %d\n", pv_suspend());
		all_come();
	}
}
