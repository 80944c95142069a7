/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake machine in the kernel's KUnit.
 *
 * KUnit runs one case at a time, so that one machine does for all of them. A suite that was adopted
 * has init and exit functions of this file's, around its own; they are put there by the suite's
 * beginning, which KUnit calls before the first case.
 */
#include <pv_kunit.h>
#include <linux/bug.h>
#include <linux/kasan.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <pv/fake.h>
#include <stdlib.h>

static int (*suite_init)(struct kunit *test);
static void (*suite_exit)(struct kunit *test);
static struct kunit *running;
static unsigned int live_before;

void pv_fake_leave(void **to)
{
	kasan_unpoison_task_stack(current);
	__builtin_longjmp(to, 1);
}

static unsigned int live(void)
{
	return pv_fake.live_allocs + pv_fake.live_pages + pv_fake.live_maps + pv_fake.live_irqs;
}

static int case_begin(struct kunit *test)
{
	live_before = live();
	running = test;
	pv_fake_reset();
	return suite_init ? suite_init(test) : 0;
}

static void case_end(struct kunit *test)
{
	if (suite_exit)
		suite_exit(test);
	running = NULL;
	/* A case that failed half way had no chance to give anything back. */
	if (READ_ONCE(test->status) != KUNIT_SUCCESS)
		return;
	KUNIT_EXPECT_EQ_MSG(test, live(), live_before,
			    "kept: %u allocations, %u pages, %u maps, %u IRQs", pv_fake.live_allocs,
			    pv_fake.live_pages, pv_fake.live_maps, pv_fake.live_irqs);
	KUNIT_EXPECT_EQ_MSG(test, pv_fake.control_depth, 0u, "the control lock is held");
}

static int begin(struct kunit_suite *suite)
{
	suite_init = suite->init;
	suite_exit = suite->exit;
	suite->init = case_begin;
	suite->exit = case_end;
	return 0;
}

static void end(struct kunit_suite *suite)
{
	pv_fake_reset();
	suite->init = suite_init;
	suite->exit = suite_exit;
}

void pv_fake_adopt(struct kunit_suite *suite)
{
	suite->suite_init = begin;
	suite->suite_exit = end;
}

void pv_fake_abort(void)
{
	if (!running)
		panic("pv: the fake machine failed outside of a case");
	KUNIT_FAIL(running, "the fake machine to go on");
	kunit_try_catch_throw(&running->try_catch);
	BUG();
}

void *pv_fake_aligned_alloc(size_t align, size_t size)
{
	void *p = kmalloc(size, GFP_KERNEL | __GFP_NOWARN);

	/* The allocator's caches of powers of two are aligned; others would not be. */
	if (p && (uintptr_t)p & (align - 1)) {
		kfree(p);
		p = NULL;
	}
	return p;
}
