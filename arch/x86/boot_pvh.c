/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Boot information of the x86/HVM direct boot ABI: Xen docs/misc/pvh.pandoc, and
 * arch-x86/hvm/start_info.h.
 */
#include <pv/abi/xen.h>
#include <pv/err.h>

#include "arch/x86/boot_info.h"

/* Version 0 ends before the memory map's address. */
#define SIZE_V0 offsetof(struct hvm_start_info, memmap_paddr)

static int copy_memmap(struct pv_boot_info *info, const struct hvm_start_info *start,
		       pv_boot_map_fn phys_to_virt)
{
	struct hvm_memmap_table_entry e;
	uint32_t i;

	for (i = 0; i < start->memmap_entries; i++) {
		/* Empty entries take no room, but looking at them has a bound, too. */
		if (info->num_ranges == PV_BOOT_MAX_RANGES || i == 16 * PV_BOOT_MAX_RANGES) {
			pv_boot_drop(info, start->memmap_entries - i);
			break;
		}
		if (pv_boot_copy(&e, start->memmap_paddr + (uint64_t)i * sizeof(e), sizeof(e),
				 phys_to_virt))
			return PV_EFAULT;
		pv_boot_add_range(info, e.addr, e.size, e.type);
	}
	return 0;
}

static int copy_modules(struct pv_boot_info *info, const struct hvm_start_info *start,
			pv_boot_map_fn phys_to_virt)
{
	struct hvm_modlist_entry e;
	uint32_t i;

	for (i = 0; i < start->nr_modules; i++) {
		if (info->num_modules == PV_BOOT_MAX_MODULES || i == 16 * PV_BOOT_MAX_MODULES) {
			pv_boot_drop(info, start->nr_modules - i);
			break;
		}
		if (pv_boot_copy(&e, start->modlist_paddr + (uint64_t)i * sizeof(e), sizeof(e),
				 phys_to_virt))
			return PV_EFAULT;
		pv_boot_add_module(info, e.paddr, e.size);
	}
	return 0;
}

int pv_boot_from_pvh(struct pv_boot_info *info, uint64_t pa, pv_boot_map_fn phys_to_virt)
{
	struct hvm_start_info start = {0};
	int err;

	pv_boot_begin(info, PV_BOOT_PVH);
	if (pv_boot_copy(&start, pa, SIZE_V0, phys_to_virt) ||
	    start.magic != XEN_HVM_START_MAGIC_VALUE)
		return PV_EINVAL;
	if (start.version >= 1 && pv_boot_copy(&start, pa, sizeof(start), phys_to_virt))
		return PV_EFAULT;
	info->rsdp = start.rsdp_paddr;
	err = pv_boot_copy_cmdline(info, start.cmdline_paddr, phys_to_virt);
	if (!err)
		err = copy_memmap(info, &start, phys_to_virt);
	if (!err)
		err = copy_modules(info, &start, phys_to_virt);
	if (!err && !start.memmap_entries)
		pv_boot_xen_memmap(info); /* what it lacks the kernel says: no memory */
	return err;
}
