/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xs_watch.c: watches, however often they fire.
 *
 * Covers: pv-core/xen/xs_watch.c
 */
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "fake_store.h"
#include "pv-core/xen/xs_conn.h"

static int store_init(struct kunit *test)
{
	int err;

	fake_store.offset = 0xfffffe00;
	err = fake_store_up(test);
	return err ? err : pv_xs_start();
}

static void store_exit(struct kunit *test)
{
	pv_xs_stop();
	KUNIT_EXPECT_EQ(test, pv_fake_xs.overlong, 0);
	fake_store_down(test);
}

/* --- watches ---------------------------------------------------------------------------------- */

static unsigned int fired;
static struct pv_xs_watch *unwatch_in_fn;

static void on_watch(struct pv_xs_watch *w)
{
	(void)w;
	fired++;
	if (unwatch_in_fn)
		pv_xs_unwatch(unwatch_in_fn);
	unwatch_in_fn = NULL;
}

static void drain(void)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		pv_xs_work();
	fired = 0;
}

static void xenstore_watches(struct kunit *test)
{
	struct pv_xs_watch w = {.path = "watched", .fn = on_watch};

	fired = 0;
	KUNIT_EXPECT_EQ(test, pv_xs_watch(&w), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 1);
	/* Once to begin with. */
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 1);
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 0);
	KUNIT_EXPECT_EQ(test, fired, 1);
	pv_fake_xs_write("watched", "x");
	pv_fake_xs_write("watched/below", "x");
	pv_fake_xs_write("watchedx", "x");
	pv_fake_xs_run();
	KUNIT_EXPECT_GT(test, pv_fake.work_scheduled, 0);
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 1);
	KUNIT_EXPECT_EQ(test, w.events, 3);
	KUNIT_EXPECT_EQ(test, w.calls, 2);
	pv_fake_xs_rm("watched");
	pv_fake_xs_run();
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 1);
	/* An event that is on its way when the watch ends. */
	pv_fake_xs_write("watched", "x");
	pv_xs_unwatch(&w);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 0);
	fired = 0;
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 0);
	KUNIT_EXPECT_EQ(test, fired, 0);
	pv_xs_unwatch(&w);
}

static void xenstore_watches_itself_ends(struct kunit *test)
{
	struct pv_xs_watch w[3];
	unsigned int i;

	pv_memset(w, 0, sizeof(w));
	for (i = 0; i < 3; i++) {
		w[i].path = "same";
		w[i].fn = on_watch;
		KUNIT_ASSERT_EQ(test, pv_xs_watch(&w[i]), 0);
	}
	drain();
	pv_fake_xs_write("same", "1");
	pv_fake_xs_run();
	unwatch_in_fn = &w[0];
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 3);
	pv_fake_xs_write("same", "1");
	pv_fake_xs_run();
	unwatch_in_fn = &w[2];
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 1);
	KUNIT_EXPECT_FALSE(test, w[2].set);
	pv_xs_unwatch(&w[1]);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 0);
}

/* A flood of events takes no memory and no more than a call per watch and round. Fault row 25. */
static void xenstore_watch_storm(struct kunit *test)
{
	struct pv_xs_watch w = {.path = "watched", .fn = on_watch};
	unsigned int allocs, works = 0, max_per_work = 0, n;
	char buf[8];

	KUNIT_ASSERT_EQ(test, pv_xs_watch(&w), 0);
	drain();
	pv_fake_xs_write("v", "abc");
	allocs = pv_fake.live_allocs;
	w.events = 0;
	pv_fake_xs.storm = 1000000;
	while (w.events < 1000000 && works < 1000000) {
		pv_fake_xs_run();
		n = (unsigned int)pv_xs_work();
		max_per_work = n > max_per_work ? n : max_per_work;
		works++;
		/* In the midst of it, the store is of use still. */
		if (works % 5000 == 0)
			KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "v", buf, sizeof(buf)), 3);
	}
	KUNIT_EXPECT_EQ(test, w.events, 1000000);
	KUNIT_EXPECT_EQ(test, max_per_work, 1);
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, allocs);
	KUNIT_EXPECT_LE(test, fired, works);
	pv_xs_unwatch(&w);
}

/* A watch whose own function makes it fire does not keep the others from their turn. */
static void rewrite(struct pv_xs_watch *w)
{
	char buf[8];

	fired++;
	if (pv_xs_write(PV_XS_NO_TX, w->path, "again") ||
	    pv_xs_read(PV_XS_NO_TX, w->path, buf, sizeof(buf)) != 5)
		fired = 1000;
}

static void xenstore_watches_take_turns(struct kunit *test)
{
	struct pv_xs_watch busy = {.path = "busy", .fn = rewrite};
	struct pv_xs_watch calm = {.path = "calm", .fn = on_watch};
	unsigned int scheduled;

	KUNIT_ASSERT_EQ(test, pv_xs_watch(&busy), 0);
	KUNIT_ASSERT_EQ(test, pv_xs_watch(&calm), 0);
	drain();
	calm.calls = 0;
	pv_fake_xs_write("calm", "1");
	pv_fake_xs_run();
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 2);
	KUNIT_EXPECT_EQ(test, calm.calls, 1);
	KUNIT_EXPECT_LT(test, fired, 1000);
	scheduled = pv_fake.work_scheduled;
	pv_xs_work();
	KUNIT_EXPECT_GT(test, pv_fake.work_scheduled, scheduled);
	pv_xs_unwatch(&busy);
	pv_xs_unwatch(&calm);
}

static void xenstore_waits_for_a_watch(struct kunit *test)
{
	struct pv_xs_watch w = {.path = "watched", .fn = on_watch};
	uint64_t before;

	KUNIT_ASSERT_EQ(test, pv_xs_watch(&w), 0);
	drain();
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, pv_xs_wait_watch(&w, 300), PV_ETIMEDOUT);
	KUNIT_EXPECT_GE(test, pv_fake.now - before, 300000000);
	pv_fake_xs_write("watched", "x");
	KUNIT_EXPECT_EQ(test, pv_xs_wait_watch(&w, 300), 0);
	/* It was for the waiter. */
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 0);
	pv_xs_unwatch(&w);
}

static void xenstore_watch_refused(struct kunit *test)
{
	struct pv_xs_watch w = {.path = "a//b", .fn = on_watch};

	KUNIT_EXPECT_EQ(test, pv_xs_watch(&w), PV_EINVAL);
	KUNIT_EXPECT_FALSE(test, w.set);
	pv_xs_unwatch(&w);
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 0);
}

/* A token is all of a number, or no watch's. */
static void xenstore_tokens(struct kunit *test)
{
	static const char *const bad[][2] = {
		{"", "x"}, {"", " "}, {" ", ""}, {"4294967296", ""}, {"-", ""}};
	struct pv_xs_watch w = {.path = "watched", .fn = on_watch};
	char token[24];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_xs_watch(&w), 0);
	drain();
	for (i = 0; i < PV_ARRAY_SIZE(bad); i++) {
		/* The one before it was right. */
		pv_snprintf(token, sizeof(token), "%u", w.token);
		w.events = 0;
		KUNIT_EXPECT_TRUE(test, pv_xs_watch_event(token));
		pv_snprintf(token, sizeof(token), "%s%u%s", bad[i][0], w.token, bad[i][1]);
		KUNIT_EXPECT_FALSE_MSG(test, pv_xs_watch_event(token), "%s", token);
		KUNIT_EXPECT_EQ(test, w.events, 1);
	}
	pv_xs_unwatch(&w);
}

/* The store dies while somebody waits: there will be no event. */
static void xenstore_dies_meanwhile(struct kunit *test)
{
	struct pv_xs_watch w = {.path = "watched", .fn = on_watch};
	uint64_t before = pv_fake.now;

	KUNIT_ASSERT_EQ(test, pv_xs_watch(&w), 0);
	drain();
	fake_store_ring()->rsp_prod += 5000;
	KUNIT_EXPECT_EQ(test, pv_xs_wait_watch(&w, 300), PV_EPROTO);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, 300000000);
	pv_xs_unwatch(&w);
	KUNIT_EXPECT_FALSE(test, w.set);
}

static struct kunit_case xs_watch_cases[] = {
	KUNIT_CASE(xenstore_watches),
	KUNIT_CASE(xenstore_watches_itself_ends),
	KUNIT_CASE(xenstore_watch_storm),
	KUNIT_CASE(xenstore_watches_take_turns),
	KUNIT_CASE(xenstore_waits_for_a_watch),
	KUNIT_CASE(xenstore_watch_refused),
	KUNIT_CASE(xenstore_tokens),
	KUNIT_CASE(xenstore_dies_meanwhile),
	{},
};

static struct kunit_suite xs_watch_suite = {
	.name = "xs_watch",
	.init = store_init,
	.exit = store_exit,
	.test_cases = xs_watch_cases,
};

kunit_test_suite(xs_watch_suite);
