/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio-mmio transport: its two register layouts and its interrupt, against a fake register
 * file.
 *
 * Covers: drivers/virtio/mmio.c
 */
#include <kunit/test.h>

#include "drivers/virtio/mmio.h"
#include "drivers/virtio/virtqueue.h"
#include "fake_mmio.h"
#include "pv-core/bus.h"

static void mmio_exit(struct kunit *test)
{
	(void)test;
	pv_bus_remove_all();
}

static struct pv_virtio *first(struct kunit *test)
{
	struct pv_device *dev = pv_device_next(NULL);

	KUNIT_ASSERT_NOT_NULL(test, dev);
	return pv_virtio_of(dev);
}

/* Adds a device with an interrupt at GSI 5. */
static struct pv_virtio *device(struct kunit *test, bool level)
{
	const struct pv_virtio_mmio_place place = {
		.base = FAKE_MMIO_BASE, .size = 0x200, .has_gsi = true, .level = level, .gsi = 5};

	KUNIT_ASSERT_EQ(test, pv_virtio_mmio_add(&place), 0);
	return first(test);
}

static void expect_log(struct kunit *test, const struct fake_mmio *r,
		       const struct fake_mmio_write *want, unsigned int n)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, r->n, n);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ_MSG(test, r->log[i].offset, want[i].offset, "write %u", i);
		KUNIT_EXPECT_EQ_MSG(test, r->log[i].value, want[i].value, "write %u", i);
	}
}

static const struct pv_vq ring = {
	.index = 1,
	.num = 128,
	.desc_addr = 0x123456000,
	.avail_addr = 0x123456800,
	.used_addr = 0x123457000,
};

static void mmio_v2_queue(struct kunit *test)
{
	static const struct fake_mmio_write enable[] = {
		{0x030, 1},	     {0x038, 128},	  {0x080, 0x23456000},
		{0x084, 1},	     {0x090, 0x23456800}, {0x094, 1},
		{0x0a0, 0x23457000}, {0x0a4, 1},	  {0x044, 1},
	};
	static const struct fake_mmio_write disable[] = {{0x030, 1}, {0x044, 0}};
	static const struct fake_mmio_write notify[] = {{0x050, 1}};
	struct fake_mmio *r = fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	struct pv_virtio *vd = device(test, true);
	struct pv_vq vq = ring;

	KUNIT_EXPECT_EQ(test, vd->transport->queue_max(vd, 0), 256);
	r->n = 0;
	KUNIT_EXPECT_EQ(test, vd->transport->queue_enable(vd, &vq), 0);
	expect_log(test, r, enable, PV_ARRAY_SIZE(enable));
	r->n = 0;
	pv_vq_ring(&vq);
	expect_log(test, r, notify, 1);
	r->n = 0;
	vd->transport->queue_disable(vd, &vq);
	expect_log(test, r, disable, PV_ARRAY_SIZE(disable));
	pv_vq_ring(&vq);
	KUNIT_EXPECT_EQ(test, r->n, PV_ARRAY_SIZE(disable));
	KUNIT_EXPECT_EQ(test, r->bad, 0);
}

static void mmio_v1_queue(struct kunit *test)
{
	static const struct fake_mmio_write enable[] = {
		{0x028, 4096}, {0x030, 1}, {0x038, 128}, {0x03c, 4096}, {0x040, 0x123456},
	};
	static const struct fake_mmio_write disable[] = {{0x030, 1}, {0x040, 0}};
	static const struct fake_mmio_write notify[] = {{0x050, 1}};
	struct fake_mmio *r = fake_mmio_at(test, FAKE_MMIO_BASE, 1);
	struct pv_virtio *vd = device(test, true);
	struct pv_vq vq = ring;

	KUNIT_EXPECT_STREQ(test, vd->transport->name, "mmio v1");
	KUNIT_EXPECT_EQ(test, vd->transport->queue_enable(vd, &vq), 0);
	expect_log(test, r, enable, PV_ARRAY_SIZE(enable));
	r->n = 0;
	pv_vq_ring(&vq);
	expect_log(test, r, notify, 1);
	r->n = 0;
	vd->transport->queue_disable(vd, &vq);
	expect_log(test, r, disable, PV_ARRAY_SIZE(disable));
	r->n = 0;
	vq.desc_addr = 1ull << 44; /* its page number has 33 bits */
	KUNIT_EXPECT_EQ(test, vd->transport->queue_enable(vd, &vq), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, r->n, 0);
}

static void mmio_features(struct kunit *test)
{
	uint32_t version;

	for (version = 1; version <= 2; version++) {
		struct fake_mmio *r = fake_mmio_at(test, FAKE_MMIO_BASE, version);
		struct pv_virtio *vd = device(test, true);
		uint64_t mask = version == 1 ? 0xffffffff : ~0ull;

		r->features = 0x89abcdef12345678;
		KUNIT_EXPECT_EQ(test, vd->transport->get_features(vd), r->features & mask);
		vd->transport->set_features(vd, 0x1234567890abcdef & mask);
		KUNIT_EXPECT_EQ(test, r->driver_features, 0x1234567890abcdef & mask);
		vd->transport->set_status(vd, 0x4f);
		KUNIT_EXPECT_EQ(test, vd->transport->get_status(vd), 0x4f);
		r->generation = 0x12345;
		KUNIT_EXPECT_EQ(test, vd->transport->config_generation(vd),
				version == 1 ? 0 : 0x12345);
		KUNIT_EXPECT_EQ(test, r->bad, 0);
		pv_bus_remove_all();
		pv_fake_region_remove(&r->region);
	}
}

static void mmio_config(struct kunit *test)
{
	struct fake_mmio *r = fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	struct pv_virtio *vd = device(test, true);
	uint8_t bytes[6];
	unsigned int i;
	uint64_t v;

	for (i = 0; i < sizeof(r->config); i++)
		r->config[i] = (uint8_t)(i + 1);
	KUNIT_EXPECT_EQ(test, pv_virtio_config8(vd, 3), 4);
	KUNIT_EXPECT_EQ(test, r->sizes, 1);
	r->sizes = 0;
	KUNIT_EXPECT_EQ(test, pv_virtio_config16(vd, 6), 0x0807);
	KUNIT_EXPECT_EQ(test, r->sizes, 2);
	r->sizes = 0;
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 8), 0x0c0b0a09);
	KUNIT_EXPECT_EQ(test, pv_virtio_config64(vd, 0), 0x0807060504030201);
	KUNIT_EXPECT_EQ(test, r->sizes, 4);
	r->sizes = 0;
	KUNIT_EXPECT_EQ(test, pv_virtio_config16(vd, 1), 0x0302);
	vd->transport->config_read(vd, 0, bytes, sizeof(bytes));
	KUNIT_EXPECT_EQ(test, bytes[5], 6);
	KUNIT_EXPECT_EQ(test, r->sizes, 1);
	/* The end of what is mapped, and beyond. */
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 0xfc), 0x00fffefd);
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 0xfd), 0);
	KUNIT_EXPECT_EQ(test, pv_virtio_config64(vd, 0xfffffffc), 0);
	v = 0x1122334455667788;
	vd->transport->config_write(vd, 16, &v, 8);
	KUNIT_EXPECT_EQ(test, pv_virtio_config64(vd, 16), v);
	vd->transport->config_write(vd, 32, &v, 2);
	vd->transport->config_write(vd, 0xfe, &v, 4);
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 32), 0x24237788);
	KUNIT_EXPECT_EQ(test, pv_virtio_config16(vd, 0xfe), 0x00ff);
}

/* --- interrupts ------------------------------------------------------------------------------- */

static void count(void *arg)
{
	++*(unsigned int *)arg;
}

static void mmio_interrupt(struct kunit *test)
{
	struct fake_mmio *r = fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	struct pv_virtio *vd = device(test, true);
	unsigned int n = 0;
	struct pv_vq vq = {.vd = vd, .event = count, .event_arg = &n};

	vd->vq = &vq;
	vd->num_vqs = 1;
	vd->transport->irq_setup(vd);
	KUNIT_EXPECT_EQ(test, vd->irq_mode, PV_VIRTIO_IRQ_LINE);
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), 0); /* not ours */
	r->interrupt_status = 1;
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), 1);
	KUNIT_EXPECT_EQ(test, n, 0); /* before DRIVER_OK */
	KUNIT_EXPECT_EQ(test, vd->early_irqs, 1);
	KUNIT_EXPECT_EQ(test, r->interrupt_status, 0);
	vd->driver_ok = true;
	r->interrupt_status = 1;
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), 1);
	KUNIT_EXPECT_EQ(test, n, 1);
	KUNIT_EXPECT_FALSE(test, vd->dev.changed_pending);
	r->interrupt_status = 2;
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), 1);
	KUNIT_EXPECT_EQ(test, n, 1);
	KUNIT_EXPECT_TRUE(test, vd->dev.changed_pending);
	r->interrupt_status = 0xfffffffc; /* nothing that is known */
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), 0);
	vd->transport->irq_teardown(vd);
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), -1);
	KUNIT_EXPECT_EQ(test, vd->irq_mode, PV_VIRTIO_IRQ_NONE);
	vd->num_vqs = 0;
	vd->vq = NULL;
}

/* A device that needs a reset, and holds its line up until it gets one. */
static void mmio_needs_reset(struct kunit *test)
{
	struct fake_mmio *r = fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	struct pv_virtio *vd = device(test, true);

	vd->transport->irq_setup(vd);
	vd->driver_ok = true;
	r->status = 0x4f;
	r->interrupt_status = 3;
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), 1);
	KUNIT_EXPECT_EQ(test, r->status, 0u);
	KUNIT_EXPECT_TRUE(test, vd->dev.changed_pending);
	KUNIT_EXPECT_TRUE(test, pv_virtio_needs_reset(vd));
	/* Not one that says so while nothing is up. */
	vd->driver_ok = false;
	r->status = 0x4f;
	r->interrupt_status = 3;
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), 1);
	KUNIT_EXPECT_EQ(test, r->status, 0x4fu);
	vd->transport->irq_teardown(vd);
}

/* An edge comes once, whatever else the status tells after it. */
static void mmio_interrupt_edge(struct kunit *test)
{
	struct fake_mmio *r = fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	struct pv_virtio *vd = device(test, false);

	vd->driver_ok = true;
	vd->transport->irq_setup(vd);
	r->interrupt_status = 1;
	r->more_interrupts = 1;
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), 1);
	KUNIT_EXPECT_TRUE(test, vd->dev.changed_pending);
	KUNIT_EXPECT_EQ(test, r->interrupt_status, 0);
	r->n = 0;
	r->interrupt_status = 1;
	r->more_interrupts = 1000; /* a device that never ends */
	KUNIT_EXPECT_EQ(test, pv_fake_raise_gsi(5), 1);
	KUNIT_EXPECT_LE(test, r->n, 16);
	vd->transport->irq_teardown(vd);
}

static void mmio_no_interrupt(struct kunit *test)
{
	const struct pv_virtio_mmio_place place = {.base = FAKE_MMIO_BASE, .size = 0x200};
	struct pv_virtio *vd;

	fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	pv_fake.no_gsi = true;
	vd = device(test, true);
	vd->transport->irq_setup(vd);
	KUNIT_EXPECT_EQ(test, vd->irq_mode, PV_VIRTIO_IRQ_NONE);
	vd->transport->irq_teardown(vd);
	pv_bus_remove_all();

	pv_fake.no_gsi = false;
	KUNIT_ASSERT_EQ(test, pv_virtio_mmio_add(&place), 0);
	vd = first(test);
	vd->transport->irq_setup(vd);
	KUNIT_EXPECT_EQ(test, vd->irq_mode, PV_VIRTIO_IRQ_NONE);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
	vd->transport->irq_teardown(vd);
}

static struct kunit_case mmio_cases[] = {
	KUNIT_CASE(mmio_v2_queue),
	KUNIT_CASE(mmio_v1_queue),
	KUNIT_CASE(mmio_features),
	KUNIT_CASE(mmio_config),
	KUNIT_CASE(mmio_interrupt),
	KUNIT_CASE(mmio_interrupt_edge),
	KUNIT_CASE(mmio_no_interrupt),
	KUNIT_CASE(mmio_needs_reset),
	{},
};

static struct kunit_suite mmio_suite = {
	.name = "mmio",
	.exit = mmio_exit,
	.test_cases = mmio_cases,
};

kunit_test_suite(mmio_suite);
