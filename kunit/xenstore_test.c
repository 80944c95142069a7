/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/xenstore.c and what is under it, against the fake xenstored: each operation,
 * transactions, lists. What a server does wrong is in xenstore_bad_test.c.
 *
 * Covers: pv-core/xen/xenstore.c pv-core/xen/xs_directory.c
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "fake_store.h"
#include "pv-core/xen/xs_conn.h"

static int store_init(struct kunit *test)
{
	int err;

	fake_store.offset = 0xfffffe00;
	err = fake_store_up(test);
	return err ? err : pv_xs_start();
}

static void store_exit(struct kunit *test)
{
	pv_xs_stop();
	KUNIT_EXPECT_EQ(test, pv_fake_xs.overlong, 0);
	fake_store_down(test);
}

/* --- values ----------------------------------------------------------------------------------- */

static void xenstore_reads(struct kunit *test)
{
	char buf[16];

	pv_fake_xs_write("name", "guest");
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "name", buf, sizeof(buf)), 5);
	KUNIT_EXPECT_STREQ(test, buf, "guest");
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, PV_FAKE_XS_HOME "/name", buf, sizeof(buf)),
			5);
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "none", buf, sizeof(buf)), PV_ENOENT);
	KUNIT_EXPECT_STREQ(test, buf, "");
	/* Its length with the terminator, to the byte. */
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "name", buf, 6), 5);
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "name", buf, 5), PV_ERANGE);
	KUNIT_EXPECT_STREQ(test, buf, "");
	pv_fake_xs_write("empty", "");
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "empty", buf, 1), 0);
	pv_fake_xs_write_bytes("bytes", "a\0b", 3);
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "bytes", buf, sizeof(buf)), PV_EINVAL);
	KUNIT_EXPECT_STREQ(test, buf, "");
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "a//b", buf, sizeof(buf)), PV_EINVAL);
}

static void xenstore_numbers(struct kunit *test)
{
	uint64_t v = 5;

	pv_fake_xs_write("n", "18446744073709551615");
	KUNIT_EXPECT_EQ(test, pv_xs_read_u64(PV_XS_NO_TX, "n", &v), 0);
	KUNIT_EXPECT_EQ(test, v, ~0ull);
	pv_fake_xs_write("n", "123456789012345678901234567890");
	KUNIT_EXPECT_EQ(test, pv_xs_read_u64(PV_XS_NO_TX, "n", &v), PV_EINVAL);
	pv_fake_xs_write("n", "");
	KUNIT_EXPECT_EQ(test, pv_xs_read_u64(PV_XS_NO_TX, "n", &v), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_xs_read_u64(PV_XS_NO_TX, "none", &v), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, v, ~0ull);
}

/* The largest value that a message holds, which is four rings' worth. */
static void xenstore_longest(struct kunit *test)
{
	size_t max = PV_XS_MAX - sizeof("long");
	char *text = kunit_kzalloc(test, PV_XS_MAX + 1, GFP_KERNEL);
	char *back = kunit_kzalloc(test, PV_XS_MAX + 1, GFP_KERNEL);
	size_t i;

	for (i = 0; i < max; i++)
		text[i] = (char)('a' + i % 26);
	KUNIT_EXPECT_EQ(test, pv_xs_write(PV_XS_NO_TX, "long", text), 0);
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "long", back, PV_XS_MAX + 1), (int)max);
	KUNIT_EXPECT_STREQ(test, back, text);
	text[max] = 'x';
	KUNIT_EXPECT_EQ(test, pv_xs_write(PV_XS_NO_TX, "long", text), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "long", back, PV_XS_MAX + 1), (int)max);
}

/* The server moves a few bytes in each of its turns. */
static void xenstore_dribbles(struct kunit *test)
{
	static const unsigned int chunks[] = {1, 3, 15, 16, 17, 1000};
	char text[300], back[300];
	unsigned int i;

	pv_memset(text, 'z', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (i = 0; i < PV_ARRAY_SIZE(chunks); i++) {
		pv_fake_xs.chunk = chunks[i];
		text[0] = (char)('a' + i);
		KUNIT_EXPECT_EQ(test, pv_xs_write(PV_XS_NO_TX, "d", text), 0);
		KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "d", back, sizeof(back)), 299);
		KUNIT_EXPECT_STREQ(test, back, text);
	}
}

static void xenstore_writes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_xs_write(PV_XS_NO_TX, "a/b/c", "deep"), 0);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("a/b/c"), "deep");
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("a/b"), "");
	KUNIT_EXPECT_EQ(test, pv_xs_printf(PV_XS_NO_TX, "a/n", "%u-%s", 17u, "x"), 0);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("a/n"), "17-x");
	KUNIT_EXPECT_EQ(test, pv_xs_printf(PV_XS_NO_TX, "a/n", "%300s", "x"), PV_ERANGE);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("a/n"), "17-x");
	KUNIT_EXPECT_EQ(test, pv_xs_mkdir(PV_XS_NO_TX, "dir"), 0);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("dir"), "");
	KUNIT_EXPECT_EQ(test, pv_xs_mkdir(PV_XS_NO_TX, "a/n"), 0);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("a/n"), "17-x");
	KUNIT_EXPECT_EQ(test, pv_xs_rm(PV_XS_NO_TX, "a"), 0);
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("a/b/c"));
	KUNIT_EXPECT_EQ(test, pv_xs_rm(PV_XS_NO_TX, "a"), 0);
	KUNIT_EXPECT_EQ(test, pv_xs_rm(PV_XS_NO_TX, "x/y/z"), PV_ENOENT);
	pv_fake_xs.deny = PV_FAKE_XS_HOME "/private";
	KUNIT_EXPECT_EQ(test, pv_xs_write(PV_XS_NO_TX, "private/x", ""), PV_EPERM);
	pv_fake_xs.fail = "ENOSPC";
	KUNIT_EXPECT_EQ(test, pv_xs_write(PV_XS_NO_TX, "x", ""), PV_ENOSPC);
}

static void xenstore_other_operations(struct kunit *test)
{
	struct pv_xs_perm perm[3] = {{'b', 3}, {'r', 0}, {'n', 65535}}, got[3];
	char buf[40];

	pv_fake_xs_write("node", "");
	KUNIT_EXPECT_EQ(test, pv_xs_get_perms(PV_XS_NO_TX, "node", got, 3), 2);
	KUNIT_EXPECT_EQ(test, got[0].access, 'n');
	KUNIT_EXPECT_EQ(test, got[1].access, 'r');
	KUNIT_EXPECT_EQ(test, got[1].domid, 5);
	KUNIT_EXPECT_EQ(test, pv_xs_set_perms(PV_XS_NO_TX, "node", perm, 3), 0);
	KUNIT_EXPECT_EQ(test, pv_xs_get_perms(PV_XS_NO_TX, "node", got, 3), 3);
	KUNIT_EXPECT_TRUE(test, got[0].access == perm[0].access && got[0].domid == perm[0].domid);
	KUNIT_EXPECT_EQ(test, got[2].domid, 65535);
	KUNIT_EXPECT_EQ(test, pv_xs_get_perms(PV_XS_NO_TX, "node", got, 2), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, pv_xs_get_perms(PV_XS_NO_TX, "none", got, 2), PV_ENOENT);

	KUNIT_EXPECT_EQ(test, pv_xs_get_domain_path(7, buf, sizeof(buf)), 15);
	KUNIT_EXPECT_STREQ(test, buf, "/local/domain/7");
	KUNIT_EXPECT_EQ(test, pv_xs_get_domain_path(7, buf, 8), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, pv_xs_domain_introduced(5), 1);
	KUNIT_EXPECT_EQ(test, pv_xs_domain_introduced(9), 0);
	KUNIT_EXPECT_EQ(test, pv_xs_control("help", NULL, buf, sizeof(buf)), 10);
	KUNIT_EXPECT_STREQ(test, buf, "check help");
	KUNIT_EXPECT_EQ(test, pv_xs_control("print", "text", buf, sizeof(buf)), PV_EPERM);
}

/* --- lists ------------------------------------------------------------------------------------ */

struct listing {
	unsigned int n, stop_at;
	char text[200];
};

static int on_name(const char *name, void *arg)
{
	struct listing *l = arg;
	size_t at = pv_strlen(l->text);

	if (at + pv_strlen(name) + 2 < sizeof(l->text)) {
		pv_memcpy(l->text + at, name, pv_strlen(name) + 1);
		pv_memcpy(l->text + at + pv_strlen(name), ",", 2);
	}
	return ++l->n == l->stop_at ? 42 : 0;
}

static void xenstore_lists(struct kunit *test)
{
	struct listing l = {0};

	KUNIT_EXPECT_EQ(test, pv_xs_directory(PV_XS_NO_TX, "device", on_name, &l), PV_ENOENT);
	pv_fake_xs_write("device/vbd/1/x", "");
	pv_fake_xs_write("device/vif", "");
	pv_fake_xs_write("device/a b", "no name");
	pv_fake_xs_write("device/z", "");
	KUNIT_EXPECT_EQ(test, pv_xs_directory(PV_XS_NO_TX, "device", on_name, &l), 0);
	KUNIT_EXPECT_STREQ(test, l.text, "vbd,vif,z,");
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("without a proper name"));
	pv_memset(&l, 0, sizeof(l));
	l.stop_at = 2;
	KUNIT_EXPECT_EQ(test, pv_xs_directory(PV_XS_NO_TX, "device", on_name, &l), 42);
	KUNIT_EXPECT_STREQ(test, l.text, "vbd,vif,");
	pv_memset(&l, 0, sizeof(l));
	KUNIT_EXPECT_EQ(test, pv_xs_directory(PV_XS_NO_TX, "device/z", on_name, &l), 0);
	KUNIT_EXPECT_EQ(test, l.n, 0);
}

#define MANY 1500

static int in_order(const char *name, void *arg)
{
	unsigned int *n = arg;
	char want[16], buf[8];

	pv_snprintf(want, sizeof(want), "entry%u", (*n)++);
	/* It may call the store. */
	if (*n % 500 == 0 && pv_xs_read(PV_XS_NO_TX, "many/entry3", buf, sizeof(buf)))
		return -1;
	return pv_strcmp(want, name) ? -2 : 0;
}

static void xenstore_long_lists(struct kunit *test)
{
	unsigned int i, n = 0;
	char path[32];

	for (i = 0; i < MANY; i++) {
		pv_snprintf(path, sizeof(path), "many/entry%u", i);
		pv_fake_xs_write(path, "");
	}
	KUNIT_EXPECT_EQ(test, pv_xs_directory(PV_XS_NO_TX, "many", in_order, &n), 0);
	KUNIT_EXPECT_EQ(test, n, MANY);
	/* It changes while it is read: begun again, so that what is seen is one list. */
	pv_fake_xs.list_churn = 3;
	n = 0;
	KUNIT_EXPECT_EQ(test, pv_xs_directory(PV_XS_NO_TX, "many", in_order, &n), 0);
	KUNIT_EXPECT_EQ(test, n, MANY);
	pv_fake_xs.list_stuck = true;
	KUNIT_EXPECT_EQ(test, pv_xs_directory(PV_XS_NO_TX, "many", in_order, &n), PV_EPROTO);
	pv_fake_xs.list_stuck = false;
	pv_fake_xs.list_churn = 1000000;
	n = 0;
	KUNIT_EXPECT_EQ(test, pv_xs_directory(PV_XS_NO_TX, "many", in_order, &n), PV_EAGAIN);
	KUNIT_EXPECT_EQ(test, n, 0);
}

/*
 * --- several requests under way -----------------------------------------------------------------
 */

static void xenstore_gathers(struct kunit *test)
{
	uint64_t v[20];
	char key[20][8], path[16];
	struct pv_xs_item item[20];
	unsigned int i, round;

	for (i = 0; i < 20; i++) {
		pv_snprintf(key[i], sizeof(key[i]), "k%u", i);
		item[i].key = key[i];
		item[i].value = &v[i];
		item[i].def = 1000 + i;
		if (i % 5 == 0)
			continue;
		pv_snprintf(path, sizeof(path), "g/k%u", i);
		pv_fake_xs_printf(path, i % 5 == 1 ? "%u?" : "%u", i);
	}
	for (round = 0; round < 3; round++) {
		/* Replies in the order of the requests, backwards, and in pieces. */
		pv_fake_xs.reverse = round == 1;
		pv_fake_xs.chunk = round == 2 ? 5 : 0;
		pv_memset(v, 0xaa, sizeof(v));
		KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, "g", item, 20), 0);
		for (i = 0; i < 20; i++) {
			KUNIT_EXPECT_EQ(test, item[i].err,
					i % 5 == 0   ? PV_ENOENT
					: i % 5 == 1 ? PV_EINVAL
						     : 0);
			KUNIT_EXPECT_EQ(test, v[i], i % 5 < 2 ? 1000 + i : i);
		}
	}
	KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, "g", item, 0), 0);
	pv_fake_xs.fail = "EIO";
	KUNIT_EXPECT_EQ(test, pv_xs_gather(PV_XS_NO_TX, "g", item, 20), PV_EIO);
}

static void read_request(struct pv_xs_req *req, const char *path, char *reply, size_t size)
{
	pv_memset(req, 0, sizeof(*req));
	req->type = XS_READ;
	req->part[0].p = path;
	req->part[0].len = pv_strlen(path) + 1;
	req->reply = reply;
	req->reply_size = size;
}

/* Awaited in another order than they were made, and answered in a third. */
static void xenstore_in_flight(struct kunit *test)
{
	char reply[4][4] = {{0}};
	struct pv_xs_req req[4];
	static const char *const path[] = {"p0", "p1", "p2", "p3"};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		pv_fake_xs_printf(path[i], "v%u", i);
		read_request(&req[i], path[i], reply[i], sizeof(reply[i]));
	}
	pv_fake_xs.reverse = true;
	pv_fake_xs.hold = true;
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, pv_xs_submit(&req[i]), 0);
	pv_xs_poll();
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, req[i].stage, PV_XS_SENT);
	pv_fake_xs.hold = false;
	KUNIT_EXPECT_EQ(test, pv_xs_await(&req[2]), 2);
	KUNIT_EXPECT_EQ(test, pv_xs_await(&req[0]), 2);
	KUNIT_EXPECT_EQ(test, pv_xs_await(&req[3]), 2);
	KUNIT_EXPECT_EQ(test, pv_xs_await(&req[1]), 2);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, reply[i][1], '0' + (char)i);
}

/* --- transactions ----------------------------------------------------------------------------- */

static unsigned int bodies;
static int body_result;

static int body(pv_xs_tx tx, void *arg)
{
	struct kunit *test = arg;
	char buf[8];

	bodies++;
	KUNIT_EXPECT_NE(test, tx, PV_XS_NO_TX);
	KUNIT_EXPECT_EQ(test, pv_xs_write(tx, "t/one", "1"), 0);
	KUNIT_EXPECT_EQ(test, pv_xs_read(tx, "t/one", buf, sizeof(buf)), 1);
	/* Nobody else sees it. */
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "t/one", buf, sizeof(buf)), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_xs_write(tx, "t/two", "2"), 0);
	return body_result;
}

static void xenstore_transaction(struct kunit *test)
{
	bodies = 0;
	body_result = 0;
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(body, test), 0);
	KUNIT_EXPECT_EQ(test, bodies, 1);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("t/one"), "1");
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("t/two"), "2");
}

static void xenstore_transaction_conflicts(struct kunit *test)
{
	bodies = 0;
	body_result = 0;
	pv_fake_xs.conflicts = 5;
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(body, test), 0);
	KUNIT_EXPECT_EQ(test, bodies, 6);
	KUNIT_EXPECT_STREQ(test, pv_fake_xs_read("t/two"), "2");
	pv_fake_xs_rm("t");
	bodies = 0;
	pv_fake_xs.conflicts = 1000000;
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(body, test), PV_EAGAIN);
	KUNIT_EXPECT_EQ(test, bodies, PV_CONFIG_XS_RETRIES);
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("t/one"));
}

static void xenstore_transaction_ends(struct kunit *test)
{
	bodies = 0;
	body_result = PV_ENOMEM;
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(body, test), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, bodies, 1);
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read("t/one"));
	body_result = PV_EAGAIN;
	bodies = 0;
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(body, test), PV_EAGAIN);
	KUNIT_EXPECT_EQ(test, bodies, PV_CONFIG_XS_RETRIES);
	pv_fake_xs.fail = "ENOSPC";
	KUNIT_EXPECT_EQ(test, pv_xs_transaction(body, test), PV_ENOSPC);
}

static int nested(pv_xs_tx tx, void *arg)
{
	unsigned int *depth = arg;

	(void)tx;
	return ++*depth < 10 ? pv_xs_transaction(nested, depth) : 0;
}

static void xenstore_transactions_nested(struct kunit *test)
{
	unsigned int depth = 0;

	KUNIT_EXPECT_EQ(test, pv_xs_transaction(nested, &depth), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, depth, 4);
}

static struct kunit_case xenstore_cases[] = {
	KUNIT_CASE(xenstore_reads),
	KUNIT_CASE(xenstore_numbers),
	KUNIT_CASE(xenstore_longest),
	KUNIT_CASE(xenstore_dribbles),
	KUNIT_CASE(xenstore_writes),
	KUNIT_CASE(xenstore_other_operations),
	KUNIT_CASE(xenstore_lists),
	KUNIT_CASE(xenstore_long_lists),
	KUNIT_CASE(xenstore_gathers),
	KUNIT_CASE(xenstore_in_flight),
	KUNIT_CASE(xenstore_transaction),
	KUNIT_CASE(xenstore_transaction_conflicts),
	KUNIT_CASE(xenstore_transaction_ends),
	KUNIT_CASE(xenstore_transactions_nested),
	{},
};

static struct kunit_suite xenstore_suite = {
	.name = "xenstore",
	.init = store_init,
	.exit = store_exit,
	.test_cases = xenstore_cases,
};

kunit_test_suite(xenstore_suite);
