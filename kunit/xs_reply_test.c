/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xenstore.c and xs_directory.c: replies that are well-formed messages, and make no
 * sense; folders and names that are too long; memory that is short.
 *
 * Covers: pv-core/xen/xenstore.c pv-core/xen/xs_directory.c
 */
#include <pv/abi/xen_io.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "fake_store.h"
#include "pv-core/xen/xs_conn.h"

static int reply_init(struct kunit *test)
{
	int err = fake_store_up(test);

	return err ? err : pv_xs_start();
}

static void reply_exit(struct kunit *test)
{
	pv_xs_stop();
	fake_store_down(test);
}

/* The next request of this type gets this answer. */
static void say(unsigned int to, const void *bytes, size_t len)
{
	pv_fake_xs.say_to = to;
	pv_fake_xs.say = bytes;
	pv_fake_xs.say_len = len;
}

/* --- permissions ------------------------------------------------------------------------------ */

static void permissions_without_sense(struct kunit *test)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {{"x5", 3}, {"n0\0r", 5}, {"n0\0r65536", 10}, {"n0\0r5", 5}, {"\0", 1}};
	struct pv_xs_perm perm[4];
	unsigned int i;

	pv_fake_xs_write("node", "");
	for (i = 0; i < PV_ARRAY_SIZE(bad); i++) {
		say(XS_GET_PERMS, bad[i].bytes, bad[i].len);
		KUNIT_EXPECT_EQ_MSG(test, pv_xs_get_perms(PV_XS_NO_TX, "node", perm, 4), PV_EINVAL,
				    "%u", i);
	}
	say(XS_GET_PERMS, "", 0);
	KUNIT_EXPECT_EQ(test, pv_xs_get_perms(PV_XS_NO_TX, "node", perm, 4), 0);
}

/* What does not fit in the buffer for it was cut, and is not read to its end. */
static void permissions_too_long(struct kunit *test)
{
	char *text = kunit_kzalloc(test, PV_XS_MAX, GFP_KERNEL);
	struct pv_xs_perm perm[2];

	pv_fake_xs_write("node", "");
	pv_memset(text, '0', PV_XS_MAX);
	text[0] = 'n';
	say(XS_GET_PERMS, text, PV_XS_PATH + 1);
	KUNIT_EXPECT_EQ(test, pv_xs_get_perms(PV_XS_NO_TX, "node", perm, 2), PV_ERANGE);
	say(XS_GET_PERMS, text, PV_XS_MAX);
	KUNIT_EXPECT_EQ(test, pv_xs_get_perms(PV_XS_NO_TX, "node", perm, 2), PV_ERANGE);
}

static void permissions_of_many(struct kunit *test)
{
	struct pv_xs_perm *perm = kunit_kzalloc(test, 64 * sizeof(*perm), GFP_KERNEL);
	unsigned int i;

	pv_fake_xs_write("node", "");
	for (i = 0; i < 64; i++) {
		perm[i].access = 'r';
		perm[i].domid = 65535;
	}
	KUNIT_EXPECT_EQ(test, pv_xs_set_perms(PV_XS_NO_TX, "node", perm, 64), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, pv_xs_set_perms(PV_XS_NO_TX, "node", perm, 3), 0);
}

/* --- transactions ----------------------------------------------------------------------------- */

static int body(pv_xs_tx tx, void *arg)
{
	unsigned int *bodies = arg;

	(void)tx;
	++*bodies;
	return 17;
}

/* One without a number that may be one is none: nothing is done in it. */
static void transactions_without_number(struct kunit *test)
{
	static const char *const bad[] = {"x", "", "0", "-1", "4294967296", "18446744073709551617"};
	unsigned int i, bodies = 0;

	for (i = 0; i < PV_ARRAY_SIZE(bad); i++) {
		say(XS_TRANSACTION_START, bad[i], pv_strlen(bad[i]) + 1);
		KUNIT_EXPECT_EQ_MSG(test, pv_xs_transaction(body, &bodies), PV_EPROTO, "%s",
				    bad[i]);
	}
	say(XS_TRANSACTION_START, "000000000000000000000000000000001", 34);
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(body, &bodies), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, bodies, 0);
	/* A body's result above 0 is no error. */
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(body, &bodies), 0);
	KUNIT_EXPECT_EQ(test, bodies, 1);
}

/* --- domains ---------------------------------------------------------------------------------- */

static void domain_that_is_neither(struct kunit *test)
{
	say(XS_IS_DOMAIN_INTRODUCED, "X", 2);
	KUNIT_EXPECT_EQ(test, pv_xs_domain_introduced(5), PV_EINVAL);
	say(XS_IS_DOMAIN_INTRODUCED, "TRUE", 5);
	KUNIT_EXPECT_EQ(test, pv_xs_domain_introduced(5), PV_ERANGE);
	say(XS_IS_DOMAIN_INTRODUCED, "", 0);
	KUNIT_EXPECT_EQ(test, pv_xs_domain_introduced(5), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_xs_get_domain_path(5, NULL, 0), PV_ERANGE);
}

/* --- lists ------------------------------------------------------------------------------------ */

static int count_name(const char *name, void *arg)
{
	unsigned int *n = arg;

	(void)name;
	++*n;
	return 0;
}

static int list(const char *path, unsigned int *n)
{
	*n = 0;
	return pv_xs_directory(PV_XS_NO_TX, path, count_name, n);
}

static void lists_without_sense(struct kunit *test)
{
	unsigned int n;

	pv_fake_xs_write("folder/a", "");
	/* The last name has no end. */
	say(XS_DIRECTORY, "a\0bc", 4);
	KUNIT_EXPECT_EQ(test, list("folder", &n), PV_EPROTO);
	KUNIT_EXPECT_EQ(test, n, 1);
	/* Parts without a generation, or with one that is none. */
	pv_fake_xs.fail = "E2BIG";
	say(XS_DIRECTORY_PART, "abc", 3);
	KUNIT_EXPECT_EQ(test, list("folder", &n), PV_EPROTO);
	pv_fake_xs.fail = "E2BIG";
	say(XS_DIRECTORY_PART, "x\0abc\0", 7);
	KUNIT_EXPECT_EQ(test, list("folder", &n), PV_EPROTO);
	KUNIT_EXPECT_EQ(test, n, 0);
	/* It was too long, and then was not there any more. */
	pv_fake_xs.fail = "E2BIG";
	KUNIT_EXPECT_EQ(test, list("none", &n), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, n, 0);
}

/* 64 KiB of names are read; with more, the list is refused. */
static void lists_too_long(struct kunit *test)
{
	char path[220];
	unsigned int i, n;

	pv_memset(path, 'n', sizeof(path));
	pv_memcpy(path, "long/", 5);
	/* Names of 205 bytes, with their ends. */
	for (i = 0; i <= 65536 / 205; i++) {
		if (i == 65536 / 205) {
			KUNIT_EXPECT_EQ(test, list("long", &n), 0);
			KUNIT_EXPECT_EQ(test, n, i);
		}
		pv_snprintf(path + 205, 8, "%04u", i);
		pv_fake_xs_write(path, "");
	}
	KUNIT_EXPECT_EQ(test, list("long", &n), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, n, 0);
}

static void lists_without_memory(struct kunit *test)
{
	unsigned int i, n;

	pv_fake_xs_write("folder/a", "");
	for (i = 1; i <= 3; i++) {
		pv_fake_xs.fail = i > 1 ? "E2BIG" : NULL;
		pv_fake.alloc_fail_at = i;
		KUNIT_EXPECT_EQ(test, list("folder", &n), PV_ENOMEM);
		KUNIT_EXPECT_EQ(test, n, 0);
	}
	pv_fake_xs.fail = "E2BIG";
	KUNIT_EXPECT_EQ(test, list("folder", &n), 0);
	KUNIT_EXPECT_EQ(test, n, 1);
}

/* --- several at once -------------------------------------------------------------------------- */

static void gathered_from_too_far(struct kunit *test)
{
	static char folder[PV_XS_PATH];
	uint64_t v[2] = {7, 7};
	struct pv_xs_item item[] = {{"a", &v[0], 1, 0}, {"longer", &v[1], 2, 0}};
	unsigned int requests = pv_fake_xs.requests;

	/* The first one's path has just room. */
	pv_memset(folder, 'f', sizeof(folder) - 3);
	KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, folder, item, 2), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.requests, requests + 1);
	KUNIT_EXPECT_TRUE(test, v[0] == 1 && v[1] == 2);
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, "g", item, 2), PV_ENOMEM);
}

/* The first error of the store's is the result, also if others follow. */
static void gathered_errors(struct kunit *test)
{
	static char key[PV_XS_PATH];
	uint64_t v[12];
	struct pv_xs_item item[12];
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(item); i++)
		item[i] = (struct pv_xs_item) {.key = "k", .value = &v[i], .def = i};
	pv_fake_xs_write("g/k", "5");
	pv_fake_xs.deny = PV_FAKE_XS_HOME "/g";
	pv_fake_xs.fail = "EIO";
	KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, "g", item, PV_ARRAY_SIZE(item)), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, "g", item, PV_ARRAY_SIZE(item)), PV_EPERM);
	pv_fake_xs.deny = NULL;
	KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, "g", item, PV_ARRAY_SIZE(item)), 0);
	KUNIT_EXPECT_EQ(test, v[11], 5);
	/* Also if the next one cannot be asked for at all. */
	pv_memset(key, 'k', sizeof(key) - 1);
	item[8].key = key;
	pv_fake_xs.fail = "EIO";
	KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, "g", item, PV_ARRAY_SIZE(item)), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, "g", item, PV_ARRAY_SIZE(item)), PV_ERANGE);
}

static struct kunit_case xs_reply_cases[] = {
	KUNIT_CASE(permissions_without_sense),
	KUNIT_CASE(permissions_too_long),
	KUNIT_CASE(permissions_of_many),
	KUNIT_CASE(transactions_without_number),
	KUNIT_CASE(domain_that_is_neither),
	KUNIT_CASE(lists_without_sense),
	KUNIT_CASE(lists_too_long),
	KUNIT_CASE(lists_without_memory),
	KUNIT_CASE(gathered_from_too_far),
	KUNIT_CASE(gathered_errors),
	{},
};

static struct kunit_suite xs_reply_suite = {
	.name = "xs_reply",
	.init = reply_init,
	.exit = reply_exit,
	.test_cases = xs_reply_cases,
};

kunit_test_suite(xs_reply_suite);
