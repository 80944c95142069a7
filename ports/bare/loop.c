/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Work loops: each CPU sleeps until it is woken, by an interrupt of its own or by another CPU. The
 * flag is what counts; the interrupt only ends the sleep, and is sent once for as many wakes as
 * come before the CPU took the flag back. It is set and taken by locked operations: whoever finds
 * it set already comes before the turn that follows its taking, and that turn sees what was written
 * before.
 */
#include <pv/cpu.h>
#include <pv/ipi.h>

#include "ports/bare/bare.h"

#define UNTOLD_NS 1000000ull /* how often CPUs look for work that cannot interrupt each other */

static int ipi = PV_ENOTSUP;
static bool several;

static void on_wake(void *arg)
{
	(void)arg;
	pv_bare_this()->irq.wakes++;
}

unsigned int pv_bare_loops_start(void (*loop)(void))
{
	if (pv_cpu_find(pv_bare_boot()) > 1 && !several) {
		several = true;
		ipi = pv_ipi_open(on_wake, NULL);
		if (ipi < 0)
			pv_warn("CPUs cannot wake each other, error %d", ipi);
	}
	return pv_bare_cpus_start(loop);
}

void pv_bare_wake(unsigned int cpu)
{
	struct pv_bare_cpu *to = cpu < PV_ARRAY_SIZE(pv_bare_cpus) ? pv_bare_cpus[cpu] : NULL;

	if (!to || __atomic_exchange_n(&to->woken, true, __ATOMIC_SEQ_CST))
		return;
	if (to != pv_bare_this() && ipi >= 0)
		(void)pv_ipi_send(ipi, cpu);
}

void pv_bare_wake_event(void *cpu)
{
	pv_bare_wake((unsigned int)(uintptr_t)cpu);
}

void pv_bare_idle(uint64_t max_ns)
{
	struct pv_bare_cpu *cpu = pv_bare_this();

	if (several && ipi < 0 && max_ns > UNTOLD_NS)
		max_ns = UNTOLD_NS;
	pv_bare_doze(&cpu->woken, max_ns);
	(void)__atomic_exchange_n(&cpu->woken, false, __ATOMIC_SEQ_CST);
}
