/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio core: status and features, queues and their memory, configuration, interrupts at the
 * wrong time.
 *
 * Covers: drivers/virtio/virtio.c drivers/virtio/virtqueue.c
 */
#include <pv/config.h>

#include "fake_virtio.h"

#define BIT64(n) (1ull << (n))
#define MODERN	 BIT64(VIRTIO_F_VERSION_1)
#define INDIRECT BIT64(VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT	 BIT64(VIRTIO_RING_F_EVENT_IDX)

static const struct pv_bit_name names[] = {{3, "THREE"}, {5, "FIVE"}, {0, NULL}};

static unsigned int events;

static void count_event(void *arg)
{
	(void)arg;
	events++;
}

static const struct pv_vq_spec specs[2] = {
	{.max_chain = 4, .event = count_event},
	{.max_chain = 1, .max_num = 8, .event = count_event},
};

static int init(struct kunit *test)
{
	struct fake_virtio *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return PV_ENOMEM;
	test->priv = f;
	events = 0;
	fake_virtio_init(f, 0xfe, MODERN | INDIRECT | EVENT | BIT64(3), 256);
	f->vd.dev.state = PV_DEV_LIVE;
	return 0;
}

static int bring_up(struct fake_virtio *f)
{
	int err = pv_virtio_begin(&f->vd, BIT64(3), 0, names);

	if (!err)
		err = pv_virtio_queues(&f->vd, specs, 2);
	if (!err)
		pv_virtio_ready(&f->vd);
	return err;
}

static void sequence(struct kunit *test)
{
	/* 3.1.1, and FAILED not among them. */
	static const uint8_t modern[] = {0, 1, 3, 11, 15, 0};
	static const uint8_t legacy[] = {0, 1, 3, 7, 0};
	struct fake_virtio *f = test->priv;

	KUNIT_ASSERT_EQ(test, bring_up(f), 0);
	KUNIT_EXPECT_EQ(test, f->accepted, MODERN | INDIRECT | EVENT | BIT64(3));
	pv_virtio_end(&f->vd, false);
	KUNIT_ASSERT_EQ(test, f->log_len, sizeof(modern));
	KUNIT_EXPECT_EQ(test, memcmp(f->log, modern, sizeof(modern)), 0);

	f->log_len = 0;
	f->offered = INDIRECT | BIT64(5);
	KUNIT_ASSERT_EQ(test, bring_up(f), 0);
	KUNIT_EXPECT_TRUE(test, f->vd.legacy);
	KUNIT_EXPECT_EQ(test, f->accepted, INDIRECT);
	pv_virtio_end(&f->vd, false);
	KUNIT_ASSERT_EQ(test, f->log_len, sizeof(legacy));
	KUNIT_EXPECT_EQ(test, memcmp(f->log, legacy, sizeof(legacy)), 0);
}

/* Fault row 39 */
static void features_refused(struct kunit *test)
{
	struct fake_virtio *f = test->priv;

	f->refuses = true;
	KUNIT_EXPECT_EQ(test, bring_up(f), PV_ENOTSUP);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("refuses features"));
	pv_virtio_end(&f->vd, true);
	KUNIT_EXPECT_EQ(test, f->status, VIRTIO_CONFIG_S_FAILED);
}

static void feature_required(struct kunit *test)
{
	struct fake_virtio *f = test->priv;

	KUNIT_EXPECT_EQ(test, pv_virtio_begin(&f->vd, BIT64(3) | BIT64(5), BIT64(5), names),
			PV_ENOTSUP);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("lacks FIVE"));
	pv_virtio_end(&f->vd, true);
}

static void any_layout_is_legacy(struct kunit *test)
{
	struct fake_virtio *f = test->priv;

	f->offered |= BIT64(VIRTIO_F_ANY_LAYOUT);
	KUNIT_ASSERT_EQ(test, pv_virtio_begin(&f->vd, BIT64(VIRTIO_F_ANY_LAYOUT), 0, names), 0);
	KUNIT_EXPECT_EQ(test, f->accepted & BIT64(VIRTIO_F_ANY_LAYOUT), 0ull);
	f->offered &= ~MODERN;
	KUNIT_ASSERT_EQ(test, pv_virtio_begin(&f->vd, BIT64(VIRTIO_F_ANY_LAYOUT), 0, names), 0);
	KUNIT_EXPECT_NE(test, f->accepted & BIT64(VIRTIO_F_ANY_LAYOUT), 0ull);
	pv_virtio_end(&f->vd, false);
}

static void never_reset(struct kunit *test)
{
	struct fake_virtio *f = test->priv;

	f->deaf = true;
	f->status = 0xff;
	KUNIT_EXPECT_EQ(test, bring_up(f), PV_ETIMEDOUT);
	KUNIT_EXPECT_GE(test, pv_fake.now, PV_CONFIG_RESET_MS * 1000000ull);
	KUNIT_EXPECT_LT(test, pv_fake.now, 2 * PV_CONFIG_RESET_MS * 1000000ull);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("waited 2000 ms for status 0, it is 0xff"));
	pv_virtio_end(&f->vd, true);
}

/* Taken away before its driver begins: nothing is written to where it was. */
static void not_there(struct kunit *test)
{
	struct fake_virtio *f = test->priv;

	f->absent = true;
	KUNIT_EXPECT_EQ(test, bring_up(f), PV_EGONE);
	KUNIT_EXPECT_EQ(test, f->log_len, 0u);
	KUNIT_EXPECT_TRUE(test, f->vd.gone);
	pv_virtio_end(&f->vd, true);
}

/* Taken away while it is waited for. */
static struct fake_virtio *leaving;

static void leave(void)
{
	leaving->absent = true;
}

static void goes_during_reset(struct kunit *test)
{
	struct fake_virtio *f = leaving = test->priv;

	f->deaf = true;
	f->status = 0xf;
	pv_fake.relax = leave;
	KUNIT_EXPECT_EQ(test, bring_up(f), PV_EGONE);
	KUNIT_EXPECT_LT(test, pv_fake.now, PV_CONFIG_RESET_MS * 1000000ull / 2);
	KUNIT_EXPECT_TRUE(test, f->vd.gone);
	pv_virtio_end(&f->vd, true);
	pv_fake.relax = NULL;
}

/*
 * Only what is on a bus of virtio's is a virtio device: of another one nothing is known but struct
 * pv_device.
 */
static void on_another_bus(struct kunit *test)
{
	static const struct pv_bus virtual = {.name = "virtual"};
	struct fake_virtio *f = test->priv;

	KUNIT_EXPECT_TRUE(test, pv_virtio_is(&f->vd.dev, 0xfe));
	KUNIT_EXPECT_FALSE(test, pv_virtio_is(&f->vd.dev, 0xff));
	f->vd.dev.bus = &virtual;
	KUNIT_EXPECT_FALSE(test, pv_virtio_is(&f->vd.dev, 0xfe));
	f->vd.dev.bus = &fake_virtio_bus;
}

/* What a device may still reach is not given to anybody else. */
static void memory_of_a_device_that_goes_on(struct kunit *test)
{
	struct fake_virtio *f = test->priv;
	unsigned int pages, tables, i;
	void *ring[2], *table[64];

	KUNIT_ASSERT_EQ(test, bring_up(f), 0);
	pages = pv_fake.live_pages;
	tables = f->vd.vq[0].tables.num_pages;
	KUNIT_ASSERT_LE(test, tables, 64u);
	for (i = 0; i < tables; i++)
		table[i] = f->vd.vq[0].tables.page[i].va;
	for (i = 0; i < 2; i++)
		ring[i] = f->vd.vq[i].ring_mem;
	i = f->vd.vq[0].ring_pages;
	f->deaf = true;
	pv_virtio_stop(&f->vd);
	KUNIT_EXPECT_TRUE(test, f->vd.held);
	pv_virtio_end(&f->vd, false);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	pv_os_pages_free(ring[0], i);
	pv_os_pages_free(ring[1], 1);
	for (i = 0; i < tables; i++)
		pv_os_pages_free(table[i], 1);
}

/* Fault row 40 */
static void queue_sizes(struct kunit *test)
{
	static const struct {
		unsigned int max;
		int err;
		uint16_t num[2];
	} cases[] = {
		{0, PV_ENODEV, {0}},	  {3, PV_EINVAL, {0}},
		{65535, PV_EINVAL, {0}},  {65536, PV_EINVAL, {0}},
		{100000, PV_EINVAL, {0}}, {4, 0, {4, 4}},
		{16, 0, {16, 8}},	  {32768, 0, {PV_CONFIG_VRING_NUM, 8}},
	};
	struct fake_virtio *f = test->priv;
	unsigned int i, q;

	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		f->q[0].max = f->q[1].max = cases[i].max;
		KUNIT_EXPECT_EQ(test, bring_up(f), cases[i].err);
		for (q = 0; q < 2 && !cases[i].err; q++)
			KUNIT_EXPECT_EQ(test, f->vd.vq[q].num, cases[i].num[q]);
		pv_virtio_end(&f->vd, cases[i].err);
		KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0u);
	}
}

static void second_queue_missing(struct kunit *test)
{
	struct fake_virtio *f = test->priv;

	f->q[1].max = 0;
	KUNIT_EXPECT_EQ(test, bring_up(f), PV_ENODEV);
	pv_virtio_end(&f->vd, true);
}

static void enable_fails(struct kunit *test)
{
	struct fake_virtio *f = test->priv;

	f->enable_fails_at = 2;
	KUNIT_EXPECT_EQ(test, bring_up(f), PV_ENODEV);
	pv_virtio_end(&f->vd, true);
}

/* A port with single pages gets the largest ring that fits into one; a legacy one needs two. */
static void single_pages(struct kunit *test)
{
	struct fake_virtio *f = test->priv;

	pv_fake.pages_max = 1;
	KUNIT_ASSERT_EQ(test, bring_up(f), 0);
	KUNIT_EXPECT_EQ(test, f->vd.vq[0].num, 128);
	KUNIT_EXPECT_EQ(test, f->vd.vq[0].ring_pages, 1u);
	pv_virtio_end(&f->vd, false);

	f->offered &= ~MODERN;
	KUNIT_EXPECT_EQ(test, bring_up(f), PV_ENOMEM);
	pv_virtio_end(&f->vd, true);
}

/* 2.7.2, 2.7.6, 2.7.8: what follows what, and how it is aligned. */
static void layout(struct kunit *test)
{
	struct fake_virtio *f = test->priv;
	unsigned int legacy;

	for (legacy = 0; legacy < 2; legacy++) {
		struct pv_vq *vq;
		uint64_t align = legacy ? 4096 : 4;

		if (legacy)
			f->offered &= ~MODERN;
		KUNIT_ASSERT_EQ(test, bring_up(f), 0);
		vq = &f->vd.vq[0];
		KUNIT_EXPECT_EQ(test, vq->desc_addr % 4096, 0ull);
		KUNIT_EXPECT_EQ(test, vq->avail_addr, vq->desc_addr + 16 * vq->num);
		KUNIT_EXPECT_GE(test, vq->used_addr, vq->avail_addr + 6 + 2 * vq->num);
		KUNIT_EXPECT_LT(test, vq->used_addr, vq->avail_addr + 6 + 2 * vq->num + align);
		KUNIT_EXPECT_EQ(test, vq->used_addr % align, 0ull);
		KUNIT_EXPECT_LE(test, vq->used_addr + 6 + 8 * vq->num,
				vq->desc_addr + 4096 * vq->ring_pages);
		KUNIT_EXPECT_PTR_EQ(test, (void *)vq->used_event,
				    (void *)(vq->avail_addr + 4 + 2 * vq->num));
		KUNIT_EXPECT_PTR_EQ(test, (void *)vq->avail_event,
				    (void *)(vq->used_addr + 4 + 8 * vq->num));
		pv_virtio_end(&f->vd, false);
	}
}

/* However far it got, everything is given back, and the next try succeeds. */
static void every_allocation_fails(struct kunit *test)
{
	struct fake_virtio *f = test->priv;
	unsigned int n;
	int err;

	f->q[0].max = f->q[1].max = 4; /* not to be halved */
	for (n = 1; n < 100; n++) {
		pv_fake.alloc_fail_at = n;
		err = bring_up(f);
		pv_virtio_end(&f->vd, err);
		KUNIT_ASSERT_EQ(test, pv_fake.live_pages, 0u);
		KUNIT_ASSERT_EQ(test, pv_fake.live_allocs, 0u);
		if (!err && pv_fake.alloc_fail_at)
			break;
		KUNIT_ASSERT_EQ(test, err, PV_ENOMEM);
	}
	pv_fake.alloc_fail_at = 0;
	KUNIT_EXPECT_GT(test, n, 5u);
	KUNIT_EXPECT_LT(test, n, 100u);
}

static void items(struct kunit *test)
{
	struct fake_virtio *f = test->priv;
	struct pv_vq_items it = {0};
	pv_bus_addr_t addr, before = 0;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_vq_items_alloc(&it, &f->vd, 20, 560), 0);
	KUNIT_EXPECT_EQ(test, it.num_pages, 3u);
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_PTR_EQ(test, pv_vq_item(&it, i, &addr), (void *)addr);
		KUNIT_EXPECT_LE(test, addr % 4096 + 560, 4096ull);
		KUNIT_EXPECT_TRUE(test, addr >= before + 560 || addr < before);
		before = addr;
	}
	pv_vq_items_free(&it, &f->vd);
	pv_vq_items_free(&it, &f->vd);
}

/* Fault row 37 */
static void interrupts_at_the_wrong_time(struct kunit *test)
{
	struct fake_virtio *f = test->priv;

	f->irq_during_setup = true;
	KUNIT_ASSERT_EQ(test, bring_up(f), 0);
	KUNIT_EXPECT_EQ(test, events, 0u);
	KUNIT_EXPECT_EQ(test, f->vd.early_irqs, 6ull);
	KUNIT_EXPECT_FALSE(test, f->vd.dev.changed_pending);
	pv_virtio_irq_queue(&f->vd.vq[0]);
	KUNIT_EXPECT_EQ(test, events, 1u);
	pv_virtio_irq_all(&f->vd);
	KUNIT_EXPECT_EQ(test, events, 3u);
	pv_virtio_irq_config(&f->vd);
	KUNIT_EXPECT_TRUE(test, f->vd.dev.changed_pending);
	pv_virtio_stop(&f->vd);
	pv_virtio_irq_queue(&f->vd.vq[1]);
	pv_virtio_irq_all(&f->vd);
	KUNIT_EXPECT_EQ(test, events, 3u);
	KUNIT_EXPECT_EQ(test, f->vd.early_irqs, 8ull);
	pv_virtio_end(&f->vd, false);
}

static unsigned int config_calls;

static void read_field(struct pv_virtio *vd, void *arg)
{
	struct fake_virtio *f = pv_container_of(vd, struct fake_virtio, vd);

	/* It changes under the first two readers. */
	if (++config_calls <= 2)
		f->generation++;
	*(uint64_t *)arg = pv_virtio_config64(vd, 8);
}

/* Fault row 42 */
static void configuration(struct kunit *test)
{
	struct fake_virtio *f = test->priv;
	uint64_t v = 0;

	config_calls = 0;
	fake_config64(f, 8, 0x1122334455667788ull);
	KUNIT_EXPECT_EQ(test, pv_virtio_config(&f->vd, read_field, &v), 0);
	KUNIT_EXPECT_EQ(test, config_calls, 3u);
	KUNIT_EXPECT_EQ(test, v, 0x1122334455667788ull);
	KUNIT_EXPECT_EQ(test, pv_virtio_config8(&f->vd, 9), 0x77);
	KUNIT_EXPECT_EQ(test, pv_virtio_config16(&f->vd, 10), 0x5566);
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(&f->vd, 12), 0x11223344u);

	f->restless = true;
	KUNIT_EXPECT_EQ(test, pv_virtio_config(&f->vd, read_field, &v), PV_EAGAIN);
	KUNIT_EXPECT_LT(test, config_calls, 100u);
}

static void described(struct kunit *test)
{
	static const char text[] =
		"fake, virtio-1, MSI-X per queue, THREE INDIRECT_DESC EVENT_IDX VERSION_1";
	struct fake_virtio *f = test->priv;
	char buf[128];
	unsigned int n;

	KUNIT_ASSERT_EQ(test, bring_up(f), 0);
	KUNIT_EXPECT_EQ(test, pv_virtio_describe(&f->vd.dev, buf, sizeof(buf)),
			(int)sizeof(text) - 1);
	KUNIT_EXPECT_STREQ(test, buf, text);
	for (n = 1; n < sizeof(text); n++) {
		buf[n] = 'X';
		KUNIT_EXPECT_EQ(test, pv_virtio_describe(&f->vd.dev, buf, n),
				(int)sizeof(text) - 1);
		KUNIT_EXPECT_EQ(test, strlen(buf), n - 1);
		KUNIT_EXPECT_EQ(test, memcmp(buf, text, n - 1), 0);
		KUNIT_EXPECT_EQ(test, buf[n], 'X');
	}
	pv_virtio_end(&f->vd, false);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sequence),
	KUNIT_CASE(features_refused),
	KUNIT_CASE(feature_required),
	KUNIT_CASE(any_layout_is_legacy),
	KUNIT_CASE(never_reset),
	KUNIT_CASE(not_there),
	KUNIT_CASE(goes_during_reset),
	KUNIT_CASE(on_another_bus),
	KUNIT_CASE(memory_of_a_device_that_goes_on),
	KUNIT_CASE(queue_sizes),
	KUNIT_CASE(second_queue_missing),
	KUNIT_CASE(enable_fails),
	KUNIT_CASE(single_pages),
	KUNIT_CASE(layout),
	KUNIT_CASE(every_allocation_fails),
	KUNIT_CASE(items),
	KUNIT_CASE(interrupts_at_the_wrong_time),
	KUNIT_CASE(configuration),
	KUNIT_CASE(described),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio",
	.init = init,
	.test_cases = cases,
};

kunit_test_suite(suite);
