/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "guest.h"

#include <pv/err.h>

struct explore_guest explore_guest;

static void run(void *arg)
{
	struct explore_guest *g = arg;
	unsigned int i;

	if (g->first)
		g->first();
	for (i = 0; i < g->polls; i++) {
		g->poll();
		if (explore_planted(EXPLORE_GOES_ON) && g->dev->state == PV_DEV_BROKEN)
			g->dev->state = PV_DEV_LIVE;
	}
	if (explore_planted(EXPLORE_TWICE) && g->done[0])
		g->done[0]++;
}

void explore_guest_begin(void)
{
	explore_thread(0, false, run, &explore_guest);
}

bool explore_guest_end(void)
{
	const struct explore_guest *g = &explore_guest;
	bool broken = g->dev->state == PV_DEV_BROKEN;
	unsigned int i;

	explore_check(broken == g->impossible);
	/* What a lie on another ring ended is told by the next poll. */
	if (broken)
		explore_check(!g->poll());
	for (i = 0; i < IN_FLIGHT; i++) {
		explore_check(g->done[i] == (g->back[i] || broken ? 1u : 0u));
		if (explore_planted(EXPLORE_ALL_GOOD))
			explore_check(!g->done[i] || g->status(i) == 0);
		else if (g->done[i])
			explore_check(g->status(i) == (g->back[i] ? g->said[i] : PV_EPROTO));
	}
	return broken;
}
