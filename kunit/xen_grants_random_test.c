/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Grants in any order of granting, mapping, ending and retrying: as a plain count has it.
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

static uint8_t page[PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);

static int grants_random_init(struct kunit *test)
{
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(),
					  .hypervisors = pv_fake_hypervisors};

	(void)test;
	pv_fake_xen_start();
	return pv_init(&args);
}

static void random_exit(struct kunit *test)
{
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 0);
}

static struct pv_grant_stats stats(void)
{
	struct pv_grant_stats s;

	pv_grant_stats(&s);
	return s;
}

static void random_order(struct kunit *test)
{
	enum { FREE, GRANTED, MAPPED, QUARANTINED };
	static uint8_t state[FIRST_FRAME + PV_XEN_RESERVED_GRANTS];
	uint64_t seed = 88172645463325252ull;
	unsigned int i, n[4] = {FIRST_FRAME, 0, 0, 0}, step;
	int ref, err;

	pv_memset(state, FREE, sizeof(state));
	for (step = 0; step < 100000; step++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		ref = PV_XEN_RESERVED_GRANTS + (int)(seed % FIRST_FRAME);
		if (seed >> 60 < 4) {
			ref = pv_grant(PEER, page, false);
			KUNIT_ASSERT_EQ(test, ref < 0, n[FREE] == 0);
			if (ref < 0)
				continue;
			KUNIT_ASSERT_EQ(test, state[ref], FREE);
			n[FREE]--;
			n[GRANTED]++;
			state[ref] = GRANTED;
		} else if (state[ref] == GRANTED && seed >> 40 & 1) {
			pv_fake_xen_peer_map(PEER, (uint32_t)ref, true);
			n[GRANTED]--;
			n[MAPPED]++;
			state[ref] = MAPPED;
		} else if (state[ref] == GRANTED || (state[ref] == MAPPED && seed >> 40 & 1)) {
			err = pv_grant_end(ref);
			KUNIT_ASSERT_EQ(test, err, state[ref] == MAPPED ? PV_EBUSY : 0);
			n[state[ref]]--;
			state[ref] = err ? QUARANTINED : FREE;
			n[state[ref]]++;
		} else if (state[ref] == MAPPED) {
			pv_fake_xen_peer_unmap((uint32_t)ref);
			n[MAPPED]--;
			n[GRANTED]++;
			state[ref] = GRANTED;
		} else if (step % 64 == 0) {
			for (i = 8; i < sizeof(state); i += 1 + (seed >> 50 & 3)) {
				if (state[i] != QUARANTINED)
					continue;
				pv_fake_xen_peer_unmap(i);
				n[QUARANTINED]--;
				n[FREE]++;
				state[i] = FREE;
			}
			pv_grant_retry();
		}
		KUNIT_ASSERT_EQ(test, stats().free, n[FREE]);
		KUNIT_ASSERT_EQ(test, stats().quarantined, n[QUARANTINED]);
	}
	for (i = 8; i < sizeof(state); i++) {
		if (state[i] == MAPPED || state[i] == QUARANTINED)
			pv_fake_xen_peer_unmap(i);
		if (state[i] == MAPPED || state[i] == GRANTED)
			KUNIT_EXPECT_EQ(test, pv_grant_end((int)i), 0);
	}
	pv_grant_retry();
	KUNIT_EXPECT_EQ(test, stats().free, FIRST_FRAME);
	KUNIT_EXPECT_EQ(test, stats().quarantined, 0);
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE(random_order),
	{},
};

static struct kunit_suite random_suite = {
	.name = "xen_grants_random",
	.init = grants_random_init,
	.exit = random_exit,
	.test_cases = random_cases,
};

kunit_test_suite(random_suite);
