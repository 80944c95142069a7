/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The part of the port that a kernel which polls, with one CPU and one thread, has no use for: ten
 * functions of <pv/os.h>, empty or refusing, as their comments there allow. It holds definitions:
 * one C file of the kernel includes it, and leaves it out when it has interrupts, CPUs or threads
 * to tell of.
 */
#ifndef PV_OS_POLLING_H
#define PV_OS_POLLING_H

#include <pv/os.h>

PV_BEGIN_DECLS

void pv_os_relax(void)
{
	__builtin_ia32_pause();
}

unsigned int pv_os_cpu(void)
{
	return 0;
}

void pv_os_control_lock(void)
{
}

void pv_os_control_unlock(void)
{
}

/* Such a kernel calls pv_work() now and then, or never. */
void pv_os_schedule_work(void)
{
}

int pv_os_irq_gsi(unsigned int gsi, bool level, pv_os_irq_fn fn, void *arg)
{
	(void)gsi;
	(void)level;
	(void)fn;
	(void)arg;
	return PV_ENOTSUP;
}

int pv_os_irq_intx(struct pv_pci_addr addr, unsigned int pin, unsigned int line, pv_os_irq_fn fn,
		   void *arg)
{
	(void)addr;
	(void)pin;
	(void)line;
	(void)fn;
	(void)arg;
	return PV_ENOTSUP;
}

int pv_os_irq_msi(unsigned int cpu, pv_os_irq_fn fn, void *arg, struct pv_msi_msg *msg)
{
	(void)cpu;
	(void)fn;
	(void)arg;
	(void)msg;
	return PV_ENOTSUP;
}

int pv_os_irq_vector(bool eoi, pv_os_irq_fn fn, void *arg, unsigned int *vector)
{
	(void)eoi;
	(void)fn;
	(void)arg;
	(void)vector;
	return PV_ENOTSUP;
}

/* Nothing was registered. */
void pv_os_irq_free(int irq)
{
	(void)irq;
}

PV_END_DECLS

#endif
