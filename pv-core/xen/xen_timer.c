/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's one-shot timer of each CPU (Xen public/vcpu.h, VCPUOP_set_singleshot_timer), whose end is
 * VIRQ_TIMER.
 *
 * There are two deadlines on it: the kernel's (pv-core/timer.c), and one of the library's own, at
 * which control work is asked for. The earlier is programmed. The VIRQ says no more than that
 * something may be due, and so does each of its further reasons: the handler looks at the clock,
 * and programs what is left.
 *
 * A deadline that has passed is programmed like any other, without VCPU_SSHOTTMR_future: Xen then
 * raises the VIRQ at once, where it would refuse it with that flag, or not, as it likes.
 */
#include <pv/clock.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>

#include "hypercall/xen.h"
#include "pv-core/clock.h"
#include "pv-core/timer.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_timer.h"

static struct {
	int port; /* VIRQ_TIMER's; 0: there is no timer */
	uint64_t wake;
} PV_ALIGNED(64) cpus[PV_CONFIG_MAX_CPUS];

/* Older than 3.1, or a Xen without that operation: the hypercall of before. */
static int program(unsigned int cpu, uint64_t deadline)
{
	uint64_t host = pv_clock_to_host(deadline);
	struct vcpu_set_singleshot_timer op = {.timeout_abs_ns = host};
	uint32_t vcpu = pv_xen_vcpu(cpu);
	int err;

	if (deadline == PV_TIMER_NEVER)
		err = pv_xen_vcpu_stop_singleshot_timer(vcpu);
	else
		err = pv_xen_vcpu_set_singleshot_timer(vcpu, &op);
	if (err == PV_ENOSYS)
		err = pv_xen_set_timer_op(deadline == PV_TIMER_NEVER ? 0 : host);
	return err;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool present(unsigned int cpu)
{
	return cpu < PV_CONFIG_MAX_CPUS && cpus[cpu].port > 0;
}

static int set(unsigned int cpu, uint64_t deadline)
{
	return program(cpu, earlier(deadline, cpus[cpu].wake));
}

static int start(unsigned int cpu)
{
	return present(cpu) ? 0 : PV_ENODEV;
}

/* What is left of it is the library's own deadline. */
static void stop(unsigned int cpu)
{
	(void)cpu;
}

static const struct pv_timer_source source = {.start = start, .stop = stop, .set = set};

void pv_xen_timer_wake(uint64_t deadline_ns)
{
	unsigned int cpu = pv_os_cpu();

	if (!present(cpu)) {
		pv_os_schedule_work();
		return;
	}
	if (cpus[cpu].wake <= deadline_ns)
		return;
	__atomic_store_n(&cpus[cpu].wake, deadline_ns, __ATOMIC_SEQ_CST);
	if (program(cpu, earlier(deadline_ns, pv_timer_deadline(cpu))))
		pv_os_schedule_work();
}

static void fired(void *arg)
{
	unsigned int cpu = (unsigned int)(uintptr_t)arg;
	uint64_t now = pv_clock_now(), left;

	if (cpus[cpu].wake <= now) {
		cpus[cpu].wake = PV_TIMER_NEVER;
		pv_os_schedule_work();
	}
	left = earlier(pv_timer_fire(cpu, now), cpus[cpu].wake);
	/* Deadlines that are met leave nothing to program: the timer has one shot. */
	if (left != PV_TIMER_NEVER)
		program(cpu, left);
}

static int bind(unsigned int cpu)
{
	int port;

	/* A PV guest's CPUs begin with a tick of 10 ms, others have none. */
	pv_xen_vcpu_stop_periodic_timer(pv_xen_vcpu(cpu));
	port = pv_evtchn_bind_virq(VIRQ_TIMER, cpu, fired, (void *)(uintptr_t)cpu);
	cpus[cpu].port = port > 0 ? port : 0;
	if (port < 0)
		pv_warn("Xen: no timer on CPU %u, error %d", cpu, port);
	return port < 0 ? port : 0;
}

int pv_xen_timer_cpu_start(unsigned int cpu)
{
	cpus[cpu].wake = PV_TIMER_NEVER;
	return bind(cpu);
}

void pv_xen_timer_resume(void)
{
	unsigned int cpu = pv_os_cpu();
	uint64_t left;

	if (!present(cpu) || bind(cpu))
		return;
	left = earlier(pv_timer_deadline(cpu), cpus[cpu].wake);
	if (left != PV_TIMER_NEVER)
		program(cpu, left);
}

void pv_xen_timer_cpu_stop(unsigned int cpu)
{
	if (!present(cpu))
		return;
	program(cpu, PV_TIMER_NEVER);
	pv_evtchn_close(cpus[cpu].port);
	cpus[cpu].port = 0;
}

void pv_xen_timer_start(void)
{
	pv_timer_register(&source);
}

void pv_xen_timer_exit(void)
{
	unsigned int cpu;

	pv_timer_register(NULL);
	for (cpu = 0; cpu < PV_CONFIG_MAX_CPUS; cpu++)
		pv_xen_timer_cpu_stop(cpu);
}
