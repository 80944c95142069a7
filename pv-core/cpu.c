/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs: which there are, and how they start and end.
 *
 * The table is filled once. A CPU's `started` is set by the one that starts it, and cleared by
 * itself as its last act.
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/string.h>

#include "arch/x86/x86.h"
#include "pv-core/cpu.h"
#include "pv-core/lapic.h"
#include "pv-core/part.h"

static struct {
	struct pv_cpu_info info;
	bool again; /* was started before, and is off */
} cpus[PV_CONFIG_MAX_CPUS];

static unsigned int num_cpus, dropped;
static const struct pv_boot_info *boot;
static pv_cpu_change_fn change_fn;
static void *change_arg;

/* --- which there are -------------------------------------------------------------------------- */

static bool known(const struct pv_cpu_info *info)
{
	unsigned int i;

	for (i = 0; i < num_cpus; i++)
		if (cpus[i].info.apic_id == info->apic_id)
			return true;
	return false;
}

static void add(const struct pv_cpu_info *info)
{
	if (num_cpus == PV_CONFIG_MAX_CPUS)
		dropped++;
	else
		cpus[num_cpus++].info = *info;
}

/* The boot CPU has an entry already, by its APIC's identifier; what the table adds is its UID. */
static void add_listed(const struct pv_cpu_info *info, void *arg)
{
	(void)arg;
	if (info->apic_id == cpus[0].info.apic_id)
		cpus[0].info.uid = info->uid;
	else if (!known(info))
		add(info);
}

static void ask(const struct pv_cpu_host *ops)
{
	struct pv_cpu_info info = {0};
	uint32_t i;

	for (i = 1; i < PV_CONFIG_MAX_CPUS && ops->find(i, &info); i++)
		add(&info);
}

/* By the hypervisor's own way, or as QEMU does it, whatever runs beneath. */
static int watch(void)
{
	const struct pv_cpu_host *ops = pv_cpu_host();

	return ops && ops->watch ? ops->watch() : pv_cpu_plug_watch(boot ? boot->rsdp : 0);
}

static void unwatch(void)
{
	const struct pv_cpu_host *ops = pv_cpu_host();

	if (ops && ops->unwatch)
		ops->unwatch();
	else
		pv_cpu_plug_unwatch();
}

static void end(void)
{
	if (change_fn)
		unwatch();
	change_fn = NULL;
	num_cpus = 0;
	pv_memset(cpus, 0, sizeof(cpus));
}

static struct pv_part part = {.end = end};

static void find(void)
{
	const struct pv_cpu_host *ops = pv_cpu_host();
	bool lapic = !pv_lapic_init();

	pv_part_attach(&part);
	if (ops && ops->begin)
		ops->begin();
	cpus[0].info = (struct pv_cpu_info) {.present = true, .started = true};
	num_cpus = 1;
	dropped = 0;
	if (lapic) {
		cpus[0].info.apic_id = pv_lapic_id();
		if (pv_madt_cpus(boot ? boot->rsdp : 0, add_listed, NULL)) {
			if (dropped)
				pv_warn("CPUs: %u beyond the %u that are kept areas for", dropped,
					PV_CONFIG_MAX_CPUS);
			return;
		}
	}
	if (ops && ops->find)
		ask(ops);
}

unsigned int pv_cpu_find(const struct pv_boot_info *info)
{
	pv_os_control_lock();
	if (!num_cpus) {
		boot = info;
		find();
	}
	pv_os_control_unlock();
	return num_cpus;
}

int pv_cpu_get(unsigned int cpu, struct pv_cpu_info *out)
{
	if (cpu >= num_cpus)
		return PV_ENOENT;
	*out = cpus[cpu].info;
	out->started = __atomic_load_n(&cpus[cpu].info.started, __ATOMIC_ACQUIRE);
	return 0;
}

/* --- CPUs that come and go later -------------------------------------------------------------- */

void pv_cpu_changed(uint32_t uid, bool present)
{
	unsigned int i;

	for (i = 0; i < num_cpus; i++)
		if (cpus[i].info.uid == uid)
			break;
	if (i == num_cpus || cpus[i].info.present == present)
		return;
	cpus[i].info.present = present;
	if (change_fn)
		change_fn(change_arg, i, present);
}

static int on_change(pv_cpu_change_fn fn, void *arg)
{
	bool was = change_fn;
	int err;

	change_arg = arg;
	change_fn = fn;
	if (!fn == !was)
		return 0;
	if (!fn) {
		unwatch();
		return 0;
	}
	err = watch();
	if (err)
		change_fn = NULL;
	return err;
}

int pv_cpu_on_change(pv_cpu_change_fn fn, void *arg)
{
	int err;

	pv_os_control_lock();
	err = on_change(fn, arg);
	pv_os_control_unlock();
	return err;
}

/* --- start and end ---------------------------------------------------------------------------- */

static int start(unsigned int cpu, void (*entry)(void *arg), void *arg, void *stack_end)
{
	const struct pv_cpu_host *ops = pv_cpu_host();
	struct pv_cpu_info *info;
	int err = PV_ENOTSUP;

	if (cpu >= num_cpus)
		return PV_ENOENT;
	info = &cpus[cpu].info;
	if (!info->present)
		return PV_ENOENT;
	if (__atomic_load_n(&info->started, __ATOMIC_ACQUIRE))
		return PV_EBUSY;
	__atomic_store_n(&info->started, true, __ATOMIC_RELEASE);
	if (ops && ops->start)
		err = ops->start(info, cpus[cpu].again, entry, arg, stack_end);
	if (err == PV_ENOTSUP)
		err = pv_cpu_start_sipi(info->apic_id, entry, arg, stack_end, boot);
	if (err) {
		pv_err("CPU %u (APIC id %u) was not started, error %d", cpu, info->apic_id, err);
		__atomic_store_n(&info->started, false, __ATOMIC_RELEASE);
	}
	return err;
}

int pv_cpu_start(unsigned int cpu, void (*entry)(void *arg), void *arg, void *stack_end)
{
	int err;

	pv_os_control_lock();
	err = start(cpu, entry, arg, stack_end);
	pv_os_control_unlock();
	return err;
}

void pv_cpu_off(void)
{
	const struct pv_cpu_host *ops = pv_cpu_host();
	unsigned int cpu = pv_os_cpu();

	if (cpu < PV_CONFIG_MAX_CPUS) {
		cpus[cpu].again = true;
		__atomic_store_n(&cpus[cpu].info.started, false, __ATOMIC_RELEASE);
		if (ops && ops->off)
			ops->off(&cpus[cpu].info);
	}
	pv_halt_forever();
}
