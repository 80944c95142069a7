/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs that come and go, while all that are there work: the guest follows until `cpus.n=` changes
 * were made.
 */
#include "together.h"

#include <pv/lock.h>

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static struct pv_lock lock;
static volatile uint64_t guarded[2];

static volatile bool wanted[MAX_CPUS], some_changed;

static void plugged(void *arg, unsigned int cpu, bool present)
{
	(void)arg;
	wanted[cpu] = present;
	some_changed = true;
}

/* Busy, until it is taken away. */
static void load(void)
{
	unsigned int cpu = pv_os_cpu();

	while (wanted[cpu]) {
		pv_lock_take(&lock);
		guarded[0]++;
		guarded[1]++;
		pv_lock_drop(&lock);
		cpus[cpu].n++;
	}
}

static unsigned int count_started(void)
{
	struct pv_cpu_info info;
	unsigned int i, n = 0;

	for (i = 0; pv_cpu_get(i, &info) == 0; i++)
		n += info.started;
	return n;
}

/* Does as the toolstack says, and tells, until `rounds` changes were made. */
static void plug(void)
{
	unsigned int i, was, n = pv_cpu_find(pv_bare_boot());
	struct pv_cpu_info info;

	num = n;
	for (i = 0; i < n && pv_cpu_get(i, &info) == 0; i++)
		wanted[i] = info.present;
	pv_bare_printf("cpus: %u\nwatch: %d\n", n, pv_cpu_on_change(plugged, NULL));
	was = pv_bare_cpus_start(load);
	pv_bare_printf("started: %u\n", was);
	while (rounds) {
		some_changed = false;
		pv_bare_cpus_start(load);
		i = count_started();
		if (i != was) {
			pv_bare_printf("now: %u\n", i);
			was = i;
			rounds--;
		}
		pv_bare_wait(&some_changed, 10000000);
		pv_work(); /* where nothing but looking tells of a change */
	}
	pv_lock_take(&lock);
	pv_bare_printf("wrong: %d\n", guarded[0] != guarded[1]);
	pv_lock_drop(&lock);
}

int pv_bare_main(const char *cmdline)
{
	static const struct action actions[] = {{"plug", plug}};

	return run_action(cmdline, actions, PV_ARRAY_SIZE(actions));
}
