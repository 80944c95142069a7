/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A kernel at work on a block device, and the oracle of its disk.
 *
 * Each sector that is written has its number and a version in every word. The oracle knows which
 * version a sector has; after a write that failed it may have either, until the next one that goes
 * well. Requests that overlap are not in flight together: which of them is last nobody could say.
 */
#include <pv/blk.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "sim.h"

#define REQS	    12u
#define MOST	    128u /* sectors in a request */
#define MAYBE	    4u	 /* versions that a sector may have */
#define BUFFER	    (MOST * 512u)
#define SETTLE_MS   60000u /* of virtual time, until all is done */
#define WATCHDOG_MS 1000u

static struct req {
	struct pv_blk_req req;
	struct pv_seg seg[3];
	bool busy;
	uint32_t sector, num, version;
} req[REQS];
static uint8_t buffer[REQS][BUFFER] PV_ALIGNED(4096);

static struct sector {
	uint32_t version[MAYBE];
	uint8_t num; /* of versions that it may have */
	bool busy;
} oracle[SIM_BLK_SECTORS];

static const struct sim_blk_peer *peer;
static struct pv_blk *blk;
static struct pv_blk_queue *q;
static uint32_t last_version;
static bool event;
static unsigned int in_flight;

/* --- the oracle ------------------------------------------------------------------------------- */

static void fill(uint8_t *at, uint32_t sector, uint32_t version)
{
	uint64_t word = (uint64_t)sector << 32 | version;
	unsigned int n;

	pv_memcpy(at, &word, 8);
	for (n = 8; n < 512; n *= 2)
		pv_memcpy(at + n, at, n);
}

static bool is_possible(const uint8_t *at, uint32_t sector)
{
	uint64_t first;
	unsigned int i;

	pv_memcpy(&first, at, 8);
	/* Each word is as the one before it. */
	if (first >> 32 != sector || pv_memcmp(at, at + 8, 504))
		return false;
	for (i = 0; i < oracle[sector].num; i++)
		if (oracle[sector].version[i] == (uint32_t)first)
			return true;
	return false;
}

static void written(const struct req *r, bool good)
{
	struct sector *s;
	uint32_t i;

	for (i = r->sector; i < r->sector + r->num; i++) {
		s = &oracle[i];
		if (good)
			s->num = 0;
		s->version[s->num++] = r->version;
	}
}

/* --- requests --------------------------------------------------------------------------------- */

static void check_status(int status, uint8_t op)
{
	switch (status) {
	case 0:
		return;
	case PV_EPROTO:
		PLAIN_CHECK(peer->broken() || sim_story.lied || sim_story.may_break);
		return;
	case PV_EGONE:
		PLAIN_CHECK(sim_story.left);
		return;
	case PV_EIO:
		PLAIN_CHECK(sim_story.errors || peer->broken());
		return;
	case PV_ENOTSUP:
		PLAIN_CHECK(op == PV_BLK_SYNC || sim_story.shrunk);
		return;
	default:
		PLAIN_CHECK(!"a status that nothing explains");
	}
}

static void done(struct pv_blk_req *rq)
{
	struct req *r = rq->user;
	uint32_t i;

	PLAIN_CHECK(r->busy && rq == &r->req);
	r->busy = false;
	in_flight--;
	check_status(rq->status, rq->op);
	for (i = r->sector; i < r->sector + r->num; i++)
		oracle[i].busy = false;
	if (rq->op == PV_BLK_WRITE)
		written(r, !rq->status);
	for (i = 0; rq->op == PV_BLK_READ && !rq->status && i < r->num; i++)
		PLAIN_CHECK(is_possible(buffer[r - req] + i * 512, r->sector + i));
}

static bool is_free(uint32_t sector, uint32_t n)
{
	for (; n--; sector++)
		if (oracle[sector].busy || oracle[sector].num == MAYBE)
			return false;
	return true;
}

/* In one piece, two or three, not all within pages. */
static void cut(struct req *r)
{
	uint32_t left = r->num * 512, n;
	uint8_t *at = buffer[r - req];

	r->req.num_segs = 0;
	while (left) {
		n = r->req.num_segs == 2 ? left : 512 * (1 + sim_below(left / 512));
		r->seg[r->req.num_segs].va = at;
		r->seg[r->req.num_segs++].len = n;
		at += n;
		left -= n;
	}
}

static bool submit(uint8_t op)
{
	uint32_t n = 1 + (sim_below(4) ? sim_below(16) : sim_below(MOST - 1)), i;
	uint32_t sector = sim_below(SIM_BLK_SECTORS - n);
	struct req *r = req;
	int err;

	while (r < req + REQS && r->busy)
		r++;
	if (op == PV_BLK_SYNC)
		n = 0;
	if (r == req + REQS || !is_free(sector, n))
		return false;
	pv_memset(&r->req, 0, sizeof(r->req));
	r->sector = sector;
	r->num = n;
	r->version = ++last_version;
	r->req.op = op;
	r->req.sector = sector;
	r->req.segs = r->seg;
	r->req.done = done;
	r->req.user = r;
	r->req.status = 77;
	for (i = 0; i < n; i++) {
		if (op == PV_BLK_WRITE)
			fill(buffer[r - req] + i * 512, sector + i, r->version);
		else
			pv_memset(buffer[r - req] + i * 512, 0xee, 512);
		oracle[sector + i].busy = true;
	}
	if (n)
		cut(r);
	r->busy = true;
	in_flight++;
	err = pv_blk_submit(q, &r->req);
	if (!err)
		return true;
	PLAIN_CHECK(r->req.status == 77);
	PLAIN_CHECK((err == PV_EIO && peer->broken()) || (err == PV_EGONE && sim_story.left) ||
		    (err == PV_ENOTSUP && op == PV_BLK_SYNC));
	r->busy = false;
	in_flight--;
	for (i = 0; i < n; i++)
		oracle[sector + i].busy = false;
	return false;
}

static void on_event(void *arg)
{
	(void)arg;
	event = true;
}

/* --- steps ------------------------------------------------------------------------------------ */

void sim_blk_step(void)
{
	unsigned int op = sim_below(16), i;

	switch (op) {
	case 0:
	case 1:
	case 2:
		for (i = sim_below(4) + 1; i--;)
			submit(PV_BLK_WRITE);
		break;
	case 3:
	case 4:
	case 5:
		for (i = sim_below(4) + 1; i--;)
			submit(PV_BLK_READ);
		break;
	case 6:
		submit(PV_BLK_SYNC);
		break;
	case 7:
	case 8:
		pv_blk_flush(q);
		break;
	case 9:
	case 10:
		pv_blk_flush(q);
		if (!sim_story.away)
			peer->serve(1 + sim_below(6));
		break;
	case 11:
		if (!sim_story.away)
			peer->serve(64);
		break;
	case 12:
	case 13:
		pv_blk_poll(q, 1 + (int)sim_below(8));
		break;
	case 14:
		pv_blk_poll(q, 64);
		break;
	case 15:
		pv_fake.now += sim_below(100) * SIM_MS;
		peer->work();
		break;
	}
}

/* As a kernel that lives by events does. */
static void poll_all(void)
{
	event = false;
	while (pv_blk_poll(q, 16) == 16)
		;
}

static void finish(void)
{
	unsigned int ms;

	peer->work();
	pv_blk_flush(q);
	poll_all();
	for (ms = 0; in_flight && ms < SETTLE_MS; ms += 10) {
		pv_fake.now += 10 * SIM_MS;
		peer->serve(64);
		peer->work();
		if (event || ((sim_story.lost_event || peer->broken()) && ms % WATCHDOG_MS == 0))
			poll_all();
		pv_blk_flush(q);
	}
	PLAIN_CHECK(!in_flight);
}

/* It does what it is for. */
static void proof(void)
{
	unsigned int i;

	sim_story.errors = false;
	for (i = 0; i < 1000 && !submit(PV_BLK_WRITE); i++)
		;
	finish();
	for (i = 0; i < 1000 && !submit(PV_BLK_READ); i++)
		;
	submit(PV_BLK_SYNC);
	finish();
}

void sim_blk_settle(void)
{
	uint32_t i;

	finish();
	if (sim_story.left)
		return;
	if (sim_story.lied || sim_story.shrunk)
		PLAIN_CHECK(peer->broken());
	else
		PLAIN_CHECK(!peer->broken() || sim_story.may_break);
	if (!peer->broken())
		proof();
	for (i = 0; i < SIM_BLK_SECTORS; i++)
		PLAIN_CHECK(is_possible(peer->disk() + i * 512, i));
}

void sim_blk_begin(struct pv_blk *b, const struct sim_blk_peer *p)
{
	uint32_t i;

	peer = p;
	blk = b;
	q = pv_blk_queue(b, 0);
	PLAIN_CHECK(q);
	pv_memset(req, 0, sizeof(req));
	last_version = 0;
	in_flight = 0;
	for (i = 0; i < SIM_BLK_SECTORS; i++) {
		fill(p->disk() + i * 512, i, 0);
		oracle[i] = (struct sector) {.num = 1};
	}
	pv_blk_set_event(q, on_event, NULL);
	poll_all();
}

void sim_blk_end(void)
{
	pv_blk_close(blk);
	blk = NULL;
}
