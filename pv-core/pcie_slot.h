/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Slots of PCI Express ports in which devices come and go (PCI Express Base 4.0, 6.7), for the bus
 * that has an interest in what is plugged there. All in control context.
 */
#ifndef PV_CORE_PCIE_SLOT_H
#define PV_CORE_PCIE_SLOT_H

#include "pv-core/pci.h"

struct pv_pcie_slot_user {
	/* A function is there, and its memory regions have addresses. */
	void (*arrived)(struct pv_pci_addr a);
	/*
	 * What is on these buses of the segment is to go: when this returns, the slot is switched
	 * off. With `gone` it has gone already, and its registers read all ones.
	 */
	void (*leaves)(uint16_t segment, uint8_t first, uint8_t last, bool gone);
};

/*
 * Looks for slots, once pv_pci_init() was called, and watches them. What is in them is not told:
 * whoever scans finds it.
 */
void pv_pcie_slots_init(const struct pv_pcie_slot_user *user);

/* What became of slots since the last time; how many. */
int pv_pcie_slots_work(void);

/* Watches none any more. */
void pv_pcie_slots_exit(void);

/*
 * pci_assign.c: gives the memory regions of a function that has none yet addresses in the windows
 * of `port`, from `*used` bytes on, which are added to. 0, or PV_ENOSPC.
 */
struct pv_pci_used {
	uint64_t memory, prefetchable;
};
int pv_pci_assign(struct pv_pci_addr port, struct pv_pci_addr a,
		  struct pv_pci_used *used) PV_MUST_CHECK;

#endif
