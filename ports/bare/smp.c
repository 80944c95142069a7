/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Further CPUs: each gets its structure and stacks, comes up through pv_cpu_start(), makes itself
 * what the boot CPU is, and calls the application. What a CPU has stays its own when it goes off,
 * and is used again.
 */
#include <pv/cpu.h>
#include <pv/wait.h>

#include "ports/bare/bare.h"

#define UP_MS 10000 /* for what a CPU does before it calls the application */

#define STACK_PAGES (sizeof(struct pv_bare_stacks) / PV_PAGE_SIZE)

static void begin(void *arg)
{
	struct pv_bare_cpu *cpu = arg;
	int err;

	pv_bare_cpu_init(cpu);
	if (pv_bare_pv)
		pv_bare_pv->trap_init();
	else
		pv_bare_trap_load();
	pv_bare_irq_cpu_init();
	err = pv_cpu_init();
	if (err)
		pv_err("CPU %u: pv_cpu_init() failed, error %d", cpu->number, err);
	__atomic_store_n(&cpu->up, true, __ATOMIC_RELEASE);
	if (!pv_bare_pv)
		__asm__ __volatile__("sti" : : : "memory");
	if (!err)
		cpu->main();
	pv_bare_irq_save();
	pv_cpu_exit();
	cpu->timer_started = false;
	pv_cpu_off();
}

static int guard(struct pv_bare_stacks *s, bool on)
{
	int err = pv_bare_guard(s->guard0, on);

	err = err ? err : pv_bare_guard(s->guard1, on);
	err = err ? err : pv_bare_guard(s->guard2, on);
	return err ? err : pv_bare_guard(s->guard3, on);
}

static struct pv_bare_cpu *prepare(unsigned int number)
{
	struct pv_bare_cpu *cpu = pv_bare_cpus[number];

	if (cpu)
		return cpu;
	cpu = pv_os_pages_alloc(1);
	if (!cpu)
		return NULL;
	cpu->stacks = pv_os_pages_alloc(STACK_PAGES);
	if (!cpu->stacks || guard(cpu->stacks, true)) {
		pv_os_pages_free(cpu, 1);
		return NULL;
	}
	cpu->number = number;
	pv_bare_cpus[number] = cpu;
	return cpu;
}

static bool is_up(void *arg)
{
	return __atomic_load_n((bool *)arg, __ATOMIC_ACQUIRE);
}

static int start(unsigned int number, void (*main)(void))
{
	struct pv_bare_cpu *cpu = prepare(number);
	int err;

	if (!cpu)
		return PV_ENOMEM;
	cpu->main = main;
	cpu->up = false;
	err = pv_cpu_start(number, begin, cpu, cpu->stacks->main + PV_BARE_STACK_SIZE);
	return err ? err : pv_wait_until(is_up, &cpu->up, UP_MS);
}

unsigned int pv_bare_cpus_start(void (*main)(void))
{
	unsigned int n = pv_cpu_find(pv_bare_boot()), i, running = 1;
	struct pv_cpu_info info;
	int err;

	for (i = 1; i < n; i++) {
		if (pv_cpu_get(i, &info) || !info.present)
			continue;
		err = info.started ? 0 : start(i, main);
		if (err)
			pv_err("CPU %u does not run, error %d", i, err);
		else
			running++;
	}
	return running;
}

_Static_assert(sizeof(struct pv_bare_cpu) <= PV_PAGE_SIZE, "prepare()");
