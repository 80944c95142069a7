/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What is in PCI configuration space: functions, bridges, capabilities, base addresses.
 *
 * Registers may hold anything. Bridges are followed by a set of bus numbers still to be looked at
 * and a set of those done, so that bridges which point at one another end; a list of capabilities
 * is followed with a set of the offsets seen.
 */
#include "pv-core/pci.h"

/* PCI 3.0, 6.1: header. */
#define PCI_VENDOR	 0x00
#define PCI_COMMAND	 0x04
#define PCI_STATUS	 0x06
#define PCI_HEADER_TYPE	 0x0e
#define PCI_BAR		 0x10
#define PCI_SECONDARY	 0x19 /* bridges: PCI-to-PCI Bridge 1.2, 3.2.5.3 */
#define PCI_CAPABILITIES 0x34
#define PCI_CAP_FIRST	 0x40

#define COMMAND_INTX_DISABLE 0x0400
#define STATUS_CAPABILITIES  0x0010
#define HEADER_MULTI	     0x80
#define HEADER_BRIDGE	     0x01

/* 6.2.5.1 */
#define BAR_IO	      0x1
#define BAR_TYPE      0x6
#define BAR_TYPE_64   0x4
#define BAR_IO_FLAGS  0x3
#define BAR_MEM_FLAGS 0xf

struct bus_set {
	uint64_t word[4];
};

static void set_add(struct bus_set *s, unsigned int bus)
{
	s->word[bus / 64] |= 1ull << (bus % 64);
}

/* The lowest number that is in `todo` and not in `done`; 256 if there is none. */
static unsigned int set_next(const struct bus_set *todo, const struct bus_set *done)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (todo->word[i] & ~done->word[i])
			return 64 * i +
			       (unsigned int)__builtin_ctzll(todo->word[i] & ~done->word[i]);
	return 256;
}

/* Reports one device's functions, and adds the buses behind it to `todo`. */
static void scan_device(struct pv_pci_addr a, struct bus_set *todo,
			void (*fn)(struct pv_pci_addr a, void *arg), void *arg)
{
	const uint8_t first = a.devfn;
	uint16_t vendor;
	uint8_t type;
	bool multi = false;

	do {
		vendor = pv_pci_read16(a, PCI_VENDOR);
		if (vendor != 0xffff && vendor != 0) {
			type = pv_pci_read8(a, PCI_HEADER_TYPE);
			if ((type & ~HEADER_MULTI) == HEADER_BRIDGE)
				set_add(todo, pv_pci_read8(a, PCI_SECONDARY));
			if (a.devfn == first)
				multi = type & HEADER_MULTI;
			fn(a, arg);
		}
		a.devfn++;
	} while (multi && a.devfn & 7);
}

void pv_pci_scan(void (*fn)(struct pv_pci_addr a, void *arg), void *arg)
{
	struct bus_set todo;
	struct bus_set done;
	struct pv_pci_addr a;
	unsigned int bus;
	unsigned int i;
	unsigned int n;
	uint8_t root;

	for (n = 0; pv_pci_root(n, &a.segment, &root); n++) {
		todo = (struct bus_set) {{0}};
		done = (struct bus_set) {{0}};
		set_add(&todo, root);
		/* From the lowest after each bus, as a bridge may lead to a lower number. */
		while ((bus = set_next(&todo, &done)) < 256) {
			set_add(&done, bus);
			a.bus = (uint8_t)bus;
			for (i = 0; i < 32; i++) {
				a.devfn = (uint8_t)(i << 3);
				scan_device(a, &todo, fn, arg);
			}
		}
	}
}

void pv_pci_caps_begin(struct pv_pci_caps *caps, struct pv_pci_addr a)
{
	caps->addr = a;
	caps->seen = 0;
	caps->next = 0;
	if (pv_pci_read16(a, PCI_STATUS) & STATUS_CAPABILITIES)
		caps->next = pv_pci_read8(a, PCI_CAPABILITIES) & 0xfc;
}

unsigned int pv_pci_caps_next(struct pv_pci_caps *caps, uint8_t id)
{
	unsigned int at = caps->next;
	uint16_t header;

	while (at >= PCI_CAP_FIRST && !(caps->seen >> (at / 4) & 1)) {
		caps->seen |= 1ull << (at / 4);
		header = pv_pci_read16(caps->addr, at);
		caps->next = header >> 8 & 0xfc;
		if ((header & 0xff) == id)
			return at;
		at = caps->next;
	}
	return 0;
}

unsigned int pv_pci_capability(struct pv_pci_addr a, uint8_t id)
{
	struct pv_pci_caps caps;

	pv_pci_caps_begin(&caps, a);
	return pv_pci_caps_next(&caps, id);
}

/* What the register reads after all ones were written to it: ones where the address has bits. */
static uint32_t bar_mask(struct pv_pci_addr a, unsigned int reg, uint32_t value)
{
	uint32_t mask;

	pv_pci_write32(a, reg, ~0u);
	mask = pv_pci_read32(a, reg);
	pv_pci_write32(a, reg, value);
	return mask;
}

int pv_pci_bar(struct pv_pci_addr a, unsigned int index, struct pv_pci_bar *bar)
{
	const unsigned int reg = PCI_BAR + 4 * index;
	uint64_t limit = 0xffffffff;
	uint64_t value;
	uint64_t mask;
	uint16_t command;
	bool wide;

	if (index > 5)
		return PV_ENOENT;
	value = pv_pci_read32(a, reg);
	wide = !(value & BAR_IO) && (value & BAR_TYPE) == BAR_TYPE_64;
	if (wide && index == 5)
		return PV_EINVAL;

	command = pv_pci_read16(a, PCI_COMMAND);
	pv_pci_write16(a, PCI_COMMAND, command & (uint16_t) ~(PV_PCI_IO | PV_PCI_MEMORY));
	mask = bar_mask(a, reg, (uint32_t)value);
	if (wide) {
		value |= (uint64_t)pv_pci_read32(a, reg + 4) << 32;
		mask |= (uint64_t)bar_mask(a, reg + 4, (uint32_t)(value >> 32)) << 32;
		limit = ~0ull;
	}
	pv_pci_write16(a, PCI_COMMAND, command);

	bar->is_port = value & BAR_IO;
	if (bar->is_port)
		limit = 0xffff;
	value &= ~(uint64_t)(bar->is_port ? BAR_IO_FLAGS : BAR_MEM_FLAGS);
	mask &= ~(uint64_t)(bar->is_port ? BAR_IO_FLAGS : BAR_MEM_FLAGS);

	bar->base = value;
	bar->size = mask & -mask; /* the lowest address bit that can be set */
	if (!bar->size)
		return PV_ENOENT;
	if (!bar->base)
		return PV_ENODATA;
	if (bar->base & (bar->size - 1) || bar->base > limit || bar->size - 1 > limit - bar->base)
		return PV_EINVAL;
	return 0;
}

static void command_change(struct pv_pci_addr a, uint16_t clear, uint16_t set)
{
	uint16_t command = pv_pci_read16(a, PCI_COMMAND);

	pv_pci_write16(a, PCI_COMMAND, (uint16_t)((command & ~clear) | set));
}

void pv_pci_enable(struct pv_pci_addr a, uint16_t bits)
{
	command_change(a, 0, bits);
}

void pv_pci_disable(struct pv_pci_addr a)
{
	command_change(a, PV_PCI_MASTER, 0);
}

void pv_pci_intx(struct pv_pci_addr a, bool on)
{
	command_change(a, COMMAND_INTX_DISABLE, on ? 0 : COMMAND_INTX_DISABLE);
}
