/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Page tables of a PV guest.
 *
 * Xen maps the image and what it put behind it where the image is linked, and half a megabyte or
 * more beyond (xen.h, "START-OF-DAY MEMORY LAYOUT"). The guest may read page tables, but only Xen
 * writes them; and a frame that is mapped writable anywhere cannot become one. What is built here:
 *
 *	0xffff8800_00000000	direct map: RAM, by 4 KiB, but not the image, page tables, nor what
 *				Xen put there
 *	0xffffffff_80000000	the image, by its sections, and behind it what Xen put there; and no
 *				more
 *
 * So each frame has one address, and page tables, none at all after they are built.
 *
 * The tables are filled like any memory, one after the other through a window, a page of the image
 * whose mapping is moved from frame to frame. The lowest level comes first. In the end one entry of
 * the topmost table that is in use is all that is changed, and Xen looks at everything below it.
 */
#include "hypercall/xen_mmu.h"
#include "hypercall/xen_multicall.h"
#include "ports/bare/xen.h"

#define PTE_PRESENT  0x001ull
#define PTE_WRITE    0x002ull
#define PTE_ACCESSED 0x060ull /* and dirty */
#define PTE_NX	     (1ull << 63)
#define PTE_TABLE    (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)

/* The first address above Xen's own (__HYPERVISOR_VIRT_END), and its entry in the topmost table. */
#define DIRECT	    0xffff880000000000ull
#define DIRECT_SLOT 272
#define MAX_SLOTS   64 /* 32 TiB */

#define ENTRIES 512

/* Frames, numbered as the guest does. */
struct frames {
	uint64_t first, end;
};

static const struct start_info *start;
static uint64_t nx;
static struct frames image, xens, tables;
static uint64_t window[ENTRIES] PV_ALIGNED(PV_PAGE_SIZE);

/* Where `need` frames of RAM are; none: first is 0. */
static uint64_t need;
static uint64_t found;

static uint64_t mfn(uint64_t pfn)
{
	return ((const unsigned long *)start->mfn_list)[pfn];
}

static char *linked(uint64_t pfn)
{
	return pv_os_image_offset + (pfn << PV_PAGE_SHIFT);
}

static bool in(struct frames f, uint64_t pfn)
{
	return pfn >= f.first && pfn < f.end;
}

static void add_mapping(struct pv_multicall *m, const void *va, uint64_t pte)
{
	pv_multicall_add(m, __HYPERVISOR_update_va_mapping, (uintptr_t)va, pte, UVMF_INVLPG, 0, 0);
}

/* --- the image's own mapping ------------------------------------------------------------------ */

static void protect(struct pv_multicall *m, const char *from, const char *to, uint64_t flags)
{
	uint64_t pfn = pv_bare_image_phys(from) >> PV_PAGE_SHIFT;

	for (; from < to; from += PV_PAGE_SIZE, pfn++)
		add_mapping(m, from,
			    mfn(pfn) << PV_PAGE_SHIFT | PTE_PRESENT | PTE_ACCESSED | flags);
}

static int protect_image(void)
{
	const struct pv_bare_stacks *s = pv_bare_boot_cpu.stacks;
	struct pv_multicall m = {.n = 0};

	protect(&m, pv_bare_text, pv_bare_rodata, 0);
	protect(&m, pv_bare_rodata, pv_bare_data, nx);
	protect(&m, pv_bare_data, (const char *)s, nx | PTE_WRITE);
	protect(&m, (const char *)(s + 1), pv_bare_clean, nx | PTE_WRITE);
	add_mapping(&m, s->guard0, 0);
	protect(&m, (const char *)s->main, (const char *)s->guard1, nx | PTE_WRITE);
	add_mapping(&m, s->guard1, 0);
	return pv_multicall_flush(&m);
}

/*
 * Unmaps what Xen mapped beside the image and its own: up to where no table is, which is an error.
 */
static void unmap_rest(void)
{
	struct pv_multicall m = {.n = 0};
	uint64_t pfn;

	for (pfn = 0; pfn < start->nr_pages; pfn++) {
		if (in(image, pfn) || in(xens, pfn))
			continue;
		add_mapping(&m, linked(pfn), 0);
		if (m.n == PV_MULTICALL_MAX && pv_multicall_flush(&m))
			return;
	}
	(void)!pv_multicall_flush(&m);
}

/* --- the direct map --------------------------------------------------------------------------- */

static uint64_t tables_for(uint64_t entries)
{
	return (entries + ENTRIES - 1) / ENTRIES;
}

static uint64_t leaf(uint64_t pfn)
{
	if (in(image, pfn) || in(xens, pfn) || in(tables, pfn))
		return 0;
	return mfn(pfn) << PV_PAGE_SHIFT | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | nx;
}

/*
 * Fills tables from frame `table` on with `n` entries: leaves, or the tables that begin at frame
 * `below`.
 */
static int fill(uint64_t table, uint64_t n, bool leaves, uint64_t below)
{
	uint64_t i;
	int err;

	for (i = 0; i < tables_for(n) * ENTRIES; i++) {
		if (i % ENTRIES == 0) {
			err = pv_xen_update_va_mapping(window,
						       mfn(table++) << PV_PAGE_SHIFT | PTE_PRESENT |
							       PTE_WRITE | PTE_ACCESSED | nx,
						       UVMF_INVLPG);
			if (err)
				return err;
		}
		if (i >= n)
			window[i % ENTRIES] = 0;
		else if (leaves)
			window[i % ENTRIES] = leaf(i);
		else
			window[i % ENTRIES] = mfn(below + i) << PV_PAGE_SHIFT | PTE_TABLE;
	}
	return 0;
}

/*
 * Enters the tables from frame `table` on, of the third level, into the topmost one that Xen
 * loaded.
 */
static int enter(uint64_t table, uint64_t n)
{
	uint64_t top = mfn((start->pt_base - (uintptr_t)pv_os_image_offset) >> PV_PAGE_SHIFT);
	struct mmu_update u;
	uint64_t i;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		u.ptr = (top << PV_PAGE_SHIFT | (DIRECT_SLOT + i) * 8) | MMU_NORMAL_PT_UPDATE;
		u.val = mfn(table + i) << PV_PAGE_SHIFT | PTE_TABLE;
		err = pv_xen_mmu_update(&u, 1, NULL, DOMID_SELF);
	}
	return err;
}

static void find(uint64_t base, uint64_t end)
{
	if (!found && (end - base) >> PV_PAGE_SHIFT >= need)
		found = base >> PV_PAGE_SHIFT;
}

static int build(void)
{
	uint64_t n1 = tables_for(start->nr_pages), n2 = tables_for(n1), n3 = tables_for(n2);
	uint64_t t1 = tables.first, t2 = t1 + n1, t3 = t2 + n2;
	uint64_t own = pv_bare_image_phys(window) >> PV_PAGE_SHIFT;
	int err;

	if (n3 > MAX_SLOTS)
		return PV_ENOMEM;
	err = fill(t1, start->nr_pages, true, 0);
	if (!err)
		err = fill(t2, n1, false, t1);
	if (!err)
		err = fill(t3, n2, false, t2);
	if (!err)
		err = pv_xen_update_va_mapping(window,
					       mfn(own) << PV_PAGE_SHIFT | PTE_PRESENT | PTE_WRITE |
						       PTE_ACCESSED | nx,
					       UVMF_INVLPG);
	return err ? err : enter(t3, n3);
}

static void find_frames(const struct pv_boot_info *info)
{
	uint32_t i;

	image.first = pv_bare_image_phys(pv_bare_text) >> PV_PAGE_SHIFT;
	image.end = pv_bare_image_phys(pv_bare_clean) >> PV_PAGE_SHIFT;
	for (i = 0; i < info->num_ranges; i++) {
		if (info->range[i].type == PV_RANGE_RAM)
			continue;
		xens.first = info->range[i].base >> PV_PAGE_SHIFT;
		xens.end = xens.first + (info->range[i].size >> PV_PAGE_SHIFT);
	}
}

int pv_bare_xen_paging_init(const struct pv_boot_info *info, uint64_t *base, uint64_t *end)
{
	uint64_t n = 0;
	int err;

	start = info->xen_start_info;
	nx = pv_bare_has(PV_BARE_CPU_NX) ? PTE_NX : 0;
	find_frames(info);
	n = tables_for(start->nr_pages);
	need = n + tables_for(n) + tables_for(tables_for(n));
	pv_bare_for_each_ram(info, 0, start->nr_pages << PV_PAGE_SHIFT, find);
	if (!found)
		return PV_ENOMEM;
	tables.first = found;
	tables.end = found + need;

	err = protect_image();
	if (err)
		return err;
	unmap_rest();
	err = build();
	if (err)
		return err;
	pv_bare_direct = DIRECT;
	*base = tables.first << PV_PAGE_SHIFT;
	*end = tables.end << PV_PAGE_SHIFT;
	return 0;
}

int pv_bare_xen_guard(void *page, bool on)
{
	return pv_xen_update_va_mapping(page, on ? 0 : leaf(pv_bare_phys(page) >> PV_PAGE_SHIFT),
					UVMF_INVLPG);
}

void *pv_bare_xen_map(uint64_t pa, size_t len)
{
	uint64_t first = pa >> PV_PAGE_SHIFT;

	if (!len || first >= start->nr_pages || len > (start->nr_pages << PV_PAGE_SHIFT) - pa)
		return NULL;
	if (in(image, first) || in(xens, first))
		return linked(first) + (pa & (PV_PAGE_SIZE - 1));
	return (void *)(pv_bare_direct + pa);
}
