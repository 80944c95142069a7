/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * IPIs: by the hypervisor's own, or by vectors through the local APIC.
 *
 * A set of CPUs goes out in windows of 128 local APIC identifiers where the hypervisor takes such
 * (KVM_HC_SEND_IPI), and one by one where it does not, or refuses.
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/ipi.h>
#include <pv/os.h>

#include "arch/x86/x86.h"
#include "pv-core/cpu.h"
#include "pv-core/lapic.h"
#include "pv-core/part.h"

static struct {
	pv_ipi_fn fn; /* NULL: not open */
	void *arg;
	int irq;
	unsigned int vector;
} ipis[PV_CONFIG_IPIS];

static bool own(void)
{
	return pv_cpu_host() && pv_cpu_host()->ipi_open;
}

static bool interrupted(void *arg)
{
	unsigned int ipi = (unsigned int)(uintptr_t)arg;

	ipis[ipi].fn(ipis[ipi].arg);
	return true;
}

/* --- CPUs that come and go -------------------------------------------------------------------- */

static int cpu_start(unsigned int cpu)
{
	unsigned int i;
	int err = 0;

	for (i = 0; own() && i < PV_CONFIG_IPIS && !err; i++)
		if (ipis[i].fn)
			err = pv_cpu_host()->ipi_open(i, cpu, ipis[i].fn, ipis[i].arg);
	return err;
}

static void cpu_stop(unsigned int cpu)
{
	unsigned int i;

	for (i = 0; own() && i < PV_CONFIG_IPIS; i++)
		if (ipis[i].fn)
			pv_cpu_host()->ipi_close(i, cpu);
}

static void close_one(unsigned int ipi)
{
	unsigned int cpu;

	if (!ipis[ipi].fn)
		return;
	if (!own())
		pv_os_irq_free(ipis[ipi].irq);
	for (cpu = 0; own() && cpu < PV_CONFIG_MAX_CPUS; cpu++)
		pv_cpu_host()->ipi_close(ipi, cpu);
	ipis[ipi].fn = NULL;
}

static void end(void)
{
	unsigned int i;

	for (i = 0; i < PV_CONFIG_IPIS; i++)
		close_one(i);
}

static struct pv_part part = {.cpu_start = cpu_start, .cpu_stop = cpu_stop, .end = end};

/* --- open and close --------------------------------------------------------------------------- */

static int open_vector(unsigned int ipi)
{
	int irq, err = pv_lapic_init();

	if (err)
		return err;
	irq = pv_os_irq_vector(true, interrupted, (void *)(uintptr_t)ipi, &ipis[ipi].vector);
	ipis[ipi].irq = irq;
	return irq < 0 ? irq : 0;
}

static int open(pv_ipi_fn fn, void *arg)
{
	unsigned int i = 0;
	int err;

	while (i < PV_CONFIG_IPIS && ipis[i].fn)
		i++;
	if (i == PV_CONFIG_IPIS)
		return PV_ENOSPC;
	ipis[i].arg = arg;
	ipis[i].fn = fn;
	err = own() ? pv_cpu_host()->ipi_open(i, pv_os_cpu(), fn, arg) : open_vector(i);
	if (err) {
		ipis[i].fn = NULL;
		return err;
	}
	pv_part_attach(&part);
	return (int)i;
}

int pv_ipi_open(pv_ipi_fn fn, void *arg)
{
	int ipi;

	pv_os_control_lock();
	ipi = open(fn, arg);
	pv_os_control_unlock();
	return ipi;
}

void pv_ipi_close(int ipi)
{
	pv_os_control_lock();
	if (ipi >= 0 && ipi < PV_CONFIG_IPIS)
		close_one((unsigned int)ipi);
	pv_os_control_unlock();
}

/* --- sending ---------------------------------------------------------------------------------- */

static void send_vector(uint32_t apic_id, unsigned int vector)
{
	uint64_t flags = pv_irq_save();

	pv_lapic_send(apic_id, PV_LAPIC_FIXED | PV_LAPIC_ASSERT | vector);
	pv_irq_restore(flags);
}

static bool is_open(int ipi)
{
	return ipi >= 0 && ipi < PV_CONFIG_IPIS && ipis[ipi].fn;
}

int pv_ipi_send(int ipi, unsigned int cpu)
{
	struct pv_cpu_info info;

	if (!is_open(ipi))
		return PV_EINVAL;
	if (pv_cpu_get(cpu, &info) || !info.started)
		return PV_ENOENT;
	if (own())
		return pv_cpu_host()->ipi_send((unsigned int)ipi, cpu);
	send_vector(info.apic_id, ipis[ipi].vector);
	return 0;
}

struct window {
	uint64_t low, high;
	uint32_t first;
};

static void send_window(struct window *w, unsigned int vector)
{
	unsigned int i;

	if (pv_cpu_host()->ipi_multi(w->low, w->high, w->first, PV_LAPIC_FIXED | vector) < 0)
		for (i = 0; i < 128; i++)
			if ((i < 64 ? w->low >> i : w->high >> (i - 64)) & 1)
				send_vector(w->first + i, vector);
	w->low = w->high = 0;
}

static void add_to_window(struct window *w, uint32_t apic_id, unsigned int vector)
{
	if (!(w->low | w->high))
		w->first = apic_id;
	if (apic_id - w->first >= 128) {
		send_window(w, vector);
		w->first = apic_id;
	}
	if (apic_id - w->first < 64)
		w->low |= 1ull << (apic_id - w->first);
	else
		w->high |= 1ull << (apic_id - w->first - 64);
}

void pv_ipi_send_set(int ipi, const uint64_t *cpus)
{
	bool multi = !own() && pv_cpu_host() && pv_cpu_host()->ipi_multi;
	struct window w = {0, 0, 0};
	struct pv_cpu_info info;
	unsigned int cpu;

	if (!is_open(ipi))
		return;
	for (cpu = 0; !pv_cpu_get(cpu, &info); cpu++) {
		if (!(cpus[cpu / 64] >> cpu % 64 & 1) || !info.started)
			continue;
		if (multi)
			add_to_window(&w, info.apic_id, ipis[ipi].vector);
		else
			(void)!pv_ipi_send(ipi, cpu);
	}
	if (w.low | w.high)
		send_window(&w, ipis[ipi].vector);
}
