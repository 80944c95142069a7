/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_vring.h"

static const struct mode {
	const char *name;
	uint64_t features;
} modes[] = {
	{"direct", FAKE_VRING_MODERN},
	{"indirect", FAKE_VRING_MODERN | FAKE_VRING_INDIRECT},
	{"direct, event index", FAKE_VRING_MODERN | FAKE_VRING_EVENT},
	{"indirect, event index", FAKE_VRING_MODERN | FAKE_VRING_INDIRECT | FAKE_VRING_EVENT},
	{"legacy", FAKE_VRING_EVENT},
};

static void mode_name(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

const void *fake_vring_gen_params(const void *prev, char *desc)
{
	return mode_gen_params(prev, desc);
}

uint64_t fake_vring_features(struct kunit *test)
{
	return ((const struct mode *)test->param_value)->features;
}

void fake_vring_up_as(struct kunit *test, uint64_t features, unsigned int max, bool any_len)
{
	struct fake_vring *r = test->priv;
	struct pv_vq_spec spec = {.max_chain = 4, .any_len = any_len};

	fake_virtio_init(&r->f, 0xfe, features, max);
	r->f.vd.dev.state = PV_DEV_LIVE;
	KUNIT_ASSERT_EQ(test, pv_virtio_begin(&r->f.vd, 0, 0, NULL), 0);
	KUNIT_ASSERT_EQ(test, pv_virtio_queues(&r->f.vd, &spec, 1), 0);
	pv_virtio_ready(&r->f.vd);
	r->vq = &r->f.vd.vq[0];
}

void fake_vring_up(struct kunit *test, uint64_t features)
{
	fake_vring_up_as(test, features, FAKE_VRING_NUM, false);
}

int fake_vring_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fake_vring), GFP_KERNEL);
	return test->priv ? 0 : PV_ENOMEM;
}

void fake_vring_end(struct kunit *test)
{
	struct fake_vring *r = test->priv;

	if (r && r->f.vd.transport)
		pv_virtio_end(&r->f.vd, false);
}

bool fake_vring_add(struct fake_vring *r, unsigned int out, unsigned int in, unsigned int n)
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

void fake_vring_answer(struct fake_vring *r, unsigned int n)
{
	while (n-- && fake_vq_next(&r->f, 0, &r->chain))
		fake_vq_used(&r->f, 0, r->chain.head, 0);
}
