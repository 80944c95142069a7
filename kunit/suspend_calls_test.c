/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In a new domain each hypercall that is made until all is back fails, one at a time. Either the
 * kernel has an error; or all is back, or is gone and can be found again. Each request is done
 * once, at the latest after the next suspension, in which none fails.
 *
 * Covers: pv-core/suspend.c pv-core/xen/xen_suspend.c pv-core/xen/xenbus_resume.c
 */
#include <pv/log.h>
#include <pv/string.h>
#include <pv/timer.h>

#include "fake_vbd.h"
#include "pv-core/part.h"
#include "pv-core/suspend.h"
#include "pv-core/xen/xen.h"

#define WRITES 24
#define MOST   200u /* hypercalls in one resume */

static struct fake_vbd *v;
static unsigned int fail_at, calls;
static long answer;

static const struct pv_bus *bus(unsigned int n)
{
	return n ? NULL : &pv_xenbus;
}

static long hypercall(unsigned int op, const unsigned long arg[5])
{
	return ++calls == fail_at ? answer : pv_fake_xen_hypercall(op, arg);
}

/* As the toolstack does it, and from then on hypercalls are counted. */
static long move(void)
{
	char path[160];

	fake_blkback_die(&v->back);
	pv_fake_xen_migrate();
	if (fake_store_migrate())
		pv_os_panic("the new domain cannot be made");
	pv_snprintf(path, sizeof(path), "%s/state", v->back.front);
	pv_fake_xs_write(path, "1");
	fake_blkback_restart(&v->back);
	calls = 0;
	pv_fake.xen_hypercall = hypercall;
	return 0;
}

static int suspend(unsigned int nth)
{
	int err;

	fail_at = nth;
	err = pv_suspend_on(&pv_xen, bus);
	pv_fake.xen_hypercall = NULL;
	return err;
}

static int calls_init(struct kunit *test)
{
	int err = fake_vbd_init(test);

	v = test->priv;
	pv_fake_xen.suspend = move;
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

/*
 * A life of one disk, in which the n-th fails; whether there were so many. lost: whether the disk
 * went for it.
 */
static bool life(struct kunit *test, unsigned int nth, unsigned int *errors, unsigned int *lost)
{
	unsigned int i, ok = 0;
	bool failed;
	int err;

	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, NULL), 0);
	write_some(test);
	err = suspend(nth);
	failed = calls >= nth;
	*errors += err < 0;
	KUNIT_EXPECT_LE(test, err, 0);
	KUNIT_EXPECT_TRUE(test, failed || !err);
	if (!err) {
		fake_vbd_work();
		fake_vbd_run(v);
		KUNIT_EXPECT_EQ(test, v->total, WRITES);
	}
	for (i = 0; i < WRITES; i++)
		KUNIT_EXPECT_LE(test, v->done[i], 1u);
	KUNIT_EXPECT_EQ(test, suspend(0), 0);
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
	KUNIT_EXPECT_EQ(test, v->blk->gone, ok < WRITES);
	if (v->blk->gone) {
		pv_blk_close(v->blk);
		fake_vbd_work();
		v->blk = pv_blk_open(0);
		KUNIT_EXPECT_NOT_NULL(test, v->blk);
		++*lost;
	}
	KUNIT_EXPECT_EQ(test, v->back.bad, 0u);
	return failed;
}

static void each_fails(struct kunit *test, long error)
{
	unsigned int n = 1, errors = 0, lost = 0;
	bool more;

	answer = error;
	for (;;) {
		more = life(test, n, &errors, &lost);
		if (!more || n == MOST)
			break;
		n++;
		calls_exit(test);
		KUNIT_ASSERT_EQ(test, calls_init(test), 0);
	}
	kunit_info(test, "%u hypercalls, %u errors, %u times the disk went", n - 1, errors, lost);
	KUNIT_EXPECT_FALSE(test, more);
	KUNIT_EXPECT_GT(test, n, 10u);
	KUNIT_EXPECT_GT(test, errors, 0u);
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
