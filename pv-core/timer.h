/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the timer and the hypervisors' folders: one of them registers its own as the source.
 */
#ifndef PV_CORE_TIMER_H
#define PV_CORE_TIMER_H

#include <pv/timer.h>

struct pv_timer_source {
	/*
	 * This CPU's timer goes off at `deadline_ns` of the clock, ~0 for never, and
	 * pv_timer_fire() is called then. 0 or PV_E*. Context: any, on CPU `cpu`.
	 */
	int (*set)(unsigned int cpu, uint64_t deadline_ns);
	/* Whether CPU `cpu` has one. */
	bool (*present)(unsigned int cpu);
};

/* The source from now on; NULL for none, and every CPU's timer is stopped. Context: control. */
void pv_timer_register(const struct pv_timer_source *source);

/*
 * Time is `now` on this CPU: calls the function if its deadline has passed. The deadline that is
 * left, ~0 for none. Context: interrupt.
 */
uint64_t pv_timer_fire(unsigned int cpu, uint64_t now);

/* The deadline of CPU `cpu`, ~0 for none. */
uint64_t pv_timer_deadline(unsigned int cpu);

#endif
