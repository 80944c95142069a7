/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What a hypervisor has for CPUs, of which any part may be missing: sets of CPUs that are
 * interrupted, stolen time, with no such table, with an empty one, and with one of each kind of
 * entry.
 *
 * Covers: pv-core/cpu.c pv-core/ipi.c pv-core/lapic.c pv-core/steal.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/ipi.h>
#include <pv/pv.h>

#include "pv-core/clock.h"
#include "pv-core/cpu.h"
#include "pv-core/lapic.h"

#define APIC_PAGE 0xfee00000ull

static const struct pv_fake_leaf with_apic[] = {
	{.leaf = 1, .value = {.edx = 1u << 9}, .last = true},
};

static struct {
	uint64_t low, high;
	uint32_t first;
	unsigned int multis;
	uint32_t icr[8], to[8];
	unsigned int icrs;
	unsigned int pending; /* reads of the page's ICR that say that it is busy; ~0u: all */
	uint32_t spacing;     /* of APIC identifiers */
	unsigned int cpus;
} host;

static uint64_t read_msr(uint32_t msr)
{
	return msr == 0x1b ? APIC_PAGE | 0xc00 : 0;
}

static void write_msr(uint32_t msr, uint64_t v)
{
	if (msr != 0x830 || host.icrs == 8)
		return;
	host.icr[host.icrs] = (uint32_t)v;
	host.to[host.icrs++] = (uint32_t)(v >> 32);
}

static bool find(uint32_t number, struct pv_cpu_info *info)
{
	info->apic_id = number * host.spacing;
	info->uid = number;
	info->present = true;
	return number < host.cpus;
}

static int start(const struct pv_cpu_info *info, bool again, void (*entry)(void *arg), void *arg,
		 void *stack_end)
{
	(void)info;
	(void)again;
	(void)entry;
	(void)arg;
	(void)stack_end;
	return 0;
}

static long multi(uint64_t low, uint64_t high, uint32_t first, uint32_t icr)
{
	(void)icr;
	host.low = low;
	host.high = high;
	host.first = first;
	host.multis++;
	return 0;
}

static struct pv_cpu_host ops;

static void nothing(void *arg)
{
	(void)arg;
}

static int begin(unsigned int cpus, uint32_t spacing)
{
	unsigned int i;
	int err;

	host.cpus = cpus;
	host.spacing = spacing;
	ops.find = find;
	ops.start = start;
	pv_cpu_register(&ops);
	err = pv_cpu_find(NULL) != (cpus < PV_CONFIG_MAX_CPUS ? cpus : PV_CONFIG_MAX_CPUS);
	for (i = 1; i < cpus && i < PV_CONFIG_MAX_CPUS && !err; i++)
		err = pv_cpu_start(i, nothing, NULL, NULL);
	return err;
}

static int host_init(struct kunit *test)
{
	(void)test;
	pv_clock_end();
	memset(&host, 0, sizeof(host));
	memset(&ops, 0, sizeof(ops));
	pv_fake.rdmsr = read_msr;
	pv_fake.wrmsr = write_msr;
	pv_fake_cpuid(with_apic);
	return pv_init(&(struct pv_init_args) {0});
}

static void host_exit(struct kunit *test)
{
	(void)test;
	pv_fake.cpu = 0;
	pv_shutdown();
	pv_cpu_register(NULL);
}

/* --- who there is ----------------------------------------------------------------------------- */

static void cpu_host_find(struct kunit *test)
{
	struct pv_cpu_info info;

	/* None that says, one that says nothing of it, one that has no end. */
	KUNIT_EXPECT_EQ(test, pv_cpu_find(NULL), 1);
	pv_shutdown();
	KUNIT_ASSERT_EQ(test, pv_init(&(struct pv_init_args) {0}), 0);
	pv_cpu_register(&ops);
	KUNIT_EXPECT_EQ(test, pv_cpu_find(NULL), 1);
	pv_shutdown();
	KUNIT_ASSERT_EQ(test, pv_init(&(struct pv_init_args) {0}), 0);
	KUNIT_EXPECT_EQ(test, begin(~0u, 1), 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(PV_CONFIG_MAX_CPUS - 1, &info), 0);
	KUNIT_EXPECT_EQ(test, info.uid, PV_CONFIG_MAX_CPUS - 1);
	KUNIT_EXPECT_EQ(test, pv_cpu_get(PV_CONFIG_MAX_CPUS, &info), PV_ENOENT);
}

/* Without the hypervisor's way, and without a map of the memory: what is tried is not there. */
static void cpu_host_no_map(struct kunit *test)
{
	ops.find = find;
	host.cpus = 2;
	pv_cpu_register(&ops);
	KUNIT_ASSERT_EQ(test, pv_cpu_find(NULL), 2);
	pv_fake.no_map = true;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(1, nothing, NULL, NULL), PV_ENOMEM);
	pv_fake.no_map = false;
	KUNIT_EXPECT_EQ(test, host.icrs, 0);
}

static void cpu_host_stolen(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(0), 0);
	KUNIT_EXPECT_FALSE(test, pv_clock_stolen_known());
	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(0));
	pv_cpu_register(&ops);
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(0), 0);
	KUNIT_EXPECT_FALSE(test, pv_clock_stolen_known());
	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(0));
}

/* --- interrupts between CPUs ------------------------------------------------------------------ */

/* Identifiers 0, 40, 80, 120, 160: the first four in one call, in both of its words. */
static void cpu_host_sets(struct kunit *test)
{
	static const uint64_t all[1] = {~0ull};
	int ipi;

	ops.ipi_multi = multi;
	KUNIT_ASSERT_EQ(test, begin(5, 40), 0);
	ipi = pv_ipi_open(nothing, NULL);
	KUNIT_ASSERT_GE(test, ipi, 0);
	pv_ipi_send_set(ipi, all);
	KUNIT_EXPECT_EQ(test, host.multis, 2);
	KUNIT_EXPECT_TRUE(test, host.first == 160 && host.low == 1 && host.high == 0);
	pv_ipi_send_set(ipi, (const uint64_t[]) {0xf});
	KUNIT_EXPECT_EQ(test, host.multis, 3);
	KUNIT_EXPECT_TRUE(test, host.first == 0 && host.low == (1ull | 1ull << 40));
	KUNIT_EXPECT_EQ(test, host.high, 1ull << 16 | 1ull << 56);
	KUNIT_EXPECT_EQ(test, host.icrs, 0);
	/* Without any table, and without that in it, one by one. */
	ops.ipi_multi = NULL;
	pv_ipi_send_set(ipi, (const uint64_t[]) {6});
	KUNIT_EXPECT_TRUE(test, host.icrs == 2 && host.to[0] == 40 && host.to[1] == 80);
	pv_cpu_register(NULL);
	pv_ipi_send_set(ipi, (const uint64_t[]) {8});
	KUNIT_EXPECT_TRUE(test, host.icrs == 3 && host.to[2] == 120);
	KUNIT_EXPECT_EQ(test, host.multis, 3);
	pv_ipi_close(ipi);
}

static long multi_refuses(uint64_t low, uint64_t high, uint32_t first, uint32_t icr)
{
	multi(low, high, first, icr);
	return PV_EINVAL;
}

static void cpu_host_refuses_set(struct kunit *test)
{
	int ipi;

	ops.ipi_multi = multi_refuses;
	KUNIT_ASSERT_EQ(test, begin(4, 40), 0);
	ipi = pv_ipi_open(nothing, NULL);
	KUNIT_ASSERT_GE(test, ipi, 0);
	pv_ipi_send_set(ipi, (const uint64_t[]) {0xf});
	KUNIT_EXPECT_EQ(test, host.icrs, 4);
	KUNIT_EXPECT_TRUE(test, host.to[0] == 0 && host.to[1] == 40 && host.to[2] == 80 &&
					host.to[3] == 120);
	pv_ipi_close(ipi);
}

static unsigned int opens;

static int open(unsigned int ipi, unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	(void)ipi;
	(void)fn;
	(void)arg;
	opens++;
	return cpu == 2 ? PV_ENOSPC : 0;
}

static void close(unsigned int ipi, unsigned int cpu)
{
	(void)ipi;
	(void)cpu;
}

/* The hypervisor's own, which it does not have for one of the CPUs: that one does not come up. */
static void cpu_host_own(struct kunit *test)
{
	int ipi;

	ops.ipi_open = open;
	ops.ipi_close = close;
	KUNIT_ASSERT_EQ(test, begin(4, 1), 0);
	opens = 0;
	pv_fake.cpu = 2;
	KUNIT_EXPECT_EQ(test, pv_ipi_open(nothing, NULL), PV_ENOSPC);
	pv_fake.cpu = 0;
	ipi = pv_ipi_open(nothing, NULL);
	KUNIT_ASSERT_GE(test, ipi, 0);
	KUNIT_ASSERT_GE(test, pv_ipi_open(nothing, NULL), 0);
	opens = 0;
	pv_fake.cpu = 2;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, opens, 1);
	pv_fake.cpu = 3;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	KUNIT_EXPECT_EQ(test, opens, 3);
	pv_cpu_exit();
	pv_fake.cpu = 0;
	pv_ipi_close(ipi);
}

/* --- the local APIC's page -------------------------------------------------------------------- */

static uint32_t page_read(void *arg, uint64_t offset, unsigned int size)
{
	(void)arg;
	(void)size;
	if (offset != PV_LAPIC_ICR || !host.pending)
		return 0;
	host.pending -= host.pending != ~0u;
	return 0x1000;
}

static void page_write(void *arg, uint64_t offset, unsigned int size, uint32_t value)
{
	(void)arg;
	(void)size;
	if (offset == PV_LAPIC_ICR_HIGH)
		host.to[host.icrs] = value;
	else if (offset == PV_LAPIC_ICR)
		host.icr[host.icrs++] = value;
	else
		host.low = value;
}

static uint64_t rdmsr_page(uint32_t msr)
{
	return msr == 0x1b ? APIC_PAGE | 0x800 : 0;
}

static struct pv_fake_region page = {
	.base = APIC_PAGE, .len = 4096, .read = page_read, .write = page_write};

/*
 * A command before this one that is not taken yet, and one that never is: waited for, but not for
 * ever.
 */
static void cpu_host_page(struct kunit *test)
{
	pv_fake.rdmsr = rdmsr_page;
	pv_fake_memory_add(&page);
	KUNIT_ASSERT_EQ(test, pv_lapic_init(), 0);
	host.pending = 3;
	pv_fake.pauses = 0;
	pv_lapic_send(7, 0x45);
	KUNIT_EXPECT_EQ(test, pv_fake.pauses, 3);
	KUNIT_EXPECT_TRUE(test, host.icrs == 1 && host.to[0] == 7u << 24 && host.icr[0] == 0x45);
	host.pending = ~0u;
	pv_lapic_send(8, 0x46);
	KUNIT_EXPECT_TRUE(test, host.icrs == 2 && host.to[1] == 8u << 24 && host.icr[1] == 0x46);
	pv_lapic_write(PV_LAPIC_DIVIDE, 11);
	KUNIT_EXPECT_EQ(test, host.low, 11);
}

static struct kunit_case host_cases[] = {
	KUNIT_CASE(cpu_host_find),	  KUNIT_CASE(cpu_host_no_map),
	KUNIT_CASE(cpu_host_stolen),	  KUNIT_CASE(cpu_host_sets),
	KUNIT_CASE(cpu_host_refuses_set), KUNIT_CASE(cpu_host_own),
	KUNIT_CASE(cpu_host_page),	  {},
};

static struct kunit_suite host_suite = {
	.name = "cpu_host",
	.init = host_init,
	.exit = host_exit,
	.test_cases = host_cases,
};
kunit_test_suite(host_suite);
