/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Access to PCI configuration space.
 *
 * Two ways lead there. The ports 0xcf8 (address) and 0xcfc (data) reach 256 bytes of each function
 * of segment 0; nearly every machine has them. ECAM, 4 KiB of memory per function, reaches all,
 * with one exit to the hypervisor instead of two; ACPI's MCFG says where it is. It is taken where
 * the port can map it and where it shows what the ports show: firmware may describe a region that
 * it has not switched on.
 *
 * A region is 256 MiB; each bus, 1 MiB, is mapped when it is first looked at.
 */
#include "pv-core/pci.h"

#include <pv/detect.h>
#include <pv/log.h>

#include "arch/x86/x86.h"
#include "pv-core/acpi.h"
#include "pv-core/le.h"

/* PCI 3.0, 3.2.2.3.2: configuration mechanism 1. */
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

/* PCI Firmware 3.0, 4.1.2: MCFG. */
#define MCFG_ENTRIES	 44
#define MCFG_ENTRY	 16
#define MCFG_SEGMENT	 8
#define MCFG_FIRST_BUS	 10
#define MCFG_LAST_BUS	 11
#define ECAM_BUS_SHIFT	 20
#define ECAM_DEVFN_SHIFT 12
#define ECAM_FUNCTION	 0x1000u
#define ECAM_MAX	 8

struct ecam {
	uint64_t base; /* of bus 0, whichever the first is */
	uint16_t segment;
	uint8_t first, last;
	void **bus; /* where buses first to last are mapped; NULL: not yet */
};

static struct {
	unsigned int users;
	bool cf8;
	unsigned int num;
	struct ecam ecam[ECAM_MAX];
	/*
	 * The bus that was looked at last: segment << 8 | bus, and where it is mapped; NULL: none.
	 */
	uint32_t last;
	char *last_bus;
} pci;

/* Stands in ecam.bus for a bus that the port could not map, so that it is not asked again. */
static char unmappable;

static bool cf8_probe(void)
{
	uint32_t old = pv_in32(CONFIG_ADDRESS);
	uint32_t now;

	pv_out32(CONFIG_ADDRESS, CONFIG_ENABLE);
	now = pv_in32(CONFIG_ADDRESS);
	pv_out32(CONFIG_ADDRESS, old);
	return now == CONFIG_ENABLE;
}

static char *ecam_bus(struct ecam *e, uint8_t bus)
{
	void **at = &e->bus[bus - e->first];
	uint64_t pa = e->base + ((uint64_t)bus << ECAM_BUS_SHIFT);

	if (!*at) {
		*at = pv_os_map(pa, (size_t)1 << ECAM_BUS_SHIFT, PV_MAP_DEVICE);
		if (!*at)
			*at = &unmappable;
	}
	return *at == &unmappable ? NULL : *at;
}

/* Where the function's bus is mapped; NULL if it is not. */
static PV_NOINLINE char *ecam_find_bus(struct pv_pci_addr a)
{
	struct ecam *e;

	for (e = pci.ecam; e < pci.ecam + pci.num; e++)
		if (e->segment == a.segment && a.bus >= e->first && a.bus <= e->last)
			return ecam_bus(e, a.bus);
	return NULL;
}

/* Where a register is mapped; NULL if it is not. */
static inline char *ecam_at(struct pv_pci_addr a, unsigned int offset)
{
	uint32_t where = (uint32_t)a.segment << 8 | a.bus;

	if (pv_unlikely(where != pci.last || !pci.last_bus)) {
		pci.last = where;
		pci.last_bus = ecam_find_bus(a);
	}
	if (!pci.last_bus || offset >= ECAM_FUNCTION)
		return NULL;
	return pci.last_bus + ((size_t)a.devfn << ECAM_DEVFN_SHIFT) + offset;
}

/* Selects a register by the ports. False if they do not reach it. */
static bool cf8_select(struct pv_pci_addr a, unsigned int offset)
{
	if (!pci.cf8 || a.segment || offset > 0xff)
		return false;
	pv_out32(CONFIG_ADDRESS,
		 CONFIG_ENABLE | (uint32_t)a.bus << 16 | (uint32_t)a.devfn << 8 | (offset & 0xfc));
	return true;
}

#define PCI_ACCESS(bits, type, low)                                                                \
	type pv_pci_read##bits(struct pv_pci_addr a, unsigned int offset)                          \
	{                                                                                          \
		const char *p = ecam_at(a, offset);                                                \
                                                                                                   \
		if (p)                                                                             \
			return pv_mmio_read##bits(p);                                              \
		if (cf8_select(a, offset))                                                         \
			return pv_in##bits((uint16_t)(CONFIG_DATA + (offset & (low))));            \
		return (type)~0u;                                                                  \
	}                                                                                          \
	void pv_pci_write##bits(struct pv_pci_addr a, unsigned int offset, type v)                 \
	{                                                                                          \
		char *p = ecam_at(a, offset);                                                      \
                                                                                                   \
		if (p)                                                                             \
			pv_mmio_write##bits(p, v);                                                 \
		else if (cf8_select(a, offset))                                                    \
			pv_out##bits((uint16_t)(CONFIG_DATA + (offset & (low))), v);               \
	}

PCI_ACCESS(8, uint8_t, 3)
PCI_ACCESS(16, uint16_t, 2)
PCI_ACCESS(32, uint32_t, 0)

static void ecam_drop(struct ecam *e)
{
	unsigned int n = (unsigned int)e->last - e->first + 1;
	unsigned int i;

	pci.last_bus = NULL;

	for (i = 0; i < n; i++)
		if (e->bus[i] && e->bus[i] != &unmappable)
			pv_os_unmap(e->bus[i], (size_t)1 << ECAM_BUS_SHIFT);
	pv_os_free(e->bus, n * sizeof(*e->bus));
}

/* Whether the region can be reached, and is where it is said to be. */
static bool ecam_works(struct ecam *e)
{
	const struct pv_pci_addr a = {.segment = e->segment, .bus = e->first, .devfn = 0};
	const char *bus = ecam_bus(e, e->first);

	if (!bus) {
		pv_info("pci: the ECAM region at 0x%llx cannot be mapped",
			(unsigned long long)e->base);
		return false;
	}
	if (cf8_select(a, 0) && pv_in32(CONFIG_DATA) != pv_mmio_read32(bus)) {
		pv_warn("pci: no configuration space at 0x%llx, where MCFG has it",
			(unsigned long long)e->base);
		return false;
	}
	return true;
}

static void ecam_add(const uint8_t *entry)
{
	struct ecam *e = &pci.ecam[pci.num];

	e->base = pv_le64(entry);
	e->segment = pv_le16(entry + MCFG_SEGMENT);
	e->first = entry[MCFG_FIRST_BUS];
	e->last = entry[MCFG_LAST_BUS];
	if (!e->base || e->base & ((1u << ECAM_BUS_SHIFT) - 1) || e->first > e->last ||
	    e->base > ~0ull - ((uint64_t)256 << ECAM_BUS_SHIFT)) {
		pv_warn("pci: MCFG's region at 0x%llx, buses %u to %u, ignored",
			(unsigned long long)e->base, e->first, e->last);
		return;
	}
	e->bus = pv_os_alloc(((size_t)e->last - e->first + 1) * sizeof(*e->bus));
	if (!e->bus)
		return;
	if (ecam_works(e))
		pci.num++;
	else
		ecam_drop(e);
}

static void ecam_init(uint64_t rsdp)
{
	const uint8_t *mcfg;
	size_t len;
	size_t at;

	mcfg = pv_acpi_get(rsdp, "MCFG", 0, &len);
	if (!mcfg)
		return;
	for (at = MCFG_ENTRIES; at + MCFG_ENTRY <= len && pci.num < ECAM_MAX; at += MCFG_ENTRY)
		ecam_add(mcfg + at);
	pv_acpi_put(mcfg, len);
}

int pv_pci_init(uint64_t rsdp)
{
	if (pci.users++)
		return 0;
	/* A Xen PV guest has no ports: its PCI devices, if any, are xenbus's. */
	if (pv_platform()->xen_mode != PV_XEN_PV) {
		pci.cf8 = cf8_probe();
		ecam_init(rsdp);
	}
	if (pci.cf8 || pci.num)
		return 0;
	pci.users = 0;
	return PV_ENODEV;
}

void pv_pci_exit(void)
{
	if (!pci.users || --pci.users)
		return;
	while (pci.num)
		ecam_drop(&pci.ecam[--pci.num]);
	pci.cf8 = false;
}

const char *pv_pci_access_name(void)
{
	unsigned int i;

	for (i = 0; i < pci.num; i++)
		if (!pci.ecam[i].segment)
			return "ECAM";
	return pci.cf8 ? "CF8" : "none";
}

bool pv_pci_root(unsigned int n, uint16_t *segment, uint8_t *bus)
{
	unsigned int i;
	unsigned int j;

	/* Segment 0 by the ports begins at bus 0, whatever part of it ECAM reaches. */
	*segment = 0;
	*bus = 0;
	if (pci.cf8 && n-- == 0)
		return true;
	for (i = 0; i < pci.num; i++) {
		*segment = pci.ecam[i].segment;
		*bus = pci.ecam[i].first;
		for (j = 0; j < i && pci.ecam[j].segment != *segment; j++)
			;
		if (j < i || (pci.cf8 && !*segment))
			continue;
		if (n-- == 0)
			return true;
	}
	return false;
}
