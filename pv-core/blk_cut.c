/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Requests cut to what a device takes: the next part of one, within the queue's limits.
 *
 * A request's position is a sector, and the segment and the offset in it where that is: lib.sector,
 * lib.seg, lib.offset.
 */
#include "pv-core/blk_driver.h"

/* Moves the request's position `bytes` on. */
static void advance(struct pv_blk_req *req, uint64_t bytes)
{
	const struct pv_seg *seg = &req->segs[req->lib.seg];

	while (bytes >= seg->len - req->lib.offset) {
		bytes -= seg->len - req->lib.offset;
		req->lib.offset = 0;
		req->lib.seg++;
		if (!bytes)
			return;
		seg++;
	}
	req->lib.offset += (uint32_t)bytes;
}

/* Takes `excess` bytes off the end of the pieces; how many remain. */
static unsigned int trim(struct pv_seg *piece, unsigned int n, uint32_t excess)
{
	while (excess) {
		if (piece[n - 1].len > excess) {
			piece[n - 1].len -= excess;
			break;
		}
		excess -= piece[--n].len;
	}
	return n;
}

const struct pv_seg *pv_blk_cut(struct pv_blk_queue *q, struct pv_blk_req *req,
				struct pv_seg *piece, unsigned int *num, uint64_t *sector,
				uint32_t *bytes)
{
	const struct pv_blk_limits *limits = &q->limits;
	const struct pv_seg *seg = &req->segs[req->lib.seg];
	uint32_t offset = req->lib.offset, total = 0, excess, len, most;
	unsigned int n = 0;

	most = req->lib.left < limits->max_bytes ? (uint32_t)req->lib.left : limits->max_bytes;
	while (total < most && n < limits->max_segs) {
		len = seg->len - offset;
		if (len > limits->max_seg_len)
			len = limits->max_seg_len;
		if (len > most - total)
			len = most - total;
		piece[n].va = (char *)seg->va + offset;
		if (limits->page_pieces) {
			uint32_t in_page = PV_PAGE_SIZE -
					   (uint32_t)((uint64_t)piece[n].va & (PV_PAGE_SIZE - 1));

			if (len > in_page)
				len = in_page;
		}
		piece[n++].len = len;
		total += len;
		offset += len;
		if (offset == seg->len) {
			seg++;
			offset = 0;
		}
	}
	/* A part is of whole logical blocks. */
	excess = total & ((q->block_mask << PV_BLK_SECTOR_SHIFT) | (PV_BLK_SECTOR - 1));
	if (pv_unlikely(excess)) {
		n = trim(piece, n, excess);
		total -= excess;
		if (!total)
			return NULL;
	}
	*num = n;
	*sector = req->lib.sector;
	*bytes = total;
	req->lib.parts++;
	req->lib.left -= total;
	if (req->lib.left) {
		req->lib.sector += total >> PV_BLK_SECTOR_SHIFT;
		advance(req, total);
	}
	return piece;
}

void pv_blk_untake(struct pv_blk_req *req, uint64_t sector, uint32_t bytes)
{
	uint64_t before = (sector - req->sector) << PV_BLK_SECTOR_SHIFT;

	req->lib.parts--;
	req->lib.left += bytes;
	req->lib.sector = sector;
	req->lib.seg = 0;
	req->lib.offset = 0;
	if (before)
		advance(req, before);
}

uint32_t pv_blk_take_range(struct pv_blk_req *req, uint32_t max, uint64_t *sector)
{
	uint32_t n = req->lib.left < max ? (uint32_t)req->lib.left : max;

	*sector = req->lib.sector;
	req->lib.parts++;
	req->lib.sector += n;
	req->lib.left -= n;
	return n;
}

void pv_blk_take_sync(struct pv_blk_req *req)
{
	req->lib.parts++;
	req->lib.left = 0;
}
