/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Linux' answers. What it does not export to modules is looked for by name: the address of the
 * function that does so is that of a probe, which is set on it for a moment.
 */
#include "linux.h"

#include <asm/kvm_para.h>
#include <asm/smp.h>
#include <asm/xen/hypercall.h>
#include <linux/acpi.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <xen/features.h>
#include <xen/interface/version.h>
#include <xen/xen.h>
#include <xen/xen-ops.h>
#include <xen/xenbus.h>

typedef unsigned long (*lookup_fn)(const char *name);

void *pv_linux_symbol(const char *name)
{
	struct kprobe probe = {.symbol_name = "kallsyms_lookup_name"};
	lookup_fn lookup;

	if (register_kprobe(&probe))
		return NULL;
	lookup = (lookup_fn)probe.addr;
	unregister_kprobe(&probe);
	return (void *)lookup(name);
}

/* Of a pointer that each CPU has one of. */
static void *of_cpu(const char *name, unsigned int cpu)
{
	void *__percpu *pointer = (void *__percpu *)pv_linux_symbol(name);

	return pointer ? *per_cpu_ptr(pointer, cpu) : NULL;
}

/* Its struct pvclock_vsyscall_time_info has the page's contents in front. */
void *pv_linux_kvm_clock_page(unsigned int cpu)
{
	return of_cpu("hv_clock_per_cpu", cpu);
}

void *pv_linux_xen_vcpu_info(unsigned int cpu)
{
	return of_cpu("xen_vcpu", cpu);
}

void *pv_linux_xen_shared_info(void)
{
	void **info = pv_linux_symbol("HYPERVISOR_shared_info");

	return info ? *info : NULL;
}

/* A variable that each CPU has. */
void *pv_linux_steal_area(bool xen, unsigned int cpu)
{
	void __percpu *area = (void __percpu *)pv_linux_symbol(xen ? "xen_runstate" : "steal_time");

	return area ? per_cpu_ptr(area, cpu) : NULL;
}

pv_linux_stolen_fn pv_linux_stolen(bool xen)
{
	return (pv_linux_stolen_fn)pv_linux_symbol(xen ? "xen_steal_clock" : "kvm_steal_clock");
}

unsigned int pv_linux_cpus(void)
{
	return num_online_cpus();
}

uint32_t pv_linux_apic_id(unsigned int cpu)
{
	return per_cpu(x86_cpu_to_apicid, cpu);
}

uint32_t pv_linux_acpi_uid(unsigned int cpu)
{
	return per_cpu(x86_cpu_to_acpiid, cpu);
}

int pv_linux_run_on(unsigned int cpu)
{
	return set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

const void *pv_linux_acpi_table(const char *signature, size_t *len)
{
	struct acpi_table_header *table;

	if (ACPI_FAILURE(acpi_get_table((char *)signature, 0, &table)))
		return NULL;
	*len = table->length;
	return table;
}

pv_linux_pvclock_fn pv_linux_pvclock(void)
{
	return (pv_linux_pvclock_fn)pv_linux_symbol("pvclock_clocksource_read");
}

uint32_t pv_linux_kvm_features(void)
{
	unsigned int (*features)(void) = pv_linux_symbol("kvm_arch_para_features");

	return features ? features() : 0;
}

uint32_t pv_linux_kvm_hints(void)
{
	return kvm_arch_para_hints();
}

long pv_linux_kvm_hypercall(unsigned int nr)
{
	return kvm_hypercall0(nr);
}

int pv_linux_xen_version(void)
{
	return HYPERVISOR_xen_version(XENVER_version, NULL);
}

bool pv_linux_xen_feature(unsigned int feature)
{
	return xen_feature((int)feature);
}

unsigned int pv_linux_xen_vcpu_id(unsigned int cpu)
{
	return (unsigned int)xen_vcpu_nr((int)cpu);
}

int pv_linux_xenstore_read(const char *dir, const char *node, char *buf, size_t size)
{
	char *text = xenbus_read(XBT_NIL, dir, node, NULL);

	if (IS_ERR(text))
		return (int)PTR_ERR(text);
	strscpy(buf, text, size);
	kfree(text);
	return 0;
}
