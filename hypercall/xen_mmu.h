/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * PV: page tables (Xen public/xen.h). Frames are machine frames, and an entry's address is a
 * machine address.
 */
#ifndef PV_HYPERCALL_XEN_MMU_H
#define PV_HYPERCALL_XEN_MMU_H

#include "hypercall/xen_call.h"

/*
 * `n` changes of page table entries; how many were done is in `*done`, which may be NULL. `domid`
 * is whose frames they name: DOMID_SELF for our own.
 */
static inline int pv_xen_mmu_update(const struct mmu_update *ops, unsigned int n,
				    unsigned int *done, domid_t domid)
{
	return (int)pv_xen_call4(__HYPERVISOR_mmu_update, (unsigned long)ops, n,
				 (unsigned long)done, domid);
}

/* `n` extended operations: pinning, flushing, changing the base. As above. */
static inline int pv_xen_mmuext_op(const struct mmuext_op *ops, unsigned int n, unsigned int *done,
				   domid_t domid)
{
	return (int)pv_xen_call4(__HYPERVISOR_mmuext_op, (unsigned long)ops, n, (unsigned long)done,
				 domid);
}

/* Sets the lowest-level entry that maps `va`, in the tables that are loaded. UVMF_*. */
static inline int pv_xen_update_va_mapping(const void *va, uint64_t pte, unsigned long flags)
{
	return (int)pv_xen_call3(__HYPERVISOR_update_va_mapping, (unsigned long)va, pte, flags);
}

/* The same, with a frame of another domain. */
static inline int pv_xen_update_va_mapping_otherdomain(const void *va, uint64_t pte,
						       unsigned long flags, domid_t domid)
{
	return (int)pv_xen_call4(__HYPERVISOR_update_va_mapping_otherdomain, (unsigned long)va, pte,
				 flags, domid);
}

#endif
