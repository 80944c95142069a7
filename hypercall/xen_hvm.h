/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * hvm_op (Xen public/hvm/hvm_op.h, params.h): of PVH and HVM guests.
 */
#ifndef PV_HYPERCALL_XEN_HVM_H
#define PV_HYPERCALL_XEN_HVM_H

#include "hypercall/xen_call.h"

PV_XEN_OP(pv_xen_hvm_set_param_op, __HYPERVISOR_hvm_op, HVMOP_set_param, struct xen_hvm_param)
PV_XEN_OP(pv_xen_hvm_get_param_op, __HYPERVISOR_hvm_op, HVMOP_get_param, struct xen_hvm_param)
PV_XEN_OP(pv_xen_hvm_pagetable_dying, __HYPERVISOR_hvm_op, HVMOP_pagetable_dying,
	  struct xen_hvm_pagetable_dying)
PV_XEN_OP(pv_xen_hvm_get_time, __HYPERVISOR_hvm_op, HVMOP_get_time, struct xen_hvm_get_time)
PV_XEN_OP(pv_xen_hvm_get_mem_type, __HYPERVISOR_hvm_op, HVMOP_get_mem_type,
	  struct xen_hvm_get_mem_type)
PV_XEN_OP(pv_xen_hvm_set_evtchn_upcall_vector, __HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector,
	  struct xen_hvm_evtchn_upcall_vector)

/* On all CPUs. */
PV_XEN_OP0(pv_xen_hvm_flush_tlbs, __HYPERVISOR_hvm_op, HVMOP_flush_tlbs)

/* HVM_PARAM_* of this domain. */
static inline int pv_xen_hvm_get_param(uint32_t index, uint64_t *value)
{
	struct xen_hvm_param op = {.domid = DOMID_SELF, .index = index};
	int err = pv_xen_hvm_get_param_op(&op);

	if (!err)
		*value = op.value;
	return err;
}

static inline int pv_xen_hvm_set_param(uint32_t index, uint64_t value)
{
	struct xen_hvm_param op = {.domid = DOMID_SELF, .index = index, .value = value};

	return pv_xen_hvm_set_param_op(&op);
}

#endif
