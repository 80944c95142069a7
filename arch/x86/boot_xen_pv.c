/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Boot information of a Xen PV guest: xen.h, struct start_info.
 *
 * There is no memory map: the guest's frames are numbered from 0 to nr_pages - 1, all of them RAM.
 * What Xen and the toolstack put there beside the image and the modules is mapped, and stays as it
 * is: one reserved range around it. It takes in the pages of xenstore and console, which are known
 * by their machine frames only.
 */
#include <pv/abi/xen.h>
#include <pv/err.h>
#include <pv/string.h>

#include "arch/x86/boot_info.h"

#define MAX_PAGES (1ull << 34) /* 64 TiB */

/* A piece of the guest's frames: first, and behind the last. */
struct piece {
	uint64_t first, end;
};

/* Extends `p` by what is mapped at `va`. PV_EINVAL if that is not the guest's memory. */
static int take_in(struct piece *p, const struct start_info *start, uint64_t virt_base, uint64_t va,
		   uint64_t len)
{
	uint64_t size = start->nr_pages << PV_PAGE_SHIFT;
	uint64_t pa = va - virt_base;

	if (!len || pa >= size || len > size - pa)
		return PV_EINVAL;
	if (pa >> PV_PAGE_SHIFT < p->first)
		p->first = pa >> PV_PAGE_SHIFT;
	if ((pa + len - 1) >> PV_PAGE_SHIFT >= p->end)
		p->end = ((pa + len - 1) >> PV_PAGE_SHIFT) + 1;
	return 0;
}

static bool find_mfn(const struct start_info *start, uint64_t mfn, struct piece in, uint64_t *pfn)
{
	const unsigned long *p2m = (const unsigned long *)start->mfn_list;

	for (*pfn = in.first; *pfn < in.end; (*pfn)++)
		if (p2m[*pfn] == mfn)
			return true;
	return false;
}

/* Extends `p` by the page with this machine frame, which is most likely in it. */
static void take_in_mfn(struct piece *p, const struct start_info *start, uint64_t mfn)
{
	struct piece all = {0, start->nr_pages};
	uint64_t pfn;

	if (!mfn || find_mfn(start, mfn, *p, &pfn) || !find_mfn(start, mfn, all, &pfn))
		return;
	if (pfn < p->first)
		p->first = pfn;
	else
		p->end = pfn + 1;
}

static int find_reserved(struct piece *p, const struct start_info *start, uint64_t virt_base)
{
	if (take_in(p, start, virt_base, (uintptr_t)start, sizeof(*start)) ||
	    take_in(p, start, virt_base, start->mfn_list, start->nr_pages * sizeof(xen_pfn_t)) ||
	    take_in(p, start, virt_base, start->pt_base, start->nr_pt_frames << PV_PAGE_SHIFT))
		return PV_EINVAL;
	take_in_mfn(p, start, start->store_mfn);
	if (!(start->flags & SIF_INITDOMAIN))
		take_in_mfn(p, start, start->console.domU.mfn);
	return 0;
}

static void copy_cmdline(struct pv_boot_info *info, const struct start_info *start)
{
	size_t n;

	for (n = 0; n < MAX_GUEST_CMDLINE && n < PV_BOOT_MAX_CMDLINE - 1 && start->cmd_line[n]; n++)
		info->cmdline[n] = (char)start->cmd_line[n];
	info->cmdline[n] = '\0';
}

int pv_boot_from_xen_pv(struct pv_boot_info *info, const void *start_info, uint64_t virt_base)
{
	const struct start_info *start = start_info;
	struct piece reserved = {~0ull, 0};
	uint64_t size, first, end;

	pv_boot_begin(info, PV_BOOT_XEN_PV);
	if (!start || pv_memcmp(start->magic, "xen-", 4) || !start->nr_pages ||
	    start->nr_pages > MAX_PAGES || find_reserved(&reserved, start, virt_base))
		return PV_EINVAL;
	copy_cmdline(info, start);
	size = start->nr_pages << PV_PAGE_SHIFT;
	first = reserved.first << PV_PAGE_SHIFT;
	end = reserved.end << PV_PAGE_SHIFT;
	pv_boot_add_range(info, 0, first, PV_RANGE_RAM);
	pv_boot_add_range(info, first, end - first, PV_RANGE_RESERVED);
	pv_boot_add_range(info, end, size - end, PV_RANGE_RAM);
	if (start->mod_len)
		pv_boot_add_module(info,
				   start->flags & SIF_MOD_START_PFN
					   ? (uint64_t)start->mod_start << PV_PAGE_SHIFT
					   : start->mod_start - virt_base,
				   start->mod_len);
	info->xen_start_info = start;
	return 0;
}
