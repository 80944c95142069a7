/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * PCI configuration space: access, enumeration, capabilities, MSI-X.
 *
 * By the I/O ports 0xcf8 and 0xcfc (PCI 3.0, 3.2.2.3.2) for segment 0, and by the memory-mapped
 * ECAM regions that ACPI's MCFG table names (PCI Firmware 3.0, 4.1.2) where the port can map them.
 */
#ifndef PV_CORE_PCI_H
#define PV_CORE_PCI_H

#include <pv/os.h>

/*
 * Finds the ways to reach configuration space; `rsdp` may be 0. Calls are counted: the first one
 * looks, and what it mapped stays until as many pv_pci_exit() were made. PV_ENODEV if the machine
 * has no PCI. Context: control.
 */
int pv_pci_init(uint64_t rsdp);
void pv_pci_exit(void);

/* "CF8", "ECAM" or "none": how segment 0 is reached. */
const char *pv_pci_access_name(void);

/*
 * The n-th bus at which a scan begins: one per segment. False if there are no more.
 */
bool pv_pci_root(unsigned int n, uint16_t *segment, uint8_t *bus);

/* All ones where no function answers. `offset` is aligned to the access. Context: control. */
uint8_t pv_pci_read8(struct pv_pci_addr a, unsigned int offset);
uint16_t pv_pci_read16(struct pv_pci_addr a, unsigned int offset);
uint32_t pv_pci_read32(struct pv_pci_addr a, unsigned int offset);
void pv_pci_write8(struct pv_pci_addr a, unsigned int offset, uint8_t v);
void pv_pci_write16(struct pv_pci_addr a, unsigned int offset, uint16_t v);
void pv_pci_write32(struct pv_pci_addr a, unsigned int offset, uint32_t v);

/*
 * Calls `fn` for each function that answers, once, behind bridges too, in the order of their bus
 * numbers. Context: control.
 */
void pv_pci_scan(void (*fn)(struct pv_pci_addr a, void *arg), void *arg);

/*
 * A walk over a function's capabilities (PCI 3.0, 6.7). A list that loops ends where it would begin
 * again.
 */
struct pv_pci_caps {
	struct pv_pci_addr addr;
	unsigned int next;
	uint64_t seen; /* a bit for each offset / 4 */
};

void pv_pci_caps_begin(struct pv_pci_caps *caps, struct pv_pci_addr a);

/* The offset of the next one with this id; 0 if there is none. */
unsigned int pv_pci_caps_next(struct pv_pci_caps *caps, uint8_t id);

/* The first one with this id; 0 if there is none. */
unsigned int pv_pci_capability(struct pv_pci_addr a, uint8_t id);

/* A base address register, decoded (PCI 3.0, 6.2.5.1). */
struct pv_pci_bar {
	uint64_t base;
	uint64_t size; /* 0: not implemented */
	bool is_port;
};

/*
 * 0, PV_ENOENT if there is no such register, PV_ENODATA if no address was assigned to it (there was
 * no firmware that did), PV_EINVAL if what it says is impossible. Decoding is off meanwhile.
 */
int pv_pci_bar(struct pv_pci_addr a, unsigned int index, struct pv_pci_bar *bar);

/* Sets bits of the command register (6.2.2); decoding only where the address was assigned. */
#define PV_PCI_IO     0x1
#define PV_PCI_MEMORY 0x2
#define PV_PCI_MASTER 0x4
void pv_pci_enable(struct pv_pci_addr a, uint16_t bits);

/* Clears Bus Master: the function no longer reaches memory. */
void pv_pci_disable(struct pv_pci_addr a);

/* Whether the function may raise its INTx pin (PCI 3.0, 6.2.2, Interrupt Disable). */
void pv_pci_intx(struct pv_pci_addr a, bool on);

/* MSI-X (PCI 3.0, 6.8.2). */
struct pv_msix {
	struct pv_pci_addr addr;
	unsigned int cap; /* offset of the capability */
	unsigned int num; /* entries in the table; 0: there is no MSI-X */
	void *table;	  /* mapped */
};

/*
 * Maps the table and turns memory decoding on; all entries are masked and MSI-X is disabled. 0, or
 * PV_ENODEV (no MSI-X), PV_EINVAL (the table is not within its region), PV_ENOMEM (not mapped);
 * `num` is 0 then. Context: control.
 */
int pv_msix_init(struct pv_msix *msix, struct pv_pci_addr a);

/* Entry `entry`, below num, sends `msg`; NULL masks it. */
void pv_msix_set(struct pv_msix *msix, unsigned int entry, const struct pv_msi_msg *msg);
void pv_msix_enable(struct pv_msix *msix, bool on);

/* Disables and unmaps; nothing to do where num is 0. */
void pv_msix_exit(struct pv_msix *msix);
/* Unmaps only: the function is not there any more, or another one is in its place. */
void pv_msix_forget(struct pv_msix *msix);

#endif
