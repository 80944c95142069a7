/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/pvclock.h against a host that writes the page at any moment, and stops anywhere: a sample
 * is of one update, that was complete.
 */
#include "pv-core/pvclock.h"

#include "scenarios.h"

#define GUEST	0
#define HOST	1
#define UPDATES 3
#define TRIES	3
/* The version wraps. */
#define FIRST 0xfffffffcu

#define NO_SECOND_LOOK EXPLORE_OWN
#define HOST_NOT_ODD   (EXPLORE_OWN << 1)

static struct {
	struct pvclock_vcpu_time_info page;
	unsigned int complete;
} s;

/* As pv_pvclock_try(), without the second look at the version. */
static bool wrong_try(struct pv_pvclock_sample *p)
{
	uint32_t version = pv_shared_read(&s.page.version);

	p->tsc_timestamp = pv_shared_read(&s.page.tsc_timestamp);
	p->system_time = pv_shared_read(&s.page.system_time);
	p->mul = pv_shared_read(&s.page.tsc_to_system_mul);
	return !(version & 1);
}

static void guest(void *arg)
{
	struct pv_pvclock_sample p;
	unsigned int i;
	bool good;

	(void)arg;
	for (i = 0; i < TRIES; i++) {
		good = explore_planted(NO_SECOND_LOOK) ? wrong_try(&p)
						       : pv_pvclock_try(&s.page, &p);
		if (!good)
			continue;
		explore_check(p.tsc_timestamp == p.system_time && p.mul == p.system_time);
		explore_touch(&s.complete);
		explore_check(p.system_time <= s.complete);
	}
}

static void host(void *arg)
{
	uint32_t version = FIRST;
	unsigned int i, n = explore_choose(UPDATES + 1);

	(void)arg;
	for (i = 1; i <= n; i++) {
		version++;
		if (!explore_planted(HOST_NOT_ODD))
			pv_shared_write(&s.page.version, version);
		if (i == n && explore_choose(2))
			return;
		pv_shared_write(&s.page.tsc_timestamp, i);
		pv_shared_write(&s.page.system_time, i);
		pv_shared_write(&s.page.tsc_to_system_mul, i);
		explore_touch(&s.complete);
		s.complete = i;
		pv_shared_write(&s.page.version, ++version);
	}
}

static void begin(void)
{
	s.page.version = FIRST;
	explore_thread(GUEST, false, guest, NULL);
	explore_thread(HOST, false, host, NULL);
}

/* Fault row 45 */
const struct explore_scenario explore_clock = {
	.name = "pvclock",
	.state = &s,
	.size = sizeof(s),
	.begin = begin,
	.plants = {{"no-second-look", NO_SECOND_LOOK}, {"host-not-odd", HOST_NOT_ODD}},
};
