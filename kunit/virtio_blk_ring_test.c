/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio block driver where a request, or a device, does not fit: pieces that the device does
 * not take, and a reset that does not end.
 *
 * Covers: drivers/virtio/virtio_blk_ring.c drivers/virtio/virtio_blk.c
 */
#include "counting.h"
#include "fake_disk.h"

/* A block that is in more pieces than the device takes: refused, as nothing is copied. */
static void block_in_too_many_pieces(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int i;

	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, seg_max), 2);
	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, blk_size), 4096);
	fake_disk_up(test);
	fake_disk_request(d, 0, PV_BLK_READ, 0, 1);
	for (i = 0; i < 3; i++) {
		d->seg[0][i].va = d->mem + i * 1024;
		d->seg[0][i].len = i < 2 ? 1024 : 2048;
	}
	d->req[0].num_segs = 3;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, &d->req[0]), 0);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->req[0].status, PV_EINVAL);
	KUNIT_EXPECT_EQ(test, d->fake.reads, 0u);
	/* In two it is taken. */
	d->seg[0][1].len = 3072;
	d->req[0].num_segs = 2;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, &d->req[0]), 0);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->req[0].status, 0);
}

/* It needs a reset, and does not do it: its memory is not used again, and requests end. */
static void reset_that_does_not_end(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int i, kept = pv_fake.live_pages;

	fake_disk_up(test);
	fake_disk_submit(test, 0, 5);
	d->fake.f.deaf = true;
	fake_virtio_needs_reset(&d->fake.f);
	KUNIT_EXPECT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_BROKEN);
	while (pv_blk_poll(d->q, 64))
		;
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, d->done[i], 1u);
		KUNIT_EXPECT_LT(test, d->req[i].status, 0);
	}
	KUNIT_EXPECT_GT(test, pv_fake.live_pages, kept);
	/* Given to nobody by the library; to the machine by the test. */
	pv_fake_pages_forget(kept);
}

/* After a reset it takes no DISCARD any more: the kernel is told, and requests are refused. */
static void less_after_a_reset(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	d->fake.f.offered |= BIT64(VIRTIO_BLK_F_DISCARD);
	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, max_discard_sectors), 64);
	fake_disk_up(test);
	pv_blk_on_change(d->blk, counting, &d->changes);
	KUNIT_EXPECT_NE(test, d->blk->flags & PV_BLK_F_DISCARD, 0u);
	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, max_discard_sectors), 0);
	fake_virtio_needs_reset(&d->fake.f);
	KUNIT_EXPECT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_LIVE);
	KUNIT_EXPECT_EQ(test, d->changes, 1u);
	fake_disk_request(d, 0, PV_BLK_DISCARD, 0, 0)->num_sectors = 8;
	KUNIT_EXPECT_EQ(test, pv_blk_submit(d->q, &d->req[0]), PV_ENOTSUP);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(block_in_too_many_pieces),
	KUNIT_CASE(reset_that_does_not_end),
	KUNIT_CASE(less_after_a_reset),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio_blk_ring",
	.init = fake_disk_init,
	.exit = fake_disk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
