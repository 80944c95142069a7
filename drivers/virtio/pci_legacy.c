/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The legacy virtio-pci interface (virtio 1.2, 4.1.4.10): a header in the I/O ports of BAR 0, and
 * behind it the device's own configuration. The header is 4 bytes longer while MSI-X is enabled. A
 * queue has the size that the device says, and is named by its page number.
 */
#include <pv/log.h>

#include "drivers/virtio/pci.h"

#define HEADER_LEN 20u
#define MSIX_LEN   4u

static uint16_t port_of(struct pv_virtio *vd, unsigned int offset)
{
	return (uint16_t)(pv_virtio_pci_of(vd)->port + offset);
}

static uint8_t get_status(struct pv_virtio *vd)
{
	return pv_in8(port_of(vd, VIRTIO_PCI_STATUS));
}

static void set_status(struct pv_virtio *vd, uint8_t status)
{
	pv_out8(port_of(vd, VIRTIO_PCI_STATUS), status);
}

static uint64_t get_features(struct pv_virtio *vd)
{
	return pv_in32(port_of(vd, VIRTIO_PCI_HOST_FEATURES));
}

static void set_features(struct pv_virtio *vd, uint64_t features)
{
	pv_out32(port_of(vd, VIRTIO_PCI_GUEST_FEATURES), (uint32_t)features);
}

/* Where the field is, as of now. False if the device does not have it. */
static bool config_port(struct pv_virtio *vd, unsigned int offset, unsigned int len, uint16_t *port)
{
	const struct pv_virtio_pci *p = pv_virtio_pci_of(vd);
	unsigned int start = HEADER_LEN + (p->msix_on ? MSIX_LEN : 0);
	unsigned int size =
		p->port_len - start; /* which is below port_len: see pv_virtio_pci_legacy() */

	if (offset > size || len > size - offset)
		return false;
	*port = (uint16_t)(p->port + start + offset);
	return true;
}

static void config_read(struct pv_virtio *vd, unsigned int offset, void *buf, unsigned int len)
{
	uint32_t word[2];
	uint16_t half;
	uint16_t port;
	unsigned int i;

	pv_memset(buf, 0, len);
	if (!config_port(vd, offset, len, &port))
		return;
	if (len == 2 && !(offset & 1)) {
		half = pv_in16(port);
		pv_memcpy(buf, &half, 2);
	} else if ((len == 4 || len == 8) && !(offset & 3)) {
		for (i = 0; i < len / 4; i++)
			word[i] = pv_in32((uint16_t)(port + 4 * i));
		pv_memcpy(buf, word, len);
	} else {
		for (i = 0; i < len; i++)
			((uint8_t *)buf)[i] = pv_in8((uint16_t)(port + i));
	}
}

static void config_write(struct pv_virtio *vd, unsigned int offset, const void *buf,
			 unsigned int len)
{
	uint32_t word[2];
	uint16_t half;
	uint16_t port;
	unsigned int i;

	if (!config_port(vd, offset, len, &port))
		return;
	if (len == 2 && !(offset & 1)) {
		pv_memcpy(&half, buf, 2);
		pv_out16(port, half);
	} else if ((len == 4 || len == 8) && !(offset & 3)) {
		pv_memcpy(word, buf, len);
		for (i = 0; i < len / 4; i++)
			pv_out32((uint16_t)(port + 4 * i), word[i]);
	} else {
		for (i = 0; i < len; i++)
			pv_out8((uint16_t)(port + i), ((const uint8_t *)buf)[i]);
	}
}

static uint32_t config_generation(struct pv_virtio *vd)
{
	(void)vd;
	return 0;
}

static void queue_select(struct pv_virtio *vd, unsigned int index)
{
	pv_out16(port_of(vd, VIRTIO_PCI_QUEUE_SEL), (uint16_t)index);
}

static uint32_t queue_max(struct pv_virtio *vd, unsigned int index)
{
	queue_select(vd, index);
	return pv_in16(port_of(vd, VIRTIO_PCI_QUEUE_NUM));
}

static int queue_enable(struct pv_virtio *vd, struct pv_vq *vq)
{
	uint64_t pfn = vq->desc_addr >> VIRTIO_PCI_QUEUE_ADDR_SHIFT;

	if (pfn >> 32)
		return PV_ERANGE;
	queue_select(vd, vq->index);
	pv_out32(port_of(vd, VIRTIO_PCI_QUEUE_PFN), (uint32_t)pfn);
	vq->notify.kind = PV_VQ_NOTIFY_PORT16;
	vq->notify.port = port_of(vd, VIRTIO_PCI_QUEUE_NOTIFY);
	vq->notify.value = vq->index;
	return 0;
}

static void queue_disable(struct pv_virtio *vd, struct pv_vq *vq)
{
	queue_select(vd, vq->index);
	pv_out32(port_of(vd, VIRTIO_PCI_QUEUE_PFN), 0);
	vq->notify.kind = PV_VQ_NOTIFY_NONE;
}

/* 4.1.5.1.2.1: these two registers are there only while MSI-X is enabled. */
static uint16_t config_vector(struct pv_virtio_pci *p, uint16_t vector)
{
	pv_out16(port_of(&p->vd, VIRTIO_MSI_CONFIG_VECTOR), vector);
	return pv_in16(port_of(&p->vd, VIRTIO_MSI_CONFIG_VECTOR));
}

static uint16_t queue_vector(struct pv_virtio_pci *p, unsigned int index, uint16_t vector)
{
	queue_select(&p->vd, index);
	pv_out16(port_of(&p->vd, VIRTIO_MSI_QUEUE_VECTOR), vector);
	return pv_in16(port_of(&p->vd, VIRTIO_MSI_QUEUE_VECTOR));
}

static uint8_t isr(struct pv_virtio_pci *p)
{
	return pv_in8(port_of(&p->vd, VIRTIO_PCI_ISR));
}

static void legacy_exit(struct pv_virtio_pci *p)
{
	(void)p;
}

static const struct pv_virtio_pci_ops legacy_ops = {
	.config_vector = config_vector,
	.queue_vector = queue_vector,
	.isr = isr,
	.exit = legacy_exit,
};

static const struct pv_virtio_transport legacy = {
	.name = "pci legacy",
	.get_status = get_status,
	.set_status = set_status,
	.get_features = get_features,
	.set_features = set_features,
	.config_read = config_read,
	.config_write = config_write,
	.config_generation = config_generation,
	.queue_max = queue_max,
	.present = pv_virtio_pci_present,
	.queue_fixed = true,
	.queue_enable = queue_enable,
	.queue_disable = queue_disable,
	.irq_setup = pv_virtio_pci_irq_setup,
	.irq_teardown = pv_virtio_pci_irq_teardown,
};

int pv_virtio_pci_legacy(struct pv_virtio_pci *p)
{
	struct pv_pci_bar bar;
	int err = pv_pci_bar(p->addr, 0, &bar);

	if (err == PV_ENODATA) {
		pv_warn("%s: no address was assigned to BAR 0", p->vd.dev.name);
		return err;
	}
	if (err || !bar.is_port || bar.size < HEADER_LEN + MSIX_LEN)
		return PV_ENODEV;
	p->port = (uint16_t)bar.base;
	p->port_len = bar.size < 0x1000 ? (uint16_t)bar.size : 0x1000;
	pv_pci_enable(p->addr, PV_PCI_IO | PV_PCI_MASTER);
	p->ops = &legacy_ops;
	p->vd.transport = &legacy;
	return 0;
}
