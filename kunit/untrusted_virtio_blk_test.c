/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A virtio block device that is not to see the guest's memory: everything works, and at each step
 * no byte is visible to it but what it was sent.
 *
 * Covers: drivers/virtio/virtio_blk_ring.c pv-core/bounce.c
 */
#include <pv/config.h>
#include <pv/string.h>

#include "fake_disk.h"
#include "fake_spy.h"

#define PLATFORM BIT64(VIRTIO_F_ACCESS_PLATFORM)
#define PAGES	 64u /* of the kernel's memory */

static const struct mode {
	const char *name;
	uint64_t features;
	bool all;   /* the kernel trusts none, whatever the device says */
	bool lends; /* bus addresses are not physical ones */
} modes[] = {
	{"direct", MODERN | PLATFORM, false, false},
	{"indirect", MODERN | INDIRECT | EVENT | PLATFORM, false, false},
	{"indirect, lent", MODERN | INDIRECT | EVENT | PLATFORM, false, true},
	{"by the kernel", MODERN | INDIRECT | EVENT, true, false},
	{"by the kernel, legacy", INDIRECT, true, false},
};

static void mode_name(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

static void bring_up(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct fake_disk *d = test->priv;
	unsigned int i;

	for (i = 0; i < sizeof(d->fake.disk); i++)
		d->fake.disk[i] &= 0x7f;
	d->fake.f.offered = BASIC | mode->features;
	pv_bus_set_untrusted(mode->all);
	if (mode->lends) {
		fake_virtio_lends(test, &d->fake.f);
		/* And it takes no piece that is as long as a page. */
		fake_config32(&d->fake.f, offsetof(struct virtio_blk_config, size_max), 1024);
	}
	fake_disk_up(test);
	KUNIT_EXPECT_TRUE(test, d->fake.f.vd.dev.untrusted);
}

static bool is_canary(const uint8_t *at, uint32_t len)
{
	while (len && *at == FAKE_SPY_CANARY) {
		at++;
		len--;
	}
	return !len;
}

/*
 * Request `i`: `len` bytes, in the midst of canaries, in `pieces` pieces. A write has data there.
 */
static struct pv_blk_req *request(struct fake_disk *d, unsigned int i, uint8_t op, uint64_t sector,
				  uint32_t len, unsigned int pieces)
{
	struct pv_blk_req *req = fake_disk_request(d, i, op, sector, 1);
	uint8_t *at = d->mem + i * 5 % 16 * PV_PAGE_SIZE + 512;
	unsigned int k;

	req->num_segs = (uint16_t)pieces;
	for (k = 0; k < pieces; k++) {
		d->seg[i][k].va = at + k * (len + 512);
		d->seg[i][k].len = len;
		if (op == PV_BLK_WRITE)
			pv_memset(d->seg[i][k].va, 0x30 + (int)k, len);
	}
	return req;
}

static void look(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	FAKE_SPY_EXPECT_BLIND(test, fake_spy_virtio(&d->fake.f));
}

/* Submits it, and has it done, looking at each step. */
static void step(struct kunit *test, struct pv_blk_req *req)
{
	struct fake_disk *d = test->priv;
	unsigned int before = d->total;

	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, req), 0);
	look(test);
	pv_blk_flush(d->q);
	look(test);
	fake_blk_run(&d->fake, 100);
	look(test);
	pv_blk_poll(d->q, 100);
	look(test);
	KUNIT_ASSERT_EQ(test, d->total, before + 1);
	KUNIT_ASSERT_EQ(test, req->status, 0);
}

/* Fault row 50 */
static void sees_requests_only(struct kunit *test)
{
	static const uint32_t length[] = {512, 1024, 4096, 8192, 5 * 4096 + 512};
	struct fake_disk *d = test->priv;
	unsigned int i, k;

	bring_up(test);
	look(test);
	for (i = 0; i < 2 * PV_ARRAY_SIZE(length); i++) {
		uint32_t len = length[i / 2], pieces = 1 + i % 2 * 2;
		uint64_t sector = 64 * i;
		struct pv_blk_req *req;

		pv_memset(d->mem, FAKE_SPY_CANARY, PAGES * PV_PAGE_SIZE);
		req = request(d, i, PV_BLK_WRITE, sector, len, pieces);
		step(test, req);
		for (k = 0; k < pieces; k++)
			KUNIT_EXPECT_EQ(
				test,
				memcmp(d->fake.disk + sector * 512 + k * len, req->segs[k].va, len),
				0);
		/* What a read is to overwrite is nothing that it was sent. */
		pv_memset(d->mem, FAKE_SPY_CANARY, PAGES * PV_PAGE_SIZE);
		req = request(d, i, PV_BLK_READ, sector + 1024, len, pieces);
		step(test, req);
		for (k = 0; k < pieces; k++) {
			const uint8_t *va = req->segs[k].va;

			KUNIT_EXPECT_EQ(
				test,
				memcmp(d->fake.disk + (sector + 1024) * 512 + k * len, va, len), 0);
			KUNIT_EXPECT_TRUE(test, is_canary(va - 512, 512));
			KUNIT_EXPECT_TRUE(test, is_canary(va + len, 512));
		}
	}
	step(test, fake_disk_request(d, 0, PV_BLK_SYNC, 0, 0));
}

/* More than there are pages for: what finds none waits, and goes on by completions alone. */
static void pool_runs_out(struct kunit *test)
{
	struct fake_disk *d = test->priv;
	unsigned int i;

	bring_up(test);
	for (i = 0; i < 40; i++)
		KUNIT_ASSERT_EQ(
			test, pv_blk_submit(d->q, fake_disk_request(d, i, PV_BLK_WRITE, 8 * i, 16)),
			0);
	KUNIT_EXPECT_LT(test, fake_vq_waiting(&d->fake.f, 0) * 16, PV_CONFIG_BOUNCE + 1u);
	fake_disk_run(d);
	KUNIT_EXPECT_EQ(test, d->total, 40u);
	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_EQ(test, d->req[i].status, 0);
}

/* A device that does not write what it says it wrote hands on nothing of another request. */
static void unwritten_is_zero(struct kunit *test)
{
	struct fake_chain *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct fake_disk *d = test->priv;
	uint8_t good = VIRTIO_BLK_S_OK;
	unsigned int i;

	bring_up(test);
	step(test, request(d, 0, PV_BLK_WRITE, 0, 4096, 1));
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, fake_disk_request(d, 40, PV_BLK_READ, 0, 1)), 0);
	pv_blk_flush(d->q);
	KUNIT_ASSERT_TRUE(test, fake_vq_next(&d->fake.f, 0, c));
	fake_chain_write(c, c->in - 1, &good, 1);
	fake_vq_used(&d->fake.f, 0, c->head, c->in);
	pv_blk_poll(d->q, 9);
	KUNIT_ASSERT_EQ(test, d->done[40], 1u);
	for (i = 0; i < 4096; i++)
		KUNIT_ASSERT_EQ(test, d->mem[40 * 4096 + i], 0);
}

/* One that is trusted sees what is around its requests: the spy is not blind. */
static void trusted_sees_pages(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	d->fake.f.offered = BASIC | MODERN | INDIRECT;
	fake_disk_up(test);
	pv_memset(d->mem, FAKE_SPY_CANARY, PAGES * PV_PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(d->q, request(d, 0, PV_BLK_WRITE, 0, 512, 1)), 0);
	pv_blk_flush(d->q);
	KUNIT_EXPECT_EQ(test, fake_spy_virtio(&d->fake.f).canaries, 1u);
	fake_disk_run(d);
	KUNIT_EXPECT_FALSE(test, d->fake.f.vd.dev.untrusted);
}

static void end(struct kunit *test)
{
	fake_disk_exit(test);
	pv_bus_set_untrusted(false);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(sees_requests_only, mode_gen_params),
	KUNIT_CASE_PARAM(pool_runs_out, mode_gen_params),
	KUNIT_CASE_PARAM(unwritten_is_zero, mode_gen_params),
	KUNIT_CASE(trusted_sees_pages),
	{},
};

static struct kunit_suite suite = {
	.name = "untrusted_virtio_blk",
	.init = fake_disk_init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
