/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Frames: how memory is named to Xen, and how Xen's pages, and other domains', come to be among
 * ours.
 *
 * PVH, HVM
 *	Frame numbers are the guest's own. Xen puts a page of its own, or another domain's, behind a
 *	frame number that we name. We name one of our own pages: its memory goes back to Xen, and
 *	the address at which the kernel reaches it stays. So no port needs to know of a range of
 *	addresses that is free. Afterwards there is a hole, into which Xen is asked to put memory
 *	again.
 *
 * PV
 *	Frame numbers are the machine's, which the table in start_info gives for ours. A page
 *	appears among ours by changing the page table entry of an address; what was there before
 *	stays ours, and comes back by changing the entry once more.
 */
#include <pv/err.h>
#include <pv/os.h>
#include <pv/string.h>

#include "hypercall/xen.h"
#include "pv-core/xen/frames.h"
#include "pv-core/xen/xen.h"

/* Present, writable, accessed, dirty (Intel SDM 3A, table 4-19). */
#define PTE_DATA 0x63ull

static const struct start_info *start_info;

void pv_xen_frames_start(const struct start_info *info)
{
	start_info = info;
}

const struct start_info *pv_xen_start_info(void)
{
	return start_info;
}

bool pv_xen_is_pv(void)
{
	return start_info;
}

uint64_t pv_xen_gfn(const void *va)
{
	uint64_t pfn = pv_os_virt_to_phys(va) >> PV_PAGE_SHIFT;

	if (!start_info)
		return pfn;
	return pfn < start_info->nr_pages ? ((const unsigned long *)start_info->mfn_list)[pfn]
					  : ~0ull;
}

/* PV: has machine frame `mfn` appear at `va`. */
static int set_mapping(const void *va, uint64_t mfn)
{
	return pv_xen_update_va_mapping(va, mfn << PV_PAGE_SHIFT | PTE_DATA,
					UVMF_INVLPG | UVMF_ALL);
}

void *pv_xen_map_frame(uint64_t frame)
{
	void *va;

	if (!start_info)
		return pv_os_map(frame << PV_PAGE_SHIFT, PV_PAGE_SIZE, PV_MAP_MEMORY);
	va = pv_os_pages_alloc(1);
	if (va && set_mapping(va, frame)) {
		pv_os_pages_free(va, 1);
		va = NULL;
	}
	return va;
}

void pv_xen_unmap_frame(void *va)
{
	if (!va)
		return;
	if (!start_info)
		pv_os_unmap(va, PV_PAGE_SIZE);
	else if (!set_mapping(va, pv_xen_gfn(va)))
		pv_os_pages_free(va, 1);
}

/* --- Xen's pages ------------------------------------------------------------------------------ */

/* The machine frame of a frame of the grant table, which grows to have it. */
static int grant_table_mfn(unsigned long index, uint64_t *mfn)
{
	struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = (uint32_t)index + 1};
	xen_pfn_t *list;
	int err;

	if (index >= PV_PAGE_SIZE / sizeof(*list))
		return PV_ENOSPC;
	list = pv_os_pages_alloc(1);
	if (!list)
		return PV_ENOMEM;
	set_xen_guest_handle(op.frame_list, list);
	err = pv_xen_gnttab_setup_table(&op);
	if (!err && op.status)
		err = PV_ENOMEM;
	*mfn = list[index];
	pv_os_pages_free(list, 1);
	return err;
}

static int status_mfn(unsigned long index, uint64_t *mfn)
{
	struct gnttab_get_status_frames op = {.dom = DOMID_SELF, .nr_frames = (uint32_t)index + 1};
	uint64_t *list;
	int err;

	if (index >= PV_PAGE_SIZE / sizeof(*list))
		return PV_ENOSPC;
	list = pv_os_pages_alloc(1);
	if (!list)
		return PV_ENOMEM;
	set_xen_guest_handle(op.frame_list, list);
	err = pv_xen_gnttab_get_status_frames(&op);
	if (!err && op.status)
		err = PV_ENOMEM;
	*mfn = list[index];
	pv_os_pages_free(list, 1);
	return err;
}

static int xen_page_mfn(unsigned int space, unsigned long index, uint64_t *mfn)
{
	if (space == XENMAPSPACE_shared_info) {
		*mfn = start_info->shared_info >> PV_PAGE_SHIFT;
		return 0;
	}
	if (index & XENMAPIDX_grant_table_status)
		return status_mfn(index & ~(unsigned long)XENMAPIDX_grant_table_status, mfn);
	return grant_table_mfn(index, mfn);
}

int pv_xen_place(void *page, unsigned int space, unsigned long index)
{
	struct xen_add_to_physmap op = {
		.domid = DOMID_SELF,
		.space = space,
		.idx = index,
	};
	uint64_t mfn;
	int err;

	if (!start_info) {
		op.gpfn = pv_xen_gfn(page);
		return pv_xen_memory_add_to_physmap(&op);
	}
	err = xen_page_mfn(space, index, &mfn);
	return err ? err : set_mapping(page, mfn);
}

int pv_xen_unplace(void *page)
{
	struct xen_remove_from_physmap op = {.domid = DOMID_SELF};
	int err;

	if (!start_info) {
		op.gpfn = pv_xen_gfn(page);
		err = pv_xen_memory_remove_from_physmap(&op);
		if (err)
			return err;
	}
	return pv_xen_page_back(page);
}

/* --- others' pages ---------------------------------------------------------------------------- */

/* One page in a reservation's list; the frame number's address must live as long as the call. */
static struct xen_memory_reservation one_page(xen_pfn_t *gfn)
{
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

	set_xen_guest_handle(r.extent_start, gfn);
	return r;
}

/* The number of extents done, as an error. */
static int done(int n)
{
	if (n < 0)
		return n;
	return n == 1 ? 0 : PV_ENOMEM;
}

int pv_xen_page_out(void *page)
{
	xen_pfn_t gfn = pv_xen_gfn(page);
	struct xen_memory_reservation r = one_page(&gfn);

	/* Not present: Xen flushes no TLB for an entry that it fills. */
	if (start_info)
		return pv_xen_update_va_mapping(page, 0, UVMF_INVLPG | UVMF_ALL);
	return done(pv_xen_memory_decrease_reservation(&r));
}

int pv_xen_page_back(void *page)
{
	xen_pfn_t gfn = pv_xen_gfn(page);
	struct xen_memory_reservation r = one_page(&gfn);
	int err;

	if (start_info)
		err = set_mapping(page, gfn);
	else
		err = done(pv_xen_memory_populate_physmap(&r));
	if (!err)
		pv_memset(page, 0, PV_PAGE_SIZE);
	return err;
}
