/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv.ko: what it gives to other modules, which is what the public headers declare.
 */
#include <linux/export.h>
#include <pv/bits.h>
#include <pv/blk.h>
#include <pv/boot.h>
#include <pv/clock.h>
#include <pv/console.h>
#include <pv/control.h>
#include <pv/cpu.h>
#include <pv/detect.h>
#include <pv/device.h>
#include <pv/eoi.h>
#include <pv/ipi.h>
#include <pv/kvm.h>
#include <pv/lock.h>
#include <pv/log.h>
#include <pv/msi.h>
#include <pv/net.h>
#include <pv/pv.h>
#include <pv/timer.h>
#include <pv/tlb.h>
#include <pv/virtio.h>
#include <pv/wait.h>
#include <pv/xen.h>

/* <pv/bits.h> */
EXPORT_SYMBOL_GPL(pv_bits_format);

/* <pv/blk.h> */
EXPORT_SYMBOL_GPL(pv_blk_open);
EXPORT_SYMBOL_GPL(pv_blk_close);
EXPORT_SYMBOL_GPL(pv_blk_on_change);
EXPORT_SYMBOL_GPL(pv_blk_queue);
EXPORT_SYMBOL_GPL(pv_blk_submit);
EXPORT_SYMBOL_GPL(pv_blk_flush);
EXPORT_SYMBOL_GPL(pv_blk_poll);
EXPORT_SYMBOL_GPL(pv_blk_set_event);
EXPORT_SYMBOL_GPL(pv_blk_stats);
EXPORT_SYMBOL_GPL(pv_blk_read);
EXPORT_SYMBOL_GPL(pv_blk_write);
EXPORT_SYMBOL_GPL(pv_blk_sync);

/* <pv/boot.h> */
EXPORT_SYMBOL_GPL(pv_boot_protocol_name);
EXPORT_SYMBOL_GPL(pv_boot_from_pvh);
EXPORT_SYMBOL_GPL(pv_boot_from_linux);
EXPORT_SYMBOL_GPL(pv_boot_from_multiboot2);
EXPORT_SYMBOL_GPL(pv_boot_from_xen_pv);
EXPORT_SYMBOL_GPL(pv_cmdline_get);
EXPORT_SYMBOL_GPL(pv_cmdline_get_u64);

/* <pv/clock.h> */
EXPORT_SYMBOL_GPL(pv_clock_present);
EXPORT_SYMBOL_GPL(pv_clock_name);
EXPORT_SYMBOL_GPL(pv_clock_now);
EXPORT_SYMBOL_GPL(pv_clock_wall);
EXPORT_SYMBOL_GPL(pv_clock_tsc_khz);
EXPORT_SYMBOL_GPL(pv_clock_info);
EXPORT_SYMBOL_GPL(pv_clock_use_stable);
EXPORT_SYMBOL_GPL(pv_clock_on_stopped);
EXPORT_SYMBOL_GPL(pv_clock_stolen_known);
EXPORT_SYMBOL_GPL(pv_clock_stolen_ns);

/* <pv/console.h> */
EXPORT_SYMBOL_GPL(pv_console_open);
EXPORT_SYMBOL_GPL(pv_console_close);
EXPORT_SYMBOL_GPL(pv_console_write);
EXPORT_SYMBOL_GPL(pv_console_read);
EXPORT_SYMBOL_GPL(pv_console_drain);
EXPORT_SYMBOL_GPL(pv_console_set_event);

/* <pv/control.h> */
EXPORT_SYMBOL_GPL(pv_on_shutdown);
EXPORT_SYMBOL_GPL(pv_shutdown_reason_name);
EXPORT_SYMBOL_GPL(pv_suspend);

/* <pv/cpu.h> */
EXPORT_SYMBOL_GPL(pv_cpu_find);
EXPORT_SYMBOL_GPL(pv_cpu_get);
EXPORT_SYMBOL_GPL(pv_cpu_off);
EXPORT_SYMBOL_GPL(pv_cpu_start);
EXPORT_SYMBOL_GPL(pv_cpu_preempted);
EXPORT_SYMBOL_GPL(pv_cpu_on_change);

/* <pv/detect.h> */
EXPORT_SYMBOL_GPL(pv_detect);
EXPORT_SYMBOL_GPL(pv_platform);
EXPORT_SYMBOL_GPL(pv_hypervisor_name);
EXPORT_SYMBOL_GPL(pv_xen_mode_name);
EXPORT_SYMBOL_GPL(pv_platform_features);

/* <pv/device.h> */
EXPORT_SYMBOL_GPL(pv_device_next);
EXPORT_SYMBOL_GPL(pv_device_state_name);
EXPORT_SYMBOL_GPL(pv_device_describe);
EXPORT_SYMBOL_GPL(pv_device_add);
EXPORT_SYMBOL_GPL(pv_device_remove);
EXPORT_SYMBOL_GPL(pv_device_get);
EXPORT_SYMBOL_GPL(pv_device_put);
EXPORT_SYMBOL_GPL(pv_device_changed);
EXPORT_SYMBOL_GPL(pv_device_break);
EXPORT_SYMBOL_GPL(pv_queues_follow);

/* <pv/eoi.h> */
EXPORT_SYMBOL_GPL(pv_eoi);

/* <pv/ipi.h> */
EXPORT_SYMBOL_GPL(pv_ipi_close);
EXPORT_SYMBOL_GPL(pv_ipi_open);
EXPORT_SYMBOL_GPL(pv_ipi_send);
EXPORT_SYMBOL_GPL(pv_ipi_send_set);

/* <pv/kvm.h> */
EXPORT_SYMBOL_GPL(pv_kvm);
EXPORT_SYMBOL_GPL(pv_kvm_allow_migration);
EXPORT_SYMBOL_GPL(pv_kvm_async_pf_start);
EXPORT_SYMBOL_GPL(pv_kvm_async_pf_stats);
EXPORT_SYMBOL_GPL(pv_kvm_host_polls);
EXPORT_SYMBOL_GPL(pv_kvm_host_time);
EXPORT_SYMBOL_GPL(pv_kvm_map_gpa);
EXPORT_SYMBOL_GPL(pv_kvm_page_fault);

/* <pv/lock.h> */
EXPORT_SYMBOL_GPL(pv_lock_drop);
EXPORT_SYMBOL_GPL(pv_lock_stats);
EXPORT_SYMBOL_GPL(pv_lock_take);
EXPORT_SYMBOL_GPL(pv_lock_try);
EXPORT_SYMBOL_GPL(pv_lock_use_host);

/* <pv/log.h> */
EXPORT_SYMBOL_GPL(pv_log);
EXPORT_SYMBOL_GPL(pv_snprintf);
EXPORT_SYMBOL_GPL(pv_vsnprintf);

/* <pv/msi.h> */
EXPORT_SYMBOL_GPL(pv_msi_address);

/* <pv/net.h> */
EXPORT_SYMBOL_GPL(pv_net_open);
EXPORT_SYMBOL_GPL(pv_net_close);
EXPORT_SYMBOL_GPL(pv_net_start);
EXPORT_SYMBOL_GPL(pv_net_stop);
EXPORT_SYMBOL_GPL(pv_net_on_change);
EXPORT_SYMBOL_GPL(pv_net_queue);
EXPORT_SYMBOL_GPL(pv_net_submit);
EXPORT_SYMBOL_GPL(pv_net_flush);
EXPORT_SYMBOL_GPL(pv_net_poll);
EXPORT_SYMBOL_GPL(pv_net_set_event);
EXPORT_SYMBOL_GPL(pv_packet_put);
EXPORT_SYMBOL_GPL(pv_net_stats);

/* <pv/pv.h> */
EXPORT_SYMBOL_GPL(pv_init);
EXPORT_SYMBOL_GPL(pv_work);
EXPORT_SYMBOL_GPL(pv_cpu_init);
EXPORT_SYMBOL_GPL(pv_cpu_exit);
EXPORT_SYMBOL_GPL(pv_shutdown);
EXPORT_SYMBOL_GPL(pv_version);

/* <pv/timer.h> */
EXPORT_SYMBOL_GPL(pv_timer_start);
EXPORT_SYMBOL_GPL(pv_timer_stop);
EXPORT_SYMBOL_GPL(pv_timer_arm);
EXPORT_SYMBOL_GPL(pv_timer_cancel);
EXPORT_SYMBOL_GPL(pv_timer_next);
EXPORT_SYMBOL_GPL(pv_timer_now);
EXPORT_SYMBOL_GPL(pv_timer_poll);

/* <pv/tlb.h> */
EXPORT_SYMBOL_GPL(pv_tlb_flush);
EXPORT_SYMBOL_GPL(pv_tlb_start);
EXPORT_SYMBOL_GPL(pv_tlb_stats);

/* <pv/virtio.h> */
EXPORT_SYMBOL_GPL(pv_virtio_mmio);
EXPORT_SYMBOL_GPL(pv_virtio_pci);
EXPORT_SYMBOL_GPL(pv_virtio_blk);
EXPORT_SYMBOL_GPL(pv_virtio_net);

/* <pv/wait.h> */
EXPORT_SYMBOL_GPL(pv_wait_until);

/* <pv/xen.h> */
EXPORT_SYMBOL_GPL(pv_xen_dispatch);
EXPORT_SYMBOL_GPL(pv_xen_pv_upcall);
EXPORT_SYMBOL_GPL(pv_xen_pv_wakeup);
EXPORT_SYMBOL_GPL(pv_xen_early_write);
EXPORT_SYMBOL_GPL(pv_xen_pv_can_suspend);
EXPORT_SYMBOL_GPL(pv_xen_tsc);
EXPORT_SYMBOL_GPL(pv_xen_console_start);
EXPORT_SYMBOL_GPL(pv_xen_console_stop);
EXPORT_SYMBOL_GPL(pv_xen_console_write);
EXPORT_SYMBOL_GPL(pv_xen_console_drain);
EXPORT_SYMBOL_GPL(pv_xen);
EXPORT_SYMBOL_GPL(pv_xenbus);
EXPORT_SYMBOL_GPL(pv_blkfront);
EXPORT_SYMBOL_GPL(pv_netfront);
EXPORT_SYMBOL_GPL(pv_xen_console);
EXPORT_SYMBOL_GPL(pv_xen_pv_upcall_stack);
