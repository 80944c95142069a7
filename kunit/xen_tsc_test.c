/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What Xen says of the TSC: emulated or not, as PVH and as PV, and a Xen that does not say.
 *
 * Covers: pv-core/xen/xen_tsc.c
 */
#include <kunit/test.h>
#include <pv/abi/xen.h>
#include <pv/fake.h>
#include <pv/pv.h>

static struct pv_fake_leaf leaves[] = {
	{.leaf = 1, .value = {.ecx = 1u << 31}},
	{.leaf = 0x40000000,
	 .value = {0x40000005, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
		   XEN_CPUID_SIGNATURE_EDX}},
	{.leaf = 0x40000003, .value = {.eax = 0x3, .ebx = 1, .ecx = 2400000, .edx = 7}},
	{.leaf = 0x40000003, .subleaf = 1, .value = {.eax = 0xbad}, .last = true},
};

static void begin(struct kunit *test, uint32_t max)
{
	const struct pv_init_args args = {0};

	leaves[1].value.eax = max;
	pv_fake_cpuid(leaves);
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
}

static void xen_tsc_told(struct kunit *test)
{
	struct pv_xen_tsc tsc = {0};

	begin(test, 0x40000005);
	KUNIT_EXPECT_EQ(test, pv_xen_tsc(&tsc), 0);
	KUNIT_EXPECT_TRUE(test, tsc.mode == 1 && tsc.khz == 2400000 && tsc.incarnation == 7);
	KUNIT_EXPECT_TRUE(test, tsc.emulated && tsc.reliable);
	leaves[2].value.eax = 0x4;
	KUNIT_EXPECT_EQ(test, pv_xen_tsc(&tsc), 0);
	KUNIT_EXPECT_TRUE(test, !tsc.emulated && !tsc.reliable);
	leaves[2].value.eax = 0x3;
	pv_shutdown();
}

static void xen_tsc_not_told(struct kunit *test)
{
	struct pv_xen_tsc tsc;

	begin(test, 0x40000002);
	KUNIT_EXPECT_EQ(test, pv_xen_tsc(&tsc), PV_ENOTSUP);
	pv_shutdown();
	leaves[1].value.ebx ^= 1;
	begin(test, 0x40000005);
	KUNIT_EXPECT_EQ(test, pv_xen_tsc(&tsc), PV_ENOTSUP);
	leaves[1].value.ebx ^= 1;
	pv_shutdown();
}

static struct kunit_case tsc_cases[] = {
	KUNIT_CASE(xen_tsc_told),
	KUNIT_CASE(xen_tsc_not_told),
	{},
};

static struct kunit_suite tsc_suite = {
	.name = "xen_tsc",
	.test_cases = tsc_cases,
};
kunit_test_suite(tsc_suite);
