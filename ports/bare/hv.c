/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which entry of the application's table of hypervisors is the machine's.
 */
#include "ports/bare/bare.h"

#define MAX_ENTRIES 8

const struct pv_bare_pv *pv_bare_pv;

void pv_bare_hv_begin(enum pv_boot_protocol protocol)
{
	unsigned int i;

	for (i = 0; pv_bare_hypervisors[i]; i++)
		if (pv_bare_hypervisors[i]->pv && pv_bare_hypervisors[i]->pv->protocol == protocol)
			pv_bare_pv = pv_bare_hypervisors[i]->pv;
}

const struct pv_bare_hv *pv_bare_hv(void)
{
	static const struct pv_bare_hv *here;
	unsigned int i;

	for (i = 0; !here && pv_bare_hypervisors[i]; i++)
		if (pv_bare_hypervisors[i]->here && pv_bare_hypervisors[i]->here())
			here = pv_bare_hypervisors[i];
	return here;
}

bool pv_bare_hv_early(enum pv_boot_protocol protocol)
{
	unsigned int i;

	for (i = 0; pv_bare_hypervisors[i]; i++)
		if (pv_bare_hypervisors[i]->early && pv_bare_hypervisors[i]->early(protocol))
			return true;
	return false;
}

const struct pv_hv *const *pv_bare_hv_table(void)
{
	static const struct pv_hv *table[MAX_ENTRIES + 1];
	unsigned int i;

	for (i = 0; pv_bare_hypervisors[i]; i++) {
		if (i == MAX_ENTRIES)
			pv_os_panic("pv_bare_hypervisors is too long");
		table[i] = pv_bare_hypervisors[i]->hv;
	}
	return table;
}
