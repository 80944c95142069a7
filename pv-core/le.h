/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Little-endian numbers at any alignment, as firmware tables have them; x86 is little-endian
 * itself.
 */
#ifndef PV_CORE_LE_H
#define PV_CORE_LE_H

#include <pv/string.h>
#include <pv/types.h>

static inline uint16_t pv_le16(const void *p)
{
	uint16_t v;

	pv_memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t pv_le32(const void *p)
{
	uint32_t v;

	pv_memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t pv_le64(const void *p)
{
	uint64_t v;

	pv_memcpy(&v, p, sizeof(v));
	return v;
}

#endif
