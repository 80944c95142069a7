/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_XEN_SMP_H
#define PV_CORE_XEN_XEN_SMP_H

#include <pv/abi/xen.h>
#include <pv/shared.h>

/* As struct pv_cpu_host has them (pv-core/cpu.h). */
int pv_xen_ipi_open(unsigned int ipi, unsigned int cpu, void (*fn)(void *arg), void *arg);
void pv_xen_ipi_close(unsigned int ipi, unsigned int cpu);
int pv_xen_ipi_send(unsigned int ipi, unsigned int cpu);
uint64_t pv_xen_stolen(unsigned int cpu);
bool pv_xen_preempted(unsigned int cpu);
void pv_xen_wait(unsigned int cpu);
void pv_xen_kick(unsigned int cpu);
void pv_xen_yield(unsigned int cpu);
int pv_xen_flush(const uint64_t *cpus);

/* Begins, on the boot CPU too; and its mirror. Context: control, boot CPU. */
void pv_xen_smp_begin(void);
void pv_xen_smp_end(void);

/*
 * The boot CPU's, in a new domain: binds and registers anew. Context: control, boot CPU, the others
 * down.
 */
void pv_xen_smp_resume(void);

/*
 * This CPU's runstate and the port that it waits by, its events in place. What fails is not used.
 * Context: control.
 */
void pv_xen_smp_cpu_start(unsigned int cpu);
void pv_xen_smp_cpu_stop(unsigned int cpu);

/*
 * What an area says: nanoseconds stolen, and the RUNSTATE_* the CPU is in. False if it never
 * settled.
 * Context: any.
 */
bool pv_xen_runstate_read(const struct vcpu_runstate_info PV_SHARED *area, uint64_t *stolen,
			  int *state);

#endif
