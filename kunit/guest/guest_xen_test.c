/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In a Linux guest of Xen (PVH): the library's hypercalls and CPUID leaves say what Linux' do, and
 * what xenstore has of the domain, as Linux reads it. The store's ring is Linux', so the library's
 * own client is not asked.
 *
 * Covers: pv-core/detect.c arch/x86/xen_hypercall.c hypercall/xen.c
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <pv/detect.h>
#include <pv/log.h>

#include "hypercall/xen_call.h"
#include "hypercall/xen_hvm.h"
#include "hypercall/xen_vcpu.h"
#include "hypercall/xen_version.h"
#include "linux.h"

static int begin(struct kunit *test)
{
	pv_xen_call_init(pv_platform()->xen_mode, pv_platform()->cpu_vendor);
	return 0;
}

static void end(struct kunit *test)
{
	pv_xen_call_mode = PV_XEN_CALL_NONE;
}

static void version_as_linux(struct kunit *test)
{
	const struct pv_platform *p = pv_platform();

	KUNIT_EXPECT_EQ(test, pv_xen_version_version(), pv_linux_xen_version());
	KUNIT_EXPECT_EQ(test, (int)(p->xen_major << 16 | p->xen_minor), pv_linux_xen_version());
}

static void features_as_linux(struct kunit *test)
{
	uint32_t features = 0;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_xen_version_get_features(0, &features), 0);
	KUNIT_EXPECT_NE(test, features, 0u);
	for (i = 0; i < 32; i++)
		KUNIT_EXPECT_EQ(test, features >> i & 1, (uint32_t)pv_linux_xen_feature(i));
}

/* The leaf of HVM features (Xen public/arch-x86/cpuid.h, leaf 5): EBX the vCPU, ECX the domain. */
static struct pv_cpuid hvm_leaf(struct kunit *test)
{
	struct pv_cpuid r = pv_cpuid(pv_platform()->cpuid_base + 4, 0);

	KUNIT_EXPECT_EQ(test, r.eax, pv_platform()->features);
	return r;
}

static void vcpu_number_as_linux(struct kunit *test)
{
	struct pv_cpuid r;
	unsigned int i;

	for (i = 0; i < pv_linux_cpus(); i++) {
		KUNIT_ASSERT_EQ(test, pv_linux_run_on(i), 0);
		r = hvm_leaf(test);
		KUNIT_ASSERT_NE(test, r.eax & XEN_HVM_CPUID_VCPU_ID_PRESENT, 0u);
		KUNIT_EXPECT_EQ(test, r.ebx, pv_linux_xen_vcpu_id(i));
		KUNIT_EXPECT_EQ(test, pv_xen_vcpu_is_up(r.ebx), 1);
	}
	/* There are no more. */
	KUNIT_EXPECT_LT(test, pv_xen_vcpu_is_up(i), 0);
}

/* A number in xenstore, of the domain's own folder. */
static uint64_t store_number(struct kunit *test, const char *dir, const char *node)
{
	char text[32];
	u64 value;

	KUNIT_ASSERT_EQ(test, pv_linux_xenstore_read(dir, node, text, sizeof(text)), 0);
	KUNIT_ASSERT_EQ(test, kstrtoull(text, 10, &value), 0);
	return value;
}

static void domain_id_as_in_xenstore(struct kunit *test)
{
	struct pv_cpuid r = hvm_leaf(test);

	KUNIT_ASSERT_NE(test, r.eax & XEN_HVM_CPUID_DOMID_PRESENT, 0u);
	KUNIT_EXPECT_EQ(test, (uint64_t)r.ecx, store_number(test, "domid", ""));
}

/* `vm` is "/vm/" and the domain's UUID. */
static void domain_uuid_as_in_xenstore(struct kunit *test)
{
	xen_domain_handle_t u;
	char path[64], ours[64];

	KUNIT_ASSERT_EQ(test, pv_xen_version_guest_handle(&u), 0);
	KUNIT_ASSERT_EQ(test, pv_linux_xenstore_read("vm", "", path, sizeof(path)), 0);
	pv_snprintf(ours, sizeof(ours),
		    "/vm/%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		    u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
		    u[13], u[14], u[15]);
	KUNIT_EXPECT_STREQ(test, ours, path);
}

static void parameters_as_in_xenstore(struct kunit *test)
{
	static const struct {
		const char *dir, *node;
		uint32_t index;
	} same[] = {
		{"store", "ring-ref", HVM_PARAM_STORE_PFN},
		{"store", "port", HVM_PARAM_STORE_EVTCHN},
		{"console", "ring-ref", HVM_PARAM_CONSOLE_PFN},
		{"console", "port", HVM_PARAM_CONSOLE_EVTCHN},
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(same); i++) {
		uint64_t value = 0;

		KUNIT_ASSERT_EQ(test, pv_xen_hvm_get_param(same[i].index, &value), 0);
		KUNIT_EXPECT_NE(test, value, 0ull);
		KUNIT_EXPECT_EQ(test, value, store_number(test, same[i].dir, same[i].node));
	}
}

static struct kunit_case guest_xen_cases[] = {
	KUNIT_CASE(version_as_linux),
	KUNIT_CASE(features_as_linux),
	KUNIT_CASE(vcpu_number_as_linux),
	KUNIT_CASE(domain_id_as_in_xenstore),
	KUNIT_CASE(domain_uuid_as_in_xenstore),
	KUNIT_CASE(parameters_as_in_xenstore),
	{},
};

static struct kunit_suite guest_xen_suite = {
	.name = "guest_xen",
	.init = begin,
	.exit = end,
	.test_cases = guest_xen_cases,
};

kunit_test_suite(guest_xen_suite);
