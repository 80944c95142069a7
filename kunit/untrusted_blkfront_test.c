/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A Xen block backend that is not to see the guest's memory: everything works, and at each step no
 * byte is visible to it but what it was sent.
 *
 * Covers: drivers/blkfront/blkfront_xs.c drivers/blkfront/blkfront_data.c
 * drivers/blkfront/blkfront_grants.c
 */
#include <pv/string.h>

#include "fake_spy.h"
#include "fake_vbd.h"
#include "pv-core/bus.h"

static const struct mode {
	const char *name;
	const char *trusted; /* the node; NULL: none */
	bool all;	     /* the kernel trusts none */
	int persistent, indirect;
} modes[] = {
	{"by the toolstack", "0", false, 0, 256},
	{"by the toolstack, persistent", "0", false, 1, 256},
	{"by the toolstack, eleven segments", "0", false, -1, -1},
	{"by the kernel", NULL, true, 0, 256},
	{"by the kernel, whatever it says", "1", true, 0, 256},
	{"by a node that is no number", "maybe", false, 0, 256},
};

static void mode_name(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

static void bring_up(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct fake_vbd *v = test->priv;
	unsigned int i;

	for (i = 0; i < FAKE_BLKBACK_DISK; i++)
		v->back.disk[i] &= 0x7f;
	pv_memset(v->mem, FAKE_SPY_CANARY, PAGES * PV_PAGE_SIZE);
	v->back.trusted = mode->trusted;
	v->back.persistent = mode->persistent;
	v->back.indirect = mode->indirect;
	pv_bus_set_untrusted(mode->all);
	fake_vbd_up(test);
	KUNIT_EXPECT_TRUE(test, v->dev->untrusted);
}

static void look(struct kunit *test)
{
	FAKE_SPY_EXPECT_BLIND(test, fake_spy_xen(PV_FAKE_XEN_PEER));
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
static struct pv_blk_req *request(struct fake_vbd *v, unsigned int i, uint8_t op, uint64_t sector,
				  uint32_t len, unsigned int pieces)
{
	struct pv_blk_req *req = fake_vbd_request(v, i, op, sector, 1);
	uint8_t *at = v->mem + i * 5 % 16 * PV_PAGE_SIZE + 512;
	unsigned int k;

	pv_memset(v->mem, FAKE_SPY_CANARY, PAGES * PV_PAGE_SIZE);
	req->num_segs = (uint16_t)pieces;
	for (k = 0; k < pieces; k++) {
		v->seg[i][k].va = at + k * (len + 512);
		v->seg[i][k].len = len;
		if (op == PV_BLK_WRITE)
			pv_memset(v->seg[i][k].va, 0x30 + (int)k, len);
	}
	return req;
}

/* Submits it, and has it done, looking at each step. */
static void step(struct kunit *test, struct pv_blk_req *req)
{
	struct fake_vbd *v = test->priv;
	unsigned int before = v->total;

	KUNIT_ASSERT_EQ(test, pv_blk_submit(v->q, req), 0);
	look(test);
	pv_blk_flush(v->q);
	look(test);
	fake_blkback_run(&v->back, 100);
	look(test);
	pv_blk_poll(v->q, 100);
	look(test);
	KUNIT_ASSERT_EQ(test, v->total, before + 1);
	KUNIT_ASSERT_EQ(test, req->status, 0);
}

static void write_and_read(struct kunit *test, unsigned int i, uint32_t len, unsigned int pieces)
{
	struct fake_vbd *v = test->priv;
	const uint8_t *there = v->back.disk + 512 * 64 * i;
	struct pv_blk_req *req;
	unsigned int k;

	req = request(v, i, PV_BLK_WRITE, 64 * i, len, pieces);
	step(test, req);
	for (k = 0; k < pieces; k++)
		KUNIT_EXPECT_EQ(test, memcmp(there + k * len, req->segs[k].va, len), 0);
	there += FAKE_BLKBACK_DISK / 2;
	/* What a read is to overwrite is nothing that it was sent. */
	req = request(v, i, PV_BLK_READ, FAKE_BLKBACK_DISK / 1024 + 64 * i, len, pieces);
	step(test, req);
	for (k = 0; k < pieces; k++) {
		const uint8_t *va = req->segs[k].va;

		KUNIT_EXPECT_EQ(test, memcmp(there + k * len, va, len), 0);
		KUNIT_EXPECT_TRUE(test, is_canary(va - 512, 512));
		KUNIT_EXPECT_TRUE(test, is_canary(va + len, 512));
	}
}

/* Fault row 50 */
static void sees_requests_only(struct kunit *test)
{
	static const uint32_t length[] = {512, 1024, 4096, 8192, 5 * 4096 + 512};
	struct fake_vbd *v = test->priv;
	unsigned int i;

	bring_up(test);
	look(test);
	for (i = 0; i < 2 * PV_ARRAY_SIZE(length); i++)
		write_and_read(test, i, length[i / 2], 1 + i % 2 * 2);
	step(test, fake_vbd_request(v, 0, PV_BLK_SYNC, 0, 0));
	KUNIT_EXPECT_EQ(test, v->back.bad, 0u);
}

/* More than there are pages for: what finds none waits, and goes on by completions alone. */
static void pool_runs_out(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i;

	bring_up(test);
	for (i = 0; i < 60; i++)
		fake_vbd_submit(test, i, PV_BLK_WRITE, 8 * i, 16);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->total, 60u);
	for (i = 0; i < 60; i++)
		KUNIT_EXPECT_EQ(test, v->req[i].status, 0);
}

/* When the backend comes back, it is not trusted, even if the store says so now. */
static void once_is_for_good(struct kunit *test)
{
	static const struct mode mode = {.trusted = "0", .indirect = 256};
	struct fake_vbd *v = test->priv;

	test->param_value = &mode;
	bring_up(test);
	pv_fake_xs_write(PV_FAKE_XS_HOME "/device/vbd/51712/trusted", "1");
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	KUNIT_EXPECT_EQ(test, v->back.connects, 2u);
	write_and_read(test, 1, 1024, 3);
}

/* One that is trusted sees what is around its requests: the spy is not blind. */
static void trusted_sees_pages(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	v->back.trusted = "1";
	fake_vbd_up(test);
	KUNIT_ASSERT_EQ(test, pv_blk_submit(v->q, request(v, 0, PV_BLK_WRITE, 0, 512, 1)), 0);
	KUNIT_EXPECT_EQ(test, fake_spy_xen(PV_FAKE_XEN_PEER).canaries, 1u);
	fake_vbd_run(v);
	KUNIT_EXPECT_FALSE(test, v->dev->untrusted);
}

static void end(struct kunit *test)
{
	fake_vbd_exit(test);
	pv_bus_set_untrusted(false);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(sees_requests_only, mode_gen_params),
	KUNIT_CASE_PARAM(pool_runs_out, mode_gen_params),
	KUNIT_CASE(once_is_for_good),
	KUNIT_CASE(trusted_sees_pages),
	{},
};

static struct kunit_suite suite = {
	.name = "untrusted_blkfront",
	.init = fake_vbd_init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
