/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The memory map of a PVH guest whose start info has none: version 0, as Xen before 4.11 fills it.
 * Xen tells it by a hypercall.
 */
#include <pv/detect.h>
#include <pv/err.h>

#include "arch/x86/boot_info.h"
#include "hypercall/xen_call.h"
#include "hypercall/xen_memory.h"

struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} PV_PACKED;

int pv_boot_xen_memmap(struct pv_boot_info *info)
{
	static struct e820_entry entry[PV_BOOT_MAX_RANGES];
	struct xen_memory_map map = {.nr_entries = PV_BOOT_MAX_RANGES};
	struct pv_platform platform;
	unsigned int i;
	int err;

	pv_detect(&platform, pv_cpuid, PV_HINT_PVH);
	if (platform.hypervisor != PV_HV_XEN)
		return PV_ENODEV;
	pv_xen_call_init(platform.xen_mode, platform.cpu_vendor);
	set_xen_guest_handle(map.buffer, entry);
	err = pv_xen_memory_memory_map(&map);
	if (err)
		return err;
	for (i = 0; i < map.nr_entries && i < PV_BOOT_MAX_RANGES; i++)
		pv_boot_add_range(info, entry[i].addr, entry[i].size, entry[i].type);
	return 0;
}
