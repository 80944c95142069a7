/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio-mmio transport (virtio 1.2, 4.2), in its two register layouts: version 2, and version
 * 1, which QEMU still has by default (4.2.4). They share most registers; version 1 has 32 feature
 * bits, and names a ring by one page number, in units that the driver sets first.
 *
 * There is one interrupt, for all queues and the configuration; InterruptStatus says which, and is
 * acknowledged before the work that it announces is looked at, so that work added meanwhile raises
 * it anew. Where the interrupt is edge-triggered, a cause that comes between the two accesses
 * raises no new edge, since the line never fell: the status is then read until it is clear, a
 * bounded number of times.
 *
 * Registers that read all ones, as where there is no device, fail the check of the magic value.
 */
#include "drivers/virtio/mmio.h"

#include <pv/log.h>

#include "arch/x86/x86.h"
#include "drivers/virtio/config_space.h"
#include "drivers/virtio/virtqueue.h"

#define MAGIC	      0x74726976 /* 4.2.2: "virt" */
#define LEGACY_ALIGN  4096u	 /* 2.7.2 */
#define EDGE_ROUNDS   8
#define REGISTERS_MAX 0x1000u /* of a device's range, so much is mapped */

static struct pv_virtio_mmio *mmio_of(struct pv_virtio *vd)
{
	return pv_container_of(vd, struct pv_virtio_mmio, vd);
}

static uint32_t reg_read(struct pv_virtio *vd, unsigned int offset)
{
	return pv_mmio_read32(mmio_of(vd)->regs + offset);
}

static void reg_write(struct pv_virtio *vd, unsigned int offset, uint32_t v)
{
	pv_mmio_write32(mmio_of(vd)->regs + offset, v);
}

static uint8_t get_status(struct pv_virtio *vd)
{
	return (uint8_t)reg_read(vd, VIRTIO_MMIO_STATUS);
}

static void set_status(struct pv_virtio *vd, uint8_t status)
{
	reg_write(vd, VIRTIO_MMIO_STATUS, status);
}

static uint32_t features_half(struct pv_virtio *vd, uint32_t half)
{
	reg_write(vd, VIRTIO_MMIO_DEVICE_FEATURES_SEL, half);
	return reg_read(vd, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void set_features_half(struct pv_virtio *vd, uint32_t half, uint32_t v)
{
	reg_write(vd, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
	reg_write(vd, VIRTIO_MMIO_DRIVER_FEATURES, v);
}

static uint64_t v1_get_features(struct pv_virtio *vd)
{
	return features_half(vd, 0);
}

static void v1_set_features(struct pv_virtio *vd, uint64_t features)
{
	set_features_half(vd, 0, (uint32_t)features);
}

static uint64_t v2_get_features(struct pv_virtio *vd)
{
	uint64_t high = features_half(vd, 1);

	return high << 32 | features_half(vd, 0);
}

static void v2_set_features(struct pv_virtio *vd, uint64_t features)
{
	set_features_half(vd, 1, (uint32_t)(features >> 32));
	set_features_half(vd, 0, (uint32_t)features);
}

static void config_read(struct pv_virtio *vd, unsigned int offset, void *buf, unsigned int len)
{
	struct pv_virtio_mmio *m = mmio_of(vd);

	pv_virtio_mem_read(m->regs + VIRTIO_MMIO_CONFIG, m->len - VIRTIO_MMIO_CONFIG, offset, buf,
			   len);
}

static void config_write(struct pv_virtio *vd, unsigned int offset, const void *buf,
			 unsigned int len)
{
	struct pv_virtio_mmio *m = mmio_of(vd);

	pv_virtio_mem_write(m->regs + VIRTIO_MMIO_CONFIG, m->len - VIRTIO_MMIO_CONFIG, offset, buf,
			    len);
}

static uint32_t v1_generation(struct pv_virtio *vd)
{
	(void)vd;
	return 0;
}

static uint32_t v2_generation(struct pv_virtio *vd)
{
	return reg_read(vd, VIRTIO_MMIO_CONFIG_GENERATION);
}

static uint32_t queue_max(struct pv_virtio *vd, unsigned int index)
{
	reg_write(vd, VIRTIO_MMIO_QUEUE_SEL, index);
	return reg_read(vd, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

/* Selects the queue, sets its size and its doorbell. */
static void queue_begin(struct pv_virtio *vd, struct pv_vq *vq)
{
	reg_write(vd, VIRTIO_MMIO_QUEUE_SEL, vq->index);
	reg_write(vd, VIRTIO_MMIO_QUEUE_NUM, vq->num);
	vq->notify.kind = PV_VQ_NOTIFY_MMIO32;
	vq->notify.addr = mmio_of(vd)->regs + VIRTIO_MMIO_QUEUE_NOTIFY;
	vq->notify.value = vq->index;
}

static int v1_queue_enable(struct pv_virtio *vd, struct pv_vq *vq)
{
	uint64_t pfn = vq->desc_addr >> PV_PAGE_SHIFT;

	if (pfn >> 32)
		return PV_ERANGE;
	reg_write(vd, VIRTIO_MMIO_GUEST_PAGE_SIZE, PV_PAGE_SIZE);
	queue_begin(vd, vq);
	reg_write(vd, VIRTIO_MMIO_QUEUE_ALIGN, LEGACY_ALIGN);
	reg_write(vd, VIRTIO_MMIO_QUEUE_PFN, (uint32_t)pfn);
	return 0;
}

static void v1_queue_disable(struct pv_virtio *vd, struct pv_vq *vq)
{
	reg_write(vd, VIRTIO_MMIO_QUEUE_SEL, vq->index);
	reg_write(vd, VIRTIO_MMIO_QUEUE_PFN, 0);
	vq->notify.kind = PV_VQ_NOTIFY_NONE;
}

static int v2_queue_enable(struct pv_virtio *vd, struct pv_vq *vq)
{
	queue_begin(vd, vq);
	reg_write(vd, VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)vq->desc_addr);
	reg_write(vd, VIRTIO_MMIO_QUEUE_DESC_HIGH, (uint32_t)(vq->desc_addr >> 32));
	reg_write(vd, VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)vq->avail_addr);
	reg_write(vd, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (uint32_t)(vq->avail_addr >> 32));
	reg_write(vd, VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)vq->used_addr);
	reg_write(vd, VIRTIO_MMIO_QUEUE_USED_HIGH, (uint32_t)(vq->used_addr >> 32));
	reg_write(vd, VIRTIO_MMIO_QUEUE_READY, 1);
	return 0;
}

static void v2_queue_disable(struct pv_virtio *vd, struct pv_vq *vq)
{
	reg_write(vd, VIRTIO_MMIO_QUEUE_SEL, vq->index);
	reg_write(vd, VIRTIO_MMIO_QUEUE_READY, 0);
	vq->notify.kind = PV_VQ_NOTIFY_NONE;
}

/*
 * A device that needs a reset gets a first one here. QEMU (7.2) holds the line of such a device up
 * until then, whatever is acknowledged, and the control path would have no turn.
 */
static void release_line(struct pv_virtio_mmio *m)
{
	if (!m->place.level || !m->vd.driver_ok || !pv_virtio_needs_reset(&m->vd))
		return;
	m->vd.needs_reset = true;
	set_status(&m->vd, 0);
}

static bool interrupt(void *arg)
{
	struct pv_virtio_mmio *m = arg;
	unsigned int rounds = m->place.level ? 1 : EDGE_ROUNDS;
	bool ours = false;
	uint32_t cause;

	while (rounds--) {
		cause = reg_read(&m->vd, VIRTIO_MMIO_INTERRUPT_STATUS) &
			(VIRTIO_MMIO_INT_VRING | VIRTIO_MMIO_INT_CONFIG);
		if (!cause)
			break;
		reg_write(&m->vd, VIRTIO_MMIO_INTERRUPT_ACK, cause);
		if (cause & VIRTIO_MMIO_INT_VRING)
			pv_virtio_irq_all(&m->vd);
		if (cause & VIRTIO_MMIO_INT_CONFIG) {
			release_line(m);
			pv_virtio_irq_config(&m->vd);
		}
		ours = true;
	}
	return ours;
}

static void irq_setup(struct pv_virtio *vd)
{
	struct pv_virtio_mmio *m = mmio_of(vd);

	m->irq = PV_ENOTSUP;
	if (m->place.has_gsi)
		m->irq = pv_os_irq_gsi(m->place.gsi, m->place.level, interrupt, m);
	vd->irq_mode = m->irq < 0 ? PV_VIRTIO_IRQ_NONE : PV_VIRTIO_IRQ_LINE;
}

static void irq_teardown(struct pv_virtio *vd)
{
	struct pv_virtio_mmio *m = mmio_of(vd);

	if (m->irq >= 0)
		pv_os_irq_free(m->irq);
	m->irq = PV_ENOTSUP;
	vd->irq_mode = PV_VIRTIO_IRQ_NONE;
}

static const struct pv_virtio_transport v1 = {
	.name = "mmio v1",
	.get_status = get_status,
	.set_status = set_status,
	.get_features = v1_get_features,
	.set_features = v1_set_features,
	.config_read = config_read,
	.config_write = config_write,
	.config_generation = v1_generation,
	.queue_max = queue_max,
	.queue_enable = v1_queue_enable,
	.queue_disable = v1_queue_disable,
	.irq_setup = irq_setup,
	.irq_teardown = irq_teardown,
};

static const struct pv_virtio_transport v2 = {
	.name = "mmio v2",
	.get_status = get_status,
	.set_status = set_status,
	.get_features = v2_get_features,
	.set_features = v2_set_features,
	.config_read = config_read,
	.config_write = config_write,
	.config_generation = v2_generation,
	.queue_max = queue_max,
	.queue_enable = v2_queue_enable,
	.queue_disable = v2_queue_disable,
	.irq_setup = irq_setup,
	.irq_teardown = irq_teardown,
};

/* 4.2.2: magic, version, device. PV_ENOENT: an empty slot. */
static int identify(struct pv_virtio_mmio *m)
{
	uint32_t magic = reg_read(&m->vd, VIRTIO_MMIO_MAGIC_VALUE);
	uint32_t version;
	uint32_t id;

	if (magic != MAGIC) {
		pv_warn("%s: no device, the magic value is 0x%x", m->vd.dev.name, magic);
		return PV_ENODEV;
	}
	version = reg_read(&m->vd, VIRTIO_MMIO_VERSION);
	if (version != 1 && version != 2) {
		pv_warn("%s: register layout version %u is not known", m->vd.dev.name, version);
		return PV_ENOTSUP;
	}
	id = reg_read(&m->vd, VIRTIO_MMIO_DEVICE_ID);
	if (!id)
		return PV_ENOENT;
	if (id > 0xffff) {
		pv_warn("%s: device id 0x%x is not known", m->vd.dev.name, id);
		return PV_ENOTSUP;
	}
	m->vd.device_id = (uint16_t)id;
	m->vd.transport = version == 1 ? &v1 : &v2;
	m->vd.dev.class_id = pv_virtio_class(m->vd.device_id);
	return 0;
}

int pv_virtio_mmio_add(const struct pv_virtio_mmio_place *place)
{
	struct pv_virtio_mmio *m;
	int err = PV_ENOMEM;

	if (place->size < VIRTIO_MMIO_CONFIG || place->base & 3 ||
	    place->base + place->size < place->base) {
		pv_warn("virtio-mmio: no device fits into 0x%llx bytes at 0x%llx",
			(unsigned long long)place->size, (unsigned long long)place->base);
		return PV_EINVAL;
	}
	m = pv_os_alloc(sizeof(*m));
	if (!m)
		return PV_ENOMEM;
	m->place = *place;
	m->irq = PV_ENOTSUP;
	m->len = place->size < REGISTERS_MAX ? (uint32_t)place->size : REGISTERS_MAX;
	m->vd.dev.bus = &pv_virtio_mmio;
	pv_snprintf(m->vd.dev.name, sizeof(m->vd.dev.name), "virtio-mmio 0x%llx",
		    (unsigned long long)place->base);
	m->regs = pv_os_map(place->base, m->len, PV_MAP_DEVICE);
	if (m->regs)
		err = identify(m);
	else
		pv_warn("%s: cannot be mapped", m->vd.dev.name);
	if (!err)
		err = pv_device_add(&m->vd.dev);
	if (!err)
		return 0;
	if (m->regs)
		pv_os_unmap(m->regs, m->len);
	pv_os_free(m, sizeof(*m));
	return err == PV_ENOENT || err == PV_EEXIST ? 0 : err;
}

void pv_virtio_mmio_release(struct pv_device *dev)
{
	struct pv_virtio_mmio *m = mmio_of(pv_virtio_of(dev));

	pv_os_unmap(m->regs, m->len);
	pv_os_free(m, sizeof(*m));
}
