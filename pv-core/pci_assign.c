/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Addresses for a function that was plugged in after the firmware had given out all of them: in the
 * windows that the firmware left to the port (PCI-to-PCI Bridge 1.2, 3.2.5.6, 3.2.5.8), one region
 * after the other. I/O ports are not given: what has them has memory, too, or stays without.
 */
#include "pv-core/pcie_slot.h"

#include <pv/log.h>

/* PCI-to-PCI Bridge 1.2, 3.2. */
#define MEMORY_BASE	    0x20
#define MEMORY_LIMIT	    0x22
#define PREFETCHABLE_BASE   0x24
#define PREFETCHABLE_LIMIT  0x26
#define PREFETCHABLE_BASE64 0x28
#define PREFETCHABLE_LIM64  0x2c
#define WINDOW_MASK	    0xfff0u
#define WINDOW_64	    0x1

/* PCI 3.0, 6.2.5.1 */
#define BAR_FIRST	 0x10
#define BAR_TYPE	 0x6
#define BAR_TYPE_64	 0x4
#define BAR_PREFETCHABLE 0x8

struct window {
	uint64_t base, limit; /* the last address; below base: there is none */
};

static struct window memory_window(struct pv_pci_addr port)
{
	return (struct window) {
		.base = (uint64_t)(pv_pci_read16(port, MEMORY_BASE) & WINDOW_MASK) << 16,
		.limit = (uint64_t)(pv_pci_read16(port, MEMORY_LIMIT) & WINDOW_MASK) << 16 |
			 0xfffff};
}

static struct window prefetchable_window(struct pv_pci_addr port)
{
	uint16_t base = pv_pci_read16(port, PREFETCHABLE_BASE);
	uint16_t limit = pv_pci_read16(port, PREFETCHABLE_LIMIT);
	struct window w = {.base = (uint64_t)(base & WINDOW_MASK) << 16,
			   .limit = (uint64_t)(limit & WINDOW_MASK) << 16 | 0xfffff};

	if (base & WINDOW_64) {
		w.base |= (uint64_t)pv_pci_read32(port, PREFETCHABLE_BASE64) << 32;
		w.limit |= (uint64_t)pv_pci_read32(port, PREFETCHABLE_LIM64) << 32;
	}
	return w;
}

/* The next `size` bytes of the window, aligned to that; 0 if there are not so many. */
static uint64_t take(const struct window *w, uint64_t *used, uint64_t size)
{
	uint64_t at = (w->base + *used + size - 1) & ~(size - 1);

	if (w->base > w->limit || size > w->limit - w->base || at < w->base ||
	    at > w->limit - (size - 1))
		return 0;
	*used = at + size - w->base;
	return at;
}

int pv_pci_assign(struct pv_pci_addr port, struct pv_pci_addr a, struct pv_pci_used *used)
{
	struct window memory = memory_window(port), prefetchable = prefetchable_window(port);
	struct pv_pci_bar bar = {0};
	unsigned int i, reg;
	uint32_t flags;
	uint64_t at;
	int err;

	for (i = 0; i < 6; i++) {
		reg = BAR_FIRST + 4 * i;
		flags = pv_pci_read32(a, reg);
		err = pv_pci_bar(a, i, &bar);
		if (err == PV_ENODATA && !bar.is_port) {
			at = 0;
			if (flags & BAR_PREFETCHABLE)
				at = take(&prefetchable, &used->prefetchable, bar.size);
			if (!at)
				at = take(&memory, &used->memory, bar.size);
			if (!at) {
				pv_warn("pci: the port at %02x:%02x.%x has no room for 0x%llx bytes",
					port.bus, port.devfn >> 3, port.devfn & 7u,
					(unsigned long long)bar.size);
				return PV_ENOSPC;
			}
			/*
			 * Above 4 GiB only what is of 64 bits: the prefetchable window may be
			 * there.
			 */
			if (at >> 32 && (flags & BAR_TYPE) != BAR_TYPE_64)
				return PV_ENOSPC;
			pv_pci_write32(a, reg, (uint32_t)at);
			if ((flags & BAR_TYPE) == BAR_TYPE_64)
				pv_pci_write32(a, reg + 4, (uint32_t)(at >> 32));
		}
		if ((flags & BAR_TYPE) == BAR_TYPE_64 && !bar.is_port)
			i++;
	}
	return 0;
}
