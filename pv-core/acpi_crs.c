/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Resource descriptors (ACPI 6.4, 6.4): the contents of a device's _CRS buffer. A list of small
 * items, whose length is in the tag, and large ones, whose length follows it. Of each kind that
 * matters here, memory and interrupt, the first one is taken; the other kinds are stepped over.
 */
#include "pv-core/acpi.h"

#include "pv-core/le.h"

/* 6.4.2: small items, by type (bits 6:3 of the tag). */
#define SMALL_IRQ 0x04
#define SMALL_END 0x0f

/* 6.4.3: large items. */
#define LARGE_MEMORY32	     0x85
#define LARGE_MEMORY32_FIXED 0x86
#define LARGE_DWORD_SPACE    0x87
#define LARGE_EXT_INTERRUPT  0x89
#define LARGE_QWORD_SPACE    0x8a

#define SPACE_MEMORY 0 /* resource type of an address space descriptor */

static void memory(struct pv_acpi_device *dev, uint64_t base, uint64_t len)
{
	if (dev->has_mem || !len)
		return;
	dev->mem_base = base;
	dev->mem_len = len;
	dev->has_mem = true;
}

static void interrupt(struct pv_acpi_device *dev, uint32_t gsi, bool level)
{
	if (dev->has_gsi)
		return;
	dev->gsi = gsi;
	dev->level = level;
	dev->has_gsi = true;
}

/* 6.4.2.1: a mask of ISA interrupts; without the third byte they are edge-triggered. */
static void small_irq(struct pv_acpi_device *dev, const uint8_t *p, size_t len)
{
	uint32_t mask;

	if (len < 2)
		return;
	mask = pv_le16(p);
	if (mask)
		interrupt(dev, (uint32_t)__builtin_ctz(mask), len > 2 && !(p[2] & 0x01));
}

static void large(struct pv_acpi_device *dev, uint8_t type, const uint8_t *p, size_t len)
{
	switch (type) {
	case LARGE_MEMORY32: /* 6.4.3.3 */
		if (len >= 17)
			memory(dev, pv_le32(p + 1), pv_le32(p + 13));
		break;
	case LARGE_MEMORY32_FIXED: /* 6.4.3.4 */
		if (len >= 9)
			memory(dev, pv_le32(p + 1), pv_le32(p + 5));
		break;
	case LARGE_DWORD_SPACE: /* 6.4.3.5.2: minimum, maximum, translation, length */
		if (len >= 23 && p[0] == SPACE_MEMORY)
			memory(dev, (uint64_t)pv_le32(p + 7) + pv_le32(p + 15), pv_le32(p + 19));
		break;
	case LARGE_QWORD_SPACE: /* 6.4.3.5.1 */
		if (len >= 43 && p[0] == SPACE_MEMORY)
			memory(dev, pv_le64(p + 11) + pv_le64(p + 27), pv_le64(p + 35));
		break;
	case LARGE_EXT_INTERRUPT: /* 6.4.3.6: flags, count, numbers */
		if (len >= 6 && p[1])
			interrupt(dev, pv_le32(p + 2), !(p[0] & 0x02));
		break;
	}
}

int pv_acpi_crs(const uint8_t *p, size_t len, struct pv_acpi_device *dev)
{
	while (len) {
		size_t head = p[0] & 0x80 ? 3 : 1;
		size_t body;

		if (len < head)
			return PV_EINVAL;
		body = head == 3 ? pv_le16(p + 1) : p[0] & 0x07;
		if (body > len - head)
			return PV_EINVAL;
		if (head == 3)
			large(dev, p[0], p + head, body);
		else if (p[0] >> 3 == SMALL_IRQ)
			small_irq(dev, p + head, body);
		else if (p[0] >> 3 == SMALL_END)
			return 0;
		p += head + body;
		len -= head + body;
	}
	return 0;
}
