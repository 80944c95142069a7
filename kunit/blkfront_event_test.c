/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * When the Xen block frontend is called, and when it has to wait: events, and grants that run out.
 *
 * Covers: drivers/blkfront/blkfront_grants.c drivers/blkfront/blkfront_io.c
 */
#include "counting.h"
#include "fake_vbd.h"

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

/* --- events ----------------------------------------------------------------------------------- */

/* One event for many, none while it is not armed, and each wait ends. */
static void events(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i, upcalls;

	fake_vbd_up(test);
	pv_blk_set_event(v->q, counting, &v->events);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
	for (i = 0; i < 20; i++) {
		fake_vbd_submit(test, i, PV_BLK_READ, 0, 1);
		pv_blk_flush(v->q);
	}
	/* The backend asked for an event at the first only. */
	KUNIT_EXPECT_EQ(test, pv_blk_stats(v->q)->notified, 1ull);
	fake_blkback_run(&v->back, 5);
	KUNIT_EXPECT_EQ(test, v->events, 1u);
	upcalls = pv_fake_xen.upcalls;
	fake_blkback_run(&v->back, 10);
	KUNIT_EXPECT_EQ(test, v->events, 1u);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.upcalls, upcalls);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 15);
	fake_blkback_run(&v->back, 5);
	KUNIT_EXPECT_EQ(test, v->events, 2u);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 3), 3);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 3), 2);
	KUNIT_EXPECT_EQ(test, v->events, 2u);
	pv_blk_set_event(v->q, NULL, NULL);
	fake_vbd_submit(test, 20, PV_BLK_READ, 0, 1);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->events, 2u);
	expect_all(test, 21, 0);
}

/* The port stays masked from the event to the end of the work; then it is heard again. */
static void late_end(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i, upcalls;

	fake_vbd_up(test);
	pv_blk_set_event(v->q, counting, &v->events);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
	pv_fake_xen_peer_send(v->back.port);
	upcalls = pv_fake_xen.upcalls;
	for (i = 0; i < 100; i++)
		pv_fake_xen_peer_send(v->back.port);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.upcalls, upcalls);
	KUNIT_EXPECT_EQ(test, v->events, 1u);
	/* What came meanwhile is delivered when it is unmasked. */
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
	KUNIT_EXPECT_EQ(test, v->events, 2u);
	/* Work is heard of, each time. */
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
		fake_vbd_submit(test, i, PV_BLK_READ, 0, 1);
		pv_blk_flush(v->q);
		fake_blkback_run(&v->back, 1);
		KUNIT_EXPECT_EQ(test, v->events, 3 + i);
		KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 1);
	}
	pv_blk_set_event(v->q, NULL, NULL);
}

/*
 * An event is lost: the kernel looks by its clock and finds the answers, and what comes after that
 * is heard of.
 * Fault row 19.
 */
static void lost_event(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	struct shared_info *s = pv_fake_xen_shared();
	unsigned int i;

	fake_vbd_up(test);
	pv_blk_set_event(v->q, counting, &v->events);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
	for (i = 0; i < 3; i++) {
		fake_vbd_submit(test, 2 * i, PV_BLK_READ, 0, 1);
		pv_blk_flush(v->q);
		pv_fake_xen.irqs_off = true;
		fake_blkback_run(&v->back, 1);
		s->evtchn_pending[v->back.port / 64] &= ~(1ull << v->back.port % 64);
		pv_fake_xen.irqs_off = false;
		pv_fake_xen_deliver();
		KUNIT_EXPECT_EQ(test, v->events, i);
		KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 1);
		fake_vbd_submit(test, 2 * i + 1, PV_BLK_READ, 0, 1);
		pv_blk_flush(v->q);
		fake_blkback_run(&v->back, 1);
		KUNIT_EXPECT_EQ(test, v->events, i + 1);
		KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 1);
	}
	pv_blk_set_event(v->q, NULL, NULL);
	expect_all(test, 6, 0);
}

#ifdef PV_SHARED_HOOKS
static struct fake_vbd *answers;

/*
 * The backend answers in the moment between our wish for an event and our last look; it sends
 * none.
 */
static void answer_after_wish(volatile void *p, size_t size)
{
	struct blkif_sring *sring = answers->back.sring;

	(void)size;
	if (p != &sring->rsp_event)
		return;
	pv_fake.shared_wrote = NULL;
	sring->rsp_event += 100;
	fake_blkback_run(&answers->back, 1);
}

static void final_check(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_vbd_up(test);
	pv_blk_set_event(v->q, counting, &v->events);
	fake_vbd_submit(test, 0, PV_BLK_READ, 0, 1);
	pv_blk_flush(v->q);
	answers = v;
	pv_fake.shared_wrote = answer_after_wish;
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 1);
	KUNIT_EXPECT_EQ(test, v->events, 0u);
	pv_blk_set_event(v->q, NULL, NULL);
}
#endif

/* A read that waits, and what it costs: one event sent. */
static void synchronous(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int calls;

	fake_vbd_up(test);
	v->back.automatic = true;
	KUNIT_EXPECT_EQ(test, pv_blk_read(v->blk, 8, v->mem, 8192), 0);
	KUNIT_EXPECT_EQ(test, memcmp(v->mem, v->back.disk + 4096, 8192), 0);
	calls = pv_fake_xen.calls;
	KUNIT_EXPECT_EQ(test, pv_blk_write(v->blk, 80, v->mem, 8192), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.calls - calls, 1u);
	KUNIT_EXPECT_EQ(test, memcmp(v->mem, v->back.disk + 80 * 512, 8192), 0);
	KUNIT_EXPECT_EQ(test, pv_blk_sync(v->blk), 0);
}

/* --- grants that run out ---------------------------------------------------------------------- */

/* The table is as large as it may be: fewer requests at a time, and all of them done. */
static void few_grants(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	struct pv_grant_stats s;
	unsigned int i, taken;

	pv_grant_stats(&s);
	taken = s.max_frames * 512 - 8 - s.reserved - 150;
	KUNIT_ASSERT_EQ(test, pv_grant_reserve(taken), 0);
	fake_vbd_up(test);
	/* Two pages of ring; each request takes 32 and a page of segments. */
	KUNIT_EXPECT_EQ(test, v->bf->num_parts, 4u);
	for (i = 0; i < 20; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, 0, 30);
	fake_vbd_run(v);
	expect_all(test, 20, 0);
	pv_grant_unreserve(taken);
}

/* The pool is smaller, as long as it is large enough for a request; and is refused below that. */
static void small_pool(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i, taken, left = 2 + 64 + 40;
	struct pv_grant_stats s;

	v->back.persistent = 1;
	pv_grant_stats(&s);
	taken = s.max_frames * 512 - 8 - s.reserved - left;
	KUNIT_ASSERT_EQ(test, pv_grant_reserve(taken), 0);
	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, v->bf->pool_size, 40u);
	for (i = 0; i < 20; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, 0, 30);
	fake_vbd_run(v);
	expect_all(test, 20, 0);
	pv_blk_close(v->blk);
	v->blk = NULL;
	fake_vbd_unplug(v);
	KUNIT_ASSERT_EQ(test, pv_grant_reserve(9), 0);
	fake_vbd_plug(test);
	KUNIT_EXPECT_NULL(test, v->bf);
	pv_grant_unreserve(taken + 9);
}

/* Somebody else took them, whatever was reserved: requests wait, and go on when there are some. */
static void no_grants(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	struct pv_grant_stats s;
	static int refs[8192];
	unsigned int i, n = 0;

	fake_vbd_up(test);
	pv_grant_stats(&s);
	while (s.free - n > 15)
		refs[n++] = pv_grant(3, v->mem, true);
	for (i = 0; i < 10; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, 0, 10);
	KUNIT_EXPECT_EQ(test, v->bf->num_parts - v->bf->num_free, 1u);
	fake_vbd_run(v);
	expect_all(test, 10, 0);
	pv_grant_stats(&s);
	KUNIT_EXPECT_EQ(test, s.free, 15u);
	while (n)
		KUNIT_EXPECT_EQ(test, pv_grant_end(refs[--n]), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(events),
	KUNIT_CASE(late_end),
	KUNIT_CASE(lost_event),
#ifdef PV_SHARED_HOOKS
	KUNIT_CASE(final_check),
#endif
	KUNIT_CASE(synchronous),
	KUNIT_CASE(few_grants),
	KUNIT_CASE(small_pool),
	KUNIT_CASE(no_grants),
	{},
};

static struct kunit_suite suite = {
	.name = "blkfront_event",
	.init = fake_vbd_init,
	.exit = fake_vbd_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
