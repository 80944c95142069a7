/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the backend may reach as long as the connection lasts: the ring; for each part a page of
 * segments, where there are indirect requests; and the pool of pages that data are copied to.
 *
 * They come back by ending their grants. A page that the backend keeps mapped is quarantined, and
 * freed when it lets go.
 *
 * RESERVATION. What may be granted at once is reserved when the connection is made, so that the
 * data path finds a free grant. Where the grant table is short of that, fewer parts are in flight
 * at a time; where there is little memory, the pool is smaller.
 */
#include <pv/log.h>
#include <pv/os.h>

#include "drivers/blkfront/blkfront.h"

static int reserve(struct blkfront *bf, unsigned int n)
{
	int err = pv_grant_reserve(n);

	if (!err)
		bf->reserved += n;
	return err;
}

/* --- pages ------------------------------------------------------------------------------------ */

static int lend(struct blkfront *bf, struct blkfront_page *page, bool readonly)
{
	void *va = pv_os_pages_alloc(1);

	if (!va)
		return PV_ENOMEM;
	page->ref = pv_grant(bf->xd->backend_id, va, readonly);
	if (page->ref < 0) {
		pv_os_pages_free(va, 1);
		return page->ref;
	}
	page->va = (void PV_SHARED PV_FORCE *)va;
	return 0;
}

static void take_back(struct blkfront *bf, struct blkfront_page *page)
{
	if (!page->va)
		return;
	if (pv_grant_end_free(page->ref, (void PV_FORCE *)page->va))
		pv_warn("%s: the backend keeps a page; it is in quarantine", bf->xd->dev.name);
	page->va = NULL;
}

static void take_all_back(struct blkfront *bf, struct blkfront_page *page, unsigned int n)
{
	unsigned int i;

	for (i = 0; page && i < n; i++)
		take_back(bf, &page[i]);
}

/* --- ring ------------------------------------------------------------------------------------- */

/* Pages for the ring, 2^order of them, or one. */
static int ring_alloc(struct blkfront *bf, unsigned int order)
{
	struct pv_grant_block *b = pv_os_alloc(sizeof(*b));

	if (!b)
		return PV_ENOMEM;
	b->pages = pv_os_pages_alloc(1u << order);
	if (!b->pages && order) {
		order = 0;
		b->pages = pv_os_pages_alloc(1);
	}
	if (!b->pages) {
		pv_os_free(b, sizeof(*b));
		return PV_ENOMEM;
	}
	b->num = 1u << order;
	bf->ring_order = order;
	bf->ring_block = b;
	return 0;
}

int pv_blkfront_ring_start(struct blkfront *bf, unsigned int order)
{
	int err = ring_alloc(bf, order), ref;
	struct pv_grant_block *b = bf->ring_block;

	if (!err)
		err = reserve(bf, b->num);
	if (err)
		return err;
	pv_xring_init(&bf->ring, b->pages,
		      pv_xring_size(b->num * PV_PAGE_SIZE, sizeof(union blkif_sring_entry)));
	bf->slot = ((struct blkif_sring PV_SHARED *)bf->ring.shared)->ring;
	while (bf->num_ring_refs < b->num) {
		ref = pv_grant(bf->xd->backend_id,
			       (char *)b->pages + bf->num_ring_refs * PV_PAGE_SIZE, false);
		if (ref < 0)
			return ref;
		bf->ring_ref[bf->num_ring_refs++] = ref;
	}
	return 0;
}

/* Its pages are freed now, or when the backend lets go. */
void pv_blkfront_ring_stop(struct blkfront *bf)
{
	if (bf->ring_block && pv_grant_end_block(bf->ring_ref, bf->num_ring_refs, bf->ring_block))
		pv_warn("%s: the backend keeps the ring; it is in quarantine", bf->xd->dev.name);
	bf->ring_block = NULL;
	bf->num_ring_refs = 0;
	/* What was put and not shown yet is nobody's any more: there is no ring to show it on. */
	bf->ring.pushed = bf->ring.req_prod;
	pv_grant_unreserve(bf->reserved);
	bf->reserved = 0;
}

/* --- the pool --------------------------------------------------------------------------------- */

static int pool_start(struct blkfront *bf)
{
	const unsigned int wanted = bf->pool_wanted;
	unsigned int n;

	bf->pool = pv_os_alloc(wanted * sizeof(*bf->pool));
	bf->pool_free = pv_os_alloc(wanted * sizeof(*bf->pool_free));
	if (!bf->pool || !bf->pool_free)
		return PV_ENOMEM;
	for (n = 0; n < wanted; n++) {
		if (reserve(bf, 1) || lend(bf, &bf->pool[n], false))
			break;
		bf->pool_size = n + 1;
		bf->pool_free[bf->pool_num_free++] = (uint16_t)n;
	}
	if (n < wanted)
		pv_warn("%s: %u pages for what is copied, %u were to be", bf->xd->dev.name, n,
			wanted);
	/* So that any part finds its pages, when no other has them. */
	return n >= bf->q.limits.max_bytes / PV_PAGE_SIZE ? 0 : PV_ENOMEM;
}

static void pool_stop(struct blkfront *bf)
{
	take_all_back(bf, bf->pool, bf->pool_size);
	pv_os_free(bf->pool, bf->pool_wanted * sizeof(*bf->pool));
	pv_os_free(bf->pool_free, bf->pool_wanted * sizeof(*bf->pool_free));
	bf->pool = NULL;
	bf->pool_free = NULL;
	bf->pool_size = 0;
	bf->pool_num_free = 0;
}

/* --- parts ------------------------------------------------------------------------------------ */

/* Grants for so many parts, or for as many as there are grants for; their number, 0 if for none. */
static unsigned int reserve_parts(struct blkfront *bf, unsigned int parts)
{
	unsigned int each = bf->persistent ? 0 : bf->max_segs;

	if (bf->max_segs > BLKIF_MAX_SEGMENTS_PER_REQUEST)
		each++;
	while (parts && reserve(bf, parts * each))
		parts /= 2;
	return parts;
}

int pv_blkfront_parts_start(struct blkfront *bf)
{
	bool indirect = bf->max_segs > BLKIF_MAX_SEGMENTS_PER_REQUEST;
	unsigned int i, parts = reserve_parts(bf, bf->ring.size);
	int err = 0;

	if (!parts)
		return PV_ENOMEM;
	bf->num_parts = parts;
	bf->part = pv_os_alloc(parts * sizeof(*bf->part));
	bf->free_part = pv_os_alloc(parts * sizeof(*bf->free_part));
	if (indirect)
		bf->indirect = pv_os_alloc(parts * sizeof(*bf->indirect));
	if (!bf->part || !bf->free_part || (indirect && !bf->indirect))
		return PV_ENOMEM;
	for (i = 0; i < parts; i++) {
		bf->part[i] = pv_os_alloc(sizeof(*bf->part[i]));
		if (!bf->part[i])
			return PV_ENOMEM;
		/*
		 * A backend that keeps grants mapped, maps all of them writable (blkif.h, note
		 * 8).
		 */
		if (indirect)
			err = lend(bf, &bf->indirect[i], !bf->persistent);
		if (err)
			return err;
	}
	if (bf->persistent)
		err = pool_start(bf);
	if (err)
		return err;
	/* Downwards, so that the lowest are taken first. */
	while (i)
		bf->free_part[bf->num_free++] = (uint16_t)--i;
	return 0;
}

void pv_blkfront_parts_stop(struct blkfront *bf)
{
	unsigned int i, parts = bf->num_parts;

	pool_stop(bf);
	take_all_back(bf, bf->indirect, parts);
	for (i = 0; bf->part && i < parts; i++)
		pv_os_free(bf->part[i], sizeof(*bf->part[i]));
	pv_os_free(bf->indirect, parts * sizeof(*bf->indirect));
	pv_os_free(bf->free_part, parts * sizeof(*bf->free_part));
	pv_os_free(bf->part, parts * sizeof(*bf->part));
	bf->indirect = NULL;
	bf->free_part = NULL;
	bf->part = NULL;
	bf->num_parts = 0;
	bf->num_free = 0;
}
