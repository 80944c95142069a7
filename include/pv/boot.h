/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * One description of how the machine was handed over, whoever did it.
 *
 * The entries of arch/x86 fill it from the PVH start info, the Linux zero page, multiboot2's boot
 * information or Xen PV's start_info. A kernel that has its own boot code fills in what it knows,
 * or calls a parser itself. What a loader wrote is input like any other: counts and lengths are
 * bounded, and what does not fit is dropped and counted.
 */
#ifndef PV_BOOT_H
#define PV_BOOT_H

#include <pv/types.h>

PV_BEGIN_DECLS

#define PV_BOOT_MAX_RANGES  64
#define PV_BOOT_MAX_MODULES 8
#define PV_BOOT_MAX_CMDLINE 2048

/* By which boot protocol control came. */
enum pv_boot_protocol {
	PV_BOOT_UNKNOWN,
	PV_BOOT_PVH,   /* Xen's x86/HVM direct boot ABI */
	PV_BOOT_LINUX, /* Linux x86 boot protocol, 64-bit entry */
	PV_BOOT_MULTIBOOT2,
	PV_BOOT_XEN_PV
};

/*
 * Kinds of memory, numbered as in E820 (ACPI 6.4, table 15-4). Where ranges overlap, what is RAM by
 * one of them only is none.
 */
enum pv_range_type {
	PV_RANGE_RAM = 1,
	PV_RANGE_RESERVED = 2,
	PV_RANGE_ACPI = 3,
	PV_RANGE_NVS = 4,
	PV_RANGE_UNUSABLE = 5,
	PV_RANGE_PMEM = 7
};

struct pv_range {
	uint64_t base; /* physical address */
	uint64_t size; /* bytes, not 0 */
	uint32_t type; /* enum pv_range_type, or another E820 type as it came */
};

/* A module: initial RAM disk, or whatever else the loader put into memory. */
struct pv_module {
	uint64_t base; /* physical address */
	uint64_t size; /* bytes */
};

struct pv_boot_info {
	enum pv_boot_protocol protocol;
	uint64_t rsdp; /* physical address of ACPI's RSDP; 0 if not told */
	uint32_t num_ranges;
	uint32_t num_modules;
	uint32_t dropped; /* ranges and modules that did not fit */
	struct pv_range range[PV_BOOT_MAX_RANGES];
	struct pv_module module[PV_BOOT_MAX_MODULES];
	char cmdline[PV_BOOT_MAX_CMDLINE]; /* always terminated */
	/*
	 * Xen PV: its start_info (<xen/xen.h>), whose mfn_list is the table from the guest's frame
	 * numbers to the machine's; both are mapped where they say and stay so. NULL otherwise.
	 */
	const void *xen_start_info;
};

/* "PVH", "Linux 64-bit", ... Context: any. */
const char *pv_boot_protocol_name(enum pv_boot_protocol protocol);

/*
 * Fills `*info` from an hvm_start_info (xen/arch-x86/hvm/start_info.h), or from a boot_params
 * (Linux Documentation/arch/x86/boot.rst), at physical address `pa`. `phys_to_virt` is how the
 * caller's page tables reach physical memory now; it returns NULL where they do not. 0, or
 * PV_EINVAL if there is no such structure at `pa`, PV_EFAULT if memory it names is out of reach.
 * Context: any; no port function is called.
 */
typedef const void *(*pv_boot_map_fn)(uint64_t pa, size_t len);
int pv_boot_from_pvh(struct pv_boot_info *info, uint64_t pa, pv_boot_map_fn phys_to_virt);
int pv_boot_from_linux(struct pv_boot_info *info, uint64_t pa, pv_boot_map_fn phys_to_virt);

/*
 * The same from multiboot2's boot information, which stays in use where it is (a reserved range).
 * That EBX held its address is known by EAX, 0x36d76289. Context: any.
 */
int pv_boot_from_multiboot2(struct pv_boot_info *info, uint64_t pa, pv_boot_map_fn phys_to_virt);

/*
 * The same from the start_info of a Xen PV guest, at its virtual address; `virt_base` is the one in
 * the note XEN_ELFNOTE_VIRT_BASE, at which the guest's frame 0 is mapped. 0, or PV_EINVAL if that
 * is no start_info, or names memory that the guest does not have.
 */
int pv_boot_from_xen_pv(struct pv_boot_info *info, const void *start_info, uint64_t virt_base);

/*
 * The value of the word `key=value` in a command line, or of the word `key` (then ""), copied to
 * `buf` and terminated. Words are separated by spaces; the last one wins, as in Linux.
 * Its length, or PV_ENOENT if there is no such word, PV_ERANGE if it does not fit.
 * Context: any.
 */
int pv_cmdline_get(const char *cmdline, const char *key, char *buf, size_t size);

/*
 * The same, as an unsigned number in C notation, with an optional K, M or G. 0, PV_ENOENT, or
 * PV_EINVAL if it is none. `*value` is only changed on success.
 */
int pv_cmdline_get_u64(const char *cmdline, const char *key, uint64_t *value);

PV_END_DECLS

#endif
