/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * vcpu_op (Xen public/vcpu.h). `vcpu` is Xen's number of the CPU.
 */
#ifndef PV_HYPERCALL_XEN_VCPU_H
#define PV_HYPERCALL_XEN_VCPU_H

#include "hypercall/xen_call.h"

#define PV_XEN_VCPU(name, type)                                                                    \
	static inline int pv_xen_vcpu_##name(uint32_t vcpu, type *arg)                             \
	{                                                                                          \
		return (int)pv_xen_call3(__HYPERVISOR_vcpu_op, VCPUOP_##name, vcpu,                \
					 (unsigned long)arg);                                      \
	}

/* PV: struct vcpu_guest_context; PVH, HVM: struct vcpu_hvm_context (hvm/hvm_vcpu.h). */
PV_XEN_VCPU(initialise, const void)

PV_XEN_VCPU(get_runstate_info, struct vcpu_runstate_info)
PV_XEN_VCPU(register_runstate_memory_area, struct vcpu_register_runstate_memory_area)
PV_XEN_VCPU(register_runstate_phys_area, struct vcpu_register_runstate_memory_area)
PV_XEN_VCPU(set_periodic_timer, struct vcpu_set_periodic_timer)
PV_XEN_VCPU(set_singleshot_timer, struct vcpu_set_singleshot_timer)
PV_XEN_VCPU(register_vcpu_info, struct vcpu_register_vcpu_info)
PV_XEN_VCPU(get_physid, struct vcpu_get_physid)
PV_XEN_VCPU(register_vcpu_time_memory_area, struct vcpu_register_time_memory_area)
PV_XEN_VCPU(register_vcpu_time_phys_area, struct vcpu_register_time_memory_area)

#undef PV_XEN_VCPU

#define PV_XEN_VCPU(name)                                                                          \
	static inline int pv_xen_vcpu_##name(uint32_t vcpu)                                        \
	{                                                                                          \
		return (int)pv_xen_call3(__HYPERVISOR_vcpu_op, VCPUOP_##name, vcpu, 0);            \
	}

PV_XEN_VCPU(up)
PV_XEN_VCPU(down)
PV_XEN_VCPU(is_up) /* 1, 0, or an error */
PV_XEN_VCPU(stop_periodic_timer)
PV_XEN_VCPU(stop_singleshot_timer)
PV_XEN_VCPU(send_nmi)

#undef PV_XEN_VCPU

#endif
