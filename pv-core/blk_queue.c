/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The block class layer's data path.
 *
 * A REQUEST'S PLACES
 *	accepted by submit	in `waiting`, unless the ring takes all of it at once
 *	on the ring		lib.parts counts its parts there; what is left is lib.left
 *	nothing left or there	done() is called
 *
 *	Requests go to the ring in the order of their submission, so only the first that waits may
 *	have parts there already. The first error of a part ends a request: what is left is not
 *	issued, and it is done when its parts have come back.
 *
 *	done() is called from poll (or close) only. What ends elsewhere (a flush that needs no
 *	device, a request that cannot be cut to the device's limits, whatever a removed device had)
 *	goes to `finished`, for the next poll.
 *
 * EVENTS
 *	poll sets `armed` before it asks the driver for an event and looks once more; the event
 *	takes it back. So an event is passed on once, whatever else shares the interrupt.
 */
#include "pv-core/blk_driver.h"

#include <pv/log.h>
#include <pv/os.h>
#include <pv/shared.h>

/* --- lists ------------------------------------------------------------------------------------ */

static void list_add(struct pv_blk_list *list, struct pv_blk_req *req)
{
	req->lib.next = NULL;
	if (list->head)
		list->tail->lib.next = req;
	else
		list->head = req;
	list->tail = req;
}

static void list_add_first(struct pv_blk_list *list, struct pv_blk_req *req)
{
	req->lib.next = list->head;
	if (!list->head)
		list->tail = req;
	list->head = req;
}

static struct pv_blk_req *list_take(struct pv_blk_list *list)
{
	struct pv_blk_req *req = list->head;

	list->head = req->lib.next;
	return req;
}

/* --- completion ------------------------------------------------------------------------------- */

static void complete(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	q->stats.completed++;
	if (pv_unlikely(req->status))
		q->stats.errors++;
	req->done(req);
}

/* The request fails; what is left of it is not issued. */
static void give_up(struct pv_blk_queue *q, struct pv_blk_req *req, int status)
{
	if (!req->status)
		req->status = status;
	if (!req->lib.left)
		return;
	PV_ASSERT(q->waiting.head == req);
	list_take(&q->waiting);
	req->lib.left = 0;
}

/* True if it was the last part. */
static bool part_back(struct pv_blk_queue *q, struct pv_blk_req *req, int status)
{
	req->lib.parts--;
	if (pv_unlikely(status))
		give_up(q, req, status);
	return !req->lib.parts && !req->lib.left;
}

void pv_blk_part_end(struct pv_blk_queue *q, struct pv_blk_req *req, int status)
{
	if (part_back(q, req, status))
		complete(q, req);
}

void pv_blk_part_lost(struct pv_blk_queue *q, struct pv_blk_req *req, int status)
{
	if (part_back(q, req, status))
		list_add(&q->finished, req);
}

void pv_blk_fail_waiting(struct pv_blk_queue *q, int status)
{
	struct pv_blk_req *req;

	while ((req = q->waiting.head)) {
		give_up(q, req, status);
		if (!req->lib.parts)
			list_add(&q->finished, req);
	}
}

/* --- to the ring ------------------------------------------------------------------------------ */

/* Puts all of the request on the ring. An error, or PV_EBUSY with lib.left telling what is left. */
static int issue(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	int err;

	do {
		err = q->ops->issue(q, req);
	} while (!err && req->lib.left);
	return err;
}

/* Puts what waits on the ring, as far as it goes, and notifies. */
static void issue_waiting(struct pv_blk_queue *q)
{
	struct pv_blk_req *req;
	int err;

	while ((req = q->waiting.head)) {
		err = issue(q, req);
		if (err == PV_EBUSY)
			break;
		if (!err) {
			list_take(&q->waiting);
		} else {
			give_up(q, req, err);
			if (!req->lib.parts)
				list_add(&q->finished, req);
		}
	}
	q->ops->flush(q);
}

/* --- data path -------------------------------------------------------------------------------- */

/* Whether so many sectors from there are whole blocks of the device. */
static inline bool in_range(const struct pv_blk_queue *q, uint64_t sector, uint64_t sectors)
{
	const struct pv_blk *blk = q->blk;

	if (pv_unlikely(!sectors || (sector | sectors) & q->block_mask))
		return false;
	return pv_likely(sector < blk->capacity && sectors <= blk->capacity - sector);
}

/* The length of a scatter list in bytes; 0 if there is something wrong with it. */
static PV_NOINLINE uint64_t list_sum(const struct pv_blk_req *req)
{
	uint64_t sum = 0, bits = 0;
	unsigned int i;

	for (i = 0; i < req->num_segs; i++) {
		if (!req->segs[i].len)
			return 0;
		bits |= (uint64_t)req->segs[i].va | req->segs[i].len;
		sum += req->segs[i].len;
	}
	return bits & (PV_BLK_SECTOR - 1) ? 0 : sum;
}

static inline uint64_t list_length(const struct pv_blk_req *req)
{
	if (pv_unlikely(req->num_segs != 1 ||
			((uint64_t)req->segs->va | req->segs->len) & (PV_BLK_SECTOR - 1)))
		return list_sum(req);
	return req->segs->len;
}

/* Whether a request without data may be accepted, and how long it is. */
static int check_other(const struct pv_blk_queue *q, const struct pv_blk_req *req, uint64_t *left)
{
	const struct pv_blk *blk = q->blk;
	bool discard = req->op == PV_BLK_DISCARD;

	*left = 1;
	if (req->op == PV_BLK_SYNC) {
		*left = blk->flags & PV_BLK_F_SYNC ? 1 : 0;
		return 0;
	}
	if (!discard && req->op != PV_BLK_WRITE_ZEROES)
		return PV_EINVAL;
	if (!(blk->flags & (discard ? PV_BLK_F_DISCARD : PV_BLK_F_WRITE_ZEROES)))
		return PV_ENOTSUP;
	if (blk->flags & PV_BLK_F_READ_ONLY)
		return PV_EROFS;
	*left = req->num_sectors;
	return in_range(q, req->sector, req->num_sectors) ? 0 : PV_EINVAL;
}

/* The ring did not take all of an accepted request with its first part. */
static PV_NOINLINE void issue_rest(struct pv_blk_queue *q, struct pv_blk_req *req, int err)
{
	if (!err)
		err = issue(q, req);
	if (!err)
		return;
	list_add(&q->waiting, req);
	if (err == PV_EBUSY)
		return;
	give_up(q, req, err);
	if (!req->lib.parts)
		list_add(&q->finished, req);
}

/* From here on, it is done() that tells how it went. */
static inline void accept(struct pv_blk_queue *q, struct pv_blk_req *req, uint64_t left)
{
	int err;

	q->stats.submitted++;
	req->status = 0;
	req->lib.sector = req->sector;
	req->lib.left = left;
	req->lib.offset = 0;
	req->lib.seg = 0;
	req->lib.parts = 0;
	if (pv_unlikely(q->waiting.head)) {
		list_add(&q->waiting, req);
		return;
	}
	err = q->ops->issue(q, req);
	if (pv_unlikely(err || req->lib.left))
		issue_rest(q, req, err);
}

static PV_NOINLINE int submit_other(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	uint64_t left;
	int err = check_other(q, req, &left);

	if (err)
		return err;
	if (left) {
		accept(q, req, left);
		return 0;
	}
	q->stats.submitted++;
	req->status = 0;
	req->lib.left = 0;
	req->lib.parts = 0;
	list_add(&q->finished, req);
	return 0;
}

int pv_blk_submit(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	struct pv_blk *blk = q->blk;
	uint64_t left;

	if (pv_unlikely(pv_device_broken(blk->dev)))
		return blk->gone ? PV_EGONE : PV_EIO;
	if (pv_unlikely(req->op > PV_BLK_WRITE))
		return submit_other(q, req);
	left = list_length(req);
	if (!in_range(q, req->sector, left >> PV_BLK_SECTOR_SHIFT))
		return PV_EINVAL;
	if (req->op == PV_BLK_READ)
		q->stats.bytes_in += left;
	else if (pv_unlikely(blk->flags & PV_BLK_F_READ_ONLY))
		return PV_EROFS;
	else
		q->stats.bytes_out += left;
	accept(q, req, left);
	return 0;
}

/* What an accepted request of the device has in all: bytes, sectors, or 1. */
static uint64_t length(const struct pv_blk_req *req)
{
	if (req->op <= PV_BLK_WRITE)
		return list_length(req);
	return req->op == PV_BLK_SYNC ? 1 : req->num_sectors;
}

void pv_blk_part_again(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	bool waits = req->lib.left;

	if (--req->lib.parts)
		return;
	if (req->status) {
		list_add(&q->finished, req);
		return;
	}
	req->lib.sector = req->sector;
	req->lib.left = length(req);
	req->lib.offset = 0;
	req->lib.seg = 0;
	if (!waits)
		list_add_first(&q->waiting, req);
}

void pv_blk_queue_init(struct pv_blk_queue *q)
{
	q->uncut = q->limits.page_pieces ? 0 : q->limits.max_seg_len;
	q->block_mask = (q->blk->logical_block >> PV_BLK_SECTOR_SHIFT) - 1;
}

void pv_blk_flush(struct pv_blk_queue *q)
{
	q->ops->flush(q);
	if (pv_unlikely(q->finished.head))
		pv_blk_event(q);
}

int pv_blk_run_finished(struct pv_blk_queue *q, int budget)
{
	int n = 0;

	while (n < budget && q->finished.head) {
		complete(q, list_take(&q->finished));
		n++;
	}
	return n;
}

/* Asks for the event. True if there is work already. */
static bool arm(struct pv_blk_queue *q)
{
	q->armed = true;
	/* The event may come from here on; pairs with pv_blk_event(). */
	pv_barrier();
	if (!q->ops->arm(q, true) && !q->finished.head)
		return false;
	q->armed = false;
	return true;
}

int pv_blk_poll(struct pv_blk_queue *q, int budget)
{
	int n = 0;

	q->stats.polls++;
	q->armed = false;
	do {
		n += q->ops->poll(q, budget - n);
		if (pv_unlikely(q->waiting.head)) {
			if (pv_unlikely(pv_device_broken(q->blk->dev)))
				pv_blk_fail_waiting(q, PV_EPROTO);
			else
				issue_waiting(q);
		}
		if (pv_unlikely(q->finished.head))
			n += pv_blk_run_finished(q, budget - n);
	} while (n < budget && (q->finished.head || (q->event && arm(q))));
	return n;
}

void pv_blk_set_event(struct pv_blk_queue *q, pv_queue_event_fn fn, void *arg)
{
	q->event_arg = arg;
	q->event = fn;
	if (!fn) {
		q->armed = false;
		q->ops->arm(q, false);
	}
}

void pv_blk_event(struct pv_blk_queue *q)
{
	pv_queue_event_fn fn = q->event;

	q->stats.events++;
	if (!q->armed || !fn)
		return;
	q->armed = false;
	fn(q->event_arg);
}

struct pv_blk_queue *pv_blk_queue(struct pv_blk *blk, unsigned int index)
{
	return index < blk->num_queues ? blk->queue[index] : NULL;
}

const struct pv_queue_stats *pv_blk_stats(const struct pv_blk_queue *q)
{
	return &q->stats;
}
