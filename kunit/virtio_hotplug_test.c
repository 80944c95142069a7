/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio-pci bus with a PCI Express port: a card that is plugged in, asked for, or pulled; and
 * cards that are none of it.
 *
 * Covers: drivers/virtio/pci.c
 */
#include <kunit/test.h>
#include <pv/log.h>

#include "fake_virtio_pci.h"
#include "pv-core/bus.h"

/* The port's Express capability (PCI Express Base 4.0, 7.5.3). */
#define CAP	0x40
#define CONTROL (CAP + 0x18)
#define STATUS	(CAP + 0x1a)

#define PRESSED	  0x01
#define CHANGED	  0x08
#define COMPLETED 0x10
#define PRESENT	  0x40
#define POWER_OFF 0x400
#define FULL	  0x53 /* button, power, its light, hot-plug */

struct machine {
	struct fake_vpci d;
	struct fake_pci_fn port;
	bool pulled; /* the card answers nothing, whatever the slot says */
};

/* A card that is there, and has power, answers. */
static void settle(struct machine *m)
{
	bool on = fake_pci_get16(&m->port, STATUS) & PRESENT && !m->pulled &&
		  !(fake_pci_get16(&m->port, CONTROL) & POWER_OFF);

	m->d.fn.addr.bus = on ? 5 : 0xfe;
	m->d.fn.addr.devfn = 0;
	fake_pci_set16(&m->port, CAP + 0x12, on ? 0x2000 : 0);
}

static bool port_write(struct fake_pci_fn *fn, unsigned int offset, unsigned int size, uint32_t v)
{
	struct machine *m = fn->arg;
	uint16_t status = fake_pci_get16(fn, STATUS);

	if (offset == STATUS && size == 2) {
		fake_pci_set16(fn, STATUS, (uint16_t)(status & ~(v & 0x1f)));
		return true;
	}
	if (offset != CONTROL || size != 2)
		return false;
	fake_pci_set16(fn, CONTROL, (uint16_t)v);
	fake_pci_set16(fn, STATUS, status | COMPLETED);
	settle(m);
	return true;
}

static void raise(struct machine *m, uint16_t set, uint16_t clear)
{
	fake_pci_set16(&m->port, STATUS,
		       (uint16_t)((fake_pci_get16(&m->port, STATUS) & ~clear) | set));
	settle(m);
	(void)pv_virtio_pci.work();
}

/* A port whose windows are about the card's regions, and an empty slot; scanned. */
static struct machine *make(struct kunit *test)
{
	struct machine *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct fake_pci_fn *p = &m->port;

	fake_vpci_init(&m->d, FAKE_VPCI_HAS_MODERN | FAKE_VPCI_HAS_MSIX);
	fake_pci_add(&m->d.pci, p, 0, 0x1c, 0, 0x1b36, 0x000c, 1);
	p->config[0x19] = 5;
	p->config[0x1a] = 6;
	fake_pci_set16(p, 0x20, 0xfeb0);
	fake_pci_set16(p, 0x22, 0xfeb0);
	fake_pci_set16(p, 0x24, 0x0001);
	fake_pci_set16(p, 0x26, 0x00f1);
	fake_pci_set32(p, 0x28, 0x3800);
	fake_pci_set32(p, 0x2c, 0x3800);
	fake_pci_cap(p, CAP, 0x10, "\x42\x01", 4);
	fake_pci_set32(p, CAP + 0x0c, 1u << 20);
	fake_pci_set32(p, CAP + 0x14, FULL);
	fake_pci_set16(p, CONTROL, POWER_OFF | 0x300);
	p->write = port_write;
	p->arg = m;
	settle(m);
	KUNIT_ASSERT_EQ(test, pv_virtio_pci.scan(NULL), 0);
	KUNIT_ASSERT_NULL(test, pv_device_next(NULL));
	return m;
}

static void hotplug_exit(struct kunit *test)
{
	(void)test;
	pv_bus_remove_all();
	pv_virtio_pci.end();
	pv_bus_set_drivers(NULL);
}

/* --- a driver, which says what it was asked --------------------------------------------------- */

static unsigned int probes, removes;
static uint8_t bus_at_remove;
static struct machine *machine;

static bool match(const struct pv_device *dev)
{
	return pv_virtio_is(dev, VIRTIO_ID_NET);
}

static int probe(struct pv_device *dev)
{
	(void)dev;
	probes++;
	return 0;
}

static void remove_dev(struct pv_device *dev)
{
	(void)dev;
	removes++;
	bus_at_remove = machine->d.fn.addr.bus;
}

static const struct pv_driver driver = {
	.name = "test", .match = match, .probe = probe, .remove = remove_dev};
static const struct pv_driver *const drivers[] = {&driver, NULL};

/* --- cases ------------------------------------------------------------------------------------ */

/* Asked for by the button, the card is let go while it has power still; and it may come back. */
static void in_and_out(struct kunit *test)
{
	struct machine *m = machine = make(test);
	struct pv_device *dev;
	unsigned int i, maps = pv_fake.live_maps, allocs = pv_fake.live_allocs;

	pv_bus_set_drivers(drivers);
	probes = removes = 0;
	for (i = 1; i < 4; i++) {
		raise(m, PRESENT | CHANGED | PRESSED, 0);
		KUNIT_EXPECT_EQ(test, probes, i);
		dev = pv_device_next(NULL);
		KUNIT_ASSERT_NOT_NULL(test, dev);
		KUNIT_EXPECT_STREQ(test, dev->name, "virtio-pci 0000:05:00.0");
		KUNIT_EXPECT_EQ(test, m->d.fn.config[4] & 6, 6);
		raise(m, PRESSED, 0);
		KUNIT_EXPECT_EQ(test, removes, i);
		KUNIT_EXPECT_EQ(test, bus_at_remove, 5);
		/* It does not decode any more. */
		KUNIT_EXPECT_EQ(test, m->d.fn.config[4] & 4, 0);
		KUNIT_EXPECT_NULL(test, pv_device_next(NULL));
		raise(m, CHANGED, PRESENT);
		KUNIT_EXPECT_EQ(test, pv_fake.live_maps, maps);
		KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, allocs);
	}
	KUNIT_EXPECT_EQ(test, m->d.bad, 0u);
}

/* Pulled: its registers are not written to. What holds it holds a device that is gone. */
static void pulled(struct kunit *test)
{
	struct machine *m = machine = make(test);
	struct pv_device *dev;
	uint8_t command;

	pv_bus_set_drivers(drivers);
	probes = removes = 0;
	raise(m, PRESENT | CHANGED | PRESSED, 0);
	dev = pv_device_next(NULL);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	pv_device_get(dev);
	command = m->d.fn.config[4];
	m->pulled = true;
	raise(m, CHANGED, PRESENT);
	KUNIT_EXPECT_EQ(test, removes, 1u);
	KUNIT_EXPECT_EQ(test, bus_at_remove, 0xfe);
	KUNIT_EXPECT_EQ(test, dev->state, PV_DEV_GONE);
	KUNIT_EXPECT_TRUE(test, pv_virtio_of(dev)->gone);
	KUNIT_EXPECT_EQ(test, m->d.fn.config[4], command);
	pv_device_put(dev);
	KUNIT_EXPECT_EQ(test, m->d.fn.config[4], command);
}

/* Devices of other buses, and behind other ports, stay. */
static void release(struct pv_device *dev)
{
	dev->driver = NULL;
}

static void others_stay(struct kunit *test)
{
	static const struct pv_bus other_bus = {.name = "other", .release = release};
	static struct pv_device other = {.name = "other", .bus = &other_bus};
	struct machine *m = machine = make(test);
	struct pv_virtio_pci *p;

	pv_bus_set_drivers(drivers);
	probes = removes = 0;
	KUNIT_ASSERT_EQ(test, pv_device_add(&other), 0);
	raise(m, PRESENT | CHANGED | PRESSED, 0);
	KUNIT_ASSERT_NOT_NULL(test, pv_device_next(&other));
	/* As if it were behind a port of another bus, or in another segment. */
	p = pv_virtio_pci_of(pv_virtio_of(pv_device_next(&other)));
	p->addr.bus = 7;
	raise(m, PRESSED, 0);
	KUNIT_EXPECT_EQ(test, removes, 0u);
	raise(m, CHANGED, PRESENT);
	p->addr.bus = 4;
	raise(m, PRESENT | CHANGED | PRESSED, 0);
	raise(m, PRESSED, 0);
	p->addr.bus = 5;
	p->addr.segment = 1;
	raise(m, PRESENT | CHANGED | PRESSED, 0);
	raise(m, PRESSED, 0);
	KUNIT_EXPECT_EQ(test, removes, 0u);
	p->addr.segment = 0;
	pv_device_remove(&other);
}

/* A name that is there already, and no memory: no device, and nothing kept. */
static void not_added(struct kunit *test)
{
	static const struct pv_bus other_bus = {.name = "other", .release = release};
	static struct pv_device other = {.name = "virtio-pci 0000:05:00.0", .bus = &other_bus};
	struct machine *m = machine = make(test);
	unsigned int maps = pv_fake.live_maps, allocs = pv_fake.live_allocs;

	pv_bus_set_drivers(drivers);
	probes = 0;
	KUNIT_ASSERT_EQ(test, pv_device_add(&other), 0);
	raise(m, PRESENT | CHANGED | PRESSED, 0);
	KUNIT_EXPECT_EQ(test, probes, 0u);
	KUNIT_EXPECT_NULL(test, pv_device_next(&other));
	raise(m, PRESSED, 0);
	raise(m, CHANGED, PRESENT);
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, maps);
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, allocs);
	pv_device_remove(&other);
	raise(m, PRESENT | CHANGED | PRESSED, 0);
	KUNIT_EXPECT_EQ(test, probes, 1u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(in_and_out),
	KUNIT_CASE(pulled),
	KUNIT_CASE(others_stay),
	KUNIT_CASE(not_added),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio_hotplug",
	.exit = hotplug_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
