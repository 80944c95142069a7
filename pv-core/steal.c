/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the host tells about the time that it gave to others. */
#include <pv/clock.h>

#include "pv-core/cpu.h"

uint64_t pv_clock_stolen_ns(unsigned int cpu)
{
	const struct pv_cpu_host *ops = pv_cpu_host();

	return ops && ops->stolen ? ops->stolen(cpu) : 0;
}

bool pv_clock_stolen_known(void)
{
	return pv_cpu_host() && pv_cpu_host()->stolen;
}

bool pv_cpu_preempted(unsigned int cpu)
{
	const struct pv_cpu_host *ops = pv_cpu_host();

	return ops && ops->preempted && ops->preempted(cpu);
}
