/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the block class layer and its drivers.
 *
 * The class layer (blk.c) checks requests, keeps the list of those that wait, cuts them into parts
 * by the queue's limits and knows when a request is done. A driver puts parts on its ring and
 * reports their completions; it keeps, for each part in flight, the request and how it was shared,
 * in its own shadow.
 */
#ifndef PV_CORE_BLK_DRIVER_H
#define PV_CORE_BLK_DRIVER_H

#include <pv/blk.h>

/* What one part may be, by the ring, the device and PV_CONFIG_BLK_SEGS. */
struct pv_blk_limits {
	uint32_t max_segs;    /* pieces in one part */
	uint32_t max_seg_len; /* bytes in one piece, a multiple of 512, at most max_bytes */
	uint32_t max_bytes;   /* bytes in one part, a multiple of the logical block */
	bool page_pieces;     /* a piece may not cross a page (grants) */
};

struct pv_blk_ops {
	/*
	 * Puts the next part of `req` on the ring: pieces by pv_blk_take(), or a sector range. 0,
	 * or PV_EBUSY if the ring is full (nothing was taken then); any other error ends the
	 * request. Does not notify.
	 */
	int (*issue)(struct pv_blk_queue *q, struct pv_blk_req *req);
	/* Notifies the peer if it asked for it since the last time. */
	void (*flush)(struct pv_blk_queue *q);
	/*
	 * Takes at most `budget` completions off the ring and calls pv_blk_part_done() for each. On
	 * a broken device it completes the parts in flight with PV_EPROTO, after it made sure that
	 * the peer no longer reaches their memory. The number of parts completed; less than the
	 * budget only if there are no more.
	 */
	int (*poll)(struct pv_blk_queue *q, int budget);
	/*
	 * Asks for an event at the next completion, or, with false, for none. True if completions
	 * came meanwhile (the final check): the caller polls again.
	 */
	bool (*arm)(struct pv_blk_queue *q, bool on);
};

/* Requests, oldest first. */
struct pv_blk_list {
	struct pv_blk_req *head, *tail;
};

struct pv_blk_queue {
	/* Set by the driver before pv_blk_register(). */
	const struct pv_blk_ops *ops;
	struct pv_blk *blk;
	struct pv_blk_limits limits;

	/* The class layer's. */
	uint32_t uncut;		     /* a piece up to this length need not be cut */
	uint32_t block_mask;	     /* sectors in a logical block, less one */
	struct pv_blk_list waiting;  /* accepted; only the first may have parts on the ring */
	struct pv_blk_list finished; /* done() is still to be called, from poll */
	bool armed;		     /* the event is wanted; taken back by the event */
	pv_queue_event_fn event;
	void *event_arg;
	struct pv_queue_stats stats; /* `notified` is counted by the driver */
};

/*
 * Publishes the device: gives it its number and name. `blk->queue` points to num_queues queues.
 * Context: control, from probe.
 */
void pv_blk_register(struct pv_blk *blk);

/*
 * REMOVAL, from remove, in control context:
 *	pv_blk_unregister()	takes it out of sight. New requests get PV_EGONE; the driver's
 *				operations are not called any more.
 *	pv_blk_part_lost()	for each part in flight, after the device was stopped: as
 *				pv_blk_part_done(), but done() is left to the kernel's next poll.
 *	pv_blk_release()	the driver is done with it: tells the kernel; `release(blk)` is
 *				called when the last hold is gone, perhaps at once.
 */
void pv_blk_unregister(struct pv_blk *blk);
void pv_blk_part_lost(struct pv_blk_queue *q, struct pv_blk_req *req, int status);
void pv_blk_release(struct pv_blk *blk, void (*release)(struct pv_blk *blk));

/*
 * Capacity or flags changed, or the device is broken: tells the kernel. Called by the driver, in
 * drv->changed. Context: control.
 */
void pv_blk_changed(struct pv_blk *blk);

/*
 * The next part of a READ or WRITE, within the queue's limits: its pieces, either the caller's own
 * or written to piece[], which has room for max_segs; their number in `*num`, their length in
 * `*bytes`, and the sector that it begins at. Moves the request's position past them. NULL if no
 * whole logical block fits into max_segs of the caller's pieces. Called by issue, once it knows
 * that the ring has room.
 */
const struct pv_seg *pv_blk_cut(struct pv_blk_queue *q, struct pv_blk_req *req,
				struct pv_seg *piece, unsigned int *num, uint64_t *sector,
				uint32_t *bytes);

/*
 * Whether a READ or WRITE is one piece, which need not be cut: all of it is the next part, as most
 * are.
 */
static inline bool pv_blk_whole(const struct pv_blk_queue *q, const struct pv_blk_req *req)
{
	return pv_likely(req->num_segs == 1 && req->segs->len <= q->uncut);
}

/* The same, for a queue whose pieces do not cross a page (and may be as long as one). */
static inline bool pv_blk_whole_paged(const struct pv_blk_req *req)
{
	const struct pv_seg *seg = req->segs;

	return pv_likely(req->num_segs == 1 &&
			 ((uint64_t)seg->va & (PV_PAGE_SIZE - 1)) + seg->len <= PV_PAGE_SIZE);
}

/* Takes such a request: req->segs, from req->sector on. */
static inline void pv_blk_take_whole(struct pv_blk_req *req)
{
	req->lib.parts = 1;
	req->lib.left = 0;
}

static inline const struct pv_seg *pv_blk_take(struct pv_blk_queue *q, struct pv_blk_req *req,
					       struct pv_seg *piece, unsigned int *num,
					       uint64_t *sector, uint32_t *bytes)
{
	if (!pv_blk_whole(q, req))
		return pv_blk_cut(q, req, piece, num, sector, bytes);
	pv_blk_take_whole(req);
	*num = 1;
	*sector = req->sector;
	*bytes = req->segs->len;
	return req->segs;
}

/* Takes the last take of a READ or WRITE back, which began at `sector` and was of so many bytes. */
void pv_blk_untake(struct pv_blk_req *req, uint64_t sector, uint32_t bytes);

/* The same for DISCARD and WRITE_ZEROES: at most `max` sectors; their number. */
uint32_t pv_blk_take_range(struct pv_blk_req *req, uint32_t max, uint64_t *sector);

/* A SYNC is one part. */
void pv_blk_take_sync(struct pv_blk_req *req);

/* A part of `req` is complete, with 0 or an error. May call done(). Context: data, from poll. */
void pv_blk_part_end(struct pv_blk_queue *q, struct pv_blk_req *req, int status);
static inline void pv_blk_part_done(struct pv_blk_queue *q, struct pv_blk_req *req, int status)
{
	/* Mostly it is the whole request. */
	if (pv_unlikely(status || req->status || req->lib.left || req->lib.parts > 1)) {
		pv_blk_part_end(q, req, status);
		return;
	}
	q->stats.completed++;
	req->done(req);
}

/*
 * A part in flight is lost, but its request is not: when the last of its parts is back, the request
 * begins anew, before all that wait. For drivers whose peer started again; they give back all
 * parts, the one that was issued last first, so that the requests are in the order of their
 * submission again. With the limits changed, pv_blk_queue_init() follows. What waits is issued by
 * the kernel's next poll. Context: control; the data path must not run meanwhile.
 */
void pv_blk_part_again(struct pv_blk_queue *q, struct pv_blk_req *req);

/* What follows from the device's blocks and the queue's limits; called by pv_blk_register(). */
void pv_blk_queue_init(struct pv_blk_queue *q);

/* The interrupt came for this queue. Context: interrupt. */
void pv_blk_event(struct pv_blk_queue *q);

/* --- within the class layer ------------------------------------------------------------------- */

/* Ends what waits with `status`, since it will not be issued any more; done() is left to poll. */
void pv_blk_fail_waiting(struct pv_blk_queue *q, int status);

/* Calls done() of at most `budget` requests that poll has yet to complete; their number. */
int pv_blk_run_finished(struct pv_blk_queue *q, int budget);

#endif
