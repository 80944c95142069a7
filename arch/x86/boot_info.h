/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the boot protocols' parsers have in common: filling a struct pv_boot_info from a loader's
 * data, within its bounds.
 */
#ifndef PV_ARCH_BOOT_INFO_H
#define PV_ARCH_BOOT_INFO_H

#include <pv/boot.h>

/* Empties it. The tables need no clearing: their lengths are 0. */
void pv_boot_begin(struct pv_boot_info *info, enum pv_boot_protocol protocol);

/*
 * Appends a range, or a module. Empty ones are left out; those that wrap around, or for which there
 * is no room, are counted as dropped. A range that goes on where the last one of its type ended
 * makes that longer.
 */
void pv_boot_add_range(struct pv_boot_info *info, uint64_t base, uint64_t size, uint32_t type);
void pv_boot_add_module(struct pv_boot_info *info, uint64_t base, uint64_t size);

/* `n` more that were not looked at. */
void pv_boot_drop(struct pv_boot_info *info, uint32_t n);

/*
 * The command line at `pa`, cut to what fits; 0 for none. 0, or PV_EFAULT if it leaves reachable
 * memory before it ends.
 */
int pv_boot_copy_cmdline(struct pv_boot_info *info, uint64_t pa, pv_boot_map_fn phys_to_virt);

/* Xen's memory map of this guest, by hypercall. 0, PV_ENODEV if there is no Xen, or its error. */
int pv_boot_xen_memmap(struct pv_boot_info *info);

/* Copies `len` bytes at `pa`. 0 or PV_EFAULT. */
int pv_boot_copy(void *dst, uint64_t pa, size_t len, pv_boot_map_fn phys_to_virt);

#endif
