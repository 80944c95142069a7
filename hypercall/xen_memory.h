/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * memory_op (Xen public/memory.h), as far as a guest may.
 */
#ifndef PV_HYPERCALL_XEN_MEMORY_H
#define PV_HYPERCALL_XEN_MEMORY_H

#include "hypercall/xen_call.h"

/* These three give the number of extents that were done, which may be fewer than asked for. */
PV_XEN_OP(pv_xen_memory_increase_reservation, __HYPERVISOR_memory_op, XENMEM_increase_reservation,
	  struct xen_memory_reservation)
PV_XEN_OP(pv_xen_memory_decrease_reservation, __HYPERVISOR_memory_op, XENMEM_decrease_reservation,
	  struct xen_memory_reservation)
PV_XEN_OP(pv_xen_memory_populate_physmap, __HYPERVISOR_memory_op, XENMEM_populate_physmap,
	  struct xen_memory_reservation)

PV_XEN_OP(pv_xen_memory_exchange, __HYPERVISOR_memory_op, XENMEM_exchange,
	  struct xen_memory_exchange)
PV_XEN_OP(pv_xen_memory_add_to_physmap, __HYPERVISOR_memory_op, XENMEM_add_to_physmap,
	  struct xen_add_to_physmap)
PV_XEN_OP(pv_xen_memory_add_to_physmap_batch, __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch,
	  struct xen_add_to_physmap_batch)
PV_XEN_OP(pv_xen_memory_remove_from_physmap, __HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
	  struct xen_remove_from_physmap)
PV_XEN_OP(pv_xen_memory_memory_map, __HYPERVISOR_memory_op, XENMEM_memory_map,
	  struct xen_memory_map)
PV_XEN_OP(pv_xen_memory_machine_memory_map, __HYPERVISOR_memory_op, XENMEM_machine_memory_map,
	  struct xen_memory_map)
PV_XEN_OP(pv_xen_memory_machphys_mfn_list, __HYPERVISOR_memory_op, XENMEM_machphys_mfn_list,
	  struct xen_machphys_mfn_list)
PV_XEN_OP(pv_xen_memory_machphys_mapping, __HYPERVISOR_memory_op, XENMEM_machphys_mapping,
	  struct xen_machphys_mapping)
PV_XEN_OP(pv_xen_memory_acquire_resource, __HYPERVISOR_memory_op, XENMEM_acquire_resource,
	  struct xen_mem_acquire_resource)
PV_XEN_OP(pv_xen_memory_get_vnumainfo, __HYPERVISOR_memory_op, XENMEM_get_vnumainfo,
	  struct xen_vnuma_topology_info)

/*
 * Pages of the domain now, and at most; the highest frame number of the guest, and of the machine.
 */
static inline long pv_xen_memory_current_reservation(domid_t domid)
{
	return pv_xen_call2(__HYPERVISOR_memory_op, XENMEM_current_reservation,
			    (unsigned long)&domid);
}

static inline long pv_xen_memory_maximum_reservation(domid_t domid)
{
	return pv_xen_call2(__HYPERVISOR_memory_op, XENMEM_maximum_reservation,
			    (unsigned long)&domid);
}

static inline long pv_xen_memory_maximum_gpfn(domid_t domid)
{
	return pv_xen_call2(__HYPERVISOR_memory_op, XENMEM_maximum_gpfn, (unsigned long)&domid);
}

static inline long pv_xen_memory_maximum_ram_page(void)
{
	return pv_xen_call2(__HYPERVISOR_memory_op, XENMEM_maximum_ram_page, 0);
}

#endif
