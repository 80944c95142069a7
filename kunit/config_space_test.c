/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A virtio device's own configuration, by each transport of PCI: fields of each size at each
 * offset, read and written, in accesses that the device allows; and what is beyond it.
 *
 * Covers: drivers/virtio/config_space.h drivers/virtio/pci_legacy.c drivers/virtio/pci_modern.c
 */
#include <kunit/test.h>
#include <pv/boot.h>

#include "fake_virtio_pci.h"
#include "pv-core/bus.h"

#define MOST 64 /* bytes that the fake has */

/* What can be reached of it: a legacy device's are behind its header, in the same ports. */
static const struct interface {
	const char *name;
	unsigned int has, size;
} interfaces[] = {
	{"modern", FAKE_VPCI_HAS_MODERN, MOST},
	{"legacy", FAKE_VPCI_HAS_LEGACY, FAKE_VPCI_PORT_LEN - 20},
};

static void interface_name(const struct interface *i, char *desc)
{
	strscpy(desc, i->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(interface, interfaces, interface_name);

static struct fake_vpci *make(struct kunit *test, unsigned int has)
{
	struct fake_vpci *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	struct pv_boot_info *boot = kunit_kzalloc(test, sizeof(*boot), GFP_KERNEL);

	fake_vpci_init(d, has);
	/* A loader that knows of no tables. */
	KUNIT_ASSERT_EQ(test, pv_virtio_pci.scan(boot), 0);
	KUNIT_ASSERT_NOT_NULL(test, pv_device_next(NULL));
	return d;
}

static void config_exit(struct kunit *test)
{
	(void)test;
	pv_bus_remove_all();
}

/* One access where size and place allow it, halves of 8 bytes, else bytes (4.1.3.1). */
static unsigned int width(unsigned int offset, unsigned int len)
{
	if (len == 2 && !(offset & 1))
		return 2;
	return (len == 4 || len == 8) && !(offset & 3) ? 4 : 1;
}

static void fields(struct kunit *test)
{
	static const unsigned int lens[] = {1, 2, 3, 4, 6, 8};
	const struct interface *in = test->param_value;
	struct fake_vpci *d = make(test, in->has);
	struct pv_virtio *vd = pv_virtio_of(pv_device_next(NULL));
	uint8_t buf[8], expected[MOST];
	unsigned int i, k, offset, len;

	for (i = 0; i < PV_ARRAY_SIZE(lens); i++) {
		len = lens[i];
		for (offset = 0; offset + len <= in->size; offset++) {
			d->config_sizes = 0;
			vd->transport->config_read(vd, offset, buf, len);
			KUNIT_EXPECT_EQ(test, memcmp(buf, d->config + offset, len), 0);
			KUNIT_EXPECT_EQ(test, d->config_sizes, width(offset, len));
			for (k = 0; k < len; k++)
				buf[k] = (uint8_t)(buf[k] * 7 + offset);
			pv_memcpy(expected, d->config, MOST);
			pv_memcpy(expected + offset, buf, len);
			d->config_sizes = 0;
			vd->transport->config_write(vd, offset, buf, len);
			KUNIT_EXPECT_EQ(test, memcmp(d->config, expected, MOST), 0);
			KUNIT_EXPECT_EQ(test, d->config_sizes, width(offset, len));
		}
	}
	KUNIT_EXPECT_EQ(test, d->bad, 0u);
}

/* Nothing is read or written there, not even in part. */
static void beyond(struct kunit *test)
{
	/* From its end on. */
	static const struct {
		unsigned int offset, len;
	} cases[] = {{0, 1}, {-1u, 2}, {-4u, 8}, {1, 1}, {4, 4}, {0x7fffff00, 1}, {0x10000, 4}};
	static const uint8_t zeroes[8];
	const struct interface *in = test->param_value;
	struct fake_vpci *d = make(test, in->has);
	struct pv_virtio *vd = pv_virtio_of(pv_device_next(NULL));
	uint8_t buf[8], before[MOST];
	unsigned int i, offset;

	pv_memcpy(before, d->config, MOST);
	d->config_sizes = 0;
	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		offset = in->size + cases[i].offset;
		pv_memset(buf, 0xee, sizeof(buf));
		vd->transport->config_write(vd, offset, buf, cases[i].len);
		vd->transport->config_read(vd, offset, buf, cases[i].len);
		KUNIT_EXPECT_EQ(test, memcmp(buf, zeroes, cases[i].len), 0);
	}
	KUNIT_EXPECT_EQ(test, d->config_sizes, 0u);
	KUNIT_EXPECT_EQ(test, memcmp(d->config, before, MOST), 0);
	KUNIT_EXPECT_EQ(test, d->bad, 0u);
}

/* Ports as many as there can be, and as few. */
static void port_ranges(struct kunit *test)
{
	static const struct {
		uint64_t size;
		bool found;
		unsigned int len;
	} cases[] = {{0x10, false, 0}, {0x20, true, 12}, {0x2000, true, 0x1000 - 20}};
	unsigned int i;
	uint8_t v;

	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		struct fake_vpci *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
		struct pv_device *dev;

		fake_vpci_init(d, FAKE_VPCI_HAS_LEGACY);
		fake_pci_bar(&d->fn, 0, 0xc000 | 1, cases[i].size);
		(void)pv_virtio_pci.scan(NULL);
		dev = pv_device_next(NULL);
		KUNIT_EXPECT_EQ(test, dev != NULL, cases[i].found);
		if (dev) {
			/* Where there is no device, ports read all ones. */
			pv_virtio_of(dev)->transport->config_read(pv_virtio_of(dev),
								  cases[i].len - 1, &v, 1);
			KUNIT_EXPECT_EQ(test, v, 0xff);
			pv_virtio_of(dev)->transport->config_read(pv_virtio_of(dev), cases[i].len,
								  &v, 1);
			KUNIT_EXPECT_EQ(test, v, 0);
		}
		pv_bus_remove_all();
		pv_fake_region_remove(&d->port);
		pv_fake_region_remove(&d->pci.ports);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(fields, interface_gen_params),
	KUNIT_CASE_PARAM(beyond, interface_gen_params),
	KUNIT_CASE(port_ranges),
	{},
};

static struct kunit_suite suite = {
	.name = "config_space",
	.exit = config_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
