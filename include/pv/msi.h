/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The address of an MSI message, for a port's pv_os_irq_msi().
 */
#ifndef PV_MSI_H
#define PV_MSI_H

#include <pv/types.h>

PV_BEGIN_DECLS

/*
 * The address by which a message, without interrupt remapping, reaches the CPU whose local APIC has
 * this identifier, in physical destination mode (Intel SDM 3A, 11.11.1). Identifiers above 255 take
 * the extended destination of KVM (KVM_FEATURE_MSI_EXT_DEST_ID, Linux
 * Documentation/virt/kvm/x86/cpuid.rst) or Xen (XEN_HVM_CPUID_EXT_DEST_ID,
 * public/arch-x86/cpuid.h), to 32767. 0, or PV_ENOTSUP if no message reaches it. Context: any,
 * after pv_init().
 */
int pv_msi_address(uint32_t apic_id, uint64_t *addr) PV_MUST_CHECK;

PV_END_DECLS

#endif
