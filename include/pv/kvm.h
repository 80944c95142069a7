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
 * What KVM has for a kernel to decide. Each gives PV_ENOTSUP where KVM does not offer it, or is not
 * what this runs on.
 */

/*
 * Whether the host polls for a while when this CPU halts, before it gives the processor away:
 * latency for the host's time (MSR_KVM_POLL_CONTROL; it does from the start). Context: any, on that
 * CPU.
 */
int pv_kvm_host_polls(bool polls);

/* Whether the guest may be migrated now (MSR_KVM_MIGRATION_CONTROL). Context: any. */
int pv_kvm_allow_migration(bool allow);

/*
 * `pages` pages of 4 KiB from the guest-physical address `pa` are encrypted from now on, or shared
 * with the host (KVM_HC_MAP_GPA_RANGE): of a confidential guest. Otherwise KVM's error. Context:
 * any.
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
 * KVM_HC_CLOCK_PAIRING: the host reads its clock and the TSC together. PV_ENOTSUP also where the
 * host's clock is not the TSC; PV_ENODEV without kvmclock; PV_ENOMEM. Context: control.
 */
int pv_kvm_host_time(struct pv_kvm_host_time *out);

/*
 * ASYNCHRONOUS PAGE FAULTS
 *
 * A page that the guest touches may be on the host's disk. Instead of stopping the CPU until it has
 * been read, KVM can tell the guest: by a page fault, whose address is not one but a token; and,
 * when the page is there, by an interrupt with the same token. Meanwhile the CPU may do something
 * else (Linux Documentation/virt/kvm/x86/msr.rst, MSR_KVM_ASYNC_PF_EN, _INT, _ACK).
 */

/* The kernel's scheduler. */
struct pv_kvm_async_pf {
	/*
	 * What runs on this CPU cannot go on before ready() was called with the same token, on the
	 * same CPU. Returns when it can. Context: exception, interrupts off, of code that had them
	 * on.
	 */
	void (*wait)(void *arg, uint32_t token);
	/*
	 * Context: interrupt. The token may be PV_KVM_EVERY_PAGE: all that were waited for on this
	 * CPU.
	 */
	void (*ready)(void *arg, uint32_t token);
	void *arg;
};

#define PV_KVM_EVERY_PAGE 0xffffffffu

/*
 * KVM tells this CPU from now on, and others from their pv_cpu_init() on. `scheduler` stays valid;
 * NULL: the CPU waits in place, for interrupts. The kernel's page fault handler has to call
 * pv_kvm_page_fault(). 0; PV_ENOTSUP if KVM does not offer it, with the interrupt; PV_EBUSY if it
 * does already; PV_ENOMEM; or the port's error about a vector.
 * Context: control, on the boot CPU, before further CPUs are started. Until pv_shutdown().
 */
int pv_kvm_async_pf_start(const struct pv_kvm_async_pf *scheduler) PV_MUST_CHECK;

/*
 * To be called first by the handler of page faults, with CR2. True if the fault was KVM's word of a
 * page, and what was interrupted can go on. Context: exception, interrupts off.
 */
bool pv_kvm_page_fault(uint64_t cr2);

/* How many pages were waited for, and how many became ready, on CPU `cpu`. Context: any. */
struct pv_kvm_async_pf_stats {
	uint64_t waited;
	uint64_t ready;
};
void pv_kvm_async_pf_stats(unsigned int cpu, struct pv_kvm_async_pf_stats *out);

PV_END_DECLS

#endif
