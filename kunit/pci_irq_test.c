/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Interrupts of virtio-pci devices: what port and device grant, from a message per queue down to
 * polling, for both interfaces; that each interrupt reaches what it is for; and that nothing is
 * kept.
 *
 * Covers: drivers/virtio/pci_irq.c
 */
#include <kunit/test.h>

#include "fake_virtio_pci.h"
#include "pv-core/bus.h"

#define MODERN FAKE_VPCI_HAS_MODERN
#define LEGACY FAKE_VPCI_HAS_LEGACY
#define MSIX   FAKE_VPCI_HAS_MSIX

struct irq_test {
	struct fake_vpci d;
	struct pv_virtio *vd;
	struct pv_vq vq[3];
	unsigned int events[3];
};

static void count(void *arg)
{
	++*(unsigned int *)arg;
}

static void irq_end(struct kunit *test)
{
	(void)test;
	pv_bus_remove_all();
}

/* A device that was found; `vectors` are what it takes, `messages` what the port has (0: any). */
static struct irq_test *machine(struct kunit *test, unsigned int has, uint16_t vectors,
				unsigned int messages)
{
	struct irq_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	fake_vpci_init(&t->d, has);
	t->d.vectors = vectors;
	pv_fake.msi_max = messages;
	KUNIT_ASSERT_EQ(test, pv_virtio_pci.scan(NULL), 0);
	KUNIT_ASSERT_NOT_NULL(test, pv_device_next(NULL));
	t->vd = pv_virtio_of(pv_device_next(NULL));
	return t;
}

/*
 * Registers interrupts for `queues` queues, of which the first has an event only with `events` 2.
 * There are no rings: a legacy device would not take this process's addresses.
 */
static void start(struct kunit *test, struct irq_test *t, unsigned int queues, unsigned int events)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_virtio_begin(t->vd, 0, 0, NULL), 0);
	for (i = 0; i < queues; i++) {
		t->vq[i].vd = t->vd;
		t->vq[i].index = (uint16_t)i;
		if (i + events >= queues)
			t->vq[i].event = count;
		t->vq[i].event_arg = &t->events[i];
	}
	t->vd->vq = t->vq;
	t->vd->num_vqs = queues;
	t->vd->transport->irq_setup(t->vd);
}

static void stop(struct kunit *test, struct irq_test *t)
{
	t->vd->transport->irq_teardown(t->vd);
	t->vd->vq = NULL;
	t->vd->num_vqs = 0;
	KUNIT_EXPECT_EQ(test, t->vd->irq_mode, PV_VIRTIO_IRQ_NONE);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(&t->d.fn, FAKE_CAP_MSIX + 2) & 0x8000, 0);
	KUNIT_EXPECT_EQ(test, t->d.bad, 0);
	pv_bus_remove_all();
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, 0);
}

struct mode_case {
	const char *what;
	unsigned int has;
	uint16_t vectors;      /* of the device */
	unsigned int messages; /* of the port; 0: any number */
	bool no_msi, no_intx;
	enum pv_virtio_irq_mode mode;
	unsigned int irqs;
};

static const struct mode_case mode_cases[] = {
	{"modern, a message per queue", MODERN | MSIX, 4, 0, false, false, PV_VIRTIO_IRQ_QUEUE, 3},
	{"modern, the port has 3", MODERN | MSIX, 4, 3, false, false, PV_VIRTIO_IRQ_QUEUE, 3},
	{"modern, the port has 2", MODERN | MSIX, 4, 2, false, false, PV_VIRTIO_IRQ_SHARED, 2},
	{"modern, the port has 1", MODERN | MSIX, 4, 1, false, false, PV_VIRTIO_IRQ_SHARED, 1},
	{"modern, the device takes 2", MODERN | MSIX, 2, 0, false, false, PV_VIRTIO_IRQ_SHARED, 2},
	{"modern, the device takes 1", MODERN | MSIX, 1, 0, false, false, PV_VIRTIO_IRQ_SHARED, 1},
	{"modern, the device takes none", MODERN | MSIX, 0, 0, false, false, PV_VIRTIO_IRQ_LINE, 1},
	{"modern, no messages", MODERN | MSIX, 4, 0, true, false, PV_VIRTIO_IRQ_LINE, 1},
	{"modern, no table", MODERN, 4, 0, false, false, PV_VIRTIO_IRQ_LINE, 1},
	{"modern, nothing", MODERN | MSIX, 4, 0, true, true, PV_VIRTIO_IRQ_NONE, 0},
	{"legacy, a message per queue", LEGACY | MSIX, 4, 0, false, false, PV_VIRTIO_IRQ_QUEUE, 3},
	{"legacy, the port has 2", LEGACY | MSIX, 4, 2, false, false, PV_VIRTIO_IRQ_SHARED, 2},
	{"legacy, the device takes 1", LEGACY | MSIX, 1, 0, false, false, PV_VIRTIO_IRQ_SHARED, 1},
	{"legacy, no messages", LEGACY | MSIX, 4, 0, true, false, PV_VIRTIO_IRQ_LINE, 1},
	{"legacy, nothing", LEGACY | MSIX, 4, 0, true, true, PV_VIRTIO_IRQ_NONE, 0},
};

static void mode_name(const struct mode_case *c, char *desc)
{
	strscpy(desc, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, mode_cases, mode_name);

static void irq_modes(struct kunit *test)
{
	const struct mode_case *c = test->param_value;
	struct irq_test *t = machine(test, c->has, c->vectors, c->messages);
	bool shared = c->mode != PV_VIRTIO_IRQ_QUEUE;
	unsigned int i;

	pv_fake.no_msi = c->no_msi;
	pv_fake.no_intx = c->no_intx;
	start(test, t, 2, 2);
	KUNIT_EXPECT_EQ(test, t->vd->irq_mode, c->mode);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, c->irqs);
	KUNIT_EXPECT_EQ(test, t->d.queue[2].vector, 0xffff); /* not ours */

	/* Before DRIVER_OK: counted, and no more. */
	if (c->irqs)
		KUNIT_EXPECT_EQ(test, fake_vpci_queue_irq(&t->d, 0), 1);
	KUNIT_EXPECT_EQ(test, t->events[0], 0);
	KUNIT_EXPECT_EQ(test, t->vd->early_irqs != 0, c->irqs != 0);
	pv_virtio_ready(t->vd);
	t->vd->dev.changed_pending = false;

	for (i = 0; i < 2 && c->irqs; i++) {
		t->events[0] = t->events[1] = 0;
		KUNIT_EXPECT_EQ(test, fake_vpci_queue_irq(&t->d, i), 1);
		KUNIT_EXPECT_EQ(test, t->events[i], 1);
		KUNIT_EXPECT_EQ(test, t->events[!i], shared);
	}
	if (c->has & MODERN)
		KUNIT_EXPECT_FALSE(test, t->vd->dev.changed_pending);
	t->vd->dev.changed_pending = false;
	KUNIT_EXPECT_EQ(test, fake_vpci_config_irq(&t->d), c->irqs ? 1 : -1);
	KUNIT_EXPECT_EQ(test, t->vd->dev.changed_pending, c->irqs != 0);

	/* A line that another device raised; and the pin is silent where nobody listens. */
	if (c->mode == PV_VIRTIO_IRQ_LINE)
		KUNIT_EXPECT_EQ(test, pv_fake_raise_intx(t->d.fn.addr), 0);
	KUNIT_EXPECT_EQ(test, !!(fake_pci_get16(&t->d.fn, 4) & 0x400),
			c->mode != PV_VIRTIO_IRQ_LINE);
	stop(test, t);
}

struct refusal_case {
	const char *what;
	unsigned int has;
	unsigned int fails; /* so many-th message of the port's, once; 0: none */
	bool no_config;	    /* the device takes no vector for its configuration */
	enum pv_virtio_irq_mode mode;
	unsigned int irqs;
};

static const struct refusal_case refusal_cases[] = {
	{"modern, the port's first", MODERN | MSIX, 1, false, PV_VIRTIO_IRQ_SHARED, 2},
	{"modern, the port's last", MODERN | MSIX, 3, false, PV_VIRTIO_IRQ_SHARED, 2},
	{"modern, the device's first", MODERN | MSIX, 0, true, PV_VIRTIO_IRQ_LINE, 1},
	{"legacy, the port's first", LEGACY | MSIX, 1, false, PV_VIRTIO_IRQ_SHARED, 2},
	{"legacy, the device's first", LEGACY | MSIX, 0, true, PV_VIRTIO_IRQ_LINE, 1},
};

static void refusal_name(const struct refusal_case *c, char *desc)
{
	strscpy(desc, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refusal, refusal_cases, refusal_name);

/*
 * A way is taken with all that it needs, or not at all: then it is the next one, and all of them
 * arrive.
 */
static void irq_refused(struct kunit *test)
{
	const struct refusal_case *c = test->param_value;
	struct irq_test *t = machine(test, c->has, 4, 0);
	unsigned int i;

	pv_fake.msi_fail_at = c->fails;
	t->d.no_config_vector = c->no_config;
	start(test, t, 2, 2);
	KUNIT_EXPECT_EQ(test, t->vd->irq_mode, c->mode);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, c->irqs);
	pv_virtio_ready(t->vd);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, fake_vpci_queue_irq(&t->d, i), 1);
		KUNIT_EXPECT_EQ(test, t->events[i], i + 1);
	}
	KUNIT_EXPECT_EQ(test, fake_vpci_config_irq(&t->d), 1);
	KUNIT_EXPECT_TRUE(test, t->vd->dev.changed_pending);
	t->vd->dev.changed_pending = false;
	stop(test, t);
}

/* With one message for all, queue interrupts alone do not have the configuration looked at. */
static void irq_one_message_generation(struct kunit *test)
{
	struct irq_test *t = machine(test, MODERN | MSIX, 4, 1);

	start(test, t, 2, 2);
	pv_virtio_ready(t->vd);
	KUNIT_EXPECT_EQ(test, fake_vpci_queue_irq(&t->d, 1), 1);
	KUNIT_EXPECT_FALSE(test, t->vd->dev.changed_pending);
	KUNIT_EXPECT_EQ(test, fake_vpci_config_irq(&t->d), 1);
	KUNIT_EXPECT_TRUE(test, t->vd->dev.changed_pending);
	t->vd->dev.changed_pending = false;
	KUNIT_EXPECT_EQ(test, fake_vpci_queue_irq(&t->d, 0), 1);
	KUNIT_EXPECT_FALSE(test, t->vd->dev.changed_pending);
	stop(test, t);
}

/* A queue without event function gets no vector; a device of one queue has two. */
static void irq_only_for_events(struct kunit *test)
{
	struct irq_test *t = machine(test, MODERN | MSIX, 4, 0);

	start(test, t, 2, 1);
	pv_virtio_ready(t->vd);
	KUNIT_EXPECT_EQ(test, t->vd->irq_mode, PV_VIRTIO_IRQ_QUEUE);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 2);
	KUNIT_EXPECT_EQ(test, t->d.queue[0].vector, 0xffff);
	KUNIT_EXPECT_EQ(test, t->d.queue[1].vector, 1);
	KUNIT_EXPECT_EQ(test, t->d.config_vector, 0);
	KUNIT_EXPECT_EQ(test, fake_vpci_queue_irq(&t->d, 1), 1);
	KUNIT_EXPECT_EQ(test, t->events[1], 1);
	stop(test, t);
}

/* Nor does it with several others, each of which has its own. */
static void irq_for_two_of_three(struct kunit *test)
{
	struct irq_test *t = machine(test, MODERN | MSIX, 4, 0);
	unsigned int i;

	start(test, t, 3, 2);
	pv_virtio_ready(t->vd);
	KUNIT_EXPECT_EQ(test, t->vd->irq_mode, PV_VIRTIO_IRQ_QUEUE);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 3);
	KUNIT_EXPECT_EQ(test, t->d.queue[0].vector, 0xffff);
	for (i = 1; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, fake_vpci_queue_irq(&t->d, i), 1);
		KUNIT_EXPECT_EQ(test, t->events[i], 1);
	}
	KUNIT_EXPECT_EQ(test, t->events[0], 0);
	stop(test, t);
}

/* A driver that only polls: no interrupts are registered, and the pin is silent. */
static void irq_not_wanted(struct kunit *test)
{
	struct irq_test *t = machine(test, MODERN | MSIX, 4, 0);

	start(test, t, 1, 0);
	KUNIT_EXPECT_EQ(test, t->vd->irq_mode, PV_VIRTIO_IRQ_NONE);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
	KUNIT_EXPECT_TRUE(test, fake_pci_get16(&t->d.fn, 4) & 0x400);
	stop(test, t);
}

/* No pin, or a pin that does not exist. */
static void irq_no_pin(struct kunit *test)
{
	static const uint8_t pins[] = {0, 5, 255};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(pins); i++) {
		struct irq_test *t = machine(test, MODERN, 4, 0);

		t->d.fn.config[0x3d] = pins[i];
		start(test, t, 2, 2);
		KUNIT_EXPECT_EQ(test, t->vd->irq_mode, PV_VIRTIO_IRQ_NONE);
		stop(test, t);
		pv_fake_region_remove(&t->d.mem);
		pv_fake_region_remove(&t->d.pci.ports);
	}
}

/* The table's region is not where MSI-X says: the pin serves. */
static void irq_bad_table(struct kunit *test)
{
	struct irq_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	fake_vpci_init(&t->d, MODERN | MSIX);
	fake_pci_set32(&t->d.fn, FAKE_CAP_MSIX + 4, 0xfffffff9);
	KUNIT_ASSERT_EQ(test, pv_virtio_pci.scan(NULL), 0);
	KUNIT_ASSERT_NOT_NULL(test, pv_device_next(NULL));
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("MSI-X cannot be used"));
	t->vd = pv_virtio_of(pv_device_next(NULL));
	start(test, t, 2, 2);
	KUNIT_EXPECT_EQ(test, t->vd->irq_mode, PV_VIRTIO_IRQ_LINE);
	stop(test, t);
}

static struct kunit_case irq_cases[] = {
	KUNIT_CASE_PARAM(irq_modes, mode_gen_params),
	KUNIT_CASE_PARAM(irq_refused, refusal_gen_params),
	KUNIT_CASE(irq_one_message_generation),
	KUNIT_CASE(irq_only_for_events),
	KUNIT_CASE(irq_for_two_of_three),
	KUNIT_CASE(irq_not_wanted),
	KUNIT_CASE(irq_no_pin),
	KUNIT_CASE(irq_bad_table),
	{},
};

static struct kunit_suite irq_suite = {
	.name = "pci_irq",
	.exit = irq_end,
	.test_cases = irq_cases,
};

kunit_test_suite(irq_suite);
