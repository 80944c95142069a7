/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The Xen block frontend against backends that fail, lie, or keep memory: each request completes
 * once, with the error that says what happened, and nothing is lost.
 *
 * Covers: drivers/blkfront/blkfront_io.c
 */
#include "counting.h"
#include "fake_vbd.h"

#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/xen/events.h"

#define IN_FLIGHT 20

static void expect_broken(struct kunit *test, const char *reason)
{
	struct fake_vbd *v = test->priv;

	KUNIT_EXPECT_EQ(test, v->dev->state, PV_DEV_BROKEN);
	KUNIT_ASSERT_NOT_NULL(test, v->dev->reason);
	KUNIT_EXPECT_STREQ(test, v->dev->reason, reason);
	/* What is new is refused, and the toolstack is told. */
	KUNIT_EXPECT_EQ(test, pv_blk_submit(v->q, fake_vbd_request(v, REQS - 1, PV_BLK_READ, 0, 1)),
			PV_EIO);
	pv_blk_flush(v->q);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
	KUNIT_EXPECT_EQ(test, v->bf->num_free, v->bf->num_parts);
	fake_vbd_work();
	KUNIT_ASSERT_NOT_NULL(test, pv_fake_xs_read("error/device/vbd/51712/error"));
	KUNIT_EXPECT_NOT_NULL(test,
			      strstr(pv_fake_xs_read("error/device/vbd/51712/error"), reason));
}

/* --- what a request may come to --------------------------------------------------------------- */

static const struct answer {
	const char *name;
	int status, expected;
	bool persistent;
} answers[] = {
	{"OKAY", BLKIF_RSP_OKAY, 0, false},
	{"ERROR", BLKIF_RSP_ERROR, PV_EIO, false},
	{"EOPNOTSUPP", BLKIF_RSP_EOPNOTSUPP, PV_ENOTSUP, false},
	{"1", 1, PV_EPROTO, false},
	{"-3", -3, PV_EPROTO, false},
	{"-32768", -32768, PV_EPROTO, false},
	{"OKAY, persistent", BLKIF_RSP_OKAY, 0, true},
	{"ERROR, persistent", BLKIF_RSP_ERROR, PV_EIO, true},
	{"77, persistent", 77, PV_EPROTO, true},
};

static void answer_name(const struct answer *a, char *desc)
{
	strscpy(desc, a->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(answer, answers, answer_name);

static void answered(struct kunit *test)
{
	const struct answer *a = test->param_value;
	static const uint8_t ops[] = {PV_BLK_READ, PV_BLK_WRITE, PV_BLK_SYNC, PV_BLK_DISCARD};
	struct fake_vbd *v = test->priv;
	unsigned int i;

	v->back.persistent = a->persistent;
	fake_vbd_up(test);
	pv_memset(v->mem, 0xee, 4096);
	v->back.status = a->status;
	for (i = 0; i < 4; i++) {
		fake_vbd_request(v, i, ops[i], 8 * i, 1);
		v->req[i].num_sectors = 8;
		KUNIT_ASSERT_EQ(test, pv_blk_submit(v->q, &v->req[i]), 0);
	}
	fake_vbd_run(v);
	fake_vbd_expect_done(test, 4, 0, a->expected);
	KUNIT_EXPECT_EQ(test, pv_blk_stats(v->q)->errors, a->expected ? 4ull : 0ull);
	KUNIT_EXPECT_EQ(test, v->mem[0], a->expected ? 0xee : v->back.disk[0]);
	if (a->expected == PV_EPROTO)
		expect_broken(test, "block response with an unknown status");
	else
		KUNIT_EXPECT_EQ(test, v->dev->state, PV_DEV_LIVE);
}

/*
 * A flush that the backend offered, and does not do: an error each time, and never success.
 * Fault row 8.
 */
static void flush_not_done(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i;

	fake_vbd_up(test);
	v->back.status = BLKIF_RSP_EOPNOTSUPP;
	for (i = 0; i < 3; i++) {
		fake_vbd_submit(test, i, PV_BLK_SYNC, 0, 0);
		fake_vbd_run(v);
		fake_vbd_work();
	}
	fake_vbd_expect_done(test, 3, 0, PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, v->back.flushes, 3u);
	KUNIT_EXPECT_TRUE(test, v->blk->flags & PV_BLK_F_SYNC);
}

/* An indirect request may be answered by its own name, and by what it does. */
static void indirect_answers(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	static const int ops[] = {-1, BLKIF_OP_INDIRECT, BLKIF_OP_READ, BLKIF_OP_WRITE};
	unsigned int i;

	fake_vbd_up(test);
	for (i = 0; i < 4; i++) {
		v->back.response_op = ops[i];
		fake_vbd_submit(test, i, PV_BLK_READ, 0, 20);
		fake_vbd_run(v);
	}
	fake_vbd_expect_done(test, 4, 3, PV_EPROTO);
	expect_broken(test, "response to another operation");
}

/* --- a ring that lies ------------------------------------------------------------------------- */

enum lie { ID_RANGE, ID_HUGE, ID_TWICE, ID_FREE, OTHER_OP, INDIRECT_OP, JUMP, FAR, BACKWARDS };
static const struct lying {
	enum lie lie;
	const char *reason;
} lies[] = {
	{ID_RANGE, "response id out of range"},
	{ID_HUGE, "response id out of range"},
	{ID_TWICE, "response id is not in flight"},
	{ID_FREE, "response id is not in flight"},
	{OTHER_OP, "response to another operation"},
	{INDIRECT_OP, "response to another operation"},
	{JUMP, "response index jumped"},
	{FAR, "response index jumped"},
	{BACKWARDS, "response index jumped"},
};

static void lie_name(const struct lying *l, char *desc)
{
	pv_snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d %s", l->lie, l->reason);
}

KUNIT_ARRAY_PARAM(lie, lies, lie_name);

static void lie_as(struct fake_vbd *v, enum lie lie)
{
	struct fake_blkback *b = &v->back;
	struct blkif_request rq;

	switch (lie) {
	case ID_RANGE:
		fake_blkback_answer(b, v->bf->num_parts, BLKIF_OP_READ, 0);
		break;
	case ID_HUGE:
		fake_blkback_answer(b, 1ull << 63, BLKIF_OP_READ, 0);
		break;
	case ID_TWICE:
		fake_blkback_answer(b, b->last_id, BLKIF_OP_READ, 0);
		break;
	case ID_FREE:
		fake_blkback_answer(b, v->bf->num_parts - 1, BLKIF_OP_READ, 0);
		break;
	case OTHER_OP:
	case INDIRECT_OP:
		fake_blkback_take(b, &rq);
		fake_blkback_answer(b, rq.id, lie == OTHER_OP ? !rq.operation : BLKIF_OP_INDIRECT,
				    0);
		break;
	case JUMP:
		b->rsp_prod = b->sring->req_prod;
		fake_blkback_answer(b, 0, BLKIF_OP_READ, 0);
		break;
	case FAR:
		b->rsp_prod += 0x80000000;
		fake_blkback_answer(b, 0, BLKIF_OP_READ, 0);
		break;
	case BACKWARDS:
		b->rsp_prod -= 2;
		fake_blkback_answer(b, 0, BLKIF_OP_READ, 0);
		break;
	}
}

/*
 * Two are answered well, then comes the lie: all the others are given back, and their memory.
 * Fault rows 1, 2, 3, 4, 5.
 */
static void lying(struct kunit *test)
{
	const struct lying *l = test->param_value;
	struct fake_vbd *v = test->priv;
	struct pv_grant_stats s;

	fake_vbd_up(test);
	fake_vbd_submit_some(test, IN_FLIGHT);
	fake_blkback_run(&v->back, 2);
	KUNIT_ASSERT_EQ(test, pv_blk_poll(v->q, 64), 2);
	lie_as(v, l->lie);
	while (pv_blk_poll(v->q, 7))
		;
	fake_vbd_expect_done(test, IN_FLIGHT, 2, PV_EPROTO);
	expect_broken(test, l->reason);
	pv_grant_stats(&s);
	KUNIT_EXPECT_EQ(test, s.quarantined, 0u);
	KUNIT_EXPECT_EQ(test, s.total - s.free, (1u << v->bf->ring_order) + v->bf->num_parts);
}

/* Requests with parts on the ring, parts to come, and none yet. */
static void broken_with_a_queue(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i;

	v->back.indirect = -1;
	v->back.max_ring_order = 0;
	fake_vbd_up(test);
	for (i = 0; i < 10; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, 0, 100);
	pv_blk_flush(v->q);
	KUNIT_ASSERT_NOT_NULL(test, v->q->waiting.head);
	fake_blkback_answer(&v->back, 1ull << 40, BLKIF_OP_READ, 0);
	while (pv_blk_poll(v->q, 1))
		;
	fake_vbd_expect_done(test, 10, 0, PV_EPROTO);
	expect_broken(test, "response id out of range");
}

/* Its state is none: the kernel learns of it, and polls. */
static void broken_by_its_state(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	char path[160];

	fake_vbd_up(test);
	pv_blk_set_event(v->q, counting, &v->events);
	pv_blk_on_change(v->blk, counting, &v->changes);
	pv_blk_poll(v->q, 64);
	fake_vbd_submit_some(test, 3);
	pv_snprintf(path, sizeof(path), "%s/state", v->back.back);
	pv_fake_xs_write(path, "soon");
	fake_vbd_work();
	KUNIT_EXPECT_EQ(test, v->events, 1u);
	KUNIT_EXPECT_EQ(test, v->changes, 1u);
	while (pv_blk_poll(v->q, 64))
		;
	fake_vbd_expect_done(test, 3, 0, PV_EPROTO);
	expect_broken(test, "its backend's state is out of order, or none");
}

#ifdef PV_SHARED_HOOKS
static const volatile struct blkif_response *watched;
static unsigned int reads[3];

/* The second reader would get another answer. */
static uint64_t change_after_read(const volatile void *p, size_t size, uint64_t value)
{
	(void)size;
	if (p == &watched->id)
		return reads[0]++ ? 999 : value;
	if (p == &watched->operation)
		return reads[1]++ ? 99 : value;
	if (p == &watched->status)
		return reads[2]++ ? 99 : value;
	return value;
}

/* Fault row 6 */
static void response_read_once(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_vbd_up(test);
	fake_vbd_submit_some(test, 1);
	fake_blkback_run(&v->back, 1);
	watched = &v->back.sring->ring[0].rsp;
	pv_memset(reads, 0, sizeof(reads));
	pv_fake.shared_read = change_after_read;
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 1);
	pv_fake.shared_read = NULL;
	KUNIT_EXPECT_EQ(test, reads[0], 1u);
	KUNIT_EXPECT_EQ(test, reads[1], 1u);
	KUNIT_EXPECT_EQ(test, reads[2], 1u);
	fake_vbd_expect_done(test, 1, 0, 0);
}
#endif

/*
 * Requests that the backend wrote over, in the ring and in the pages of segments, are not read
 * back.
 */
static void requests_overwritten(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	static struct blkif_request rq[IN_FLIGHT]; /* too large for a kernel's stack */
	unsigned int i;

	fake_vbd_up(test);
	for (i = 0; i < IN_FLIGHT; i++)
		fake_vbd_submit(test, i, PV_BLK_READ, 0, i % 2 ? 1 : 20);
	pv_blk_flush(v->q);
	for (i = 0; i < IN_FLIGHT; i++)
		KUNIT_ASSERT_TRUE(test, fake_blkback_take(&v->back, &rq[i]));
	for (i = 0; i < v->back.size; i++)
		pv_memset(&v->back.sring->ring[i], 0xff, sizeof(union blkif_sring_entry));
	for (i = 0; i < v->bf->num_parts; i++)
		pv_memset(v->bf->indirect[i].va, 0xff, 4096);
	v->back.sring->req_prod = 0xdead;
	v->back.sring->rsp_event = 0xbeef;
	for (i = 0; i < IN_FLIGHT; i++)
		fake_blkback_answer(&v->back, rq[i].id, BLKIF_OP_READ, 0);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), IN_FLIGHT);
	fake_vbd_expect_done(test, IN_FLIGHT, 0, 0);
	fake_vbd_submit(test, 0, PV_BLK_READ, 8, 1);
	fake_vbd_run(v);
	KUNIT_EXPECT_EQ(test, v->req[0].status, 0);
	KUNIT_EXPECT_EQ(test, memcmp(v->mem, v->back.disk + 4096, 4096), 0);
}

/* --- a peer that keeps memory ----------------------------------------------------------------- */

/*
 * The request fails, the device is broken, and the grants are counted; they come back when it
 * lets go.
 */
static void keeps_data(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int i, lent;
	struct pv_grant_stats s;

	fake_vbd_up(test);
	lent = pv_fake_xen_granted();
	fake_vbd_submit_some(test, 5);
	v->back.keeps = true;
	fake_blkback_run(&v->back, 2);
	while (pv_blk_poll(v->q, 64))
		;
	fake_vbd_expect_done(test, 5, 0, PV_EPROTO);
	pv_grant_stats(&s);
	KUNIT_EXPECT_EQ(test, s.quarantined, 2u);
	KUNIT_EXPECT_EQ(test, s.total - s.free - s.quarantined, lent);
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 0);
	for (i = 0; i < 2; i++)
		pv_fake_xen_peer_unmap(v->back.mapped[i]);
	v->back.num_mapped = 0;
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 2);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_granted(), lent);
	expect_broken(test, "the backend keeps an answered request's memory");
}

/* It goes, and keeps all: ring, segments, pool, data. */
static void keeps_all(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	unsigned int pages, kept;
	struct pv_grant_stats s;

	v->back.persistent = test->param_index % 2;
	v->back.max_ring_order = test->param_index / 2;
	fake_vbd_up(test);
	fake_vbd_submit_some(test, IN_FLIGHT);
	v->back.keeps = v->back.keeps_ring = v->back.lingers = true;
	fake_vbd_submit(test, IN_FLIGHT, PV_BLK_READ, 0, 20);
	fake_vbd_run(v);
	kept = pv_fake_xen_mapped();
	KUNIT_EXPECT_GT(test, kept, 20u);
	pv_blk_close(v->blk);
	v->blk = NULL;
	/* Gone, without a word. */
	pv_fake_xs.changed = NULL;
	fake_vbd_unplug(v);
	KUNIT_EXPECT_NULL(test, v->dev);
	pv_grant_stats(&s);
	KUNIT_EXPECT_EQ(test, s.quarantined, kept);
	KUNIT_EXPECT_EQ(test, s.total - s.free, kept);
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 0);
	pages = pv_fake.live_pages;
	v->back.keeps_ring = false;
	while (v->back.num_mapped)
		pv_fake_xen_peer_unmap(v->back.mapped[--v->back.num_mapped]);
	while (v->back.pages)
		pv_fake_xen_peer_unmap(v->back.ring_ref[--v->back.pages]);
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), (int)kept);
	KUNIT_EXPECT_LT(test, pv_fake.live_pages, pages);
}

static const unsigned int four[4];

KUNIT_ARRAY_PARAM(four, four, NULL);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(answered, answer_gen_params),
	KUNIT_CASE(flush_not_done),
	KUNIT_CASE(indirect_answers),
	KUNIT_CASE_PARAM(lying, lie_gen_params),
	KUNIT_CASE(broken_with_a_queue),
	KUNIT_CASE(broken_by_its_state),
#ifdef PV_SHARED_HOOKS
	KUNIT_CASE(response_read_once),
#endif
	KUNIT_CASE(requests_overwritten),
	KUNIT_CASE(keeps_data),
	KUNIT_CASE_PARAM(keeps_all, four_gen_params),
	{},
};

static struct kunit_suite suite = {
	.name = "blkfront_bad",
	.init = fake_vbd_init,
	.exit = fake_vbd_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
