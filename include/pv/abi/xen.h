/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's public headers (Debian: libxen-dev), at one version of the interface, with what they lack.
 *
 * Without a version they give the interface of Xen 3.0. This one is that of Xen 4.14 to 4.17: the
 * latest that the headers of 4.17 know. The device protocols are in <pv/abi/xen_io.h>.
 */
#ifndef PV_ABI_XEN_H
#define PV_ABI_XEN_H

#include <pv/types.h>

#define __XEN_INTERFACE_VERSION__ 0x00040e00

#ifdef __KERNEL__
/* Linux has headers of its own by these names; kbuild reaches Xen's through a folder of its own. */
#include <pv_xen/xen.h>
#include <pv_xen/callback.h>
#include <pv_xen/elfnote.h>
#include <pv_xen/event_channel.h>
#include <pv_xen/features.h>
#include <pv_xen/grant_table.h>
#include <pv_xen/memory.h>
#include <pv_xen/nmi.h>
#include <pv_xen/physdev.h>
#include <pv_xen/sched.h>
#include <pv_xen/vcpu.h>
#include <pv_xen/version.h>
#include <pv_xen/arch-x86/cpuid.h>
#include <pv_xen/arch-x86/hvm/start_info.h>
#include <pv_xen/hvm/hvm_op.h>
#include <pv_xen/hvm/hvm_vcpu.h>
#include <pv_xen/hvm/params.h>
#else
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/elfnote.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/params.h>
#endif

/* --- what headers before Xen 4.20 lack -------------------------------------------------------- */

/*
 * elfnote.h: the PVH image may be loaded elsewhere than it says: up to three 32-bit words,
 * alignment, lowest address of its first byte, highest of its last.
 */
#ifndef XEN_ELFNOTE_PHYS32_RELOC
#define XEN_ELFNOTE_PHYS32_RELOC 19
#endif

/* features.h: whether the two operations below are there. */
#ifndef XENFEAT_runstate_phys_area
#define XENFEAT_runstate_phys_area 18
#endif
#ifndef XENFEAT_vcpu_time_phys_area
#define XENFEAT_vcpu_time_phys_area 19
#endif

/*
 * vcpu.h: as VCPUOP_register_{runstate,vcpu_time}_memory_area, with the area's guest-physical
 * address in addr.p; it does not cross a page, and ~0 ends the registration.
 */
#ifndef VCPUOP_register_runstate_phys_area
#define VCPUOP_register_runstate_phys_area 14
#endif
#ifndef VCPUOP_register_vcpu_time_phys_area
#define VCPUOP_register_vcpu_time_phys_area 15
#endif

/* hvm/params.h, HVM_PARAM_CALLBACK_IRQ: where in the value its type is. */
#define PV_XEN_CALLBACK_TYPE_SHIFT 56

/* grant_table.h: the first entries are the toolstack's (console and xenstore rings). */
#define PV_XEN_RESERVED_GRANTS 8

/*
 * The PCI function that shows an HVM guest's platform device
 * (docs/man/xen-pci-device-reservations.7).
 */
#define PV_XEN_PLATFORM_VENDOR 0x5853
#define PV_XEN_PLATFORM_DEVICE 0x0001

#if !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(struct hvm_start_info) == 56, "arch-x86/hvm/start_info.h");
_Static_assert(offsetof(struct hvm_start_info, memmap_paddr) == 40, "version 0 ends here");
_Static_assert(sizeof(struct hvm_modlist_entry) == 32, "arch-x86/hvm/start_info.h");
_Static_assert(sizeof(struct hvm_memmap_table_entry) == 24, "arch-x86/hvm/start_info.h");
_Static_assert(sizeof(struct vcpu_time_info) == 32, "xen.h");
_Static_assert(sizeof(struct vcpu_info) == 64, "xen.h");
_Static_assert(offsetof(struct vcpu_info, evtchn_pending_sel) == 8, "xen.h");
_Static_assert(offsetof(struct vcpu_info, time) == 32, "xen.h");
_Static_assert(offsetof(struct shared_info, evtchn_pending) == 2048, "xen.h");
_Static_assert(offsetof(struct shared_info, evtchn_mask) == 2560, "xen.h");
_Static_assert(offsetof(struct shared_info, wc_version) == 3072, "xen.h");
_Static_assert(offsetof(struct shared_info, wc_sec_hi) == 3084, "xen.h");
_Static_assert(sizeof(struct shared_info) <= 4096, "xen.h");
_Static_assert(EVTCHN_2L_NR_CHANNELS == 4096, "event_channel.h");
_Static_assert(sizeof(struct multicall_entry) == 64, "xen.h");
_Static_assert(sizeof(struct mmuext_op) == 24, "xen.h");
_Static_assert(sizeof(struct trap_info) == 16, "arch-x86/xen.h");
_Static_assert(sizeof(struct iret_context) == 72, "arch-x86/xen-x86_64.h");
_Static_assert(sizeof(struct grant_entry_v1) == 8, "grant_table.h");
_Static_assert(sizeof(union grant_entry_v2) == 16, "grant_table.h");
_Static_assert(sizeof(struct gnttab_copy) == 40, "grant_table.h");
_Static_assert(sizeof(struct gnttab_map_grant_ref) == 32, "grant_table.h");
_Static_assert(sizeof(struct gnttab_unmap_grant_ref) == 24, "grant_table.h");
_Static_assert(sizeof(struct xen_add_to_physmap) == 24, "memory.h");
_Static_assert(sizeof(struct xen_memory_reservation) == 32, "memory.h");
_Static_assert(sizeof(struct evtchn_alloc_unbound) == 8, "event_channel.h");
_Static_assert(sizeof(struct evtchn_bind_interdomain) == 12, "event_channel.h");
_Static_assert(sizeof(struct evtchn_status) == 24, "event_channel.h");
_Static_assert(sizeof(struct vcpu_register_vcpu_info) == 16, "vcpu.h");
_Static_assert(sizeof(struct vcpu_set_singleshot_timer) == 16, "vcpu.h");
_Static_assert(sizeof(struct vcpu_runstate_info) == 48, "vcpu.h");
_Static_assert(sizeof(struct vcpu_hvm_context) == 128, "hvm/hvm_vcpu.h");
_Static_assert(sizeof(struct xen_hvm_param) == 16, "hvm/hvm_op.h");
_Static_assert(sizeof(struct xen_hvm_evtchn_upcall_vector) == 8, "hvm/hvm_op.h");
_Static_assert(sizeof(struct sched_poll) == 24, "sched.h");
#endif

#endif
