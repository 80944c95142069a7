/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The Xen block frontend when backends vanish, start again, or send anything at all: each request
 * completes once, what can be replayed is, in its order, and nothing is lost.
 *
 * Covers: drivers/blkfront/blkfront.c drivers/blkfront/blkfront_io.c
 */
#include "counting.h"
#include "fake_vbd.h"

#include <pv/log.h>
#include <pv/string.h>

#define IN_FLIGHT 20

static const unsigned int two[2];

KUNIT_ARRAY_PARAM(two, two, NULL);

/* --- coming and going ------------------------------------------------------------------------- */

/* It goes with requests in flight, and others that wait; the kernel learns of it, and polls. */
static void removed(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i;

	v->back.max_ring_order = 0;
	v->back.persistent = test->param_index % 2;
	fake_vbd_up(test);
	pv_blk_set_event(v->q, counting, &v->events);
	pv_blk_on_change(v->blk, counting, &v->changes);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
	for (i = 0; i < 50; i++)
		fake_vbd_submit(test, i, i % 2, 0, 30);
	pv_blk_flush(v->q);
	fake_vbd_unplug(v);
	KUNIT_EXPECT_EQ(test, v->events, 1u);
	KUNIT_EXPECT_EQ(test, v->changes, 1u);
	KUNIT_EXPECT_NULL(test, pv_blk_open(0));
	fake_vbd_expect_clean(test);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 7), 7);
	while (pv_blk_poll(v->q, 7))
		;
	fake_vbd_expect_done(test, 50, 0, PV_EGONE);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(v->q, fake_vbd_request(v, 0, PV_BLK_READ, 0, 1)),
			PV_EGONE);
	pv_blk_close(v->blk);
	v->blk = NULL;
}

/* --- a backend that starts again -------------------------------------------------------------- */

#define WRITES 24

/* How it is when it comes back. */
static const struct again {
	int order, indirect, persistent;
} agains[] = {
	{2, 256, 0}, {-1, 256, 0}, {2, -1, 0}, {-1, -1, 0}, {2, 256, 1}, {-1, 12, 1},
};

static void again_name(const struct again *a, char *desc)
{
	pv_snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %d, indirect %d, persistent %d", a->order,
		    a->indirect, a->persistent);
}

KUNIT_ARRAY_PARAM(again, agains, again_name);

/*
 * It dies after `served` requests were served, of which `seen` answers were taken, and comes back
 * as another one. All requests are done, their data are there, and writes keep their order.
 */
static void dies_after(struct kunit *test, unsigned int served, unsigned int seen)
{
	const struct again *a = test->param_value;
	struct fake_vbd *v = test->priv;
	unsigned int i;

	v->back.persistent = served % 2;
	v->back.indirect = 256;
	v->back.max_ring_order = 2;
	fake_vbd_up(test);
	fake_vbd_begin_at(v, 0xfffffff0 + served);
	/* Afterwards records are not taken in the order of their numbers. */
	for (i = 0; i < WRITES; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, 8 * i, 1);
	fake_vbd_run(v);
	fake_vbd_expect_done(test, WRITES, 0, 0);
	v->total = 0;
	pv_memset(v->done, 0, sizeof(v->done));
	for (i = 0; i < WRITES; i++) {
		pv_memset(v->mem + i * 4 * 4096, (int)(i + 1 + served), 4 * 4096);
		/* Each twice over the end of the one before: the later one counts. */
		fake_vbd_request(v, i, PV_BLK_WRITE, 16 * i, 4);
		v->seg[i][0].va = v->mem + i * 4 * 4096;
		KUNIT_ASSERT_EQ(test, pv_blk_submit(v->q, &v->req[i]), 0);
	}
	fake_vbd_submit(test, WRITES, PV_BLK_READ, 1024, 100);
	pv_blk_flush(v->q);
	fake_blkback_run(&v->back, served);
	pv_blk_poll(v->q, (int)seen);
	v->back.num_writes = 0;
	v->back.persistent = a->persistent;
	v->back.indirect = a->indirect;
	v->back.max_ring_order = a->order;
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	KUNIT_ASSERT_EQ(test, v->dev->state, PV_DEV_LIVE);
	KUNIT_EXPECT_EQ(test, v->bf->persistent, a->persistent);
	fake_vbd_run(v);
	fake_vbd_expect_done(test, WRITES + 1, 0, 0);
	KUNIT_EXPECT_EQ(test, v->back.bad, 0u);
	for (i = 1; i < v->back.num_writes; i++)
		KUNIT_EXPECT_GT(test, v->back.writes[i], v->back.writes[i - 1]);
	for (i = 0; i < WRITES; i++) {
		KUNIT_EXPECT_EQ(test, v->back.disk[16 * i * 512], (uint8_t)(i + 1 + served));
		KUNIT_EXPECT_EQ(test, v->back.disk[16 * i * 512 + 8191], (uint8_t)(i + 1 + served));
	}
	KUNIT_EXPECT_EQ(test, v->back.disk[(16 * WRITES + 15) * 512], (uint8_t)(WRITES + served));
	KUNIT_EXPECT_EQ(test, memcmp(v->mem + WRITES * 4096, v->back.disk + 1024 * 512, 28 * 4096),
			0);
	/* As new, for the next round. */
	pv_blk_close(v->blk);
	v->blk = NULL;
	fake_vbd_unplug(v);
	fake_vbd_expect_clean(test);
	v->total = 0;
	pv_memset(v->done, 0, sizeof(v->done));
}

/*
 * Fault rows 28, 30: at each step, and as one that takes less: smaller rings, fewer segments, no
 * indirect requests.
 */
static void restarts(struct kunit *test)
{
	unsigned int served;

	for (served = 0; served <= WRITES + 4; served += 3) {
		dies_after(test, served, 0);
		dies_after(test, served, served / 2);
		dies_after(test, served, served);
	}
}

/* It is not ready yet: what is submitted meanwhile waits, and is done. */
static void restarts_slowly(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i;

	fake_vbd_up(test);
	pv_blk_set_event(v->q, counting, &v->events);
	pv_blk_poll(v->q, 64);
	fake_vbd_submit_some(test, 5);
	fake_blkback_state(&v->back, XenbusStateInitialising);
	fake_vbd_work();
	for (i = 5; i < IN_FLIGHT; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, 8 * i, 1);
	pv_blk_flush(v->q);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
	KUNIT_EXPECT_EQ(test, v->events, 0u);
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	/* The kernel is told to poll. */
	KUNIT_EXPECT_EQ(test, v->events, 1u);
	KUNIT_EXPECT_EQ(test, v->back.connects, 2u);
	fake_vbd_run(v);
	fake_vbd_expect_done(test, IN_FLIGHT, 0, 0);
}

/*
 * It comes back with the ring that it left, and serves some of it: the ring is taken back, what is
 * left is sent again on a new one, and what it has now is agreed upon. Fault row 28.
 */
static void restarts_on_the_old_ring(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int served;

	v->back.persistent = test->param_index % 2;
	fake_vbd_up(test);
	for (served = 0; served <= IN_FLIGHT; served += 4) {
		v->total = 0;
		pv_memset(v->done, 0, sizeof(v->done));
		fake_vbd_submit_some(test, IN_FLIGHT);
		fake_blkback_run(&v->back, served / 2);
		fake_blkback_die(&v->back);
		fake_vbd_work();
		v->back.persistent = !v->back.persistent;
		KUNIT_ASSERT_TRUE(test, fake_blkback_take_over(&v->back));
		fake_blkback_run(&v->back, served / 2);
		/* What it maps otherwise than its predecessor fails, which nobody is told. */
		KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
		v->back.bad = 0;
		fake_vbd_work();
		KUNIT_ASSERT_EQ(test, v->dev->state, PV_DEV_LIVE);
		KUNIT_EXPECT_EQ(test, v->back.connects, served / 4 * 2 + 3);
		KUNIT_EXPECT_EQ(test, v->bf->persistent, v->back.persistent);
		fake_vbd_run(v);
		fake_vbd_expect_done(test, IN_FLIGHT, 0, 0);
		KUNIT_EXPECT_EQ(test, v->back.bad, 0u);
	}
}

/* A request that had failed already is not tried again. */
static void restarts_after_an_error(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.indirect = -1;
	fake_vbd_up(test);
	fake_vbd_submit(test, 0, PV_BLK_READ, 0, 100);
	fake_vbd_submit(test, 1, PV_BLK_READ, 0, 100);
	pv_blk_flush(v->q);
	v->back.status = BLKIF_RSP_ERROR;
	fake_blkback_run(&v->back, 1);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 1);
	v->back.status = 0;
	v->back.served = 0;
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	fake_vbd_run(v);
	/* The other one's parts. */
	KUNIT_EXPECT_EQ(test, v->back.served, 10u);
	KUNIT_EXPECT_EQ(test, v->total, 2u);
	KUNIT_EXPECT_EQ(test, v->req[0].status, PV_EIO);
	KUNIT_EXPECT_EQ(test, v->req[1].status, 0);
	KUNIT_EXPECT_EQ(test, v->done[0], 1u);
	KUNIT_EXPECT_EQ(test, v->done[1], 1u);
}

/*
 * It comes back with other blocks, or not at all: the disk is another one, and what was in flight
 * is lost.
 */
static void restarts_as_another(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	struct pv_blk *fresh;

	fake_vbd_up(test);
	fake_vbd_submit_some(test, IN_FLIGHT);
	v->back.sector_size = 4096;
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	while (pv_blk_poll(v->q, 64))
		;
	fake_vbd_expect_done(test, IN_FLIGHT, 0, PV_EGONE);
	fresh = pv_blk_open(0);
	KUNIT_ASSERT_NOT_NULL(test, fresh);
	KUNIT_EXPECT_EQ(test, fresh->logical_block, 4096u);
	pv_blk_close(fresh);
}

/* The old one kept the memory of a request: it cannot be replayed. */
static void restarts_and_keeps(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	struct blkif_request rq;
	unsigned int i;
	uint32_t ref;

	fake_vbd_up(test);
	fake_vbd_submit_some(test, IN_FLIGHT);
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_TRUE(test, fake_blkback_take(&v->back, &rq));
	ref = rq.seg[0].gref;
	KUNIT_ASSERT_NOT_NULL(test, pv_fake_xen_peer_map(PV_FAKE_XEN_PEER, ref, false));
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	while (pv_blk_poll(v->q, 64))
		;
	KUNIT_EXPECT_EQ(test, v->total, (unsigned int)IN_FLIGHT);
	for (i = 0; i < IN_FLIGHT; i++) {
		KUNIT_EXPECT_EQ(test, v->done[i], 1u);
		KUNIT_EXPECT_EQ(test, v->req[i].status, i < 4 ? PV_EPROTO : PV_EGONE);
	}
	pv_fake_xen_peer_unmap(ref);
}

/* --- anything at all -------------------------------------------------------------------------- */

static uint32_t random32(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Responses of any kind: each request is done once, whatever comes. */
static void noise(struct kunit *test, uint32_t seed)
{
	struct fake_vbd *v = test->priv;
	static const uint8_t ops[] = {BLKIF_OP_READ, BLKIF_OP_READ, BLKIF_OP_WRITE,
				      BLKIF_OP_INDIRECT};
	unsigned int i, n = 0, round;

	v->back.persistent = seed % 2;
	fake_vbd_up(test);
	for (round = 0; round < 30 && !pv_device_broken(v->dev); round++) {
		for (i = random32(&seed) % 4; i && n < 200; i--, n++)
			fake_vbd_submit(test, n, random32(&seed) % 2, 8 * (n % 100),
					1 + random32(&seed) % 16);
		pv_blk_flush(v->q);
		switch (random32(&seed) % 4) {
		case 0:
			fake_blkback_answer(&v->back, random32(&seed) % 4, ops[random32(&seed) % 4],
					    (int16_t)(random32(&seed) % 8 ? 0 : random32(&seed)));
			break;
		case 1:
			if (random32(&seed) % 8 == 0)
				v->back.sring->rsp_prod += random32(&seed) % 3 - 1;
			break;
		default:
			fake_blkback_run(&v->back, random32(&seed) % 5);
			break;
		}
		pv_blk_poll(v->q, (int)(random32(&seed) % 5));
	}
	/* Unmapped by then, since it does not know any more what it answered. */
	if (!v->back.persistent)
		KUNIT_EXPECT_EQ(test, pv_fake_xen_mapped(), v->back.pages);
	fake_vbd_unplug(v);
	while (pv_blk_poll(v->q, 64))
		;
	KUNIT_EXPECT_EQ(test, v->total, n);
	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, v->done[i], 1u);
	pv_blk_close(v->blk);
	v->blk = NULL;
	fake_vbd_expect_clean(test);
	v->total = 0;
	pv_memset(v->done, 0, sizeof(v->done));
}

static void any_noise(struct kunit *test)
{
	uint32_t seed;

	for (seed = 1; seed < 200; seed++)
		noise(test, seed * 2654435761u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(removed, two_gen_params),
	KUNIT_CASE_PARAM(restarts, again_gen_params),
	KUNIT_CASE(restarts_slowly),
	KUNIT_CASE_PARAM(restarts_on_the_old_ring, two_gen_params),
	KUNIT_CASE(restarts_after_an_error),
	KUNIT_CASE(restarts_as_another),
	KUNIT_CASE(restarts_and_keeps),
	KUNIT_CASE(any_noise),
	{},
};

static struct kunit_suite suite = {
	.name = "blkfront_again",
	.init = fake_vbd_init,
	.exit = fake_vbd_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
