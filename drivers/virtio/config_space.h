/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Device-specific configuration in memory: bounds and access widths (virtio 1.2, 2.5.1, 4.1.3.1,
 * 4.2.2.2). A field of 1, 2 or 4 bytes is one access, one of 8 bytes is two; what is misaligned,
 * and arrays, go by bytes. What the device does not have reads as zeroes, and is not written.
 */
#ifndef PV_DRIVERS_VIRTIO_CONFIG_SPACE_H
#define PV_DRIVERS_VIRTIO_CONFIG_SPACE_H

#include "arch/x86/x86.h"

static inline void pv_virtio_mem_read(const char *base, uint32_t size, unsigned int offset,
				      void *buf, unsigned int len)
{
	uint32_t word[2];
	uint16_t half;
	unsigned int i;

	pv_memset(buf, 0, len);
	if (offset > size || len > size - offset)
		return;
	if (len == 2 && !(offset & 1)) {
		half = pv_mmio_read16(base + offset);
		pv_memcpy(buf, &half, 2);
	} else if ((len == 4 || len == 8) && !(offset & 3)) {
		for (i = 0; i < len / 4; i++)
			word[i] = pv_mmio_read32(base + offset + 4 * i);
		pv_memcpy(buf, word, len);
	} else {
		for (i = 0; i < len; i++)
			((uint8_t *)buf)[i] = pv_mmio_read8(base + offset + i);
	}
}

static inline void pv_virtio_mem_write(char *base, uint32_t size, unsigned int offset,
				       const void *buf, unsigned int len)
{
	uint32_t word[2];
	uint16_t half;
	unsigned int i;

	if (offset > size || len > size - offset)
		return;
	if (len == 2 && !(offset & 1)) {
		pv_memcpy(&half, buf, 2);
		pv_mmio_write16(base + offset, half);
	} else if ((len == 4 || len == 8) && !(offset & 3)) {
		pv_memcpy(word, buf, len);
		for (i = 0; i < len / 4; i++)
			pv_mmio_write32(base + offset + 4 * i, word[i]);
	} else {
		for (i = 0; i < len; i++)
			pv_mmio_write8(base + offset + i, ((const uint8_t *)buf)[i]);
	}
}

#endif
