/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which local APICs an MSI message reaches, with extended destinations and without.
 *
 * Covers: pv-core/msi.c
 */
#include <kunit/test.h>
#include <pv/abi/kvm.h>
#include <pv/fake.h>
#include <pv/msi.h>
#include <pv/pv.h>

/* Signatures of leaf 0x40000000, and the feature word: of KVM in leaf 1, of Xen in leaf 4. */
static const struct msi_case {
	const char *name;
	uint32_t ebx, ecx, edx;
	uint32_t kvm, xen;
	uint32_t apic_id;
	uint64_t addr; /* 0: none */
} msi_table[] = {
	{"nothing", 0, 0, 0, 0, 0, 0xff, 0xfeeff000},
	{"nothing, beyond", 0, 0, 0, ~0u, ~0u, 0x100, 0},
	{"KVM", 0x4b4d564b, 0x564b4d56, 0x4d, 0, ~0u, 3, 0xfee03000},
	{"KVM without", 0x4b4d564b, 0x564b4d56, 0x4d, ~(1u << 15), ~0u, 0x100, 0},
	{"KVM with", 0x4b4d564b, 0x564b4d56, 0x4d, 1u << 15, 0, 0x100, 0xfee00020},
	{"KVM, all bits", 0x4b4d564b, 0x564b4d56, 0x4d, 1u << 15, 0, 0x7fff, 0xfeefffe0},
	{"KVM, beyond", 0x4b4d564b, 0x564b4d56, 0x4d, 1u << 15, 0, 0x8000, 0},
	{"Xen without", 0x566e6558, 0x65584d4d, 0x4d4d566e, ~0u, ~(1u << 5), 0x100, 0},
	{"Xen with", 0x566e6558, 0x65584d4d, 0x4d4d566e, 0, 1u << 5, 0x7f01, 0xfee01fe0},
};

static void msi_desc(const struct msi_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(msi, msi_table, msi_desc);

static void msi_reaches(struct kunit *test)
{
	const struct msi_case *c = test->param_value;
	const struct pv_fake_leaf leaves[] = {
		{.leaf = 1, .value = {.ecx = 1u << 31}},
		{.leaf = 0x40000000, .value = {0x40000004, c->ebx, c->ecx, c->edx}},
		{.leaf = 0x40000001, .value = {.eax = c->kvm}},
		{.leaf = 0x40000004, .value = {.eax = c->xen}, .last = true},
	};
	const struct pv_init_args args = {0};
	uint64_t addr = 0;

	pv_fake_cpuid(leaves);
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_EQ(test, pv_msi_address(c->apic_id, &addr), c->addr ? 0 : PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, addr, c->addr);
	pv_shutdown();
}

static struct kunit_case msi_cases[] = {
	KUNIT_CASE_PARAM(msi_reaches, msi_gen_params),
	{},
};

static struct kunit_suite msi_suite = {
	.name = "msi",
	.test_cases = msi_cases,
};
kunit_test_suite(msi_suite);
