/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/err.h>

#include "pv-core/xen/grants.h"

int pv_xen_share(uint16_t domid, void *va, uint32_t len, bool readonly, uint64_t *addr)
{
	uint32_t offset = (uint32_t)((uintptr_t)va & (PV_PAGE_SIZE - 1));
	int ref;

	if (len > PV_PAGE_SIZE - offset)
		return PV_EINVAL;
	ref = pv_grant(domid, va, readonly);
	if (ref < 0)
		return ref;
	*addr = (uint64_t)ref << PV_PAGE_SHIFT | offset;
	return 0;
}

int pv_xen_unshare(uint64_t addr)
{
	return pv_grant_end((int)(addr >> PV_PAGE_SHIFT));
}
