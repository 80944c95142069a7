/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake Xen's memory: frame numbers, which frames are holes, and which show pages of Xen's.
 *
 * A process has memory here and there in 47 bits of addresses, and grants of version 1 name frames
 * by 32 bits. So physical addresses have 44 bits: the lower 40 are those of the address, the upper
 * ones name one of at most 15 places.
 */
#include "fake_xen_impl.h"

/* The address sanitizer's, where it is linked in. */
void __asan_poison_memory_region(const volatile void *p, size_t n) __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *p, size_t n) __attribute__((weak));

#define HOLES 256

static uint64_t hole[HOLES]; /* frame numbers; 0: free slot */

#define PLACE_SHIFT 40
#define PLACES	    16

static uint64_t place[PLACES]; /* upper bits; place 0 is nowhere */
static unsigned int places = 1;

uint64_t pv_fake_xen_phys(const void *va)
{
	uint64_t a = (uint64_t)va, upper = a >> PLACE_SHIFT;
	unsigned int i;

	for (i = 1; i < places && place[i] != upper; i++)
		;
	if (i == PLACES)
		pv_os_panic("fake Xen: memory in too many places");
	if (i == places)
		place[places++] = upper;
	return (uint64_t)i << PLACE_SHIFT | (a & ((1ull << PLACE_SHIFT) - 1));
}

void *pv_fake_xen_virt(uint64_t pa)
{
	uint64_t i = pa >> PLACE_SHIFT;

	if (!i || i >= places)
		return NULL;
	return (void *)(place[i] << PLACE_SHIFT | (pa & ((1ull << PLACE_SHIFT) - 1)));
}

static void *page_at(uint64_t gfn)
{
	return pv_fake_xen_virt(gfn << PV_PAGE_SHIFT);
}

static uint64_t *find(uint64_t gfn)
{
	unsigned int i;

	for (i = 0; i < HOLES; i++)
		if (hole[i] == gfn)
			return &hole[i];
	return NULL;
}

bool pv_fake_xen_is_hole(uint64_t gfn)
{
	return gfn && find(gfn);
}

void pv_fake_xen_make_hole(uint64_t gfn)
{
	uint64_t *slot = find(0);

	if (!slot)
		pv_os_panic("fake Xen: too many holes");
	*slot = gfn;
	memset(page_at(gfn), 0xff, PV_PAGE_SIZE);
	if (__asan_poison_memory_region)
		__asan_poison_memory_region(page_at(gfn), PV_PAGE_SIZE);
}

bool pv_fake_xen_fill_hole(uint64_t gfn)
{
	uint64_t *slot = gfn ? find(gfn) : NULL;

	if (!slot)
		return false;
	*slot = 0;
	if (__asan_unpoison_memory_region)
		__asan_unpoison_memory_region(page_at(gfn), PV_PAGE_SIZE);
	return true;
}

unsigned int pv_fake_xen_holes(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < HOLES; i++)
		n += hole[i] != 0;
	return n;
}

void pv_fake_xen_memory_reset(void)
{
	unsigned int i;

	for (i = 0; i < HOLES; i++)
		if (hole[i])
			pv_fake_xen_fill_hole(hole[i]);
}

/* Where the page of Xen's is now; NULL if there is none such. */
static void **xen_page(const struct xen_add_to_physmap *op)
{
	if (op->space == XENMAPSPACE_shared_info && op->idx == 0)
		return pv_fake_xen_shared_page();
	if (op->space != XENMAPSPACE_grant_table)
		return NULL;
	if (op->idx & XENMAPIDX_grant_table_status)
		return pv_fake_xen_status_frame(op->idx &
						~(unsigned long)XENMAPIDX_grant_table_status);
	return pv_fake_xen_grant_frame(op->idx);
}

/* From where it was to the guest's page; the memory there is given back. */
static long add_to_physmap(const struct xen_add_to_physmap *op)
{
	void **at;

	if (op->domid != DOMID_SELF || !page_at(op->gpfn))
		return PV_EINVAL;
	at = xen_page(op);
	if (!at)
		return PV_EINVAL;
	memcpy(page_at(op->gpfn), *at, PV_PAGE_SIZE);
	*at = page_at(op->gpfn);
	return 0;
}

/* Xen's pages among the guest's; those go back to where only Xen sees them. */
static bool take_back(void **at, void *page)
{
	static char own[256][PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
	static unsigned int next;

	if (!at || *at != page)
		return false;
	*at = memcpy(own[next++ % 256], page, PV_PAGE_SIZE);
	return true;
}

static long remove_from_physmap(const struct xen_remove_from_physmap *op)
{
	void *page = page_at(op->gpfn);
	unsigned int i;
	bool found;

	if (op->domid != DOMID_SELF || pv_fake_xen_is_hole(op->gpfn))
		return PV_EINVAL;
	found = take_back(pv_fake_xen_shared_page(), page);
	for (i = 0; !found && i < pv_fake_xen.max_grant_frames; i++)
		found = take_back(pv_fake_xen_grant_frame(i), page) ||
			take_back(pv_fake_xen_status_frame(i), page);
	if (!found)
		return PV_ENOENT;
	pv_fake_xen_make_hole(op->gpfn);
	return 0;
}

static long reservation(unsigned int cmd, const struct xen_memory_reservation *op)
{
	unsigned long i;

	if (op->domid != DOMID_SELF || op->extent_order)
		return PV_EINVAL;
	for (i = 0; i < op->nr_extents; i++) {
		if (cmd == XENMEM_populate_physmap) {
			if (!pv_fake_xen_fill_hole(op->extent_start.p[i]))
				break;
		} else if (pv_fake_xen_is_hole(op->extent_start.p[i])) {
			break;
		} else {
			pv_fake_xen_make_hole(op->extent_start.p[i]);
		}
	}
	return (long)i;
}

long pv_fake_xen_memory_op(unsigned int cmd, void *arg)
{
	switch (cmd) {
	case XENMEM_add_to_physmap:
		return add_to_physmap(arg);
	case XENMEM_remove_from_physmap:
		return remove_from_physmap(arg);
	case XENMEM_populate_physmap:
	case XENMEM_decrease_reservation:
		return reservation(cmd, arg);
	case XENMEM_maximum_gpfn:
		return pv_fake_xen.maximum_gpfn;
	case XENMEM_current_reservation:
		return 0x10000;
	default:
		return PV_ENOSYS;
	}
}
