/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's hypercalls: each wrapper's number and arguments, written out as Xen's headers have them.
 *
 * Covers: hypercall/xen.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/string.h>

#include "hypercall/xen.h"

static unsigned int last_op;
static unsigned long last[5];
static long answer;

static long take_call(unsigned int op, const unsigned long arg[5])
{
	last_op = op;
	pv_memcpy(last, arg, sizeof(last));
	return answer;
}

static int calls_init(struct kunit *test)
{
	(void)test;
	pv_fake.xen_hypercall = take_call;
	pv_xen_call_mode = PV_XEN_CALL_VMCALL;
	answer = 0;
	return 0;
}

static void calls_exit(struct kunit *test)
{
	(void)test;
	pv_xen_call_mode = PV_XEN_CALL_NONE;
}

/* --- numbers and arguments -------------------------------------------------------------------- */

#define EXPECT_CALL(call, op, a1, a2, a3, a4, a5)                                                  \
	do {                                                                                       \
		pv_memset(last, 0x5a, sizeof(last));                                               \
		answer = -77;                                                                      \
		KUNIT_EXPECT_EQ_MSG(test, (long)(call), -77, #call);                               \
		KUNIT_EXPECT_EQ_MSG(test, last_op, op, #call);                                     \
		KUNIT_EXPECT_EQ_MSG(test, last[0], (unsigned long)(a1), #call);                    \
		KUNIT_EXPECT_EQ_MSG(test, last[1], (unsigned long)(a2), #call);                    \
		KUNIT_EXPECT_EQ_MSG(test, last[2], (unsigned long)(a3), #call);                    \
		KUNIT_EXPECT_EQ_MSG(test, last[3], (unsigned long)(a4), #call);                    \
		KUNIT_EXPECT_EQ_MSG(test, last[4], (unsigned long)(a5), #call);                    \
	} while (0)

/* A command with a pointer to its structure. */
#define EXPECT_OP(name, type, op, cmd)                                                             \
	do {                                                                                       \
		static type arg_;                                                                  \
                                                                                                   \
		EXPECT_CALL(name(&arg_), op, cmd, &arg_, 0, 0, 0);                                 \
	} while (0)

static void call_events(struct kunit *test)
{
	EXPECT_OP(pv_xen_evtchn_bind_interdomain, struct evtchn_bind_interdomain, 32, 0);
	EXPECT_OP(pv_xen_evtchn_bind_virq, struct evtchn_bind_virq, 32, 1);
	EXPECT_OP(pv_xen_evtchn_bind_pirq, struct evtchn_bind_pirq, 32, 2);
	EXPECT_OP(pv_xen_evtchn_close, struct evtchn_close, 32, 3);
	EXPECT_OP(pv_xen_evtchn_send, struct evtchn_send, 32, 4);
	EXPECT_OP(pv_xen_evtchn_status, struct evtchn_status, 32, 5);
	EXPECT_OP(pv_xen_evtchn_alloc_unbound, struct evtchn_alloc_unbound, 32, 6);
	EXPECT_OP(pv_xen_evtchn_bind_ipi, struct evtchn_bind_ipi, 32, 7);
	EXPECT_OP(pv_xen_evtchn_bind_vcpu, struct evtchn_bind_vcpu, 32, 8);
	EXPECT_OP(pv_xen_evtchn_unmask, struct evtchn_unmask, 32, 9);
	EXPECT_OP(pv_xen_evtchn_reset, struct evtchn_reset, 32, 10);
	EXPECT_OP(pv_xen_evtchn_init_control, struct evtchn_init_control, 32, 11);
	EXPECT_OP(pv_xen_evtchn_expand_array, struct evtchn_expand_array, 32, 12);
	EXPECT_OP(pv_xen_evtchn_set_priority, struct evtchn_set_priority, 32, 13);
}

#define EXPECT_GRANTS(name, type, cmd)                                                             \
	do {                                                                                       \
		static type ops_[3];                                                               \
                                                                                                   \
		EXPECT_CALL(name(ops_, 3), 20, cmd, ops_, 3, 0, 0);                                \
	} while (0)

#define EXPECT_GRANT(name, type, cmd)                                                              \
	do {                                                                                       \
		static type op_;                                                                   \
                                                                                                   \
		EXPECT_CALL(name(&op_), 20, cmd, &op_, 1, 0, 0);                                   \
	} while (0)

static void call_grants(struct kunit *test)
{
	EXPECT_GRANTS(pv_xen_gnttab_map_grant_ref, struct gnttab_map_grant_ref, 0);
	EXPECT_GRANTS(pv_xen_gnttab_unmap_grant_ref, struct gnttab_unmap_grant_ref, 1);
	EXPECT_GRANT(pv_xen_gnttab_setup_table, struct gnttab_setup_table, 2);
	EXPECT_GRANT(pv_xen_gnttab_dump_table, struct gnttab_dump_table, 3);
	EXPECT_GRANTS(pv_xen_gnttab_transfer, struct gnttab_transfer, 4);
	EXPECT_GRANTS(pv_xen_gnttab_copy, struct gnttab_copy, 5);
	EXPECT_GRANT(pv_xen_gnttab_query_size, struct gnttab_query_size, 6);
	EXPECT_GRANTS(pv_xen_gnttab_unmap_and_replace, struct gnttab_unmap_and_replace, 7);
	EXPECT_GRANT(pv_xen_gnttab_set_version, struct gnttab_set_version, 8);
	EXPECT_GRANT(pv_xen_gnttab_get_status_frames, struct gnttab_get_status_frames, 9);
	EXPECT_GRANT(pv_xen_gnttab_get_version, struct gnttab_get_version, 10);
	EXPECT_GRANTS(pv_xen_gnttab_swap_grant_ref, struct gnttab_swap_grant_ref, 11);
	EXPECT_GRANTS(pv_xen_gnttab_cache_flush, struct gnttab_cache_flush, 12);
}

static void call_memory(struct kunit *test)
{
	EXPECT_OP(pv_xen_memory_increase_reservation, struct xen_memory_reservation, 12, 0);
	EXPECT_OP(pv_xen_memory_decrease_reservation, struct xen_memory_reservation, 12, 1);
	EXPECT_OP(pv_xen_memory_populate_physmap, struct xen_memory_reservation, 12, 6);
	EXPECT_OP(pv_xen_memory_add_to_physmap, struct xen_add_to_physmap, 12, 7);
	EXPECT_OP(pv_xen_memory_exchange, struct xen_memory_exchange, 12, 11);
	EXPECT_OP(pv_xen_memory_remove_from_physmap, struct xen_remove_from_physmap, 12, 15);
	EXPECT_OP(pv_xen_memory_add_to_physmap_batch, struct xen_add_to_physmap_batch, 12, 23);
	EXPECT_OP(pv_xen_memory_memory_map, struct xen_memory_map, 12, 9);
	EXPECT_OP(pv_xen_memory_machine_memory_map, struct xen_memory_map, 12, 10);
	EXPECT_OP(pv_xen_memory_machphys_mfn_list, struct xen_machphys_mfn_list, 12, 5);
	EXPECT_OP(pv_xen_memory_machphys_mapping, struct xen_machphys_mapping, 12, 12);
	EXPECT_OP(pv_xen_memory_acquire_resource, struct xen_mem_acquire_resource, 12, 28);
	EXPECT_OP(pv_xen_memory_get_vnumainfo, struct xen_vnuma_topology_info, 12, 26);
	EXPECT_CALL(pv_xen_memory_maximum_ram_page(), 12, 2, 0, 0, 0, 0);
}

/* These take the domain's number by its address. */
static domid_t seen_domid;

static long take_domid(unsigned int op, const unsigned long arg[5])
{
	seen_domid = *(domid_t *)arg[1];
	return take_call(op, arg);
}

static void call_memory_domain(struct kunit *test)
{
	pv_fake.xen_hypercall = take_domid;
	answer = 1l << 40;
	KUNIT_EXPECT_EQ(test, pv_xen_memory_current_reservation(7), 1l << 40);
	KUNIT_EXPECT_EQ(test, last[0], 3);
	KUNIT_EXPECT_EQ(test, seen_domid, 7);
	KUNIT_EXPECT_EQ(test, pv_xen_memory_maximum_reservation(8), 1l << 40);
	KUNIT_EXPECT_EQ(test, last[0], 4);
	KUNIT_EXPECT_EQ(test, seen_domid, 8);
	KUNIT_EXPECT_EQ(test, pv_xen_memory_maximum_gpfn(9), 1l << 40);
	KUNIT_EXPECT_EQ(test, last[0], 14);
	KUNIT_EXPECT_EQ(test, seen_domid, 9);
	KUNIT_EXPECT_EQ(test, last_op, 12);
}

#define EXPECT_VCPU(name, type, cmd)                                                               \
	do {                                                                                       \
		static type arg_;                                                                  \
                                                                                                   \
		EXPECT_CALL(name(3, &arg_), 24, cmd, 3, &arg_, 0, 0);                              \
	} while (0)

static void call_vcpu(struct kunit *test)
{
	EXPECT_VCPU(pv_xen_vcpu_initialise, struct vcpu_guest_context, 0);
	EXPECT_CALL(pv_xen_vcpu_up(3), 24, 1, 3, 0, 0, 0);
	EXPECT_CALL(pv_xen_vcpu_down(3), 24, 2, 3, 0, 0, 0);
	EXPECT_CALL(pv_xen_vcpu_is_up(3), 24, 3, 3, 0, 0, 0);
	EXPECT_VCPU(pv_xen_vcpu_get_runstate_info, struct vcpu_runstate_info, 4);
	EXPECT_VCPU(pv_xen_vcpu_register_runstate_memory_area,
		    struct vcpu_register_runstate_memory_area, 5);
	EXPECT_VCPU(pv_xen_vcpu_set_periodic_timer, struct vcpu_set_periodic_timer, 6);
	EXPECT_CALL(pv_xen_vcpu_stop_periodic_timer(3), 24, 7, 3, 0, 0, 0);
	EXPECT_VCPU(pv_xen_vcpu_set_singleshot_timer, struct vcpu_set_singleshot_timer, 8);
	EXPECT_CALL(pv_xen_vcpu_stop_singleshot_timer(3), 24, 9, 3, 0, 0, 0);
	EXPECT_VCPU(pv_xen_vcpu_register_vcpu_info, struct vcpu_register_vcpu_info, 10);
	EXPECT_CALL(pv_xen_vcpu_send_nmi(3), 24, 11, 3, 0, 0, 0);
	EXPECT_VCPU(pv_xen_vcpu_get_physid, struct vcpu_get_physid, 12);
	EXPECT_VCPU(pv_xen_vcpu_register_vcpu_time_memory_area,
		    struct vcpu_register_time_memory_area, 13);
	EXPECT_VCPU(pv_xen_vcpu_register_runstate_phys_area,
		    struct vcpu_register_runstate_memory_area, 14);
	EXPECT_VCPU(pv_xen_vcpu_register_vcpu_time_phys_area, struct vcpu_register_time_memory_area,
		    15);
}

static void call_hvm(struct kunit *test)
{
	EXPECT_OP(pv_xen_hvm_set_param_op, struct xen_hvm_param, 34, 0);
	EXPECT_OP(pv_xen_hvm_get_param_op, struct xen_hvm_param, 34, 1);
	EXPECT_CALL(pv_xen_hvm_flush_tlbs(), 34, 5, 0, 0, 0, 0);
	EXPECT_OP(pv_xen_hvm_pagetable_dying, struct xen_hvm_pagetable_dying, 34, 9);
	EXPECT_OP(pv_xen_hvm_get_time, struct xen_hvm_get_time, 34, 10);
	EXPECT_OP(pv_xen_hvm_get_mem_type, struct xen_hvm_get_mem_type, 34, 15);
	EXPECT_OP(pv_xen_hvm_set_evtchn_upcall_vector, struct xen_hvm_evtchn_upcall_vector, 34, 23);
}

static void call_version(struct kunit *test)
{
	EXPECT_CALL(pv_xen_version_version(), 17, 0, 0, 0, 0, 0);
	EXPECT_OP(pv_xen_version_extraversion, xen_extraversion_t, 17, 1);
	EXPECT_OP(pv_xen_version_compile_info, struct xen_compile_info, 17, 2);
	EXPECT_OP(pv_xen_version_capabilities, xen_capabilities_info_t, 17, 3);
	EXPECT_OP(pv_xen_version_changeset, xen_changeset_info_t, 17, 4);
	EXPECT_OP(pv_xen_version_platform_parameters, struct xen_platform_parameters, 17, 5);
	EXPECT_CALL(pv_xen_version_pagesize(), 17, 7, 0, 0, 0, 0);
	EXPECT_OP(pv_xen_version_guest_handle, xen_domain_handle_t, 17, 8);
	EXPECT_OP(pv_xen_version_commandline, xen_commandline_t, 17, 9);
	EXPECT_OP(pv_xen_version_build_id, struct xen_build_id, 17, 10);
}

static void call_sched(struct kunit *test)
{
	EXPECT_CALL(pv_xen_sched_yield(), 29, 0, 0, 0, 0, 0);
	EXPECT_CALL(pv_xen_sched_block(), 29, 1, 0, 0, 0, 0);
	EXPECT_OP(pv_xen_sched_poll, struct sched_poll, 29, 3);
	EXPECT_OP(pv_xen_sched_remote_shutdown, struct sched_remote_shutdown, 29, 4);
	EXPECT_OP(pv_xen_sched_watchdog, struct sched_watchdog, 29, 6);
	EXPECT_OP(pv_xen_sched_pin_override, struct sched_pin_override, 29, 7);
}

static unsigned int seen_reason;

static long take_reason(unsigned int op, const unsigned long arg[5])
{
	seen_reason = ((const struct sched_shutdown *)arg[1])->reason;
	return take_call(op, arg);
}

static void call_shutdown(struct kunit *test)
{
	pv_fake.xen_hypercall = take_reason;
	KUNIT_EXPECT_EQ(test, pv_xen_sched_shutdown(SHUTDOWN_reboot), 0);
	KUNIT_EXPECT_EQ(test, last_op, 29);
	KUNIT_EXPECT_EQ(test, last[0], 2);
	KUNIT_EXPECT_EQ(test, seen_reason, 1);
	KUNIT_EXPECT_EQ(test, pv_xen_sched_shutdown_code(SHUTDOWN_crash), 0);
	KUNIT_EXPECT_EQ(test, last[0], 5);
	KUNIT_EXPECT_EQ(test, seen_reason, 3);
	KUNIT_EXPECT_EQ(test, pv_xen_sched_suspend(0x1234), 0);
	KUNIT_EXPECT_EQ(test, last[0], 2);
	KUNIT_EXPECT_EQ(test, last[2], 0x1234);
	KUNIT_EXPECT_EQ(test, seen_reason, 2);
}

static void call_misc(struct kunit *test)
{
	char text[] = "text";

	EXPECT_CALL(pv_xen_console_io_write(text, 4), 18, 0, 4, text, 0, 0);
	EXPECT_CALL(pv_xen_console_io_read(text, 5), 18, 1, 5, text, 0, 0);
	EXPECT_CALL(pv_xen_set_timer_op(0x123456789abcull), 15, 0x123456789abcull, 0, 0, 0, 0);
	EXPECT_CALL(pv_xen_vm_assist(VMASST_CMD_enable, VMASST_TYPE_m2p_strict), 21, 0, 32, 0, 0,
		    0);
	EXPECT_OP(pv_xen_callback_register, struct callback_register, 30, 0);
	EXPECT_OP(pv_xen_callback_unregister, struct callback_unregister, 30, 1);
	EXPECT_OP(pv_xen_nmi_register_callback, struct xennmi_callback, 28, 0);
	EXPECT_CALL(pv_xen_nmi_unregister_callback(), 28, 1, 0, 0, 0, 0);
}

static void call_physdev(struct kunit *test)
{
	EXPECT_OP(pv_xen_physdev_irq_status_query, struct physdev_irq_status_query, 33, 5);
	EXPECT_OP(pv_xen_physdev_set_iopl, struct physdev_set_iopl, 33, 6);
	EXPECT_OP(pv_xen_physdev_set_iobitmap, struct physdev_set_iobitmap, 33, 7);
	EXPECT_OP(pv_xen_physdev_apic_read, struct physdev_apic, 33, 8);
	EXPECT_OP(pv_xen_physdev_apic_write, struct physdev_apic, 33, 9);
	EXPECT_OP(pv_xen_physdev_alloc_irq_vector, struct physdev_irq, 33, 10);
	EXPECT_OP(pv_xen_physdev_eoi, struct physdev_eoi, 33, 12);
	EXPECT_OP(pv_xen_physdev_map_pirq, struct physdev_map_pirq, 33, 13);
	EXPECT_OP(pv_xen_physdev_unmap_pirq, struct physdev_unmap_pirq, 33, 14);
	EXPECT_OP(pv_xen_physdev_manage_pci_add, struct physdev_manage_pci, 33, 15);
	EXPECT_OP(pv_xen_physdev_manage_pci_remove, struct physdev_manage_pci, 33, 16);
	EXPECT_OP(pv_xen_physdev_pirq_eoi_gmfn_v1, struct physdev_pirq_eoi_gmfn, 33, 17);
	EXPECT_OP(pv_xen_physdev_restore_msi, struct physdev_restore_msi, 33, 19);
	EXPECT_OP(pv_xen_physdev_manage_pci_add_ext, struct physdev_manage_pci_ext, 33, 20);
	EXPECT_OP(pv_xen_physdev_setup_gsi, struct physdev_setup_gsi, 33, 21);
	EXPECT_OP(pv_xen_physdev_get_free_pirq, struct physdev_get_free_pirq, 33, 23);
	EXPECT_OP(pv_xen_physdev_pci_mmcfg_reserved, struct physdev_pci_mmcfg_reserved, 33, 24);
	EXPECT_OP(pv_xen_physdev_pci_device_add, struct physdev_pci_device_add, 33, 25);
	EXPECT_OP(pv_xen_physdev_pci_device_remove, struct physdev_pci_device, 33, 26);
	EXPECT_OP(pv_xen_physdev_restore_msi_ext, struct physdev_pci_device, 33, 27);
	EXPECT_OP(pv_xen_physdev_pirq_eoi_gmfn_v2, struct physdev_pirq_eoi_gmfn, 33, 28);
	EXPECT_OP(pv_xen_physdev_dbgp_op, struct physdev_dbgp_op, 33, 29);
	EXPECT_OP(pv_xen_physdev_prepare_msix, struct physdev_pci_device, 33, 30);
	EXPECT_OP(pv_xen_physdev_release_msix, struct physdev_pci_device, 33, 31);
}

static void call_pv(struct kunit *test)
{
	static const struct mmu_update updates[2];
	static const struct mmuext_op exts[2];
	static const struct trap_info traps[1];
	static const xen_pfn_t frames[1];
	unsigned int done;
	void *va = (void *)0xffff880012345000ull;

	EXPECT_CALL(pv_xen_set_trap_table(traps), 0, traps, 0, 0, 0, 0);
	EXPECT_CALL(pv_xen_mmu_update(updates, 2, &done, DOMID_SELF), 1, updates, 2, &done, 0x7ff0,
		    0);
	EXPECT_CALL(pv_xen_set_gdt(frames, 512), 2, frames, 512, 0, 0, 0);
	EXPECT_CALL(pv_xen_stack_switch(0xe02b, 0x1000), 3, 0xe02b, 0x1000, 0, 0, 0);
	EXPECT_CALL(pv_xen_set_callbacks(1, 2, 3), 4, 1, 2, 3, 0, 0);
	EXPECT_CALL(pv_xen_fpu_taskswitch(true), 5, 1, 0, 0, 0, 0);
	EXPECT_CALL(pv_xen_set_debugreg(7, 0x400), 8, 7, 0x400, 0, 0, 0);
	EXPECT_CALL(pv_xen_get_debugreg(6), 9, 6, 0, 0, 0, 0);
	EXPECT_CALL(pv_xen_update_descriptor(0x1000, ~0ull), 10, 0x1000, ~0ull, 0, 0, 0);
	EXPECT_CALL(pv_xen_update_va_mapping(va, 0x8000000000000067ull, UVMF_INVLPG | UVMF_ALL), 14,
		    va, 0x8000000000000067ull, 6, 0, 0);
	EXPECT_CALL(pv_xen_update_va_mapping_otherdomain(va, 0x67, 0, 3), 22, va, 0x67, 0, 3, 0);
	EXPECT_CALL(pv_xen_set_segment_base(SEGBASE_GS_KERNEL, 0xffff800000000000ull), 25, 2,
		    0xffff800000000000ull, 0, 0, 0);
	EXPECT_CALL(pv_xen_mmuext_op(exts, 2, NULL, DOMID_SELF), 26, exts, 2, 0, 0x7ff0, 0);
}

static const void *iret_frame;
static void *iret_back[5];

static void take_iret(const void *frame)
{
	iret_frame = frame;
	pv_fake_leave(iret_back);
}

static void call_iret(struct kunit *test)
{
	static struct iret_context frame;

	pv_fake.xen_iret = take_iret;
	if (!__builtin_setjmp(iret_back))
		pv_xen_iret(&frame);
	KUNIT_EXPECT_PTR_EQ(test, iret_frame, &frame);
}

/* What Xen puts into a structure, and what comes of it when it does not. */
static long fill_param(unsigned int op, const unsigned long arg[5])
{
	struct xen_hvm_param *p = (struct xen_hvm_param *)arg[1];
	struct xen_feature_info *f = (struct xen_feature_info *)arg[1];

	if (op == __HYPERVISOR_hvm_op && (p->domid != DOMID_SELF || p->index != 17))
		return PV_EINVAL;
	if (op == __HYPERVISOR_hvm_op && arg[0] == HVMOP_get_param)
		p->value = 0xfeedull << 40;
	else if (op == __HYPERVISOR_hvm_op)
		seen_reason = (unsigned int)p->value;
	else
		f->submap = f->submap_idx + 100;
	return answer;
}

static void call_answers(struct kunit *test)
{
	uint64_t value = 1;
	uint32_t features = 1;

	pv_fake.xen_hypercall = fill_param;
	KUNIT_EXPECT_EQ(test, pv_xen_hvm_get_param(HVM_PARAM_CONSOLE_PFN, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0xfeedull << 40);
	KUNIT_EXPECT_EQ(test, pv_xen_hvm_set_param(HVM_PARAM_CONSOLE_PFN, 99), 0);
	KUNIT_EXPECT_EQ(test, seen_reason, 99);
	KUNIT_EXPECT_EQ(test, pv_xen_version_get_features(2, &features), 0);
	KUNIT_EXPECT_EQ(test, features, 102);
	answer = PV_EPERM;
	value = features = 1;
	KUNIT_EXPECT_EQ(test, pv_xen_hvm_get_param(HVM_PARAM_CONSOLE_PFN, &value), PV_EPERM);
	KUNIT_EXPECT_EQ(test, pv_xen_version_get_features(2, &features), PV_EPERM);
	KUNIT_EXPECT_EQ(test, value + features, 2);
}

static struct kunit_case call_cases[] = {
	KUNIT_CASE(call_events),	KUNIT_CASE(call_grants),  KUNIT_CASE(call_memory),
	KUNIT_CASE(call_memory_domain), KUNIT_CASE(call_vcpu),	  KUNIT_CASE(call_hvm),
	KUNIT_CASE(call_version),	KUNIT_CASE(call_sched),	  KUNIT_CASE(call_shutdown),
	KUNIT_CASE(call_misc),		KUNIT_CASE(call_physdev), KUNIT_CASE(call_pv),
	KUNIT_CASE(call_iret),		KUNIT_CASE(call_answers), {},
};

static struct kunit_suite call_suite = {
	.name = "xen_hypercall",
	.init = calls_init,
	.exit = calls_exit,
	.test_cases = call_cases,
};

kunit_test_suite(call_suite);
