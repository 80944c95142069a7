/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio block driver on a device that needs a reset: what is in flight is done again, in its
 * order, once each; a device that is no longer what it was is broken. And on a device that was
 * taken away.
 *
 * Covers: drivers/virtio/virtio_blk_again.c drivers/virtio/virtio_reset.c
 */
#include "counting.h"
#include "fake_disk.h"

#define IN_FLIGHT 20

static void submit(struct kunit *test, unsigned int i, uint8_t op)
{
	struct fake_disk *d = test->priv;
	unsigned int pages = op == PV_BLK_SYNC ? 0 : 1;

	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, i, op, 8 * i, pages)), 0);
}

/* What went back to those that wait is issued by the first poll. */
static void run(struct fake_disk *d)
{
	pv_blk_poll(d->q, 64);
	fake_disk_run(d);
}

static void expect_back(struct kunit *test, unsigned int n, unsigned int from, int status)
{
	struct fake_disk *d = test->priv;

	while (pv_blk_poll(d->q, 7))
		;
	fake_disk_expect_done(test, n, from, status);
}

static void expect_broken(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	KUNIT_EXPECT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_BROKEN);
	KUNIT_EXPECT_EQ(test,
			pv_blk_submit(d->q, fake_disk_request(d, REQS - 1, PV_BLK_READ, 0, 1)),
			PV_EIO);
	pv_blk_flush(d->q);
	pv_blk_set_event(d->q, NULL, NULL);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 0);
}

/* What the next chain is for: its type and sector; false if there is none. */
static bool next_header(struct kunit *test, struct virtio_blk_outhdr *hdr)
{
	struct fake_disk *d = test->priv;
	static struct fake_chain c;

	if (!fake_vq_next(&d->fake.f, 0, &c))
		return false;
	KUNIT_EXPECT_EQ(test, fake_chain_read(&c, 0, hdr, sizeof(*hdr)), (uint32_t)sizeof(*hdr));
	return true;
}

/*
 * Those that were answered are done once; those that the device did, but nobody saw, are done
 * again. Fault row 38.
 */
static void replayed(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int i;

	fake_disk_up(test);
	pv_blk_set_event(d->q, counting, &d->events);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 0);
	for (i = 0; i < 3 * IN_FLIGHT; i += 3) {
		submit(test, i, PV_BLK_WRITE);
		submit(test, i + 1, PV_BLK_READ);
		submit(test, i + 2, PV_BLK_SYNC);
	}
	pv_blk_flush(d->q);
	fake_blk_run(&d->fake, 7);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 5), 5);
	fake_blk_run(&d->fake, 4);
	d->events = 0;
	pv_blk_poll(d->q, 1);
	fake_virtio_needs_reset(&d->fake.f);
	KUNIT_EXPECT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_LIVE);
	KUNIT_EXPECT_EQ(test, d->total, 6u);
	run(d);
	expect_back(test, 3 * IN_FLIGHT, 0, 0);
	for (i = 0; i < 3 * IN_FLIGHT; i++)
		KUNIT_EXPECT_EQ(test, d->req[i].status, 0);
	/* Of 60, 6 were seen; 5 more were done twice. */
	KUNIT_EXPECT_EQ(test, d->fake.reads + d->fake.writes + d->fake.flushes, 65u);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(d->q)->errors, 0ull);
	/* Resets: of the probe, of the recovery, which stops, ends and begins. */
	KUNIT_EXPECT_EQ(test, d->fake.f.resets, 4u);
}

/* Whatever heads the parts had: some were answered out of order, and used again. Fault row 38. */
static void in_their_order(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	struct fake_chain *c = kunit_kzalloc(test, 8 * sizeof(*c), GFP_KERNEL);
	static const uint8_t ok = VIRTIO_BLK_S_OK;
	struct virtio_blk_outhdr hdr = {0};
	unsigned int i;

	d->fake.f.q[0].max = 16;
	fake_disk_up(test);
	fake_disk_submit(test, 0, 8);
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_TRUE(test, fake_vq_next(&d->fake.f, 0, &c[i]));
	for (i = 7; i; i -= 2) {
		fake_chain_write(&c[i], 4096, &ok, 1);
		fake_vq_used(&d->fake.f, 0, c[i].head, 4097);
		if (i == 1)
			break;
	}
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 4);
	/* Fills the ring, and 4 wait. */
	fake_disk_submit(test, 8, 4);
	submit(test, 12, PV_BLK_SYNC);
	fake_disk_submit(test, 13, 11);
	KUNIT_ASSERT_NOT_NULL(test, d->q->waiting.head);
	fake_virtio_needs_reset(&d->fake.f);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 0);
	for (i = 0; i < 8 + 8; i++) {
		unsigned int number = i < 4 ? 2 * i : i + 4;

		KUNIT_ASSERT_TRUE(test, next_header(test, &hdr));
		KUNIT_EXPECT_EQ(test, hdr.type,
				number == 12 ? VIRTIO_BLK_T_FLUSH : VIRTIO_BLK_T_IN);
		if (number != 12)
			KUNIT_EXPECT_EQ(test, hdr.sector, 8ull * number);
	}
	KUNIT_EXPECT_FALSE(test, next_header(test, &hdr));
	/* The device forgot them: once more. */
	fake_virtio_needs_reset(&d->fake.f);
	pv_blk_poll(d->q, 64);
	run(d);
	expect_back(test, 24, 0, 0);
}

/* With parts on the ring, parts to come, and an end that no reader is told of twice. */
static void in_parts(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	d->fake.f.q[0].max = 8;
	d->fake.f.offered &= ~INDIRECT;
	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, size_max), 512);
	fake_disk_up(test);
	fake_disk_submit(test, 0, 5);
	KUNIT_ASSERT_EQ(test, d->req[0].lib.parts, 1);
	fake_blk_run(&d->fake, 1);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 1), 1);
	fake_virtio_needs_reset(&d->fake.f);
	run(d);
	expect_back(test, 5, 0, 0);
	KUNIT_EXPECT_EQ(test, memcmp(d->mem, d->fake.disk, 5 * 4096), 0);
	/* The whole of the first request began anew. */
	KUNIT_EXPECT_GT(test, d->fake.reads, 5u);
}

/* The memory is taken back before it is lent again; and what fails then waits. */
static void lent_again(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int lent;

	fake_virtio_lends(test, &d->fake.f);
	fake_disk_up(test);
	lent = d->fake.f.lent;
	fake_disk_submit(test, 0, IN_FLIGHT);
	fake_virtio_needs_reset(&d->fake.f);
	KUNIT_EXPECT_EQ(test, d->fake.f.taken, 0u);
	d->fake.f.share_fails_at = 3;
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 0);
	run(d);
	expect_back(test, IN_FLIGHT, 0, 0);
	KUNIT_EXPECT_EQ(test, d->fake.f.lent, lent);
}

/* Fault row 39 */
static void lacks_a_feature(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	fake_disk_up(test);
	pv_blk_on_change(d->blk, counting, &d->changes);
	fake_disk_submit(test, 0, IN_FLIGHT);
	d->fake.f.offered &= ~BIT64(VIRTIO_BLK_F_FLUSH);
	fake_virtio_needs_reset(&d->fake.f);
	KUNIT_EXPECT_EQ(test, d->changes, 1u);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("before the reset"));
	KUNIT_EXPECT_EQ(test, d->fake.f.status, VIRTIO_CONFIG_S_FAILED);
	expect_back(test, IN_FLIGHT, 0, PV_ENOTSUP);
	expect_broken(test);
}

static void has_more(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	d->fake.f.offered &= ~(BIT64(VIRTIO_BLK_F_FLUSH) | INDIRECT);
	fake_disk_up(test);
	pv_blk_on_change(d->blk, counting, &d->changes);
	fake_disk_submit(test, 0, IN_FLIGHT);
	d->fake.f.offered |= BIT64(VIRTIO_BLK_F_FLUSH) | INDIRECT;
	fake_config64(&d->fake.f, offsetof(struct virtio_blk_config, capacity), 1000);
	fake_virtio_needs_reset(&d->fake.f);
	KUNIT_EXPECT_EQ(test, d->changes, 1u);
	KUNIT_EXPECT_EQ(test, d->blk->capacity, 1000ull);
	KUNIT_EXPECT_TRUE(test, d->blk->flags & PV_BLK_F_SYNC);
	run(d);
	expect_back(test, IN_FLIGHT, 0, 0);
}

static void other_blocks(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	fake_disk_up(test);
	fake_disk_submit(test, 0, IN_FLIGHT);
	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, blk_size), 4096);
	fake_virtio_needs_reset(&d->fake.f);
	expect_back(test, IN_FLIGHT, 0, PV_ERESET);
	expect_broken(test);
}

/* Each allocation of the new rings fails once: lost, and nothing is left. */
static void no_memory(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int n, allocs = pv_fake.live_allocs, pages = pv_fake.live_pages;
	bool good;

	d->fake.f.q[0].max = 4;
	for (n = 1; n < 100; n++) {
		pv_memset(d->done, 0, sizeof(d->done));
		d->total = 0;
		fake_disk_up(test);
		fake_disk_submit(test, 0, 8);
		pv_fake.alloc_fail_at = n;
		fake_virtio_needs_reset(&d->fake.f);
		good = pv_fake.alloc_fail_at;
		pv_fake.alloc_fail_at = 0;
		if (good)
			break;
		expect_back(test, 8, 0, PV_ERESET);
		expect_broken(test);
		pv_blk_close(d->blk);
		d->blk = NULL;
		fake_virtio_unplug(&d->fake.f);
		KUNIT_ASSERT_EQ(test, pv_fake.live_allocs, allocs);
		KUNIT_ASSERT_EQ(test, pv_fake.live_pages, pages);
	}
	KUNIT_EXPECT_GT(test, n, 5u);
	run(d);
	expect_back(test, 8, 0, 0);
}

/* A request that makes it need a reset does so again when it is replayed. Fault row 38. */
static void again_and_again(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int i;

	fake_disk_up(test);
	for (i = 0; i < 20; i++) {
		fake_disk_submit(test, i, 1);
		fake_virtio_needs_reset(&d->fake.f);
		run(d);
		KUNIT_ASSERT_EQ(test, d->total, i + 1);
	}
	fake_disk_submit(test, 20, 5);
	for (i = 0; i < 20 && d->total == 20; i++) {
		KUNIT_ASSERT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_LIVE);
		fake_virtio_needs_reset(&d->fake.f);
		pv_blk_poll(d->q, 64);
	}
	KUNIT_EXPECT_EQ(test, i, 5u);
	expect_back(test, 25, 20, PV_ERESET);
	expect_broken(test);
}

/* What lied is not given another chance by its wish for a reset. */
static void after_a_lie(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	fake_disk_up(test);
	fake_disk_submit(test, 0, IN_FLIGHT);
	fake_vq_used(&d->fake.f, 0, 999, 1);
	pv_blk_poll(d->q, 1);
	fake_virtio_needs_reset(&d->fake.f);
	expect_back(test, IN_FLIGHT, 0, PV_EPROTO);
	expect_broken(test);
}

/*
 * Taken away without notice: nothing waits for it, and all that it had is the guest's again.
 * Fault row 43.
 */
static void taken_away(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	uint64_t before;

	d->fake.f.q[0].max = 8;
	fake_disk_up(test);
	fake_disk_submit(test, 0, IN_FLIGHT);
	before = pv_fake.now;
	d->fake.f.absent = true;
	pv_virtio_irq_config(&d->fake.f.vd);
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 1);
	KUNIT_EXPECT_EQ(test, pv_fake.now, before);
	KUNIT_EXPECT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_GONE);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 64u);
	expect_back(test, IN_FLIGHT, 0, PV_EGONE);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_READ, 0, 1)),
			PV_EGONE);
}

/* It is gone when it is asked for a reset. */
static void taken_away_at_the_end(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	uint64_t before;

	fake_disk_up(test);
	fake_disk_submit(test, 0, IN_FLIGHT);
	before = pv_fake.now;
	d->fake.f.absent = true;
	fake_virtio_unplug(&d->fake.f);
	KUNIT_EXPECT_EQ(test, pv_fake.now, before);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 64u);
	expect_back(test, IN_FLIGHT, 0, PV_EGONE);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(replayed),
	KUNIT_CASE(in_their_order),
	KUNIT_CASE(in_parts),
	KUNIT_CASE(lent_again),
	KUNIT_CASE(lacks_a_feature),
	KUNIT_CASE(has_more),
	KUNIT_CASE(other_blocks),
	KUNIT_CASE(no_memory),
	KUNIT_CASE(again_and_again),
	KUNIT_CASE(after_a_lie),
	KUNIT_CASE(taken_away),
	KUNIT_CASE(taken_away_at_the_end),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio_blk_again",
	.init = fake_disk_init,
	.exit = fake_disk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
