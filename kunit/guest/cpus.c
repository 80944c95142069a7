/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the library asks about CPUs, from Linux: a CPU has one area for stolen time, and that is
 * Linux'; so it registers none, and reads those. The MADT is read by madt.c, from where Linux has
 * it.
 */
#include "cpus.h"

#include <pv/config.h>
#include <pv/err.h>

#include "linux.h"
#include "pv-core/acpi.h"
#include "pv-core/cpu.h"
#include "pv-core/kvm/kvm_cpu.h"
#include "pv-core/xen/xen_smp.h"

static void *areas[PV_CONFIG_MAX_CPUS];

static uint64_t kvm_stolen(unsigned int cpu)
{
	return areas[cpu]
		       ? pv_kvm_steal_read((struct kvm_steal_time PV_SHARED PV_FORCE *)areas[cpu])
		       : 0;
}

static uint64_t xen_stolen(unsigned int cpu)
{
	uint64_t ns = 0;
	int state;

	if (areas[cpu] &&
	    !pv_xen_runstate_read((struct vcpu_runstate_info PV_SHARED PV_FORCE *)areas[cpu], &ns,
				  &state))
		return 0;
	return ns;
}

static const struct pv_cpu_host kvm = {.stolen = kvm_stolen};
static const struct pv_cpu_host xen = {.stolen = xen_stolen};

int pv_guest_cpus_start(const struct pv_platform *platform)
{
	bool on_xen = platform->hypervisor == PV_HV_XEN;
	unsigned int i;

	for (i = 0; i < pv_linux_cpus() && i < PV_CONFIG_MAX_CPUS; i++) {
		areas[i] = pv_linux_steal_area(on_xen, i);
		if (!areas[i])
			return PV_ENODEV;
	}
	pv_cpu_register(on_xen ? &xen : &kvm);
	return 0;
}

void pv_guest_cpus_end(void)
{
	pv_cpu_register(NULL);
}

/* What madt.c asks acpi.c for. */
const void *pv_acpi_get(uint64_t rsdp, const char *signature, unsigned int n, size_t *len)
{
	(void)rsdp;
	return n ? NULL : pv_linux_acpi_table(signature, len);
}

/* Linux keeps its tables mapped. */
void pv_acpi_put(const void *table, size_t len)
{
	(void)table;
	(void)len;
}
