/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The block class layer: how requests are cut into parts.
 *
 * Covers: pv-core/blk_cut.c
 */
#include "fake_driver.h"

/* --- parts ------------------------------------------------------------------------------------ */

/* The parts are the request, in order, each within the limits and of whole blocks. */
static void expect_parts(struct kunit *test, struct pv_blk_req *req)
{
	struct fake_driver *f = test->priv;
	const struct pv_seg *seg = req->segs;
	uint64_t sector = req->sector;
	uint32_t offset = 0;
	unsigned int i, n;

	for (i = 0; i < f->num; i++) {
		struct fake_part *p = &f->part[i];
		uint32_t bytes = 0;

		KUNIT_EXPECT_EQ(test, p->sector, sector);
		KUNIT_EXPECT_LE(test, p->num, f->q.limits.max_segs);
		for (n = 0; n < p->num; n++) {
			KUNIT_EXPECT_PTR_EQ(test, p->piece[n].va,
					    (void *)((char *)seg->va + offset));
			KUNIT_EXPECT_LE(test, p->piece[n].len, f->q.limits.max_seg_len);
			KUNIT_EXPECT_LE(test, p->piece[n].len, seg->len - offset);
			if (f->q.limits.page_pieces)
				KUNIT_EXPECT_LE(test,
						((uint64_t)p->piece[n].va & 4095) + p->piece[n].len,
						4096ull);
			offset += p->piece[n].len;
			bytes += p->piece[n].len;
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
	struct fake_driver *f = test->priv;
	struct pv_blk_req *req = fake_driver_request(f, 0, PV_BLK_READ, 16, c->lens);

	f->blk.logical_block = c->block;
	f->q.limits.max_segs = c->max_segs;
	f->q.limits.max_seg_len = c->max_seg_len;
	f->q.limits.max_bytes = c->max_bytes;
	f->q.limits.page_pieces = c->page_pieces;
	pv_blk_queue_init(&f->q);
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

/* A part that could not be shared is cut again, the same. */
static void untaking(struct kunit *test)
{
	struct fake_driver *f = test->priv;
	struct pv_blk_req *req = fake_driver_request(f, 0, PV_BLK_READ, 16,
						     LENS(512, 9216, 4096, 20480, 512, 1024, 512));
	unsigned int i;

	f->complete = 0;
	f->untakes = true;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(&f->q, req), 0);
	KUNIT_EXPECT_EQ(test, f->num, 0u);
	for (i = 0; i < 20; i++)
		pv_blk_poll(&f->q, 64);
	KUNIT_EXPECT_EQ(test, f->num, 3u);
	f->complete = PARTS;
	expect_parts(test, req);
}

static void ranges(struct kunit *test)
{
	struct fake_driver *f = test->priv;
	struct pv_blk_req *req = fake_driver_request(f, 0, PV_BLK_DISCARD, 8, LENS(0));
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

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(cutting, cut_gen_params),
	KUNIT_CASE(untaking),
	KUNIT_CASE(ranges),
	{},
};

static struct kunit_suite suite = {
	.name = "blk_cut",
	.init = fake_driver_init,
	.exit = fake_driver_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
