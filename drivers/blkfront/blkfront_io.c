/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The Xen block frontend's data path.
 *
 * A PART of a request (blk_driver.h) is one request of the ring. Its id is the number of a struct
 * blkfront_part, where all is that we know of it; of the ring's slots nothing but responses is
 * read. Up to 11 segments lie in the slot, more of them in a page of the part's own
 * (BLKIF_OP_INDIRECT).
 *
 * WHAT THE BACKEND SAYS of a part is copied once and then checked: the id is that of a part on
 * the ring, the operation is the part's, the status one that there is. Anything else breaks the
 * device.
 *
 * BREAKING. A backend cannot be reset. Whoever finds the device broken gives back what is in
 * flight, having revoked each grant that can be; the rest is quarantined (grants.h).
 *
 * EVENTS. The port's end of interrupt is late (events.h): it stays masked from the event until
 * arm finds no more responses. rsp_event is behind by then, which is all it takes to ask for
 * none.
 */

#include "drivers/blkfront/blkfront.h"
#include "pv-core/xen/events.h"

static struct blkfront *blkfront_of(struct pv_blk_queue *q)
{
	return pv_container_of(q, struct blkfront, q);
}

/* --- to the ring ------------------------------------------------------------------------------ */

/* The part that is next; and it is on the ring. */
static inline unsigned int next_part(const struct blkfront *bf)
{
	return bf->free_part[bf->num_free - 1];
}

static inline void put_part(struct blkfront *bf, struct blkfront_part *part, struct pv_blk_req *req)
{
	part->req = req;
	part->turn = bf->ring.req_prod;
	bf->num_free--;
	pv_xring_put(&bf->ring);
}

static PV_NOINLINE void put_indirect(struct blkfront *bf, const struct blkfront_part *part,
				     unsigned int id, unsigned int segs, uint64_t sector)
{
	const struct blkfront_page *page = &bf->indirect[id];
	struct blkif_request_indirect PV_SHARED *rq =
		(struct blkif_request_indirect PV_SHARED *)&bf->slot[pv_xring_next(&bf->ring)];

	pv_blkfront_put_segs(bf, part, (struct blkif_request_segment PV_SHARED *)page->va);
	pv_shared_write(&rq->operation, BLKIF_OP_INDIRECT);
	pv_shared_write(&rq->indirect_op, part->op);
	pv_shared_write(&rq->nr_segments, segs);
	pv_shared_write(&rq->id, id);
	pv_shared_write(&rq->sector_number, sector);
	pv_shared_write(&rq->handle, bf->handle);
	pv_shared_write(&rq->indirect_grefs[0], (uint32_t)page->ref);
}

static inline struct blkif_request PV_SHARED *put_request(struct blkfront *bf,
							  const struct blkfront_part *part,
							  unsigned int id, unsigned int segs,
							  uint64_t sector)
{
	struct blkif_request PV_SHARED *rq = &bf->slot[pv_xring_next(&bf->ring)].req;

	pv_shared_write(&rq->operation, part->op);
	pv_shared_write(&rq->nr_segments, segs);
	pv_shared_write(&rq->handle, bf->handle);
	pv_shared_write(&rq->id, id);
	pv_shared_write(&rq->sector_number, sector);
	return rq;
}

static PV_NOINLINE int issue_other(struct blkfront *bf, struct pv_blk_req *req,
				   struct blkfront_part *part, unsigned int id)
{
	struct blkif_request_discard PV_SHARED *rq;
	uint64_t sector;
	uint32_t n;

	part->num = 0;
	part->bytes = 0;
	part->indirect = false;
	if (req->op == PV_BLK_SYNC) {
		/* Success would be a lie. */
		if (bf->sync_op == BLKFRONT_NO_SYNC_OP)
			return PV_ENOTSUP;
		pv_blk_take_sync(req);
		part->op = bf->sync_op;
		put_request(bf, part, id, 0, 0);
	} else {
		n = pv_blk_take_range(req, bf->blk.max_discard, &sector);
		part->op = BLKIF_OP_DISCARD;
		/* Where struct blkif_request has the number of segments, this has flags: none. */
		rq = (struct blkif_request_discard PV_SHARED *)put_request(bf, part, id, 0, sector);
		pv_shared_write(&rq->nr_sectors, n);
	}
	put_part(bf, part, req);
	return 0;
}

/* A READ or WRITE of any kind. */
static PV_NOINLINE int issue_data(struct blkfront *bf, struct pv_blk_req *req,
				  struct blkfront_part *part, unsigned int id)
{
	unsigned int segs;
	uint64_t sector;

	part->seg = pv_blk_take(&bf->q, req, part->cut, &part->num, &sector, &part->bytes);
	if (!part->seg)
		return PV_EINVAL;
	part->op = req->op == PV_BLK_READ ? BLKIF_OP_READ : BLKIF_OP_WRITE;
	if (pv_blkfront_data_begin(bf, part)) {
		pv_blk_untake(req, sector, part->bytes);
		return PV_EBUSY;
	}
	segs = bf->persistent ? pv_blkfront_pages(part) : part->num;
	part->indirect = segs > BLKIF_MAX_SEGMENTS_PER_REQUEST;
	if (part->indirect)
		put_indirect(bf, part, id, segs, sector);
	else
		pv_blkfront_put_segs(bf, part, put_request(bf, part, id, segs, sector)->seg);
	put_part(bf, part, req);
	return 0;
}

/* Sees that the backend can reach the one piece of a part; its grant's reference, or below 0. */
static inline int single_begin(struct blkfront *bf, struct blkfront_part *part)
{
	const struct pv_seg *seg = part->seg;
	const struct blkfront_page *page;

	if (!bf->persistent)
		return part->at.ref =
			       pv_grant(bf->xd->backend_id, seg->va, part->op != BLKIF_OP_READ);
	if (pv_unlikely(!bf->pool_num_free))
		return PV_EBUSY;
	part->at.page[0] = bf->pool_free[--bf->pool_num_free];
	page = &bf->pool[part->at.page[0]];
	if (part->op == BLKIF_OP_WRITE)
		pv_shared_write_block(page->va, seg->va, seg->len);
	return page->ref;
}

/* Its mirror, as pv_blkfront_data_end(). */
static inline int single_end(struct blkfront *bf, const struct blkfront_part *part, bool good)
{
	const struct pv_seg *seg = part->seg;

	if (!bf->persistent)
		return pv_grant_end(part->at.ref);
	if (good && part->op == BLKIF_OP_READ)
		pv_shared_read_block(seg->va, bf->pool[part->at.page[0]].va, seg->len);
	bf->pool_free[bf->pool_num_free++] = part->at.page[0];
	return 0;
}

/* What most are: within a page. */
static int issue(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	struct blkfront *bf = blkfront_of(q);
	const struct pv_seg *seg = req->segs;
	struct blkfront_part *part;
	unsigned int id;
	uint32_t first;
	int ref;

	/* As it is while there is no connection. */
	if (pv_unlikely(!bf->num_free))
		return PV_EBUSY;
	id = next_part(bf);
	part = bf->part[id];
	part->single = req->op <= PV_BLK_WRITE && pv_blk_whole_paged(req);
	if (!part->single)
		return req->op > PV_BLK_WRITE ? issue_other(bf, req, part, id)
					      : issue_data(bf, req, part, id);
	part->seg = seg;
	part->op = req->op == PV_BLK_READ ? BLKIF_OP_READ : BLKIF_OP_WRITE;
	ref = single_begin(bf, part);
	if (pv_unlikely(ref < 0))
		return PV_EBUSY;
	pv_blk_take_whole(req);
	first = bf->persistent ? 0 : ((uint32_t)(uintptr_t)seg->va & (PV_PAGE_SIZE - 1));
	pv_blkfront_put_seg(put_request(bf, part, id, 1, req->sector)->seg, (uint32_t)ref,
			    first / PV_BLK_SECTOR, seg->len);
	put_part(bf, part, req);
	return 0;
}

static void flush(struct pv_blk_queue *q)
{
	struct blkfront *bf = blkfront_of(q);

	/* Nothing was put while there is no connection. */
	if (pv_unlikely(pv_device_broken(bf->blk.dev)) || !pv_xring_push(&bf->ring))
		return;
	q->stats.notified++;
	(void)pv_evtchn_send(bf->port);
}

/* --- from the ring ---------------------------------------------------------------------------- */

static void free_part(struct blkfront *bf, unsigned int id)
{
	bf->part[id]->req = NULL;
	bf->free_part[bf->num_free++] = (uint16_t)id;
}

/*
 * Takes the part's memory back, where there are data if it went well. PV_EBUSY if the backend
 * keeps some.
 */
static inline int data_end(struct blkfront *bf, const struct blkfront_part *part, bool good)
{
	if (pv_unlikely(!part->single))
		return pv_blkfront_data_end(bf, part, good);
	return single_end(bf, part, good);
}

/* How a part went, by its response. */
static inline int outcome(struct blkfront *bf, const struct blkfront_part *part, int answer)
{
	int status = 0;

	if (pv_unlikely(data_end(bf, part, answer == BLKIF_RSP_OKAY)))
		status = pv_device_break(bf->blk.dev,
					 "the backend keeps an answered request's memory");
	else if (answer == BLKIF_RSP_ERROR)
		status = PV_EIO;
	else if (answer == BLKIF_RSP_EOPNOTSUPP)
		status = PV_ENOTSUP;
	else if (pv_unlikely(answer != BLKIF_RSP_OKAY))
		status = pv_device_break(bf->blk.dev, "block response with an unknown status");
	return status;
}

static bool is_indirect(const struct blkfront_part *part)
{
	return !part->single && part->indirect;
}

/*
 * The next response: its part's number, and how it went. Below 0 if there is none, or if the
 * device is broken now.
 */
static inline int next_response(struct blkfront *bf, int *status)
{
	const struct blkif_response PV_SHARED *rsp;
	const struct blkfront_part *part;
	uint64_t id;
	uint8_t op;
	int n;

	n = pv_xring_look(&bf->ring);
	if (n <= 0) {
		if (pv_unlikely(n < 0))
			pv_device_break(bf->blk.dev, "response index jumped");
		return -1;
	}
	rsp = &bf->slot[pv_xring_take(&bf->ring)].rsp;
	id = pv_shared_read(&rsp->id);
	op = pv_shared_read(&rsp->operation);
	*status = pv_shared_read(&rsp->status);
	if (pv_unlikely(id >= bf->num_parts)) {
		pv_device_break(bf->blk.dev, "response id out of range");
		return -1;
	}
	part = bf->part[id];
	if (pv_unlikely(!part->req)) {
		pv_device_break(bf->blk.dev, "response id is not in flight");
		return -1;
	}
	/*
	 * What an indirect request is answered with, blkif.h leaves open; Linux repeats the inner
	 * operation.
	 */
	if (pv_unlikely(op != part->op && !(is_indirect(part) && op == BLKIF_OP_INDIRECT))) {
		pv_device_break(bf->blk.dev, "response to another operation");
		return -1;
	}
	return (int)id;
}

/* Gives what is in flight back. */
static PV_NOINLINE int poll_broken(struct blkfront *bf, int budget)
{
	struct pv_blk_req *req;
	unsigned int id;
	int n = 0;

	if (!bf->told)
		pv_device_changed(bf->blk.dev);
	for (id = 0; id < bf->num_parts && n < budget; id++) {
		req = bf->part[id]->req;
		if (!req)
			continue;
		(void)data_end(bf, bf->part[id], false);
		free_part(bf, id);
		n++;
		pv_blk_part_done(&bf->q, req, PV_EPROTO);
	}
	return n;
}

static int poll(struct pv_blk_queue *q, int budget)
{
	struct blkfront *bf = blkfront_of(q);
	struct pv_blk_req *req;
	int n = 0, id, status;

	if (pv_unlikely(pv_device_broken(bf->blk.dev)))
		return poll_broken(bf, budget);
	if (pv_unlikely(!bf->up))
		return 0;
	while (n < budget) {
		id = next_response(bf, &status);
		if (id < 0)
			break;
		req = bf->part[id]->req;
		status = outcome(bf, bf->part[id], status);
		free_part(bf, (unsigned int)id);
		n++;
		pv_blk_part_done(q, req, status);
		if (pv_unlikely(status == PV_EPROTO))
			break;
	}
	if (n)
		bf->worked = true;
	if (pv_unlikely(pv_device_broken(bf->blk.dev)))
		n += poll_broken(bf, budget - n);
	return n;
}

static bool arm(struct pv_blk_queue *q, bool on)
{
	struct blkfront *bf = blkfront_of(q);

	if (!on || !bf->up || pv_unlikely(pv_device_broken(bf->blk.dev)))
		return false;
	if (pv_xring_arm(&bf->ring, 0))
		return true;
	if (__atomic_load_n(&bf->fired, __ATOMIC_RELAXED) &&
	    __atomic_exchange_n(&bf->fired, false, __ATOMIC_ACQUIRE)) {
		if (bf->worked)
			pv_evtchn_eoi(bf->port);
		else
			pv_evtchn_eoi_idle(bf->port);
		bf->worked = false;
	}
	return false;
}

const struct pv_blk_ops pv_blkfront_ops = {
	.issue = issue,
	.flush = flush,
	.poll = poll,
	.arm = arm,
};

void pv_blkfront_event(void *arg)
{
	struct blkfront *bf = arg;

	__atomic_store_n(&bf->fired, true, __ATOMIC_RELEASE);
	pv_blk_event(&bf->q);
}

/* --- the end of a connection ------------------------------------------------------------------ */

void pv_blkfront_lose(struct blkfront *bf, int status)
{
	struct pv_blk_req *req;
	unsigned int id;

	for (id = 0; id < bf->num_parts; id++) {
		req = bf->part[id]->req;
		if (!req)
			continue;
		(void)data_end(bf, bf->part[id], false);
		free_part(bf, id);
		pv_blk_part_lost(&bf->q, req, status);
	}
}

/* The part that was put on the ring last, of those that are there. NULL if none is. */
static struct blkfront_part *latest(const struct blkfront *bf, unsigned int *id)
{
	struct blkfront_part *last = NULL;
	unsigned int i;

	for (i = 0; i < bf->num_parts; i++) {
		struct blkfront_part *part = bf->part[i];

		if (!part->req || (last && (int32_t)(part->turn - last->turn) < 0))
			continue;
		last = part;
		*id = i;
	}
	return last;
}

int pv_blkfront_rewind(struct blkfront *bf)
{
	struct blkfront_part *part;
	struct pv_blk_req *req;
	unsigned int id = 0;

	while ((part = latest(bf, &id))) {
		if (data_end(bf, part, false)) {
			pv_device_break(bf->blk.dev,
					"the backend left, and keeps a request's memory");
			pv_blk_part_lost(&bf->q, part->req, PV_EPROTO);
			free_part(bf, id);
			pv_blkfront_lose(bf, PV_EPROTO);
			return PV_EPROTO;
		}
		req = part->req;
		free_part(bf, id);
		pv_blk_part_again(&bf->q, req);
	}
	return 0;
}
