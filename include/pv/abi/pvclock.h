/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The pvclock pages that Xen and KVM share.
 *
 * Xen public/xen.h, struct vcpu_time_info and shared_info's wc_*; Linux
 * Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW and MSR_KVM_WALL_CLOCK_NEW. The
 * layout is written down here because KVM's own header (asm/pvclock-abi.h) is not installed for
 * user space.
 */
#ifndef PV_ABI_PVCLOCK_H
#define PV_ABI_PVCLOCK_H

#include <pv/types.h>

/*
 * time = system_time + (((tsc - tsc_timestamp) << tsc_shift) * tsc_to_system_mul >> 32)
 * A negative shift is a shift to the right.
 */
struct pvclock_vcpu_time_info {
	uint32_t version; /* odd while the host writes */
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time; /* ns */
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;
	uint8_t pad[2];
};

#define PVCLOCK_TSC_STABLE_BIT 0x1 /* readings of all vCPUs are from one clock */
#define PVCLOCK_GUEST_STOPPED  0x2 /* the guest clears it */

/* The wall clock when system_time was 0. */
struct pvclock_wall_clock {
	uint32_t version;
	uint32_t sec;
	uint32_t nsec;
};

#if !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(struct pvclock_vcpu_time_info) == 32, "pvclock_vcpu_time_info");
_Static_assert(offsetof(struct pvclock_vcpu_time_info, tsc_shift) == 28, "tsc_shift");
_Static_assert(sizeof(struct pvclock_wall_clock) == 12, "pvclock_wall_clock");
#endif

#endif
