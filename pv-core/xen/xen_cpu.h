/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_XEN_CPU_H
#define PV_CORE_XEN_XEN_CPU_H

/* Makes Xen's way to find, start and stop CPUs that of pv-core/cpu.c. Context: control. */
void pv_xen_cpu_register(void);
void pv_xen_cpu_unregister(void);

/* In a new domain CPUs that were off have never been on. Context: control, alone. */
void pv_xen_cpus_forget(void);

#endif
