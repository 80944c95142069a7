/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * MSI-X (PCI 3.0, 6.8.2): a table in one of the function's memory regions, an entry of 16 bytes per
 * message, each with its own mask.
 */
#include "pv-core/pci.h"

#include "arch/x86/x86.h"

#define CAP_MSIX 0x11

/* 6.8.2.3: message control; 6.8.2.4: table offset and BIR. */
#define MSIX_CONTROL	   2
#define CONTROL_TABLE_SIZE 0x07ff
#define CONTROL_ENABLE	   0x8000
#define CONTROL_MASK_ALL   0x4000
#define MSIX_TABLE	   4
#define TABLE_BIR	   0x7

/* 6.8.2.6 to 6.8.2.9: an entry. */
#define ENTRY_SIZE    16
#define ENTRY_ADDR    0
#define ENTRY_ADDR_HI 4
#define ENTRY_DATA    8
#define ENTRY_CONTROL 12
#define ENTRY_MASKED  0x1

int pv_msix_init(struct pv_msix *msix, struct pv_pci_addr a)
{
	struct pv_pci_bar bar;
	uint16_t control;
	uint32_t where;
	unsigned int num;
	unsigned int i;

	msix->num = 0;
	msix->addr = a;
	msix->cap = pv_pci_capability(a, CAP_MSIX);
	if (!msix->cap)
		return PV_ENODEV;
	control = pv_pci_read16(a, msix->cap + MSIX_CONTROL);
	where = pv_pci_read32(a, msix->cap + MSIX_TABLE);
	num = (control & CONTROL_TABLE_SIZE) + 1u;
	if (pv_pci_bar(a, where & TABLE_BIR, &bar) || bar.is_port ||
	    (uint64_t)(where & ~TABLE_BIR) + num * ENTRY_SIZE > bar.size)
		return PV_EINVAL;
	msix->table = pv_os_map(bar.base + (where & ~TABLE_BIR), num * ENTRY_SIZE, PV_MAP_DEVICE);
	if (!msix->table)
		return PV_ENOMEM;
	msix->num = num;
	pv_pci_enable(a, PV_PCI_MEMORY);
	pv_msix_enable(msix, false);
	for (i = 0; i < num; i++)
		pv_msix_set(msix, i, NULL);
	return 0;
}

void pv_msix_set(struct pv_msix *msix, unsigned int entry, const struct pv_msi_msg *msg)
{
	char *e = (char *)msix->table + (size_t)entry * ENTRY_SIZE;

	/* Masked while it changes: the device may read it at any time. */
	pv_mmio_write32(e + ENTRY_CONTROL, ENTRY_MASKED);
	if (!msg)
		return;
	pv_mmio_write32(e + ENTRY_ADDR, (uint32_t)msg->addr);
	pv_mmio_write32(e + ENTRY_ADDR_HI, (uint32_t)(msg->addr >> 32));
	pv_mmio_write32(e + ENTRY_DATA, msg->data);
	pv_mmio_write32(e + ENTRY_CONTROL, 0);
}

void pv_msix_enable(struct pv_msix *msix, bool on)
{
	uint16_t control = pv_pci_read16(msix->addr, msix->cap + MSIX_CONTROL);

	control = (uint16_t)(control & ~(CONTROL_ENABLE | CONTROL_MASK_ALL));
	pv_pci_write16(msix->addr, msix->cap + MSIX_CONTROL, control | (on ? CONTROL_ENABLE : 0));
}

void pv_msix_forget(struct pv_msix *msix)
{
	if (msix->num)
		pv_os_unmap(msix->table, msix->num * ENTRY_SIZE);
	msix->num = 0;
}

void pv_msix_exit(struct pv_msix *msix)
{
	if (msix->num)
		pv_msix_enable(msix, false);
	pv_msix_forget(msix);
}
