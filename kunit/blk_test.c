/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The block class layer over a driver that keeps its parts in a table: what is accepted, how it is cut,
 * who waits, and when it is done.
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/string.h>

#include "pv-core/blk_driver.h"

#define PARTS 64
#define REQS  16

struct part {
	struct pv_blk_req *req;
	uint64_t sector;
	uint32_t bytes;
	unsigned int num;
	struct pv_seg seg[16];
};

struct fake {
	struct pv_blk blk;
	struct pv_blk_queue q;
	struct pv_blk_queue *queues[1];
	struct pv_device dev;
	bool opened, released;
	/* The ring: parts from `first` on are in flight. */
	unsigned int room, first, num;
	struct part part[PARTS];
	unsigned int flushes, arms, disarms;
	unsigned int arm_finds; /* so many times the final check finds completions */
	int error;		/* what the next completions come to */
	unsigned int complete;	/* so many parts are completed by the device */

	struct pv_blk_req req[REQS];
	struct pv_seg seg[REQS][16];
	unsigned int order[REQS], done;
	unsigned int events;
	struct pv_blk_req *resubmit;
};

static struct fake *fake_of(struct pv_blk_queue *q)
{
	return pv_container_of(q, struct fake, q);
}

static int issue(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	struct fake *f = fake_of(q);
	struct part *p = &f->part[f->num % PARTS];

	if (f->num - f->first >= f->room)
		return PV_EBUSY;
	p->req = req;
	p->num = 0;
	p->bytes = 0;
	if (req->op == PV_BLK_SYNC) {
		pv_blk_take_sync(req);
	} else if (req->op > PV_BLK_WRITE) {
		p->bytes = pv_blk_take_range(req, 24, &p->sector);
	} else {
		p->num = pv_blk_take(q, req, p->seg, &p->sector, &p->bytes);
		if (!p->num)
			return PV_EINVAL;
	}
	f->num++;
	return 0;
}

static void flush(struct pv_blk_queue *q)
{
	fake_of(q)->flushes++;
}

static int poll(struct pv_blk_queue *q, int budget)
{
	struct fake *f = fake_of(q);
	bool broken = pv_device_broken(&f->dev);
	int n = 0;

	while (n < budget && f->first < f->num && (broken || f->complete)) {
		struct part *p = &f->part[f->first++ % PARTS];

		if (f->complete)
			f->complete--;
		n++;
		pv_blk_part_done(q, p->req, broken ? PV_EPROTO : f->error);
	}
	return n;
}

static bool arm(struct pv_blk_queue *q, bool on)
{
	struct fake *f = fake_of(q);

	if (!on) {
		f->disarms++;
		return false;
	}
	f->arms++;
	if (!f->arm_finds)
		return false;
	f->arm_finds--;
	f->complete++;
	return true;
}

static const struct pv_blk_ops ops = {.issue = issue, .flush = flush, .poll = poll, .arm = arm};

static void bus_release(struct pv_device *dev)
{
	(void)dev;
}

static const struct pv_bus bus = {.name = "test", .release = bus_release};

static void release(struct pv_blk *blk)
{
	pv_container_of(blk, struct fake, blk)->released = true;
}

static int init(struct kunit *test)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return PV_ENOMEM;
	test->priv = f;
	f->room = PARTS;
	f->complete = PARTS;
	f->dev.bus = &bus;
	f->dev.state = PV_DEV_LIVE;
	f->dev.holds = 1;
	pv_memcpy(f->dev.name, "test 0", 7);
	f->queues[0] = &f->q;
	f->q.ops = &ops;
	f->q.blk = &f->blk;
	f->q.limits.max_segs = 4;
	f->q.limits.max_seg_len = 8192;
	f->q.limits.max_bytes = 16384;
	f->blk.dev = &f->dev;
	f->blk.queue = f->queues;
	f->blk.num_queues = 1;
	f->blk.capacity = 1000;
	f->blk.logical_block = 512;
	f->blk.flags = PV_BLK_F_SYNC | PV_BLK_F_DISCARD | PV_BLK_F_WRITE_ZEROES;
	pv_blk_register(&f->blk);
	if (pv_blk_open(f->blk.index) != &f->blk)
		return PV_ENOENT;
	f->opened = true;
	return 0;
}

static void end(struct kunit *test)
{
	struct fake *f = test->priv;

	if (!f->opened)
		return;
	if (!f->blk.gone) {
		pv_blk_unregister(&f->blk);
		pv_blk_release(&f->blk, release);
	}
	pv_blk_close(&f->blk);
}

static void done(struct pv_blk_req *req)
{
	struct fake *f = req->user;
	struct pv_blk_req *again = f->resubmit;

	f->order[f->done++ % REQS] = (unsigned int)(req - f->req);
	f->resubmit = NULL;
	if (again)
		(void)!pv_blk_submit(&f->q, again);
}

/* Addresses are not looked at by anybody here. */
static void *at(uint64_t address)
{
	return (void *)address;
}

/* Request `i`, with pieces of these lengths (0 ends them) from 1 MiB * (i + 1) on, 64 KiB apart. */
static struct pv_blk_req *request(struct fake *f, unsigned int i, uint8_t op, uint64_t sector,
				  const uint32_t *lens)
{
	struct pv_blk_req *req = &f->req[i];
	unsigned int n;

	pv_memset(req, 0, sizeof(*req));
	for (n = 0; lens[n]; n++) {
		f->seg[i][n].va = at(0x100000ull * (i + 1) + 0x10000 * n);
		f->seg[i][n].len = lens[n];
	}
	req->op = op;
	req->sector = sector;
	req->num_segs = (uint16_t)n;
	req->segs = f->seg[i];
	req->done = done;
	req->user = f;
	return req;
}

#define LENS(...)                                                                                  \
	(const uint32_t[])                                                                         \
	{                                                                                          \
		__VA_ARGS__, 0                                                                     \
	}

/* --- what is accepted ------------------------------------------------------------------------- */

static void refusals(struct kunit *test)
{
	struct fake *f = test->priv;
	struct pv_blk_req *req;

	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 0, LENS(0))),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 0, LENS(511))),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 0, LENS(256, 256))),
			PV_EINVAL);
	req = request(f, 0, PV_BLK_READ, 0, LENS(512));
	f->seg[0][0].va = at(0x1010);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);
	req = request(f, 0, PV_BLK_READ, 0, LENS(512, 512));
	f->seg[0][1].len = 0;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, 5, 0, LENS(512))), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, 255, 0, LENS(512))), PV_EINVAL);

	/* The end of the device, and what wraps around it. */
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 1000, LENS(512))),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 999, LENS(1024))),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, ~0ull, LENS(1024))),
			PV_EINVAL);
	req = request(f, 0, PV_BLK_DISCARD, 8, LENS(0));
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);
	req->num_sectors = ~0ull - 4;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);
	req->num_sectors = 993;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);

	f->blk.logical_block = 4096;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 4, LENS(4096))),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 8, LENS(2048))),
			PV_EINVAL);

	f->blk.flags = PV_BLK_F_READ_ONLY | PV_BLK_F_DISCARD;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_WRITE, 8, LENS(4096))),
			PV_EROFS);
	req = request(f, 0, PV_BLK_DISCARD, 8, LENS(0));
	req->num_sectors = 8;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EROFS);
	req->op = PV_BLK_WRITE_ZEROES;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_ENOTSUP);

	f->dev.state = PV_DEV_BROKEN;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 8, LENS(4096))),
			PV_EIO);
	KUNIT_EXPECT_EQ(test, f->num, 0u);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(&f->q)->submitted, 0ull);
	KUNIT_EXPECT_EQ(test, f->done, 0u);
}

/* --- parts ------------------------------------------------------------------------------------ */

/* The parts are the request, in order, each within the limits and of whole blocks. */
static void expect_parts(struct kunit *test, struct pv_blk_req *req)
{
	struct fake *f = test->priv;
	const struct pv_seg *seg = req->segs;
	uint64_t sector = req->sector;
	uint32_t offset = 0;
	unsigned int i, n;

	for (i = 0; i < f->num; i++) {
		struct part *p = &f->part[i];
		uint32_t bytes = 0;

		KUNIT_EXPECT_EQ(test, p->sector, sector);
		KUNIT_EXPECT_LE(test, p->num, f->q.limits.max_segs);
		for (n = 0; n < p->num; n++) {
			KUNIT_EXPECT_PTR_EQ(test, p->seg[n].va, (void *)((char *)seg->va + offset));
			KUNIT_EXPECT_LE(test, p->seg[n].len, f->q.limits.max_seg_len);
			KUNIT_EXPECT_LE(test, p->seg[n].len, seg->len - offset);
			if (f->q.limits.page_pieces)
				KUNIT_EXPECT_LE(test,
						((uint64_t)p->seg[n].va & 4095) + p->seg[n].len,
						4096ull);
			offset += p->seg[n].len;
			bytes += p->seg[n].len;
			if (offset == seg->len) {
				seg++;
				offset = 0;
			}
		}
		KUNIT_EXPECT_EQ(test, bytes, p->bytes);
		KUNIT_EXPECT_LE(test, bytes, f->q.limits.max_bytes);
		KUNIT_EXPECT_EQ(test, bytes % f->blk.logical_block, 0u);
		sector += bytes / 512;
	}
	KUNIT_EXPECT_PTR_EQ(test, (const void *)seg, (const void *)(req->segs + req->num_segs));
	KUNIT_EXPECT_EQ(test, f->done, 0u);
	while (pv_blk_poll(&f->q, 3))
		;
	KUNIT_EXPECT_EQ(test, f->done, 1u);
	KUNIT_EXPECT_EQ(test, req->status, 0);
}

static const struct cut {
	const char *name;
	uint32_t lens[12];
	uint32_t block, max_segs, max_seg_len, max_bytes;
	bool page_pieces;
	unsigned int parts;
} cuts[] = {
	{"one piece", {4096}, 512, 4, 8192, 16384, false, 1},
	{"as long as can be", {8192, 8192}, 512, 4, 8192, 16384, false, 1},
	{"a long piece", {20480}, 512, 4, 8192, 16384, false, 2},
	{"many pieces",
	 {512, 512, 512, 512, 512, 512, 512, 512, 512},
	 512,
	 4,
	 8192,
	 16384,
	 false,
	 3},
	{"a cut in a piece", {8192, 4096, 8192}, 512, 4, 8192, 16384, false, 2},
	{"one piece at a time", {512, 1024, 9216}, 512, 1, 4096, 8192, false, 5},
	{"pieces of a page", {8192, 4096}, 512, 4, 8192, 16384, true, 1},
	{"pieces that trim to a block", {2048, 2048, 2048, 2048}, 4096, 3, 8192, 16384, false, 2},
	{"a trim within a piece", {512, 8192, 512, 3072}, 4096, 3, 8192, 16384, false, 2},
	{"a trim of more than a piece",
	 {4096, 512, 512, 512, 512, 2048},
	 4096,
	 4,
	 8192,
	 16384,
	 false,
	 0},
};

static void cut_name(const struct cut *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(cut, cuts, cut_name);

static void cutting(struct kunit *test)
{
	const struct cut *c = test->param_value;
	struct fake *f = test->priv;
	struct pv_blk_req *req = request(f, 0, PV_BLK_READ, 16, c->lens);

	f->blk.logical_block = c->block;
	f->q.limits.max_segs = c->max_segs;
	f->q.limits.max_seg_len = c->max_seg_len;
	f->q.limits.max_bytes = c->max_bytes;
	f->q.limits.page_pieces = c->page_pieces;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(&f->q, req), 0);
	if (c->parts) {
		KUNIT_EXPECT_EQ(test, f->num, c->parts);
		expect_parts(test, req);
		return;
	}
	/* What cannot be cut so fails, after the parts that could. */
	while (pv_blk_poll(&f->q, 3))
		;
	KUNIT_EXPECT_EQ(test, f->done, 1u);
	KUNIT_EXPECT_EQ(test, req->status, PV_EINVAL);
}

static void ranges(struct kunit *test)
{
	struct fake *f = test->priv;
	struct pv_blk_req *req = request(f, 0, PV_BLK_DISCARD, 8, LENS(0));
	unsigned int i;

	req->num_sectors = 50;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(&f->q, req), 0);
	KUNIT_ASSERT_EQ(test, f->num, 3u);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, f->part[i].sector, 8 + 24ull * i);
		KUNIT_EXPECT_EQ(test, f->part[i].bytes, i < 2 ? 24u : 2u);
	}
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 64), 3);
	KUNIT_EXPECT_EQ(test, f->done, 1u);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void first_come_first_served(struct kunit *test)
{
	struct fake *f = test->priv;
	unsigned int i, polls = 0;

	f->room = 2;
	for (i = 0; i < 6; i++)
		KUNIT_ASSERT_EQ(
			test,
			pv_blk_submit(&f->q, request(f, i, PV_BLK_READ, 0,
						     i == 2 ? LENS(8192, 8192, 8192) : LENS(512))),
			0);
	KUNIT_EXPECT_EQ(test, f->num, 2u);
	pv_blk_flush(&f->q);
	KUNIT_EXPECT_EQ(test, f->flushes, 1u);
	while (pv_blk_poll(&f->q, 1)) {
		polls++;
		KUNIT_EXPECT_LE(test, f->num - f->first, 2u);
	}
	KUNIT_EXPECT_EQ(test, polls, 7u);
	KUNIT_EXPECT_EQ(test, f->done, 6u);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, f->order[i], i);
	KUNIT_EXPECT_GT(test, f->flushes, 3u);
}

/* The first error ends a request; nothing more of it is issued; it is done once. */
static void first_error_wins(struct kunit *test)
{
	struct fake *f = test->priv;

	f->room = 3;
	f->complete = 0;
	KUNIT_ASSERT_EQ(test,
			pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 0,
						     LENS(8192, 8192, 8192, 8192, 8192, 8192, 8192,
							  8192, 8192, 8192))),
			0);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(&f->q, request(f, 1, PV_BLK_READ, 0, LENS(512))), 0);
	KUNIT_EXPECT_EQ(test, f->num, 3u);
	f->complete = 1;
	f->error = PV_ENOTSUP;
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 64), 1);
	KUNIT_EXPECT_EQ(test, f->done, 0u);
	f->complete = 1;
	f->error = PV_EIO;
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 64), 1);
	KUNIT_EXPECT_EQ(test, f->done, 0u);
	f->complete = 64;
	f->error = 0;
	while (pv_blk_poll(&f->q, 64))
		;
	KUNIT_EXPECT_EQ(test, f->done, 2u);
	KUNIT_EXPECT_EQ(test, f->req[0].status, PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, f->req[1].status, 0);
	KUNIT_EXPECT_EQ(test, f->num, 4u);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(&f->q)->errors, 1ull);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(&f->q)->completed, 2ull);
}

static void done_submits(struct kunit *test)
{
	struct fake *f = test->priv;

	f->room = 1;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_READ, 0, LENS(512))), 0);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(&f->q, request(f, 1, PV_BLK_READ, 0, LENS(512))), 0);
	f->resubmit = request(f, 2, PV_BLK_WRITE, 0, LENS(512));
	while (pv_blk_poll(&f->q, 64))
		;
	KUNIT_EXPECT_EQ(test, f->done, 3u);
	KUNIT_EXPECT_EQ(test, f->order[1], 1u);
	KUNIT_EXPECT_EQ(test, f->order[2], 2u);
}

static void woken(void *arg)
{
	struct fake *f = arg;

	f->events++;
}

/* Without a write cache there is nothing to flush: it is done by the next poll, which is told of. */
static void sync_without_cache(struct kunit *test)
{
	struct fake *f = test->priv;

	f->blk.flags = 0;
	pv_blk_set_event(&f->q, woken, f);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 64), 0);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(&f->q, request(f, 0, PV_BLK_SYNC, 0, LENS(0))), 0);
	KUNIT_EXPECT_EQ(test, f->done, 0u);
	pv_blk_flush(&f->q);
	KUNIT_EXPECT_EQ(test, f->events, 1u);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 64), 1);
	KUNIT_EXPECT_EQ(test, f->done, 1u);
	KUNIT_EXPECT_EQ(test, f->req[0].status, 0);
	KUNIT_EXPECT_EQ(test, f->num, 0u);
}

/* Armed below the budget only; what the final check finds is taken; each event is passed on once. */
static void events(struct kunit *test)
{
	struct fake *f = test->priv;
	unsigned int i;

	pv_blk_set_event(&f->q, woken, f);
	f->complete = 2;
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test,
				pv_blk_submit(&f->q, request(f, i, PV_BLK_READ, 0, LENS(512))), 0);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 2), 2);
	KUNIT_EXPECT_EQ(test, f->arms, 0u);
	pv_blk_event(&f->q);
	KUNIT_EXPECT_EQ(test, f->events, 0u);
	f->arm_finds = 1;
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 64), 1);
	KUNIT_EXPECT_EQ(test, f->arms, 2u);
	pv_blk_event(&f->q);
	pv_blk_event(&f->q);
	KUNIT_EXPECT_EQ(test, f->events, 1u);
	f->complete = 1;
	f->arm_finds = 5;
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 1), 1);
	pv_blk_set_event(&f->q, NULL, NULL);
	KUNIT_EXPECT_EQ(test, f->disarms, 1u);
	pv_blk_event(&f->q);
	KUNIT_EXPECT_EQ(test, f->events, 1u);
}

/* --- devices ---------------------------------------------------------------------------------- */

static void numbers(struct kunit *test)
{
	struct fake *f = test->priv, *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, g);
	KUNIT_EXPECT_STREQ(test, f->blk.name, "blk0");
	g->dev = f->dev;
	g->blk.dev = &g->dev;
	for (i = 0; i < 2; i++) {
		g->blk.gone = false;
		pv_blk_register(&g->blk);
		KUNIT_EXPECT_STREQ(test, g->blk.name, "blk1");
		KUNIT_EXPECT_PTR_EQ(test, (void *)pv_blk_open(1), (void *)&g->blk);
		KUNIT_EXPECT_NULL(test, pv_blk_open(2));
		pv_blk_close(&g->blk);
		KUNIT_EXPECT_FALSE(test, g->released);
		pv_blk_unregister(&g->blk);
		KUNIT_EXPECT_NULL(test, pv_blk_open(1));
		pv_blk_release(&g->blk, release);
		KUNIT_EXPECT_TRUE(test, g->released);
		g->released = false;
	}
	KUNIT_EXPECT_PTR_EQ(test, (void *)pv_blk_queue(&f->blk, 0), (void *)&f->q);
	KUNIT_EXPECT_NULL(test, pv_blk_queue(&f->blk, 1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(refusals),
	KUNIT_CASE_PARAM(cutting, cut_gen_params),
	KUNIT_CASE(ranges),
	KUNIT_CASE(first_come_first_served),
	KUNIT_CASE(first_error_wins),
	KUNIT_CASE(done_submits),
	KUNIT_CASE(sync_without_cache),
	KUNIT_CASE(events),
	KUNIT_CASE(numbers),
	{},
};

static struct kunit_suite suite = {
	.name = "blk",
	.init = init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
