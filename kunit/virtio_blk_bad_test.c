/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio block driver against devices that fail, lie, vanish or change their memory: each
 * request completes once, with the error that says what happened, and nothing is lost.
 *
 * Covers: drivers/virtio/virtio_blk_ring.c
 */
#include "counting.h"
#include "fake_disk.h"

#define IN_FLIGHT 20

static void expect_broken(struct kunit *test, const char *reason)
{
	struct fake_disk *d = test->priv;

	KUNIT_EXPECT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_BROKEN);
	KUNIT_ASSERT_NOT_NULL(test, d->fake.f.vd.dev.reason);
	KUNIT_EXPECT_STREQ(test, d->fake.f.vd.dev.reason, reason);
	/* It was reset, and what is new is refused. */
	KUNIT_EXPECT_EQ(test, d->fake.f.status, 0);
	KUNIT_EXPECT_EQ(test,
			pv_blk_submit(d->q, fake_disk_request(d, REQS - 1, PV_BLK_READ, 0, 1)),
			PV_EIO);
	pv_blk_flush(d->q);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 0);
}

/* --- what a request may come to --------------------------------------------------------------- */

static const struct answer {
	const char *name;
	uint8_t status;
	int expected;
} answers[] = {
	{"OK", VIRTIO_BLK_S_OK, 0},
	{"IOERR", VIRTIO_BLK_S_IOERR, PV_EIO},
	{"UNSUPP", VIRTIO_BLK_S_UNSUPP, PV_ENOTSUP},
	{"3", 3, PV_EPROTO},
	{"not written", 0xff, PV_EPROTO},
};

static void answer_name(const struct answer *a, char *desc)
{
	strscpy(desc, a->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(answer, answers, answer_name);

static void answered(struct kunit *test)
{
	const struct answer *a = test->param_value;
	static const uint8_t ops[] = {PV_BLK_READ, PV_BLK_WRITE, PV_BLK_SYNC};
	struct fake_disk *d = test->priv;
	unsigned int i;

	fake_disk_up(test);
	d->fake.status = a->status;
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test,
				pv_blk_submit(d->q, fake_disk_request(d, i, ops[i], 8 * i, 1)), 0);
	fake_disk_run(d);
	fake_disk_expect_done(test, 3, 0, a->expected);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(d->q)->errors, a->expected ? 3ull : 0ull);
	if (a->expected == PV_EPROTO)
		expect_broken(test, "block request with an unknown status");
	else
		KUNIT_EXPECT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_LIVE);
}

/* The rest of the buffer does not show what the memory held before. Fault row 9. */
static void short_read(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int i;

	fake_disk_up(test);
	pv_memset(d->mem, 0xee, 4096);
	fake_disk_request(d, 0, PV_BLK_READ, 0, 1);
	d->seg[0][0].len = 1024;
	d->seg[0][1].va = d->mem + 1024;
	d->seg[0][1].len = 1536;
	d->seg[0][2].va = d->mem + 2560;
	d->seg[0][2].len = 1536;
	d->req[0].num_segs = 3;
	d->fake.short_by = 2000;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, &d->req[0]), 0);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->req[0].status, PV_EIO);
	KUNIT_EXPECT_EQ(test, memcmp(d->mem, d->fake.disk, 2096), 0);
	for (i = 2096; i < 4096; i++)
		KUNIT_ASSERT_EQ(test, d->mem[i], 0);
	KUNIT_EXPECT_EQ(test, d->fake.f.vd.dev.state, PV_DEV_LIVE);
}

/* The same for each part of a request, wherever in the caller's pieces it begins. Fault row 9. */
static void short_parts(struct kunit *test)
{
	static const uint32_t part[] = {1536, 2048, 512, 0};
	struct fake_disk *d = test->priv;
	unsigned int i, n;

	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, size_max), 1024);
	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, seg_max), 2);
	fake_disk_up(test);
	pv_memset(d->mem, 0xee, 4096);
	for (i = 0; i < 4096; i++)
		d->fake.disk[i] = (uint8_t)(1 + i % 251);
	fake_disk_request(d, 0, PV_BLK_READ, 0, 1);
	d->seg[0][0].len = 1536;
	d->seg[0][1].va = d->mem + 1536;
	d->seg[0][1].len = 1024;
	d->seg[0][2].va = d->mem + 2560;
	d->seg[0][2].len = 1536;
	d->req[0].num_segs = 3;
	d->fake.short_by = 700;
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, &d->req[0]), 0);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->fake.reads, 3u);
	KUNIT_EXPECT_EQ(test, d->req[0].status, PV_EIO);
	for (i = n = 0; part[n]; i += part[n++]) {
		uint32_t k, there = part[n] < 700 ? 0 : part[n] - 700;

		for (k = 0; k < part[n]; k++)
			KUNIT_ASSERT_EQ(test, d->mem[i + k], k < there ? d->fake.disk[i + k] : 0);
	}
}

/* What the last request was answered is no answer to the next. */
static void status_not_written(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	struct fake_chain *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	fake_disk_up(test);
	fake_disk_submit(test, 0, 1);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->req[0].status, 0);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 1, PV_BLK_READ, 0, 1)), 0);
	pv_blk_flush(d->q);
	KUNIT_ASSERT_TRUE(test, fake_vq_next(&d->fake.f, 0, c));
	fake_vq_used(&d->fake.f, 0, c->head, 4097);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 1);
	KUNIT_EXPECT_EQ(test, d->req[1].status, PV_EPROTO);
	expect_broken(test, "block request with an unknown status");
}

/* Some devices count the status byte, others do not; both wrote all of it. */
static void length_without_status(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	struct fake_chain *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	static const uint8_t ok = VIRTIO_BLK_S_OK;

	fake_disk_up(test);
	fake_disk_submit(test, 0, 1);
	KUNIT_ASSERT_TRUE(test, fake_vq_next(&d->fake.f, 0, c));
	fake_chain_write(c, 4096, &ok, 1);
	fake_vq_used(&d->fake.f, 0, c->head, 4096);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 1);
	fake_disk_expect_done(test, 1, 0, 0);
}

/* 5.2.6.3: historically, lengths are anything. */
static void legacy_length(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	struct fake_chain *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	static const uint8_t ok = VIRTIO_BLK_S_OK;
	unsigned int i;

	d->fake.f.offered &= ~MODERN;
	fake_disk_up(test);
	fake_disk_submit(test, 0, 2);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_TRUE(test, fake_vq_next(&d->fake.f, 0, c));
		fake_chain_write(c, 4096, &ok, 1);
		fake_vq_used(&d->fake.f, 0, c->head, i ? 0 : 4096 + 17);
	}
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 2);
	fake_disk_expect_done(test, 2, 0, 0);
}

/* --- a ring that lies ------------------------------------------------------------------------- */

enum lie { ID_RANGE, ID_TWICE, ID_FREE, LONG, JUMP, BACKWARDS };
static const struct lying {
	enum lie lie;
	const char *reason;
} lies[] = {
	{ID_RANGE, "used id out of range"},    {ID_TWICE, "used id is not in flight"},
	{ID_FREE, "used id is not in flight"}, {LONG, "used length beyond the buffer"},
	{JUMP, "used index jumped"},	       {BACKWARDS, "used index jumped"},
};

static void lie_name(const struct lying *l, char *desc)
{
	pv_snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d %s", l->lie, l->reason);
}

KUNIT_ARRAY_PARAM(lie, lies, lie_name);

/* Two are answered well, then comes the lie: all the others are given back, after a reset. */
static void lying(struct kunit *test)
{
	const struct lying *l = test->param_value;
	struct fake_disk *d = test->priv;
	struct fake_virtio *f = &d->fake.f;
	uint16_t was;

	fake_disk_up(test);
	fake_disk_submit(test, 0, IN_FLIGHT);
	fake_blk_run(&d->fake, 2);
	KUNIT_ASSERT_EQ(test, pv_blk_poll(d->q, 64), 2);
	was = f->q[0].used_idx;
	switch (l->lie) {
	case ID_RANGE:
		fake_vq_element(f, 0, f->vd.vq[0].num, 1);
		break;
	case ID_TWICE:
		fake_vq_element(f, 0, f->vd.vq[0].used->ring[0].id, 1);
		break;
	case ID_FREE:
		fake_vq_element(f, 0, f->vd.vq[0].num - 1u, 1);
		break;
	case LONG:
		fake_vq_element(f, 0, f->vd.vq[0].avail->ring[2], 4098);
		break;
	case JUMP:
		f->q[0].used_idx += IN_FLIGHT - 1;
		break;
	case BACKWARDS:
		f->q[0].used_idx--;
		break;
	}
	fake_vq_show(f, 0, was);
	while (pv_blk_poll(d->q, 7))
		;
	fake_disk_expect_done(test, IN_FLIGHT, 2, PV_EPROTO);
	expect_broken(test, l->reason);
}

/* Requests with parts on the ring, parts to come, and none yet. */
static void broken_with_a_queue(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	d->fake.f.q[0].max = 8;
	d->fake.f.offered &= ~INDIRECT;
	fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, size_max), 512);
	fake_disk_up(test);
	fake_disk_submit(test, 0, 5);
	KUNIT_ASSERT_NOT_NULL(test, d->q->waiting.head);
	KUNIT_ASSERT_EQ(test, d->req[0].lib.parts, 1);
	fake_vq_element(&d->fake.f, 0, 99, 1);
	fake_vq_show(&d->fake.f, 0, 0);
	while (pv_blk_poll(d->q, 1))
		;
	fake_disk_expect_done(test, 5, 0, PV_EPROTO);
	expect_broken(test, "used id out of range");
}

#ifdef PV_SHARED_HOOKS
static const volatile uint8_t *status_byte;
static unsigned int status_reads;

/* The second reader would get another answer. */
static uint64_t change_after_read(const volatile void *p, size_t size, uint64_t value)
{
	(void)size;
	if (p != status_byte)
		return value;
	return status_reads++ ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
}

static void status_read_once(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	struct fake_chain *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	fake_disk_up(test);
	fake_disk_submit(test, 0, 1);
	KUNIT_ASSERT_TRUE(test, fake_vq_next(&d->fake.f, 0, c));
	status_byte = c->piece[2].va;
	status_reads = 0;
	pv_fake.shared_read = change_after_read;
	fake_vq_used(&d->fake.f, 0, c->head, 4097);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 1);
	pv_fake.shared_read = NULL;
	KUNIT_EXPECT_EQ(test, status_reads, 1u);
	fake_disk_expect_done(test, 1, 0, 0);
}
#endif

/* --- coming and going ------------------------------------------------------------------------- */

/* It goes with requests in flight, and others that wait; the kernel learns of it, and polls. */
static void removed(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	d->fake.f.q[0].max = 8;
	fake_disk_up(test);
	pv_blk_set_event(d->q, counting, &d->events);
	pv_blk_on_change(d->blk, counting, &d->changes);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 64), 0);
	fake_disk_submit(test, 0, IN_FLIGHT);
	fake_virtio_unplug(&d->fake.f);
	KUNIT_EXPECT_EQ(test, d->fake.f.status, 0);
	KUNIT_EXPECT_EQ(test, d->events, 1u);
	KUNIT_EXPECT_EQ(test, d->changes, 1u);
	KUNIT_EXPECT_FALSE(test, d->fake.f.released);
	KUNIT_EXPECT_NULL(test, pv_blk_open(0));
	/* Nothing but what the kernel itself allocated is left. */
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 64u);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(d->q, 7), 7);
	while (pv_blk_poll(d->q, 7))
		;
	fake_disk_expect_done(test, IN_FLIGHT, 0, PV_EGONE);
	KUNIT_EXPECT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 0, PV_BLK_READ, 0, 1)),
			PV_EGONE);
	KUNIT_EXPECT_EQ(test, pv_blk_sync(d->blk), PV_EGONE);
	pv_blk_flush(d->q);
	pv_blk_close(d->blk);
	d->blk = NULL;
	KUNIT_EXPECT_TRUE(test, d->fake.f.released);
}

/* The kernel does not poll any more: closing completes them. */
static void removed_and_closed(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	fake_disk_up(test);
	fake_disk_submit(test, 0, IN_FLIGHT);
	fake_virtio_unplug(&d->fake.f);
	KUNIT_EXPECT_EQ(test, d->total, 0u);
	pv_blk_close(d->blk);
	d->blk = NULL;
	fake_disk_expect_done(test, IN_FLIGHT, 0, PV_EGONE);
}

static void removed_unopened(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	fake_virtio_plug(&d->fake.f, &pv_virtio_blk);
	fake_virtio_unplug(&d->fake.f);
	KUNIT_EXPECT_TRUE(test, d->fake.f.released);
	KUNIT_EXPECT_NULL(test, pv_blk_open(0));
}

static void probe_without_memory(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int n, allocs = pv_fake.live_allocs, pages = pv_fake.live_pages;

	d->fake.f.q[0].max = 4;
	for (n = 1; n < 100; n++) {
		pv_fake.alloc_fail_at = n;
		fake_virtio_plug(&d->fake.f, &pv_virtio_blk);
		d->blk = pv_blk_open(0);
		if (d->blk)
			break;
		KUNIT_EXPECT_EQ(test, d->fake.f.status, n > 1 ? VIRTIO_CONFIG_S_FAILED : 0);
		fake_virtio_unplug(&d->fake.f);
		KUNIT_ASSERT_EQ(test, pv_fake.live_allocs, allocs);
		KUNIT_ASSERT_EQ(test, pv_fake.live_pages, pages);
	}
	KUNIT_EXPECT_NE(test, pv_fake.alloc_fail_at, 0);
	pv_fake.alloc_fail_at = 0;
	KUNIT_EXPECT_GT(test, n, 8u);
	KUNIT_ASSERT_NOT_NULL(test, d->blk);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(answered, answer_gen_params),
	KUNIT_CASE(short_read),
	KUNIT_CASE(short_parts),
	KUNIT_CASE(status_not_written),
	KUNIT_CASE(length_without_status),
	KUNIT_CASE(legacy_length),
	KUNIT_CASE_PARAM(lying, lie_gen_params),
	KUNIT_CASE(broken_with_a_queue),
#ifdef PV_SHARED_HOOKS
	KUNIT_CASE(status_read_once),
#endif
	KUNIT_CASE(removed),
	KUNIT_CASE(removed_and_closed),
	KUNIT_CASE(removed_unopened),
	KUNIT_CASE(probe_without_memory),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio_blk_bad",
	.init = fake_disk_init,
	.exit = fake_disk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
