/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xen_console.c and pv-core/console.c: text out, input, other ends that are slow, gone,
 * or lie. The ring's arithmetic is in byte_ring_test.c.
 *
 * Covers: pv-core/console.c pv-core/xen/xen_console.c
 */
#include <pv/config.h>
#include <pv/console.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "fake_store.h"
#include "pv-core/bus.h"
#include "pv-core/console_driver.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xenstore.h"

#define MS 1000000ull

static const struct pv_driver *const drivers[] = {&pv_xen_console, NULL};

/* --- the other end ---------------------------------------------------------------------------- */

static char shown[10000]; /* what it took */
static size_t shown_len;
static unsigned int takes; /* bytes in each of its turns */
static unsigned int turns, turns_until;

static void terminal(void)
{
	struct xencons_interface *c = fake_store_console();
	unsigned int n;

	pv_fake_xs_run();
	turns++;
	if (!c || turns < turns_until)
		return;
	for (n = 0; n < takes && c->out_cons != c->out_prod && shown_len + 1 < sizeof(shown); n++) {
		shown[shown_len++] = c->out[c->out_cons % sizeof(c->out)];
		c->out_cons++;
	}
	shown[shown_len] = '\0';
}

static void type(const char *text)
{
	struct xencons_interface *c = fake_store_console();

	for (; *text; text++) {
		c->in[c->in_prod % sizeof(c->in)] = *text;
		c->in_prod++;
	}
	fake_store_console_event();
}

static int console_init(struct kunit *test)
{
	int err;

	shown_len = 0;
	shown[0] = '\0';
	takes = 1000000;
	turns = 0;
	turns_until = 0;
	pv_bus_set_drivers(drivers);
	err = fake_store_up(test);
	pv_fake.relax = terminal;
	fake_store_console()->out_prod = fake_store_console()->out_cons = 0xfffffff8;
	fake_store_console()->in_prod = fake_store_console()->in_cons = 0xfffffffe;
	return err;
}

static void console_exit(struct kunit *test)
{
	pv_bus_remove_all();
	pv_xenbus.end();
	pv_bus_set_drivers(NULL);
	fake_store_down(test);
}

static struct pv_console *open_console(struct kunit *test)
{
	struct pv_console *con;

	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	con = pv_console_open(0);
	KUNIT_ASSERT_NOT_NULL(test, con);
	return con;
}

/* --- as a device ------------------------------------------------------------------------------ */

static void console_writes(struct kunit *test)
{
	struct pv_console *con = open_console(test);

	KUNIT_EXPECT_STREQ(test, con->name, "con0");
	KUNIT_EXPECT_STREQ(test, con->dev->name, "console/0");
	KUNIT_EXPECT_NULL(test, pv_console_open(1));
	KUNIT_EXPECT_EQ(test, pv_console_write(con, "hello\r\n", 7), 7);
	KUNIT_EXPECT_GT(test, fake_store_console_sent(), 0);
	KUNIT_EXPECT_EQ(test, pv_console_drain(con, 100), 0);
	KUNIT_EXPECT_STREQ(test, shown, "hello\r\n");
	KUNIT_EXPECT_EQ(test, con->bytes_out, 7);
	KUNIT_EXPECT_EQ(test, con->bytes_dropped, 0);
	KUNIT_EXPECT_EQ(test, pv_console_write(con, "", 0), 0);
	pv_console_close(con);
}

/* More than the ring holds, with a terminal that takes a little at a time. */
static void console_writes_much(struct kunit *test)
{
	struct pv_console *con = open_console(test);
	char *text = kunit_kzalloc(test, 9001, GFP_KERNEL);
	size_t i;

	for (i = 0; i < 9000; i++)
		text[i] = (char)('!' + i % 90);
	takes = 37;
	KUNIT_EXPECT_EQ(test, pv_console_write(con, text, 9000), 9000);
	KUNIT_EXPECT_EQ(test, pv_console_drain(con, 5000), 0);
	KUNIT_EXPECT_STREQ(test, shown, text);
	pv_console_close(con);
}

/* A terminal that takes nothing: once the time is waited for, then no more, and all is counted. */
static void console_never_waits_for_ever(struct kunit *test)
{
	struct pv_console *con = open_console(test);
	char text[1000];
	uint64_t before;

	pv_memset(text, 'x', sizeof(text));
	takes = 0;
	KUNIT_EXPECT_EQ(test, pv_console_write(con, text, 1000), 1000);
	KUNIT_EXPECT_EQ(test, pv_console_write(con, text, 1000), 1000);
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, pv_console_write(con, text, 1000), 48);
	KUNIT_EXPECT_GE(test, pv_fake.now - before, PV_CONFIG_CONSOLE_MS * MS);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, (PV_CONFIG_CONSOLE_MS + 50) * MS);
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, pv_console_write(con, text, 1000), 0);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, MS);
	KUNIT_EXPECT_EQ(test, con->bytes_out, 2048);
	KUNIT_EXPECT_EQ(test, con->bytes_dropped, 1952);
	KUNIT_EXPECT_EQ(test, pv_console_drain(con, 20), PV_ETIMEDOUT);
	/* It reads again, and is waited for again. */
	takes = 1000000;
	terminal();
	KUNIT_EXPECT_EQ(test, pv_console_write(con, text, 1000), 1000);
	takes = 1;
	KUNIT_EXPECT_EQ(test, pv_console_write(con, text, 1000), 1000);
	turns_until = turns + 20;
	takes = 1000000;
	KUNIT_EXPECT_EQ(test, pv_console_write(con, text, 1000), 1000);
	pv_console_close(con);
}

static unsigned int events;

static void on_event(void *arg)
{
	(void)arg;
	events++;
}

static void console_reads(struct kunit *test)
{
	struct pv_console *con = open_console(test);
	char buf[32];

	events = 0;
	KUNIT_EXPECT_EQ(test, pv_console_read(con, buf, sizeof(buf)), 0);
	type("early");
	pv_console_set_event(con, on_event, NULL);
	KUNIT_EXPECT_EQ(test, events, 0);
	KUNIT_EXPECT_EQ(test, pv_console_read(con, buf, 2), 2);
	KUNIT_EXPECT_EQ(test, pv_console_read(con, buf + 2, sizeof(buf) - 2), 3);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "early", 5), 0);
	type("more");
	KUNIT_EXPECT_EQ(test, events, 1);
	KUNIT_EXPECT_EQ(test, pv_console_read(con, buf, sizeof(buf)), 4);
	KUNIT_EXPECT_EQ(test, con->bytes_in, 9);
	pv_console_set_event(con, NULL, NULL);
	type("quiet");
	KUNIT_EXPECT_EQ(test, events, 1);
	KUNIT_EXPECT_EQ(test, pv_console_read(con, buf, sizeof(buf)), 5);
	pv_console_close(con);
}

static void console_lies(struct kunit *test)
{
	struct pv_console *con = open_console(test);
	char buf[8];

	fake_store_console()->in_prod += 1025;
	KUNIT_EXPECT_EQ(test, pv_console_read(con, buf, sizeof(buf)), PV_EIO);
	KUNIT_EXPECT_EQ(test, con->dev->state, PV_DEV_BROKEN);
	KUNIT_EXPECT_EQ(test, pv_console_write(con, "x", 1), PV_EIO);
	KUNIT_EXPECT_EQ(test, con->bytes_dropped, 1);
	KUNIT_EXPECT_EQ(test, pv_console_drain(con, 10), PV_EIO);
	pv_console_close(con);
}

static void console_lies_on_write(struct kunit *test)
{
	struct pv_console *con = open_console(test);

	fake_store_console()->out_cons += 1;
	KUNIT_EXPECT_EQ(test, pv_console_write(con, "x", 1), PV_EIO);
	KUNIT_EXPECT_EQ(test, con->dev->state, PV_DEV_BROKEN);
	pv_console_close(con);
}

static void console_removed_while_open(struct kunit *test)
{
	struct pv_console *con = open_console(test);
	char buf[8];

	events = 0;
	pv_console_set_event(con, on_event, NULL);
	pv_bus_remove_all();
	KUNIT_EXPECT_EQ(test, events, 1);
	KUNIT_EXPECT_NULL(test, pv_console_open(0));
	KUNIT_EXPECT_EQ(test, pv_console_write(con, "x", 1), PV_EGONE);
	KUNIT_EXPECT_EQ(test, pv_console_read(con, buf, sizeof(buf)), PV_EGONE);
	KUNIT_EXPECT_EQ(test, pv_console_drain(con, 10), PV_EGONE);
	pv_console_close(con);
}

static void console_without_memory(struct kunit *test)
{
	pv_fake.alloc_fail_at = 2;
	KUNIT_EXPECT_EQ(test, pv_xenbus.scan(NULL), 0);
	KUNIT_EXPECT_TRUE(test,
			  pv_fake_logged("console/0: xen-console did not come up, error -12"));
	KUNIT_EXPECT_NULL(test, pv_console_open(0));
}

/* Its page cannot be mapped; it can, and no event be bound: input is found by reading. */
static void console_with_less(struct kunit *test)
{
	struct pv_console *con;
	uint64_t port = 0;
	char buf[8];

	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	pv_fake.no_map = true;
	KUNIT_EXPECT_EQ(test, pv_xen_console_start(), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, pv_xenbus.scan(NULL), 0);
	KUNIT_EXPECT_TRUE(test,
			  pv_fake_logged("console/0: xen-console did not come up, error -12"));
	KUNIT_EXPECT_NULL(test, pv_console_open(0));
	pv_bus_remove_all();
	pv_xenbus.end();
	pv_fake.no_map = false;
	/* The port is somebody's. */
	KUNIT_ASSERT_EQ(test, pv_xen_param(HVM_PARAM_CONSOLE_EVTCHN, &port), 0);
	KUNIT_ASSERT_GT(test, pv_evtchn_bind_port((uint32_t)port, on_event, NULL), 0);
	con = open_console(test);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("console/0: no events, error -17"));
	pv_console_set_event(con, on_event, NULL);
	type("in");
	KUNIT_EXPECT_EQ(test, pv_console_read(con, buf, sizeof(buf)), 2);
	pv_console_close(con);
	pv_xs_stop();
}

/* A further console has a backend, and is of another protocol; and a disk is none. */
static void console_further(struct kunit *test)
{
	pv_fake_xs_device("console", 1, NULL, 0);
	pv_fake_xs_device("vbd", 51712, NULL, 0);
	pv_console_close(open_console(test));
	KUNIT_EXPECT_NULL(test, pv_console_open(1));
}

static void gone(struct pv_console *con)
{
	con->gone = false;
}

/* Numbers are the lowest that are free; an open one is kept until the last who has it closes it. */
static void console_numbers(struct kunit *test)
{
	struct pv_console *first = open_console(test);
	static struct pv_console more[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		more[i] = (struct pv_console) {.dev = first->dev, .ops = first->ops};
		pv_console_register(&more[i]);
	}
	KUNIT_EXPECT_STREQ(test, more[0].name, "con1");
	KUNIT_EXPECT_PTR_EQ(test, pv_console_open(2), &more[1]);
	KUNIT_EXPECT_PTR_EQ(test, pv_console_open(2), &more[1]);
	pv_console_unregister(&more[0], gone);
	KUNIT_EXPECT_FALSE(test, more[0].gone);
	KUNIT_EXPECT_NULL(test, pv_console_open(1));
	pv_console_register(&more[0]);
	KUNIT_EXPECT_STREQ(test, more[0].name, "con1");
	pv_console_unregister(&more[1], gone);
	pv_console_close(&more[1]);
	KUNIT_EXPECT_TRUE(test, more[1].gone);
	pv_console_close(&more[1]);
	KUNIT_EXPECT_FALSE(test, more[1].gone);
	pv_console_unregister(&more[0], gone);
	pv_console_close(first);
}

/* A domain without one, and one without a store, which needs none for its console. */
static void console_none(struct kunit *test)
{
	fake_store_down(test);
	fake_store.no_console = true;
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	KUNIT_EXPECT_EQ(test, pv_xen_console_start(), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_xenbus.scan(NULL), 0);
	KUNIT_EXPECT_NULL(test, pv_console_open(0));
	pv_xenbus.end();
	fake_store_down(test);
	fake_store.no_store = true;
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	KUNIT_EXPECT_EQ(test, pv_xenbus.scan(NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_xenbus.work(), 0);
	pv_console_close(pv_console_open(0));
	pv_bus_remove_all();
	pv_xenbus.end();
	fake_store_down(test);
	/* Or one whose store is silent. */
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	pv_fake_xs.mute = true;
	KUNIT_EXPECT_EQ(test, pv_xenbus.scan(NULL), 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("the store does not work, error -110"));
	pv_console_close(pv_console_open(0));
}

/* --- without a device ------------------------------------------------------------------------- */

static void console_early(struct kunit *test)
{
	struct pv_console *con;

	pv_xen_console_write("lost", 4);
	KUNIT_EXPECT_EQ(test, pv_xen_console_drain(10), 0);
	KUNIT_ASSERT_EQ(test, pv_xen_console_start(), 0);
	pv_xen_console_write("first ", 6);
	/* Both write to the same ring. */
	con = open_console(test);
	KUNIT_EXPECT_EQ(test, pv_console_write(con, "second ", 7), 7);
	pv_xen_console_write("third", 5);
	KUNIT_EXPECT_EQ(test, pv_xen_console_drain(1000), 0);
	KUNIT_EXPECT_STREQ(test, shown, "first second third");
	pv_console_close(con);
	pv_bus_remove_all();
	pv_xen_console_write("!", 1);
	KUNIT_EXPECT_EQ(test, pv_xen_console_drain(1000), 0);
	KUNIT_EXPECT_STREQ(test, shown, "first second third!");
	pv_xen_console_stop();
	pv_xen_console_stop();
}

static void console_early_waits(struct kunit *test)
{
	static char text[3000];
	uint64_t before = pv_fake.now;

	pv_memset(text, 'e', sizeof(text));
	KUNIT_ASSERT_EQ(test, pv_xen_console_start(), 0);
	takes = 0;
	pv_xen_console_write(text, sizeof(text));
	KUNIT_EXPECT_LT(test, pv_fake.now - before, 4 * PV_CONFIG_CONSOLE_MS * MS);
	before = pv_fake.now;
	pv_xen_console_write(text, sizeof(text));
	KUNIT_EXPECT_LT(test, pv_fake.now - before, MS);
	KUNIT_EXPECT_EQ(test, pv_xen_console_drain(10), PV_ETIMEDOUT);
	takes = 100;
	KUNIT_EXPECT_EQ(test, pv_xen_console_drain(1000), 0);
	KUNIT_EXPECT_EQ(test, shown_len, 2048);
	fake_store_console()->out_cons += 5;
	pv_xen_console_write("x", 1);
	KUNIT_EXPECT_EQ(test, pv_xen_console_drain(10), PV_EPROTO);
	pv_xen_console_stop();
}

static struct kunit_case console_cases[] = {
	KUNIT_CASE(console_writes),
	KUNIT_CASE(console_writes_much),
	KUNIT_CASE(console_never_waits_for_ever),
	KUNIT_CASE(console_reads),
	KUNIT_CASE(console_lies),
	KUNIT_CASE(console_lies_on_write),
	KUNIT_CASE(console_removed_while_open),
	KUNIT_CASE(console_without_memory),
	KUNIT_CASE(console_with_less),
	KUNIT_CASE(console_further),
	KUNIT_CASE(console_numbers),
	KUNIT_CASE(console_none),
	KUNIT_CASE(console_early),
	KUNIT_CASE(console_early_waits),
	{},
};

static struct kunit_suite console_suite = {
	.name = "xen_console",
	.init = console_init,
	.exit = console_exit,
	.test_cases = console_cases,
};

kunit_test_suite(console_suite);
