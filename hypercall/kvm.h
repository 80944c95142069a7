/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Hypercalls of KVM, each with its own types.
 *
 * VMCALL is Intel's instruction and VMMCALL AMD's. KVM handles the wrong one by rewriting the
 * guest's code, which fails where that is read-only; so the right one is chosen once, by the CPU's
 * vendor.
 *
 * Results are 0 or a count, or PV_E*: PV_ENOSYS if KVM does not know the call (its feature bit
 * tells before), PV_EPERM if it is made from user mode. Context: any. None sleeps.
 */
#ifndef PV_HYPERCALL_KVM_H
#define PV_HYPERCALL_KVM_H

#include <pv/abi/kvm.h>
#include <pv/err.h>
#include <pv/types.h>

#include "arch/x86/x86.h"

/* Set by pv_kvm_hypercall_init(). */
extern bool pv_kvm_use_vmmcall;

/* Chooses the instruction; `cpu_vendor` as in struct pv_platform. */
void pv_kvm_hypercall_init(const char *cpu_vendor);

/* KVM's error numbers are ours, but for ENOSYS. */
static inline long pv_kvm_result(long r)
{
	return r == -KVM_ENOSYS ? PV_ENOSYS : r;
}

static inline long pv_kvm_hypercall4(unsigned int nr, unsigned long a0, unsigned long a1,
				     unsigned long a2, unsigned long a3)
{
	if (pv_kvm_use_vmmcall)
		return pv_kvm_result(pv_vmmcall(nr, a0, a1, a2, a3));
	return pv_kvm_result(pv_vmcall(nr, a0, a1, a2, a3));
}

static inline long pv_kvm_hypercall3(unsigned int nr, unsigned long a0, unsigned long a1,
				     unsigned long a2)
{
	return pv_kvm_hypercall4(nr, a0, a1, a2, 0);
}

static inline long pv_kvm_hypercall2(unsigned int nr, unsigned long a0, unsigned long a1)
{
	return pv_kvm_hypercall4(nr, a0, a1, 0, 0);
}

static inline long pv_kvm_hypercall1(unsigned int nr, unsigned long a0)
{
	return pv_kvm_hypercall4(nr, a0, 0, 0, 0);
}

static inline long pv_kvm_hypercall0(unsigned int nr)
{
	return pv_kvm_hypercall4(nr, 0, 0, 0, 0);
}

/* Has KVM look for pending interrupts. Does nothing else: 0 says that hypercalls are answered. */
static inline long pv_kvm_vapic_poll_irq(void)
{
	return pv_kvm_hypercall0(KVM_HC_VAPIC_POLL_IRQ);
}

/* Wakes the vCPU with this APIC id from HLT. Feature PV_UNHALT. */
static inline long pv_kvm_kick_cpu(uint32_t apic_id)
{
	return pv_kvm_hypercall2(KVM_HC_KICK_CPU, 0, apic_id);
}

/*
 * Has KVM write the host's wall clock, and the guest's TSC at that moment, to the structure at this
 * guest-physical address. PV_ENOTSUP if the host's clock is not the TSC.
 */
static inline long pv_kvm_clock_pairing(uint64_t pairing_pa)
{
	return pv_kvm_hypercall2(KVM_HC_CLOCK_PAIRING, pairing_pa, KVM_CLOCK_PAIRING_WALLCLOCK);
}

/*
 * Sends an interrupt to up to 128 vCPUs: bit n of `low` is APIC id `first + n`, of `high`
 * `first + 64 + n`. `icr` is the low half of the interrupt command register: vector and delivery
 * mode. To how many it was delivered. Feature PV_SEND_IPI.
 */
static inline long pv_kvm_send_ipi(uint64_t low, uint64_t high, uint32_t first, uint32_t icr)
{
	return pv_kvm_hypercall4(KVM_HC_SEND_IPI, low, high, first, icr);
}

/* Gives the rest of the time slice to the vCPU with this APIC id. Feature PV_SCHED_YIELD. */
static inline long pv_kvm_sched_yield(uint32_t apic_id)
{
	return pv_kvm_hypercall1(KVM_HC_SCHED_YIELD, apic_id);
}

/*
 * Tells that `pages` pages of 4 KiB from `pa` are encrypted from now on, or shared with the host.
 * Feature HC_MAP_GPA_RANGE.
 */
static inline long pv_kvm_map_gpa_range(uint64_t pa, uint64_t pages, bool encrypted)
{
	return pv_kvm_hypercall3(KVM_HC_MAP_GPA_RANGE, pa, pages,
				 KVM_MAP_GPA_RANGE_PAGE_SZ_4K |
					 (encrypted ? KVM_MAP_GPA_RANGE_ENCRYPTED : 0));
}

#endif
