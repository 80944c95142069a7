/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake virtio transport, and the device's side of a split ring.
 */
#include "fake_virtio.h"

#include "pv-core/bus.h"

static struct fake_virtio *fake_of(struct pv_virtio *vd)
{
	return pv_container_of(vd, struct fake_virtio, vd);
}

/* --- transport -------------------------------------------------------------------------------- */

static uint8_t get_status(struct pv_virtio *vd)
{
	return fake_of(vd)->absent ? 0xff : fake_of(vd)->status;
}

static bool present(struct pv_virtio *vd)
{
	return !fake_of(vd)->absent;
}

static void set_status(struct pv_virtio *vd, uint8_t status)
{
	struct fake_virtio *f = fake_of(vd);
	unsigned int i;

	if (f->absent)
		return;
	if (f->log_len < sizeof(f->log))
		f->log[f->log_len++] = status;
	if (!status) {
		f->resets++;
		if (f->deaf)
			return;
		for (i = 0; i < FAKE_QUEUES; i++)
			f->q[i].vq = NULL;
	}
	if (f->refuses)
		status &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
	f->status = status;
	if (f->irq_during_setup && status && !(status & VIRTIO_CONFIG_S_DRIVER_OK)) {
		pv_virtio_irq_all(vd);
		pv_virtio_irq_config(vd);
	}
}

static uint64_t get_features(struct pv_virtio *vd)
{
	return fake_of(vd)->offered;
}

static void set_features(struct pv_virtio *vd, uint64_t features)
{
	fake_of(vd)->accepted = features;
}

static void config_read(struct pv_virtio *vd, unsigned int offset, void *buf, unsigned int len)
{
	struct fake_virtio *f = fake_of(vd);

	f->config_reads++;
	pv_memset(buf, 0, len);
	if (offset + len <= sizeof(f->config))
		pv_memcpy(buf, f->config + offset, len);
}

static void config_write(struct pv_virtio *vd, unsigned int offset, const void *buf,
			 unsigned int len)
{
	(void)vd;
	(void)offset;
	(void)buf;
	(void)len;
}

static uint32_t config_generation(struct pv_virtio *vd)
{
	struct fake_virtio *f = fake_of(vd);

	f->generation += f->restless;
	return f->generation;
}

static uint32_t queue_max(struct pv_virtio *vd, unsigned int index)
{
	return index < FAKE_QUEUES ? fake_of(vd)->q[index].max : 0;
}

static int queue_enable(struct pv_virtio *vd, struct pv_vq *vq)
{
	struct fake_virtio *f = fake_of(vd);
	struct fake_vq *q = &f->q[vq->index];

	if (f->enable_fails_at && --f->enable_fails_at == 0)
		return PV_ENODEV;
	q->vq = vq;
	q->last_avail = 0;
	q->used_idx = 0;
	q->doorbell = 0;
	vq->notify.kind = PV_VQ_NOTIFY_MMIO32;
	vq->notify.addr = &q->doorbell;
	vq->notify.value = 1;
	return 0;
}

static void queue_disable(struct pv_virtio *vd, struct pv_vq *vq)
{
	fake_of(vd)->q[vq->index].vq = NULL;
}

static void irq_setup(struct pv_virtio *vd)
{
	vd->irq_mode = PV_VIRTIO_IRQ_QUEUE;
}

static void irq_teardown(struct pv_virtio *vd)
{
	vd->irq_mode = PV_VIRTIO_IRQ_NONE;
}

static const struct pv_virtio_transport transport = {
	.name = "fake",
	.get_status = get_status,
	.set_status = set_status,
	.get_features = get_features,
	.set_features = set_features,
	.config_read = config_read,
	.config_write = config_write,
	.config_generation = config_generation,
	.queue_max = queue_max,
	.present = present,
	.queue_enable = queue_enable,
	.queue_disable = queue_disable,
	.irq_setup = irq_setup,
	.irq_teardown = irq_teardown,
};

static void release(struct pv_device *dev)
{
	fake_of(pv_virtio_of(dev))->released = true;
}

const struct pv_bus fake_virtio_bus = {
	.name = "virtio-fake",
	.release = release,
	.describe = pv_virtio_describe,
};

/* --- a bus that keeps account ----------------------------------------------------------------- */

#define LOAN_SHIFT 20 /* of a bus address: the loan's number is above it */

static int share(struct pv_device *dev, void *va, uint32_t len, enum pv_share_dir dir,
		 pv_bus_addr_t *addr)
{
	struct fake_virtio *f = fake_of(pv_virtio_of(dev));
	unsigned int i;

	if (f->share_fails_at && --f->share_fails_at == 0)
		return PV_EBUSY;
	for (i = 1; i < FAKE_LOANS && f->loan[i].va; i++)
		;
	if (i == FAKE_LOANS)
		return PV_EBUSY;
	f->loan[i] = (struct fake_loan) {.va = va, .len = len, .dir = dir};
	f->lent++;
	*addr = (uint64_t)i << LOAN_SHIFT;
	return 0;
}

static int unshare(struct pv_device *dev, pv_bus_addr_t addr, void *va, uint32_t len,
		   enum pv_share_dir dir)
{
	struct fake_virtio *f = fake_of(pv_virtio_of(dev));
	struct fake_loan *l = &f->loan[addr >> LOAN_SHIFT];

	if (addr >> LOAN_SHIFT >= FAKE_LOANS || addr % (1u << LOAN_SHIFT) || !va || l->va != va ||
	    l->len != len || l->dir != dir)
		pv_os_panic("fake: unshared otherwise than it was shared");
	l->va = NULL;
	f->lent--;
	f->taken += !!f->status;
	return 0;
}

static const struct pv_bus lending_bus = {
	.name = "virtio-lending",
	.release = release,
	.share = share,
	.unshare = unshare,
};

void fake_virtio_lends(struct kunit *test, struct fake_virtio *f)
{
	f->vd.dev.bus = &lending_bus;
	f->loan = kunit_kzalloc(test, FAKE_LOANS * sizeof(*f->loan), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->loan);
}

/* Where `len` bytes at a bus address are; a page that is nobody's if they are not lent. */
static void *from_bus(const struct fake_virtio *f, uint64_t addr, uint32_t len)
{
	static uint8_t nowhere[1 << 16];
	uint64_t offset = addr % (1u << LOAN_SHIFT);
	const struct fake_loan *l;

	if (!f->loan)
		return (void *)addr;
	l = &f->loan[addr >> LOAN_SHIFT];
	if (addr >> LOAN_SHIFT >= FAKE_LOANS || !l->va || offset > l->len || len > l->len - offset)
		return nowhere;
	return (uint8_t *)l->va + offset;
}

void fake_virtio_init(struct fake_virtio *f, uint16_t device_id, uint64_t offered, unsigned int max)
{
	unsigned int i;

	pv_memset(f, 0, sizeof(*f));
	f->vd.dev.bus = &fake_virtio_bus;
	f->vd.dev.class_id = pv_virtio_class(device_id);
	pv_snprintf(f->vd.dev.name, sizeof(f->vd.dev.name), "virtio-fake %u", device_id);
	f->vd.transport = &transport;
	f->vd.device_id = device_id;
	f->offered = offered;
	for (i = 0; i < FAKE_QUEUES; i++)
		f->q[i].max = max;
}

void fake_virtio_plug(struct fake_virtio *f, const struct pv_driver *driver)
{
	const struct pv_driver *const drivers[] = {driver, NULL};

	pv_bus_set_drivers(drivers);
	(void)pv_device_add(&f->vd.dev);
	pv_bus_set_drivers(NULL);
}

void fake_virtio_unplug(struct fake_virtio *f)
{
	pv_device_remove(&f->vd.dev);
}

void fake_virtio_needs_reset(struct fake_virtio *f)
{
	f->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	pv_virtio_irq_config(&f->vd);
	(void)pv_bus_work();
}

void fake_config8(struct fake_virtio *f, unsigned int offset, uint8_t v)
{
	pv_memcpy(f->config + offset, &v, sizeof(v));
}

void fake_config16(struct fake_virtio *f, unsigned int offset, uint16_t v)
{
	pv_memcpy(f->config + offset, &v, sizeof(v));
}

void fake_config32(struct fake_virtio *f, unsigned int offset, uint32_t v)
{
	pv_memcpy(f->config + offset, &v, sizeof(v));
}

void fake_config64(struct fake_virtio *f, unsigned int offset, uint64_t v)
{
	pv_memcpy(f->config + offset, &v, sizeof(v));
}

/* --- the device's side of a ring -------------------------------------------------------------- */

void fake_vq_start_at(struct fake_virtio *f, unsigned int index, uint16_t idx)
{
	struct fake_vq *q = &f->q[index];
	struct pv_vq *vq = q->vq;

	vq->avail_idx = vq->published = vq->used_idx = vq->used_seen = idx;
	vq->avail->idx = idx;
	vq->used->idx = idx;
	*vq->used_event = (uint16_t)(idx - 1);
	*vq->avail_event = idx;
	q->last_avail = q->used_idx = idx;
}

unsigned int fake_vq_waiting(struct fake_virtio *f, unsigned int index)
{
	struct fake_vq *q = &f->q[index];

	return q->vq ? (uint16_t)(q->vq->avail->idx - q->last_avail) : 0;
}

bool fake_vq_next(struct fake_virtio *f, unsigned int index, struct fake_chain *c)
{
	struct fake_vq *q = &f->q[index];
	const struct vring_desc *table, *d;
	unsigned int i, most;

	if (!fake_vq_waiting(f, index))
		return false;
	c->head = q->vq->avail->ring[q->last_avail++ % q->vq->num];
	c->num = c->out = c->in = 0;
	table = (const struct vring_desc *)q->vq->desc;
	d = &table[c->head];
	most = q->vq->num;
	c->indirect = d->flags & VRING_DESC_F_INDIRECT;
	if (c->indirect) {
		most = d->len / (unsigned int)sizeof(*d);
		table = from_bus(f, d->addr, d->len);
		d = table;
	}
	for (i = 0; i < most && c->num < FAKE_PIECES; i++) {
		struct fake_piece *p = &c->piece[c->num++];

		p->va = from_bus(f, d->addr, d->len);
		p->len = d->len;
		p->write = d->flags & VRING_DESC_F_WRITE;
		if (p->write)
			c->in += p->len;
		else
			c->out += p->len;
		if (!(d->flags & VRING_DESC_F_NEXT))
			break;
		d = &table[d->next];
	}
	return true;
}

void fake_vq_element(struct fake_virtio *f, unsigned int index, uint32_t id, uint32_t len)
{
	struct fake_vq *q = &f->q[index];
	struct vring_used_elem *elem =
		(struct vring_used_elem *)&q->vq->used->ring[q->used_idx++ % q->vq->num];

	elem->id = id;
	elem->len = len;
}

void fake_vq_show(struct fake_virtio *f, unsigned int index, uint16_t was)
{
	struct fake_vq *q = &f->q[index];
	struct pv_vq *vq = q->vq;
	bool wanted;

	vq->used->idx = q->used_idx;
	if (vq->event_idx)
		wanted = vring_need_event(*vq->used_event, q->used_idx, was);
	else
		wanted = !(vq->avail->flags & VRING_AVAIL_F_NO_INTERRUPT);
	if (!wanted)
		return;
	q->irqs++;
	if (!f->no_interrupts)
		pv_virtio_irq_queue(vq);
}

void fake_vq_used(struct fake_virtio *f, unsigned int index, uint32_t id, uint32_t len)
{
	uint16_t was = f->q[index].used_idx;

	fake_vq_element(f, index, id, len);
	fake_vq_show(f, index, was);
}

void fake_vq_sleep(struct fake_virtio *f, unsigned int index)
{
	struct fake_vq *q = &f->q[index];

	if (q->vq && q->vq->event_idx)
		*q->vq->avail_event = q->last_avail;
	q->doorbell = 0;
}

static uint32_t copy(const struct fake_chain *c, bool write, uint32_t at, uint8_t *buf, uint32_t n)
{
	uint32_t done = 0, i, len;

	for (i = 0; i < c->num && done < n; i++) {
		const struct fake_piece *p = &c->piece[i];

		if (p->write != write)
			continue;
		if (at >= p->len) {
			at -= p->len;
			continue;
		}
		len = p->len - at < n - done ? p->len - at : n - done;
		if (write)
			pv_memcpy(p->va + at, buf + done, len);
		else
			pv_memcpy(buf + done, p->va + at, len);
		done += len;
		at = 0;
	}
	return done;
}

uint32_t fake_chain_read(const struct fake_chain *c, uint32_t at, void *buf, uint32_t n)
{
	return copy(c, false, at, buf, n);
}

uint32_t fake_chain_write(const struct fake_chain *c, uint32_t at, const void *buf, uint32_t n)
{
	return copy(c, true, at, (uint8_t *)(uint64_t)buf, n);
}
