/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In a new domain each hypercall that is made until all is back fails, one at a time. Either the
 * kernel has an error; or all is back, or is gone and can be found again. Each request is done
 * once, at the latest after the next suspension, in which none fails.
 *
 * Covers: pv-core/suspend.c pv-core/xen/xen_suspend.c pv-core/xen/xenbus_resume.c
 */
#include <pv/string.h>
#include <pv/timer.h>

#include "fake_calls.h"
#include "fake_vbd.h"
#include "pv-core/part.h"

#define WRITES 24

static struct fake_vbd *v;

static void backend_dies(void)
{
	fake_blkback_die(&v->back);
}

static void backend_returns(void)
{
	fake_blkback_restart(&v->back);
}

static const char *front(void)
{
	return v->back.front;
}

static int calls_init(struct kunit *test)
{
	int err = fake_vbd_init(test);

	v = test->priv;
	return err;
}

static void calls_exit(struct kunit *test)
{
	pv_parts_end();
	fake_vbd_exit(test);
}

static void write_some(struct kunit *test)
{
	unsigned int i;

	v->total = 0;
	pv_memset(v->done, 0, sizeof(v->done));
	for (i = 0; i < WRITES; i++)
		fake_vbd_submit(test, i, PV_BLK_WRITE, 16 * i, 2);
	pv_blk_flush(v->q);
	fake_blkback_run(&v->back, WRITES / 3);
	pv_blk_poll(v->q, WRITES / 6);
}

static void tick(void *arg)
{
	(void)arg;
}

/* Of one disk, with a timer beside it. */
static bool life(struct kunit *test)
{
	unsigned int i, ok = 0;
	bool lost;

	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, NULL), 0);
	write_some(test);
	if (!fake_calls_failing(test)) {
		fake_vbd_work();
		fake_vbd_run(v);
		KUNIT_EXPECT_EQ(test, v->total, WRITES);
	}
	for (i = 0; i < WRITES; i++)
		KUNIT_EXPECT_LE(test, v->done[i], 1u);
	fake_calls_suspend(test);
	fake_vbd_work();
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->total, WRITES);
	for (i = 0; i < WRITES; i++) {
		KUNIT_EXPECT_EQ(test, v->done[i], 1u);
		ok += !v->req[i].status;
		KUNIT_EXPECT_TRUE(test, !v->req[i].status || v->req[i].status == PV_EGONE);
	}
	/*
	 * What could not be asked for is not there, and is found as another one once the kernel let
	 * it go.
	 */
	lost = v->blk->gone;
	KUNIT_EXPECT_EQ(test, lost, ok < WRITES);
	if (lost) {
		pv_blk_close(v->blk);
		fake_vbd_work();
		v->blk = pv_blk_open(0);
		KUNIT_EXPECT_NOT_NULL(test, v->blk);
	}
	KUNIT_EXPECT_EQ(test, v->back.bad, 0u);
	return lost;
}

static const struct fake_calls disk = {
	.init = calls_init,
	.exit = calls_exit,
	.life = life,
	.die = backend_dies,
	.reborn = backend_returns,
	.front = front,
};

static void each_fails(struct kunit *test, long error)
{
	struct fake_calls_count n = fake_calls_each_fails(test, &disk, error);

	kunit_info(test, "%u hypercalls, %u errors, %u times the disk went", n.calls, n.errors,
		   n.lost);
}

/* Fault row 31: what Xen refuses, and what it has no room for. */
static void suspend_calls_refused(struct kunit *test)
{
	each_fails(test, PV_EPERM);
}

static void suspend_calls_no_memory(struct kunit *test)
{
	each_fails(test, PV_ENOMEM);
}

static struct kunit_case calls_cases[] = {
	KUNIT_CASE(suspend_calls_refused),
	KUNIT_CASE(suspend_calls_no_memory),
	{},
};

static struct kunit_suite calls_suite = {
	.name = "suspend_calls",
	.init = calls_init,
	.exit = calls_exit,
	.test_cases = calls_cases,
};

kunit_test_suite(calls_suite);
