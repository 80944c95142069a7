/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xenbus_state.c and xenbus_table.c: each pair of states, and backends that start
 * again.
 *
 * Covers: pv-core/xen/xenbus_state.c pv-core/xen/xenbus_table.c
 */
#include "fake_front.h"

/*
 * --- fake_front.states: no driver yet
 * --------------------------------------------------------------------
 */

static void set_pair(struct kunit *test)
{
	const struct fake_pair *p = test->param_value;

	pv_fake_xs_device("vbd", 7, NULL, 0);
	pv_fake_xs_printf("device/vbd/7/state", "%u", p->a);
	pv_fake_xs_printf("/local/domain/0/backend/vbd/5/7/state", "%u", p->b);
}

/* Whatever a predecessor left, with a backend that works the device comes up. Fault row 27. */
static void xenbus_attaches_from(struct kunit *test)
{
	set_pair(test);
	KUNIT_EXPECT_EQ(test, fake_front_scan(), 0);
	/* A backend that did not start counts as one that will; it begins when it sees us write. */
	if (!fake_front_find("vbd/7")) {
		fake_front_backend(7, "2");
		fake_front_work();
	}
	EXPECT_STORY(test, "probe(vbd/7)");
	KUNIT_ASSERT_NOT_NULL(test, fake_front_find("vbd/7"));
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->dev.state, PV_DEV_LIVE);
	KUNIT_EXPECT_EQ(test, fake_front_state(7), XenbusStateConnected);
}

/*
 * With one that does nothing, no more is done than waiting, for a bounded time, in a bounded number
 * of writes.
 */
static void xenbus_attaches_to_nothing(struct kunit *test)
{
	const struct fake_pair *p = test->param_value;
	uint64_t before = pv_fake.now;
	unsigned int i;

	fake_front.dead = true;
	fake_front.connects = false;
	set_pair(test);
	KUNIT_EXPECT_EQ(test, fake_front_scan(), 0);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, 2 * PV_CONFIG_XENBUS_MS * 1000000ull);
	for (i = 0; i < 100; i++) {
		pv_fake.now += SECOND;
		fake_front_work();
	}
	KUNIT_EXPECT_LT(test, pv_strlen(fake_front.states), 40);
	/* Offered only where the backend stands ready, and not for a predecessor. */
	if (p->b == XenbusStateInitWait ||
	    (p->b == XenbusStateInitialised && p->a <= XenbusStateInitialising))
		KUNIT_EXPECT_NOT_NULL(test, fake_front_find("vbd/7"));
	else
		KUNIT_EXPECT_NULL(test, fake_front_find("vbd/7"));
}

/*
 * --- fake_front.states: a driver has it
 * ------------------------------------------------------------------
 */

/* What a step must lead to, written down apart from the library's own table. */
static enum pv_xenbus_step expected(enum xenbus_state from, enum xenbus_state to)
{
	bool up = from == XenbusStateConnected || from == XenbusStateReconfiguring ||
		  from == XenbusStateReconfigured;

	if (to == XenbusStateUnknown)
		return PV_XB_REMOVE;
	if (to == from)
		return PV_XB_SAME;
	if (to == XenbusStateClosing || to == XenbusStateClosed)
		return PV_XB_REMOVE;
	if (to == XenbusStateInitialising)
		return PV_XB_LOST;
	if (to == XenbusStateInitWait)
		return PV_XB_REJOIN;
	if (to == XenbusStateInitialised)
		return from == XenbusStateInitWait ? PV_XB_CHANGED : PV_XB_REJOIN;
	if (to == XenbusStateConnected && from == XenbusStateInitialising)
		return PV_XB_RECLAIM;
	if (to == XenbusStateConnected)
		return up || from == XenbusStateInitWait || from == XenbusStateInitialised
			       ? PV_XB_CHANGED
			       : PV_XB_BREAK;
	if (to == XenbusStateReconfiguring && from == XenbusStateInitialised)
		return PV_XB_CHANGED;
	return up ? PV_XB_CHANGED : PV_XB_BREAK;
}

static void xenbus_step_table(struct kunit *test)
{
	const struct fake_pair *p = test->param_value;

	KUNIT_EXPECT_EQ(test, pv_xenbus_step(p->a, p->b), expected(p->a, p->b));
}

/* Each of them done to a driver. */
static void xenbus_steps(struct kunit *test)
{
	const struct fake_pair *p = test->param_value;
	struct pv_xenbus_device *xd;
	char text[4];

	fake_front_one(test, 7);
	xd = fake_front_find("vbd/7");
	KUNIT_ASSERT_NOT_NULL(test, xd);
	fake_front.story[0] = '\0';
	fake_front.states[0] = '\0';
	fake_front.dead = true;
	fake_front.connects = false;
	fake_front.resume_err = PV_EIO;
	/* Where it stands is put in place behind the bus's back. */
	xd->backend_state = p->a;
	pv_snprintf(text, sizeof(text), "%u", p->b);
	fake_front_backend(7, text);
	fake_front_work();
	switch (expected(p->a, p->b)) {
	case PV_XB_SAME:
		EXPECT_STORY(test, "");
		break;
	case PV_XB_CHANGED:
		EXPECT_STORY(test, "changed(vbd/7)");
		break;
	case PV_XB_LOST:
		EXPECT_STORY(test, "changed(vbd/7)");
		KUNIT_EXPECT_TRUE(test, xd->lost);
		KUNIT_EXPECT_EQ(test, fake_front_state(7), XenbusStateInitialising);
		break;
	case PV_XB_REJOIN:
		/* It does not come up again, and is taken down, and offered anew. */
		EXPECT_STORY(test, p->b == XenbusStateInitWait || p->b == XenbusStateInitialised
					   ? "resume(vbd/7)remove(vbd/7)probe(vbd/7)"
					   : "");
		break;
	case PV_XB_RECLAIM:
		/* It does not let go of the rings, and is told so again. */
		EXPECT_STORY(test, "remove(vbd/7)");
		KUNIT_EXPECT_EQ(test, fake_front_state(7), XenbusStateClosing);
		break;
	case PV_XB_REMOVE:
		EXPECT_STORY(test, "remove(vbd/7)");
		KUNIT_EXPECT_NULL(test, fake_front_find("vbd/7"));
		break;
	case PV_XB_BREAK:
		EXPECT_STORY(test, "changed(vbd/7)");
		KUNIT_EXPECT_EQ(test, xd->dev.state, PV_DEV_BROKEN);
		break;
	}
}

static void xenbus_nonsense_states(struct kunit *test)
{
	static const char *const bad[] = {
		"banana", "-1", "9", "", " 4", "4 ", "4294967300", "18446744073709551620", "4\n",
	};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, fake_front_scan(), 0);
	for (i = 0; i < PV_ARRAY_SIZE(bad); i++) {
		pv_fake_xs_device("vbd", i, NULL, 0);
		fake_front_backend(i, "2");
		fake_front_work();
		fake_front.story[0] = '\0';
		fake_front_backend(i, bad[i]);
		fake_front_work();
		pv_snprintf(fake_front.story, sizeof(fake_front.story), "vbd/%u", i);
		KUNIT_ASSERT_NOT_NULL(test, fake_front_find(fake_front.story));
		KUNIT_EXPECT_EQ_MSG(test, fake_front_find(fake_front.story)->dev.state,
				    PV_DEV_BROKEN, "%s", bad[i]);
		KUNIT_EXPECT_STREQ(test, fake_front_find(fake_front.story)->dev.reason,
				   "its backend's state is out of order, or none");
	}
	/* Where no driver has it, it is as if it were not there. */
	pv_fake_xs_device("vbd", 50, NULL, 0);
	fake_front_backend(50, "x");
	fake_front.story[0] = '\0';
	fake_front_work();
	EXPECT_STORY(test, "");
	fake_front_backend(50, "2");
	fake_front_work();
	EXPECT_STORY(test, "probe(vbd/50)");
}

/* --- a backend that starts again -------------------------------------------------------------- */

static void xenbus_rejoins(struct kunit *test)
{
	struct pv_xenbus_device *xd;

	fake_front_one(test, 7);
	xd = fake_front_find("vbd/7");
	fake_front.story[0] = '\0';
	fake_front.states[0] = '\0';
	fake_front.dead = true;
	fake_front_backend(7, "1");
	fake_front_work();
	EXPECT_STORY(test, "changed(vbd/7)");
	KUNIT_EXPECT_TRUE(test, xd->lost);
	KUNIT_EXPECT_STREQ(test, fake_front.states, "1");
	fake_front.dead = false;
	fake_front_backend(7, "2");
	fake_front_work();
	EXPECT_STORY(test, "resume(vbd/7)");
	KUNIT_EXPECT_FALSE(test, xd->lost);
	KUNIT_EXPECT_STREQ(test, fake_front.states, "1134");
	KUNIT_EXPECT_PTR_EQ(test, fake_front_find("vbd/7"), xd);
	KUNIT_EXPECT_EQ(test, xd->dev.state, PV_DEV_LIVE);
	/* So quickly that only the end was seen. */
	fake_front.dead = true;
	fake_front_backend(7, "1");
	fake_front.dead = false;
	fake_front_backend(7, "2");
	fake_front_work();
	EXPECT_STORY(test, "resume(vbd/7)");
	/* A device that is broken is not resumed, but made anew. */
	pv_device_break(&xd->dev, "of the test");
	fake_front_backend(7, "2");
	fake_front_work();
	EXPECT_STORY(test, "remove(vbd/7)probe(vbd/7)");
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->dev.state, PV_DEV_LIVE);
}

/* It took the rings that it found named: they are taken back first, and then it is as above. */
static void xenbus_reclaims(struct kunit *test)
{
	struct pv_xenbus_device *xd;

	fake_front_one(test, 7);
	xd = fake_front_find("vbd/7");
	fake_front.dead = true;
	fake_front_backend(7, "1");
	fake_front_work();
	EXPECT_STORY(test, "probe(vbd/7)changed(vbd/7)");
	fake_front.states[0] = '\0';
	fake_front.dead = false;
	fake_front_backend(7, "4");
	fake_front_work();
	EXPECT_STORY(test, "resume(vbd/7)");
	KUNIT_EXPECT_FALSE(test, xd->lost);
	KUNIT_EXPECT_STREQ(test, fake_front.states, "556134");
	KUNIT_EXPECT_PTR_EQ(test, fake_front_find("vbd/7"), xd);
	KUNIT_EXPECT_EQ(test, xd->dev.state, PV_DEV_LIVE);
}

static void xenbus_rejoins_without_resume(struct kunit *test)
{
	fake_front_forget_resume();
	fake_front_one(test, 7);
	fake_front.story[0] = '\0';
	fake_front_backend(7, "2");
	fake_front_work();
	EXPECT_STORY(test, "remove(vbd/7)probe(vbd/7)");
	KUNIT_EXPECT_EQ(test, fake_front_state(7), XenbusStateConnected);
}

/* A backend that closes, though the device stays: it is connected again, but not for ever. */
static void xenbus_closed_online(struct kunit *test)
{
	unsigned int i;

	fake_front_one(test, 7);
	fake_front.story[0] = '\0';
	fake_front_backend(7, "5");
	fake_front_work();
	EXPECT_STORY(test, "remove(vbd/7)probe(vbd/7)");
	for (i = 0; i < 30; i++) {
		fake_front_backend(7, "5");
		fake_front_work();
	}
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("left alone"));
	fake_front.story[0] = '\0';
	fake_front_backend(7, "2");
	fake_front_work();
	EXPECT_STORY(test, "");
	/* A new device of the same name begins anew. */
	pv_fake_xs_device_rm("vbd", 7);
	fake_front_work();
	pv_fake_xs_device("vbd", 7, NULL, 0);
	fake_front_backend(7, "2");
	fake_front_work();
	EXPECT_STORY(test, "probe(vbd/7)");
}

static void xenbus_probe_fails(struct kunit *test)
{
	fake_front.probe_err = PV_ENOMEM;
	fake_front.connects = false;
	fake_front_one(test, 7);
	EXPECT_STORY(test, "probe(vbd/7)");
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->dev.state, PV_DEV_FOUND);
	fake_front_work();
	EXPECT_STORY(test, "");
	/* The backend moves: once more. */
	fake_front.probe_err = 0;
	fake_front.dead = true;
	fake_front_backend(7, "6");
	fake_front_work();
	fake_front.dead = false;
	fake_front_backend(7, "2");
	fake_front_work();
	EXPECT_STORY(test, "probe(vbd/7)");
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->dev.state, PV_DEV_LIVE);
}

static unsigned int refusals;

/* The backend closes just before the driver waits for it, so many times. */
static int backend_refuses(struct pv_xenbus_device *xd)
{
	(void)xd;
	if (refusals) {
		refusals--;
		fake_front_backend(7, "6");
	}
	return 0;
}

/*
 * A backend that closed during the probe, with nothing else to come, is asked again in the end.
 * Fault row 27.
 */
static void xenbus_refused(struct kunit *test)
{
	unsigned int i;

	refusals = 1;
	fake_front.in_probe = backend_refuses;
	fake_front_one(test, 7);
	EXPECT_STORY(test, "probe(vbd/7)");
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->dev.state, PV_DEV_FOUND);
	fake_front_work();
	EXPECT_STORY(test, "");
	pv_fake.now += PV_CONFIG_XENBUS_MS * 1000000ull;
	fake_front_work();
	EXPECT_STORY(test, "probe(vbd/7)");
	KUNIT_EXPECT_EQ(test, fake_front_find("vbd/7")->dev.state, PV_DEV_LIVE);
	KUNIT_EXPECT_EQ(test, fake_front_state(7), XenbusStateConnected);
	/* But not for ever. */
	refusals = 1000;
	fake_front_backend(7, "5");
	for (i = 0; i < 100; i++) {
		pv_fake.now += PV_CONFIG_XENBUS_MS * 1000000ull;
		fake_front_work();
	}
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("left alone"));
	KUNIT_EXPECT_GE(test, refusals, 990u);
}

static struct kunit_case xenbus_state_cases[] = {
	KUNIT_CASE_PARAM(xenbus_attaches_from, fake_pair_gen_params),
	KUNIT_CASE_PARAM(xenbus_attaches_to_nothing, fake_pair_gen_params),
	KUNIT_CASE_PARAM(xenbus_step_table, fake_pair_gen_params),
	KUNIT_CASE_PARAM(xenbus_steps, fake_pair_gen_params),
	KUNIT_CASE(xenbus_nonsense_states),
	KUNIT_CASE(xenbus_rejoins),
	KUNIT_CASE(xenbus_reclaims),
	KUNIT_CASE(xenbus_rejoins_without_resume),
	KUNIT_CASE(xenbus_closed_online),
	KUNIT_CASE(xenbus_probe_fails),
	KUNIT_CASE(xenbus_refused),
	{},
};

static struct kunit_suite xenbus_state_suite = {
	.name = "xenbus_state",
	.init = fake_front_init,
	.exit = fake_front_exit,
	.test_cases = xenbus_state_cases,
};

kunit_test_suite(xenbus_state_suite);
