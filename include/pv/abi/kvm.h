/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * KVM's interface to its guests: CPUID leaves, MSRs, hypercalls.
 *
 * Linux Documentation/virt/kvm/x86/{cpuid,msr,hypercalls}.rst. Written down here because KVM's own
 * header (asm/kvm_para.h) is not free of the kernel's licence. Names are KVM's, less those that
 * only other architectures use.
 */
#ifndef PV_ABI_KVM_H
#define PV_ABI_KVM_H

#include <pv/types.h>

/* --- cpuid.rst: leaves from the base at which the signature was found ------------------------- */

#define KVM_CPUID_FEATURES_LEAF 1 /* EAX: features, EDX: hints */

/* Bits of EAX. */
#define KVM_FEATURE_CLOCKSOURCE		   0  /* MSRs 0x11 and 0x12 */
#define KVM_FEATURE_NOP_IO_DELAY	   1  /* no delays on PIO are needed */
#define KVM_FEATURE_MMU_OP		   2  /* deprecated */
#define KVM_FEATURE_CLOCKSOURCE2	   3  /* MSRs 0x4b564d00 and 0x4b564d01 */
#define KVM_FEATURE_ASYNC_PF		   4  /* MSR 0x4b564d02 */
#define KVM_FEATURE_STEAL_TIME		   5  /* MSR 0x4b564d03 */
#define KVM_FEATURE_PV_EOI		   6  /* MSR 0x4b564d04 */
#define KVM_FEATURE_PV_UNHALT		   7  /* KVM_HC_KICK_CPU */
#define KVM_FEATURE_PV_TLB_FLUSH	   9  /* through the steal time's preempted field */
#define KVM_FEATURE_ASYNC_PF_VMEXIT	   10 /* MSR 0x4b564d02, bit 2 */
#define KVM_FEATURE_PV_SEND_IPI		   11 /* KVM_HC_SEND_IPI */
#define KVM_FEATURE_POLL_CONTROL	   12 /* MSR 0x4b564d05 */
#define KVM_FEATURE_PV_SCHED_YIELD	   13 /* KVM_HC_SCHED_YIELD */
#define KVM_FEATURE_ASYNC_PF_INT	   14 /* MSRs 0x4b564d06 and 0x4b564d07 */
#define KVM_FEATURE_MSI_EXT_DEST_ID	   15 /* APIC id bits 14 to 8: address bits 11 to 5 */
#define KVM_FEATURE_HC_MAP_GPA_RANGE	   16 /* KVM_HC_MAP_GPA_RANGE */
#define KVM_FEATURE_MIGRATION_CONTROL	   17 /* MSR 0x4b564d08 */
#define KVM_FEATURE_CLOCKSOURCE_STABLE_BIT 24 /* PVCLOCK_TSC_STABLE_BIT means something */

/* Bits of EDX. */
#define KVM_HINTS_REALTIME 0 /* vCPUs are never preempted for long */

/* --- msr.rst ---------------------------------------------------------------------------------- */

#define MSR_KVM_WALL_CLOCK	  0x11 /* as the new ones; deprecated */
#define MSR_KVM_SYSTEM_TIME	  0x12
#define MSR_KVM_WALL_CLOCK_NEW	  0x4b564d00 /* address, 4-aligned, of a pvclock_wall_clock */
#define MSR_KVM_SYSTEM_TIME_NEW	  0x4b564d01 /* address of a pvclock_vcpu_time_info, | 1 */
#define MSR_KVM_ASYNC_PF_EN	  0x4b564d02
#define MSR_KVM_STEAL_TIME	  0x4b564d03
#define MSR_KVM_PV_EOI_EN	  0x4b564d04
#define MSR_KVM_POLL_CONTROL	  0x4b564d05
#define MSR_KVM_ASYNC_PF_INT	  0x4b564d06
#define MSR_KVM_ASYNC_PF_ACK	  0x4b564d07
#define MSR_KVM_MIGRATION_CONTROL 0x4b564d08

/* In the low bits of an address that is written to an MSR: the area is in use. */
#define KVM_MSR_ENABLED 1

/* The same of MSR_KVM_ASYNC_PF_EN. */
#define KVM_ASYNC_PF_ENABLED	     (1u << 0)
#define KVM_ASYNC_PF_SEND_ALWAYS     (1u << 1) /* also while the CPU is in the kernel */
#define KVM_ASYNC_PF_DELIVERY_AS_INT (1u << 3) /* 'page ready' by MSR_KVM_ASYNC_PF_INT's vector */

/* MSR_KVM_ASYNC_PF_EN: one for each CPU, aligned to 64. */
struct kvm_vcpu_pv_apf_data {
	uint32_t flags; /* KVM_PV_REASON_*: why there is a page fault; the guest writes 0 */
	uint32_t token; /* of the page that is ready; the guest writes 0 */
	uint8_t pad[56];
};

#define KVM_PV_REASON_PAGE_NOT_PRESENT 1	   /* CR2 is a token */
#define KVM_PV_TOKEN_ALL	       0xffffffffu /* every page that was waited for is ready */

/* --- hypercalls.rst --------------------------------------------------------------------------- */

#define KVM_HC_VAPIC_POLL_IRQ 1	 /* an exit, so that pending interrupts are looked for */
#define KVM_HC_KICK_CPU	      5	 /* a0: 0, a1: APIC id; wakes a vCPU from HLT */
#define KVM_HC_CLOCK_PAIRING  9	 /* a0: address of a kvm_clock_pairing, a1: clock */
#define KVM_HC_SEND_IPI	      10 /* a0, a1: bitmap, a2: APIC id of bit 0, a3: ICR */
#define KVM_HC_SCHED_YIELD    11 /* a0: APIC id */
#define KVM_HC_MAP_GPA_RANGE  12 /* a0: address, a1: number of 4 KiB pages, a2: attributes */

/* Results are >= 0, or one of these, negated. */
#define KVM_EPERM      1
#define KVM_E2BIG      7
#define KVM_EFAULT     14
#define KVM_EINVAL     22
#define KVM_EOPNOTSUPP 95
#define KVM_ENOSYS     1000

/* MSR_KVM_STEAL_TIME: one for each CPU, aligned to 64. */
struct kvm_steal_time {
	uint64_t steal;	  /* ns */
	uint32_t version; /* odd while KVM writes */
	uint32_t flags;
	uint8_t preempted; /* KVM_VCPU_* */
	uint8_t u8_pad[3];
	uint32_t pad[11];
};

#define KVM_VCPU_PREEMPTED 1 /* does not run */
#define KVM_VCPU_FLUSH_TLB 2 /* the guest's: to be done before it runs */

#define KVM_CLOCK_PAIRING_WALLCLOCK 0

struct kvm_clock_pairing {
	int64_t sec;
	int64_t nsec;
	uint64_t tsc;
	uint32_t flags;
	uint32_t pad[9];
};

/* Attributes of KVM_HC_MAP_GPA_RANGE; bits 3 to 0 are the page size. */
#define KVM_MAP_GPA_RANGE_PAGE_SZ_4K 0
#define KVM_MAP_GPA_RANGE_PAGE_SZ_2M 1
#define KVM_MAP_GPA_RANGE_PAGE_SZ_1G 2
#define KVM_MAP_GPA_RANGE_ENCRYPTED  (1u << 4)

#if !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(struct kvm_clock_pairing) == 64, "kvm_clock_pairing");
_Static_assert(sizeof(struct kvm_steal_time) == 64, "kvm_steal_time");
_Static_assert(sizeof(struct kvm_vcpu_pv_apf_data) == 64, "kvm_vcpu_pv_apf_data");
_Static_assert(offsetof(struct kvm_steal_time, preempted) == 16, "kvm_steal_time");
#endif

#endif
