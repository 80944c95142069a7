/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The library's beginning and end: hypervisor, then clock, then devices; and back.
 *
 * What a hypervisor is to be started with comes by the kernel's table: nothing here names one's
 * functions.
 */
#include <pv/log.h>
#include <pv/pv.h>

#include "arch/x86/x86.h"
#include "pv-core/bus.h"
#include "pv-core/clock.h"
#include "pv-core/part.h"

static bool initialised;
static struct pv_platform platform;
static struct pv_boot_info nothing_known;
static const struct pv_hv *hv;		  /* of pv_init(), started; NULL for none */
static const struct pv_bus *const *buses; /* of pv_init(); NULL for none */
static unsigned int num_buses;
static uint64_t scanned; /* a bit for each of the first 64: its scan succeeded */

const struct pv_platform *pv_platform(void)
{
	return &platform;
}

const char *pv_version(void)
{
	return PV_VERSION;
}

static enum pv_boot_hint hint_of(const struct pv_boot_info *boot)
{
	switch (boot->protocol) {
	case PV_BOOT_PVH:
		return PV_HINT_PVH;
	case PV_BOOT_XEN_PV:
		return PV_HINT_XEN_PV;
	default:
		return PV_HINT_NONE;
	}
}

static void say_platform(void)
{
	char features[246]; /* what a line of the log has room for */

	pv_platform_features(&platform, features, sizeof(features));
	pv_info("libpv " PV_VERSION " on %s%s%s, %s", pv_hypervisor_name(platform.hypervisor),
		platform.xen_mode == PV_XEN_NOT ? "" : " ",
		platform.xen_mode == PV_XEN_NOT ? "" : pv_xen_mode_name(platform.xen_mode),
		platform.cpu_vendor);
	if (features[0])
		pv_info("features: %s", features);
}

const struct pv_hv *pv_hv_started(void)
{
	return hv;
}

const struct pv_bus *pv_bus_scanned(unsigned int n)
{
	return n < num_buses ? buses[n] : NULL;
}

static const struct pv_hv *find_hv(const struct pv_hv *const *table)
{
	while (table && *table && (*table)->id != platform.hypervisor)
		table++;
	return table ? *table : NULL;
}

static void start_hv(const struct pv_hv *const *table, const struct pv_boot_info *boot)
{
	hv = find_hv(table);
	if (hv && hv->init(&platform, boot))
		hv = NULL;
	else if (!hv && (platform.hypervisor == PV_HV_XEN || platform.hypervisor == PV_HV_KVM))
		pv_warn("%s: not in the kernel's table of hypervisors, and used like any machine",
			pv_hypervisor_name(platform.hypervisor));
}

static void scan(const struct pv_bus *bus, unsigned int n, const struct pv_boot_info *boot)
{
	int err = bus->scan(boot);

	if (!err && n < 64)
		scanned |= 1ull << n;
	if (err == PV_ENODEV)
		pv_dbg("%s: this machine has none", bus->name);
	else if (err)
		pv_err("%s: looking for devices failed, error %d", bus->name, err);
}

static int init(const struct pv_init_args *args)
{
	const struct pv_boot_info *boot = args->boot ? args->boot : &nothing_known;

	if (initialised)
		return PV_EBUSY;
	initialised = true;
	pv_detect(&platform, boot->protocol == PV_BOOT_XEN_PV ? pv_cpuid_xen_pv : pv_cpuid,
		  hint_of(boot));
	say_platform();
	start_hv(args->hypervisors, boot);
	pv_info("clock: %s", pv_clock_name());

	pv_bus_set_drivers(args->drivers);
	pv_bus_set_untrusted(args->untrusted);
	buses = args->buses;
	scanned = 0;
	for (num_buses = 0; buses && buses[num_buses]; num_buses++)
		scan(buses[num_buses], num_buses, boot);
	return 0;
}

int pv_init(const struct pv_init_args *args)
{
	int err;

	pv_os_control_lock();
	err = init(args);
	pv_os_control_unlock();
	return err;
}

int pv_work(void)
{
	unsigned int i;
	int done = 0;

	pv_os_control_lock();
	if (hv && hv->work)
		done += hv->work();
	for (i = 0; i < num_buses; i++)
		if (buses[i]->work)
			done += buses[i]->work();
	done += pv_bus_work();
	done += pv_parts_work();
	pv_os_control_unlock();
	return done;
}

int pv_cpu_init(void)
{
	int err = 0;

	pv_os_control_lock();
	if (hv && hv->cpu_start)
		err = hv->cpu_start();
	if (!err)
		err = pv_clock_cpu_start();
	if (!err)
		err = pv_parts_cpu_start(pv_os_cpu());
	pv_os_control_unlock();
	return err;
}

void pv_cpu_exit(void)
{
	pv_os_control_lock();
	pv_parts_cpu_stop(pv_os_cpu());
	pv_clock_cpu_stop();
	if (hv && hv->cpu_stop)
		hv->cpu_stop();
	pv_os_control_unlock();
}

/* Mirror of the scans: the last bus first. */
static void end_buses(void)
{
	while (num_buses--)
		if (num_buses < 64 && scanned >> num_buses & 1 && buses[num_buses]->end)
			buses[num_buses]->end();
	num_buses = 0;
}

void pv_shutdown(void)
{
	pv_os_control_lock();
	if (initialised) {
		pv_bus_remove_all();
		end_buses();
		pv_bus_set_drivers(NULL);
		pv_parts_end();
		pv_clock_end();
		if (hv && hv->end)
			hv->end();
		hv = NULL;
		initialised = false;
	}
	pv_os_control_unlock();
}
