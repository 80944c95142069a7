/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Reading steal time (Linux Documentation/virt/kvm/x86/msr.rst, MSR_KVM_STEAL_TIME), under a
 * version protocol like that of the clock: odd while KVM writes, and another one afterwards.
 */
#include "arch/x86/x86.h"
#include "pv-core/kvm/kvm_cpu.h"

#define TRIES 1000

uint64_t pv_kvm_steal_read(const struct kvm_steal_time PV_SHARED *area)
{
	uint32_t version;
	unsigned int i;
	uint64_t ns;

	for (i = 0; i < TRIES; i++) {
		/* Pairs with KVM's barriers around what it writes. */
		version = pv_shared_read_acquire(&area->version);
		ns = pv_shared_read(&area->steal);
		pv_barrier();
		if (!(version & 1) && pv_shared_read(&area->version) == version)
			return ns;
		pv_pause();
	}
	return 0;
}
