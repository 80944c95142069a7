/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In a Linux guest of KVM: features, hints and hypercalls are Linux', and its areas stay its own.
 *
 * Covers: pv-core/detect.c hypercall/kvm.c
 */
#include <asm/pgtable_types.h>
#include <kunit/test.h>
#include <pv/detect.h>

#include "arch/x86/x86.h"
#include "hypercall/kvm.h"
#include "linux.h"

#define UNKNOWN_HYPERCALL 999

static void features_as_linux(struct kunit *test)
{
	KUNIT_EXPECT_NE(test, pv_linux_kvm_features(), 0u);
	KUNIT_EXPECT_EQ(test, pv_platform()->features, pv_linux_kvm_features());
}

static void hints_as_linux(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_platform()->hints, pv_linux_kvm_hints());
}

static void hypercalls_as_linux(struct kunit *test)
{
	pv_kvm_hypercall_init(pv_platform()->cpu_vendor);
	KUNIT_EXPECT_EQ(test, pv_linux_kvm_hypercall(KVM_HC_VAPIC_POLL_IRQ), 0);
	KUNIT_EXPECT_EQ(test, pv_kvm_vapic_poll_irq(), 0);
	KUNIT_EXPECT_EQ(test, pv_linux_kvm_hypercall(UNKNOWN_HYPERCALL), -KVM_ENOSYS);
	KUNIT_EXPECT_EQ(test, pv_kvm_hypercall0(UNKNOWN_HYPERCALL), PV_ENOSYS);
}

/* pv.ko is loaded, and the areas that the MSRs name are Linux'. */
static void clock_areas_stay_linux(struct kunit *test)
{
	unsigned int i;
	void *page;

	for (i = 0; i < pv_linux_cpus(); i++) {
		KUNIT_ASSERT_EQ(test, pv_linux_run_on(i), 0);
		page = pv_linux_kvm_clock_page(i);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_EQ(test, pv_rdmsr(MSR_KVM_SYSTEM_TIME_NEW),
				(uint64_t)slow_virt_to_phys(page) | KVM_MSR_ENABLED);
	}
}

static void steal_areas_stay_linux(struct kunit *test)
{
	unsigned int i;
	void *area;

	for (i = 0; i < pv_linux_cpus(); i++) {
		KUNIT_ASSERT_EQ(test, pv_linux_run_on(i), 0);
		area = pv_linux_steal_area(false, i);
		KUNIT_ASSERT_NOT_NULL(test, area);
		KUNIT_EXPECT_EQ(test, pv_rdmsr(MSR_KVM_STEAL_TIME),
				(uint64_t)slow_virt_to_phys(area) | KVM_MSR_ENABLED);
	}
}

static struct kunit_case guest_kvm_cases[] = {
	KUNIT_CASE(features_as_linux),	    KUNIT_CASE(hints_as_linux),
	KUNIT_CASE(hypercalls_as_linux),    KUNIT_CASE(clock_areas_stay_linux),
	KUNIT_CASE(steal_areas_stay_linux), {},
};

static struct kunit_suite guest_kvm_suite = {
	.name = "guest_kvm",
	.test_cases = guest_kvm_cases,
};

kunit_test_suite(guest_kvm_suite);
