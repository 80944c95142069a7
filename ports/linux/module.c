/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv.ko: the library in a Linux kernel.
 *
 * Linux is a guest already: the clock areas, event channels, xenstore's ring and devices of the
 * machine are its own. So the module names no hypervisor, bus or driver to pv_init(), which then
 * detects what the kernel runs on and touches nothing; other modules call what exports.c exports.
 */
#include "port.h"

#include <linux/module.h>
#include <pv/pv.h>
#include <xen/xen.h>

static struct pv_boot_info boot;

static int __init pv_module_init(void)
{
	const struct pv_init_args args = {.boot = &boot};

	if (xen_pv_domain())
		boot.protocol = PV_BOOT_XEN_PV;
	else if (xen_pvh_domain())
		boot.protocol = PV_BOOT_PVH;
	return pv_init(&args);
}

static void __exit pv_module_exit(void)
{
	pv_shutdown();
	pv_linux_work_end();
}

module_init(pv_module_init);
module_exit(pv_module_exit);

MODULE_DESCRIPTION("Paravirtual guest library");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(PV_VERSION);
