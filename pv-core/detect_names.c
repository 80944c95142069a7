/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Names for what pv_detect() finds.
 */
#include <pv/abi/kvm.h>
#include <pv/abi/xen.h>
#include <pv/bits.h>
#include <pv/detect.h>

/* Linux Documentation/virt/kvm/x86/cpuid.rst, without KVM_FEATURE_. */
static const struct pv_bit_name kvm_features[] = {
	{KVM_FEATURE_CLOCKSOURCE, "CLOCKSOURCE"},
	{KVM_FEATURE_NOP_IO_DELAY, "NOP_IO_DELAY"},
	{KVM_FEATURE_MMU_OP, "MMU_OP"},
	{KVM_FEATURE_CLOCKSOURCE2, "CLOCKSOURCE2"},
	{KVM_FEATURE_ASYNC_PF, "ASYNC_PF"},
	{KVM_FEATURE_STEAL_TIME, "STEAL_TIME"},
	{KVM_FEATURE_PV_EOI, "PV_EOI"},
	{KVM_FEATURE_PV_UNHALT, "PV_UNHALT"},
	{KVM_FEATURE_PV_TLB_FLUSH, "PV_TLB_FLUSH"},
	{KVM_FEATURE_ASYNC_PF_VMEXIT, "ASYNC_PF_VMEXIT"},
	{KVM_FEATURE_PV_SEND_IPI, "PV_SEND_IPI"},
	{KVM_FEATURE_POLL_CONTROL, "POLL_CONTROL"},
	{KVM_FEATURE_PV_SCHED_YIELD, "PV_SCHED_YIELD"},
	{KVM_FEATURE_ASYNC_PF_INT, "ASYNC_PF_INT"},
	{KVM_FEATURE_MSI_EXT_DEST_ID, "MSI_EXT_DEST_ID"},
	{KVM_FEATURE_HC_MAP_GPA_RANGE, "HC_MAP_GPA_RANGE"},
	{KVM_FEATURE_MIGRATION_CONTROL, "MIGRATION_CONTROL"},
	{KVM_FEATURE_CLOCKSOURCE_STABLE_BIT, "CLOCKSOURCE_STABLE_BIT"},
	{0, NULL},
};

static const struct pv_bit_name kvm_hints[] = {
	{KVM_HINTS_REALTIME, "REALTIME"},
	{0, NULL},
};

/* Xen public/arch-x86/cpuid.h, leaf base + 4, EAX, without XEN_HVM_CPUID_. */
static const struct pv_bit_name xen_features[] = {
	{__builtin_ctz(XEN_HVM_CPUID_APIC_ACCESS_VIRT), "APIC_ACCESS_VIRT"},
	{__builtin_ctz(XEN_HVM_CPUID_X2APIC_VIRT), "X2APIC_VIRT"},
	{__builtin_ctz(XEN_HVM_CPUID_IOMMU_MAPPINGS), "IOMMU_MAPPINGS"},
	{__builtin_ctz(XEN_HVM_CPUID_VCPU_ID_PRESENT), "VCPU_ID_PRESENT"},
	{__builtin_ctz(XEN_HVM_CPUID_DOMID_PRESENT), "DOMID_PRESENT"},
	{__builtin_ctz(XEN_HVM_CPUID_EXT_DEST_ID), "EXT_DEST_ID"},
	{__builtin_ctz(XEN_HVM_CPUID_UPCALL_VECTOR), "UPCALL_VECTOR"},
	{0, NULL},
};

int pv_platform_features(const struct pv_platform *platform, char *buf, size_t size)
{
	const struct pv_bit_name *features = NULL;
	size_t len;

	if (platform->hypervisor == PV_HV_KVM)
		features = kvm_features;
	else if (platform->hypervisor == PV_HV_XEN)
		features = xen_features;

	len = (size_t)pv_bits_format(buf, size, platform->features, features, "");
	if (!platform->hints)
		return (int)len;
	if (len) {
		if (len + 1 < size) {
			buf[len] = ' ';
			buf[len + 1] = '\0';
		}
		len++;
	}
	return (int)len + pv_bits_format(len < size ? buf + len : NULL, len < size ? size - len : 0,
					 platform->hints, kvm_hints, "hint:");
}

const char *pv_hypervisor_name(enum pv_hypervisor hypervisor)
{
	switch (hypervisor) {
	case PV_HV_NONE:
		return "none";
	case PV_HV_UNKNOWN:
		return "unknown";
	case PV_HV_XEN:
		return "Xen";
	case PV_HV_KVM:
		return "KVM";
	case PV_HV_TCG:
		return "QEMU TCG";
	case PV_HV_HYPERV:
		return "Hyper-V";
	case PV_HV_VMWARE:
		return "VMware";
	case PV_HV_BHYVE:
		return "bhyve";
	case PV_HV_ACRN:
		return "ACRN";
	case PV_HV_JAILHOUSE:
		return "Jailhouse";
	}
	return "unknown";
}

const char *pv_xen_mode_name(enum pv_xen_mode mode)
{
	switch (mode) {
	case PV_XEN_NOT:
		return "none";
	case PV_XEN_PV:
		return "PV";
	case PV_XEN_PVH:
		return "PVH";
	case PV_XEN_HVM:
		return "HVM";
	}
	return "unknown";
}
