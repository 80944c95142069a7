/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the timer and its sources: a hypervisor's folder registers its own; the local APIC's is
 * used where none did.
 */
#ifndef PV_CORE_TIMER_H
#define PV_CORE_TIMER_H

#include <pv/config.h>
#include <pv/timer.h>

/* A deadline that is none. */
#define PV_TIMER_NEVER (~0ull)

struct pv_timer_source {
	/*
	 * Has CPU `cpu`, which is this one, use it. 0 or PV_E*. stop: its mirror. Context: control.
	 */
	int (*start)(unsigned int cpu);
	void (*stop)(unsigned int cpu);
	/*
	 * This CPU's timer goes off at `deadline_ns` of pv_timer_now(), PV_TIMER_NEVER for never,
	 * and pv_timer_fire() is called then. 0 or PV_E*. Context: any, on CPU `cpu`.
	 */
	int (*set)(unsigned int cpu, uint64_t deadline_ns);
};

/* Of each CPU; written by that CPU alone. */
struct pv_timer_state {
	pv_timer_fn fn; /* NULL: not started */
	void *arg;
	uint64_t deadline;
} PV_ALIGNED(64);

extern struct pv_timer_state pv_timers[PV_CONFIG_MAX_CPUS];

/* The source from now on; NULL for none, and every CPU's timer is stopped. Context: control. */
void pv_timer_register(const struct pv_timer_source *source);

/*
 * Time is `now` on this CPU: calls the function if its deadline has passed. The deadline that is
 * left, PV_TIMER_NEVER for none. Context: interrupt.
 */
uint64_t pv_timer_fire(unsigned int cpu, uint64_t now);

/* The deadline of CPU `cpu`, PV_TIMER_NEVER for none. */
static inline uint64_t pv_timer_deadline(unsigned int cpu)
{
	return cpu < PV_CONFIG_MAX_CPUS && pv_timers[cpu].fn ? pv_timers[cpu].deadline
							     : PV_TIMER_NEVER;
}

/* lapic_timer.c */
extern const struct pv_timer_source pv_lapic_timer;

#endif
