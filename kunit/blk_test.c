/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The block class layer: what is accepted, who waits, when a request is done, and who is told.
 *
 * Covers: pv-core/blk.c pv-core/blk_queue.c pv-core/blk_sync.c
 */
#include "fake_driver.h"

/* --- what is accepted ------------------------------------------------------------------------- */

static void refusals(struct kunit *test)
{
	struct fake_driver *f = test->priv;
	struct pv_blk_req *req;

	KUNIT_EXPECT_EQ(test,
			pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 0, LENS(0))),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(test,
			pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 0, LENS(511))),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(
		test,
		pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 0, LENS(256, 256))),
		PV_EINVAL);
	req = fake_driver_request(f, 0, PV_BLK_READ, 0, LENS(512));
	f->seg[0][0].va = fake_address(0x1010);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);
	req = fake_driver_request(f, 0, PV_BLK_READ, 0, LENS(512, 512));
	f->seg[0][1].len = 0;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, fake_driver_request(f, 0, 5, 0, LENS(512))),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, fake_driver_request(f, 0, 255, 0, LENS(512))),
			PV_EINVAL);

	/* Nor with a range that there is. */
	req = fake_driver_request(f, 0, 5, 0, LENS(0));
	req->num_sectors = 8;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);

	/* The end of the device, and what wraps around it. */
	KUNIT_EXPECT_EQ(
		test, pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 1000, LENS(512))),
		PV_EINVAL);
	KUNIT_EXPECT_EQ(
		test, pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 999, LENS(1024))),
		PV_EINVAL);
	KUNIT_EXPECT_EQ(
		test,
		pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, ~0ull, LENS(1024))),
		PV_EINVAL);
	req = fake_driver_request(f, 0, PV_BLK_DISCARD, 8, LENS(0));
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);
	req->num_sectors = ~0ull - 4;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);
	req->num_sectors = 993;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EINVAL);

	f->blk.logical_block = 4096;
	pv_blk_queue_init(&f->q);
	KUNIT_EXPECT_EQ(test,
			pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 4, LENS(4096))),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(test,
			pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 8, LENS(2048))),
			PV_EINVAL);

	f->blk.flags = PV_BLK_F_READ_ONLY | PV_BLK_F_DISCARD;
	KUNIT_EXPECT_EQ(
		test, pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_WRITE, 8, LENS(4096))),
		PV_EROFS);
	req = fake_driver_request(f, 0, PV_BLK_DISCARD, 8, LENS(0));
	req->num_sectors = 8;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_EROFS);
	req->op = PV_BLK_WRITE_ZEROES;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), PV_ENOTSUP);

	f->dev.state = PV_DEV_BROKEN;
	KUNIT_EXPECT_EQ(test,
			pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 8, LENS(4096))),
			PV_EIO);
	KUNIT_EXPECT_EQ(test, f->num, 0u);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(&f->q)->submitted, 0ull);
	KUNIT_EXPECT_EQ(test, f->done, 0u);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void first_come_first_served(struct kunit *test)
{
	struct fake_driver *f = test->priv;
	unsigned int i, polls = 0;

	f->room = 2;
	for (i = 0; i < 6; i++)
		KUNIT_ASSERT_EQ(
			test,
			pv_blk_submit(&f->q, fake_driver_request(f, i, PV_BLK_READ, 0,
								 i == 2 ? LENS(8192, 8192, 8192)
									: LENS(512))),
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
	struct fake_driver *f = test->priv;

	f->room = 3;
	f->complete = 0;
	KUNIT_ASSERT_EQ(
		test,
		pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 0,
							 LENS(8192, 8192, 8192, 8192, 8192, 8192,
							      8192, 8192, 8192, 8192))),
		0);
	KUNIT_ASSERT_EQ(test,
			pv_blk_submit(&f->q, fake_driver_request(f, 1, PV_BLK_READ, 0, LENS(512))),
			0);
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
	struct fake_driver *f = test->priv;

	f->room = 1;
	KUNIT_ASSERT_EQ(test,
			pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_READ, 0, LENS(512))),
			0);
	KUNIT_ASSERT_EQ(test,
			pv_blk_submit(&f->q, fake_driver_request(f, 1, PV_BLK_READ, 0, LENS(512))),
			0);
	f->resubmit = fake_driver_request(f, 2, PV_BLK_WRITE, 0, LENS(512));
	while (pv_blk_poll(&f->q, 64))
		;
	KUNIT_EXPECT_EQ(test, f->done, 3u);
	KUNIT_EXPECT_EQ(test, f->order[1], 1u);
	KUNIT_EXPECT_EQ(test, f->order[2], 2u);
}

static void woken(void *arg)
{
	struct fake_driver *f = arg;

	f->events++;
}

/*
 * Without a write cache there is nothing to flush: it is done by the next poll, which is told of.
 */
static void sync_without_cache(struct kunit *test)
{
	struct fake_driver *f = test->priv;

	f->blk.flags = 0;
	pv_blk_set_event(&f->q, woken, f);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 64), 0);
	KUNIT_ASSERT_EQ(
		test, pv_blk_submit(&f->q, fake_driver_request(f, 0, PV_BLK_SYNC, 0, LENS(0))), 0);
	KUNIT_EXPECT_EQ(test, f->done, 0u);
	pv_blk_flush(&f->q);
	KUNIT_EXPECT_EQ(test, f->events, 1u);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 64), 1);
	KUNIT_EXPECT_EQ(test, f->done, 1u);
	KUNIT_EXPECT_EQ(test, f->req[0].status, 0);
	KUNIT_EXPECT_EQ(test, f->num, 0u);
}

/*
 * Armed below the budget only; what the final check finds is taken; each event is passed on once.
 */
static void events(struct kunit *test)
{
	struct fake_driver *f = test->priv;
	unsigned int i;

	pv_blk_set_event(&f->q, woken, f);
	f->complete = 2;
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(
			test,
			pv_blk_submit(&f->q, fake_driver_request(f, i, PV_BLK_READ, 0, LENS(512))),
			0);
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
	struct fake_driver *f = test->priv, *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
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
		pv_blk_release(&g->blk, fake_driver_release);
		KUNIT_EXPECT_TRUE(test, g->released);
		g->released = false;
	}
	KUNIT_EXPECT_PTR_EQ(test, (void *)pv_blk_queue(&f->blk, 0), (void *)&f->q);
	KUNIT_EXPECT_NULL(test, pv_blk_queue(&f->blk, 1));
}

/* It is held still: nothing that is asked of its queue reaches the driver, and all is answered. */
static void removed(struct kunit *test)
{
	struct fake_driver *f = test->priv;
	struct pv_blk_req *req = fake_driver_request(f, 0, PV_BLK_READ, 0, LENS(512));

	pv_blk_unregister(&f->blk);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(&f->q, req), 0);
	pv_blk_flush(&f->q);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(&f->q, 2), 1);
	KUNIT_EXPECT_TRUE(test, f->done == 1 && req->status == PV_EGONE);
	KUNIT_EXPECT_EQ(test, f->num + f->takes + f->flushes, 0u);
	pv_blk_release(&f->blk, fake_driver_release);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(refusals),
	KUNIT_CASE(first_come_first_served),
	KUNIT_CASE(first_error_wins),
	KUNIT_CASE(done_submits),
	KUNIT_CASE(sync_without_cache),
	KUNIT_CASE(events),
	KUNIT_CASE(numbers),
	KUNIT_CASE(removed),
	{},
};

static struct kunit_suite suite = {
	.name = "blk",
	.init = fake_driver_init,
	.exit = fake_driver_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
