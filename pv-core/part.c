/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "pv-core/part.h"

static struct pv_part *parts; /* the one that was attached last comes first */

void pv_part_attach(struct pv_part *part)
{
	/*
	 * Several CPUs may use it first at once: a hypervisor's timers are each CPU's own, and take
	 * no lock.
	 */
	if (__atomic_exchange_n(&part->attached, true, __ATOMIC_SEQ_CST))
		return;
	part->next = __atomic_load_n(&parts, __ATOMIC_ACQUIRE);
	while (!__atomic_compare_exchange_n(&parts, &part->next, part, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_ACQUIRE))
		;
}

int pv_parts_cpu_start(unsigned int cpu)
{
	struct pv_part *p;
	int err = 0;

	for (p = parts; p && !err; p = p->next)
		if (p->cpu_start)
			err = p->cpu_start(cpu);
	if (err)
		pv_parts_cpu_stop(cpu);
	return err;
}

void pv_parts_cpu_stop(unsigned int cpu)
{
	struct pv_part *p;

	for (p = parts; p; p = p->next)
		if (p->cpu_stop)
			p->cpu_stop(cpu);
}

int pv_parts_work(void)
{
	struct pv_part *p;
	int done = 0;

	for (p = parts; p; p = p->next)
		if (p->work)
			done += p->work();
	return done;
}

void pv_parts_end(void)
{
	struct pv_part *p;

	while (parts) {
		p = parts;
		parts = p->next;
		p->attached = false;
		if (p->end)
			p->end();
	}
}
