/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake virtio-pci function at 00:04.0: a modern register file in BAR 4, a legacy one in the ports
 * of BAR 0, and an MSI-X table in BAR 1, laid out as QEMU does. Its registers hold what is written,
 * and it raises interrupts; it does not look at rings.
 */
#ifndef PV_KUNIT_FAKE_VIRTIO_PCI_H
#define PV_KUNIT_FAKE_VIRTIO_PCI_H

#include "drivers/virtio/pci.h"
#include "fake_pci.h"

#define FAKE_VPCI_MEM	   0x380000000000ull /* BAR 4 */
#define FAKE_VPCI_MEM_LEN  0x4000u
#define FAKE_VPCI_MSIX	   0xfebc1000ull /* BAR 1 */
#define FAKE_VPCI_PORT	   0xc040u	 /* BAR 0 */
#define FAKE_VPCI_PORT_LEN 0x40u
#define FAKE_VPCI_QUEUES   4u
#define FAKE_VPCI_VECTORS  8u

/* Where the capabilities are, for tests that spoil them. */
#define FAKE_CAP_COMMON 0x40
#define FAKE_CAP_ISR	0x50
#define FAKE_CAP_DEVICE 0x60
#define FAKE_CAP_NOTIFY 0x70
#define FAKE_CAP_MSIX	0x98

struct fake_vpci_queue {
	uint16_t size, vector, enable, notify_off;
	uint64_t desc, avail, used;
	uint32_t pfn;
	unsigned int notified;
};

struct fake_vpci {
	struct fake_pci pci;
	struct fake_pci_fn host, fn;
	struct pv_fake_region mem, msix, port;

	uint8_t status, isr, generation;
	uint64_t features, driver_features;
	uint32_t feature_select, driver_feature_select;
	uint16_t num_queues, queue_select, config_vector;
	uint16_t vectors; /* it takes vectors below this */
	bool no_config_vector;
	struct fake_vpci_queue queue[FAKE_VPCI_QUEUES];
	uint8_t config[64];
	uint32_t table[4 * FAKE_VPCI_VECTORS];
	unsigned int config_sizes; /* of accesses to the device's configuration, or'd */
	unsigned int bad; /* registers accessed in the wrong size, or where there is none */
};

#define FAKE_VPCI_HAS_MODERN 1
#define FAKE_VPCI_HAS_LEGACY 2
#define FAKE_VPCI_HAS_MSIX   4

/* Adds the function, a network device of two queues, and the ports of PCI to the machine. */
void fake_vpci_init(struct fake_vpci *d, unsigned int has);

/*
 * The device raises an interrupt for a queue, or for its configuration; as pv_fake_raise_*(), or -1
 * if the driver gave it no way.
 */
int fake_vpci_queue_irq(struct fake_vpci *d, unsigned int queue);
int fake_vpci_config_irq(struct fake_vpci *d);

#endif
