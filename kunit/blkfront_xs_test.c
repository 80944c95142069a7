/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The Xen block frontend's negotiation and life: what both sides write, what a backend may say
 * the disk is, probes that fail anywhere, disks that grow, and folders that a predecessor left.
 *
 * Covers: drivers/blkfront/blkfront_xs.c
 */
#include "counting.h"
#include "fake_vbd.h"

#include <pv/log.h>
#include <pv/string.h>

static long front(struct fake_vbd *v, const char *key)
{
	char path[128];

	pv_snprintf(path, sizeof(path), "%s/%s", v->back.front, key);
	return pv_fake_xs_number(path);
}

static const char *front_text(struct fake_vbd *v, const char *key)
{
	char path[128];

	pv_snprintf(path, sizeof(path), "%s/%s", v->back.front, key);
	return pv_fake_xs_read(path);
}

static void front_write(struct fake_vbd *v, const char *key, const char *value)
{
	char path[128];

	pv_snprintf(path, sizeof(path), "%s/%s", v->back.front, key);
	pv_fake_xs_write(path, value);
}

static void back_write(struct fake_vbd *v, const char *key, const char *value)
{
	char path[160];

	pv_snprintf(path, sizeof(path), "%s/%s", v->back.back, key);
	pv_fake_xs_write(path, value);
}

/* --- ring ------------------------------------------------------------------------------------- */

static const struct rings {
	int max_order, max_pages, pages;
} rings[] = {
	{-1, -1, 1}, {0, -1, 1}, {1, -1, 2},  {4, -1, 2}, {1, 1, 2},  {-1, 1, 1},
	{-1, 2, 2},  {-1, 3, 2}, {-1, 16, 2}, {0, 16, 1}, {-1, 0, 1},
};

static void rings_name(const struct rings *r, char *desc)
{
	pv_snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %d, pages %d", r->max_order, r->max_pages);
}

KUNIT_ARRAY_PARAM(rings, rings, rings_name);

/* The size is what both take; what another size needs, and a predecessor wrote, is not there. */
static void ring_size(struct kunit *test)
{
	const struct rings *r = test->param_value;
	struct fake_vbd *v = test->priv;
	bool many = r->pages > 1;

	v->back.max_ring_order = r->max_order;
	v->back.max_ring_pages = r->max_pages;
	pv_snprintf(v->back.front, sizeof(v->back.front), PV_FAKE_XS_HOME "/device/vbd/51712");
	front_write(v, "ring-ref", "9999");
	front_write(v, "ring-ref0", "9999");
	front_write(v, "ring-page-order", "3");
	front_write(v, "num-ring-pages", "8");
	front_write(v, "multi-queue-num-queues", "4");
	front_write(v, "feature-large-sector-size", "1");
	fake_blkback_plug(&v->back, 51712);
	/* The backend of this test reads order alone. */
	if (r->max_order < 0 && many)
		v->back.max_ring_order = 1;
	fake_vbd_open(test);
	KUNIT_EXPECT_EQ(test, v->back.pages, (unsigned int)r->pages);
	KUNIT_EXPECT_EQ(test, v->bf->ring.size, 32u * (unsigned int)r->pages);
	KUNIT_EXPECT_EQ(test, v->bf->ring.size, v->back.size);
	KUNIT_EXPECT_EQ(test, front(v, "ring-page-order"), many ? 1 : -1);
	KUNIT_EXPECT_EQ(test, front(v, "num-ring-pages"), many ? 2 : -1);
	KUNIT_EXPECT_EQ(test, front(v, "ring-ref") >= 0, !many);
	KUNIT_EXPECT_EQ(test, front(v, "multi-queue-num-queues"), -1);
	KUNIT_EXPECT_EQ(test, front(v, "feature-large-sector-size"), -1);
	fake_vbd_submit(test, 0, PV_BLK_READ, 0, 100);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->req[0].status, 0);
}

static void nodes(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, front(v, "state"), XenbusStateConnected);
	KUNIT_EXPECT_EQ(test, front(v, "event-channel"), v->bf->port);
	KUNIT_EXPECT_STREQ(test, front_text(v, "protocol"), "x86_64-abi");
	KUNIT_EXPECT_EQ(test, front(v, "feature-persistent"), 1);
	KUNIT_EXPECT_EQ(test, v->bf->handle, 51712);
	KUNIT_EXPECT_EQ(test, v->back.connects, 1u);
}

/* A port that has no pages side by side. */
static void single_pages(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	pv_fake.pages_max = 1;
	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, v->back.pages, 1u);
	pv_fake.pages_max = 0;
}

/* --- what the disk is ------------------------------------------------------------------------- */

static const struct disk {
	const char *name, *sectors;
	int size, physical, indirect;
	/* What is to come of it; block 0: refused. */
	uint32_t block, physical_block;
	uint64_t capacity;
} disks[] = {
	{"512", "2048", 512, -1, -1, 512, 512, 2048},
	{"no sector-size", "2048", -1, -1, -1, 512, 512, 2048},
	{"512e", "2048", 512, 4096, -1, 512, 4096, 2048},
	{"4096", "2048", 4096, -1, 256, 4096, 4096, 2048},
	{"4096, odd capacity", "2047", 4096, 4096, 256, 4096, 4096, 2040},
	{"2048, CD", "20000", 2048, 2048, 0, 2048, 2048, 20000},
	{"65536 in 32 segments", "2048", 65536, -1, 256, 65536, 65536, 2048},
	{"65536 in 11 segments", "2048", 65536, -1, -1, 0, 0, 0},
	{"physical below logical", "2048", 4096, 512, -1, 4096, 4096, 2048},
	{"physical no power of two", "2048", 512, 5000, -1, 512, 512, 2048},
	{"empty", "0", 512, -1, -1, 512, 512, 0},
	{"large", "281474976710655", 512, -1, -1, 512, 512, 281474976710655},
	{"too large", "281474976710656", 512, -1, -1, 0, 0, 0},
	{"no number", "many", 512, -1, -1, 0, 0, 0},
	{"negative", "-1", 512, -1, -1, 0, 0, 0},
	{"beyond 64 bits", "99999999999999999999", 512, -1, -1, 0, 0, 0},
	{"nothing", NULL, 512, -1, -1, 0, 0, 0},
	{"block of 0", "2048", 0, -1, -1, 0, 0, 0},
	{"block of 256", "2048", 256, -1, -1, 0, 0, 0},
	{"block of 513", "2048", 513, -1, -1, 0, 0, 0},
	{"block of 128 KiB", "2048", 131072, -1, 256, 0, 0, 0},
};

static void disk_name(const struct disk *d, char *desc)
{
	strscpy(desc, d->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(disk, disks, disk_name);

static void properties(struct kunit *test)
{
	const struct disk *d = test->param_value;
	struct fake_vbd *v = test->priv;

	v->back.sectors = d->sectors;
	v->back.sector_size = d->size;
	v->back.physical_sector_size = d->physical;
	v->back.indirect = d->indirect;
	if (!d->block) {
		fake_vbd_plug(test);
		KUNIT_ASSERT_NOT_NULL(test, v->dev);
		KUNIT_EXPECT_EQ(test, v->dev->state, PV_DEV_FOUND);
		KUNIT_EXPECT_NULL(test, pv_blk_open(0));
		KUNIT_EXPECT_EQ(test, pv_fake_xen_granted(), v->granted);
		KUNIT_EXPECT_NOT_NULL(test, pv_fake_xs_read("error/device/vbd/51712/error"));
		return;
	}
	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, v->blk->logical_block, d->block);
	KUNIT_EXPECT_EQ(test, v->blk->physical_block, d->physical_block);
	KUNIT_EXPECT_EQ(test, v->blk->capacity, d->capacity);
}

/*
 * Blocks of 4096: whatever begins or ends elsewhere is refused, and sectors are of 512 all the
 * same.
 */
static void large_blocks(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.sector_size = 4096;
	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(v->q, fake_vbd_request(v, 0, PV_BLK_READ, 4, 1)),
			PV_EINVAL);
	fake_vbd_request(v, 0, PV_BLK_READ, 8, 1);
	v->seg[0][0].len = 512;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(v->q, &v->req[0]), PV_EINVAL);
	fake_vbd_submit(test, 0, PV_BLK_READ, 8, 50);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->req[0].status, 0);
	KUNIT_EXPECT_EQ(test, memcmp(v->mem, v->back.disk + 4096, 50 * 4096), 0);
}

static const struct flags {
	int info, discard;
	const char *mode;
	uint32_t flags;
} all_flags[] = {
	{0, 0, "w", PV_BLK_F_SYNC},
	{0, 1, "w", PV_BLK_F_SYNC | PV_BLK_F_DISCARD},
	{-1, -1, NULL, PV_BLK_F_SYNC},
	{VDISK_READONLY, 0, "w", PV_BLK_F_SYNC | PV_BLK_F_READ_ONLY},
	{0, 0, "r", PV_BLK_F_SYNC | PV_BLK_F_READ_ONLY},
	{VDISK_CDROM | VDISK_REMOVABLE | VDISK_READONLY, 0, "r",
	 PV_BLK_F_SYNC | PV_BLK_F_CDROM | PV_BLK_F_REMOVABLE | PV_BLK_F_READ_ONLY},
	{VDISK_REMOVABLE, 0, "w!", PV_BLK_F_SYNC | PV_BLK_F_REMOVABLE},
	{0x7ff8, 0, "w", PV_BLK_F_SYNC},
};

static void flags_name(const struct flags *f, char *desc)
{
	pv_snprintf(desc, KUNIT_PARAM_DESC_SIZE, "info %d, discard %d, mode %s", f->info,
		    f->discard, f->mode ? f->mode : "none");
}

KUNIT_ARRAY_PARAM(flags, all_flags, flags_name);

static void flags(struct kunit *test)
{
	const struct flags *f = test->param_value;
	struct fake_vbd *v = test->priv;

	v->back.info = f->info;
	v->back.discard = f->discard;
	v->back.mode = f->mode;
	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, v->blk->flags, f->flags);
	fake_vbd_request(v, 0, PV_BLK_WRITE, 0, 1);
	if (f->flags & PV_BLK_F_READ_ONLY) {
		KUNIT_EXPECT_EQ(test, pv_blk_submit(v->q, &v->req[0]), PV_EROFS);
		return;
	}
	KUNIT_EXPECT_EQ(test, pv_blk_submit(v->q, &v->req[0]), 0);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->req[0].status, 0);
}

static const struct segs {
	int indirect;
	uint32_t segs;
} all_segs[] = {{-1, 11}, {0, 11},  {5, 11},   {11, 11},
		{12, 12}, {31, 31}, {256, 32}, {0x7fffffff, 32}};

static void segs_name(const struct segs *s, char *desc)
{
	pv_snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d", s->indirect);
}

KUNIT_ARRAY_PARAM(segs, all_segs, segs_name);

static void segments(struct kunit *test)
{
	const struct segs *s = test->param_value;
	struct fake_vbd *v = test->priv;

	v->back.indirect = s->indirect;
	fake_vbd_up(test);
	KUNIT_EXPECT_EQ(test, v->bf->max_segs, s->segs);
	fake_vbd_submit(test, 0, PV_BLK_READ, 0, 64);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->req[0].status, 0);
	KUNIT_EXPECT_EQ(test, v->back.largest, s->segs * 8);
	KUNIT_EXPECT_EQ(test, v->back.bad, 0u);
}

/* --- a disk that changes ---------------------------------------------------------------------- */

static void resized(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.sectors = "1000";
	fake_vbd_up(test);
	pv_blk_on_change(v->blk, counting, &v->changes);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(v->q, fake_vbd_request(v, 0, PV_BLK_READ, 1000, 1)),
			PV_EINVAL);
	back_write(v, "sectors", "2048");
	fake_vbd_work();
	KUNIT_EXPECT_EQ(test, v->blk->capacity, 2048ull);
	KUNIT_EXPECT_EQ(test, v->changes, 1u);
	fake_vbd_submit(test, 0, PV_BLK_READ, 1000, 1);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->req[0].status, 0);
	/* As Linux's backend says so. */
	back_write(v, "state", "4");
	fake_vbd_work();
	KUNIT_EXPECT_EQ(test, v->changes, 1u);
	/* What cannot be is not believed. */
	back_write(v, "sectors", "many");
	fake_vbd_work();
	back_write(v, "sectors", "18446744073709551615");
	fake_vbd_work();
	KUNIT_EXPECT_EQ(test, v->blk->capacity, 2048ull);
	KUNIT_EXPECT_EQ(test, v->changes, 1u);
	back_write(v, "sectors", "100");
	fake_vbd_work();
	KUNIT_EXPECT_EQ(test, v->blk->capacity, 100ull);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(v->q, fake_vbd_request(v, 0, PV_BLK_READ, 96, 1)),
			PV_EINVAL);
}

/* --- coming and going ------------------------------------------------------------------------- */

static void plugged_and_unplugged(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i, pages = 0;

	for (i = 0; i < 3; i++) {
		v->back.persistent = i % 2;
		fake_vbd_up(test);
		fake_vbd_submit(test, 0, PV_BLK_READ, 0, 1);
		fake_vbd_run(v);
		pv_blk_close(v->blk);
		v->blk = NULL;
		back_write(v, "online", "0");
		fake_blkback_state(&v->back, XenbusStateClosing);
		fake_vbd_work();
		KUNIT_EXPECT_EQ(test, front(v, "state"), XenbusStateClosed);
		fake_vbd_expect_clean(test);
		KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), v->ports);
		fake_vbd_unplug(v);
		KUNIT_EXPECT_NULL(test, v->dev);
		KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, v->allocs);
		/* The grant table has grown. */
		pages = i ? pages : pv_fake.live_pages;
		KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	}
}

/* A backend that never answers: the wait ends, and nothing is left. */
static void never_connects(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.never_connects = true;
	fake_vbd_plug(test);
	KUNIT_ASSERT_NOT_NULL(test, v->dev);
	KUNIT_EXPECT_EQ(test, v->dev->state, PV_DEV_FOUND);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("awaited of the backend: Connected"));
	fake_vbd_expect_clean(test);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), v->ports);
}

/* A predecessor left the device connected, with its own ring. */
static void predecessor(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	pv_fake_xs_device("vbd", 51712, v->back.back, sizeof(v->back.back));
	pv_snprintf(v->back.front, sizeof(v->back.front), PV_FAKE_XS_HOME "/device/vbd/51712");
	front_write(v, "ring-ref", "12");
	front_write(v, "event-channel", "3");
	front_write(v, "state", "4");
	back_write(v, "state", "4");
	fake_vbd_work();
	v->blk = pv_blk_open(0);
	KUNIT_ASSERT_NOT_NULL(test, v->blk);
	KUNIT_EXPECT_EQ(test, v->back.connects, 1u);
	KUNIT_EXPECT_EQ(test, front(v, "state"), XenbusStateConnected);
}

/*
 * Every allocation, and every hypercall, fails once: nothing is left, and the next attempt works.
 */
static void probe_fails_anywhere(struct kunit *test, bool calls)
{
	struct fake_vbd *v = test->priv;
	unsigned int n;

	v->back.persistent = !calls;
	for (n = 1; n < 1000; n++) {
		fake_blkback_plug(&v->back, 51712);
		if (calls) {
			pv_fake_xen.fail_at = n;
			pv_fake_xen.fail_with = PV_ENOSPC;
		} else {
			pv_fake.alloc_fail_at = n;
		}
		fake_vbd_work();
		if (calls ? pv_fake_xen.fail_at : pv_fake.alloc_fail_at)
			break;
		fake_vbd_unplug(v);
		fake_vbd_work();
		fake_vbd_expect_clean(test);
		KUNIT_ASSERT_EQ(test, pv_fake_xen_ports(), v->ports);
		KUNIT_ASSERT_EQ(test, pv_fake.live_allocs, v->allocs);
	}
	pv_fake_xen.fail_at = 0;
	pv_fake.alloc_fail_at = 0;
	KUNIT_EXPECT_GT(test, n, 10u);
	fake_vbd_unplug(v);
	fake_vbd_up(test);
}

static void probe_without_memory(struct kunit *test)
{
	probe_fails_anywhere(test, false);
}

static void probe_without_hypercall(struct kunit *test)
{
	probe_fails_anywhere(test, true);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(ring_size, rings_gen_params),
	KUNIT_CASE(nodes),
	KUNIT_CASE(single_pages),
	KUNIT_CASE_PARAM(properties, disk_gen_params),
	KUNIT_CASE(large_blocks),
	KUNIT_CASE_PARAM(flags, flags_gen_params),
	KUNIT_CASE_PARAM(segments, segs_gen_params),
	KUNIT_CASE(resized),
	KUNIT_CASE(plugged_and_unplugged),
	KUNIT_CASE(never_connects),
	KUNIT_CASE(predecessor),
	KUNIT_CASE(probe_without_memory),
	KUNIT_CASE(probe_without_hypercall),
	{},
};

static struct kunit_suite suite = {
	.name = "blkfront_xs",
	.init = fake_vbd_init,
	.exit = fake_vbd_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
