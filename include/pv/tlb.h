/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Flushing the TLBs of other CPUs.
 *
 * Xen: by one hypercall (PV: MMUEXT_TLB_FLUSH_MULTI; PVH, HVM: HVMOP_flush_tlbs). KVM: a vCPU that
 * does not run has it done by KVM when it runs again (feature PV_TLB_FLUSH); the others, and those
 * of any other machine, are interrupted (pv_ipi_open()) and do it themselves.
 */
#ifndef PV_TLB_H
#define PV_TLB_H

#include <pv/cpu.h>

PV_BEGIN_DECLS

/*
 * Takes one of the PV_CONFIG_IPIS, where interrupts are needed. 0, or pv_ipi_open()'s. Context: as
 * pv_ipi_open().
 */
int pv_tlb_start(void) PV_MUST_CHECK;

/*
 * Flushes all translations that are not global, on the CPUs of a set that run; this one's are
 * flushed if it is in it. On return it is done. 0, or PV_ETIMEDOUT if one did not answer within
 * PV_CONFIG_CPU_MS: interrupts are off there. Context: control or data, interrupts on; CPUs that do
 * so at the same time wait for each other.
 */
int pv_tlb_flush(const uint64_t *cpus);

/* How often, and how many CPUs were interrupted for it, or left to the host. */
struct pv_tlb_stats {
	uint64_t flushes;
	uint64_t interrupted;
	uint64_t left_to_host;
};
void pv_tlb_stats(struct pv_tlb_stats *out);

PV_END_DECLS

#endif
