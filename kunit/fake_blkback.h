/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake Xen block backend (xen/io/blkif.h), beside the fake hypervisor and the fake xenstored:
 * it follows the frontend's state, maps its ring and serves a disk in memory, as told, or as a
 * hostile one would.
 *
 * Requests are served when the test says so (fake_blkback_run()), or, with `automatic`, when the
 * event comes. Each page is reached by its grant only, for as long as Linux's backend would:
 * until the answer, or, with persistent grants, until the end.
 */
#ifndef PV_KUNIT_FAKE_BLKBACK_H
#define PV_KUNIT_FAKE_BLKBACK_H

#include <kunit/test.h>
#include <pv/abi/xen_io.h>
#include <pv/fake_xen.h>
#include <pv/fake_xenstored.h>

#define FAKE_BLKBACK_DISK (1u << 20)
#define FAKE_BLKBACK_RING (4 * 4096u)

struct fake_blkback {
	/*
	 * What it offers; below 0: no such node. As Linux's backend, from fake_blkback_init() on.
	 */
	int max_ring_order, max_ring_pages;
	int persistent, indirect, flush, barrier, discard;
	int sector_size, physical_sector_size, info;
	const char *physical; /* as text, instead; NULL: the number */
	const char *sectors;  /* text */
	const char *mode;
	const char *trusted; /* the toolstack's word, for the frontend; NULL: none */

	/* How it behaves. */
	bool automatic;
	bool never_connects; /* it stays in InitWait */
	bool lingers;	     /* it does not answer to Closing and Closed */
	bool keeps;	     /* it does not unmap what it answered */
	bool keeps_ring;     /* nor the ring, when it closes */
	int status;	     /* of answers; 0 with data transferred */
	int response_op;     /* in answers; below 0: the request's */

	/* The frontend, as it says it is. */
	char front[64], back[96];
	bool connected;
	unsigned int pages;
	uint32_t ring_ref[4], port;
	struct blkif_sring *sring; /* in a copy of its own; see fake_blkback.c */
	uint32_t size, req_cons, rsp_prod;
	bool front_persistent;

	/* What it did. */
	uint8_t *disk;
	unsigned int served, indirect_served, segments, flushes, barriers, discards, connects;
	unsigned int largest; /* sectors in a request */
	unsigned int bad;     /* requests that cannot be served */
	uint64_t last_sector, last_nr_sectors, last_id;
	uint32_t mapped[4096]; /* references that stay mapped */
	unsigned int num_mapped;
	uint64_t writes[64]; /* the first sectors of the writes, in their order */
	unsigned int num_writes;
};

/* As Linux's. The disk's bytes are a pattern. */
void fake_blkback_init(struct kunit *test, struct fake_blkback *b);
/* Lets go of what it has, whoever is at the other end. */
void fake_blkback_exit(struct fake_blkback *b);

/* vbd/`id`, as xl writes it, and its backend, waiting. */
void fake_blkback_plug(struct fake_blkback *b, unsigned int id);

/* It dies, letting go of all. */
void fake_blkback_die(struct fake_blkback *b);

/* After that it comes back, and takes the rings that it finds named. False if it cannot. */
bool fake_blkback_take_over(struct fake_blkback *b);

/* It dies, and comes back to InitWait; with another process' memory: none. */
void fake_blkback_restart(struct fake_blkback *b);

/* Serves at most `max` requests, and tells the frontend if that wants to be told. Their number. */
unsigned int fake_blkback_run(struct fake_blkback *b, unsigned int max);

/* Answers by hand: puts a response, and shows it. */
void fake_blkback_answer(struct fake_blkback *b, uint64_t id, uint8_t op, int16_t status);

/* Takes the next request without answering it. False if there is none. */
bool fake_blkback_take(struct fake_blkback *b, struct blkif_request *rq);

/* Its state node. */
void fake_blkback_state(struct fake_blkback *b, enum xenbus_state state);

#endif
