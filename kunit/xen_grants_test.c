/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Grants against the fake Xen: their life, exhaustion and growth, peers that keep what they have,
 * and exact counts throughout; in both versions of the table.
 *
 * Covers: pv-core/xen/grants.c pv-core/xen/grant_table.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>
#include <pv/string.h>

#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"

#define PEER	    3
#define FIRST_FRAME 504 /* entries of a table of one frame, version 1 */

static uint8_t page[4][PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);

static int start(void)
{
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(),
					  .hypervisors = pv_fake_hypervisors};

	return pv_init(&args);
}

static int grants_init(struct kunit *test)
{
	(void)test;
	pv_fake_xen_start();
	return start();
}

static void grants_exit(struct kunit *test)
{
	pv_fake.shared_atomic = NULL;
	pv_fake.alloc_fail_at = 0;
	pv_fake_xen.fail_at = 0;
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 0);
}

static struct pv_grant_stats stats(void)
{
	struct pv_grant_stats s;

	pv_grant_stats(&s);
	return s;
}

#define EXPECT_COUNTS(test, total_, free_, quarantined_)                                           \
	do {                                                                                       \
		KUNIT_EXPECT_EQ(test, stats().total, total_);                                      \
		KUNIT_EXPECT_EQ(test, stats().free, free_);                                        \
		KUNIT_EXPECT_EQ(test, stats().quarantined, quarantined_);                          \
	} while (0)

/* --- life ------------------------------------------------------------------------------------- */

static void life(struct kunit *test)
{
	unsigned int total = stats().total;
	int ref = pv_grant(PEER, page[0], false), readonly = pv_grant(PEER, page[1] + 100, true);

	KUNIT_ASSERT_GE(test, ref, PV_XEN_RESERVED_GRANTS);
	KUNIT_ASSERT_GE(test, readonly, PV_XEN_RESERVED_GRANTS);
	EXPECT_COUNTS(test, total, total - 2, 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_granted(), 2);
	KUNIT_EXPECT_NULL(test, pv_fake_xen_peer_map(PEER + 1, (uint32_t)ref, false));
	KUNIT_EXPECT_NULL(test, pv_fake_xen_peer_map(PEER, (uint32_t)readonly, true));
	KUNIT_EXPECT_PTR_EQ(test, pv_fake_xen_peer_map(PEER, (uint32_t)readonly, false),
			    (void *)page[1]);
	KUNIT_EXPECT_PTR_EQ(test, pv_fake_xen_peer_map(PEER, (uint32_t)ref, true), (void *)page[0]);
	KUNIT_EXPECT_TRUE(test, pv_grant_in_use(ref));
	pv_fake_xen_peer_unmap((uint32_t)ref);
	pv_fake_xen_peer_unmap((uint32_t)readonly);
	KUNIT_EXPECT_FALSE(test, pv_grant_in_use(ref));
	KUNIT_EXPECT_EQ(test, pv_grant_end(ref), 0);
	KUNIT_EXPECT_EQ(test, pv_grant_end(readonly), 0);
	KUNIT_EXPECT_NULL(test, pv_fake_xen_peer_map(PEER, (uint32_t)ref, false));
	KUNIT_EXPECT_EQ(test, pv_fake_xen_granted(), 0);
	EXPECT_COUNTS(test, total, total, 0);
}

static void grants_life(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, stats().version, 1);
	EXPECT_COUNTS(test, FIRST_FRAME, FIRST_FRAME, 0);
	life(test);
}

static void quarantine(struct kunit *test)
{
	unsigned int total = stats().total, pages = pv_fake.live_pages;
	uint8_t *own = pv_os_pages_alloc(1), *peers;
	int ref = pv_grant(PEER, own, false), other = pv_grant(PEER, page[0], true);

	peers = pv_fake_xen_peer_map(PEER, (uint32_t)ref, true);
	KUNIT_ASSERT_PTR_EQ(test, peers, own);
	KUNIT_ASSERT_NOT_NULL(test, pv_fake_xen_peer_map(PEER, (uint32_t)other, false));
	pv_fake.work_scheduled = 0;
	KUNIT_EXPECT_EQ(test, pv_grant_end_free(ref, own), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, pv_grant_end(other), PV_EBUSY);
	KUNIT_EXPECT_GE(test, pv_fake.work_scheduled, 1);
	EXPECT_COUNTS(test, total, total - 2, 2);

	/* The peer goes on writing; it is the sanitizer's to say if the page were gone. */
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
	pv_memset(peers, 0xee, PV_PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages + 1);
	pv_fake_xen_peer_unmap((uint32_t)other);
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 1);
	EXPECT_COUNTS(test, total, total - 1, 1);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages + 1);
	pv_fake_xen_peer_unmap((uint32_t)ref);
	KUNIT_EXPECT_EQ(test, pv_work(), 1);
	EXPECT_COUNTS(test, total, total, 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
}

/* Fault row 14 */
static void grants_quarantine(struct kunit *test)
{
	quarantine(test);
}

/* While something is in quarantine, work is asked for again and again. */
static void grants_quarantine_timer(struct kunit *test)
{
	int ref = pv_grant(PEER, page[0], false);
	unsigned int i;

	pv_fake_xen_peer_map(PEER, (uint32_t)ref, true);
	pv_grant_end(ref);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, pv_work(), 0);
		pv_fake.work_scheduled = 0;
		pv_fake.now += 1100000000;
		pv_fake_xen_run_timers();
		KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 1);
	}
	pv_fake_xen_peer_unmap((uint32_t)ref);
	KUNIT_EXPECT_EQ(test, pv_work(), 1);
	pv_fake.work_scheduled = 0;
	pv_fake.now += 1100000000;
	pv_fake_xen_run_timers();
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 0);
}

static int race_ref;

static void map_now(volatile void *p, size_t size)
{
	(void)p;
	(void)size;
	pv_fake.shared_atomic = NULL;
	pv_fake_xen_peer_map(PEER, (uint32_t)race_ref, true);
}

/* The peer maps the page at the last moment before the revocation. Fault row 15. */
static void grants_mapped_meanwhile(struct kunit *test)
{
	race_ref = pv_grant(PEER, page[0], false);
	pv_fake.shared_atomic = map_now;
	KUNIT_EXPECT_EQ(test, pv_grant_end(race_ref), PV_EBUSY);
	KUNIT_EXPECT_NULL(test, pv_fake.shared_atomic);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_mapped(), 1);
	EXPECT_COUNTS(test, FIRST_FRAME, FIRST_FRAME - 1, 1);
	/* And again, at the retry, after it had let go. */
	pv_fake_xen_peer_unmap((uint32_t)race_ref);
	pv_fake.shared_atomic = map_now;
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 0);
	EXPECT_COUNTS(test, FIRST_FRAME, FIRST_FRAME - 1, 1);
	pv_fake_xen_peer_unmap((uint32_t)race_ref);
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 1);
}

/* --- exhaustion and growth -------------------------------------------------------------------- */

static int refs[64 * 512];

static unsigned int take_all(void)
{
	unsigned int n = 0;

	while ((refs[n] = pv_grant(PEER, page[0], true)) >= 0)
		n++;
	return n;
}

/*
 * With any number of entries held, all others can be had, once each, and then none.
 * Fault row 16.
 */
static void grants_exhausted(struct kunit *test)
{
	static bool used[FIRST_FRAME + PV_XEN_RESERVED_GRANTS];
	unsigned int k, i, n;

	for (k = 1; k <= FIRST_FRAME; k += 31) {
		n = take_all();
		KUNIT_ASSERT_EQ(test, n, FIRST_FRAME);
		KUNIT_EXPECT_EQ(test, refs[n], PV_EBUSY);
		EXPECT_COUNTS(test, FIRST_FRAME, 0, 0);
		pv_memset(used, 0, sizeof(used));
		for (i = 0; i < n; i++) {
			KUNIT_EXPECT_FALSE(test, used[refs[i]]);
			used[refs[i]] = true;
		}
		for (i = 0; i < k; i++)
			KUNIT_EXPECT_EQ(test, pv_grant_end(refs[i]), 0);
		for (i = 0; i < k; i++) {
			refs[i] = pv_grant(PEER, page[0], true);
			KUNIT_EXPECT_GE(test, refs[i], PV_XEN_RESERVED_GRANTS);
		}
		KUNIT_EXPECT_EQ(test, pv_grant(PEER, page[0], true), PV_EBUSY);
		for (i = 0; i < n; i++)
			KUNIT_EXPECT_EQ(test, pv_grant_end(refs[i]), 0);
		EXPECT_COUNTS(test, FIRST_FRAME, FIRST_FRAME, 0);
	}
}

static void grants_grow_by_work(struct kunit *test)
{
	unsigned int i;

	pv_fake.work_scheduled = 0;
	for (i = 0; i < FIRST_FRAME - 64; i++)
		refs[i] = pv_grant(PEER, page[0], true);
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 0);
	refs[i++] = pv_grant(PEER, page[0], true);
	refs[i++] = pv_grant(PEER, page[0], true);
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 1);
	KUNIT_EXPECT_EQ(test, pv_work(), 1);
	KUNIT_EXPECT_EQ(test, stats().frames, 2);
	EXPECT_COUNTS(test, FIRST_FRAME + 512, FIRST_FRAME + 512 - i, 0);
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
	while (i--)
		KUNIT_EXPECT_EQ(test, pv_grant_end(refs[i]), 0);
}

static void grants_reserve(struct kunit *test)
{
	unsigned int i, n;

	KUNIT_EXPECT_EQ(test, pv_grant_reserve(FIRST_FRAME), 0);
	KUNIT_EXPECT_EQ(test, stats().frames, 1);
	/* Over and above: though none is taken yet. */
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(1), 0);
	KUNIT_EXPECT_EQ(test, stats().frames, 2);
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(2000), 0);
	KUNIT_EXPECT_EQ(test, stats().reserved, FIRST_FRAME + 2001);
	KUNIT_EXPECT_GE(test, stats().total, FIRST_FRAME + 2001);

	/* More than can be: refused, and what there was still works. */
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(64 * 512), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(0xffffffff), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, stats().reserved, FIRST_FRAME + 2001);
	KUNIT_EXPECT_EQ(test, stats().frames, 64);
	n = take_all();
	KUNIT_EXPECT_EQ(test, n, 64 * 512 - 8);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, pv_grant_end(refs[i]), 0);
	EXPECT_COUNTS(test, 64 * 512 - 8, 64 * 512 - 8, 0);
	pv_grant_unreserve(FIRST_FRAME + 2001);
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(64 * 512 - 8), 0);
	pv_grant_unreserve(64 * 512 - 8);
}

/*
 * The n-th allocation of a growth fails, and the hypercall: the table is as usable as before, and
 * the next attempt succeeds.
 * Fault row 17.
 */
static void grants_growth_fails(struct kunit *test)
{
	unsigned int n;

	for (n = 1; n <= 3; n++) {
		pv_shutdown();
		KUNIT_ASSERT_EQ(test, start(), 0);
		pv_fake.alloc_fail_at = n;
		KUNIT_EXPECT_EQ(test, pv_grant_reserve(FIRST_FRAME + 1), PV_ENOMEM);
		KUNIT_EXPECT_EQ(test, pv_fake.alloc_fail_at, 0);
		KUNIT_EXPECT_EQ(test, stats().frames, 1);
		EXPECT_COUNTS(test, FIRST_FRAME, FIRST_FRAME, 0);
		KUNIT_EXPECT_EQ(test, stats().reserved, 0);
		life(test);
		KUNIT_EXPECT_EQ(test, pv_grant_reserve(FIRST_FRAME + 1), 0);
		EXPECT_COUNTS(test, FIRST_FRAME + 512, FIRST_FRAME + 512, 0);
		life(test);
	}
	pv_fake_xen.fail_at = 1;
	pv_fake_xen.fail_with = PV_EINVAL;
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(512), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, stats().frames, 2);
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(512), 0);
	KUNIT_EXPECT_EQ(test, stats().frames, 3);
}

static void grants_small_table(struct kunit *test)
{
	pv_shutdown();
	pv_fake_xen_start();
	pv_fake_xen.max_grant_frames = 1;
	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, stats().max_frames, 1);
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(FIRST_FRAME + 1), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, take_all(), FIRST_FRAME);
	/* It cannot grow: nobody asks for it. */
	pv_fake.work_scheduled = 0;
	KUNIT_EXPECT_EQ(test, pv_grant(PEER, page[0], true), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 0);
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
}

/* --- version 2, and what was there before ----------------------------------------------------- */

static void grants_version_2(struct kunit *test)
{
	pv_shutdown();
	pv_fake_xen_start();
	pv_fake_xen.maximum_gpfn = 1l << 32;
	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, stats().version, 2);
	EXPECT_COUNTS(test, 248, 248, 0);
	life(test);
	quarantine(test);
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(3000), 0);
	KUNIT_EXPECT_EQ(test, take_all(), stats().total);
	while (refs[0] >= 0 && stats().free < stats().total)
		KUNIT_ASSERT_EQ(test, pv_grant_end(refs[stats().free]), 0);
	life(test);
	pv_grant_unreserve(3000);

	/* A Xen that does not know of versions. */
	pv_shutdown();
	pv_fake_xen_start();
	pv_fake_xen.maximum_gpfn = 1l << 32;
	pv_fake_xen.no_grant_versions = true;
	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, stats().version, 1);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("does not reach all memory"));
	life(test);
}

static void grants_not_given_back(struct kunit *test)
{
	int kept = pv_grant(PEER, page[0], false), mapped = pv_grant(PEER, page[1], false);

	pv_fake_xen_peer_map(PEER, (uint32_t)mapped, true);
	KUNIT_EXPECT_EQ(test, pv_grant_end(mapped), PV_EBUSY);
	pv_shutdown();
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("2 pages stay granted, 1 of them mapped"));
	/* The next kernel: takes back what it can, and leaves alone what is mapped. */
	KUNIT_ASSERT_EQ(test, start(), 0);
	EXPECT_COUNTS(test, FIRST_FRAME, FIRST_FRAME - 1, 1);
	KUNIT_EXPECT_NULL(test, pv_fake_xen_peer_map(PEER, (uint32_t)kept, false));
	pv_fake_xen_peer_unmap((uint32_t)mapped);
	KUNIT_EXPECT_EQ(test, pv_work(), 1);
	EXPECT_COUNTS(test, FIRST_FRAME, FIRST_FRAME, 0);
}

static struct kunit_case grants_cases[] = {
	KUNIT_CASE(grants_life),
	KUNIT_CASE(grants_quarantine),
	KUNIT_CASE(grants_quarantine_timer),
	KUNIT_CASE(grants_mapped_meanwhile),
	KUNIT_CASE(grants_exhausted),
	KUNIT_CASE(grants_grow_by_work),
	KUNIT_CASE(grants_reserve),
	KUNIT_CASE(grants_growth_fails),
	KUNIT_CASE(grants_small_table),
	KUNIT_CASE(grants_version_2),
	KUNIT_CASE(grants_not_given_back),
	{},
};

static struct kunit_suite grants_suite = {
	.name = "xen_grants",
	.init = grants_init,
	.exit = grants_exit,
	.test_cases = grants_cases,
};

kunit_test_suite(grants_suite);
