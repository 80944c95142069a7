/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * KVM, for kernels.
 */
#ifndef PV_KVM_H
#define PV_KVM_H

#include <pv/hv.h>

PV_BEGIN_DECLS

/* KVM, for the table of pv_init(): kvmclock (Linux Documentation/virt/kvm/x86/msr.rst). */
extern const struct pv_hv pv_kvm;

PV_END_DECLS

#endif
