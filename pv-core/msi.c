/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/msi.h>

#include <pv/abi/kvm.h>
#include <pv/abi/xen.h>
#include <pv/detect.h>
#include <pv/err.h>

#define MSI_ADDRESS  0xfee00000ull
#define MAX_ID	     0xffu
#define MAX_EXTENDED 0x7fffu

static bool extended(const struct pv_platform *p)
{
	if (p->hypervisor == PV_HV_KVM)
		return p->features >> KVM_FEATURE_MSI_EXT_DEST_ID & 1;
	return p->hypervisor == PV_HV_XEN && p->features & XEN_HVM_CPUID_EXT_DEST_ID;
}

/*
 * Bits 7 to 0 of the identifier are bits 19 to 12 of the address, the extension's 14 to 8 its bits
 * 11 to 5.
 */
int pv_msi_address(uint32_t apic_id, uint64_t *addr)
{
	if (apic_id > (extended(pv_platform()) ? MAX_EXTENDED : MAX_ID))
		return PV_ENOTSUP;
	*addr = MSI_ADDRESS | (apic_id & 0xff) << 12 | (apic_id >> 8) << 5;
	return 0;
}
