/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/err.h>
#include <pv/string.h>

#include "arch/x86/boot_info.h"

const char *pv_boot_protocol_name(enum pv_boot_protocol protocol)
{
	switch (protocol) {
	case PV_BOOT_UNKNOWN:
		return "unknown";
	case PV_BOOT_PVH:
		return "PVH";
	case PV_BOOT_LINUX:
		return "Linux 64-bit";
	case PV_BOOT_MULTIBOOT2:
		return "multiboot2";
	case PV_BOOT_XEN_PV:
		return "Xen PV";
	}
	return "unknown";
}

void pv_boot_begin(struct pv_boot_info *info, enum pv_boot_protocol protocol)
{
	info->protocol = protocol;
	info->rsdp = 0;
	info->num_ranges = 0;
	info->num_modules = 0;
	info->dropped = 0;
	info->cmdline[0] = '\0';
	info->xen_start_info = NULL;
}

void pv_boot_drop(struct pv_boot_info *info, uint32_t n)
{
	if (__builtin_add_overflow(info->dropped, n, &info->dropped))
		info->dropped = 0xffffffff;
}

void pv_boot_add_range(struct pv_boot_info *info, uint64_t base, uint64_t size, uint32_t type)
{
	struct pv_range *r = &info->range[info->num_ranges], *last = r - 1;

	if (!size)
		return;
	/* A firmware's map has many pieces, of which most are one to us. */
	if (info->num_ranges && last->type == type && last->base + last->size == base &&
	    base > last->base && base + (size - 1) >= base && last->size + size > size) {
		last->size += size;
		return;
	}
	if (info->num_ranges == PV_BOOT_MAX_RANGES || base + (size - 1) < base) {
		pv_boot_drop(info, 1);
		return;
	}
	r->base = base;
	r->size = size;
	r->type = type;
	info->num_ranges++;
}

void pv_boot_add_module(struct pv_boot_info *info, uint64_t base, uint64_t size)
{
	struct pv_module *m = &info->module[info->num_modules];

	if (!base || !size)
		return;
	if (info->num_modules == PV_BOOT_MAX_MODULES || base + (size - 1) < base) {
		pv_boot_drop(info, 1);
		return;
	}
	m->base = base;
	m->size = size;
	info->num_modules++;
}

int pv_boot_copy(void *dst, uint64_t pa, size_t len, pv_boot_map_fn phys_to_virt)
{
	const void *src;

	if (pa + len < pa)
		return PV_EFAULT;
	src = phys_to_virt(pa, len);
	if (!src)
		return PV_EFAULT;
	pv_memcpy(dst, src, len);
	return 0;
}

int pv_boot_copy_cmdline(struct pv_boot_info *info, uint64_t pa, pv_boot_map_fn phys_to_virt)
{
	size_t n = 0;

	info->cmdline[0] = '\0';
	/*
	 * Its length is not known before: page by page, so that nothing beyond its last page is
	 * asked for.
	 */
	while (pa && n < PV_BOOT_MAX_CMDLINE - 1) {
		size_t chunk = PV_PAGE_SIZE - (size_t)(pa & (PV_PAGE_SIZE - 1)), i;
		const char *text = phys_to_virt(pa, chunk);

		if (!text) {
			info->cmdline[0] = '\0';
			return PV_EFAULT;
		}
		for (i = 0; i < chunk && n < PV_BOOT_MAX_CMDLINE - 1 && text[i]; i++)
			info->cmdline[n++] = text[i];
		info->cmdline[n] = '\0';
		if (i < chunk)
			break;
		pa += chunk;
	}
	return 0;
}
