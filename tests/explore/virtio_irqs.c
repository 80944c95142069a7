/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * drivers/virtio, from a disk's probe over a reset that it asks for to its removal, and an
 * interrupt that the device sends when it likes: before any write to its registers, or load of its
 * ring, for the queue, for all of them, or for the configuration.
 *
 * The device knows its own status. As long as DRIVER_OK is not there, and from when 0 is written to
 * it, an interrupt is counted and reaches nobody. As long as DRIVER_OK is there it is heeded: else
 * the one that tells of the work would be lost, and the guest wait for ever. While the status is
 * being written, either is right.
 */
#include "fake_disk.h"
#include "pv-core/bus.h"
#include "scenarios.h"

#define GUEST  0
#define DEVICE 1

#define HEEDS_ALL   EXPLORE_OWN
#define NOT_HEEDED  (EXPLORE_OWN << 1)
#define NOT_COUNTED (EXPLORE_OWN << 2)

enum kind { QUEUE, ALL, CONFIG, KINDS };

static struct kunit test;
static struct fake_disk *d;
static const struct pv_virtio_transport *real;
static struct pv_virtio_transport stepping; /* the fake's, before each of whose writes is a step */

static struct {
	int writing;	     /* the status that is being written; -1: none */
	bool asked;	     /* the disk has work */
	bool event;	     /* the kernel was told of its queue */
	unsigned int events; /* how often */
	unsigned int ignored;
} s;

/* --- the device ------------------------------------------------------------------------------- */

static void set_status(struct pv_virtio *vd, uint8_t status)
{
	bool late = explore_planted(NOT_HEEDED) && status & VIRTIO_CONFIG_S_DRIVER_OK;

	if (late)
		vd->driver_ok = false;
	s.writing = status;
	explore_touch(&s);
	real->set_status(vd, status);
	s.writing = -1;
	if (!late)
		return;
	/* As a driver that lets interrupts through only then. */
	explore_touch(&s);
	vd->driver_ok = true;
}

static void set_features(struct pv_virtio *vd, uint64_t features)
{
	explore_touch(&s);
	real->set_features(vd, features);
}

static int queue_enable(struct pv_virtio *vd, struct pv_vq *vq)
{
	explore_touch(&s);
	return real->queue_enable(vd, vq);
}

static void queue_disable(struct pv_virtio *vd, struct pv_vq *vq)
{
	explore_touch(&s);
	real->queue_disable(vd, vq);
}

static void irq_setup(struct pv_virtio *vd)
{
	explore_touch(&s);
	real->irq_setup(vd);
}

static void irq_teardown(struct pv_virtio *vd)
{
	explore_touch(&s);
	real->irq_teardown(vd);
}

/* A ring that nobody lies about; each load is a step. */
static unsigned int lies(const volatile void *p, size_t size, uint64_t is, uint64_t *other)
{
	(void)p;
	(void)size;
	(void)is;
	(void)other;
	explore_touch(&s);
	return 0;
}

static void told(const volatile void *p, size_t size, uint64_t value)
{
	(void)p;
	(void)size;
	(void)value;
}

static bool has_work(void *arg)
{
	(void)arg;
	return s.asked;
}

static void serve(void *arg)
{
	(void)arg;
	for (;;) {
		explore_wait(has_work, NULL, &s);
		s.asked = false;
		fake_blk_run(&d->fake, 8);
	}
}

/* --- interrupts ------------------------------------------------------------------------------- */

static void raise(enum kind kind)
{
	struct pv_virtio *vd = &d->fake.f.vd;

	if (kind == ALL)
		pv_virtio_irq_all(vd);
	else if (kind == CONFIG)
		pv_virtio_irq_config(vd);
	else
		pv_virtio_irq_queue(&vd->vq[0]);
}

static void check(enum kind kind, bool changed, uint64_t early, unsigned int events)
{
	const struct pv_virtio *vd = &d->fake.f.vd;
	bool ok = d->fake.f.status & VIRTIO_CONFIG_S_DRIVER_OK, ignored = vd->early_irqs != early;

	/* It may be in the midst of a write that changes it. */
	if (!ok && !(s.writing > 0 && s.writing & VIRTIO_CONFIG_S_DRIVER_OK))
		explore_check(ignored);
	if (ok && s.writing)
		explore_check(!ignored);
	if (ignored) {
		explore_check(s.events == events && vd->dev.changed_pending == changed);
		explore_check(vd->early_irqs == early + 1);
		s.ignored++;
	} else if (kind == CONFIG) {
		explore_check(vd->dev.changed_pending);
	}
}

static void stray(void *arg)
{
	struct pv_virtio *vd = &d->fake.f.vd;
	unsigned int events;
	bool changed, was;
	uint64_t early;
	enum kind kind;

	(void)arg;
	explore_touch(&s);
	kind = (enum kind)explore_choose(KINDS);
	/* A queue's own message comes while there is one. */
	if (kind == QUEUE && !vd->irqs)
		return;
	events = s.events;
	early = vd->early_irqs;
	changed = vd->dev.changed_pending;
	was = vd->driver_ok;
	vd->driver_ok |= explore_planted(HEEDS_ALL);
	raise(kind);
	vd->driver_ok = was;
	check(kind, changed, early, events);
}

/* --- the guest -------------------------------------------------------------------------------- */

static void on_event(void *arg)
{
	(void)arg;
	s.event = true;
	s.events++;
}

static bool has_event(void *arg)
{
	(void)arg;
	return s.event;
}

static void read_one(unsigned int i)
{
	if (pv_blk_submit(d->q, fake_disk_request(d, i, PV_BLK_READ, 8 * i, 1)))
		explore_fail("not submitted");
	pv_blk_flush(d->q);
	explore_touch(&s);
	s.asked = true;
	while (!d->done[i]) {
		explore_wait(has_event, NULL, &s);
		s.event = false;
		pv_blk_poll(d->q, 64);
	}
	explore_check(d->req[i].status == 0);
}

static void guest(void *arg)
{
	struct fake_virtio *f = &d->fake.f;

	(void)arg;
	fake_disk_up(&test);
	pv_blk_set_event(d->q, on_event, NULL);
	pv_blk_poll(d->q, 64);
	read_one(0);
	f->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	pv_virtio_irq_config(&f->vd);
	(void)pv_bus_work();
	read_one(1);
	pv_blk_close(d->blk);
	fake_virtio_unplug(f);
}

static void end(void)
{
	explore_check(d->fake.f.vd.dev.state == PV_DEV_GONE && !d->fake.f.status);
	explore_check(d->total == 2 && d->done[0] == 1 && d->done[1] == 1);
	if (!explore_planted(NOT_COUNTED))
		explore_check(d->fake.f.vd.early_irqs == s.ignored);
	else
		explore_check(!s.ignored);
}

static void setup(void)
{
	pv_fake_reset();
	if (fake_disk_init(&test))
		explore_fail("no machine");
	d = test.priv;
	real = d->fake.f.vd.transport;
	stepping = *real;
	stepping.set_status = set_status;
	stepping.set_features = set_features;
	stepping.queue_enable = queue_enable;
	stepping.queue_disable = queue_disable;
	stepping.irq_setup = irq_setup;
	stepping.irq_teardown = irq_teardown;
	d->fake.f.vd.transport = &stepping;
	s.writing = -1;
}

static void begin(void)
{
	explore_thread(GUEST, false, guest, NULL);
	explore_thread(DEVICE, false, stray, NULL);
	explore_thread(DEVICE, true, serve, NULL);
}

/* Fault row 37 */
const struct explore_scenario explore_virtio_irqs = {
	.name = "virtio-irqs",
	.setup = setup,
	.begin = begin,
	.end = end,
	.lies = lies,
	.told = told,
	.plants = {{"heeds-all", HEEDS_ALL},
		   {"heeds-too-late", NOT_HEEDED},
		   {"all-heeded", NOT_COUNTED}},
};
