/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The Xen block frontend's data path, through the block interface, against a good backend: data
 * by each kind of grant, requests that are split, commands, and indices over their wrap.
 *
 * Covers: drivers/blkfront/blkfront_data.c drivers/blkfront/blkfront_io.c
 */
#include "fake_vbd.h"

#include <pv/string.h>

/* --- data ------------------------------------------------------------------------------------- */

static const struct kind {
	const char *name;
	int persistent, indirect, order;
} kinds[] = {
	{"per request", 0, 256, 2},	      {"per request, 11 segments", 0, -1, 2},
	{"per request, one page", 0, 12, -1}, {"persistent", 1, 256, 2},
	{"persistent, 11 segments", 1, 0, 0},
};

static void kind_name(const struct kind *k, char *desc)
{
	strscpy(desc, k->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_name);

static struct fake_vbd *up_as(struct kunit *test)
{
	const struct kind *k = test->param_value;
	struct fake_vbd *v = test->priv;

	v->back.persistent = k->persistent;
	v->back.indirect = k->indirect;
	v->back.max_ring_order = k->order;
	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, v->bf->persistent, k->persistent);
	return v;
}

static void expect_all(struct kunit *test, unsigned int n, int status)
{
	struct fake_vbd *v = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, v->total, n);
	KUNIT_EXPECT_EQ(test, v->back.bad, 0u);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, v->done[i], 1u);
		KUNIT_EXPECT_EQ(test, v->req[i].status, status);
	}
}

/*
 * Between requests the backend reaches the ring, the pages of segments and the pool, and nothing
 * else.
 */
static void expect_lent(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	const struct blkfront *bf = v->bf;

	KUNIT_EXPECT_EQ(test, pv_fake_xen_granted() - v->granted,
			(1u << bf->ring_order) + (bf->indirect ? bf->num_parts : 0) +
				bf->pool_size);
	KUNIT_EXPECT_EQ(test, bf->num_free, bf->num_parts);
	KUNIT_EXPECT_EQ(test, bf->pool_num_free, bf->pool_size);
	if (!bf->persistent)
		KUNIT_EXPECT_EQ(test, pv_fake_xen_mapped(), 1u << bf->ring_order);
}

static void reads(struct kunit *test)
{
	struct fake_vbd *v = up_as(test);
	unsigned int i;

	for (i = 0; i < 40; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, 8 * i, 1);
	fake_vbd_run(v);
	expect_all(test, 40, 0);
	KUNIT_EXPECT_EQ(test, memcmp(v->mem, v->back.disk, 40 * 4096), 0);
	expect_lent(test);
}

static void writes(struct kunit *test)
{
	struct fake_vbd *v = up_as(test);
	unsigned int i;

	for (i = 0; i < PAGES * 4096; i++)
		v->mem[i] = (uint8_t)(i * 11 + i / 4096);
	for (i = 0; i < 20; i++)
		fake_vbd_submit(test, i, PV_BLK_WRITE, 8 * i + 8, 1);
	fake_vbd_run(v);
	expect_all(test, 20, 0);
	KUNIT_EXPECT_EQ(test, memcmp(v->mem, v->back.disk + 4096, 20 * 4096), 0);
	KUNIT_EXPECT_EQ(test, v->back.disk[21 * 4096 + 1], (uint8_t)(7 + 168 + 1));
	expect_lent(test);
}

/* Longer than a request, and than the ring: in parts, and whole. */
static void split(struct kunit *test)
{
	struct fake_vbd *v = up_as(test);
	unsigned int i;

	for (i = 0; i < 8; i++)
		fake_vbd_submit(test, i, i % 2 ? PV_BLK_WRITE : PV_BLK_READ, 1024 * (i % 2), 100);
	fake_vbd_run(v);
	expect_all(test, 8, 0);
	KUNIT_EXPECT_EQ(test, v->back.largest, 8 * v->bf->max_segs);
	KUNIT_EXPECT_EQ(test, v->back.indirect_served > 0, v->bf->max_segs > 11);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(v->q)->completed, 8ull);
	expect_lent(test);
}

/* Pieces of all sizes, at all offsets: what is cut where, and put together again. */
static void pieces(struct kunit *test)
{
	static const uint32_t lens[] = {512, 1024, 3584, 4096, 512, 8192, 512, 20480, 1536, 2560};
	struct fake_vbd *v = up_as(test);
	struct pv_seg *seg = v->seg[0];
	uint8_t *at = v->mem + 512, *flat;
	unsigned int i, n;
	uint32_t sum = 0;

	fake_vbd_request(v, 0, PV_BLK_READ, 3, 1);
	for (n = 0; n < 50; n++) {
		seg[n].va = at;
		seg[n].len = lens[n % 10];
		at += lens[n % 10] + 512 * (n % 3);
		sum += lens[n % 10];
	}
	v->req[0].num_segs = (uint16_t)n;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(v->q, &v->req[0]), 0);
	fake_vbd_run(v);
	expect_all(test, 1, 0);
	flat = v->back.disk + 3 * 512;
	for (i = 0; i < n; flat += seg[i++].len)
		KUNIT_EXPECT_EQ(test, memcmp(seg[i].va, flat, seg[i].len), 0);
	/* And back, to another place. */
	v->req[0].op = PV_BLK_WRITE;
	v->req[0].sector = 1200;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(v->q, &v->req[0]), 0);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->req[0].status, 0);
	KUNIT_EXPECT_EQ(test, memcmp(v->back.disk + 3 * 512, v->back.disk + 1200 * 512, sum), 0);
	expect_lent(test);
}

/* Many more than the ring takes, answered a few at a time. */
static void queue(struct kunit *test)
{
	struct fake_vbd *v = up_as(test);
	unsigned int i, most = 0;

	for (i = 0; i < REQS; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, i % 200 * 8, 1);
	KUNIT_EXPECT_LE(test, pv_xring_in_flight(&v->bf->ring), v->bf->ring.size);
	for (i = 0; i < 1000 && v->total < REQS; i++) {
		pv_blk_flush(v->q);
		if (v->bf->num_parts - v->bf->num_free > most)
			most = v->bf->num_parts - v->bf->num_free;
		fake_blkback_run(&v->back, 5);
		pv_blk_poll(v->q, 3);
	}
	expect_all(test, REQS, 0);
	KUNIT_EXPECT_EQ(test, most, v->bf->num_parts);
	for (i = REQS - PAGES; i < REQS; i++)
		KUNIT_EXPECT_EQ(
			test,
			memcmp(v->mem + i % PAGES * 4096, v->back.disk + i % 200 * 4096, 4096), 0);
	expect_lent(test);
}

/* Random requests, against a model of the disk, over the wrap of the indices. */
static void wrap(struct kunit *test)
{
	struct fake_vbd *v = up_as(test);
	uint8_t *model = kunit_kzalloc(test, FAKE_BLKBACK_DISK, GFP_KERNEL);
	uint32_t seed = 1, round, i, from = 0xfffffff0;

	fake_vbd_begin_at(v, from);
	memcpy(model, v->back.disk, FAKE_BLKBACK_DISK);
	for (round = 0; round < 300; round++) {
		for (i = 0; i < 8; i++) {
			uint32_t page = i * 16, pages, block = i * 32, x;

			seed = seed * 1664525 + 1013904223;
			x = seed >> 8;
			pages = x % 13 + 1;
			block += x / 16 % 16;
			if (x & 1 << 20) {
				memset(v->mem + page * 4096, (int)(x >> 4), pages * 4096);
				memcpy(model + block * 4096, v->mem + page * 4096, pages * 4096);
			}
			fake_vbd_submit(test, page, x & 1 << 20 ? PV_BLK_WRITE : PV_BLK_READ,
					block * 8, pages);
		}
		fake_vbd_run(v);
		for (i = 0; i < 8; i++) {
			struct pv_blk_req *rq = &v->req[i * 16];

			KUNIT_ASSERT_EQ(test, rq->status, 0);
			KUNIT_ASSERT_EQ(
				test, memcmp(rq->segs->va, model + rq->sector * 512, rq->segs->len),
				0);
		}
	}
	KUNIT_EXPECT_EQ(test, v->total, 2400u);
	KUNIT_EXPECT_EQ(test, v->back.bad, 0u);
	KUNIT_EXPECT_EQ(test, memcmp(model, v->back.disk, FAKE_BLKBACK_DISK), 0);
	KUNIT_EXPECT_LT(test, v->bf->ring.req_prod, from);
	expect_lent(test);
}

/* --- commands --------------------------------------------------------------------------------- */

static void flush_cache(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_vbd_up(test);
	KUNIT_EXPECT_TRUE(test, v->blk->flags & PV_BLK_F_SYNC);
	fake_vbd_submit(test, 0, PV_BLK_SYNC, 0, 0);
	fake_vbd_run(v);
	expect_all(test, 1, 0);
	KUNIT_EXPECT_EQ(test, v->back.flushes, 1u);
	KUNIT_EXPECT_EQ(test, v->back.barriers, 0u);
}

static void flush_by_barrier(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.flush = 0;
	fake_vbd_up(test);
	KUNIT_EXPECT_TRUE(test, v->blk->flags & PV_BLK_F_SYNC);
	fake_vbd_submit(test, 0, PV_BLK_SYNC, 0, 0);
	fake_vbd_run(v);
	expect_all(test, 1, 0);
	KUNIT_EXPECT_EQ(test, v->back.flushes, 0u);
	KUNIT_EXPECT_EQ(test, v->back.barriers, 1u);
}

/* The backend says that it has no cache. */
static void nothing_to_flush(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.flush = 0;
	v->back.barrier = -1;
	fake_vbd_up(test);
	KUNIT_EXPECT_FALSE(test, v->blk->flags & PV_BLK_F_SYNC);
	fake_vbd_submit(test, 0, PV_BLK_SYNC, 0, 0);
	fake_vbd_run(v);
	expect_all(test, 1, 0);
	KUNIT_EXPECT_EQ(test, v->back.served, 0u);
}

/* The backend says nothing: nobody knows. */
static void flush_unknown(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.flush = -1;
	v->back.barrier = -1;
	fake_vbd_up(test);
	fake_vbd_submit(test, 0, PV_BLK_SYNC, 0, 0);
	fake_vbd_run(v);
	expect_all(test, 1, PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, v->back.served, 0u);
	/* Others are not hurt. */
	v->total = v->done[0] = 0;
	fake_vbd_submit(test, 0, PV_BLK_WRITE, 0, 1);
	fake_vbd_run(v);
	expect_all(test, 1, 0);
}

static void discard(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_vbd_up(test);
	KUNIT_EXPECT_TRUE(test, v->blk->flags & PV_BLK_F_DISCARD);
	KUNIT_EXPECT_FALSE(test, v->blk->flags & PV_BLK_F_WRITE_ZEROES);
	fake_vbd_request(v, 0, PV_BLK_DISCARD, 16, 0);
	v->req[0].num_sectors = 1000;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(v->q, &v->req[0]), 0);
	fake_vbd_run(v);
	expect_all(test, 1, 0);
	KUNIT_EXPECT_EQ(test, v->back.discards, 1u);
	KUNIT_EXPECT_EQ(test, v->back.last_sector, 16ull);
	KUNIT_EXPECT_EQ(test, v->back.last_nr_sectors, 1000ull);
	KUNIT_EXPECT_EQ(test, v->back.disk[16 * 512], 0);
	KUNIT_EXPECT_NE(test, v->back.disk[16 * 512 - 1], 0);
	KUNIT_EXPECT_EQ(test, v->back.disk[1016 * 512 - 1], 0);
	KUNIT_EXPECT_NE(test, v->back.disk[1016 * 512 + 1], 0);
}

static void no_discard(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.discard = 0;
	fake_vbd_up(test);
	fake_vbd_request(v, 0, PV_BLK_DISCARD, 16, 0);
	v->req[0].num_sectors = 8;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(v->q, &v->req[0]), PV_ENOTSUP);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(reads, kind_gen_params),
	KUNIT_CASE_PARAM(writes, kind_gen_params),
	KUNIT_CASE_PARAM(split, kind_gen_params),
	KUNIT_CASE_PARAM(pieces, kind_gen_params),
	KUNIT_CASE_PARAM(queue, kind_gen_params),
	KUNIT_CASE_PARAM(wrap, kind_gen_params),
	KUNIT_CASE(flush_cache),
	KUNIT_CASE(flush_by_barrier),
	KUNIT_CASE(nothing_to_flush),
	KUNIT_CASE(flush_unknown),
	KUNIT_CASE(discard),
	KUNIT_CASE(no_discard),
	{},
};

static struct kunit_suite suite = {
	.name = "blkfront",
	.init = fake_vbd_init,
	.exit = fake_vbd_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
