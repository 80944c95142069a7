/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * grant_table_op (Xen public/grant_table.h). Those with a count work on an array: the result is the
 * hypercall's, and each element has its own status.
 */
#ifndef PV_HYPERCALL_XEN_GRANT_H
#define PV_HYPERCALL_XEN_GRANT_H

#include "hypercall/xen_call.h"

static inline int pv_xen_grant_op(unsigned int cmd, void *ops, unsigned int n)
{
	return (int)pv_xen_call3(__HYPERVISOR_grant_table_op, cmd, (unsigned long)ops, n);
}

#define PV_XEN_GNTTAB(name)                                                                        \
	static inline int pv_xen_gnttab_##name(struct gnttab_##name *ops, unsigned int n)          \
	{                                                                                          \
		return pv_xen_grant_op(GNTTABOP_##name, ops, n);                                   \
	}

PV_XEN_GNTTAB(map_grant_ref) /* another domain's page among ours */
PV_XEN_GNTTAB(unmap_grant_ref)
PV_XEN_GNTTAB(unmap_and_replace)
PV_XEN_GNTTAB(copy)
PV_XEN_GNTTAB(transfer)
PV_XEN_GNTTAB(swap_grant_ref)
PV_XEN_GNTTAB(cache_flush)

#undef PV_XEN_GNTTAB

/* Those of which one is done at a time. */
#define PV_XEN_GNTTAB(name)                                                                        \
	static inline int pv_xen_gnttab_##name(struct gnttab_##name *op)                           \
	{                                                                                          \
		return pv_xen_grant_op(GNTTABOP_##name, op, 1);                                    \
	}

PV_XEN_GNTTAB(setup_table) /* PV: the machine frames of the table, which may grow */
PV_XEN_GNTTAB(query_size)
PV_XEN_GNTTAB(set_version)
PV_XEN_GNTTAB(get_version)
PV_XEN_GNTTAB(get_status_frames) /* version 2 */
PV_XEN_GNTTAB(dump_table)	 /* to Xen's console; debug builds */

#undef PV_XEN_GNTTAB

#endif
