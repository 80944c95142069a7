/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel's timers, one for each CPU, over whichever source there is.
 *
 * A CPU's deadline is its own: it is set and taken back on that CPU. An interrupt between the two
 * stores of arming finds either deadline, and what it programs is replaced by the newer one right
 * after.
 */
#include "pv-core/timer.h"

#include <pv/clock.h>
#include <pv/err.h>
#include <pv/os.h>

#include "pv-core/part.h"

static const struct pv_timer_source *registered; /* a hypervisor's */

static const struct pv_timer_source *source(void)
{
	return registered ? registered : &pv_lapic_timer;
}

uint64_t pv_timer_now(void)
{
	return pv_clock_present() ? pv_clock_now() : pv_os_uptime_ns();
}

void pv_timer_register(const struct pv_timer_source *new_source)
{
	unsigned int i;

	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++) {
		pv_timers[i].fn = NULL;
		pv_timers[i].deadline = PV_TIMER_NEVER;
	}
	registered = new_source;
}

/* --- a CPU's ---------------------------------------------------------------------------------- */

static bool started(unsigned int cpu)
{
	return cpu < PV_CONFIG_MAX_CPUS && pv_timers[cpu].fn;
}

static bool here(unsigned int *cpu)
{
	*cpu = pv_os_cpu();
	return started(*cpu);
}

static int set(unsigned int cpu, uint64_t deadline)
{
	__atomic_store_n(&pv_timers[cpu].deadline, deadline, __ATOMIC_SEQ_CST);
	return source()->set(cpu, deadline);
}

static void stop(unsigned int cpu)
{
	if (!started(cpu))
		return;
	set(cpu, PV_TIMER_NEVER);
	pv_timers[cpu].fn = NULL;
	source()->stop(cpu);
}

static void end(void)
{
	stop(pv_os_cpu());
}

static struct pv_part part = {.cpu_stop = stop, .end = end};

static int start(unsigned int cpu, pv_timer_fn fn, void *arg)
{
	int err;

	if (cpu >= PV_CONFIG_MAX_CPUS)
		return PV_ENOSPC;
	if (pv_timers[cpu].fn)
		return PV_EBUSY;
	err = source()->start(cpu);
	if (err)
		return err;
	pv_part_attach(&part);
	pv_timers[cpu].arg = arg;
	pv_timers[cpu].deadline = PV_TIMER_NEVER;
	__atomic_store_n(&pv_timers[cpu].fn, fn, __ATOMIC_RELEASE);
	return 0;
}

/*
 * A hypervisor's timers are each CPU's own. Those of the local APICs have a vector in common; and
 * the lock is not taken for the others, because they may be started by the port while it waits for
 * the library.
 */
int pv_timer_start(pv_timer_fn fn, void *arg)
{
	int err;

	if (registered)
		return start(pv_os_cpu(), fn, arg);
	pv_os_control_lock();
	err = start(pv_os_cpu(), fn, arg);
	pv_os_control_unlock();
	return err;
}

void pv_timer_stop(void)
{
	if (registered) {
		end();
		return;
	}
	pv_os_control_lock();
	end();
	pv_os_control_unlock();
}

int pv_timer_arm(uint64_t deadline_ns)
{
	unsigned int cpu;

	if (!here(&cpu))
		return PV_ENODEV;
	return set(cpu, deadline_ns < PV_TIMER_NEVER ? deadline_ns : PV_TIMER_NEVER - 1);
}

void pv_timer_cancel(void)
{
	unsigned int cpu;

	if (here(&cpu))
		set(cpu, PV_TIMER_NEVER);
}

uint64_t pv_timer_fire(unsigned int cpu, uint64_t now)
{
	uint64_t deadline = pv_timer_deadline(cpu);

	/* By a clock that its host broke it may be later than ever. */
	if (deadline < PV_TIMER_NEVER && deadline <= now) {
		pv_timers[cpu].deadline = PV_TIMER_NEVER;
		pv_timers[cpu].fn(pv_timers[cpu].arg);
	}
	return pv_timer_deadline(cpu);
}

void pv_timer_poll(void)
{
	uint64_t left;
	unsigned int cpu;

	if (!here(&cpu))
		return;
	left = pv_timer_fire(cpu, pv_timer_now());
	if (left != PV_TIMER_NEVER)
		source()->set(cpu, left);
}
