/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the clock and the hypervisors' folders: each registers its clock as a source.
 */
#ifndef PV_CORE_CLOCK_H
#define PV_CORE_CLOCK_H

#include <pv/abi/pvclock.h>
#include <pv/clock.h>
#include <pv/shared.h>

struct pv_clock_source {
	const char *name;
	uint8_t valid_flags; /* PVCLOCK_*, those that the hypervisor gives a meaning to */
	/*
	 * Has the hypervisor write this CPU's page, which is in `*page` afterwards, and stays until
	 * cpu_stop. 0 or PV_E*. Context: control, on CPU `cpu`.
	 */
	int (*cpu_start)(unsigned int cpu, struct pvclock_vcpu_time_info PV_SHARED **page);
	void (*cpu_stop)(unsigned int cpu);
	/* The wall clock when system_time was 0. 0 or PV_EAGAIN. Context: any. */
	int (*wall)(struct pv_wall_time *out);
	/* No CPU uses it any more: memory can be freed. Context: control. */
	void (*end)(void);
};

/*
 * Makes it the clock, and starts it on this CPU. 0, or what cpu_start said, and then there is no
 * clock. PV_ENODEV if its page holds no time. Context: control.
 */
int pv_clock_register(const struct pv_clock_source *source);

/*
 * The time at which this CPU's TSC is, or was, `tsc`, by its page. False if there is none. Context:
 * any.
 */
bool pv_clock_at(uint64_t tsc, uint64_t *ns);

/*
 * The machine runs on another host, perhaps, whose time is behind: from here on the clock is that
 * far ahead of the host's. Context: control, no other CPU runs.
 */
void pv_clock_resume(void);

/*
 * The host's time when the clock says `ns`; 0 for what is before the guest came there. Context:
 * any.
 */
uint64_t pv_clock_to_host(uint64_t ns);

/* On this CPU. 0 (also without a clock), PV_ENOSPC beyond PV_CONFIG_MAX_CPUS, or cpu_start's. */
int pv_clock_cpu_start(void);
void pv_clock_cpu_stop(void);

/* Ends the clock on this CPU. Its memory is freed if no other CPU is still in it. */
void pv_clock_end(void);

#endif
