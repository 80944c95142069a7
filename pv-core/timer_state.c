/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the timers are set to. Apart from timer.c, which a kernel that only asks does not link. */
#include <pv/os.h>

#include "pv-core/timer.h"

struct pv_timer_state pv_timers[PV_CONFIG_MAX_CPUS];

bool pv_timer_next(uint64_t *deadline_ns)
{
	unsigned int cpu = pv_os_cpu();

	if (cpu >= PV_CONFIG_MAX_CPUS || !pv_timers[cpu].fn)
		return false;
	*deadline_ns = pv_timers[cpu].deadline;
	return true;
}
