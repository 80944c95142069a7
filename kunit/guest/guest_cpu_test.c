/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In a Linux guest of two vCPUs, of Xen or of KVM: which CPUs there are, the time on each of them,
 * and the time that others had, are what Linux says. Both read the same tables, pages and areas.
 *
 * Covers: pv-core/clock.c pv-core/kvm/kvm_steal.c pv-core/madt.c pv-core/steal.c
 * pv-core/xen/runstate.c
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <pv/clock.h>
#include <pv/cpu.h>
#include <pv/os.h>

#include "clock.h"
#include "cpus.h"
#include "linux.h"
#include "pv-core/cpu.h"

#define CPUS 2

static bool on_xen(void)
{
	return pv_platform()->hypervisor == PV_HV_XEN;
}

struct madt {
	struct pv_cpu_info info[CPUS];
	unsigned int present;
};

static void note(const struct pv_cpu_info *info, void *arg)
{
	struct madt *m = arg;

	if (info->present && m->present++ < CPUS)
		m->info[m->present - 1] = *info;
}

/*
 * The library's numbers, which are the places in the MADT, are Linux', and so are APIC and ACPI
 * identifiers.
 */
static void cpus_as_linux(struct kunit *test)
{
	struct madt m = {};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_linux_cpus(), (unsigned int)CPUS);
	KUNIT_EXPECT_GE(test, pv_madt_cpus(0, note, &m), (unsigned int)CPUS);
	KUNIT_ASSERT_EQ(test, m.present, (unsigned int)CPUS);
	for (i = 0; i < CPUS; i++) {
		KUNIT_EXPECT_EQ(test, m.info[i].apic_id, pv_linux_apic_id(i));
		KUNIT_EXPECT_EQ(test, m.info[i].uid, pv_linux_acpi_uid(i));
	}
}

static void number_on_each_cpu_as_linux(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < CPUS; i++) {
		KUNIT_ASSERT_EQ(test, pv_linux_run_on(i), 0);
		KUNIT_EXPECT_EQ(test, pv_os_cpu(), i);
	}
}

/* Of a CPU's page two readings of Linux', and between them one of ours. */
static void clock_on_each_cpu_between_linux_readings(struct kunit *test)
{
	pv_linux_pvclock_fn read = pv_linux_pvclock();
	uint64_t before, ours, after;
	unsigned int i, k;
	void *page;

	KUNIT_ASSERT_NOT_NULL(test, read);
	for (i = 0; i < CPUS; i++) {
		KUNIT_ASSERT_EQ(test, pv_linux_run_on(i), 0);
		page = pv_guest_clock_page(pv_platform());
		KUNIT_ASSERT_NOT_NULL(test, page);
		for (k = 0; k < 100; k++) {
			preempt_disable();
			before = read(page);
			ours = pv_clock_now();
			after = read(page);
			preempt_enable();
			KUNIT_ASSERT_LE(test, before, ours);
			KUNIT_ASSERT_LE(test, ours, after);
		}
	}
}

/* Each CPU sleeps and wakes, for which it waits for a processor every time. */
static void sleep_on_each(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < CPUS; i++) {
		KUNIT_ASSERT_EQ(test, pv_linux_run_on(i), 0);
		msleep(20);
	}
}

/* One reading of ours between two of Linux', which are the same: nothing was stolen meanwhile. */
static void compare_stolen(struct kunit *test, pv_linux_stolen_fn read, unsigned int cpu)
{
	uint64_t before, ours, after;
	unsigned int tries = 0;

	do {
		preempt_disable();
		before = read((int)cpu);
		ours = pv_clock_stolen_ns(cpu);
		after = read((int)cpu);
		preempt_enable();
	} while (before != after && ++tries < 1000);
	KUNIT_EXPECT_EQ(test, before, after);
	KUNIT_EXPECT_EQ(test, ours, after);
	KUNIT_EXPECT_NE(test, ours, 0ull);
}

/* From either CPU, and of either CPU. */
static void stolen_as_linux(struct kunit *test)
{
	pv_linux_stolen_fn read = pv_linux_stolen(on_xen());
	unsigned int from, of;

	KUNIT_ASSERT_NOT_NULL(test, read);
	KUNIT_ASSERT_TRUE(test, pv_clock_stolen_known());
	sleep_on_each(test);
	for (from = 0; from < CPUS; from++) {
		KUNIT_ASSERT_EQ(test, pv_linux_run_on(from), 0);
		for (of = 0; of < CPUS; of++)
			compare_stolen(test, read, of);
	}
}

static void stolen_is_less_than_passed(struct kunit *test)
{
	uint64_t stolen[CPUS], begin = pv_clock_now(), passed;
	unsigned int i;

	for (i = 0; i < CPUS; i++)
		stolen[i] = pv_clock_stolen_ns(i);
	sleep_on_each(test);
	KUNIT_ASSERT_EQ(test, pv_linux_run_on(0), 0);
	for (i = 0; i < CPUS; i++)
		stolen[i] = pv_clock_stolen_ns(i) - stolen[i];
	passed = pv_clock_now() - begin;
	/* The readings are not of one moment. */
	for (i = 0; i < CPUS; i++)
		KUNIT_EXPECT_LE(test, stolen[i], passed + passed / 2);
}

static int begin(struct kunit *test)
{
	int err = pv_guest_clock_start(pv_platform());

	return err ? err : pv_guest_cpus_start(pv_platform());
}

static void end(struct kunit *test)
{
	pv_guest_cpus_end();
	pv_guest_clock_end();
}

static struct kunit_case guest_cpu_cases[] = {
	KUNIT_CASE(cpus_as_linux),
	KUNIT_CASE(number_on_each_cpu_as_linux),
	KUNIT_CASE(clock_on_each_cpu_between_linux_readings),
	KUNIT_CASE(stolen_as_linux),
	KUNIT_CASE(stolen_is_less_than_passed),
	{},
};

static struct kunit_suite guest_cpu_suite = {
	.name = "guest_cpu",
	.init = begin,
	.exit = end,
	.test_cases = guest_cpu_cases,
};

kunit_test_suite(guest_cpu_suite);
