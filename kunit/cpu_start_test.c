/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A CPU is started by INIT and SIPI through the trampoline, and ended; on a machine with a local
 * APIC in either mode.
 *
 * Covers: arch/x86/ap_start.c pv-core/cpu.c pv-core/cpu_host.c pv-core/lapic.c pv-core/trampoline.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/fake.h>
#include <pv/pv.h>

#include "arch/x86/x86.h"
#include "fake_acpi.h"
#include "pv-core/cpu.h"

#define MSR_APIC_BASE 0x1b
#define MSR_EFER      0xc0000080
#define MSR_X2APIC_ID 0x802
#define MSR_ICR	      0x830
#define APIC_PAGE     0xfee00000ull
#define LOW_SIZE      (5 * PV_PAGE_SIZE)

#define KERNEL_SLOT 300 /* of the topmost table: where the fake kernel is */

static const struct pv_fake_leaf with_apic[] = {
	{.leaf = 1, .value = {.edx = 1u << 9}, .last = true},
};

static struct fake_acpi acpi;
static struct fake_madt madt;
static struct pv_boot_info boot;

/* What the other CPU does when it is told to begin. */
static struct {
	unsigned int inits, startups;
	uint32_t id, page;
	unsigned int lost; /* SIPIs that it does not hear */
	uint32_t high;	   /* the page's ICR */
	void (*comes_up)(void);
} ap;

static uint8_t low[LOW_SIZE] PV_ALIGNED(4096);
static struct pv_fake_region low_region = {
	.base = PV_CONFIG_TRAMPOLINE, .len = LOW_SIZE, .memory = low};

/*
 * Page tables, where a physical address is: in a kernel that of the host port's pages has too many
 * bits.
 */
static uint64_t tables[3][512] PV_ALIGNED(4096);
static struct pv_fake_region tables_region = {
	.base = 0x200000, .len = sizeof(tables), .memory = tables};
static uint64_t *const root = tables[0];
static void *off[5];

/* --- the machine ------------------------------------------------------------------------------ */

static void command(uint32_t id, uint32_t icr)
{
	ap.id = id;
	if ((icr & 0x700) == 0x500) {
		ap.inits++;
	} else if ((icr & 0x700) == 0x600) {
		ap.startups++;
		ap.page = (icr & 0xff) << 12;
		if (ap.lost && ap.lost--)
			return;
		if (ap.comes_up)
			ap.comes_up();
		pv_ap_arrived = 1;
	}
}

static void x2apic_wrmsr(uint32_t msr, uint64_t value)
{
	if (msr != MSR_ICR)
		pv_os_panic("WRMSR of something else");
	command((uint32_t)(value >> 32), (uint32_t)value);
}

static uint32_t apic_read(void *arg, uint64_t offset, unsigned int size)
{
	(void)arg;
	(void)size;
	return offset == 0x20 ? 3u << 24 : 0;
}

static void apic_write(void *arg, uint64_t offset, unsigned int size, uint32_t value)
{
	(void)arg;
	(void)size;
	if (offset == 0x310)
		ap.high = value;
	else if (offset == 0x300)
		command(ap.high >> 24, value);
}

static struct pv_fake_region apic_region = {
	.base = APIC_PAGE, .len = 4096, .read = apic_read, .write = apic_write};

static int begin(struct kunit *test)
{
	(void)test;
	memset(&ap, 0, sizeof(ap));
	memset(&boot, 0, sizeof(boot));
	memset(low, 0xee, sizeof(low));
	memset(&madt, 0, sizeof(madt));
	fake_acpi_init(&acpi);
	pv_fake_memory_add(&low_region);
	pv_fake_cpuid(with_apic);
	pv_fake_msr_add(MSR_APIC_BASE, APIC_PAGE | 1 << 11 | 1 << 10);
	pv_fake_msr_add(MSR_X2APIC_ID, 3);
	pv_fake_msr_add(MSR_EFER, 0xd01); /* NXE, LMA, LME, SCE */
	pv_fake_msr_add(MSR_ICR, 0);
	memset(tables, 0, sizeof(tables));
	pv_fake_memory_add(&tables_region);
	root[KERNEL_SLOT] = 0x123456063;
	pv_fake.cr3 = pv_os_virt_to_phys(root);
	pv_fake.cr4 = 0x6b0;
	pv_fake.cr0 = 0x80010033;
	return pv_init(&(struct pv_init_args) {.boot = &boot});
}

static void end(struct kunit *test)
{
	(void)test;
	pv_shutdown();
	pv_cpu_register(NULL);
}

/* Writes of MSRs are seen from here on. */
static void watch(void)
{
	pv_fake.wrmsr = x2apic_wrmsr;
}

static void entry(void *arg)
{
	(void)arg;
}

/* --- start ------------------------------------------------------------------------------------ */

static struct {
	struct pv_ap_start start;
	uint64_t own, kernel; /* where addresses 0x8123 and KERNEL_SLOT's table lead */
	bool code;
} seen;

static uint64_t *page_at(uint64_t pa)
{
	if (pa - PV_CONFIG_TRAMPOLINE < LOW_SIZE)
		return (uint64_t *)(low + (pa - PV_CONFIG_TRAMPOLINE));
	return NULL;
}

/* As the new CPU does: looks at its code, and walks its tables. */
static void look(void)
{
	const size_t at = (size_t)(pv_ap_trampoline_start - pv_ap_trampoline);
	uint64_t *t;
	unsigned int level;

	seen.code = !memcmp(low, pv_ap_trampoline, at);
	memcpy(&seen.start, low + at, sizeof(seen.start));
	t = page_at(seen.start.low_cr3);
	seen.kernel = t ? t[KERNEL_SLOT] : 0;
	for (level = pv_fake.cr4 & 1 << 12 ? 4 : 3; t && level > 1; level--)
		t = (t[0] & 0xfff) == 3 ? page_at(t[0] & ~0xfffull) : NULL;
	seen.own = t ? t[0] : ~0ull;
}

static void two_cpus(void)
{
	fake_madt_lapic(&madt, 0, 3, 1);
	fake_madt_lapic(&madt, 1, 9, 1);
	boot.rsdp = fake_madt_root(&acpi, &madt);
	pv_cpu_find(&boot);
	memset(&seen, 0, sizeof(seen));
	ap.comes_up = look;
}

static void cpu_starts(struct kunit *test)
{
	const struct pv_ap_start *s = &seen.start;
	struct pv_cpu_info info;

	two_cpus();
	watch();
	KUNIT_ASSERT_EQ(test, pv_cpu_start(1, entry, &info, low + 64), 0);
	KUNIT_EXPECT_TRUE(test, ap.inits == 1 && ap.startups == 1 && ap.id == 9);
	KUNIT_EXPECT_EQ(test, ap.page, PV_CONFIG_TRAMPOLINE);
	KUNIT_EXPECT_TRUE(test, seen.code);
	KUNIT_EXPECT_EQ(test, seen.own, 0x83);
	KUNIT_EXPECT_EQ(test, seen.kernel, 0x123456063);
	KUNIT_EXPECT_EQ(test, s->low_cr4, 0x20);
	KUNIT_EXPECT_EQ(test, s->efer, 0x901); /* never LMA */
	KUNIT_EXPECT_EQ(test, s->jump_offset,
			PV_CONFIG_TRAMPOLINE + (pv_ap_trampoline_long - pv_ap_trampoline));
	KUNIT_EXPECT_EQ(test, s->gdt_base,
			PV_CONFIG_TRAMPOLINE + (pv_ap_trampoline_start - pv_ap_trampoline) + 24);
	KUNIT_EXPECT_EQ(test, s->cr3, pv_fake.cr3);
	KUNIT_EXPECT_TRUE(test, s->cr0 == pv_fake.cr0 && s->cr4 == pv_fake.cr4);
	KUNIT_EXPECT_EQ(test, s->land, (uintptr_t)pv_ap_land);
	KUNIT_EXPECT_EQ(test, s->entry, (uintptr_t)entry);
	KUNIT_EXPECT_EQ(test, s->arg, (uintptr_t)&info);
	KUNIT_EXPECT_EQ(test, s->stack_end, (uintptr_t)low + 64);
	pv_cpu_get(1, &info);
	KUNIT_EXPECT_TRUE(test, info.started);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(0, entry, NULL, low), PV_EBUSY);
}

static void cpu_starts_by_page(struct kunit *test)
{
	pv_fake_msr_add(MSR_APIC_BASE, APIC_PAGE | 1 << 11);
	pv_fake_memory_add(&apic_region);
	two_cpus();
	KUNIT_ASSERT_EQ(test, pv_cpu_start(1, entry, NULL, low), 0);
	KUNIT_EXPECT_TRUE(test, ap.inits == 1 && ap.startups == 1 && ap.id == 9);
}

/* Five levels of tables; a kernel whose low memory is mapped by tables, and by a page of 1 GiB. */
static void cpu_starts_by_tables(struct kunit *test)
{
	uint64_t *pdpt = tables[1], *pd = tables[2], *t;
	unsigned int i;

	two_cpus();
	watch();
	pv_fake.cr4 |= 1 << 12;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), 0);
	KUNIT_EXPECT_EQ(test, seen.own, 0x83);
	KUNIT_EXPECT_EQ(test, seen.start.low_cr4, 0x1020);
	pv_fake.cr4 &= ~(1ull << 12);

	for (i = 0; i < 2; i++) {
		pv_shutdown();
		KUNIT_EXPECT_EQ(test, pv_init(&(struct pv_init_args) {.boot = &boot}), 0);
		pv_cpu_find(&boot);
		root[0] = pv_os_virt_to_phys(pdpt) | 0x63;
		pdpt[0] = i ? 0x800000e3 : pv_os_virt_to_phys(pd) | 0x63;
		pdpt[1] = 0x40000083;
		pd[0] = 0x5e3;
		pd[1] = 0x2000e3;
		KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), 0);
		KUNIT_EXPECT_EQ(test, seen.own, 0x83);
		/* What is beside it leads where it did. */
		t = (uint64_t *)(low + 2 * PV_PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, t[1], 0x40000083);
		t = (uint64_t *)(low + 3 * PV_PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, t[1], i ? 0x802000e3 : 0x2000e3);
	}
}

static void cpu_starts_again(struct kunit *test)
{
	two_cpus();
	watch();
	ap.lost = 1;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), 0);
	KUNIT_EXPECT_TRUE(test, ap.inits == 1 && ap.startups == 2);
}

static void cpu_does_not_start(struct kunit *test)
{
	struct pv_cpu_info info;

	two_cpus();
	watch();
	ap.lost = 2;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), PV_ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("APIC id 9"));
	pv_cpu_get(1, &info);
	KUNIT_EXPECT_FALSE(test, info.started);

	pv_fake.cr3 = 0x1000; /* out of reach */
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), PV_ENOMEM);
	boot.num_ranges = 1;
	boot.range[0] = (struct pv_range) {.base = 0, .size = 0x9000, .type = PV_RANGE_RAM};
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), PV_ENOTSUP);
	boot.num_ranges = 4;
	boot.range[1] = (struct pv_range) {.base = 0, .size = 0x9f000, .type = PV_RANGE_ACPI};
	boot.range[2] = (struct pv_range) {.base = 0x9000, .size = 0x9000, .type = PV_RANGE_RAM};
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), PV_ENOTSUP);
	boot.range[3] = (struct pv_range) {.base = 0, .size = 0x9f000, .type = PV_RANGE_RAM};
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), PV_ENOMEM);
	pv_fake_region_remove(&low_region);
	boot.num_ranges = 0;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), PV_ENOMEM);
}

/* --- end -------------------------------------------------------------------------------------- */

static void leave(void)
{
	pv_fake_leave(off);
}

static void cpu_off(struct kunit *test)
{
	struct pv_cpu_info info;

	two_cpus();
	watch();
	KUNIT_ASSERT_EQ(test, pv_cpu_start(1, entry, NULL, low), 0);
	pv_fake.halt_forever = leave;
	pv_fake.cpu = 1;
	if (!__builtin_setjmp(off))
		pv_cpu_off();
	pv_fake.cpu = 0;
	pv_cpu_get(1, &info);
	KUNIT_EXPECT_FALSE(test, info.started);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, entry, NULL, low), 0);
	KUNIT_EXPECT_EQ(test, ap.inits, 2);
	/* One that there is no place for, which the kernel started by itself. */
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	if (!__builtin_setjmp(off))
		pv_cpu_off();
	pv_fake.cpu = 0;
	pv_cpu_get(0, &info);
	KUNIT_EXPECT_TRUE(test, info.started);
}

static struct kunit_case start_cases[] = {
	KUNIT_CASE(cpu_starts),
	KUNIT_CASE(cpu_starts_by_page),
	KUNIT_CASE(cpu_starts_by_tables),
	KUNIT_CASE(cpu_starts_again),
	KUNIT_CASE(cpu_does_not_start),
	KUNIT_CASE(cpu_off),
	{},
};

static struct kunit_suite start_suite = {
	.name = "cpu_start",
	.init = begin,
	.exit = end,
	.test_cases = start_cases,
};
kunit_test_suite(start_suite);
