/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The indices of a device's ring (xen/io/ring.h), the frontend's side: inline, without
 * allocation, wait or indirect call. One CPU at a time uses a ring.
 *
 * THE PARTIES
 *	Both sides write into the same slots: the frontend requests, the backend, in the place of
 *	requests that it took, responses. Each publishes what it wrote by an index, and says by
 *	another at which index of the other's it wants an event.
 *
 * THE SEQUENCE
 *	put	the driver writes the slot of pv_xring_next(), if there is room, and then puts it
 *	push	shows the backend what was put since the last time; tells whether it wants an event
 *	look	loads the backend's index once, and bounds it
 *	take	the slot of the next response, which the driver copies once and looks at only then
 *	arm	asks for an event, and looks once more
 *
 * WHO OWNS WHAT
 *	The backend may write the ring's pages at any moment, so nothing in them is read back but
 *	responses and the backend's two indices; ours are kept in private memory.
 *
 * INDICES are 32 bits wide, run freely and wrap. They are only ever subtracted, and the
 * difference compared.
 *
 * WHAT THE BACKEND MAY SAY
 *	rsp_prod moves forward, by at most what was pushed and not yet answered.
 */
#ifndef PV_CORE_XEN_RING_H
#define PV_CORE_XEN_RING_H

#include <pv/err.h>
#include <pv/shared.h>

/* How each ring begins. The slots begin PV_XRING_SLOTS bytes from there. */
struct pv_xring_shared {
	uint32_t req_prod;  /* ours */
	uint32_t req_event; /* the backend's */
	uint32_t rsp_prod;  /* the backend's */
	uint32_t rsp_event; /* ours */
};

#define PV_XRING_SLOTS 64u

struct pv_xring {
	struct pv_xring_shared PV_SHARED *shared;
	uint32_t size;	   /* slots, a power of two */
	uint32_t req_prod; /* put */
	uint32_t pushed;   /* of these, shown to the backend */
	uint32_t rsp_seen; /* the backend's rsp_prod as last looked at */
	uint32_t rsp_cons; /* taken */
};

/* How many slots of `slot` bytes fit into so many bytes: the power of two below. */
static inline uint32_t pv_xring_size(uint32_t bytes, uint32_t slot)
{
	uint32_t n = (bytes - PV_XRING_SLOTS) / slot;

	return n ? 1u << (31 - __builtin_clz(n)) : 0;
}

/* Begins a ring in pages that are all zeroes, and not shared yet. */
static inline void pv_xring_init(struct pv_xring *r, void *pages, uint32_t size)
{
	r->shared = (struct pv_xring_shared PV_SHARED PV_FORCE *)pages;
	r->size = size;
	r->req_prod = 0;
	r->pushed = 0;
	r->rsp_seen = 0;
	r->rsp_cons = 0;
	pv_shared_write(&r->shared->req_event, 1);
	pv_shared_write(&r->shared->rsp_event, 1);
}

/* Requests that are put, and not answered. */
static inline uint32_t pv_xring_in_flight(const struct pv_xring *r)
{
	return r->req_prod - r->rsp_cons;
}

/* How many more may be put. */
static inline uint32_t pv_xring_room(const struct pv_xring *r)
{
	return r->size - pv_xring_in_flight(r);
}

/* The number of the slot that belongs to an index. */
static inline uint32_t pv_xring_slot(const struct pv_xring *r, uint32_t index)
{
	return index & (r->size - 1);
}

/* Where the next request goes; and it is there. */
static inline uint32_t pv_xring_next(const struct pv_xring *r)
{
	return pv_xring_slot(r, r->req_prod);
}

static inline void pv_xring_put(struct pv_xring *r)
{
	r->req_prod++;
}

/* Shows the backend what was put. True if it wants an event for that. */
static inline bool pv_xring_push(struct pv_xring *r)
{
	uint32_t old = r->pushed;

	if (r->req_prod == old)
		return false;
	/*
	 * The backend sees requests before the index; pairs with its barrier between the two
	 * loads.
	 */
	pv_shared_write_release(&r->shared->req_prod, r->req_prod);
	r->pushed = r->req_prod;
	/*
	 * Our index before the look at its wish; pairs with the backend's barrier between
	 * req_event and its last look at req_prod.
	 */
	pv_mb();
	return r->pushed - pv_shared_read(&r->shared->req_event) < r->pushed - old;
}

/*
 * How many responses are there to be taken; 0 if none; PV_EPROTO if the backend says what cannot
 * be.
 */
static inline int pv_xring_look(struct pv_xring *r)
{
	uint32_t n;

	if (r->rsp_seen == r->rsp_cons) {
		/* Pairs with the backend's release of rsp_prod, after the responses. */
		uint32_t prod = pv_shared_read_acquire(&r->shared->rsp_prod);

		if (pv_unlikely(prod - r->rsp_cons > r->pushed - r->rsp_cons))
			return PV_EPROTO;
		r->rsp_seen = prod;
	}
	n = r->rsp_seen - r->rsp_cons;
	return (int)n;
}

/* The number of the slot of the next response; there is one. */
static inline uint32_t pv_xring_take(struct pv_xring *r)
{
	return pv_xring_slot(r, r->rsp_cons++);
}

/*
 * Asks for an event once more than `after` further responses are there. True if they are there
 * already, so that none will come: the final check.
 */
static inline bool pv_xring_arm(struct pv_xring *r, uint32_t after)
{
	pv_shared_write(&r->shared->rsp_event, r->rsp_cons + 1 + after);
	/*
	 * Our wish before the last look at its index; pairs with the backend's barrier between
	 * rsp_prod and its look at rsp_event.
	 */
	pv_mb();
	return pv_shared_read(&r->shared->rsp_prod) - r->rsp_cons > after;
}

#endif
