/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * KVM, for kernels.
 */
#ifndef PV_KVM_H
#define PV_KVM_H

#include <pv/hv.h>

PV_BEGIN_DECLS

/* KVM, for the table of pv_init(): kvmclock (Linux Documentation/virt/kvm/x86/msr.rst). */
extern const struct pv_hv pv_kvm;

/*
 * What KVM has for a kernel to decide. Each gives PV_ENOTSUP where KVM does not offer it, or is not what this
 * runs on.
 */

/*
 * Whether the host polls for a while when this CPU halts, before it gives the processor away: latency for
 * the host's time (MSR_KVM_POLL_CONTROL; it does from the start). Context: any, on that CPU.
 */
int pv_kvm_host_polls(bool polls);

/* Whether the guest may be migrated now (MSR_KVM_MIGRATION_CONTROL). Context: any. */
int pv_kvm_allow_migration(bool allow);

/*
 * `pages` pages of 4 KiB from the guest-physical address `pa` are encrypted from now on, or shared with the host
 * (KVM_HC_MAP_GPA_RANGE): of a confidential guest. Otherwise KVM's error. Context: any.
 */
int pv_kvm_map_gpa(uint64_t pa, uint64_t pages, bool encrypted);

/* The host's wall clock and ours at one moment. */
struct pv_kvm_host_time {
	uint64_t sec; /* of the host, since 1970-01-01 00:00:00 UTC */
	uint32_t nsec;
	uint64_t clock_ns; /* pv_clock_now() */
	uint64_t error_ns; /* by which that may be wrong */
};

/*
 * KVM_HC_CLOCK_PAIRING: the host reads its clock and the TSC together. PV_ENOTSUP also where the host's clock is
 * not the TSC; PV_ENODEV without kvmclock; PV_ENOMEM. Context: control.
 */
int pv_kvm_host_time(struct pv_kvm_host_time *out);

PV_END_DECLS

#endif
