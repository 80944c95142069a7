/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio-pci bus and its modern interface: what is chosen, registers, and capabilities that
 * lie.
 *
 * Covers: drivers/virtio/pci.c drivers/virtio/pci_modern.c
 */
#include <kunit/test.h>

#include "fake_virtio_pci.h"
#include "pv-core/bus.h"

#define MODERN FAKE_VPCI_HAS_MODERN
#define LEGACY FAKE_VPCI_HAS_LEGACY
#define MSIX   FAKE_VPCI_HAS_MSIX

static struct fake_vpci *device(struct kunit *test, unsigned int has)
{
	struct fake_vpci *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, d);
	fake_vpci_init(d, has);
	return d;
}

/* Scans; the device that was found, or NULL. */
static struct pv_virtio *found(struct kunit *test)
{
	struct pv_device *dev;

	KUNIT_EXPECT_EQ(test, pv_virtio_pci.scan(NULL), 0);
	dev = pv_device_next(NULL);
	if (!dev)
		return NULL;
	KUNIT_EXPECT_NULL(test, pv_device_next(dev));
	return pv_virtio_of(dev);
}

static void pci_exit(struct kunit *test)
{
	(void)test;
	pv_bus_remove_all();
}

static void modern_no_pci(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_virtio_pci.scan(NULL), PV_ENODEV);
}

static void modern_found(struct kunit *test)
{
	struct fake_vpci *d = device(test, MODERN | MSIX);
	struct pv_virtio *vd = found(test);

	KUNIT_ASSERT_NOT_NULL(test, vd);
	KUNIT_EXPECT_STREQ(test, vd->dev.name, "virtio-pci 0000:00:04.0");
	KUNIT_EXPECT_STREQ(test, vd->transport->name, "pci modern");
	KUNIT_EXPECT_EQ(test, vd->device_id, 1);
	KUNIT_EXPECT_EQ(test, vd->dev.class_id, PV_CLASS_NET);
	/* Memory and bus master, and no ports, of which it has none. */
	KUNIT_EXPECT_EQ(test, d->fn.config[4] & 7, 6);
	pv_bus_remove_all();
	KUNIT_EXPECT_EQ(test, d->fn.config[4] & 7, 2);
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, 0);
}

/* Ids at the ends of virtio's range, and next to it. */
static void modern_ids(struct kunit *test)
{
	static const struct {
		uint16_t vendor, id;
		uint8_t header;
		int device_id;
	} cases[] = {
		{0x1af4, 0x1041, 0, 1},	 {0x1af4, 0x1042, 0, 2},    {0x1af4, 0x107f, 0, 63},
		{0x1af4, 0x1000, 0, 1},	 {0x1af4, 0x103f, 0, 1},    {0x1af4, 0x1080, 0, -1},
		{0x1af4, 0x0fff, 0, -1}, {0x1af5, 0x1041, 0, -1},   {0x1af4, 0x1110, 0, -1},
		{0x1af4, 0x1041, 1, -1}, {0x1af4, 0x1041, 0x80, 1},
	};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		struct fake_vpci *d = device(test, MODERN);
		struct pv_virtio *vd;

		fake_pci_set16(&d->fn, 0, cases[i].vendor);
		fake_pci_set16(&d->fn, 2, cases[i].id);
		fake_pci_set16(&d->fn, 0x2e, 1);
		d->fn.config[0x0e] = cases[i].header;
		vd = found(test);
		KUNIT_EXPECT_EQ_MSG(test, vd ? vd->device_id : -1, cases[i].device_id, "case %u",
				    i);
		pv_bus_remove_all();
		pv_fake_region_remove(&d->mem);
		pv_fake_region_remove(&d->pci.ports);
	}
}

/* A transitional device is driven by its modern interface, if the port can reach that. */
static void modern_preferred(struct kunit *test)
{
	struct fake_vpci *d = device(test, MODERN | LEGACY | MSIX);
	struct pv_virtio *vd = found(test);

	KUNIT_ASSERT_NOT_NULL(test, vd);
	KUNIT_EXPECT_STREQ(test, vd->transport->name, "pci modern");
	KUNIT_EXPECT_EQ(test, vd->device_id, 1);
	pv_bus_remove_all();

	pv_fake_region_remove(&d->mem);
	vd = found(test);
	KUNIT_ASSERT_NOT_NULL(test, vd);
	KUNIT_EXPECT_STREQ(test, vd->transport->name, "pci legacy");
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("registers at 0x380000000000 cannot be mapped"));
}

static void modern_registers(struct kunit *test)
{
	struct fake_vpci *d = device(test, MODERN);
	struct pv_virtio *vd = found(test);
	struct pv_vq vq = {
		.index = 2,
		.num = 64,
		.desc_addr = 0x123456000,
		.avail_addr = 0x223456800,
		.used_addr = 0x323457000,
	};
	unsigned int maps;

	KUNIT_ASSERT_NOT_NULL(test, vd);
	vd->transport->set_status(vd, 0x4f);
	KUNIT_EXPECT_EQ(test, d->status, 0x4f);
	KUNIT_EXPECT_EQ(test, vd->transport->get_status(vd), 0x4f);
	d->features = 0x89abcdef12345678;
	KUNIT_EXPECT_EQ(test, vd->transport->get_features(vd), 0x89abcdef12345678);
	vd->transport->set_features(vd, 0x1234567890abcdef);
	KUNIT_EXPECT_EQ(test, d->driver_features, 0x1234567890abcdef);
	d->generation = 7;
	KUNIT_EXPECT_EQ(test, vd->transport->config_generation(vd), 7);

	KUNIT_EXPECT_FALSE(test, vd->transport->queue_fixed);
	d->queue[2].size = 1024;
	KUNIT_EXPECT_EQ(test, vd->transport->queue_max(vd, 2), 1024);
	KUNIT_EXPECT_EQ(test, vd->transport->queue_max(vd, 3), 0);
	KUNIT_EXPECT_EQ(test, vd->transport->queue_max(vd, 65536 + 2), 0);
	maps = pv_fake.live_maps;
	KUNIT_EXPECT_EQ(test, vd->transport->queue_enable(vd, &vq), 0);
	KUNIT_EXPECT_EQ(test, d->queue[2].size, 64);
	KUNIT_EXPECT_EQ(test, d->queue[2].desc, 0x123456000);
	KUNIT_EXPECT_EQ(test, d->queue[2].avail, 0x223456800);
	KUNIT_EXPECT_EQ(test, d->queue[2].used, 0x323457000);
	KUNIT_EXPECT_EQ(test, d->queue[2].enable, 1);
	pv_vq_ring(&vq);
	KUNIT_EXPECT_EQ(test, d->queue[2].notified, 1);
	vd->transport->queue_disable(vd, &vq);
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, maps);
	KUNIT_EXPECT_EQ(test, vq.notify.kind, PV_VQ_NOTIFY_NONE);
	KUNIT_EXPECT_EQ(test, d->bad, 0);
}

static void modern_config(struct kunit *test)
{
	struct fake_vpci *d = device(test, MODERN);
	struct pv_virtio *vd = found(test);
	uint16_t v = 0xbeef;

	KUNIT_ASSERT_NOT_NULL(test, vd);
	KUNIT_EXPECT_EQ(test, pv_virtio_config16(vd, 6), 0x0807);
	KUNIT_EXPECT_EQ(test, d->config_sizes, 2);
	d->config_sizes = 0;
	KUNIT_EXPECT_EQ(test, pv_virtio_config64(vd, 8), 0x100f0e0d0c0b0a09);
	KUNIT_EXPECT_EQ(test, d->config_sizes, 4);
	KUNIT_EXPECT_EQ(test, pv_virtio_config8(vd, 63), 64);
	KUNIT_EXPECT_EQ(test, pv_virtio_config8(vd, 64), 0);
	KUNIT_EXPECT_EQ(test, pv_virtio_config64(vd, 60), 0);
	vd->transport->config_write(vd, 10, &v, 2);
	vd->transport->config_write(vd, 63, &v, 2);
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 8), 0xbeef0a09);
	KUNIT_EXPECT_EQ(test, d->config[63], 64);
	KUNIT_EXPECT_EQ(test, d->bad, 0);
}

/* A device type may have no configuration of its own. */
static void modern_without_config(struct kunit *test)
{
	struct fake_vpci *d = device(test, MODERN);
	struct pv_virtio *vd;

	d->fn.config[FAKE_CAP_DEVICE + 3] = VIRTIO_PCI_CAP_PCI_CFG;
	vd = found(test);
	KUNIT_ASSERT_NOT_NULL(test, vd);
	KUNIT_EXPECT_EQ(test, pv_virtio_config32(vd, 0), 0);
	vd->transport->config_write(vd, 0, "abcd", 4);
	KUNIT_EXPECT_EQ(test, d->config_sizes, 0);
}

/* One number in configuration space that is changed, and whether there still is a device. */
struct spoil_case {
	const char *what;
	uint8_t at, size;
	uint32_t value;
	bool found;
};

static const struct spoil_case spoil_cases[] = {
	{"nothing", 0x40, 1, 0x09, true},
	{"no common", FAKE_CAP_COMMON + 3, 1, 9, false},
	{"no notify", FAKE_CAP_NOTIFY + 3, 1, 9, false},
	{"no isr", FAKE_CAP_ISR + 3, 1, 9, false},
	{"common, too short a capability", FAKE_CAP_COMMON + 2, 1, 15, false},
	{"notify, no multiplier", FAKE_CAP_NOTIFY + 2, 1, 19, false},
	{"capability beyond configuration space", FAKE_CAP_COMMON + 2, 1, 0xff, false},
	{"common in BAR 6", FAKE_CAP_COMMON + 4, 1, 6, false},
	{"common in BAR 255", FAKE_CAP_COMMON + 4, 1, 255, false},
	{"common in a BAR that is none", FAKE_CAP_COMMON + 4, 1, 2, false},
	{"common in the upper half of a BAR", FAKE_CAP_COMMON + 4, 1, 5, false},
	{"common, length 0", FAKE_CAP_COMMON + 12, 4, 0, false},
	{"common, length 55", FAKE_CAP_COMMON + 12, 4, 55, false},
	{"common, length 56", FAKE_CAP_COMMON + 12, 4, 56, true},
	{"common, one byte too long", FAKE_CAP_COMMON + 12, 4, 0x4001, false},
	{"common, length of all ones", FAKE_CAP_COMMON + 12, 4, 0xffffffff, false},
	{"common, offset beyond the BAR", FAKE_CAP_COMMON + 8, 4, 0x4000, false},
	{"common, offset wraps", FAKE_CAP_COMMON + 8, 4, 0xfffff000, false},
	{"common, misaligned", FAKE_CAP_COMMON + 8, 4, 2, false},
	{"isr, offset beyond the BAR", FAKE_CAP_ISR + 8, 4, 0x3001, false},
	{"isr, length 0", FAKE_CAP_ISR + 12, 4, 0, false},
	{"notify, length 1", FAKE_CAP_NOTIFY + 12, 4, 1, false},
	{"notify, beyond the BAR", FAKE_CAP_NOTIFY + 8, 4, 0x3fff, false},
	{"device, beyond the BAR: as if there were none", FAKE_CAP_DEVICE + 8, 4, 0x4000, true},
	{"device, misaligned", FAKE_CAP_DEVICE + 8, 4, 0x2001, false},
	{"list that ends early", FAKE_CAP_ISR + 1, 1, 0, false},
	{"list that loops at once", FAKE_CAP_NOTIFY + 1, 1, FAKE_CAP_NOTIFY, false},
	{"list that loops at its end", FAKE_CAP_COMMON + 1, 1, FAKE_CAP_NOTIFY, true},
	{"no capabilities", 0x06, 1, 0, false},
	{"BAR not assigned", 0x20, 4, 0xc, true}, /* the upper half is */
	{"BAR in ports", 0x20, 4, 0xc001, false},
	{"BAR of an unknown type", 0x20, 4, 0x6, false},
};

static void spoil_name(const struct spoil_case *c, char *desc)
{
	strscpy(desc, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(spoil, spoil_cases, spoil_name);

/* Fault row 41 */
static void modern_spoiled(struct kunit *test)
{
	const struct spoil_case *c = test->param_value;
	struct fake_vpci *d = device(test, MODERN);
	struct pv_virtio *vd;

	memcpy(d->fn.config + c->at, &c->value, c->size);
	vd = found(test);
	KUNIT_EXPECT_EQ(test, vd != NULL, c->found);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("cannot be mapped"));
	KUNIT_EXPECT_EQ(test, d->status, 0);
	KUNIT_EXPECT_EQ(test, d->bad, 0);
	pv_bus_remove_all();
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, 0);
}

static void modern_not_assigned(struct kunit *test)
{
	struct fake_vpci *d = device(test, MODERN);

	fake_pci_bar(&d->fn, 4, 0xc, FAKE_VPCI_MEM_LEN);
	KUNIT_EXPECT_NULL(test, found(test));
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("0000:00:04.0: no address was assigned to BAR 4"));
	KUNIT_EXPECT_EQ(test, d->fn.config[4], 0); /* nothing decodes at 0 */
}

/* Of two capabilities of a kind the first counts, unless it cannot be used (4.1.4.1). */
static void modern_second_capability(struct kunit *test)
{
	static const uint8_t second[] = {16, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0};
	struct fake_vpci *d = device(test, MODERN);
	struct pv_virtio *vd;

	d->fn.config[FAKE_CAP_COMMON + 4] = 5;
	fake_pci_cap(&d->fn, 0xa0, 0x09, second, 16);
	KUNIT_ASSERT_NOT_NULL(test, found(test));
	pv_bus_remove_all();
	/* The second is somewhere else: nobody looks. */
	d->fn.config[FAKE_CAP_COMMON + 4] = 4;
	d->fn.config[0xa0 + 9] = 0x20;
	vd = found(test);
	KUNIT_ASSERT_NOT_NULL(test, vd);
	vd->transport->set_status(vd, 1);
	KUNIT_EXPECT_EQ(test, d->status, 1);
}

/* The doorbell is bounded by the capability, whatever offset and multiplier say. Fault row 41. */
static void modern_hostile_doorbell(struct kunit *test)
{
	static const struct {
		uint32_t multiplier;
		uint16_t off;
		int err;
	} cases[] = {
		{0, 0xffff, 0},
		{4, 0x3ff, 0},
		{4, 0x400, PV_EINVAL},
		{0xffffffff, 0xffff, PV_EINVAL},
		{0x10000, 0x8000, PV_EINVAL},
		{2, 0x7ff, 0},
		{1, 1, PV_EINVAL},
		{0xfff, 1, PV_EINVAL},
		{0x80000000, 2, PV_EINVAL},
	};
	struct fake_vpci *d = device(test, MODERN);
	struct pv_virtio *vd;
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		struct pv_vq vq = {.index = 0, .num = 8};

		fake_pci_set32(&d->fn, FAKE_CAP_NOTIFY + 16, cases[i].multiplier);
		d->queue[0].notify_off = cases[i].off;
		d->queue[0].enable = 0;
		vd = found(test);
		KUNIT_ASSERT_NOT_NULL(test, vd);
		KUNIT_EXPECT_EQ_MSG(test, vd->transport->queue_enable(vd, &vq), cases[i].err,
				    "case %u", i);
		KUNIT_EXPECT_EQ(test, d->queue[0].enable, cases[i].err == 0);
		vd->transport->queue_disable(vd, &vq);
		pv_bus_remove_all();
	}
}

/* A doorbell that the port cannot map: there is no queue, rather than one without. */
static void modern_doorbell_not_mapped(struct kunit *test)
{
	struct fake_vpci *d = device(test, MODERN);
	struct pv_virtio *vd = found(test);
	struct pv_vq vq = {.index = 0, .num = 8};

	KUNIT_ASSERT_NOT_NULL(test, vd);
	pv_fake.no_map = true;
	KUNIT_EXPECT_EQ(test, vd->transport->queue_enable(vd, &vq), PV_ENOMEM);
	pv_fake.no_map = false;
	KUNIT_EXPECT_EQ(test, d->queue[0].enable, 0);
}

/* The whole of initialisation and its end, twice, by the core. */
static void modern_life(struct kunit *test)
{
	struct fake_vpci *d = device(test, MODERN | MSIX);
	struct pv_virtio *vd = found(test);
	struct pv_vq_spec spec[2] = {{.max_chain = 4}, {.max_chain = 4}};
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, vd);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, pv_virtio_begin(vd, 1ull << VIRTIO_NET_F_MAC, 0, NULL), 0);
		KUNIT_EXPECT_EQ(test, d->driver_features,
				1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_NET_F_MAC);
		KUNIT_ASSERT_EQ(test, pv_virtio_queues(vd, spec, 2), 0);
		KUNIT_EXPECT_EQ(test, d->queue[0].enable, 1);
		KUNIT_EXPECT_EQ(test, d->queue[1].enable, 1);
		pv_virtio_ready(vd);
		KUNIT_EXPECT_EQ(test, d->status, 0x0f);
		pv_virtio_end(vd, i == 0);
		KUNIT_EXPECT_EQ(test, d->status, i == 0 ? 0x80 : 0);
		KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
		KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
	}
	KUNIT_EXPECT_EQ(test, d->bad, 0);
}

/* Queue sizes that the specification does not allow (2.7). */
static void modern_queue_sizes(struct kunit *test)
{
	static const struct {
		uint16_t size;
		int err;
	} cases[] = {{0, PV_ENODEV}, {3, PV_EINVAL}, {65535, PV_EINVAL},
		     {32768, 0},     {8, 0},	     {1, 0}};
	struct pv_vq_spec spec = {.max_chain = 4};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		struct fake_vpci *d = device(test, MODERN);
		struct pv_virtio *vd;

		d->queue[0].size = cases[i].size;
		vd = found(test);
		KUNIT_ASSERT_NOT_NULL(test, vd);
		KUNIT_ASSERT_EQ(test, pv_virtio_begin(vd, 0, 0, NULL), 0);
		KUNIT_EXPECT_EQ_MSG(test, pv_virtio_queues(vd, &spec, 1), cases[i].err, "case %u",
				    i);
		pv_virtio_end(vd, true);
		pv_bus_remove_all();
		pv_fake_region_remove(&d->mem);
		pv_fake_region_remove(&d->pci.ports);
	}
}

/* The n-th allocation fails: no device, or one with less, and nothing kept. */
static void modern_no_memory(struct kunit *test)
{
	long n;

	device(test, MODERN | MSIX);
	for (n = 1; n < 4; n++) {
		pv_fake.alloc_fail_at = n;
		(void)found(test);
		pv_bus_remove_all();
		pv_fake.alloc_fail_at = 0;
		KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, 0);
		KUNIT_EXPECT_EQ(test, pv_fake.live_maps, 0);
	}
	KUNIT_EXPECT_NOT_NULL(test, found(test));
}

static struct kunit_case modern_cases[] = {
	KUNIT_CASE(modern_no_pci),
	KUNIT_CASE(modern_found),
	KUNIT_CASE(modern_ids),
	KUNIT_CASE(modern_preferred),
	KUNIT_CASE(modern_registers),
	KUNIT_CASE(modern_config),
	KUNIT_CASE(modern_without_config),
	KUNIT_CASE_PARAM(modern_spoiled, spoil_gen_params),
	KUNIT_CASE(modern_not_assigned),
	KUNIT_CASE(modern_second_capability),
	KUNIT_CASE(modern_hostile_doorbell),
	KUNIT_CASE(modern_doorbell_not_mapped),
	KUNIT_CASE(modern_life),
	KUNIT_CASE(modern_queue_sizes),
	KUNIT_CASE(modern_no_memory),
	{},
};

static struct kunit_suite modern_suite = {
	.name = "pci_modern",
	.exit = pci_exit,
	.test_cases = modern_cases,
};

kunit_test_suite(modern_suite);
