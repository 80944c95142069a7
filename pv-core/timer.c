/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel's timers, one for each CPU, over whichever source registered itself.
 *
 * A CPU's deadline is its own: it is set and taken back on that CPU. An interrupt between the two
 * stores of arming finds either deadline, and what it programs is replaced by the newer one right
 * after.
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/os.h>

#include "pv-core/timer.h"

#define NEVER (~0ull)

static struct {
	pv_timer_fn fn; /* NULL: not started */
	void *arg;
	uint64_t deadline;
} timers[PV_CONFIG_MAX_CPUS];

static const struct pv_timer_source *source;

void pv_timer_register(const struct pv_timer_source *new_source)
{
	unsigned int i;

	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++) {
		timers[i].fn = NULL;
		timers[i].deadline = NEVER;
	}
	source = new_source;
}

int pv_timer_start(pv_timer_fn fn, void *arg)
{
	unsigned int cpu = pv_os_cpu();

	if (cpu >= PV_CONFIG_MAX_CPUS)
		return PV_ENOSPC;
	if (!source || !source->present(cpu))
		return PV_ENODEV;
	if (timers[cpu].fn)
		return PV_EBUSY;
	timers[cpu].arg = arg;
	timers[cpu].deadline = NEVER;
	__atomic_store_n(&timers[cpu].fn, fn, __ATOMIC_RELEASE);
	return 0;
}

/* This CPU's, if it was started. */
static bool here(unsigned int *cpu)
{
	*cpu = pv_os_cpu();
	return source && *cpu < PV_CONFIG_MAX_CPUS && timers[*cpu].fn;
}

static int set(unsigned int cpu, uint64_t deadline)
{
	__atomic_store_n(&timers[cpu].deadline, deadline, __ATOMIC_SEQ_CST);
	return source->set(cpu, deadline);
}

void pv_timer_stop(void)
{
	unsigned int cpu;

	if (!here(&cpu))
		return;
	set(cpu, NEVER);
	timers[cpu].fn = NULL;
}

int pv_timer_arm(uint64_t deadline_ns)
{
	unsigned int cpu;

	if (!here(&cpu))
		return PV_ENODEV;
	return set(cpu, deadline_ns < NEVER ? deadline_ns : NEVER - 1);
}

void pv_timer_cancel(void)
{
	unsigned int cpu;

	if (here(&cpu))
		set(cpu, NEVER);
}

uint64_t pv_timer_deadline(unsigned int cpu)
{
	return timers[cpu].fn ? timers[cpu].deadline : NEVER;
}

uint64_t pv_timer_fire(unsigned int cpu, uint64_t now)
{
	uint64_t deadline = pv_timer_deadline(cpu);

	/* By a clock that its host broke it may be later than ever. */
	if (deadline < NEVER && deadline <= now) {
		timers[cpu].deadline = NEVER;
		timers[cpu].fn(timers[cpu].arg);
	}
	return pv_timer_deadline(cpu);
}
