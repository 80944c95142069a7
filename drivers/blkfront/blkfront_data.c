/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The data of the Xen block frontend's requests.
 *
 * They reach the backend in one of two ways, by what was negotiated:
 *
 *	per request	each piece, which does not cross a page, is shared when the part is put on
 *			the ring, and taken back when it is answered. A backend that keeps it then
 *			is broken: the request ends with PV_EPROTO, the grant is quarantined, and
 *			the memory is, by no fault of its owner's, within reach of the backend until
 *			it lets go.
 *	persistent	the pool's pages are lent all the time, and the backend keeps them mapped,
 *			if it offered that. Data are copied there before a write, and from there
 *			after a read. So they are, whatever it offered, for one that is untrusted.
 */
#include <pv/share.h>

#include "drivers/blkfront/blkfront.h"

/* --- data, per request ------------------------------------------------------------------------ */

/* Takes the first `num` pieces back. PV_EBUSY if the backend keeps one. */
static int unshare(struct blkfront *bf, const struct blkfront_part *part, unsigned int num)
{
	enum pv_share_dir dir = pv_blkfront_dir(part);
	int status = 0, err;
	unsigned int i;

	for (i = 0; i < num; i++) {
		err = pv_unshare(bf->blk.dev, part->at.addr[i], part->seg[i].va, part->seg[i].len,
				 dir);
		if (pv_unlikely(err))
			status = err;
	}
	return status;
}

/* Shares the pieces. PV_EBUSY, and none is, if that cannot be now. */
static int share(struct blkfront *bf, struct blkfront_part *part)
{
	enum pv_share_dir dir = pv_blkfront_dir(part);
	unsigned int i;

	for (i = 0; i < part->num; i++) {
		if (pv_unlikely(pv_share(bf->blk.dev, part->seg[i].va, part->seg[i].len, dir,
					 &part->at.addr[i]))) {
			(void)unshare(bf, part, i);
			return PV_EBUSY;
		}
	}
	return 0;
}

/* --- data, persistent ------------------------------------------------------------------------- */

/* Between the pieces and the part's pages, which are filled one after the other. */
static void copy(struct blkfront *bf, const struct blkfront_part *part, bool to_pages)
{
	uint32_t done = 0, at, n, left;
	unsigned int i;

	for (i = 0; i < part->num; i++) {
		char *va = part->seg[i].va;

		for (left = part->seg[i].len; left; left -= n) {
			char PV_SHARED *page =
				(char PV_SHARED *)bf->pool[part->at.page[done / PV_PAGE_SIZE]].va;

			at = done % PV_PAGE_SIZE;
			n = PV_PAGE_SIZE - at < left ? PV_PAGE_SIZE - at : left;
			if (to_pages)
				pv_shared_write_block(page + at, va, n);
			else
				pv_shared_read_block(va, page + at, n);
			va += n;
			done += n;
		}
	}
}

static void return_pages(struct blkfront *bf, const struct blkfront_part *part)
{
	unsigned int n = pv_blkfront_pages(part);

	while (n)
		bf->pool_free[bf->pool_num_free++] = part->at.page[--n];
}

/* Gets the part its pages, with its data in them. PV_EBUSY if there are not enough now. */
static int use_pages(struct blkfront *bf, struct blkfront_part *part)
{
	unsigned int i, n = pv_blkfront_pages(part);

	if (bf->pool_num_free < n)
		return PV_EBUSY;
	for (i = 0; i < n; i++)
		part->at.page[i] = bf->pool_free[--bf->pool_num_free];
	if (part->op == BLKIF_OP_WRITE)
		copy(bf, part, true);
	return 0;
}

/* --- either ----------------------------------------------------------------------------------- */

void pv_blkfront_put_segs(struct blkfront *bf, const struct blkfront_part *part,
			  struct blkif_request_segment PV_SHARED *to)
{
	uint32_t left = part->bytes, n;
	unsigned int i;

	if (!bf->persistent) {
		for (i = 0; i < part->num; i++)
			pv_blkfront_put_shared(&to[i], part->at.addr[i], part->seg[i].len);
		return;
	}
	for (i = 0; left; i++, left -= n) {
		n = left < PV_PAGE_SIZE ? left : PV_PAGE_SIZE;
		pv_blkfront_put_seg(&to[i], (uint32_t)bf->pool[part->at.page[i]].ref, 0, n);
	}
}

int pv_blkfront_data_begin(struct blkfront *bf, struct blkfront_part *part)
{
	return bf->persistent ? use_pages(bf, part) : share(bf, part);
}

int pv_blkfront_data_end(struct blkfront *bf, const struct blkfront_part *part, bool good)
{
	if (!bf->persistent)
		return unshare(bf, part, part->num);
	if (good && part->op == BLKIF_OP_READ)
		copy(bf, part, false);
	return_pages(bf, part);
	return 0;
}
