/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which CPUs there are: found in the MADT, or by the hypervisor's table; those that cannot be
 * started.
 *
 * Covers: pv-core/cpu.c pv-core/cpu_host.c pv-core/lapic.c pv-core/madt.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/fake.h>
#include <pv/pv.h>

#include "fake_acpi.h"
#include "pv-core/cpu.h"

#define MSR_APIC_BASE 0x1b
#define MSR_X2APIC_ID 0x802
#define APIC_PAGE     0xfee00000ull

static const struct pv_fake_leaf with_apic[] = {
	{.leaf = 1, .value = {.edx = 1u << 9}, .last = true},
};
static const struct pv_fake_leaf without_apic[] = {
	{.leaf = 1, .value = {.edx = 0}, .last = true},
};

static struct fake_acpi acpi;
static struct fake_madt madt;
static struct pv_boot_info boot;
static uint64_t stack[8];

static int begin(struct kunit *test)
{
	(void)test;
	memset(&boot, 0, sizeof(boot));
	memset(&madt, 0, sizeof(madt));
	fake_acpi_init(&acpi);
	pv_fake_cpuid(with_apic);
	pv_fake_msr_add(MSR_APIC_BASE, APIC_PAGE | 1 << 11 | 1 << 10);
	pv_fake_msr_add(MSR_X2APIC_ID, 3);
	return pv_init(&(struct pv_init_args) {.boot = &boot});
}

static void end(struct kunit *test)
{
	(void)test;
	pv_shutdown();
	pv_cpu_register(NULL);
}

static void entry(void *arg)
{
	(void)arg;
}

static void cpu_madt(struct kunit *test)
{
	struct pv_cpu_info info;

	/* The boot CPU is not the first; one is there twice; one is empty; one can come later. */
	fake_madt_lapic(&madt, 0, 0, 1);
	fake_madt_lapic(&madt, 1, 3, 1);
	fake_madt_lapic(&madt, 2, 0xff, 1);
	fake_madt_x2apic(&madt, 7, 300, 1);
	fake_madt_x2apic(&madt, 0, 0, 1);
	fake_madt_lapic(&madt, 3, 4, 0);
	boot.rsdp = fake_madt_root(&acpi, &madt);
	KUNIT_ASSERT_EQ(test, pv_cpu_find(&boot), 4);
	KUNIT_EXPECT_EQ(test, pv_cpu_find(NULL), 4);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(0, &info), 0);
	KUNIT_EXPECT_TRUE(test, info.apic_id == 3 && info.uid == 1 && info.present);
	KUNIT_EXPECT_TRUE(test, info.started);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(1, &info), 0);
	KUNIT_EXPECT_TRUE(test, info.apic_id == 0 && info.uid == 0 && info.present);
	KUNIT_EXPECT_FALSE(test, info.started);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(2, &info), 0);
	KUNIT_EXPECT_TRUE(test, info.apic_id == 300 && info.uid == 7 && info.present);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(3, &info), 0);
	KUNIT_EXPECT_TRUE(test, info.apic_id == 4 && !info.present);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(4, &info), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(3, entry, NULL, stack), PV_ENOENT);
}

static void cpu_madt_malformed(struct kunit *test)
{
	fake_madt_lapic(&madt, 0, 3, 1);
	fake_madt_lapic(&madt, 1, 5, 1);
	madt.entry[madt.len - 7] = 1; /* an entry shorter than its own head */
	fake_madt_lapic(&madt, 2, 6, 1);
	boot.rsdp = fake_madt_root(&acpi, &madt);
	KUNIT_EXPECT_EQ(test, pv_cpu_find(&boot), 1);
}

static void cpu_too_many(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < PV_CONFIG_MAX_CPUS + 6; i++)
		fake_madt_lapic(&madt, (uint8_t)i, (uint8_t)i, 1);
	boot.rsdp = fake_madt_root(&acpi, &madt);
	KUNIT_EXPECT_EQ(test, pv_cpu_find(&boot), PV_CONFIG_MAX_CPUS);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("6 beyond the 64"));
}

static void cpu_without_tables(struct kunit *test)
{
	struct pv_cpu_info info;

	KUNIT_EXPECT_EQ(test, pv_cpu_find(NULL), 1);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(0, &info), 0);
	KUNIT_EXPECT_EQ(test, info.apic_id, 3);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, stack), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(PV_CONFIG_MAX_CPUS, entry, NULL, stack), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(0x10000000, entry, NULL, stack), PV_ENOENT);
}

static bool some(uint32_t number, struct pv_cpu_info *info)
{
	info->uid = number;
	info->present = true;
	return number < 5;
}

static void cpu_by_hypervisor(struct kunit *test)
{
	static const struct pv_cpu_host ops = {.find = some};
	struct pv_cpu_info info;

	pv_cpu_register(&ops);
	KUNIT_ASSERT_EQ(test, pv_cpu_find(&boot), 5);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(4, &info), 0);
	KUNIT_EXPECT_EQ(test, info.uid, 4);
}

static void cpu_no_lapic(struct kunit *test)
{
	static const struct pv_cpu_host ops = {.find = some};

	pv_fake_cpuid(without_apic);
	pv_cpu_register(&ops);
	KUNIT_EXPECT_EQ(test, pv_cpu_find(&boot), 5);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, stack), PV_ENOTSUP);
	pv_fake_cpuid(with_apic);
	pv_fake_msr_add(MSR_APIC_BASE, APIC_PAGE);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, stack), PV_ENOTSUP);
}

static struct kunit_case cpu_cases[] = {
	KUNIT_CASE(cpu_madt),
	KUNIT_CASE(cpu_madt_malformed),
	KUNIT_CASE(cpu_too_many),
	KUNIT_CASE(cpu_without_tables),
	KUNIT_CASE(cpu_by_hypervisor),
	KUNIT_CASE(cpu_no_lapic),
	{},
};

static struct kunit_suite cpu_suite = {
	.name = "cpu",
	.init = begin,
	.exit = end,
	.test_cases = cpu_cases,
};
kunit_test_suite(cpu_suite);
