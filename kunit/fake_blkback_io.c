/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What fake_blkback.h's backend does with requests, and with the grants in them. */
#include "fake_blkback.h"

#include <pv/string.h>

/* --- grants ----------------------------------------------------------------------------------- */

static bool is_mapped(const struct fake_blkback *b, uint32_t ref)
{
	unsigned int i;

	for (i = 0; i < b->num_mapped; i++)
		if (b->mapped[i] == ref)
			return true;
	return false;
}

static bool is_persistent(const struct fake_blkback *b)
{
	return b->persistent > 0 && b->front_persistent;
}

/* The page, mapped for this use. NULL if the guest did not grant it so. */
static void *map(struct fake_blkback *b, uint32_t ref, bool write)
{
	char *page;

	if (is_mapped(b, ref)) {
		page = pv_fake_xen_peer_map(PV_FAKE_XEN_PEER, ref, write);
		if (page)
			pv_fake_xen_peer_unmap(ref);
		return page;
	}
	page = pv_fake_xen_peer_map(PV_FAKE_XEN_PEER, ref, write || is_persistent(b));
	if (page && (is_persistent(b) || b->keeps) && b->num_mapped < PV_ARRAY_SIZE(b->mapped))
		b->mapped[b->num_mapped++] = ref;
	return page;
}

static void unmap(struct fake_blkback *b, uint32_t ref)
{
	if (!is_mapped(b, ref))
		pv_fake_xen_peer_unmap(ref);
}

/* --- requests --------------------------------------------------------------------------------- */

static bool transfer(struct fake_blkback *b, const struct blkif_request_segment *seg, bool write,
		     uint64_t *sector)
{
	uint32_t first = seg->first_sect, last = seg->last_sect, n = (last - first + 1) * 512;
	uint8_t *page;

	if (last < first || last > 7 || *sector * 512 + n > FAKE_BLKBACK_DISK)
		return false;
	/* To write to the disk is to read memory. */
	page = map(b, seg->gref, !write);
	if (!page)
		return false;
	if (!b->status && write)
		pv_memcpy(b->disk + *sector * 512, page + first * 512, n);
	else if (!b->status)
		pv_memcpy(page + first * 512, b->disk + *sector * 512, n);
	unmap(b, seg->gref);
	*sector += last - first + 1;
	b->segments++;
	return true;
}

static bool serve_data(struct fake_blkback *b, const struct blkif_request_segment *seg,
		       unsigned int n, bool write, uint64_t sector)
{
	uint64_t first = sector;
	unsigned int i;

	if (write && b->num_writes < PV_ARRAY_SIZE(b->writes))
		b->writes[b->num_writes++] = sector;
	for (i = 0; i < n; i++)
		if (!transfer(b, &seg[i], write, &sector))
			return false;
	if (sector - first > b->largest)
		b->largest = (unsigned int)(sector - first);
	return n;
}

static bool serve_indirect(struct fake_blkback *b, const struct blkif_request_indirect *rq)
{
	const struct blkif_request_segment *seg;
	bool good;

	if (b->indirect <= 0 || rq->nr_segments > b->indirect || rq->nr_segments > 512)
		return false;
	seg = map(b, rq->indirect_grefs[0], false);
	if (!seg)
		return false;
	good = serve_data(b, seg, rq->nr_segments, rq->indirect_op == BLKIF_OP_WRITE,
			  rq->sector_number);
	unmap(b, rq->indirect_grefs[0]);
	b->indirect_served++;
	return good;
}

static bool serve_discard(struct fake_blkback *b, const struct blkif_request_discard *rq)
{
	b->last_nr_sectors = rq->nr_sectors;
	b->discards++;
	if (b->discard <= 0 || rq->flag || rq->sector_number > FAKE_BLKBACK_DISK / 512 ||
	    rq->nr_sectors > FAKE_BLKBACK_DISK / 512 - rq->sector_number)
		return false;
	if (!b->status)
		pv_memset(b->disk + rq->sector_number * 512, 0, rq->nr_sectors * 512);
	return true;
}

static bool serve(struct fake_blkback *b, const struct blkif_request *rq, uint8_t *op)
{
	*op = rq->operation;
	b->last_sector = rq->sector_number;
	switch (rq->operation) {
	case BLKIF_OP_READ:
	case BLKIF_OP_WRITE:
		return rq->nr_segments <= BLKIF_MAX_SEGMENTS_PER_REQUEST &&
		       serve_data(b, rq->seg, rq->nr_segments, rq->operation == BLKIF_OP_WRITE,
				  rq->sector_number);
	case BLKIF_OP_INDIRECT:
		*op = ((const struct blkif_request_indirect *)rq)->indirect_op;
		return serve_indirect(b, (const struct blkif_request_indirect *)rq);
	case BLKIF_OP_FLUSH_DISKCACHE:
		b->flushes++;
		return b->flush > 0 && !rq->nr_segments;
	case BLKIF_OP_WRITE_BARRIER:
		b->barriers++;
		return b->barrier > 0 && !rq->nr_segments;
	case BLKIF_OP_DISCARD:
		return serve_discard(b, (const struct blkif_request_discard *)rq);
	default:
		return false;
	}
}

bool fake_blkback_take(struct fake_blkback *b, struct blkif_request *rq)
{
	if (!b->connected || b->req_cons == b->sring->req_prod)
		return false;
	*rq = b->sring->ring[b->req_cons++ & (b->size - 1)].req;
	b->last_id = rq->id;
	return true;
}

static void put(struct fake_blkback *b, uint64_t id, uint8_t op, int status)
{
	struct blkif_response *rsp = &b->sring->ring[b->rsp_prod++ & (b->size - 1)].rsp;

	rsp->id = id;
	rsp->operation = op;
	rsp->status = (int16_t)status;
}

/* Shows what was put, and sends the event if its index was passed. */
static void show(struct fake_blkback *b, uint32_t old)
{
	b->sring->rsp_prod = b->rsp_prod;
	if (b->rsp_prod - b->sring->rsp_event < b->rsp_prod - old)
		pv_fake_xen_peer_send(b->port);
}

void fake_blkback_answer(struct fake_blkback *b, uint64_t id, uint8_t op, int16_t status)
{
	put(b, id, op, status);
	show(b, b->rsp_prod - 1);
}

unsigned int fake_blkback_run(struct fake_blkback *b, unsigned int max)
{
	uint32_t old = b->rsp_prod;
	struct blkif_request rq;
	unsigned int n;
	uint8_t op;
	int status;

	for (n = 0; n < max && fake_blkback_take(b, &rq); n++) {
		status = b->status;
		if (!serve(b, &rq, &op)) {
			b->bad++;
			status = BLKIF_RSP_ERROR;
		}
		put(b, rq.id, b->response_op < 0 ? op : (uint8_t)b->response_op, status);
		b->served++;
	}
	if (b->connected && b->req_cons == b->sring->req_prod)
		b->sring->req_event = b->req_cons + 1;
	if (n)
		show(b, old);
	return n;
}
