/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Interrupts that CPUs send to each other.
 *
 *	ipi = pv_ipi_open(wake, NULL);		before further CPUs are started
 *	pv_ipi_send(ipi, 2);			wake(NULL) is called on CPU 2
 *
 * Xen: an event channel for each CPU (EVTCHNOP_bind_ipi). Elsewhere a vector of the port's, sent
 * through the local APIC; to several CPUs on KVM by one hypercall (KVM_HC_SEND_IPI).
 *
 * What is sent while the function has not been called yet for the last time is one call; the
 * function is called once at least after each send.
 */
#ifndef PV_IPI_H
#define PV_IPI_H

#include <pv/cpu.h>

PV_BEGIN_DECLS

/* Context: interrupt, on the CPU that it was sent to. */
typedef void (*pv_ipi_fn)(void *arg);

/*
 * A number >= 0 for pv_ipi_send(). This CPU can be sent to at once, others from their pv_cpu_init()
 * on. PV_ENOSPC if there are PV_CONFIG_IPIS, PV_ENOTSUP without interrupts, or the hypervisor's
 * error.
 * Context: control, on the boot CPU, after pv_cpu_find(), before pv_cpu_start().
 */
int pv_ipi_open(pv_ipi_fn fn, void *arg) PV_MUST_CHECK;

/* Its mirror; the function is not called any more. Context: control, no CPU sends. */
void pv_ipi_close(int ipi);

/*
 * 0; PV_EINVAL if that number is not open, PV_ENOENT if there is no such CPU, or it has not
 * started; or the hypervisor's error. Context: any.
 */
int pv_ipi_send(int ipi, unsigned int cpu);

/*
 * To all CPUs of a set; this one, too, if it is in it. As pv_ipi_send(), but CPUs that do not run
 * are left out, and for a number that is not open nothing is sent.
 */
void pv_ipi_send_set(int ipi, const uint64_t *cpus);

PV_END_DECLS

#endif
