/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The modern virtio-pci interface (virtio 1.2, 4.1.4): vendor-specific capabilities say in which
 * memory regions the common configuration, the doorbells, the ISR byte and the device's own
 * configuration are. Of several capabilities of a kind the first usable one is taken, as the device
 * means it (4.1.4.1).
 *
 * What a capability says is bounded by the size of its region, which the function itself tells by
 * its base address register; a structure that does not fit is as good as not there. Regions in I/O
 * space are not used: the same structures are always offered in memory, too, or the device is
 * transitional.
 *
 * A doorbell is mapped with its queue. The whole range may be large: a page per queue.
 */
#include <pv/log.h>

#include "drivers/virtio/config_space.h"
#include "drivers/virtio/pci.h"

#define CAP_VENDOR 0x09

#define ISR_MIN	   1
#define NOTIFY_MIN 2
#define DEVICE_MAX 0x1000u /* of the device's own configuration, so much is mapped */

/* The function's base address registers, each looked at once. */
struct bars {
	struct pv_pci_bar bar[6];
	int err[6];
	bool known[6];
};

static uint8_t common8(struct pv_virtio *vd, unsigned int offset)
{
	return pv_mmio_read8(pv_virtio_pci_of(vd)->common.va + offset);
}

static uint16_t common16(struct pv_virtio *vd, unsigned int offset)
{
	return pv_mmio_read16(pv_virtio_pci_of(vd)->common.va + offset);
}

static void common_set16(struct pv_virtio *vd, unsigned int offset, uint16_t v)
{
	pv_mmio_write16(pv_virtio_pci_of(vd)->common.va + offset, v);
}

static void common_set32(struct pv_virtio *vd, unsigned int offset, uint32_t v)
{
	pv_mmio_write32(pv_virtio_pci_of(vd)->common.va + offset, v);
}

/* 4.1.3.1: a field of 64 bits is two of 32. */
static void common_set64(struct pv_virtio *vd, unsigned int offset, uint64_t v)
{
	common_set32(vd, offset, (uint32_t)v);
	common_set32(vd, offset + 4, (uint32_t)(v >> 32));
}

static uint8_t get_status(struct pv_virtio *vd)
{
	return common8(vd, VIRTIO_PCI_COMMON_STATUS);
}

static void set_status(struct pv_virtio *vd, uint8_t status)
{
	pv_mmio_write8(pv_virtio_pci_of(vd)->common.va + VIRTIO_PCI_COMMON_STATUS, status);
}

static uint64_t get_features(struct pv_virtio *vd)
{
	const char *common = pv_virtio_pci_of(vd)->common.va;
	uint64_t features;

	common_set32(vd, VIRTIO_PCI_COMMON_DFSELECT, 1);
	features = (uint64_t)pv_mmio_read32(common + VIRTIO_PCI_COMMON_DF) << 32;
	common_set32(vd, VIRTIO_PCI_COMMON_DFSELECT, 0);
	return features | pv_mmio_read32(common + VIRTIO_PCI_COMMON_DF);
}

static void set_features(struct pv_virtio *vd, uint64_t features)
{
	common_set32(vd, VIRTIO_PCI_COMMON_GFSELECT, 1);
	common_set32(vd, VIRTIO_PCI_COMMON_GF, (uint32_t)(features >> 32));
	common_set32(vd, VIRTIO_PCI_COMMON_GFSELECT, 0);
	common_set32(vd, VIRTIO_PCI_COMMON_GF, (uint32_t)features);
}

static void config_read(struct pv_virtio *vd, unsigned int offset, void *buf, unsigned int len)
{
	const struct pv_virtio_pci_range *r = &pv_virtio_pci_of(vd)->device;

	pv_virtio_mem_read(r->va, r->va ? r->len : 0, offset, buf, len);
}

static void config_write(struct pv_virtio *vd, unsigned int offset, const void *buf,
			 unsigned int len)
{
	const struct pv_virtio_pci_range *r = &pv_virtio_pci_of(vd)->device;

	pv_virtio_mem_write(r->va, r->va ? r->len : 0, offset, buf, len);
}

static uint32_t config_generation(struct pv_virtio *vd)
{
	return common8(vd, VIRTIO_PCI_COMMON_CFGGENERATION);
}

static uint32_t queue_max(struct pv_virtio *vd, unsigned int index)
{
	if (index >= common16(vd, VIRTIO_PCI_COMMON_NUMQ))
		return 0;
	common_set16(vd, VIRTIO_PCI_COMMON_Q_SELECT, (uint16_t)index);
	return common16(vd, VIRTIO_PCI_COMMON_Q_SIZE);
}

/* 4.1.4.4: the doorbell of the selected queue. */
static int doorbell_map(struct pv_virtio_pci *p, struct pv_vq *vq)
{
	uint64_t at = (uint64_t)common16(&p->vd, VIRTIO_PCI_COMMON_Q_NOFF) * p->notify_multiplier;

	if (at + NOTIFY_MIN > p->notify.len || (p->notify.base + at) & 1) {
		pv_warn("%s: queue %u has its doorbell at 0x%llx of 0x%x bytes", p->vd.dev.name,
			vq->index, (unsigned long long)at, p->notify.len);
		return PV_EINVAL;
	}
	vq->notify.addr = pv_os_map(p->notify.base + at, NOTIFY_MIN, PV_MAP_DEVICE);
	if (!vq->notify.addr)
		return PV_ENOMEM;
	vq->notify.kind = PV_VQ_NOTIFY_MMIO16;
	vq->notify.value = vq->index;
	return 0;
}

static int queue_enable(struct pv_virtio *vd, struct pv_vq *vq)
{
	int err;

	common_set16(vd, VIRTIO_PCI_COMMON_Q_SELECT, vq->index);
	err = doorbell_map(pv_virtio_pci_of(vd), vq);
	if (err)
		return err;
	common_set16(vd, VIRTIO_PCI_COMMON_Q_SIZE, vq->num);
	common_set64(vd, VIRTIO_PCI_COMMON_Q_DESCLO, vq->desc_addr);
	common_set64(vd, VIRTIO_PCI_COMMON_Q_AVAILLO, vq->avail_addr);
	common_set64(vd, VIRTIO_PCI_COMMON_Q_USEDLO, vq->used_addr);
	common_set16(vd, VIRTIO_PCI_COMMON_Q_ENABLE, 1);
	return 0;
}

/* 4.1.4.3.2: queue_enable is never written 0; the queue ends with the device's reset. */
static void queue_disable(struct pv_virtio *vd, struct pv_vq *vq)
{
	(void)vd;
	if (vq->notify.kind == PV_VQ_NOTIFY_MMIO16)
		pv_os_unmap(vq->notify.addr, NOTIFY_MIN);
	vq->notify.kind = PV_VQ_NOTIFY_NONE;
}

static uint16_t config_vector(struct pv_virtio_pci *p, uint16_t vector)
{
	common_set16(&p->vd, VIRTIO_PCI_COMMON_MSIX, vector);
	return common16(&p->vd, VIRTIO_PCI_COMMON_MSIX);
}

static uint16_t queue_vector(struct pv_virtio_pci *p, unsigned int index, uint16_t vector)
{
	common_set16(&p->vd, VIRTIO_PCI_COMMON_Q_SELECT, (uint16_t)index);
	common_set16(&p->vd, VIRTIO_PCI_COMMON_Q_MSIX, vector);
	return common16(&p->vd, VIRTIO_PCI_COMMON_Q_MSIX);
}

static uint8_t isr(struct pv_virtio_pci *p)
{
	return pv_mmio_read8(p->isr.va);
}

/* The region that a capability means. False if it is none that can be used. */
static bool region(struct pv_virtio_pci *p, struct bars *bars, unsigned int cap, uint32_t min,
		   struct pv_virtio_pci_range *out)
{
	unsigned int i = pv_pci_read8(p->addr, cap + VIRTIO_PCI_CAP_BAR);
	uint32_t offset = pv_pci_read32(p->addr, cap + VIRTIO_PCI_CAP_OFFSET);
	uint32_t len = pv_pci_read32(p->addr, cap + VIRTIO_PCI_CAP_LENGTH);

	if (i > 5 || len < min)
		return false;
	if (!bars->known[i]) {
		bars->known[i] = true;
		bars->err[i] = pv_pci_bar(p->addr, i, &bars->bar[i]);
		if (bars->err[i] == PV_ENODATA)
			pv_warn("%s: no address was assigned to BAR %u", p->vd.dev.name, i);
	}
	if (bars->err[i] || bars->bar[i].is_port || (uint64_t)offset + len > bars->bar[i].size)
		return false;
	out->base = bars->bar[i].base + offset;
	out->len = len;
	return true;
}

/* Goes through the capabilities; what is found has a length. */
static void find(struct pv_virtio_pci *p)
{
	struct bars bars = {0};
	struct pv_pci_caps caps;
	unsigned int cap;
	unsigned int room;

	pv_pci_caps_begin(&caps, p->addr);
	while ((cap = pv_pci_caps_next(&caps, CAP_VENDOR)) != 0) {
		room = pv_pci_read8(p->addr, cap + VIRTIO_PCI_CAP_LEN);
		if (room < sizeof(struct virtio_pci_cap) || cap + room > 256)
			continue;
		switch (pv_pci_read8(p->addr, cap + VIRTIO_PCI_CAP_CFG_TYPE)) {
		case VIRTIO_PCI_CAP_COMMON_CFG:
			if (!p->common.len)
				region(p, &bars, cap, sizeof(struct virtio_pci_common_cfg),
				       &p->common);
			break;
		case VIRTIO_PCI_CAP_NOTIFY_CFG:
			if (!p->notify.len && room >= sizeof(struct virtio_pci_notify_cap) &&
			    region(p, &bars, cap, NOTIFY_MIN, &p->notify))
				p->notify_multiplier =
					pv_pci_read32(p->addr, cap + VIRTIO_PCI_NOTIFY_CAP_MULT);
			break;
		case VIRTIO_PCI_CAP_ISR_CFG:
			if (!p->isr.len)
				region(p, &bars, cap, ISR_MIN, &p->isr);
			break;
		case VIRTIO_PCI_CAP_DEVICE_CFG:
			if (!p->device.len)
				region(p, &bars, cap, 1, &p->device);
			break;
		}
	}
}

static bool map(struct pv_virtio_pci_range *r, uint32_t max)
{
	if (r->len > max)
		r->len = max;
	r->va = pv_os_map(r->base, r->len, PV_MAP_DEVICE);
	return r->va;
}

static void unmap(struct pv_virtio_pci_range *r)
{
	if (r->va)
		pv_os_unmap(r->va, r->len);
	*r = (struct pv_virtio_pci_range) {0};
}

static void modern_exit(struct pv_virtio_pci *p)
{
	unmap(&p->device);
	unmap(&p->isr);
	unmap(&p->common);
}

static const struct pv_virtio_pci_ops modern_ops = {
	.config_vector = config_vector,
	.queue_vector = queue_vector,
	.isr = isr,
	.exit = modern_exit,
};

static const struct pv_virtio_transport modern = {
	.name = "pci modern",
	.get_status = get_status,
	.set_status = set_status,
	.get_features = get_features,
	.set_features = set_features,
	.config_read = config_read,
	.config_write = config_write,
	.config_generation = config_generation,
	.queue_max = queue_max,
	.present = pv_virtio_pci_present,
	.queue_enable = queue_enable,
	.queue_disable = queue_disable,
	.irq_setup = pv_virtio_pci_irq_setup,
	.irq_teardown = pv_virtio_pci_irq_teardown,
};

int pv_virtio_pci_modern(struct pv_virtio_pci *p)
{
	find(p);
	if (!p->common.len || !p->notify.len || !p->isr.len)
		return PV_ENODEV;
	if (p->common.base & 3 || p->device.base & 3)
		return PV_ENODEV; /* 4.1.4.1: aligned, so that fields are one access each */
	if (!map(&p->common, sizeof(struct virtio_pci_common_cfg)) || !map(&p->isr, ISR_MIN) ||
	    (p->device.len && !map(&p->device, DEVICE_MAX))) {
		pv_warn("%s: registers at 0x%llx cannot be mapped", p->vd.dev.name,
			(unsigned long long)p->common.base);
		modern_exit(p);
		return PV_ENOMEM;
	}
	pv_pci_enable(p->addr, PV_PCI_MEMORY | PV_PCI_MASTER);
	p->ops = &modern_ops;
	p->vd.transport = &modern;
	return 0;
}
