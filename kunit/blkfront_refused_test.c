/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The Xen block frontend where something of a probe is refused: a node, the last grants, a page.
 * There is no disk then, and nothing is left; or there is one, and it has all that it needs.
 *
 * Covers: drivers/blkfront/blkfront.c drivers/blkfront/blkfront_xs.c
 * drivers/blkfront/blkfront_grants.c
 */
#include "counting.h"
#include "fake_vbd.h"

#include <pv/abi/xen_io.h>
#include <pv/log.h>
#include <pv/string.h>

#define FRONT PV_FAKE_XS_HOME "/device/vbd/51712"

static void back_write(struct fake_vbd *v, const char *key, const char *value)
{
	char path[160];

	pv_snprintf(path, sizeof(path), "%s/%s", v->back.back, key);
	pv_fake_xs_write(path, value);
}

static void expect_refused(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	KUNIT_EXPECT_NULL(test, v->bf);
	KUNIT_EXPECT_NULL(test, pv_blk_open(0));
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), v->ports);
	fake_vbd_expect_clean(test);
}

/* Without the obstacle. */
static void expect_comes_up(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_vbd_unplug(v);
	fake_vbd_up(test);
	fake_vbd_submit(test, 0, PV_BLK_READ, 0, 20);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->req[0].status, 0);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static const char *const backend_keys[] = {
	"sectors",
	"sector-size",
	"physical-sector-size",
	"info",
	"feature-flush-cache",
	"feature-barrier",
	"feature-discard",
	"feature-persistent",
	"feature-max-indirect-segments",
};

static void key_name(const char *const *key, char *desc)
{
	strscpy(desc, *key, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(backend_key, backend_keys, key_name);

/* What the backend does not let us read is not taken to be absent. */
static void backend_node_refused(struct kunit *test)
{
	char path[160];

	pv_snprintf(path, sizeof(path), "/local/domain/0/backend/vbd/5/51712/%s",
		    *(const char *const *)test->param_value);
	pv_fake_xs.deny = path;
	fake_vbd_plug(test);
	expect_refused(test);
	pv_fake_xs.deny = NULL;
	expect_comes_up(test);
}

static const char *const front_keys[] = {
	"ring-ref",	   "ring-ref0",	     "ring-ref1",
	"ring-page-order", "num-ring-pages", "multi-queue-num-queues",
	"event-channel",   "protocol",	     "feature-persistent",
};

KUNIT_ARRAY_PARAM(front_key, front_keys, key_name);

/* Nor does the backend see a part of what we write. */
static void own_node_refused(struct kunit *test)
{
	const char *key = *(const char *const *)test->param_value;
	struct fake_vbd *v = test->priv;
	char path[160];

	pv_snprintf(path, sizeof(path), FRONT "/%s", key);
	pv_fake_xs.deny = path;
	fake_vbd_plug(test);
	expect_refused(test);
	KUNIT_EXPECT_EQ(test, v->back.connects, 0u);
	pv_fake_xs.deny = NULL;
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read(FRONT "/event-channel"));
	expect_comes_up(test);
}

/* What a predecessor may have left is not there, and its folder neither: that is no error. */
static void stale_node_not_there(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	pv_fake_xs.fail = "ENOENT";
	pv_fake_xs.fail_to = XS_RM;
	fake_vbd_up(test);
	KUNIT_EXPECT_NULL(test, pv_fake_xs.fail);
	KUNIT_EXPECT_EQ(test, v->back.connects, 1u);
}

/* A backend that has all its nodes there, and stays in InitWait: it is not connected to. */
static void never_connected(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.never_connects = true;
	fake_blkback_plug(&v->back, 51712);
	back_write(v, "sectors", "2048");
	back_write(v, "sector-size", "512");
	fake_vbd_found(test);
	expect_refused(test);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("awaited of the backend: Connected"));
	KUNIT_EXPECT_NE(test, pv_fake_xs_number(FRONT "/state"), XenbusStateConnected);
}

/* The first node of the transaction cannot be written, whichever it is: nothing of it is. */
static void no_node_written(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	pv_fake_xs.fail = "EIO";
	pv_fake_xs.fail_to = XS_WRITE;
	fake_vbd_plug(test);
	expect_refused(test);
	KUNIT_EXPECT_NULL(test, pv_fake_xs.fail);
	KUNIT_EXPECT_EQ(test, v->back.connects, 0u);
	KUNIT_EXPECT_NULL(test, pv_fake_xs_read(FRONT "/event-channel"));
	expect_comes_up(test);
}

/* Sizes beyond what there is room for in ours. */
static void numbers_of_64_bits(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.max_ring_order = -1;
	v->back.physical = "8589934592";
	fake_blkback_plug(&v->back, 51712);
	back_write(v, "max-ring-pages", "18446744073709551615");
	v->back.max_ring_order = 2;
	fake_vbd_open(test);
	KUNIT_EXPECT_EQ(test, v->bf->ring_order, (unsigned int)PV_CONFIG_BLK_RING_ORDER);
	KUNIT_EXPECT_EQ(test, v->blk->physical_block, 512u);
}

/* --- grants and memory ------------------------------------------------------------------------ */

/* The ring's page takes the last grants but ten: no request finds its eleven. */
static void no_grants_for_a_request(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	struct pv_grant_stats s;
	unsigned int taken;

	v->back.indirect = -1;
	v->back.max_ring_order = 0;
	pv_grant_stats(&s);
	taken = s.max_frames * 512 - 8 - s.reserved - 1 - 10;
	KUNIT_ASSERT_EQ(test, pv_grant_reserve(taken), 0);
	fake_vbd_plug(test);
	KUNIT_EXPECT_NULL(test, v->bf);
	KUNIT_EXPECT_NULL(test, pv_blk_open(0));
	/* With one more it is one request at a time. */
	pv_grant_unreserve(taken);
	fake_vbd_unplug(v);
	KUNIT_ASSERT_EQ(test, pv_grant_reserve(taken - 1), 0);
	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, v->bf->num_parts, 1u);
	pv_grant_unreserve(taken - 1);
}

/* Whether each part has all that it needs. */
static bool whole(const struct blkfront *bf)
{
	unsigned int i;

	for (i = 0; i < bf->num_parts; i++)
		if (!bf->part[i] ||
		    (bf->indirect && (!bf->indirect[i].va || bf->indirect[i].ref <= 0)))
			return false;
	for (i = 0; i < bf->pool_size; i++)
		if (!bf->pool[i].va || bf->pool[i].ref <= 0)
			return false;
	return bf->num_parts;
}

/*
 * Each allocation fails once: there is no disk with a page missing, and the backend is shown no
 * ring that is not whole.
 */
static void pages_missing(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int n, up = 0, persistent;

	for (persistent = 0; persistent < 2; persistent++) {
		v->back.persistent = (int)persistent;
		for (n = 1; n < 1000; n++) {
			pv_fake.alloc_fail_at = n;
			fake_vbd_plug(test);
			if (v->bf) {
				up++;
				KUNIT_ASSERT_TRUE(test, whole(v->bf));
			}
			fake_vbd_unplug(v);
			KUNIT_ASSERT_EQ(test, v->back.bad, 0);
			if (pv_fake.alloc_fail_at)
				break;
		}
		pv_fake.alloc_fail_at = 0;
		KUNIT_EXPECT_GT(test, n, 40u);
		KUNIT_EXPECT_LT(test, n, 1000u);
	}
	KUNIT_EXPECT_GT(test, up, 0u);
}

/* --- pages of the pool ------------------------------------------------------------------------ */

/* More requests than pages: those that find none wait, and all are done. */
static void pool_is_empty(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	struct pv_grant_stats s;
	unsigned int i, taken;

	v->back.persistent = 1;
	pv_grant_stats(&s);
	/* The ring, a page of segments for each request, and 40 for the pool. */
	taken = s.max_frames * 512 - 8 - s.reserved - (2 + 64 + 40);
	KUNIT_ASSERT_EQ(test, pv_grant_reserve(taken), 0);
	fake_vbd_up(test);
	KUNIT_ASSERT_EQ(test, v->bf->pool_size, 40u);
	for (i = 0; i < 60; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, 8 * i, 1);
	KUNIT_EXPECT_EQ(test, v->bf->pool_num_free, 0u);
	KUNIT_EXPECT_EQ(test, v->bf->num_parts - v->bf->num_free, 40u);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->total, 60u);
	for (i = 0; i < 60; i++) {
		KUNIT_EXPECT_EQ(test, v->req[i].status, 0);
		KUNIT_EXPECT_EQ(test, memcmp(v->mem + i * 4096, v->back.disk + i * 4096, 4096), 0);
	}
	KUNIT_EXPECT_EQ(test, v->bf->pool_num_free, 40u);
	pv_grant_unreserve(taken);
}

/* --- a backend that starts again -------------------------------------------------------------- */

/* As the same disk: the kernel is told only if something of it is another. */
static void other_features(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_vbd_up(test);
	pv_blk_on_change(v->blk, counting, &v->changes);
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	KUNIT_EXPECT_EQ(test, v->back.connects, 2u);
	KUNIT_EXPECT_EQ(test, v->changes, 0u);
	v->back.discard = 0;
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	KUNIT_EXPECT_EQ(test, v->changes, 1u);
	KUNIT_EXPECT_EQ(test, v->blk->flags & PV_BLK_F_DISCARD, 0u);
	v->back.sectors = "4096";
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	KUNIT_EXPECT_EQ(test, v->changes, 2u);
	KUNIT_EXPECT_EQ(test, v->blk->capacity, 4096ull);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(backend_node_refused, backend_key_gen_params),
	KUNIT_CASE_PARAM(own_node_refused, front_key_gen_params),
	KUNIT_CASE(stale_node_not_there),
	KUNIT_CASE(never_connected),
	KUNIT_CASE(no_node_written),
	KUNIT_CASE(numbers_of_64_bits),
	KUNIT_CASE(no_grants_for_a_request),
	KUNIT_CASE(pages_missing),
	KUNIT_CASE(pool_is_empty),
	KUNIT_CASE(other_features),
	{},
};

static struct kunit_suite suite = {
	.name = "blkfront_refused",
	.init = fake_vbd_init,
	.exit = fake_vbd_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
