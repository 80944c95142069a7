/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * physdev_op (Xen public/physdev.h): physical interrupts and devices, for guests that drive some.
 */
#ifndef PV_HYPERCALL_XEN_PHYSDEV_H
#define PV_HYPERCALL_XEN_PHYSDEV_H

#include "hypercall/xen_call.h"

#define PV_XEN_PHYSDEV(name, type)                                                                 \
	PV_XEN_OP(pv_xen_physdev_##name, __HYPERVISOR_physdev_op, PHYSDEVOP_##name, struct type)

PV_XEN_PHYSDEV(eoi, physdev_eoi)
PV_XEN_PHYSDEV(pirq_eoi_gmfn_v1, physdev_pirq_eoi_gmfn)
PV_XEN_PHYSDEV(pirq_eoi_gmfn_v2, physdev_pirq_eoi_gmfn)
PV_XEN_PHYSDEV(irq_status_query, physdev_irq_status_query)
PV_XEN_PHYSDEV(set_iopl, physdev_set_iopl)
PV_XEN_PHYSDEV(set_iobitmap, physdev_set_iobitmap)
PV_XEN_PHYSDEV(apic_read, physdev_apic)
PV_XEN_PHYSDEV(apic_write, physdev_apic)
PV_XEN_PHYSDEV(alloc_irq_vector, physdev_irq)
PV_XEN_PHYSDEV(map_pirq, physdev_map_pirq)
PV_XEN_PHYSDEV(unmap_pirq, physdev_unmap_pirq)
PV_XEN_PHYSDEV(get_free_pirq, physdev_get_free_pirq)
PV_XEN_PHYSDEV(setup_gsi, physdev_setup_gsi)
PV_XEN_PHYSDEV(manage_pci_add, physdev_manage_pci)
PV_XEN_PHYSDEV(manage_pci_remove, physdev_manage_pci)
PV_XEN_PHYSDEV(manage_pci_add_ext, physdev_manage_pci_ext)
PV_XEN_PHYSDEV(restore_msi, physdev_restore_msi)
PV_XEN_PHYSDEV(restore_msi_ext, physdev_pci_device)
PV_XEN_PHYSDEV(pci_mmcfg_reserved, physdev_pci_mmcfg_reserved)
PV_XEN_PHYSDEV(pci_device_add, physdev_pci_device_add)
PV_XEN_PHYSDEV(pci_device_remove, physdev_pci_device)
PV_XEN_PHYSDEV(prepare_msix, physdev_pci_device)
PV_XEN_PHYSDEV(release_msix, physdev_pci_device)
PV_XEN_PHYSDEV(dbgp_op, physdev_dbgp_op)

#undef PV_XEN_PHYSDEV

#endif
