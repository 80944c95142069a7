/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Bounce pages: what a peer gets in the place of memory that it is not to see.
 *
 * THE PARTIES
 *	A queue of a device that is untrusted (struct pv_device), its driver, and the peer.
 *
 * WHO OWNS WHAT WHEN
 *	Each queue has a pool of whole pages, which are shared with the peer as long as the pool
 *	lasts, and hold nothing else of the guest's: they are zeroes when they are shared. What a
 *	peer reads is copied to a page of the pool when it is lent, what it writes is copied from
 *	there when the loan ends, and private memory from then on. Until a page is used again, what
 *	is on it is what this peer wrote itself, or was given.
 *
 *	Rings, headers and what else both sides write lie on whole pages of their own anyway, and
 *	are shared as they are.
 *
 * WHAT CAN FAIL
 *	An empty pool is PV_EBUSY: the request waits as for a ring that is full. The pool is the
 *	queue's, so that a page comes back by the queue's own completions, and no lock is needed. A
 *	pool has at least as many pages as the longest request, so that one fits when nothing else
 *	is in flight.
 */
#ifndef PV_CORE_BOUNCE_H
#define PV_CORE_BOUNCE_H

#include <pv/shared.h>
#include <pv/share.h>

struct pv_bounce_page {
	uint8_t PV_SHARED *va;
	pv_bus_addr_t addr;
};

struct pv_bounce {
	struct pv_device *dev;
	struct pv_bounce_page *page; /* by rising address */
	uint16_t *free;		     /* a stack of their numbers: few pages are used often */
	unsigned int num;	     /* 0: there is no pool, and memory is lent as it is */
	unsigned int num_free;
	unsigned int wanted; /* for which page[] and free[] have room */
};

/*
 * A pool of `wanted` pages, at most 65536, or of as many as there is memory for. 0; PV_ENOMEM if
 * these are fewer than `least`, which is not 0, and there is no pool. Context: control.
 */
int pv_bounce_init(struct pv_bounce *b, struct pv_device *dev, unsigned int wanted,
		   unsigned int least) PV_MUST_CHECK;

/*
 * Its mirror; nothing is lent. `held`: the peer may still reach the pages, which are not used again
 * then. Also where there is no pool. Context: control.
 */
void pv_bounce_exit(struct pv_bounce *b, bool held);

/*
 * A page, and its address; NULL if none is free. The peer sees what was on it before. Context:
 * data.
 */
uint8_t PV_SHARED *pv_bounce_take(struct pv_bounce *b, pv_bus_addr_t *addr);

/* Gives it back. Context: data. */
void pv_bounce_give(struct pv_bounce *b, pv_bus_addr_t addr);

/*
 * As pv_share(), of at most a page: the peer gets a copy, or zeroes where it is to write. 0,
 * PV_EBUSY if no page is free. Context: data.
 */
int pv_bounce_share(struct pv_bounce *b, const void *va, uint32_t len, enum pv_share_dir dir,
		    pv_bus_addr_t *addr) PV_MUST_CHECK;

/*
 * As pv_unshare(): the first `len` bytes of what the peer wrote are at `va` then. Context: data,
 * and control when the device was stopped.
 */
void pv_bounce_unshare(struct pv_bounce *b, pv_bus_addr_t addr, void *va, uint32_t len,
		       enum pv_share_dir dir);

#endif
