/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio block driver, through the block interface, against a good device: data, commands,
 * events, and what the configuration may say.
 *
 * Covers: drivers/virtio/virtio_blk.c drivers/virtio/virtio_blk_ring.c
 */
#include "fake_disk.h"

static const struct mode {
	const char *name;
	uint64_t features;
} modes[] = {
	{"direct", MODERN | BASIC},
	{"indirect, event index", MODERN | INDIRECT | EVENT | BASIC},
	{"legacy", INDIRECT | BASIC},
	{"legacy, direct", BASIC},
};

static void mode_name(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

/* --- good devices ----------------------------------------------------------------------------- */

static void reads_and_writes(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int i;

	d->fake.f.offered = mode->features;
	fake_disk_up(test);
	pv_memset(d->mem, 0x5a, 4096);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_WRITE, 8, 1)), 0);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 1, PV_BLK_READ, 64, 1)), 0);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->total, 2u);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, d->done[i], 1u);
		KUNIT_EXPECT_EQ(test, d->req[i].status, 0);
	}
	for (i = 0; i < 4096; i++)
		KUNIT_ASSERT_EQ(test, d->fake.disk[8 * 512 + i], 0x5a);
	KUNIT_EXPECT_EQ(test, memcmp(d->mem + 4096, d->fake.disk + 64 * 512, 4096), 0);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(d->q)->bytes_in, 4096ull);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(d->q)->bytes_out, 4096ull);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(d->q)->completed, 2ull);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(d->q)->notified, 1ull);
}

/* One entry of the ring for requests of all shapes: nothing of one is left in the next. */
static void shapes(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int i, k, round;

	d->fake.f.offered = mode->features;
	fake_disk_up(test);
	for (round = 0; round < 3 * 3 * 3; round++) {
		uint8_t op[] = {PV_BLK_READ, PV_BLK_WRITE, PV_BLK_SYNC};
		unsigned int shape[] = {round % 3, round / 3 % 3, round / 9};

		for (i = 0; i < 3; i++) {
			unsigned int pieces = 1 + 2 * (round >> i & 1);
			uint64_t sector = 8 * (3 * round + i);
			uint8_t *there = d->fake.disk + sector * 512;
			struct pv_blk_req *req =
				fake_disk_request(d, i, op[shape[i]], sector, pieces);

			for (k = 0; k < pieces; k++) { /* backwards in memory */
				d->seg[i][k].va = d->mem + 512 * (pieces - k);
				d->seg[i][k].len = 512;
			}
			req->num_segs = (uint16_t)pieces;
			pv_memset(d->mem, 0xa0 + (int)i, 4096);
			pv_memset(there, 0xb0 + (int)i, 4096);
			KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, req), 0);
			fake_disk_run(d);
			KUNIT_ASSERT_EQ(test, d->total, 3 * round + i + 1);
			KUNIT_ASSERT_EQ(test, req->status, 0);
			for (k = 1; k <= pieces; k++)
				KUNIT_EXPECT_EQ(test, d->mem[512 * k],
						(op[shape[i]] == PV_BLK_READ ? 0xb0 : 0xa0) + i);
			KUNIT_EXPECT_EQ(test, d->mem[512 * k], 0xa0 + i);
			for (k = 0; k < pieces; k++)
				KUNIT_EXPECT_EQ(test, there[512 * k],
						(op[shape[i]] == PV_BLK_WRITE ? 0xa0 : 0xb0) + i);
			KUNIT_EXPECT_EQ(test, there[512 * k], 0xb0 + i);
		}
	}
}

/* More than the ring holds, indices that wrap, scatter lists, one notification per flush. */
static void many(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int i, round, all = 0;

	d->fake.f.offered = mode->features;
	fake_disk_up(test);
	fake_vq_start_at(&d->fake.f, 0, 0xfff0);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < REQS; i++) {
			struct pv_blk_req *req = fake_disk_request(d, i, PV_BLK_READ, i * 8, 1);

			d->seg[i][0].len = 1024;
			d->seg[i][1].va = (char *)d->seg[i][0].va + 1024;
			d->seg[i][1].len = 512;
			req->num_segs = 2;
			KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, req), 0);
		}
		fake_disk_run(d);
		all += REQS;
		KUNIT_ASSERT_EQ(test, d->total, all);
		for (i = 0; i < REQS; i++)
			KUNIT_ASSERT_EQ(test, d->req[i].status, 0);
		for (i = REQS - 64; i < REQS; i++)
			KUNIT_ASSERT_EQ(test,
					memcmp(d->seg[i][0].va, d->fake.disk + i * 4096, 1536), 0);
	}
	KUNIT_EXPECT_LE(test, pv_blk_stats(d->q)->notified * 10, (uint64_t)all);
}

/* What is lent comes back when a part completes; what cannot be lent now is, later. */
static void lending(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int i, lent, fails;

	d->fake.f.offered = mode->features;
	fake_virtio_lends(test, &d->fake.f);
	fake_disk_up(test);
	lent = d->fake.f.lent;
	for (fails = 0; fails < 12; fails++) {
		for (i = 0; i < 4; i++) {
			struct pv_blk_req *req = fake_disk_request(
				d, i, i % 2 ? PV_BLK_READ : PV_BLK_WRITE, 64 * i, 1);

			d->seg[i][0].len = 512;
			d->seg[i][1].va = (char *)d->seg[i][0].va + 512;
			d->seg[i][1].len = 66048; /* more than size_max */
			d->seg[i][2].va = (char *)d->seg[i][0].va + 512;
			d->seg[i][2].len = 512;
			req->num_segs = 3;
			if (!i)
				d->fake.f.share_fails_at = fails;
			KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, req), 0);
		}
		if (!fails)
			KUNIT_EXPECT_EQ(test, d->fake.f.lent, lent + 16);
		fake_disk_run(d);
		pv_blk_poll(d->q, 64); /* a second try, with nothing in flight */
		fake_disk_run(d);
		KUNIT_ASSERT_EQ(test, d->total, 4 * (fails + 1));
		for (i = 0; i < 4; i++)
			KUNIT_EXPECT_EQ(test, d->req[i].status, 0);
		KUNIT_ASSERT_EQ(test, d->fake.f.lent, lent);
	}
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_READ, 0, 1)), 0);
	pv_blk_flush(d->q);
	d->fake.f.taken = 0;
	fake_virtio_unplug(&d->fake.f);
	KUNIT_EXPECT_EQ(test, d->fake.f.lent, 0u);
	KUNIT_EXPECT_EQ(test, d->fake.f.taken, 0u);
}

static void commands(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int i;

	d->fake.f.offered |= BIT64(VIRTIO_BLK_F_DISCARD) | BIT64(VIRTIO_BLK_F_WRITE_ZEROES);
	fake_config8(&d->fake.f, offsetof(struct virtio_blk_config, write_zeroes_may_unmap), 1);
	fake_disk_up(test);
	KUNIT_EXPECT_EQ(test, d->blk->flags,
			PV_BLK_F_SYNC | PV_BLK_F_DISCARD | PV_BLK_F_WRITE_ZEROES);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_SYNC, 0, 0)), 0);
	fake_disk_request(d, 1, PV_BLK_DISCARD, 8, 0)->num_sectors = 200;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, &d->req[1]), 0);
	fake_disk_request(d, 2, PV_BLK_WRITE_ZEROES, 100, 0)->num_sectors = 65;
	d->req[2].flags = PV_BLK_UNMAP;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, &d->req[2]), 0);
	fake_disk_run(d);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, d->done[i], 1u);
		KUNIT_EXPECT_EQ(test, d->req[i].status, 0);
	}
	KUNIT_EXPECT_EQ(test, d->fake.flushes, 1u);
	KUNIT_EXPECT_EQ(test, d->fake.discards, 4u); /* of 64 sectors at most */
	KUNIT_EXPECT_EQ(test, d->fake.zeroes, 2u);
	KUNIT_EXPECT_EQ(test, d->fake.zero_flags, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
	for (i = 100 * 512; i < 165 * 512; i++)
		KUNIT_ASSERT_EQ(test, d->fake.disk[i], 0);
	KUNIT_EXPECT_NE(test, d->fake.disk[165 * 512 + 1], 0);
}

static void woken(void *arg)
{
	struct fake_disk *d = arg;

	d->events++;
}

/* One event per arming, whenever the completion comes; none while nobody asked. */
static void events(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int i;

	d->fake.f.offered = mode->features;
	fake_disk_up(test);
	pv_blk_set_event(d->q, woken, d);
	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 0);
		KUNIT_ASSERT_EQ(test,
				pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_READ, 0, 1)), 0);
		KUNIT_ASSERT_EQ(test,
				pv_blk_submit(d->q, fake_disk_request(d, 1, PV_BLK_READ, 8, 1)), 0);
		pv_blk_flush(d->q);
		KUNIT_EXPECT_EQ(test, d->events, i);
		fake_blk_run(&d->fake, 2);
		KUNIT_EXPECT_EQ(test, d->events, i + 1);
		KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 2);
	}
	pv_blk_set_event(d->q, NULL, NULL);
	i = d->fake.f.q[0].irqs;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_READ, 0, 1)), 0);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->fake.f.q[0].irqs, i);
}

static struct fake_disk *relaxing;

static void device_works(void)
{
	fake_blk_run(&relaxing->fake, 100);
}

static void synchronous(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	fake_disk_up(test);
	relaxing = d;
	pv_fake.relax = device_works;
	pv_memset(d->mem, 0xa5, 4096);
	KUNIT_EXPECT_EQ(test, pv_blk_write(d->blk, 16, d->mem, 4096), 0);
	KUNIT_EXPECT_EQ(test, pv_blk_read(d->blk, 16, d->mem + 4096, 4096), 0);
	KUNIT_EXPECT_EQ(test, memcmp(d->mem, d->mem + 4096, 4096), 0);
	KUNIT_EXPECT_EQ(test, pv_blk_sync(d->blk), 0);
	KUNIT_EXPECT_EQ(test, d->fake.flushes, 1u);
	KUNIT_EXPECT_EQ(test, pv_blk_read(d->blk, FAKE_BLK_SECTORS, d->mem, 512), PV_EINVAL);
	d->fake.status = VIRTIO_BLK_S_IOERR;
	KUNIT_EXPECT_EQ(test, pv_blk_read(d->blk, 0, d->mem, 512), PV_EIO);

	/* A device that does nothing is given up, and the buffer is ours again. */
	pv_fake.relax = NULL;
	KUNIT_EXPECT_EQ(test, pv_blk_read(d->blk, 0, d->mem, 512), PV_ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_BROKEN);
	KUNIT_EXPECT_EQ(test, d->fake.f.status, 0);
	KUNIT_EXPECT_EQ(test, pv_blk_read(d->blk, 0, d->mem, 512), PV_EIO);
}

static void limits_of_the_device(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, size_max), 5000);
	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, seg_max), 2);
	fake_disk_up(test);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_READ, 0, 8)), 0);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->done[0], 1u);
	KUNIT_EXPECT_EQ(test, d->req[0].status, 0);
	KUNIT_EXPECT_EQ(test, d->fake.most_pieces, 2u);
	KUNIT_EXPECT_EQ(test, d->fake.most_bytes, 2 * 4608u);
	KUNIT_EXPECT_EQ(test, memcmp(d->mem, d->fake.disk, 8 * 4096), 0);
}

/* Without indirect tables a chain waits until all of it fits into the ring. */
static void room_for_a_chain(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int i, k;

	d->fake.f.offered &= ~INDIRECT;
	d->fake.f.q[0].max = 8;
	fake_disk_up(test);
	for (i = 0; i < 6; i++) {
		struct pv_blk_req *req = fake_disk_request(d, i, PV_BLK_READ, 8 * i, 1);

		for (k = 0; k < 3; k++) {
			d->seg[i][k].va = d->mem + 4096 * i + 512 * k;
			d->seg[i][k].len = 512;
		}
		req->num_segs = (uint16_t)(1 + i % 3);
		KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, req), 0);
		KUNIT_ASSERT_LE(test, d->fake.f.vd.vq[0].num_free, 8);
	}
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->total, 6u);
	for (i = 0; i < 6; i++) {
		KUNIT_EXPECT_EQ(test, d->req[i].status, 0);
		KUNIT_EXPECT_EQ(test,
				memcmp(d->mem + 4096 * i, d->fake.disk + 4096 * i,
				       512 * d->req[i].num_segs),
				0);
	}
	KUNIT_EXPECT_EQ(test, d->fake.f.vd.vq[0].num_free, 8);
}

/* --- configuration ---------------------------------------------------------------------------- */

#define AT(field) offsetof(struct virtio_blk_config, field)

static const struct nonsense {
	const char *name;
	unsigned int offset;
	uint64_t value;
	unsigned int size;
} nonsense[] = {
	{"blocks of 0", AT(blk_size), 0, 4},
	{"blocks of 511", AT(blk_size), 511, 4},
	{"blocks of 520", AT(blk_size), 520, 4},
	{"blocks of 128 KiB", AT(blk_size), 131072, 4},
	{"blocks of 2 GiB", AT(blk_size), 0x80000000u, 4},
	{"seg_max 0", AT(seg_max), 0, 4},
	{"size_max 0", AT(size_max), 0, 4},
	{"size_max 511", AT(size_max), 511, 4},
	{"capacity of all ones", AT(capacity), ~0ull, 8},
	{"capacity that wraps as bytes", AT(capacity), 1ull << 55, 8},
};

static void nonsense_name(const struct nonsense *n, char *desc)
{
	strscpy(desc, n->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(nonsense, nonsense, nonsense_name);

static void refused(struct kunit *test)
{
	const struct nonsense *n = test->param_value;
	struct fake_disk *d = test->priv;

	pv_memcpy(d->fake.f.config + n->offset, &n->value, n->size);
	fake_virtio_plug(&d->fake.f, &pv_virtio_blk);
	KUNIT_EXPECT_NULL(test, pv_blk_open(0));
	KUNIT_EXPECT_EQ(test, d->fake.f.status, VIRTIO_CONFIG_S_FAILED);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("not possible") || pv_fake_logged("no block fits"));
}

static void described_by_the_device(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	d->fake.f.offered |= BIT64(VIRTIO_BLK_F_GEOMETRY) | BIT64(VIRTIO_BLK_F_TOPOLOGY) |
			     BIT64(VIRTIO_BLK_F_RO) | BIT64(VIRTIO_BLK_F_DISCARD);
	d->fake.f.offered &= ~BIT64(VIRTIO_BLK_F_FLUSH);
	fake_config32(&d->fake.f, AT(blk_size), 4096);
	fake_config64(&d->fake.f, AT(capacity), FAKE_BLK_SECTORS - 1);
	fake_config16(&d->fake.f, AT(geometry.cylinders), 300);
	fake_config8(&d->fake.f, AT(geometry.heads), 16);
	fake_config8(&d->fake.f, AT(geometry.sectors), 63);
	fake_config8(&d->fake.f, AT(physical_block_exp), 1);
	fake_config32(&d->fake.f, AT(opt_io_size), 0xffffffffu);
	fake_config32(&d->fake.f, AT(max_discard_sectors), 7);
	fake_disk_up(test);
	KUNIT_EXPECT_EQ(test, d->blk->logical_block, 4096u);
	KUNIT_EXPECT_EQ(test, d->blk->physical_block, 8192u);
	KUNIT_EXPECT_EQ(test, d->blk->opt_io, 0u);
	KUNIT_EXPECT_EQ(test, d->blk->capacity, FAKE_BLK_SECTORS - 8ull);
	KUNIT_EXPECT_EQ(test, d->blk->geometry.cylinders, 300);
	/* A discard of less than a block is none. */
	KUNIT_EXPECT_EQ(test, d->blk->flags, PV_BLK_F_READ_ONLY);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_WRITE, 0, 1)),
			PV_EROFS);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_READ, 1, 1)),
			PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_READ, 8, 1)), 0);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->req[0].status, 0);
}

static void note_change(void *arg)
{
	struct fake_disk *d = arg;

	d->changes++;
}

static void capacity_changes(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	fake_disk_up(test);
	pv_blk_on_change(d->blk, note_change, d);
	fake_config64(&d->fake.f, AT(capacity), 16);
	pv_virtio_irq_config(&d->fake.f.vd);
	KUNIT_EXPECT_EQ(test, pv_bus_work(), 1);
	KUNIT_EXPECT_EQ(test, d->changes, 1u);
	KUNIT_EXPECT_EQ(test, d->blk->capacity, 16ull);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_READ, 16, 1)),
			PV_EINVAL);
	/* What makes no sense, or does not hold still, changes nothing. */
	fake_config64(&d->fake.f, AT(capacity), ~0ull);
	pv_virtio_irq_config(&d->fake.f.vd);
	d->fake.f.restless = true;
	pv_virtio_irq_config(&d->fake.f.vd);
	pv_bus_work();
	d->fake.f.restless = false;
	pv_virtio_irq_config(&d->fake.f.vd);
	pv_bus_work();
	KUNIT_EXPECT_EQ(test, d->changes, 1u);
	KUNIT_EXPECT_EQ(test, d->blk->capacity, 16ull);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(reads_and_writes, mode_gen_params),
	KUNIT_CASE_PARAM(shapes, mode_gen_params),
	KUNIT_CASE_PARAM(many, mode_gen_params),
	KUNIT_CASE_PARAM(lending, mode_gen_params),
	KUNIT_CASE(commands),
	KUNIT_CASE_PARAM(events, mode_gen_params),
	KUNIT_CASE(synchronous),
	KUNIT_CASE(limits_of_the_device),
	KUNIT_CASE(room_for_a_chain),
	KUNIT_CASE_PARAM(refused, nonsense_gen_params),
	KUNIT_CASE(described_by_the_device),
	KUNIT_CASE(capacity_changes),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio_blk",
	.init = fake_disk_init,
	.exit = fake_disk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
