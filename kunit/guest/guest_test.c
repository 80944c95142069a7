/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In a Linux guest of Xen or of KVM: what the library says of the machine and of the time is
 * what Linux says. Both read the same CPUID, and the same clock page.
 *
 * Covers: pv-core/detect.c pv-core/clock.c pv-core/pvclock.c pv-core/xen/xen_time.c
 */
#include <asm/hypervisor.h>
#include <asm/processor.h>
#include <asm/tsc.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <pv/clock.h>
#include <pv/detect.h>

#include "arch/x86/x86.h"
#include "clock.h"
#include "linux.h"

#define NS 1000000000ll

static void hypervisor_as_linux(struct kunit *test)
{
	static const struct {
		enum x86_hypervisor_type linux_type;
		enum pv_hypervisor ours;
	} same[] = {
		{X86_HYPER_KVM, PV_HV_KVM},
		{X86_HYPER_XEN_PV, PV_HV_XEN},
		{X86_HYPER_XEN_HVM, PV_HV_XEN},
	};
	unsigned int i, found = 0;

	for (i = 0; i < ARRAY_SIZE(same); i++) {
		if (x86_hyper_type != same[i].linux_type)
			continue;
		found++;
		KUNIT_EXPECT_EQ(test, (int)pv_platform()->hypervisor, (int)same[i].ours);
	}
	KUNIT_EXPECT_EQ(test, found, 1u);
}

static void cpuid_base_as_linux(struct kunit *test)
{
	const struct pv_platform *p = pv_platform();
	uint32_t base = hypervisor_cpuid_base(
		p->hypervisor == PV_HV_XEN ? "XenVMMXenVMM" : "KVMKVMKVM\0\0\0", 1);

	KUNIT_EXPECT_NE(test, base, 0u);
	KUNIT_EXPECT_EQ(test, p->cpuid_base, base);
	KUNIT_EXPECT_EQ(test, p->cpuid_max, cpuid_eax(base));
}

static void cpu_vendor_as_linux(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, pv_platform()->cpu_vendor, boot_cpu_data.x86_vendor_id);
}

/* Of one page two readings of Linux', and between them one of ours. */
static void clock_between_linux_readings(struct kunit *test)
{
	void *page = pv_guest_clock_page(pv_platform());
	pv_linux_pvclock_fn read = pv_linux_pvclock();
	uint64_t before, ours, after;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, read);
	for (i = 0; i < 100; i++) {
		preempt_disable();
		before = read(page);
		ours = pv_clock_now();
		after = read(page);
		preempt_enable();
		KUNIT_ASSERT_NE(test, before, 0ull);
		KUNIT_ASSERT_LE(test, before, ours);
		KUNIT_ASSERT_LE(test, ours, after);
	}
}

/*
 * What passes between two of our readings is at least what passes by ktime between them, and at
 * most what passes around them; but for 0.2 %, by which the factors of both may differ.
 */
static void clock_goes_as_ktime(struct kunit *test)
{
	int64_t a0, a1, b0, b1, ours;

	a0 = ktime_to_ns(ktime_get_raw());
	ours = (int64_t)pv_clock_now();
	a1 = ktime_to_ns(ktime_get_raw());
	mdelay(50);
	b0 = ktime_to_ns(ktime_get_raw());
	ours = (int64_t)pv_clock_now() - ours;
	b1 = ktime_to_ns(ktime_get_raw());
	KUNIT_EXPECT_GE(test, ours, (b0 - a1) - (b0 - a1) / 500);
	KUNIT_EXPECT_LE(test, ours, (b1 - a0) + (b1 - a0) / 500);
}

static void tsc_frequency_as_linux(struct kunit *test)
{
	uint64_t khz = pv_clock_tsc_khz();

	KUNIT_EXPECT_GE(test, khz, (uint64_t)tsc_khz - tsc_khz / 1000);
	KUNIT_EXPECT_LE(test, khz, (uint64_t)tsc_khz + tsc_khz / 1000);
}

/*
 * Linux' own reading of what the hypervisor says, not ktime_get_real(): that counts ticks until a
 * clock is chosen, and on a busy machine loses seconds of them.
 */
static void wall_clock_as_linux(struct kunit *test)
{
	void (*read)(struct timespec64 * now) = pv_linux_symbol("read_persistent_clock64");
	struct timespec64 before, after;
	struct pv_wall_time wall;
	int64_t ours;

	KUNIT_ASSERT_NOT_NULL(test, read);
	read(&before);
	KUNIT_ASSERT_EQ(test, pv_clock_wall(&wall), 0);
	read(&after);
	KUNIT_EXPECT_NE(test, before.tv_sec, 0ll);
	KUNIT_EXPECT_LT(test, wall.nsec, 1000000000u);
	ours = (int64_t)wall.sec * NS + wall.nsec;
	KUNIT_EXPECT_GE(test, ours, timespec64_to_ns(&before) - NS);
	KUNIT_EXPECT_LE(test, ours, timespec64_to_ns(&after) + NS);
}

static int begin(struct kunit *test)
{
	return pv_guest_clock_start(pv_platform());
}

static void end(struct kunit *test)
{
	pv_guest_clock_end();
}

static struct kunit_case guest_cases[] = {
	KUNIT_CASE(hypervisor_as_linux), KUNIT_CASE(cpuid_base_as_linux),
	KUNIT_CASE(cpu_vendor_as_linux), KUNIT_CASE(clock_between_linux_readings),
	KUNIT_CASE(clock_goes_as_ktime), KUNIT_CASE(tsc_frequency_as_linux),
	KUNIT_CASE(wall_clock_as_linux), {},
};

static struct kunit_suite guest_suite = {
	.name = "guest",
	.init = begin,
	.exit = end,
	.test_cases = guest_cases,
};

kunit_test_suite(guest_suite);
