/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Scatter lists and queue counters: what block and network requests have in common.
 */
#ifndef PV_SEG_H
#define PV_SEG_H

#include <pv/types.h>

PV_BEGIN_DECLS

/*
 * One piece of a scatter list: physically contiguous memory for which pv_os_virt_to_phys() holds.
 */
struct pv_seg {
	void *va;
	uint32_t len; /* bytes, not 0 */
};

/* What a queue did. Written by its owner only, read by anybody for a report. */
struct pv_queue_stats {
	uint64_t submitted; /* requests, or packets to send, accepted */
	uint64_t completed; /* requests done, packets sent */
	uint64_t received;  /* packets delivered; 0 for block */
	uint64_t bytes_out; /* written, or sent */
	uint64_t bytes_in;  /* read, or received */
	uint64_t errors;    /* requests that failed, packets that could not be sent */
	uint64_t dropped;   /* packets from the peer that were not fit to deliver */
	uint64_t notified;  /* times the peer was notified */
	uint64_t events;    /* interrupts taken for the queue */
	uint64_t polls;	    /* calls of poll */
};

/*
 * "There is work: poll." Called from the queue's interrupt, or from flush when work was found just
 * then; only acknowledges and schedules. It is not called again until a poll came to an end with
 * less than its budget.
 */
typedef void (*pv_queue_event_fn)(void *arg);

PV_END_DECLS

#endif
