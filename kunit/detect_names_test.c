/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What a platform and its features are called.
 *
 * Covers: pv-core/detect_names.c
 */
#include <kunit/test.h>
#include <pv/detect.h>
#include <pv/string.h>

static void names_features_of_kvm(struct kunit *test)
{
	const struct pv_platform p = {
		.hypervisor = PV_HV_KVM, .features = 0x0183ffff, .hints = 0x3};
	const char *want =
		"CLOCKSOURCE NOP_IO_DELAY MMU_OP CLOCKSOURCE2 ASYNC_PF STEAL_TIME PV_EOI "
		"PV_UNHALT bit8 PV_TLB_FLUSH ASYNC_PF_VMEXIT PV_SEND_IPI POLL_CONTROL "
		"PV_SCHED_YIELD ASYNC_PF_INT MSI_EXT_DEST_ID HC_MAP_GPA_RANGE "
		"MIGRATION_CONTROL bit23 CLOCKSOURCE_STABLE_BIT hint:REALTIME hint:bit1";
	char text[512];
	int n;

	n = pv_platform_features(&p, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, want);
	KUNIT_EXPECT_EQ(test, n, pv_strlen(want));
}

/* A buffer of any size gets the beginning of the text, terminated, and its whole length. */
static void names_features_cut(struct kunit *test)
{
	const struct pv_platform p = {.hypervisor = PV_HV_KVM, .features = 0x9, .hints = 0x1};
	const char *want = "CLOCKSOURCE CLOCKSOURCE2 hint:REALTIME";
	size_t whole = pv_strlen(want), size;

	for (size = 0; size <= whole + 1; size++) {
		char *text = kunit_kmalloc(test, size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, text);
		KUNIT_EXPECT_EQ(test, pv_platform_features(&p, text, size), whole);
		if (size) {
			KUNIT_EXPECT_EQ(test, pv_strlen(text), size - 1);
			KUNIT_EXPECT_EQ(test, pv_memcmp(text, want, size - 1), 0);
		}
		kunit_kfree(test, text);
	}
}

static void names_features_of_others(struct kunit *test)
{
	struct pv_platform p = {.hypervisor = PV_HV_XEN, .features = 0xff};
	char text[256];

	pv_platform_features(&p, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text,
			   "APIC_ACCESS_VIRT X2APIC_VIRT IOMMU_MAPPINGS VCPU_ID_PRESENT "
			   "DOMID_PRESENT EXT_DEST_ID UPCALL_VECTOR bit7");
	p.hypervisor = PV_HV_TCG;
	p.features = 0;
	KUNIT_EXPECT_EQ(test, pv_platform_features(&p, text, sizeof(text)), 0);
	KUNIT_EXPECT_STREQ(test, text, "");
}

static void names_of_enums(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, pv_hypervisor_name(PV_HV_KVM), "KVM");
	KUNIT_EXPECT_STREQ(test, pv_hypervisor_name(PV_HV_TCG), "QEMU TCG");
	KUNIT_EXPECT_STREQ(test, pv_hypervisor_name(PV_HV_XEN), "Xen");
	KUNIT_EXPECT_STREQ(test, pv_hypervisor_name((enum pv_hypervisor)99), "unknown");
	KUNIT_EXPECT_STREQ(test, pv_xen_mode_name(PV_XEN_PVH), "PVH");
	KUNIT_EXPECT_STREQ(test, pv_xen_mode_name((enum pv_xen_mode)99), "unknown");
}

static struct kunit_case names_cases[] = {
	KUNIT_CASE(names_features_of_kvm),
	KUNIT_CASE(names_features_cut),
	KUNIT_CASE(names_features_of_others),
	KUNIT_CASE(names_of_enums),
	{},
};

static struct kunit_suite names_suite = {
	.name = "detect_names",
	.test_cases = names_cases,
};

kunit_test_suite(names_suite);
