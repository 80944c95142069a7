/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Further CPUs by Xen's hypercalls: what a PVH and a PV guest's begin with, and one that goes off
 * and comes back.
 *
 * Covers: pv-core/xen/xen_cpu.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>
#include <pv/xen.h>

#include "arch/x86/x86.h"
#include "fake_acpi.h"
#include "pv-core/xen/frames.h"
#include "pv-core/xen/xen.h"

#define MSR_EFER 0xc0000080

static struct vcpu_hvm_context hvm;
static struct vcpu_guest_context pv;
static long refuse;
static uint32_t given;
static uint64_t stack[64] PV_ALIGNED(16);
static void *gone[5];
static struct {
	void *stack_end, *arg;
	void (*entry)(void *arg);
} went;

static long take(uint32_t vcpu, const void *context)
{
	given = vcpu;
	if (pv_xen_is_pv())
		pv = *(const struct vcpu_guest_context *)context;
	else
		hvm = *(const struct vcpu_hvm_context *)context;
	return refuse;
}

static void on_stack(void *stack_end, void (*entry)(void *arg), void *arg)
{
	went.stack_end = stack_end;
	went.entry = entry;
	went.arg = arg;
	pv_fake_leave(gone);
}

static void entry(void *arg)
{
	(void)arg;
}

static int start_xen(struct kunit *test)
{
	unsigned int i;

	(void)test;
	pv_fake_xen_start();
	pv_fake_xen.vcpus = 4;
	for (i = 1; i < 4; i++)
		pv_fake_xen.down[i] = true;
	pv_fake_xen.initialise = take;
	refuse = 0;
	memset(&pv, 0, sizeof(pv));
	memset(&hvm, 0, sizeof(hvm));
	pv_fake_msr_add(MSR_EFER, 0xd01);
	pv_fake.cr0 = 0x80010033;
	pv_fake.cr3 = 0x7654000;
	pv_fake.cr4 = 0x6b0;
	pv_fake.on_stack = on_stack;
	return 0;
}

static void end_xen(struct kunit *test)
{
	(void)test;
	pv_fake.cpu = 0;
	pv_shutdown();
}

static void init(const struct pv_boot_info *boot)
{
	static const struct pv_hv *const hypervisors[] = {&pv_xen, NULL};
	const struct pv_init_args args = {.boot = boot, .hypervisors = hypervisors};

	if (pv_init(&args))
		pv_os_panic("pv_init() failed");
}

static void xen_cpu_pvh(struct kunit *test)
{
	const struct vcpu_hvm_x86_64 *r = &hvm.cpu_regs.x86_64;
	struct pv_cpu_info info;

	init(pv_fake_xen_boot());
	KUNIT_ASSERT_EQ(test, pv_cpu_find(pv_fake_xen_boot()), 4);
	KUNIT_ASSERT_EQ(test, pv_cpu_start(2, entry, &info, stack + 64), 0);
	KUNIT_EXPECT_EQ(test, given, 2);
	KUNIT_EXPECT_FALSE(test, pv_fake_xen.down[2]);
	KUNIT_EXPECT_TRUE(test, pv_fake_xen.down[1]);
	KUNIT_EXPECT_EQ(test, hvm.mode, VCPU_HVM_MODE_64B);
	KUNIT_EXPECT_EQ(test, r->rip, (uintptr_t)pv_ap_segments);
	KUNIT_EXPECT_EQ(test, r->rsi, (uintptr_t)entry);
	KUNIT_EXPECT_EQ(test, r->rdi, (uintptr_t)&info);
	KUNIT_EXPECT_EQ(test, r->rsp, (uintptr_t)(stack + 64));
	KUNIT_EXPECT_EQ(test, r->rflags, 2);
	KUNIT_EXPECT_TRUE(test, r->cr0 == pv_fake.cr0 && r->cr3 == pv_fake.cr3);
	KUNIT_EXPECT_TRUE(test, r->cr4 == pv_fake.cr4 && r->efer == 0xd01);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(2, &info), 0);
	KUNIT_EXPECT_TRUE(test, info.started && info.uid == 2);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(2, entry, NULL, stack + 64), PV_EBUSY);
}

static void xen_cpu_refused(struct kunit *test)
{
	struct pv_cpu_info info;

	init(pv_fake_xen_boot());
	pv_cpu_find(pv_fake_xen_boot());
	refuse = PV_EEXIST;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, stack + 64), PV_EEXIST);
	KUNIT_EXPECT_TRUE(test, pv_fake_xen.down[1]);
	pv_cpu_get(1, &info);
	KUNIT_EXPECT_FALSE(test, info.started);
}

/* An HVM guest's CPUs are not Xen's to start: there is no local APIC here, and so no other way. */
static void xen_cpu_hvm(struct kunit *test)
{
	init(NULL);
	KUNIT_ASSERT_EQ(test, pv_xen_mode(), PV_XEN_HVM);
	pv_cpu_find(NULL);
	given = 77;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, stack + 64), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, given, 77);
}

/* PV: Xen's segments, its page tables, a return address that is none, upcalls masked. */
static void xen_cpu_pv(struct kunit *test)
{
	static unsigned long mfn_list[1];
	static struct start_info info = {.nr_pages = 1};

	init(pv_fake_xen_boot());
	pv_cpu_find(pv_fake_xen_boot());
	info.mfn_list = (unsigned long)mfn_list;
	pv_xen_frames_start(&info);
	stack[63] = 1;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(3, entry, &went, stack + 64), 0);
	pv_xen_frames_start(NULL);
	KUNIT_EXPECT_EQ(test, given, 3);
	KUNIT_EXPECT_EQ(test, pv.flags, VGCF_in_kernel);
	KUNIT_EXPECT_EQ(test, pv.user_regs.rip, (uintptr_t)entry);
	KUNIT_EXPECT_EQ(test, pv.user_regs.rdi, (uintptr_t)&went);
	KUNIT_EXPECT_EQ(test, pv.user_regs.rsp, (uintptr_t)(stack + 63));
	KUNIT_EXPECT_EQ(test, stack[63], 0);
	KUNIT_EXPECT_EQ(test, pv.user_regs.cs, FLAT_KERNEL_CS);
	KUNIT_EXPECT_EQ(test, pv.user_regs.ss, FLAT_KERNEL_SS);
	KUNIT_EXPECT_EQ(test, pv.ctrlreg[3], pv_fake.cr3);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_vcpu_info(3)->evtchn_upcall_mask, 1);
	KUNIT_EXPECT_FALSE(test, pv_fake_xen.down[3]);
}

/* What the boot CPU does while CPU 1 is in VCPUOP_down, once it is down. */
static int again;

static long bring_back(unsigned int op, const unsigned long arg[5])
{
	long r = pv_fake_xen_hypercall(op, arg);

	if (op == __HYPERVISOR_vcpu_op && arg[0] == VCPUOP_down) {
		pv_fake.cpu = 0;
		again = pv_cpu_start(1, entry, &again, stack + 32);
		pv_fake.cpu = 1;
	}
	return r;
}

static void xen_cpu_off_and_on(struct kunit *test)
{
	struct pv_cpu_info info;
	unsigned int i;

	init(pv_fake_xen_boot());
	pv_cpu_find(pv_fake_xen_boot());
	KUNIT_ASSERT_EQ(test, pv_cpu_start(1, entry, NULL, stack + 64), 0);
	pv_fake.xen_hypercall = bring_back;
	for (i = 0; i < 2; i++) {
		given = 77;
		pv_fake.cpu = 1;
		if (!__builtin_setjmp(gone))
			pv_cpu_off();
		pv_fake.cpu = 0;
		KUNIT_EXPECT_EQ(test, again, 0);
		KUNIT_EXPECT_EQ(test, given, 77); /* not initialised a second time */
		KUNIT_EXPECT_PTR_EQ(test, went.arg, &again);
		KUNIT_EXPECT_PTR_EQ(test, went.stack_end, stack + 32);
		KUNIT_EXPECT_TRUE(test, went.entry == entry);
		pv_cpu_get(1, &info);
		KUNIT_EXPECT_TRUE(test, info.started);
	}
	pv_fake.xen_hypercall = NULL;
}

/* --- numbers and answers that lead nowhere ---------------------------------------------------- */

/* A firmware's table that names a vCPU beyond those that are kept places for. */
static void xen_cpu_beyond(struct kunit *test)
{
	static const struct pv_fake_leaf leaves[] = {
		{.leaf = 1, .value = {.ecx = 1u << 31, .edx = 1u << 9}},
		{.leaf = 0x40000000,
		 .value = {0x40000005, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
			   XEN_CPUID_SIGNATURE_EDX},
		 .last = true},
	};
	static struct fake_acpi acpi;
	static struct pv_boot_info boot;
	static struct fake_madt madt;

	fake_acpi_init(&acpi);
	madt.len = 0;
	fake_madt_x2apic(&madt, 0, 0, 1);
	fake_madt_x2apic(&madt, PV_CONFIG_MAX_CPUS, 300, 1);
	boot = *pv_fake_xen_boot();
	boot.rsdp = fake_madt_root(&acpi, &madt);
	pv_fake_cpuid(leaves);
	pv_fake_msr_add(0x1b, 0xfee00c00);
	pv_fake_msr_add(0x802, 0);
	init(&boot);
	KUNIT_ASSERT_EQ(test, pv_xen_mode(), PV_XEN_PVH);
	KUNIT_ASSERT_EQ(test, pv_cpu_find(&boot), 2);
	given = 77;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, stack + 64), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, given, 77);
}

static void xen_cpu_pv_no_memory(struct kunit *test)
{
	static struct start_info info;

	init(pv_fake_xen_boot());
	pv_cpu_find(pv_fake_xen_boot());
	pv_xen_frames_start(&info);
	pv_fake.alloc_fail_at = 1;
	given = 77;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(3, entry, NULL, stack + 64), PV_ENOMEM);
	pv_xen_frames_start(NULL);
	KUNIT_EXPECT_EQ(test, given, 77);
	KUNIT_EXPECT_TRUE(test, pv_fake_xen.down[3]);
}

static void halted(void)
{
	pv_fake_leave(gone);
}

/* Xen does not take CPU 1 down: it is not brought up a second time, while it still runs. */
static long stays_up(unsigned int op, const unsigned long arg[5])
{
	long r;

	if (op != __HYPERVISOR_vcpu_op || arg[0] != VCPUOP_down)
		return pv_fake_xen_hypercall(op, arg);
	pv_fake.cpu = 0;
	again = pv_cpu_start(1, entry, &again, stack + 32);
	pv_fake.cpu = 1;
	r = pv_fake_xen_hypercall(op, arg);
	halted();
	return r;
}

static void xen_cpu_stays_up(struct kunit *test)
{
	struct pv_cpu_info info;

	init(pv_fake_xen_boot());
	pv_cpu_find(pv_fake_xen_boot());
	KUNIT_ASSERT_EQ(test, pv_cpu_start(1, entry, NULL, stack + 64), 0);
	pv_fake.xen_hypercall = stays_up;
	went.entry = NULL;
	pv_fake.cpu = 1;
	if (!__builtin_setjmp(gone))
		pv_cpu_off();
	pv_fake.cpu = 0;
	pv_fake.xen_hypercall = NULL;
	KUNIT_EXPECT_EQ(test, again, PV_ETIMEDOUT);
	pv_cpu_get(1, &info);
	KUNIT_EXPECT_FALSE(test, info.started);
	KUNIT_EXPECT_TRUE(test, pv_fake_xen.down[1]);
}

/* Brought up by nobody of ours: it goes down again. */
static unsigned int downs;

static long wakes(unsigned int op, const unsigned long arg[5])
{
	if (op == __HYPERVISOR_vcpu_op && arg[0] == VCPUOP_down && ++downs == 3)
		return bring_back(op, arg);
	return pv_fake_xen_hypercall(op, arg);
}

static void xen_cpu_woken(struct kunit *test)
{
	init(pv_fake_xen_boot());
	pv_cpu_find(pv_fake_xen_boot());
	KUNIT_ASSERT_EQ(test, pv_cpu_start(1, entry, NULL, stack + 64), 0);
	pv_fake.xen_hypercall = wakes;
	downs = 0;
	pv_fake.cpu = 1;
	if (!__builtin_setjmp(gone))
		pv_cpu_off();
	pv_fake.cpu = 0;
	pv_fake.xen_hypercall = NULL;
	KUNIT_EXPECT_EQ(test, downs, 3);
	KUNIT_EXPECT_PTR_EQ(test, went.arg, &again);
}

/* An HVM guest's CPU is Xen's to take down no more than to start. */
static void xen_cpu_off_hvm(struct kunit *test)
{
	init(NULL);
	pv_cpu_find(NULL);
	pv_fake.halt_forever = halted;
	if (!__builtin_setjmp(gone))
		pv_cpu_off();
	KUNIT_EXPECT_FALSE(test, pv_fake_xen.down[0]);
}

static struct kunit_case xen_cpu_cases[] = {
	KUNIT_CASE(xen_cpu_pvh),
	KUNIT_CASE(xen_cpu_refused),
	KUNIT_CASE(xen_cpu_hvm),
	KUNIT_CASE(xen_cpu_pv),
	KUNIT_CASE(xen_cpu_off_and_on),
	KUNIT_CASE(xen_cpu_beyond),
	KUNIT_CASE(xen_cpu_pv_no_memory),
	KUNIT_CASE(xen_cpu_stays_up),
	KUNIT_CASE(xen_cpu_woken),
	KUNIT_CASE(xen_cpu_off_hvm),
	{},
};

static struct kunit_suite xen_cpu_suite = {
	.name = "xen_cpu",
	.init = start_xen,
	.exit = end_xen,
	.test_cases = xen_cpu_cases,
};
kunit_test_suite(xen_cpu_suite);
