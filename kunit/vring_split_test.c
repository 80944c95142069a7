/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The split ring's operations against the device's side of it: chains, indices that wrap, notifications
 * and interrupts wanted and not, and devices that lie.
 *
 * Covers: drivers/virtio/vring_split.h
 */
#include "drivers/virtio/vring_split.h"

#include "fake_virtio.h"

#define NUM	 16
#define INDIRECT (1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT	 (1ull << VIRTIO_RING_F_EVENT_IDX)
#define MODERN	 (1ull << VIRTIO_F_VERSION_1)

struct ring {
	struct fake_virtio f;
	struct fake_chain chain;
	struct pv_vq *vq;
	uint8_t data[4096];
	int token[65536];
};

/* The ways in which the rings' features combine. */
static const struct mode {
	const char *name;
	uint64_t features;
} modes[] = {
	{"direct", MODERN},
	{"indirect", MODERN | INDIRECT},
	{"direct, event index", MODERN | EVENT},
	{"indirect, event index", MODERN | INDIRECT | EVENT},
	{"legacy", EVENT},
};

static void mode_name(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

static void up_with(struct kunit *test, uint64_t features, unsigned int max, bool any_len)
{
	struct ring *r = test->priv;
	struct pv_vq_spec spec = {.max_chain = 4, .any_len = any_len};

	fake_virtio_init(&r->f, 0xfe, features, max);
	r->f.vd.dev.state = PV_DEV_LIVE;
	KUNIT_ASSERT_EQ(test, pv_virtio_begin(&r->f.vd, 0, 0, NULL), 0);
	KUNIT_ASSERT_EQ(test, pv_virtio_queues(&r->f.vd, &spec, 1), 0);
	pv_virtio_ready(&r->f.vd);
	r->vq = &r->f.vd.vq[0];
}

static void ring_up(struct kunit *test, uint64_t features)
{
	up_with(test, features, NUM, false);
}

static uint64_t param_features(struct kunit *test)
{
	return ((const struct mode *)test->param_value)->features;
}

static int init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct ring), GFP_KERNEL);
	return test->priv ? 0 : PV_ENOMEM;
}

static void end(struct kunit *test)
{
	struct ring *r = test->priv;

	if (r && r->f.vd.transport)
		pv_virtio_end(&r->f.vd, false);
}

/* A chain of `out` pieces of 16 bytes and `in` of 32; its token is &r->token[n]. */
static bool add(struct ring *r, unsigned int out, unsigned int in, unsigned int n)
{
	struct pv_vring_chain c;
	unsigned int i;

	if (!pv_vring_room(r->vq, out + in))
		return false;
	pv_vring_begin(r->vq, &c, out + in, r->vq->indirect);
	for (i = 0; i < out + in; i++)
		pv_vring_put(r->vq, &c, (uint64_t)(r->data + 64 * i), i < out ? 16 : 32,
			     (i < out ? 0 : VRING_DESC_F_WRITE) |
				     (i + 1 < out + in ? VRING_DESC_F_NEXT : 0));
	pv_vring_end(r->vq, &c, &r->token[n], 32 * in);
	return true;
}

static void chains(struct kunit *test)
{
	struct ring *r = test->priv;
	struct fake_chain *c = &r->chain;
	uint32_t len = 99;
	unsigned int i;

	ring_up(test, param_features(test));
	KUNIT_ASSERT_TRUE(test, add(r, 2, 1, 0));
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
	KUNIT_EXPECT_EQ(test, r->vq->num_free, r->vq->indirect ? NUM - 1 : NUM - 3);
	KUNIT_EXPECT_NULL(test, pv_vring_pop(r->vq, &len));
	fake_vq_used(&r->f, 0, c->head, 31);
	KUNIT_EXPECT_PTR_EQ(test, pv_vring_pop(r->vq, &len), (void *)&r->token[0]);
	KUNIT_EXPECT_EQ(test, len, 31u);
	KUNIT_EXPECT_EQ(test, r->vq->num_free, NUM);
	KUNIT_EXPECT_NULL(test, pv_vring_pop(r->vq, &len));
}

/* No more than fits; and the pieces of two chains never mix. */
static void full(struct kunit *test)
{
	struct ring *r = test->priv;
	unsigned int n = 0, expected;
	uint32_t len;

	ring_up(test, param_features(test));
	expected = r->vq->indirect ? NUM : NUM / 3;
	while (add(r, 1, 2, n))
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
	KUNIT_EXPECT_EQ(test, r->vq->num_free, NUM);
}

/*
 * The device completes a random one of those that it took; the indices wrap many times.
 * Fault row 7.
 */
static void wraps(struct kunit *test)
{
	struct ring *r = test->priv;
	uint16_t head[NUM];
	unsigned int taken = 0, added = 0, done = 0, i, seed = 1;
	uint32_t len;
	int *token;

	ring_up(test, param_features(test));
	fake_vq_start_at(&r->f, 0, 0xfff0);
	while (done < 200000) {
		seed = seed * 1103515245 + 12345;
		for (i = seed >> 16 & 7; i && add(r, 1, seed >> 20 & 3, added & 0xffff); i--)
			r->token[added++ & 0xffff]++;
		pv_vring_kick(r->vq);
		while (taken < NUM && fake_vq_next(&r->f, 0, &r->chain))
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
	struct ring *r = test->priv;
	unsigned int i, n, k, wrong = 0;
	uint32_t event;

	ring_up(test, MODERN | EVENT);
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
	struct ring *r = test->priv;

	ring_up(test, MODERN);
	r->vq->used->flags = VRING_USED_F_NO_NOTIFY;
	KUNIT_ASSERT_TRUE(test, add(r, 1, 0, 0));
	KUNIT_EXPECT_FALSE(test, pv_vring_kick(r->vq));
	KUNIT_EXPECT_EQ(test, fake_vq_waiting(&r->f, 0), 1u);
	KUNIT_EXPECT_EQ(test, r->f.q[0].doorbell, 0u);
	r->vq->used->flags = 0;
	KUNIT_ASSERT_TRUE(test, add(r, 1, 0, 1));
	KUNIT_EXPECT_TRUE(test, pv_vring_kick(r->vq));
	KUNIT_EXPECT_EQ(test, r->f.q[0].doorbell, 1u);
}

/* Completes `n` chains of those that are there. */
static void answer(struct ring *r, unsigned int n)
{
	while (n-- && fake_vq_next(&r->f, 0, &r->chain))
		fake_vq_used(&r->f, 0, r->chain.head, 0);
}

static void pop_all(struct ring *r)
{
	uint32_t len;

	while (pv_vring_pop(r->vq, &len))
		;
}

/* Armed: one interrupt, after `after` more; and the final check sees what came before. */
static void arming(struct kunit *test)
{
	struct ring *r = test->priv;
	unsigned int before, after, round;

	ring_up(test, param_features(test));
	fake_vq_start_at(&r->f, 0, 0xffee);
	for (round = 0; round < 64; round++) {
		before = round % 4;
		after = r->vq->event_idx ? round / 4 % 4 : 0;
		while (add(r, 1, 0, round))
			;
		pv_vring_kick(r->vq);
		r->f.q[0].irqs = 0;
		answer(r, before);
		KUNIT_EXPECT_EQ(test, r->f.q[0].irqs, 0u);
		KUNIT_ASSERT_EQ(test, pv_vring_arm(r->vq, (uint16_t)after), before > after);
		if (before <= after) {
			answer(r, after - before);
			KUNIT_EXPECT_EQ(test, r->f.q[0].irqs, 0u);
			answer(r, 1);
			KUNIT_EXPECT_EQ(test, r->f.q[0].irqs, 1u);
		}
		pv_vring_disarm(r->vq);
		r->f.q[0].irqs = 0;
		answer(r, NUM);
		KUNIT_EXPECT_EQ(test, r->f.q[0].irqs, 0u);
		pop_all(r);
		KUNIT_ASSERT_FALSE(test, pv_device_broken(&r->f.vd.dev));
	}
}

/* --- devices that lie ------------------------------------------------------------------------- */

static const struct lie {
	const char *name;
	uint32_t id; /* of the element; 0xffff: the chain's own */
	uint32_t len;
	uint16_t jump; /* added to the used index beyond the element */
	const char *reason;
} lies[] = {
	{"id is the ring's size", NUM, 0, 0, "used id out of range"},
	{"id of 32 bits", 0x80000000u, 0, 0, "used id out of range"},
	{"id that wraps to 16 bits", 0x10000, 0, 0, "used id out of range"},
	{"id of a free entry", NUM - 1, 0, 0, "used id is not in flight"},
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
	struct ring *r = test->priv;
	uint32_t len;

	ring_up(test, MODERN);
	KUNIT_ASSERT_TRUE(test, add(r, 1, 1, 0));
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
	struct ring *r = test->priv;
	uint32_t len;

	ring_up(test, param_features(test));
	KUNIT_ASSERT_TRUE(test, add(r, 1, 1, 0));
	KUNIT_ASSERT_TRUE(test, add(r, 1, 1, 1));
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
	struct ring *r = test->priv;
	uint32_t len = 1;

	/* Of a chain that was only read. */
	ring_up(test, MODERN);
	KUNIT_ASSERT_TRUE(test, add(r, 1, 0, 0));
	pv_vring_kick(r->vq);
	fake_vq_next(&r->f, 0, &r->chain);
	fake_vq_used(&r->f, 0, r->chain.head, 4096);
	KUNIT_EXPECT_NOT_NULL(test, pv_vring_pop(r->vq, &len));
	KUNIT_EXPECT_EQ(test, len, 0u);
	pv_virtio_end(&r->f.vd, false);

	/* Of a device whose lengths are not to be trusted. */
	up_with(test, MODERN, NUM, true);
	KUNIT_ASSERT_TRUE(test, add(r, 1, 1, 0));
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
	struct ring *r = test->priv;
	unsigned int round, n;
	uint32_t len;

	ring_up(test, param_features(test));
	for (round = 0; round < 20; round++) {
		for (n = 0; add(r, 1, 1, n); n++)
			;
		pv_vring_kick(r->vq);
		answer(r, NUM);
		for (n = 0; n < NUM; n++) {
			r->vq->desc[n].next = 0xffff;
			r->vq->desc[n].len = ~0u;
		}
		pv_memset((void *)r->vq->avail->ring, 0xff, NUM * 2);
		for (n = 0; pv_vring_pop(r->vq, &len); n++)
			;
		KUNIT_EXPECT_EQ(test, n, r->vq->indirect ? NUM : NUM / 2);
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
	struct ring *r = test->priv;
	uint32_t len;

	ring_up(test, MODERN | INDIRECT | EVENT);
	KUNIT_ASSERT_TRUE(test, add(r, 1, 1, 0));
	pv_vring_kick(r->vq);
	answer(r, 1);
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
	KUNIT_CASE_PARAM(chains, mode_gen_params),
	KUNIT_CASE_PARAM(full, mode_gen_params),
	KUNIT_CASE_PARAM(wraps, mode_gen_params),
	KUNIT_CASE(kick_event_index),
	KUNIT_CASE(kick_flag),
	KUNIT_CASE_PARAM(arming, mode_gen_params),
	KUNIT_CASE_PARAM(lying, lie_gen_params),
	KUNIT_CASE_PARAM(used_twice, mode_gen_params),
	KUNIT_CASE(lengths_that_tell_nothing),
	KUNIT_CASE_PARAM(rewritten_descriptors, mode_gen_params),
#ifdef PV_SHARED_HOOKS
	KUNIT_CASE(loads_once),
#endif
	{},
};

static struct kunit_suite suite = {
	.name = "vring_split",
	.init = init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
