/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A PV guest is saved (Xen public/xen.h, struct start_info; arch-x86/xen.h, struct
 * arch_shared_info).
 *
 * THE TABLE OF FRAMES, from ours to the machine's, is what the toolstack begins with. It finds it
 * by a tree in the shared page: one page with the machine frames of pages with the machine frames
 * of the table's pages. That is 512 GiB of memory.
 *
 * PAGE TABLES are saved with our frames in the place of the machine's, so that each must be one of
 * ours. Pages of Xen's are none: the shared page and the grant table are taken out of the page
 * tables before, and appear again after, the new domain's.
 *
 * START_INFO is what the hypercall names. The pages of store and console are in it by the machine's
 * frames; in what is saved, by ours. The new domain's toolstack turns them around, writes the new
 * ports, shared page and table of frames, and all of it is as at the start of day. What the CPU has
 * of us it gets again, too: segments, traps, callbacks.
 */
#include "pv-core/xen/pv_suspend.h"

#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/xen.h>

#include "hypercall/xen.h"
#include "pv-core/xen/grant_table.h"
#include "pv-core/xen/xen.h"

#define PER_PAGE (PV_PAGE_SIZE / sizeof(xen_pfn_t))

static const struct pv_xen_pv_kernel *kernel;
static struct {
	xen_pfn_t *top; /* NULL: there is no tree */
	xen_pfn_t **lists;
	unsigned int num_lists;
	uint64_t num_pages; /* of the table */
} tree;
static uint8_t upcalls_masked; /* before it was saved */

/* The toolstack writes there, and so do we. */
static struct start_info *start_info(void)
{
	return (struct start_info *)(uintptr_t)pv_xen_start_info();
}

void pv_xen_pv_can_suspend(const struct pv_xen_pv_kernel *k)
{
	kernel = k;
}

bool pv_xen_pv_suspend_ready(void)
{
	return tree.top;
}

/* --- the table of frames ---------------------------------------------------------------------- */

/*
 * Every frame in the tree is another one in each domain; but for the table itself, which the
 * toolstack sees to.
 */
static void show(void)
{
	const char *table = (const char *)start_info()->mfn_list;
	struct arch_shared_info PV_SHARED *arch = &pv_xen_shared_info()->arch;
	uint64_t i;

	for (i = 0; i < tree.num_pages; i++)
		tree.lists[i / PER_PAGE][i % PER_PAGE] = pv_xen_gfn(table + (i << PV_PAGE_SHIFT));
	for (i = 0; i < tree.num_lists; i++)
		tree.top[i] = pv_xen_gfn(tree.lists[i]);
	pv_shared_write(&arch->max_pfn, start_info()->nr_pages);
	pv_shared_write(&arch->pfn_to_mfn_frame_list_list, pv_xen_gfn(tree.top));
}

static void free_tree(void)
{
	unsigned int i;

	for (i = 0; tree.lists && i < tree.num_lists; i++)
		pv_os_pages_free(tree.lists[i], 1);
	pv_os_free(tree.lists, tree.num_lists * sizeof(*tree.lists));
	pv_os_pages_free(tree.top, 1);
	tree.lists = NULL;
	tree.top = NULL;
}

static int alloc_tree(void)
{
	unsigned int i;

	tree.num_pages = (start_info()->nr_pages + PER_PAGE - 1) / PER_PAGE;
	if (tree.num_pages > PER_PAGE * PER_PAGE)
		return PV_ENOSPC;
	tree.num_lists = (unsigned int)((tree.num_pages + PER_PAGE - 1) / PER_PAGE);
	tree.top = pv_os_pages_alloc(1);
	tree.lists = pv_os_alloc(tree.num_lists * sizeof(*tree.lists));
	if (!tree.top || !tree.lists)
		return PV_ENOMEM;
	for (i = 0; i < tree.num_lists; i++) {
		tree.lists[i] = pv_os_pages_alloc(1);
		if (!tree.lists[i])
			return PV_ENOMEM;
	}
	return 0;
}

void pv_xen_pv_suspend_start(void)
{
	int err;

	if (!kernel || !pv_xen_is_pv())
		return;
	err = alloc_tree();
	if (err) {
		free_tree();
		pv_warn("Xen: the domain cannot be saved, error %d", err);
		return;
	}
	show();
}

void pv_xen_pv_suspend_exit(void)
{
	if (!tree.top)
		return;
	pv_shared_write(&pv_xen_shared_info()->arch.pfn_to_mfn_frame_list_list, 0);
	free_tree();
}

/* --- Xen's pages ------------------------------------------------------------------------------ */

static struct vcpu_info PV_SHARED *here(void)
{
	return pv_xen_vcpu_info(pv_os_cpu());
}

/* Ours are mapped again in their places: whoever looks there finds nothing, and does not fault. */
static int take_out(void)
{
	int err;

	upcalls_masked = pv_shared_read(&here()->evtchn_upcall_mask);
	pv_shared_write(&here()->evtchn_upcall_mask, 1);
	kernel->unmap();
	err = pv_grant_table_take_out();
	return err ? err : pv_xen_page_back((void PV_FORCE *)pv_xen_shared_info());
}

static void kernel_back(void)
{
	kernel->map();
	pv_shared_write(&here()->evtchn_upcall_mask, upcalls_masked);
}

/* Those of the same domain. */
static int put_back(void)
{
	int err = pv_xen_place((void PV_FORCE *)pv_xen_shared_info(), XENMAPSPACE_shared_info, 0);

	if (err)
		return err;
	kernel_back();
	return pv_grant_table_place();
}

void pv_xen_pv_suspend_resume(void)
{
	show();
	kernel_back();
}

/* --- start_info ------------------------------------------------------------------------------- */

/* Whose table has the machine frame; false: nobody's of ours. */
static bool find(xen_pfn_t mfn, xen_pfn_t *pfn)
{
	const xen_pfn_t *table = (const xen_pfn_t *)start_info()->mfn_list;

	for (*pfn = 0; *pfn < start_info()->nr_pages; ++*pfn)
		if (table[*pfn] == mfn)
			return true;
	return false;
}

int pv_xen_pv_suspend(void)
{
	struct start_info *si = start_info();
	xen_pfn_t store_mfn = si->store_mfn, console_mfn = si->console.domU.mfn, store, console;
	int err, back;

	if (!find(store_mfn, &store) || !find(console_mfn, &console))
		return PV_ENOENT;
	err = take_out();
	if (!err) {
		si->store_mfn = store;
		si->console.domU.mfn = console;
		err = pv_xen_sched_suspend(pv_xen_gfn(si));
		if (!err)
			return 0;
		si->store_mfn = store_mfn;
		si->console.domU.mfn = console_mfn;
	}
	back = put_back();
	return back ? back : err;
}
