/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The split ring's operations against the device's side of it: chains, indices that wrap,
 * notifications and interrupts wanted and not.
 *
 * Covers: drivers/virtio/vring_split.h
 */
#include "fake_vring.h"

static void chains(struct kunit *test)
{
	struct fake_vring *r = test->priv;
	struct fake_chain *c = &r->chain;
	uint32_t len = 99;
	unsigned int i;

	fake_vring_up(test, fake_vring_features(test));
	KUNIT_ASSERT_TRUE(test, fake_vring_add(r, 2, 1, 0));
	KUNIT_EXPECT_EQ(test, fake_vq_waiting(&r->f, 0), 0u);
	KUNIT_EXPECT_TRUE(test, pv_vring_kick(r->vq));
	KUNIT_EXPECT_FALSE(test, pv_vring_kick(r->vq));
	KUNIT_ASSERT_TRUE(test, fake_vq_next(&r->f, 0, c));
	KUNIT_EXPECT_EQ(test, c->indirect, r->vq->indirect);
	KUNIT_ASSERT_EQ(test, c->num, 3u);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ(test, (void *)c->piece[i].va, (void *)(r->data + 64 * i));
		KUNIT_EXPECT_EQ(test, c->piece[i].len, i < 2 ? 16u : 32u);
		KUNIT_EXPECT_EQ(test, c->piece[i].write, i == 2);
	}
	KUNIT_EXPECT_EQ(test, r->vq->num_free,
			r->vq->indirect ? FAKE_VRING_NUM - 1 : FAKE_VRING_NUM - 3);
	KUNIT_EXPECT_NULL(test, pv_vring_pop(r->vq, &len));
	fake_vq_used(&r->f, 0, c->head, 31);
	KUNIT_EXPECT_PTR_EQ(test, pv_vring_pop(r->vq, &len), (void *)&r->token[0]);
	KUNIT_EXPECT_EQ(test, len, 31u);
	KUNIT_EXPECT_EQ(test, r->vq->num_free, FAKE_VRING_NUM);
	KUNIT_EXPECT_NULL(test, pv_vring_pop(r->vq, &len));
}

/* No more than fits; and the pieces of two chains never mix. */
static void full(struct kunit *test)
{
	struct fake_vring *r = test->priv;
	unsigned int n = 0, expected;
	uint32_t len;

	fake_vring_up(test, fake_vring_features(test));
	expected = r->vq->indirect ? FAKE_VRING_NUM : FAKE_VRING_NUM / 3;
	while (fake_vring_add(r, 1, 2, n))
		n++;
	KUNIT_EXPECT_EQ(test, n, expected);
	pv_vring_kick(r->vq);
	for (n = 0; fake_vq_next(&r->f, 0, &r->chain); n++) {
		KUNIT_EXPECT_EQ(test, r->chain.num, 3u);
		fake_vq_used(&r->f, 0, r->chain.head, 64);
	}
	KUNIT_EXPECT_EQ(test, n, expected);
	for (n = 0; pv_vring_pop(r->vq, &len); n++)
		KUNIT_EXPECT_EQ(test, len, 64u);
	KUNIT_EXPECT_EQ(test, n, expected);
	KUNIT_EXPECT_EQ(test, r->vq->num_free, FAKE_VRING_NUM);
}

/*
 * The device completes a random one of those that it took; the indices wrap many times.
 * Fault row 7.
 */
static void wraps(struct kunit *test)
{
	struct fake_vring *r = test->priv;
	uint16_t head[FAKE_VRING_NUM];
	unsigned int taken = 0, added = 0, done = 0, i, seed = 1;
	uint32_t len;
	int *token;

	fake_vring_up(test, fake_vring_features(test));
	fake_vq_start_at(&r->f, 0, 0xfff0);
	while (done < 200000) {
		seed = seed * 1103515245 + 12345;
		for (i = seed >> 16 & 7; i && fake_vring_add(r, 1, seed >> 20 & 3, added & 0xffff);
		     i--)
			r->token[added++ & 0xffff]++;
		pv_vring_kick(r->vq);
		while (taken < FAKE_VRING_NUM && fake_vq_next(&r->f, 0, &r->chain))
			head[taken++] = r->chain.head;
		fake_vq_sleep(&r->f, 0);
		for (i = seed >> 24 & 7; i && taken; i--) {
			unsigned int k = seed % taken;

			fake_vq_used(&r->f, 0, head[k], 0);
			head[k] = head[--taken];
		}
		while ((token = pv_vring_pop(r->vq, &len))) {
			KUNIT_ASSERT_EQ(test, *token, 1);
			*token = 0;
			done++;
		}
		KUNIT_ASSERT_FALSE(test, pv_device_broken(&r->f.vd.dev));
	}
	KUNIT_EXPECT_EQ(test, pv_vring_in_flight(r->vq), added - done);
}

/*
 * Whether the doorbell rings is what the specification's words say, counted out: 2.7.10.
 * Fault row 44.
 */
static void kick_event_index(struct kunit *test)
{
	static const uint16_t starts[] = {0, 1, 0x7fff, 0x8000, 0xfff0, 0xfffe, 0xffff};
	struct fake_vring *r = test->priv;
	unsigned int i, n, k, wrong = 0;
	uint32_t event;

	fake_vring_up(test, FAKE_VRING_MODERN | FAKE_VRING_EVENT);
	for (i = 0; i < PV_ARRAY_SIZE(starts); i++) {
		for (n = 1; n <= 3; n++) {
			for (event = 0; event < 0x10000; event++) {
				bool expected = false;

				fake_vq_start_at(&r->f, 0, starts[i]);
				*r->vq->avail_event = (uint16_t)event;
				r->vq->avail_idx = (uint16_t)(starts[i] + n);
				for (k = 0; k < n; k++)
					expected |= (uint16_t)(starts[i] + k) == event;
				wrong += pv_vring_kick(r->vq) != expected;
			}
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	fake_vq_start_at(&r->f, 0, 0);
}

static void kick_flag(struct kunit *test)
{
	struct fake_vring *r = test->priv;

	fake_vring_up(test, FAKE_VRING_MODERN);
	r->vq->used->flags = VRING_USED_F_NO_NOTIFY;
	KUNIT_ASSERT_TRUE(test, fake_vring_add(r, 1, 0, 0));
	KUNIT_EXPECT_FALSE(test, pv_vring_kick(r->vq));
	KUNIT_EXPECT_EQ(test, fake_vq_waiting(&r->f, 0), 1u);
	KUNIT_EXPECT_EQ(test, r->f.q[0].doorbell, 0u);
	r->vq->used->flags = 0;
	KUNIT_ASSERT_TRUE(test, fake_vring_add(r, 1, 0, 1));
	KUNIT_EXPECT_TRUE(test, pv_vring_kick(r->vq));
	KUNIT_EXPECT_EQ(test, r->f.q[0].doorbell, 1u);
}

static void pop_all(struct fake_vring *r)
{
	uint32_t len;

	while (pv_vring_pop(r->vq, &len))
		;
}

/* Armed: one interrupt, after `after` more; and the final check sees what came before. */
static void arming(struct kunit *test)
{
	struct fake_vring *r = test->priv;
	unsigned int before, after, round;

	fake_vring_up(test, fake_vring_features(test));
	fake_vq_start_at(&r->f, 0, 0xffee);
	for (round = 0; round < 64; round++) {
		before = round % 4;
		after = r->vq->event_idx ? round / 4 % 4 : 0;
		while (fake_vring_add(r, 1, 0, round))
			;
		pv_vring_kick(r->vq);
		r->f.q[0].irqs = 0;
		fake_vring_answer(r, before);
		KUNIT_EXPECT_EQ(test, r->f.q[0].irqs, 0u);
		KUNIT_ASSERT_EQ(test, pv_vring_arm(r->vq, (uint16_t)after), before > after);
		if (before <= after) {
			fake_vring_answer(r, after - before);
			KUNIT_EXPECT_EQ(test, r->f.q[0].irqs, 0u);
			fake_vring_answer(r, 1);
			KUNIT_EXPECT_EQ(test, r->f.q[0].irqs, 1u);
		}
		pv_vring_disarm(r->vq);
		r->f.q[0].irqs = 0;
		fake_vring_answer(r, FAKE_VRING_NUM);
		KUNIT_EXPECT_EQ(test, r->f.q[0].irqs, 0u);
		pop_all(r);
		KUNIT_ASSERT_FALSE(test, pv_device_broken(&r->f.vd.dev));
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(chains, fake_vring_gen_params),
	KUNIT_CASE_PARAM(full, fake_vring_gen_params),
	KUNIT_CASE_PARAM(wraps, fake_vring_gen_params),
	KUNIT_CASE(kick_event_index),
	KUNIT_CASE(kick_flag),
	KUNIT_CASE_PARAM(arming, fake_vring_gen_params),
	{},
};

static struct kunit_suite suite = {
	.name = "vring_split",
	.init = fake_vring_init,
	.exit = fake_vring_end,
	.test_cases = cases,
};

kunit_test_suite(suite);
