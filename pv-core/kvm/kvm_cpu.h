/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_KVM_KVM_CPU_H
#define PV_CORE_KVM_KVM_CPU_H

#include <pv/abi/kvm.h>
#include <pv/shared.h>

/*
 * Uses what the words of features and hints tell it to, and starts it on this CPU; registers KVM's
 * ways of pv-core/cpu.h. 0 or PV_ENOMEM. end: its mirror. Context: control, boot CPU.
 */
int pv_kvm_cpu_begin(uint32_t features, uint32_t hints);
void pv_kvm_cpu_end(void);

/* This CPU's areas; 0 or PV_ENOMEM. And KVM writes them no more. Context: control, on that CPU. */
int pv_kvm_cpu_start(void);
void pv_kvm_cpu_stop(void);

/* Nanoseconds stolen, as an area has them; 0 if it never settled. Context: any. */
uint64_t pv_kvm_steal_read(const struct kvm_steal_time PV_SHARED *area);

#endif
