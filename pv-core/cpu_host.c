/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The hypervisor's own ways with CPUs. Apart from what uses them, which kernels with one CPU do not
 * link.
 */
#include "pv-core/cpu.h"

const struct pv_cpu_host *pv_cpu_registered;

void pv_cpu_register(const struct pv_cpu_host *ops)
{
	pv_cpu_registered = ops;
}
