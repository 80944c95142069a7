/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The split ring with devices that lie: in what they used, in its length, in descriptors that they
 * rewrite.
 *
 * Covers: drivers/virtio/vring_split.h
 */
#include "fake_vring.h"

static const struct lie {
	const char *name;
	uint32_t id; /* of the element; 0xffff: the chain's own */
	uint32_t len;
	uint16_t jump; /* added to the used index beyond the element */
	const char *reason;
} lies[] = {
	{"id is the ring's size", FAKE_VRING_NUM, 0, 0, "used id out of range"},
	{"id of 32 bits", 0x80000000u, 0, 0, "used id out of range"},
	{"id that wraps to 16 bits", 0x10000, 0, 0, "used id out of range"},
	{"id of a free entry", FAKE_VRING_NUM - 1, 0, 0, "used id is not in flight"},
	{"id of a chain's second entry", 1, 0, 0, "used id is not in flight"},
	{"length beyond the buffer", 0xffff, 33, 0, "used length beyond the buffer"},
	{"length of all ones", 0xffff, 0xffffffffu, 0, "used length beyond the buffer"},
	{"index past what was published", 0xffff, 0, 1, "used index jumped"},
	{"index half around", 0xffff, 0, 0x8000, "used index jumped"},
	{"index backwards", 0xffff, 0, 0xfffe, "used index jumped"},
};

static void lie_name(const struct lie *l, char *desc)
{
	strscpy(desc, l->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lie, lies, lie_name);

/* Fault rows 33, 34, 35 */
static void lying(struct kunit *test)
{
	const struct lie *lie = test->param_value;
	struct fake_vring *r = test->priv;
	uint32_t len;

	fake_vring_up(test, FAKE_VRING_MODERN);
	KUNIT_ASSERT_TRUE(test, fake_vring_add(r, 1, 1, 0));
	pv_vring_kick(r->vq);
	KUNIT_ASSERT_TRUE(test, fake_vq_next(&r->f, 0, &r->chain));
	fake_vq_element(&r->f, 0, lie->id == 0xffff ? r->chain.head : lie->id, lie->len);
	r->f.q[0].used_idx += lie->jump;
	fake_vq_show(&r->f, 0, 0);
	KUNIT_EXPECT_NULL(test, pv_vring_pop(r->vq, &len));
	KUNIT_ASSERT_TRUE(test, pv_device_broken(&r->f.vd.dev));
	KUNIT_EXPECT_STREQ(test, r->f.vd.dev.reason, lie->reason);
	KUNIT_EXPECT_PTR_EQ(test, pv_vq_drain(r->vq), (void *)&r->token[0]);
	KUNIT_EXPECT_NULL(test, pv_vq_drain(r->vq));
}

/* Fault row 33 */
static void used_twice(struct kunit *test)
{
	struct fake_vring *r = test->priv;
	uint32_t len;

	fake_vring_up(test, fake_vring_features(test));
	KUNIT_ASSERT_TRUE(test, fake_vring_add(r, 1, 1, 0));
	KUNIT_ASSERT_TRUE(test, fake_vring_add(r, 1, 1, 1));
	pv_vring_kick(r->vq);
	KUNIT_ASSERT_TRUE(test, fake_vq_next(&r->f, 0, &r->chain));
	fake_vq_used(&r->f, 0, r->chain.head, 1);
	fake_vq_used(&r->f, 0, r->chain.head, 1);
	KUNIT_EXPECT_PTR_EQ(test, pv_vring_pop(r->vq, &len), (void *)&r->token[0]);
	KUNIT_EXPECT_NULL(test, pv_vring_pop(r->vq, &len));
	KUNIT_EXPECT_TRUE(test, pv_device_broken(&r->f.vd.dev));
	KUNIT_EXPECT_PTR_EQ(test, pv_vq_drain(r->vq), (void *)&r->token[1]);
	KUNIT_EXPECT_NULL(test, pv_vq_drain(r->vq));
}

static void lengths_that_tell_nothing(struct kunit *test)
{
	struct fake_vring *r = test->priv;
	uint32_t len = 1;

	/* Of a chain that was only read. */
	fake_vring_up(test, FAKE_VRING_MODERN);
	KUNIT_ASSERT_TRUE(test, fake_vring_add(r, 1, 0, 0));
	pv_vring_kick(r->vq);
	fake_vq_next(&r->f, 0, &r->chain);
	fake_vq_used(&r->f, 0, r->chain.head, 4096);
	KUNIT_EXPECT_NOT_NULL(test, pv_vring_pop(r->vq, &len));
	KUNIT_EXPECT_EQ(test, len, 0u);
	pv_virtio_end(&r->f.vd, false);

	/* Of a device whose lengths are not to be trusted. */
	fake_vring_up_as(test, FAKE_VRING_MODERN, FAKE_VRING_NUM, true);
	KUNIT_ASSERT_TRUE(test, fake_vring_add(r, 1, 1, 0));
	pv_vring_kick(r->vq);
	fake_vq_next(&r->f, 0, &r->chain);
	fake_vq_used(&r->f, 0, r->chain.head, 4096);
	KUNIT_EXPECT_NOT_NULL(test, pv_vring_pop(r->vq, &len));
	KUNIT_EXPECT_FALSE(test, pv_device_broken(&r->f.vd.dev));
}

/*
 * Descriptors that the device rewrote are written anew, or are never read: the shadow governs.
 * Fault row 36.
 */
static void rewritten_descriptors(struct kunit *test)
{
	struct fake_vring *r = test->priv;
	unsigned int round, n;
	uint32_t len;

	fake_vring_up(test, fake_vring_features(test));
	for (round = 0; round < 20; round++) {
		for (n = 0; fake_vring_add(r, 1, 1, n); n++)
			;
		pv_vring_kick(r->vq);
		fake_vring_answer(r, FAKE_VRING_NUM);
		for (n = 0; n < FAKE_VRING_NUM; n++) {
			r->vq->desc[n].next = 0xffff;
			r->vq->desc[n].len = ~0u;
		}
		pv_memset((void *)r->vq->avail->ring, 0xff, FAKE_VRING_NUM * 2);
		for (n = 0; pv_vring_pop(r->vq, &len); n++)
			;
		KUNIT_EXPECT_EQ(test, n, r->vq->indirect ? FAKE_VRING_NUM : FAKE_VRING_NUM / 2);
		KUNIT_ASSERT_FALSE(test, pv_device_broken(&r->f.vd.dev));
	}
}

#ifdef PV_SHARED_HOOKS
static struct {
	const volatile void *idx, *id, *len;
	unsigned int idx_reads, id_reads, len_reads, others;
} seen;

static uint64_t count_reads(const volatile void *p, size_t size, uint64_t value)
{
	(void)size;
	if (p == seen.idx)
		seen.idx_reads++;
	else if (p == seen.id)
		seen.id_reads++;
	else if (p == seen.len)
		seen.len_reads++;
	else
		seen.others++;
	return value;
}

/* Each is loaded once, so that what was checked is what is used. */
static void loads_once(struct kunit *test)
{
	struct fake_vring *r = test->priv;
	uint32_t len;

	fake_vring_up(test, FAKE_VRING_MODERN | FAKE_VRING_INDIRECT | FAKE_VRING_EVENT);
	KUNIT_ASSERT_TRUE(test, fake_vring_add(r, 1, 1, 0));
	pv_vring_kick(r->vq);
	fake_vring_answer(r, 1);
	pv_memset(&seen, 0, sizeof(seen));
	seen.idx = &r->vq->used->idx;
	seen.id = &r->vq->used->ring[0].id;
	seen.len = &r->vq->used->ring[0].len;
	pv_fake.shared_read = count_reads;
	KUNIT_EXPECT_NOT_NULL(test, pv_vring_pop(r->vq, &len));
	pv_fake.shared_read = NULL;
	KUNIT_EXPECT_EQ(test, seen.idx_reads, 1u);
	KUNIT_EXPECT_EQ(test, seen.id_reads, 1u);
	KUNIT_EXPECT_EQ(test, seen.len_reads, 1u);
	KUNIT_EXPECT_EQ(test, seen.others, 0u);
}
#endif

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(lying, lie_gen_params),
	KUNIT_CASE_PARAM(used_twice, fake_vring_gen_params),
	KUNIT_CASE(lengths_that_tell_nothing),
	KUNIT_CASE_PARAM(rewritten_descriptors, fake_vring_gen_params),
#ifdef PV_SHARED_HOOKS
	KUNIT_CASE(loads_once),
#endif
	{},
};

static struct kunit_suite suite = {
	.name = "vring_lies",
	.init = fake_vring_init,
	.exit = fake_vring_end,
	.test_cases = cases,
};

kunit_test_suite(suite);
