/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio-pci bus (virtio 1.2, 4.1): finds functions and chooses how to talk to them.
 *
 * The modern interface is taken where the function has all of its capabilities and the port can
 * reach them; else, for a transitional device, the legacy one. Each device keeps the access to
 * configuration space alive until it is released.
 *
 * Functions come and go in the slots of PCI Express ports (pv-core/pcie_slot.h). When one has gone,
 * whoever still holds its device keeps the structure; another function may then be where it was,
 * which the release of the old one must not touch.
 */
#include "drivers/virtio/pci.h"

#include <pv/boot.h>
#include <pv/log.h>

#include "pv-core/pcie_slot.h"

#define PCI_ID		 0x00
#define PCI_REVISION	 0x08
#define PCI_HEADER_TYPE	 0x0e
#define PCI_SUBSYSTEM_ID 0x2e
#define DEVICE_LAST	 0x107f /* 4.1.2 */
#define HEADER_TYPE	 0x7f

/* 4.1.2.1: the kind of device, by its PCI device id. */
static uint16_t kind(struct pv_pci_addr a, uint16_t id)
{
	if (id >= VIRTIO_PCI_DEVICE_MODERN)
		return id - VIRTIO_PCI_DEVICE_MODERN;
	return pv_pci_read16(a, PCI_SUBSYSTEM_ID);
}

static void drop(struct pv_virtio_pci *p)
{
	if (!p->vd.gone) {
		pv_msix_exit(&p->msix);
		pv_pci_disable(p->addr);
	}
	pv_msix_forget(&p->msix);
	if (p->ops)
		p->ops->exit(p);
	pv_pci_exit();
	pv_os_free(p, sizeof(*p));
}

/* Takes the interface that the function has and the port reaches. */
static int choose(struct pv_virtio_pci *p, uint16_t id)
{
	bool transitional = id < VIRTIO_PCI_DEVICE_MODERN;
	int err = pv_virtio_pci_modern(p);

	/* 4.1.2.3: a transitional device has revision 0. */
	if (err && transitional && pv_pci_read8(p->addr, PCI_REVISION) == 0)
		err = pv_virtio_pci_legacy(p);
	if (err == PV_ENODEV)
		pv_warn("%s: neither a modern nor a legacy interface", p->vd.dev.name);
	return err;
}

static void found(struct pv_pci_addr a, void *arg)
{
	uint32_t id = pv_pci_read32(a, PCI_ID);
	struct pv_virtio_pci *p;

	(void)arg;
	if ((id & 0xffff) != VIRTIO_PCI_VENDOR || id >> 16 < VIRTIO_PCI_DEVICE_LEGACY ||
	    id >> 16 > DEVICE_LAST || pv_pci_read8(a, PCI_HEADER_TYPE) & HEADER_TYPE)
		return;
	p = pv_os_alloc(sizeof(*p));
	if (!p) {
		pv_warn("virtio-pci: no memory for a device");
		return;
	}
	p->addr = a;
	p->vd.dev.bus = &pv_virtio_pci;
	p->vd.device_id = kind(a, (uint16_t)(id >> 16));
	p->vd.dev.class_id = pv_virtio_class(p->vd.device_id);
	pv_snprintf(p->vd.dev.name, sizeof(p->vd.dev.name), "virtio-pci %04x:%02x:%02x.%x",
		    a.segment, a.bus, a.devfn >> 3, a.devfn & 7u);
	(void)pv_pci_init(0); /* counts: the scan has initialised it */
	if (choose(p, (uint16_t)(id >> 16))) {
		drop(p);
		return;
	}
	if (pv_msix_init(&p->msix, a) != PV_ENODEV && !p->msix.num)
		pv_warn("%s: MSI-X cannot be used", p->vd.dev.name);
	p->vd.max_messages = p->msix.num;
	if (pv_device_add(&p->vd.dev))
		drop(p);
}

bool pv_virtio_pci_present(struct pv_virtio *vd)
{
	return (pv_pci_read32(pv_virtio_pci_of(vd)->addr, PCI_ID) & 0xffff) != 0xffff;
}

/* --- slots ------------------------------------------------------------------------------------ */

static void arrived(struct pv_pci_addr a)
{
	found(a, NULL);
}

static void take_out(struct pv_virtio_pci *p, bool gone)
{
	struct pv_device *dev = &p->vd.dev;

	p->vd.gone = gone;
	pv_device_get(dev);
	pv_device_remove(dev);
	if (!gone) {
		pv_msix_exit(&p->msix);
		pv_pci_disable(p->addr);
		p->vd.gone = true;
	}
	pv_device_put(dev);
}

static void leaves(uint16_t segment, uint8_t first, uint8_t last, bool gone)
{
	struct pv_device *dev, *next;
	struct pv_virtio_pci *p;

	for (dev = pv_device_next(NULL); dev; dev = next) {
		next = pv_device_next(dev);
		if (dev->bus != &pv_virtio_pci)
			continue;
		p = pv_virtio_pci_of(pv_virtio_of(dev));
		if (p->addr.segment == segment && p->addr.bus >= first && p->addr.bus <= last)
			take_out(p, gone);
	}
}

static const struct pv_pcie_slot_user slot_user = {.arrived = arrived, .leaves = leaves};

/* --- the bus ---------------------------------------------------------------------------------- */

static int scan(const struct pv_boot_info *boot)
{
	int err;

	err = pv_pci_init(boot ? boot->rsdp : 0);
	if (err)
		return err;
	pv_dbg("pci: configuration space by %s", pv_pci_access_name());
	pv_pci_scan(found, NULL);
	pv_pcie_slots_init(&slot_user);
	pv_pci_exit();
	return 0;
}

static void release(struct pv_device *dev)
{
	drop(pv_virtio_pci_of(pv_virtio_of(dev)));
}

const struct pv_bus pv_virtio_pci = {
	.name = "virtio-pci",
	.scan = scan,
	.release = release,
	.describe = pv_virtio_describe,
	.work = pv_pcie_slots_work,
	.end = pv_pcie_slots_exit,
};
