/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv_init()'s table of hypervisors: which entry is started, what is called of it and when, and what
 * becomes of a machine whose hypervisor the kernel does not name.
 *
 * Covers: pv-core/init.c
 */
#include <kunit/test.h>
#include <pv/control.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>
#include <pv/string.h>

#include "pv-core/clock.h"
#include "pv-core/xen/xen.h"

static const struct pv_fake_leaf kvm_cpuid[] = {
	{.leaf = 0, .value = {0x16, 0x756e6547, 0x6c65746e, 0x49656e69}},
	{.leaf = 1, .value = {.ecx = 1u << 31}},
	{.leaf = 0x40000000, .value = {0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d}, .last = true},
};

static const struct pv_fake_leaf tcg_cpuid[] = {
	{.leaf = 1, .value = {.ecx = 1u << 31}},
	{.leaf = 0x40000000,
	 .value = {0x40000001, 0x54474354, 0x43544743, 0x47435447},
	 .last = true},
};

static struct {
	int err; /* of init and cpu_start */
	const struct pv_platform *platform;
	const struct pv_boot_info *boot;
	unsigned int inits, works, starts, stops, ends, others;
	unsigned int scans_before; /* scans when init was called ... */
	bool bus_at_end;	   /* ... and whether the bus was still there at the end */
} seen;
static unsigned int scans;
static bool bus_there;

static int init(const struct pv_platform *platform, const struct pv_boot_info *boot)
{
	seen.inits++;
	seen.platform = platform;
	seen.boot = boot;
	seen.scans_before = scans;
	return seen.err;
}

static int work(void)
{
	seen.works++;
	return 3;
}

static int cpu_start(void)
{
	seen.starts++;
	return seen.err;
}

static void cpu_stop(void)
{
	seen.stops++;
}

static void end(void)
{
	seen.ends++;
	seen.bus_at_end = bus_there;
}

static int init_other(const struct pv_platform *platform, const struct pv_boot_info *boot)
{
	(void)platform;
	(void)boot;
	seen.others++;
	return 0;
}

static int scan(const struct pv_boot_info *boot)
{
	(void)boot;
	scans++;
	bus_there = true;
	return 0;
}

static void bus_end(void)
{
	bus_there = false;
}

static const struct pv_hv fake_kvm = {
	.id = PV_HV_KVM,
	.init = init,
	.work = work,
	.cpu_start = cpu_start,
	.cpu_stop = cpu_stop,
	.end = end,
};
static const struct pv_hv fake_xen = {.id = PV_HV_XEN, .init = init_other};
static const struct pv_hv only_init = {.id = PV_HV_KVM, .init = init};
static const struct pv_bus bus = {.name = "bus", .scan = scan, .end = bus_end};
static const struct pv_bus *const buses[] = {&bus, NULL};

static const struct pv_hv *const both[] = {&fake_xen, &fake_kvm, NULL};
static const struct pv_hv *const small[] = {&only_init, NULL};
static const struct pv_hv *const other[] = {&fake_xen, NULL};
static const struct pv_hv *const empty[] = {NULL};

static int start(const struct pv_hv *const *table)
{
	const struct pv_init_args args = {.hypervisors = table, .buses = buses};

	return pv_init(&args);
}

static int hv_init(struct kunit *test)
{
	(void)test;
	pv_memset(&seen, 0, sizeof(seen));
	scans = 0;
	bus_there = false;
	pv_clock_end(); /* another suite's */
	pv_fake_cpuid(kvm_cpuid);
	return 0;
}

static void hv_exit(struct kunit *test)
{
	(void)test;
	pv_shutdown();
}

static void hv_named(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, start(both), 0);
	KUNIT_EXPECT_EQ(test, seen.inits, 1);
	KUNIT_EXPECT_EQ(test, seen.others, 0);
	KUNIT_EXPECT_PTR_EQ(test, seen.platform, pv_platform());
	KUNIT_EXPECT_NOT_NULL(test, seen.boot); /* also where the kernel knows nothing */
	KUNIT_EXPECT_EQ(test, seen.scans_before, 0);
	KUNIT_EXPECT_EQ(test, scans, 1);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("not in the kernel's table"));

	KUNIT_EXPECT_EQ(test, pv_work(), 3);
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	KUNIT_EXPECT_EQ(test, seen.starts, 1);
	seen.err = PV_ENOSPC;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), PV_ENOSPC);
	pv_cpu_exit();
	KUNIT_EXPECT_EQ(test, seen.stops, 1);

	pv_shutdown();
	KUNIT_EXPECT_EQ(test, seen.ends, 1);
	KUNIT_EXPECT_FALSE(test, seen.bus_at_end);
	/* It is over. */
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	pv_cpu_exit();
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, seen.works, 1);
	KUNIT_EXPECT_EQ(test, seen.stops, 1);
	KUNIT_EXPECT_EQ(test, seen.ends, 1);
}

/* Only init is there. */
static void hv_small(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, start(small), 0);
	KUNIT_EXPECT_EQ(test, seen.inits, 1);
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	pv_cpu_exit();
}

/* What did not start is not called, and the rest goes on. */
static void hv_fails(struct kunit *test)
{
	seen.err = PV_ENOSYS;
	KUNIT_ASSERT_EQ(test, start(both), 0);
	KUNIT_EXPECT_EQ(test, seen.inits, 1);
	KUNIT_EXPECT_EQ(test, scans, 1);
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, seen.works + seen.starts + seen.ends, 0);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("not in the kernel's table"));
}

static void hv_not_named(struct kunit *test)
{
	static const struct pv_hv *const *const tables[] = {NULL, empty, other};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(tables); i++) {
		pv_fake_log_reset();
		KUNIT_ASSERT_EQ(test, start(tables[i]), 0);
		KUNIT_EXPECT_EQ(test, pv_platform()->hypervisor, PV_HV_KVM);
		KUNIT_EXPECT_FALSE(test, pv_clock_present());
		KUNIT_EXPECT_TRUE(test, pv_fake_logged("KVM: not in the kernel's table"));
		KUNIT_EXPECT_EQ(test, scans, i + 1);
		KUNIT_EXPECT_EQ(test, pv_work(), 0);
		pv_shutdown();
	}
	KUNIT_EXPECT_EQ(test, seen.others, 0);
}

/* One that the library has nothing for is no news. */
static void hv_not_known(struct kunit *test)
{
	pv_fake_cpuid(tcg_cpuid);
	KUNIT_ASSERT_EQ(test, start(both), 0);
	KUNIT_EXPECT_EQ(test, pv_platform()->hypervisor, PV_HV_TCG);
	KUNIT_EXPECT_EQ(test, seen.inits + seen.others, 0);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("not in the kernel's table"));
}

/* Xen without Xen's support: no hypercall is made, and xenbus says that there is none. */
static void hv_xen_not_named(struct kunit *test)
{
	static const struct pv_bus *const xenbus[] = {&pv_xenbus, NULL};
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(), .buses = xenbus};

	pv_fake_xen_start();
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_EQ(test, pv_platform()->hypervisor, PV_HV_XEN);
	KUNIT_EXPECT_FALSE(test, pv_xen_present());
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen: not in the kernel's table"));
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("xenbus: this machine has none"));
}

/* --- buses ------------------------------------------------------------------------------------ */

static unsigned int bus_works, bus_resumes;

static int bus_work(void)
{
	bus_works++;
	return 5;
}

static int bus_resume(void)
{
	bus_resumes++;
	return 0;
}

static int saved(void)
{
	return 0;
}

static void hv_bus_works(struct kunit *test)
{
	static const struct pv_bus busy = {
		.name = "busy", .scan = scan, .work = bus_work, .resume = bus_resume};
	static const struct pv_bus *const two[] = {&bus, &busy, NULL};
	static const struct pv_hv moves = {
		.id = PV_HV_KVM, .init = init, .suspend = saved, .resume = saved};
	static const struct pv_hv *const table[] = {&moves, NULL};
	const struct pv_init_args args = {.hypervisors = table, .buses = two};

	bus_works = bus_resumes = 0;
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_EQ(test, pv_work(), 5);
	KUNIT_EXPECT_EQ(test, bus_works, 1);
	KUNIT_EXPECT_EQ(test, pv_suspend(), 0);
	KUNIT_EXPECT_EQ(test, bus_resumes, 1);
}

/* More buses than it is noted of whether they were there: those are not ended. */
static unsigned int ended;

static void many_end(void)
{
	ended++;
}

static int absent(const struct pv_boot_info *boot)
{
	(void)boot;
	return PV_ENODEV;
}

static int fails(const struct pv_boot_info *boot)
{
	(void)boot;
	return PV_EIO;
}

static void hv_many_buses(struct kunit *test)
{
	static const struct pv_bus there = {.name = "there", .scan = scan, .end = many_end};
	static const struct pv_bus none = {.name = "none", .scan = absent, .end = many_end};
	static const struct pv_bus broken = {.name = "broken", .scan = fails, .end = many_end};
	static const struct pv_bus endless = {.name = "endless", .scan = scan};
	static const struct pv_bus *many[67];
	const struct pv_init_args args = {.buses = many};
	unsigned int i;

	for (i = 0; i < 66; i++)
		many[i] = &there;
	many[1] = &none;
	many[2] = &broken;
	many[3] = &endless;
	ended = 0;
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_EQ(test, scans, 64);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("broken: looking for devices failed, error -5"));
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, ended, 61);
}

static struct kunit_case hv_cases[] = {
	KUNIT_CASE(hv_bus_works), KUNIT_CASE(hv_many_buses),	KUNIT_CASE(hv_named),
	KUNIT_CASE(hv_small),	  KUNIT_CASE(hv_fails),		KUNIT_CASE(hv_not_named),
	KUNIT_CASE(hv_not_known), KUNIT_CASE(hv_xen_not_named), {},
};

static struct kunit_suite hv_suite = {
	.name = "hv",
	.init = hv_init,
	.exit = hv_exit,
	.test_cases = hv_cases,
};

kunit_test_suite(hv_suite);
