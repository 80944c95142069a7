/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Virtio over PCI (virtio 1.2, 4.1): what the files of this transport share.
 *
 *	pci.c		finds functions, chooses the interface
 *	pci_modern.c	registers in memory, found by capabilities
 *	pci_legacy.c	registers in I/O ports
 *	pci_irq.c	MSI-X and INTx for both
 */
#ifndef PV_DRIVERS_VIRTIO_PCI_H
#define PV_DRIVERS_VIRTIO_PCI_H

#include "drivers/virtio/virtqueue.h"
#include "pv-core/pci.h"

struct pv_virtio_pci;

/* What differs between the interfaces as to interrupts. */
struct pv_virtio_pci_ops {
	/*
	 * Has the device raise MSI-X entry `vector`, or none for VIRTIO_MSI_NO_VECTOR, and reads
	 * that back: the device refuses a vector by VIRTIO_MSI_NO_VECTOR (4.1.5.1.2).
	 */
	uint16_t (*config_vector)(struct pv_virtio_pci *p, uint16_t vector);
	uint16_t (*queue_vector)(struct pv_virtio_pci *p, unsigned int index, uint16_t vector);
	/* Reads and clears the cause of an INTx interrupt (4.1.4.5). */
	uint8_t (*isr)(struct pv_virtio_pci *p);
	/* Undoes the interface's set-up. */
	void (*exit)(struct pv_virtio_pci *p);
};

/* A piece of the device's memory. */
struct pv_virtio_pci_range {
	uint64_t base; /* physical */
	uint32_t len;
	char *va; /* NULL: not mapped */
};

struct pv_virtio_pci {
	struct pv_virtio vd;
	struct pv_pci_addr addr;
	const struct pv_virtio_pci_ops *ops;

	/* Interrupts. */
	struct pv_msix msix;
	bool msix_on;
	int *irq; /* registrations, num_irqs of them */
	unsigned int num_irqs;
	unsigned int max_irqs;
	uint32_t generation; /* of the configuration, where one message is for everything */

	/* Modern. */
	struct pv_virtio_pci_range common, isr, device;
	struct pv_virtio_pci_range notify; /* not mapped as a whole */
	uint32_t notify_multiplier;

	/* Legacy. */
	uint16_t port;
	uint16_t port_len;
};

static inline struct pv_virtio_pci *pv_virtio_pci_of(struct pv_virtio *vd)
{
	return pv_container_of(vd, struct pv_virtio_pci, vd);
}

/*
 * Each sets the function up for its interface: vd.transport, ops. 0, PV_ENODEV if the function does
 * not have that interface, or another error (logged). Context: control.
 */
int pv_virtio_pci_modern(struct pv_virtio_pci *p);
int pv_virtio_pci_legacy(struct pv_virtio_pci *p);

/* The transport's `present`. */
bool pv_virtio_pci_present(struct pv_virtio *vd);

/* The transport's interrupt calls. */
void pv_virtio_pci_irq_setup(struct pv_virtio *vd);
void pv_virtio_pci_irq_teardown(struct pv_virtio *vd);

#endif
