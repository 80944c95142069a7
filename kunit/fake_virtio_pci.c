/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_virtio_pci.h"

#include <pv/string.h>

static struct fake_vpci_queue *selected(struct fake_vpci *d)
{
	static struct fake_vpci_queue none;

	if (d->queue_select < d->num_queues)
		return &d->queue[d->queue_select];
	none = (struct fake_vpci_queue) {.vector = 0xffff};
	return &none;
}

static uint16_t take(const struct fake_vpci *d, uint32_t vector)
{
	return vector < d->vectors ? (uint16_t)vector : 0xffff;
}

static void reset(struct fake_vpci *d)
{
	unsigned int i;

	d->config_vector = 0xffff;
	d->driver_features = 0;
	d->isr = 0;
	for (i = 0; i < FAKE_VPCI_QUEUES; i++) {
		d->queue[i].vector = 0xffff;
		d->queue[i].enable = 0;
		d->queue[i].pfn = 0;
	}
}

static void set_status(struct fake_vpci *d, uint32_t v)
{
	d->status = (uint8_t)v;
	if (!v)
		reset(d);
}

static uint8_t take_isr(struct fake_vpci *d)
{
	uint8_t isr = d->isr;

	d->isr = 0;
	return isr;
}

/* --- modern: virtio 1.2, 4.1.4.3 -------------------------------------------------------------- */

static void set_half(uint64_t *v, unsigned int half, uint32_t value)
{
	*v = half ? (*v & 0xffffffff) | (uint64_t)value << 32 : (*v & ~0xffffffffull) | value;
}

static const struct {
	uint8_t offset, size;
} common[] = {{0, 4},  {4, 4},	{8, 4},	 {12, 4}, {16, 2}, {18, 2}, {20, 1},
	      {21, 1}, {22, 2}, {24, 2}, {26, 2}, {28, 2}, {30, 2}, {32, 4},
	      {36, 4}, {40, 4}, {44, 4}, {48, 4}, {52, 4}};

static void check_common(struct fake_vpci *d, uint64_t offset, unsigned int size)
{
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(common); i++)
		if (common[i].offset == offset && common[i].size == size)
			return;
	d->bad++;
}

static uint32_t common_read(struct fake_vpci *d, uint64_t offset)
{
	struct fake_vpci_queue *q = selected(d);

	switch (offset) {
	case 4:
		return d->feature_select < 2 ? (uint32_t)(d->features >> 32 * d->feature_select)
					     : 0;
	case 16:
		return d->config_vector;
	case 18:
		return d->num_queues;
	case 20:
		return d->status;
	case 21:
		return d->generation;
	case 24:
		return q->size;
	case 26:
		return q->vector;
	case 28:
		return q->enable;
	case 30:
		return q->notify_off;
	}
	return 0;
}

static void common_write(struct fake_vpci *d, uint64_t offset, uint32_t v)
{
	struct fake_vpci_queue *q = selected(d);

	switch (offset) {
	case 0:
		d->feature_select = v;
		break;
	case 8:
		d->driver_feature_select = v;
		break;
	case 12:
		if (d->driver_feature_select < 2)
			set_half(&d->driver_features, d->driver_feature_select, v);
		break;
	case 16:
		d->config_vector = d->no_config_vector ? 0xffff : take(d, v);
		break;
	case 20:
		set_status(d, v);
		break;
	case 22:
		d->queue_select = (uint16_t)v;
		break;
	case 24:
		q->size = (uint16_t)v;
		break;
	case 26:
		q->vector = take(d, v);
		break;
	case 28:
		d->bad += !v; /* 4.1.4.3.2 */
		q->enable = (uint16_t)v;
		break;
	case 32:
	case 36:
		set_half(&q->desc, offset == 36, v);
		break;
	case 40:
	case 44:
		set_half(&q->avail, offset == 44, v);
		break;
	case 48:
	case 52:
		set_half(&q->used, offset == 52, v);
		break;
	default:
		d->bad++;
	}
}

static uint32_t mem_read(void *arg, uint64_t offset, unsigned int size)
{
	struct fake_vpci *d = arg;
	uint32_t v = 0;

	if (offset < 0x1000) {
		check_common(d, offset, size);
		return common_read(d, offset);
	}
	if (offset == 0x1000 && size == 1)
		return take_isr(d);
	if (offset >= 0x2000 && offset + size <= 0x2000 + sizeof(d->config)) {
		d->config_sizes |= size;
		pv_memcpy(&v, d->config + (offset - 0x2000), size);
		return v;
	}
	d->bad++;
	return 0xffffffff;
}

static void mem_write(void *arg, uint64_t offset, unsigned int size, uint32_t v)
{
	struct fake_vpci *d = arg;

	if (offset < 0x1000) {
		check_common(d, offset, size);
		common_write(d, offset, v);
	} else if (offset >= 0x2000 && offset + size <= 0x2000 + sizeof(d->config)) {
		d->config_sizes |= size;
		pv_memcpy(d->config + (offset - 0x2000), &v, size);
	} else if (offset >= 0x3000 && size == 2 && v < d->num_queues &&
		   (offset - 0x3000) == 4u * d->queue[v].notify_off) {
		d->queue[v].notified++;
	} else {
		d->bad++;
	}
}

/* --- legacy: 4.1.4.10 ------------------------------------------------------------------------- */

static bool msix_enabled(const struct fake_vpci *d)
{
	return fake_pci_get16(&d->fn, FAKE_CAP_MSIX + 2) & 0x8000;
}

static uint8_t *legacy_config(struct fake_vpci *d, uint64_t offset, unsigned int size)
{
	uint64_t start = msix_enabled(d) ? 24 : 20;

	if (offset < start || offset + size > start + sizeof(d->config))
		return NULL;
	d->config_sizes |= size;
	return d->config + (offset - start);
}

/* A register of the header: its offset, and its size in the upper half. */
#define REG(offset, size) ((offset) | (size) << 8)

static uint32_t port_read(void *arg, uint64_t offset, unsigned int size)
{
	struct fake_vpci *d = arg;
	const uint8_t *p = legacy_config(d, offset, size);
	uint32_t v = 0;

	if (p) {
		pv_memcpy(&v, p, size);
		return v;
	}
	switch (REG(offset, size)) {
	case REG(0, 4):
		return (uint32_t)d->features;
	case REG(8, 4):
		return selected(d)->pfn;
	case REG(12, 2):
		return selected(d)->size;
	case REG(18, 1):
		return d->status;
	case REG(19, 1):
		return take_isr(d);
	case REG(20, 2):
		return d->config_vector;
	case REG(22, 2):
		return selected(d)->vector;
	}
	d->bad++;
	return 0xffffffff;
}

static void port_write(void *arg, uint64_t offset, unsigned int size, uint32_t v)
{
	struct fake_vpci *d = arg;
	uint8_t *p = legacy_config(d, offset, size);

	if (p) {
		pv_memcpy(p, &v, size);
		return;
	}
	switch (REG(offset, size)) {
	case REG(4, 4):
		d->driver_features = v;
		break;
	case REG(8, 4):
		selected(d)->pfn = v;
		break;
	case REG(14, 2):
		d->queue_select = (uint16_t)v;
		break;
	case REG(16, 2):
		if (v < d->num_queues)
			d->queue[v].notified++;
		break;
	case REG(18, 1):
		set_status(d, v);
		break;
	case REG(20, 2):
		d->config_vector = d->no_config_vector ? 0xffff : take(d, v);
		break;
	case REG(22, 2):
		selected(d)->vector = take(d, v);
		break;
	default:
		d->bad++;
	}
}

/* --- interrupts ------------------------------------------------------------------------------- */

static uint32_t table_read(void *arg, uint64_t offset, unsigned int size)
{
	struct fake_vpci *d = arg;

	d->bad += size != 4;
	return offset / 4 < PV_ARRAY_SIZE(d->table) ? d->table[offset / 4] : 0;
}

static void table_write(void *arg, uint64_t offset, unsigned int size, uint32_t v)
{
	struct fake_vpci *d = arg;

	d->bad += size != 4;
	if (offset / 4 < PV_ARRAY_SIZE(d->table))
		d->table[offset / 4] = v;
}

static int irq(struct fake_vpci *d, uint16_t vector, uint8_t isr)
{
	const uint32_t *entry;

	if (msix_enabled(d)) {
		if (vector >= FAKE_VPCI_VECTORS)
			return -1;
		entry = d->table + 4 * vector;
		if (entry[3] & 1)
			return -1;
		return pv_fake_raise_msi(entry[0] | (uint64_t)entry[1] << 32, entry[2]);
	}
	d->isr |= isr;
	if (fake_pci_get16(&d->fn, 4) & 0x400)
		return -1;
	return pv_fake_raise_intx(d->fn.addr);
}

int fake_vpci_queue_irq(struct fake_vpci *d, unsigned int queue)
{
	return irq(d, d->queue[queue].vector, 1);
}

int fake_vpci_config_irq(struct fake_vpci *d)
{
	d->generation++;
	return irq(d, d->config_vector, 3);
}

/* --- configuration space ---------------------------------------------------------------------- */

static void cap(struct fake_vpci *d, uint8_t at, uint8_t type, uint32_t offset, uint32_t len)
{
	uint8_t b[18] = {type == 2 ? 20 : 16, type, 4};
	uint32_t multiplier = 4;

	pv_memcpy(b + 6, &offset, 4);
	pv_memcpy(b + 10, &len, 4);
	pv_memcpy(b + 14, &multiplier, 4);
	fake_pci_cap(&d->fn, at, 0x09, b, b[0]);
}

static void interfaces(struct fake_vpci *d, unsigned int has)
{
	if (has & FAKE_VPCI_HAS_LEGACY) {
		fake_pci_bar(&d->fn, 0, FAKE_VPCI_PORT | 1, FAKE_VPCI_PORT_LEN);
		pv_fake_ports_add(&d->port);
	}
	if (has & FAKE_VPCI_HAS_MODERN) {
		fake_pci_bar(&d->fn, 4, FAKE_VPCI_MEM | 0xc, FAKE_VPCI_MEM_LEN);
		cap(d, FAKE_CAP_NOTIFY, VIRTIO_PCI_CAP_NOTIFY_CFG, 0x3000, 0x1000);
		cap(d, FAKE_CAP_DEVICE, VIRTIO_PCI_CAP_DEVICE_CFG, 0x2000, sizeof(d->config));
		cap(d, FAKE_CAP_ISR, VIRTIO_PCI_CAP_ISR_CFG, 0x1000, 0x1000);
		cap(d, FAKE_CAP_COMMON, VIRTIO_PCI_CAP_COMMON_CFG, 0, 0x1000);
		pv_fake_memory_add(&d->mem);
	}
	if (has & FAKE_VPCI_HAS_MSIX) {
		fake_pci_bar(&d->fn, 1, FAKE_VPCI_MSIX, 0x1000);
		fake_pci_cap(&d->fn, FAKE_CAP_MSIX, 0x11, "\x03\x00\x01\0\0\0\x01\x08\0\0", 12);
		pv_fake_memory_add(&d->msix);
	}
}

void fake_vpci_init(struct fake_vpci *d, unsigned int has)
{
	bool transitional = has & FAKE_VPCI_HAS_LEGACY;
	unsigned int i;

	pv_memset(d, 0, sizeof(*d));
	d->mem = (struct pv_fake_region) {.base = FAKE_VPCI_MEM,
					  .len = FAKE_VPCI_MEM_LEN,
					  .read = mem_read,
					  .write = mem_write,
					  .arg = d};
	d->msix = (struct pv_fake_region) {.base = FAKE_VPCI_MSIX,
					   .len = 0x1000,
					   .read = table_read,
					   .write = table_write,
					   .arg = d};
	d->port = (struct pv_fake_region) {.base = FAKE_VPCI_PORT,
					   .len = FAKE_VPCI_PORT_LEN,
					   .read = port_read,
					   .write = port_write,
					   .arg = d};
	fake_pci_init(&d->pci, true, 0, 0);
	fake_pci_add(&d->pci, &d->host, 0, 0, 0, 0x8086, 0x29c0, 0);
	fake_pci_add(&d->pci, &d->fn, 0, 4, 0, 0x1af4, transitional ? 0x1000 : 0x1041, 0);
	d->fn.config[0x08] = transitional ? 0 : 1;
	fake_pci_set16(&d->fn, 0x2e, transitional ? 1 : 0x1100);
	d->fn.config[0x3c] = 11;
	d->fn.config[0x3d] = 1;
	interfaces(d, has);

	d->num_queues = 3;
	d->vectors = 4;
	d->features = 1ull << VIRTIO_NET_F_MAC;
	if (has & FAKE_VPCI_HAS_MODERN)
		d->features |= 1ull << VIRTIO_F_VERSION_1;
	for (i = 0; i < FAKE_VPCI_QUEUES; i++) {
		d->queue[i].size = 256;
		d->queue[i].notify_off = (uint16_t)i;
	}
	for (i = 0; i < sizeof(d->config); i++)
		d->config[i] = (uint8_t)(i + 1);
	reset(d);
}
