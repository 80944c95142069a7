/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xs_conn.c and xs_link.c: a server that breaks the protocol, goes silent, or starts
 * again.
 *
 * Covers: pv-core/xen/xs_conn.c pv-core/xen/xs_link.c
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "fake_store.h"
#include "pv-core/xen/xs_conn.h"

#define RECONNECT (XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR)
#define SECOND	  1000000000ull

static unsigned int fired;

static void on_watch(struct pv_xs_watch *w)
{
	(void)w;
	fired++;
}

static struct pv_xs_watch watch = {.path = "watched", .fn = on_watch};

static void start(struct kunit *test, uint32_t features)
{
	fake_store.features = features;
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	KUNIT_ASSERT_EQ(test, pv_xs_watch(&watch), 0);
	pv_fake_xs_write("name", "guest");
	pv_xs_work();
	pv_xs_work();
	fired = 0;
}

static void bad_exit(struct kunit *test)
{
	pv_xs_unwatch(&watch);
	pv_xs_stop();
	fake_store_down(test);
}

static int read_name(void)
{
	char buf[16];

	return pv_xs_read(PV_XS_NO_TX, "name", buf, sizeof(buf));
}

/* --- breaches --------------------------------------------------------------------------------- */

static const enum pv_fake_xs_breach breaches[] = {
	PV_FAKE_XS_RSP_FAR,   PV_FAKE_XS_RSP_BACK, PV_FAKE_XS_REQ_FAR,	  PV_FAKE_XS_REQ_AHEAD,
	PV_FAKE_XS_LONG,      PV_FAKE_XS_HUGE,	   PV_FAKE_XS_UNKNOWN_ID, PV_FAKE_XS_WRONG_TYPE,
	PV_FAKE_XS_BAD_EVENT, PV_FAKE_XS_ERROR,
};

static void breach_name(const enum pv_fake_xs_breach *b, char *text)
{
	static const char *const name[PV_FAKE_XS_BREACHES] = {
		"none", "rsp-far",    "rsp-back",   "req-far",	 "req-ahead", "long",
		"huge", "unknown-id", "wrong-type", "bad-event", "error",     "restart",
	};

	pv_snprintf(text, KUNIT_PARAM_DESC_SIZE, "%s", name[*b]);
}

KUNIT_ARRAY_PARAM(breach, breaches, breach_name);

static enum pv_fake_xs_breach breach_of(struct kunit *test)
{
	return *(const enum pv_fake_xs_breach *)test->param_value;
}

/*
 * With a server that can, the connection is made anew, and the request answered.
 * Fault rows 23, 24.
 */
static void xenstore_breach_reconnects(struct kunit *test)
{
	start(test, RECONNECT);
	pv_fake_xs.breach = breach_of(test);
	KUNIT_EXPECT_EQ(test, read_name(), 5);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.reconnects, 1);
	KUNIT_EXPECT_EQ(test, pv_xs_stats()->reconnects, 1);
	/* The watch is there again, and its owner is to look. */
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 1);
	pv_xs_work();
	KUNIT_EXPECT_GE(test, fired, 1);
	fired = 0;
	pv_xs_work();
	pv_fake_xs_write("watched", "x");
	pv_fake_xs_run();
	pv_xs_work();
	KUNIT_EXPECT_GE(test, fired, 1);
}

/*
 * With one that cannot, the store is dead: nothing waits, nothing is touched.
 * Fault rows 23, 24.
 */
static void xenstore_breach_kills(struct kunit *test)
{
	uint64_t before;

	/* Without the feature the error field means nothing, and such a server is only silent. */
	if (breach_of(test) == PV_FAKE_XS_ERROR)
		fake_store.features = XENSTORE_SERVER_FEATURE_ERROR;
	start(test, fake_store.features);
	pv_fake_xs.breach = breach_of(test);
	KUNIT_EXPECT_EQ(test, read_name(), PV_EPROTO);
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, read_name(), PV_EPROTO);
	KUNIT_EXPECT_EQ(test, pv_xs_write(PV_XS_NO_TX, "x", "y"), PV_EPROTO);
	KUNIT_EXPECT_EQ(test, pv_xs_work(), 0);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, SECOND);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.reconnects, 0);
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("x"));
}

static int two_writes(pv_xs_tx tx, void *arg)
{
	unsigned int *n = arg;
	int err;

	++*n;
	err = pv_xs_write(tx, "t/one", "1");
	return err ? err : pv_xs_write(tx, "t/two", "2");
}

/* In a transaction, at each of its requests: begun again as a whole. */
static void xenstore_breach_in_transaction(struct kunit *test)
{
	unsigned int at, bodies;

	start(test, RECONNECT);
	for (at = 0; at < 4; at++) {
		pv_fake_xs_rm("t");
		pv_fake_xs.breach_after = at;
		pv_fake_xs.breach = breach_of(test);
		bodies = 0;
		KUNIT_EXPECT_EQ(test, pv_xs_transaction(two_writes, &bodies), 0);
		KUNIT_EXPECT_EQ(test, pv_fake_xs.breach, PV_FAKE_XS_OK);
		/* The start itself is repeated; from then on the body is. */
		KUNIT_EXPECT_EQ(test, bodies, at ? 2 : 1);
		KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("t/one"), "1");
		KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("t/two"), "2");
		KUNIT_EXPECT_EQ(test, pv_fake_xs.reconnects, at + 1);
	}
}

/* A body that goes on after an error: what it writes then is nobody's, and begun again, too. */
static int heedless(pv_xs_tx tx, void *arg)
{
	unsigned int *n = arg;
	int first = pv_xs_write(tx, "t/one", "1"), second = pv_xs_write(tx, "t/two", "2");

	++*n;
	return first == PV_EAGAIN && second != PV_EAGAIN ? PV_EIO : 0;
}

static void xenstore_transaction_forgotten(struct kunit *test)
{
	unsigned int bodies = 0;

	start(test, RECONNECT);
	pv_fake_xs.breach_after = 1;
	pv_fake_xs.breach = PV_FAKE_XS_RSP_FAR;
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(heedless, &bodies), 0);
	KUNIT_EXPECT_EQ(test, bodies, 2);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("t/two"), "2");
}

/* One that breaks it again and again is given up. */
static void xenstore_breach_for_ever(struct kunit *test)
{
	uint64_t before;

	start(test, RECONNECT);
	pv_fake_xs.breach = breach_of(test);
	pv_fake_xs.breach_again = true;
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, read_name(), PV_EPROTO);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, 60 * SECOND);
	KUNIT_EXPECT_LE(test, pv_fake_xs.reconnects, 10);
	KUNIT_EXPECT_EQ(test, read_name(), PV_EPROTO);
}

/* The same, with nothing to be set again in between. */
static void xenstore_breach_of_all(struct kunit *test)
{
	start(test, RECONNECT);
	pv_xs_unwatch(&watch);
	pv_fake_xs.breach = breach_of(test);
	pv_fake_xs.breach_again = true;
	KUNIT_EXPECT_EQ(test, read_name(), PV_EPROTO);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.reconnects, 3);
}

/* --- silence ---------------------------------------------------------------------------------- */

static void xenstore_silent(struct kunit *test)
{
	uint64_t before;

	start(test, 0);
	pv_fake_xs.mute = true;
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, read_name(), PV_ETIMEDOUT);
	KUNIT_EXPECT_GE(test, pv_fake.now - before, PV_CONFIG_XS_MS * 1000000ull);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, PV_CONFIG_XS_MS * 1100000ull);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("no answer to request"));
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("\"name\""));
	/* The next ones are not given as long. */
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, read_name(), PV_ETIMEDOUT);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, PV_CONFIG_XS_MS * 100000ull);
	/* Once it answers, all is well. */
	pv_fake_xs.mute = false;
	KUNIT_EXPECT_EQ(test, read_name(), 5);
}

/* Replies that come after their request was given up are known, and dropped. */
static void xenstore_late_replies(struct kunit *test)
{
	unsigned int i;

	start(test, 0);
	pv_fake_xs.hold = true;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, read_name(), PV_ETIMEDOUT);
	pv_fake_xs.hold = false;
	KUNIT_EXPECT_EQ(test, read_name(), 5);
	KUNIT_EXPECT_EQ(test, pv_xs_stats()->late, 3);
	KUNIT_EXPECT_EQ(test, pv_xs_stats()->violations, 0);
}

/* Given up half-way onto the ring: the rest follows, and the stream keeps its boundaries. */
static void xenstore_given_up_half_sent(struct kunit *test)
{
	char *text = kunit_kzalloc(test, 3001, GFP_KERNEL);

	start(test, 0);
	pv_memset(text, 'q', 3000);
	pv_fake_xs.deaf = true;
	KUNIT_EXPECT_EQ(test, pv_xs_write(PV_XS_NO_TX, "half", text), PV_ETIMEDOUT);
	/* Its memory is the caller's again. */
	pv_memset(text, 'X', 3000);
	/* And one that did not even begin to be sent is not sent at all. */
	KUNIT_EXPECT_EQ(test, pv_xs_write(PV_XS_NO_TX, "never", "x"), PV_ETIMEDOUT);
	pv_fake_xs.deaf = false;
	KUNIT_EXPECT_EQ(test, read_name(), 5);
	KUNIT_ASSERT_NOT_NULL(test, pv_fake_xs_read("half"));
	KUNIT_EXPECT_EQ(test, strspn(pv_fake_xs_read("half"), "q"), 3000);
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("never"));
}

/* It starts again in the middle of a request. */
static void restart_once(void)
{
	static unsigned int n;

	if (++n % 1000 == 0)
		pv_fake_xs.mute = false;
	pv_fake_xs_run();
}

/* Fault row 26 */
static void xenstore_server_restarts(struct kunit *test)
{
	start(test, RECONNECT);
	pv_fake_xs.mute = true;
	pv_fake.relax = restart_once;
	pv_fake_xs_restart();
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 0);
	/* The request it had is lost; the connection is made anew when its time is over. */
	KUNIT_EXPECT_EQ(test, read_name(), 5);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.reconnects, 1);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 1);
}

static void xenstore_does_not_reconnect(struct kunit *test)
{
	uint64_t before;

	start(test, RECONNECT);
	pv_fake_xs.no_reconnect = true;
	pv_fake_xs.breach = PV_FAKE_XS_RSP_FAR;
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, read_name(), PV_ETIMEDOUT);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, 3 * PV_CONFIG_XS_MS * 1000000ull);
	before = pv_fake.now;
	KUNIT_EXPECT_EQ(test, read_name(), PV_ETIMEDOUT);
	KUNIT_EXPECT_LT(test, pv_fake.now - before, SECOND);
}

/* Without notifications, all of it is found by looking. */
static void xenstore_polls(struct kunit *test)
{
	fake_store.no_events = true;
	start(test, 0);
	KUNIT_EXPECT_EQ(test, read_name(), 5);
	pv_fake_xs_write("watched", "x");
	pv_fake_xs_run();
	pv_xs_work();
	KUNIT_EXPECT_EQ(test, fired, 1);
}

/* --- anything at all -------------------------------------------------------------------------- */

static uint64_t seed;
static unsigned int lies_per_1000;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t lie(const volatile void *p, size_t size, uint64_t v)
{
	(void)p;
	(void)size;
	if (random64() % 1000 >= lies_per_1000)
		return v;
	return random64() % 2 ? random64() : v ^ 1ull << random64() % 64;
}

/*
 * Whatever the page says: calls end, within their time, with something; nothing is touched that is
 * not ours.
 */
static void xenstore_random_page(struct kunit *test)
{
	unsigned int round, i, answered = 0;
	uint64_t before;

	for (round = 0; round < 300; round++) {
		seed = round * 0x9e3779b97f4a7c15ull + 1;
		lies_per_1000 = round % 3 == 0 ? 1 : round % 3 == 1 ? 20 : 500;
		fake_store.features = round % 2 ? RECONNECT : 0;
		KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
		pv_fake_xs_write("name", "guest");
		pv_fake.shared_read = lie;
		before = pv_fake.now;
		if (!pv_xs_start()) {
			if (pv_xs_watch(&watch))
				watch.set = false;
			for (i = 0; i < 20; i++) {
				answered += read_name() == 5;
				pv_xs_work();
			}
			pv_xs_unwatch(&watch);
			pv_xs_stop();
		}
		pv_fake.shared_read = NULL;
		KUNIT_ASSERT_LT(test, pv_fake.now - before, 25 * 16 * SECOND);
		fake_store_down(test);
	}
	KUNIT_EXPECT_GT(test, answered, 100);
	KUNIT_ASSERT_EQ(test, fake_store_up(test), 0);
	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
}

static struct kunit_case bad_cases[] = {
	KUNIT_CASE_PARAM(xenstore_breach_reconnects, breach_gen_params),
	KUNIT_CASE_PARAM(xenstore_breach_kills, breach_gen_params),
	KUNIT_CASE_PARAM(xenstore_breach_in_transaction, breach_gen_params),
	KUNIT_CASE_PARAM(xenstore_breach_for_ever, breach_gen_params),
	KUNIT_CASE_PARAM(xenstore_breach_of_all, breach_gen_params),
	KUNIT_CASE(xenstore_transaction_forgotten),
	KUNIT_CASE(xenstore_silent),
	KUNIT_CASE(xenstore_late_replies),
	KUNIT_CASE(xenstore_given_up_half_sent),
	KUNIT_CASE(xenstore_server_restarts),
	KUNIT_CASE(xenstore_does_not_reconnect),
	KUNIT_CASE(xenstore_polls),
	KUNIT_CASE(xenstore_random_page),
	{},
};

static struct kunit_suite bad_suite = {
	.name = "xenstore_bad",
	.exit = bad_exit,
	.test_cases = bad_cases,
};

kunit_test_suite(bad_suite);
