/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A machine whose CPUID says that KVM is below it. Its MSRs and hypercalls are the suite's.
 */
#ifndef PV_KUNIT_FAKE_KVM_H
#define PV_KUNIT_FAKE_KVM_H

#include <pv/fake.h>

/*
 * pv_init() on a KVM that offers these features (KVM_FEATURE_*) and gives these hints
 * (KVM_HINTS_*), on a CPU with a local APIC. What pv_init() returns.
 */
int fake_kvm_begin(const struct pv_boot_info *boot, uint32_t features, uint32_t hints);

#endif
