/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/grants.c against Xen, in every order: a page that was taken back is mapped by nobody,
 * and nobody can map it any more; one that is kept is quarantined, and comes back; in both versions
 * of the table.
 */
#include <pv/err.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>

#include "pv-core/xen/grant_table.h"
#include "pv-core/xen/grants.h"
#include "scenarios.h"

#define GUEST  0
#define XEN    1
#define PEER   3
#define ROUNDS 2
#define MAPS   2

#define TESTS_FIRST EXPLORE_OWN
#define NO_TEST	    (EXPLORE_OWN << 1)

static uint8_t page[ROUNDS][PV_PAGE_SIZE] __attribute__((aligned(4096)));

static struct {
	bool lent[ROUNDS];
	int mapped;	     /* page + 1 */
	unsigned int unmaps; /* ends of use, and of attempts at it */
	unsigned int before;
	uint32_t ref;
} s;

static bool unmapped(void *arg)
{
	(void)arg;
	return s.unmaps != s.before;
}

/* --- the guest -------------------------------------------------------------------------------- */

/* The end of a grant, done wrong. */
static int wrong_end(uint32_t ref)
{
	uint16_t PV_SHARED *flags = pv_grant_table.version == 1 ? &pv_grant_v1(ref)->flags
								: &pv_grant_v2(ref)->hdr.flags;

	if (explore_planted(TESTS_FIRST) &&
	    (pv_shared_read(pv_grant_status(ref)) & PV_GRANT_IN_USE))
		return PV_EBUSY;
	pv_shared_write(flags, 0);
	return 0;
}

static void take_back(unsigned int i, int ref)
{
	struct pv_grant_stats stats;
	int err;

	explore_touch(&s);
	s.before = s.unmaps;
	if (explore_planted(TESTS_FIRST | NO_TEST))
		err = wrong_end((uint32_t)ref);
	else
		err = pv_grant_end(ref);
	while (err) {
		explore_check(err == PV_EBUSY);
		pv_grant_stats(&stats);
		explore_check(stats.quarantined == 1);
		explore_wait(unmapped, NULL, &s);
		s.before = s.unmaps;
		err = pv_grant_retry() == 1 ? 0 : PV_EBUSY;
	}
	explore_touch(&s);
	s.lent[i] = false;
	explore_check(s.mapped != (int)i + 1);
}

static void guest(void *arg)
{
	unsigned int i;
	int ref;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		explore_touch(&s);
		s.lent[i] = true;
		ref = pv_grant(PEER, page[i], false);
		explore_check(ref > 0);
		take_back(i, ref);
		if (explore_planted(TESTS_FIRST | NO_TEST))
			return;
	}
}

/* --- Xen, for the peer ------------------------------------------------------------------------ */

static void end_use(void)
{
	pv_shared_fetch_and(pv_grant_status(s.ref), (uint16_t)~PV_GRANT_IN_USE);
	explore_touch(&s);
	s.unmaps++;
}

static bool set_status(void)
{
	uint16_t flags, status;

	if (pv_grant_table.version == 1) {
		flags = pv_shared_read(&pv_grant_v1(s.ref)->flags);
		return flags == GTF_permit_access &&
		       pv_shared_replace(&pv_grant_v1(s.ref)->flags, flags,
					 (uint16_t)(flags | PV_GRANT_IN_USE));
	}
	flags = pv_shared_read(&pv_grant_v2(s.ref)->hdr.flags);
	if (flags != GTF_permit_access)
		return false;
	status = PV_GRANT_IN_USE;
	pv_shared_fetch_or(pv_grant_status(s.ref), status);
	/* "Make sure guest sees status update before checking if flags are still valid" */
	if (pv_shared_read(&pv_grant_v2(s.ref)->hdr.flags) == GTF_permit_access)
		return true;
	end_use();
	return false;
}

static void map(void)
{
	uint64_t frame = pv_grant_table.version == 1
				 ? pv_shared_read(&pv_grant_v1(s.ref)->frame)
				 : pv_shared_read(&pv_grant_v2(s.ref)->full_page.frame);
	unsigned int i;

	explore_touch(&s);
	for (i = 0; i < ROUNDS; i++)
		if (frame == pv_fake_xen_phys(page[i]) >> PV_PAGE_SHIFT)
			s.mapped = (int)i + 1;
	explore_check(s.mapped && s.lent[s.mapped - 1]);
	explore_touch(&s);
	s.mapped = 0;
	end_use();
}

static void xen(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < MAPS; i++)
		if (set_status())
			map();
}

/* --- the scenario ----------------------------------------------------------------------------- */

static void start(unsigned int version)
{
	struct pv_init_args args = {.hypervisors = pv_fake_hypervisors};

	pv_fake_xen_start();
	if (version == 2)
		pv_fake_xen.maximum_gpfn = 1l << 32;
	args.boot = pv_fake_xen_boot();
	if (pv_init(&args) || pv_grant_table.version != version)
		explore_fail("pv_init");
	/* The same entry each time: the one that was freed last. */
	s.ref = (uint32_t)pv_grant(PEER, page[0], false);
	if (pv_grant_end((int)s.ref))
		explore_fail("no grant");
}

static void setup_v1(void)
{
	start(1);
}

static void setup_v2(void)
{
	start(2);
}

static void begin(void)
{
	explore_thread(GUEST, false, guest, NULL);
	explore_thread(XEN, false, xen, NULL);
}

static void end(void)
{
	struct pv_grant_stats stats;

	pv_grant_stats(&stats);
	explore_check(explore_planted(TESTS_FIRST | NO_TEST) ||
		      (stats.free == stats.total && !stats.quarantined));
}

/* Fault row 15 */
const struct explore_scenario explore_grants_v1 = {
	.name = "grants-v1",
	.setup = setup_v1,
	.begin = begin,
	.end = end,
	.plants = {{"tests-first", TESTS_FIRST}, {"no-test", NO_TEST}},
};

/* Fault row 15 */
const struct explore_scenario explore_grants_v2 = {
	.name = "grants-v2",
	.setup = setup_v2,
	.begin = begin,
	.end = end,
	.plants = {{"tests-first", TESTS_FIRST},
		   {"no-test", NO_TEST},
		   {"no-barrier", EXPLORE_NO_FENCE}},
};
