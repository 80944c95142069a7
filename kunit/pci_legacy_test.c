/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The legacy virtio-pci interface: registers in ports, and a configuration that moves with MSI-X.
 *
 * Covers: drivers/virtio/pci_legacy.c
 */
#include <kunit/test.h>

#include "fake_virtio_pci.h"
#include "pv-core/bus.h"

#define LEGACY FAKE_VPCI_HAS_LEGACY
#define MSIX   FAKE_VPCI_HAS_MSIX

static struct fake_vpci *device(struct kunit *test, unsigned int has)
{
	struct fake_vpci *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, d);
	fake_vpci_init(d, has);
	return d;
}

static struct pv_virtio *found(struct kunit *test)
{
	struct pv_device *dev;

	KUNIT_EXPECT_EQ(test, pv_virtio_pci.scan(NULL), 0);
	dev = pv_device_next(NULL);
	return dev ? pv_virtio_of(dev) : NULL;
}

static void legacy_exit(struct kunit *test)
{
	(void)test;
	pv_bus_remove_all();
}

static void legacy_found(struct kunit *test)
{
	struct fake_vpci *d = device(test, LEGACY | MSIX);
	struct pv_virtio *vd;

	fake_pci_set16(&d->fn, 0x2e, 2);
	vd = found(test);
	KUNIT_ASSERT_NOT_NULL(test, vd);
	KUNIT_EXPECT_STREQ(test, vd->transport->name, "pci legacy");
	KUNIT_EXPECT_EQ(test, vd->device_id, 2);
	KUNIT_EXPECT_EQ(test, vd->dev.class_id, PV_CLASS_BLK);
	KUNIT_EXPECT_EQ(test, d->fn.config[4] & 7, 7); /* memory, for the table */
	pv_bus_remove_all();
	KUNIT_EXPECT_EQ(test, d->fn.config[4] & 4, 0);
}

static void legacy_registers(struct kunit *test)
{
	struct fake_vpci *d = device(test, LEGACY);
	struct pv_virtio *vd = found(test);
	struct pv_vq vq = {.index = 1, .num = 256, .desc_addr = 0x123456000};

	KUNIT_ASSERT_NOT_NULL(test, vd);
	KUNIT_EXPECT_EQ(test, d->fn.config[4] & 7, 5); /* no memory is decoded */
	vd->transport->set_status(vd, 0x47);
	KUNIT_EXPECT_EQ(test, d->status, 0x47);
	KUNIT_EXPECT_EQ(test, vd->transport->get_status(vd), 0x47);
	d->features = 0xfedcba9889abcdef;
	KUNIT_EXPECT_EQ(test, vd->transport->get_features(vd), 0x89abcdef);
	vd->transport->set_features(vd, 0x12345678);
	KUNIT_EXPECT_EQ(test, d->driver_features, 0x12345678);
	KUNIT_EXPECT_EQ(test, vd->transport->config_generation(vd), 0);

	KUNIT_EXPECT_TRUE(test, vd->transport->queue_fixed);
	KUNIT_EXPECT_EQ(test, vd->transport->queue_max(vd, 1), 256);
	KUNIT_EXPECT_EQ(test, vd->transport->queue_max(vd, 3), 0);
	KUNIT_EXPECT_EQ(test, vd->transport->queue_enable(vd, &vq), 0);
	KUNIT_EXPECT_EQ(test, d->queue[1].pfn, 0x123456);
	pv_vq_ring(&vq);
	KUNIT_EXPECT_EQ(test, d->queue[1].notified, 1);
	KUNIT_EXPECT_EQ(test, d->queue[0].notified, 0);
	vd->transport->queue_disable(vd, &vq);
	KUNIT_EXPECT_EQ(test, d->queue[1].pfn, 0);
	pv_vq_ring(&vq);
	KUNIT_EXPECT_EQ(test, d->queue[1].notified, 1);
	vq.desc_addr = 1ull << 44;
	KUNIT_EXPECT_EQ(test, vd->transport->queue_enable(vd, &vq), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, d->queue[1].pfn, 0);
	KUNIT_EXPECT_EQ(test, d->bad, 0);
}

static void no_event(void *arg)
{
	(void)arg;
}

/* The same field before and while MSI-X is on, and after. */
static void legacy_config_moves(struct kunit *test)
{
	struct fake_vpci *d = device(test, LEGACY | MSIX);
	struct pv_virtio *vd = found(test);
	struct pv_vq vq = {.vd = vd, .event = no_event};
	uint32_t v = 0xdeadbeef;
	uint8_t mac[6];

	KUNIT_ASSERT_NOT_NULL(test, vd);
	KUNIT_EXPECT_EQ(test, pv_virtio_config16(vd, 6), 0x0807);
	KUNIT_EXPECT_EQ(test, d->config_sizes, 2);
	KUNIT_ASSERT_EQ(test, pv_virtio_begin(vd, 0, 0, NULL), 0);
	KUNIT_EXPECT_TRUE(test, vd->legacy);
	vd->vq = &vq;
	vd->num_vqs = 1;
	vd->transport->irq_setup(vd);
	KUNIT_EXPECT_EQ(test, vd->irq_mode, PV_VIRTIO_IRQ_QUEUE);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(&d->fn, FAKE_CAP_MSIX + 2) & 0x8000, 0x8000);
	KUNIT_EXPECT_EQ(test, pv_virtio_config16(vd, 6), 0x0807);
	KUNIT_EXPECT_EQ(test, pv_virtio_config64(vd, 8), 0x100f0e0d0c0b0a09);
	vd->transport->config_read(vd, 0, mac, sizeof(mac));
	KUNIT_EXPECT_EQ(test, mac[0], 1);
	KUNIT_EXPECT_EQ(test, mac[5], 6);
	vd->transport->config_write(vd, 12, &v, 4);
	vd->transport->config_write(vd, 16, &v, 2);
	vd->transport->config_write(vd, 18, &v, 1);
	KUNIT_EXPECT_EQ(test, d->config[12], 0xef);
	KUNIT_EXPECT_EQ(test, d->config[18], 0xef);
	vd->transport->irq_teardown(vd);
	vd->num_vqs = 0;
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 12), 0xdeadbeef);
	KUNIT_EXPECT_EQ(test, d->bad, 0);
}

/* The BAR has 64 ports: 44, or 40, of configuration. */
static void legacy_config_bounds(struct kunit *test)
{
	struct fake_vpci *d = device(test, LEGACY);
	struct pv_virtio *vd = found(test);
	uint32_t v = 0;

	KUNIT_ASSERT_NOT_NULL(test, vd);
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 40), 0x2c2b2a29);
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 41), 0);
	KUNIT_EXPECT_EQ(test, pv_virtio_config64(vd, 40), 0);
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 0xfffffffe), 0);
	vd->transport->config_write(vd, 41, &v, 4);
	KUNIT_EXPECT_EQ(test, d->config[41], 42);
	pv_container_of(vd, struct pv_virtio_pci, vd)->msix_on = true;
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 40), 0);
	pv_container_of(vd, struct pv_virtio_pci, vd)->msix_on = false;
	KUNIT_EXPECT_EQ(test, d->bad, 0);
}

/* What is no legacy device: another revision, no ports, too few, none assigned. */
static void legacy_refused(struct kunit *test)
{
	static const struct {
		uint8_t revision;
		uint32_t value;
		uint32_t size;
		const char *says;
	} cases[] = {
		{1, FAKE_VPCI_PORT | 1, 0x40, "neither a modern nor a legacy interface"},
		{0, 0xfebc2000, 0x1000, "neither a modern nor a legacy interface"},
		{0, FAKE_VPCI_PORT | 1, 0x10, "neither a modern nor a legacy interface"},
		{0, 0, 0, "neither a modern nor a legacy interface"},
		{0, 1, 0x40, "no address was assigned to BAR 0"},
		{0, 0x1c041, 0x40, ""},
	};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		struct fake_vpci *d = device(test, LEGACY);

		d->fn.config[0x08] = cases[i].revision;
		fake_pci_bar(&d->fn, 0, cases[i].value, cases[i].size);
		KUNIT_EXPECT_NULL(test, found(test));
		KUNIT_EXPECT_TRUE_MSG(test, pv_fake_logged(cases[i].says), "case %u", i);
		KUNIT_EXPECT_EQ(test, d->fn.config[4], 0);
		KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, 0);
		pv_fake_log_reset();
		pv_fake_region_remove(&d->port);
		pv_fake_region_remove(&d->pci.ports);
	}
}

/* The ring has the size that the device says: not less when memory lacks, not anything. */
static void legacy_queue_sizes(struct kunit *test)
{
	static const struct {
		uint16_t size;
		unsigned int pages_max;
		int err;
	} cases[] = {
		{0, 0, PV_ENODEV}, {100, 0, PV_EINVAL}, {65535, 0, PV_EINVAL},
		{1024, 0, 0},	   {256, 1, PV_ENOMEM}, {256, 3, 0},
	};
	struct pv_vq_spec spec = {.max_chain = 1};
	unsigned int i;
	int err;

	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		struct fake_vpci *d = device(test, LEGACY);
		struct pv_virtio *vd = found(test);

		KUNIT_ASSERT_NOT_NULL(test, vd);
		d->queue[0].size = cases[i].size;
		pv_fake.pages_max = cases[i].pages_max;
		KUNIT_ASSERT_EQ(test, pv_virtio_begin(vd, 0, 0, NULL), 0);
		err = pv_virtio_queues(vd, &spec, 1);
		/* This process's addresses may be beyond what a page number names. */
		if (err == PV_ERANGE)
			err = 0;
		KUNIT_EXPECT_EQ_MSG(test, err, cases[i].err, "case %u", i);
		if (!err)
			KUNIT_EXPECT_EQ(test, vd->vq[0].num, cases[i].size);
		pv_virtio_end(vd, false);
		pv_bus_remove_all();
		pv_fake_region_remove(&d->port);
		pv_fake_region_remove(&d->pci.ports);
	}
}

static struct kunit_case legacy_cases[] = {
	KUNIT_CASE(legacy_found),
	KUNIT_CASE(legacy_registers),
	KUNIT_CASE(legacy_config_moves),
	KUNIT_CASE(legacy_config_bounds),
	KUNIT_CASE(legacy_refused),
	KUNIT_CASE(legacy_queue_sizes),
	{},
};

static struct kunit_suite legacy_suite = {
	.name = "pci_legacy",
	.exit = legacy_exit,
	.test_cases = legacy_cases,
};

kunit_test_suite(legacy_suite);
