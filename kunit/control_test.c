/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/control.c and pv-core/shutdown.c: the toolstack's wish that the machine shall end.
 *
 * Covers: pv-core/xen/control.c pv-core/shutdown.c
 */
#include <pv/control.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "fake_store.h"
#include "pv-core/bus.h"
#include "pv-core/shutdown.h"

static int asked; /* the last reason; -1: none */
static unsigned int times;
static const char *node_then; /* what the toolstack sees when the kernel is told */

static void on_shutdown(void *arg, enum pv_shutdown_reason reason)
{
	KUNIT_EXPECT_EQ((struct kunit *)arg, pv_fake.control_depth, 0);
	asked = (int)reason;
	times++;
	node_then = pv_fake_xs_read("control/shutdown");
}

static int control_init(struct kunit *test)
{
	asked = -1;
	times = 0;
	node_then = NULL;
	fake_store.no_console = true;
	return fake_store_up(test);
}

static void control_exit(struct kunit *test)
{
	pv_on_shutdown(NULL, NULL);
	pv_xenbus.end();
	fake_store_down(test);
}

static void work(void)
{
	unsigned int i;

	for (i = 0; i < 6; i++) {
		pv_fake_xs_run();
		pv_xenbus.work();
	}
}

static void ask(const char *word)
{
	pv_fake_xs_write("control/shutdown", word);
	work();
}

static void control_asks(struct kunit *test)
{
	static const struct {
		const char *word;
		int reason;
	} cases[] = {
		{"poweroff", PV_SHUTDOWN_POWEROFF}, {"reboot", PV_SHUTDOWN_REBOOT},
		{"halt", PV_SHUTDOWN_HALT},	    {"suspend", PV_SHUTDOWN_SUSPEND},
		{"crash", PV_SHUTDOWN_CRASH},
	};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("control/feature-poweroff"));
	pv_on_shutdown(on_shutdown, test);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("control/feature-poweroff"), "1");
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("control/feature-reboot"), "1");
	work();
	KUNIT_EXPECT_EQ(test, times, 0);
	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		ask(cases[i].word);
		KUNIT_EXPECT_EQ(test, asked, cases[i].reason);
		KUNIT_EXPECT_EQ(test, times, i + 1);
		/* Acknowledged before the kernel is told: it may not come back. */
		KUNIT_EXPECT_STREQ(test, node_then, "");
		KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("control/shutdown"), "");
		KUNIT_EXPECT_STREQ(test, pv_shutdown_reason_name((enum pv_shutdown_reason)asked),
				   cases[i].word);
	}
	KUNIT_EXPECT_STREQ(test, pv_shutdown_reason_name((enum pv_shutdown_reason)9), "unknown");
}

static void control_strange_words(struct kunit *test)
{
	static const char *const bad[] = {
		"Poweroff", "poweroff ", "off", "a-word-that-is-longer-than-any-that-is-known", "0",
	};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	pv_on_shutdown(on_shutdown, test);
	for (i = 0; i < PV_ARRAY_SIZE(bad); i++) {
		ask(bad[i]);
		KUNIT_EXPECT_EQ(test, times, 0);
		KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("control/shutdown"), bad[i]);
	}
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("not understood"));
	pv_fake_xs_write_bytes("control/shutdown", "halt\0x", 6);
	work();
	KUNIT_EXPECT_EQ(test, times, 0);
	ask("halt");
	KUNIT_EXPECT_EQ(test, times, 1);
}

/* Nobody listens: it is left there, for the toolstack to see, and for who listens later. */
static void control_nobody_listens(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	ask("reboot");
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("control/shutdown"), "reboot");
	pv_on_shutdown(on_shutdown, test);
	KUNIT_EXPECT_EQ(test, times, 0);
	work();
	KUNIT_EXPECT_EQ(test, times, 1);
	KUNIT_EXPECT_EQ(test, asked, PV_SHUTDOWN_REBOOT);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("control/shutdown"), "");
	pv_on_shutdown(NULL, NULL);
	ask("halt");
	KUNIT_EXPECT_EQ(test, times, 1);
}

static void control_listens_before(struct kunit *test)
{
	pv_on_shutdown(on_shutdown, test);
	pv_fake_xs_write("control/shutdown", "halt");
	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	work();
	KUNIT_EXPECT_EQ(test, times, 1);
	KUNIT_EXPECT_EQ(test, asked, PV_SHUTDOWN_HALT);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("control/feature-reboot"), "1");
	pv_xenbus.end();
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 0);
	/* The source is gone. */
	pv_on_shutdown(on_shutdown, test);
	work();
	KUNIT_EXPECT_EQ(test, times, 1);
}

/* The toolstack changes its mind while the request is taken: the later one counts, once. */
static void change_mind(void *arg, const char *path)
{
	unsigned int *n = arg;

	(void)path;
	if (!pv_strcmp(path, PV_FAKE_XS_HOME "/control/shutdown") && !(*n)++)
		pv_fake_xs_write("control/shutdown", "reboot");
}

static void control_changes_its_mind(struct kunit *test)
{
	unsigned int n = 0;

	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	pv_on_shutdown(on_shutdown, test);
	work();
	pv_fake_xs.conflicts = 3;
	pv_fake_xs.changed = change_mind;
	pv_fake_xs.changed_arg = &n;
	ask("poweroff");
	KUNIT_EXPECT_EQ(test, times, 1);
	KUNIT_EXPECT_EQ(test, asked, PV_SHUTDOWN_REBOOT);
	pv_fake_xs.changed = NULL;
}

/* A store that takes no watch of it: the kernel is not told, and nothing else is lost. */
static void control_not_watched(struct kunit *test)
{
	pv_fake_xs.deny = PV_FAKE_XS_HOME "/control";
	KUNIT_EXPECT_EQ(test, pv_xenbus.scan(NULL), 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("control/shutdown cannot be watched, error -"));
	pv_fake_xs.deny = NULL;
	pv_on_shutdown(on_shutdown, NULL);
	ask("halt");
	KUNIT_EXPECT_EQ(test, times, 0);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("control/shutdown"), "halt");
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("control/feature-poweroff"));
	pv_on_shutdown(NULL, NULL);
	pv_shutdown_request(PV_SHUTDOWN_HALT);
	KUNIT_EXPECT_EQ(test, times, 0);
}

static void control_not_acknowledged(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	pv_fake_xs.deny = PV_FAKE_XS_HOME "/control";
	pv_on_shutdown(on_shutdown, test);
	ask("poweroff");
	KUNIT_EXPECT_EQ(test, times, 0);
	pv_fake_xs.deny = NULL;
	ask("poweroff");
	KUNIT_EXPECT_EQ(test, times, 1);
}

static struct kunit_case control_cases[] = {
	KUNIT_CASE(control_asks),
	KUNIT_CASE(control_strange_words),
	KUNIT_CASE(control_nobody_listens),
	KUNIT_CASE(control_listens_before),
	KUNIT_CASE(control_changes_its_mind),
	KUNIT_CASE(control_not_watched),
	KUNIT_CASE(control_not_acknowledged),
	{},
};

static struct kunit_suite control_suite = {
	.name = "control",
	.init = control_init,
	.exit = control_exit,
	.test_cases = control_cases,
};

kunit_test_suite(control_suite);
