/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * From the boot entry to the application: each part of the port in its order, then the library,
 * then pv_bare_main().
 */
#include "ports/bare/bare.h"

static const struct pv_boot_info *boot;

const struct pv_boot_info *pv_bare_boot(void)
{
	return boot;
}

/* The rest, on the main stack, whose guard page is in place. */
static void start(void)
{
	const struct pv_init_args args = {.boot = boot,
					  .hypervisors = pv_bare_hv_table(),
					  .buses = pv_bare_buses,
					  .drivers = pv_bare_drivers};
	int err;

	pv_bare_irq_init();
	err = pv_init(&args);
	if (err)
		pv_os_panic("pv_init() failed");
	pv_bare_time_init();
	pv_bare_console_attach();
	pv_bare_exit(pv_bare_main(boot->cmdline));
}

void pv_os_main(const struct pv_boot_info *info)
{
	boot = info;
	pv_bare_hv_begin(info->protocol);
	pv_bare_console_init(info->protocol);
	pv_bare_log_level(info->cmdline);
	if (pv_bare_pv)
		pv_bare_pv->trap_init();
	else
		pv_bare_trap_init();
	pv_bare_cpu_init(&pv_bare_boot_cpu);
	if (info->protocol == PV_BOOT_UNKNOWN)
		pv_os_panic("the loader's information is malformed");
	if (!info->num_ranges)
		pv_os_panic("the loader gave no memory map");
	if (pv_bare_memory_init(info))
		pv_os_panic("no usable memory");
	pv_bare_on_stack(pv_bare_boot_cpu.stacks->main + PV_BARE_STACK_SIZE, start);
}

static struct pv_bare_lock control;

void pv_os_control_lock(void)
{
	pv_bare_lock(&control);
}

void pv_os_control_unlock(void)
{
	pv_bare_unlock(&control);
}
