/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "pv-core/lines.h"

#include <pv/os.h>

/*
 * What lies before the first line is 16 bytes at least: where the allocation begins is kept there.
 */
static size_t total(size_t size)
{
	return ((size + PV_LINE - 1) & ~(size_t)(PV_LINE - 1)) + PV_LINE;
}

void *pv_lines_alloc(size_t size)
{
	void *all = pv_os_alloc(total(size)), **p;

	if (!all)
		return NULL;
	p = (void **)(((uintptr_t)all + PV_LINE) & ~(uintptr_t)(PV_LINE - 1));
	p[-1] = all;
	return p;
}

void pv_lines_free(void *p, size_t size)
{
	if (p)
		pv_os_free(((void **)p)[-1], total(size));
}
