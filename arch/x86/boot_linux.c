/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Boot information of the Linux x86 boot protocol, as loaders of 64-bit images fill it: a page, of
 * which these fields are read. Linux Documentation/arch/x86/zero-page.rst, boot.rst.
 */
#include <pv/err.h>
#include <pv/string.h>

#include "arch/x86/boot_info.h"

#define ZERO_PAGE_SIZE 4096

#define ACPI_RSDP_ADDR	  0x070 /* 64 bits */
#define EXT_RAMDISK_IMAGE 0x0c0 /* 32 bits, the upper half of ramdisk_image */
#define EXT_RAMDISK_SIZE  0x0c4
#define EXT_CMD_LINE_PTR  0x0c8
#define E820_ENTRIES	  0x1e8 /* 8 bits */
#define HEADER		  0x202 /* "HdrS" */
#define RAMDISK_IMAGE	  0x218 /* 32 bits */
#define RAMDISK_SIZE	  0x21c
#define CMD_LINE_PTR	  0x228
#define E820_TABLE	  0x2d0
#define E820_MAX	  128 /* entries in the page */
#define E820_ENTRY_SIZE	  20  /* base 64 bits, size 64 bits, type 32 bits, unaligned */

static uint32_t get32(const uint8_t *page, unsigned int offset)
{
	uint32_t v;

	pv_memcpy(&v, page + offset, sizeof(v));
	return v;
}

static uint64_t get64(const uint8_t *page, unsigned int offset)
{
	uint64_t v;

	pv_memcpy(&v, page + offset, sizeof(v));
	return v;
}

static uint64_t get_halves(const uint8_t *page, unsigned int low, unsigned int high)
{
	return (uint64_t)get32(page, high) << 32 | get32(page, low);
}

static void copy_e820(struct pv_boot_info *info, const uint8_t *page)
{
	unsigned int n = page[E820_ENTRIES], i, at;

	if (n > E820_MAX) {
		pv_boot_drop(info, n - E820_MAX);
		n = E820_MAX;
	}
	for (i = 0, at = E820_TABLE; i < n; i++, at += E820_ENTRY_SIZE)
		pv_boot_add_range(info, get64(page, at), get64(page, at + 8), get32(page, at + 16));
}

int pv_boot_from_linux(struct pv_boot_info *info, uint64_t pa, pv_boot_map_fn phys_to_virt)
{
	const uint8_t *page = phys_to_virt(pa, ZERO_PAGE_SIZE);

	pv_boot_begin(info, PV_BOOT_LINUX);
	if (!page || pv_memcmp(page + HEADER, "HdrS", 4))
		return PV_EINVAL;
	info->rsdp = get64(page, ACPI_RSDP_ADDR);
	copy_e820(info, page);
	pv_boot_add_module(info, get_halves(page, RAMDISK_IMAGE, EXT_RAMDISK_IMAGE),
			   get_halves(page, RAMDISK_SIZE, EXT_RAMDISK_SIZE));
	return pv_boot_copy_cmdline(info, get_halves(page, CMD_LINE_PTR, EXT_CMD_LINE_PTR),
				    phys_to_virt);
}
