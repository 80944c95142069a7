/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Grants (Xen public/grant_table.h): pages of ours that another domain may reach, by a reference.
 *
 * WHO OWNS WHAT WHEN
 *	pv_grant()		the page is lent to `domid`: only what the ring protocol allows is
 *				done with it
 *	peer maps, copies	Xen notes that in the entry (GTF_reading, GTF_writing)
 *	pv_grant_end()		0: the page is ours again, and the peer has no way to it.
 *				PV_EBUSY: the peer still has it mapped. The page is in quarantine:
 *				it must not be read for anything that matters, written, reused or
 *				freed (XSA-396)
 *	pv_grant_retry()	from pv_work(): quarantined entries are tried again, and those whose
 *				peer let go become free, with the pages that came with them
 *
 *	The end is one compare-and-exchange of the entry's flags from "granted, in nobody's use" to
 *	0. A test before it would leave a gap in which the peer maps the page.
 *
 * COUNTING
 *	Each entry is free, granted or quarantined; pv_grant_stats() is exact. A free entry is found
 *	without a search: they are a stack. pv_grant() never grows the table, since that takes
 *	memory and waits: drivers pv_grant_reserve() at probe what they need at most.
 *
 * The first 8 entries are the toolstack's.
 */
#ifndef PV_CORE_XEN_GRANTS_H
#define PV_CORE_XEN_GRANTS_H

#include <pv/abi/xen.h>
#include <pv/err.h>
#include <pv/types.h>

/*
 * Makes sure that `n` more grants can be had, over and above what others reserved, by growing the
 * table. 0; PV_ENOMEM if it cannot grow that far, and nothing is reserved then. Context: control.
 */
int pv_grant_reserve(unsigned int n) PV_MUST_CHECK;
void pv_grant_unreserve(unsigned int n);

/*
 * Grants the page at `page` (a whole page, page-aligned or any address in it) to `domid`. A
 * reference >= 0, or PV_EBUSY if there is no free entry now: after an end, or a pv_work(), there
 * may be. Context: data and control.
 */
int pv_grant(uint16_t domid, const void *page, bool readonly) PV_MUST_CHECK;

/* Ends it. 0, or PV_EBUSY: quarantined. See above. Context: data and control. */
int pv_grant_end(int ref);

/*
 * Ends it and frees the page, which is one from pv_os_pages_alloc(1): now (0), or when the peer
 * lets it go (PV_EBUSY). Context: control.
 */
int pv_grant_end_free(int ref, void *page);

/*
 * Ends it; the page stays the caller's (0), or, if the peer still has it, is freed when the peer
 * lets it go, and is the caller's no more (PV_EBUSY). Context: data and control.
 */
int pv_grant_end_or_keep(int ref, void *page) PV_MUST_CHECK;

/*
 * Ends `num` grants of pages in one block, `b->num` pages from one pv_os_pages_alloc(): the pages,
 * and the structure, which is from pv_os_alloc(), are freed now, or (PV_EBUSY) when the peer has
 * let go of all. Context: control.
 */
struct pv_grant_block {
	/* Set by the caller. */
	void *pages;
	unsigned int num;

	unsigned int held; /* by the peer, still */
};
int pv_grant_end_block(const int *ref, unsigned int num, struct pv_grant_block *b);

/* Whether the peer has it mapped at this moment. Context: any. */
bool pv_grant_in_use(int ref);

struct pv_grant_stats {
	unsigned int version;	 /* of the table: 1 or 2 */
	unsigned int frames;	 /* of the table, now */
	unsigned int max_frames; /* and at most */
	unsigned int total; /* entries, less those of the toolstack: free + granted + quarantined */
	unsigned int free;
	unsigned int quarantined;
	unsigned int reserved; /* by pv_grant_reserve() */
};

/* Exact while no other CPU grants or ends. Context: any. */
void pv_grant_stats(struct pv_grant_stats *out);

/* Tries the quarantined ones again; how many became free. Context: control. */
int pv_grant_retry(void);

/* Called by xen.c. work: retry, and growth if entries run short; things done. */
int pv_grant_start(void);
int pv_grant_work(void);
void pv_grant_exit(void);

/*
 * In a new domain, whose table is empty: it is placed and sized as before. What was granted is
 * granted to nobody now, and ends as any grant. 0 or PV_E*, and there is no table. Context:
 * control.
 */
int pv_grant_resume(void) PV_MUST_CHECK;

/* --- grants of others (grant_ops.c) ----------------------------------------------------------- */

/* GNTST_* as PV_E*. */
int pv_grant_error(int status);

/*
 * Copies between granted pages and our own (struct gnttab_copy), `n` pieces in one hypercall; a
 * piece that Xen asks to repeat (GNTST_eagain) is repeated, with a bound. 0, or the first piece's
 * error; each has its own in `status`. Our own pages are DOMID_SELF and pv_xen_gfn(). Context: data
 * and control.
 */
int pv_grant_copy(struct gnttab_copy *ops, unsigned int n);

/*
 * Maps the page that `domid` granted to us as `ref` in the place of `page`, one page from
 * pv_os_pages_alloc(1) whose memory is given away meanwhile. 0 and the handle, or PV_E*, and `page`
 * is as it was. Context: control.
 */
int pv_grant_map(uint16_t domid, uint32_t ref, void *page, bool readonly,
		 uint32_t *handle) PV_MUST_CHECK;

/*
 * Ends the mapping: `page` is memory of ours again, zeroed. Otherwise PV_E*, and it must not be
 * used or freed. Context: control.
 */
int pv_grant_unmap(void *page, uint32_t handle);

/* --- pv_share() by grants, for buses on Xen and for their drivers' data paths ----------------- */

/*
 * As struct pv_bus's, with the peer's domain. The address is (reference << 12) + offset in the
 * page.
 */
static inline int pv_xen_share(uint16_t domid, void *va, uint32_t len, bool readonly,
			       uint64_t *addr)
{
	uint32_t offset = (uint32_t)((uintptr_t)va & (PV_PAGE_SIZE - 1));
	int ref;

	if (pv_unlikely(len > PV_PAGE_SIZE - offset))
		return PV_EINVAL;
	ref = pv_grant(domid, va, readonly);
	if (pv_unlikely(ref < 0))
		return ref;
	*addr = (uint64_t)ref << PV_PAGE_SHIFT | offset;
	return 0;
}

static inline int pv_xen_unshare(uint64_t addr)
{
	return pv_grant_end((int)(addr >> PV_PAGE_SHIFT));
}

#endif
