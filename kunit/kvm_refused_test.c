/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What a guest of KVM does without: memory for a CPU's areas, CPUs beyond those that are kept
 * places for, one that does not stop, and features that are offered singly.
 *
 * Covers: pv-core/eoi.c pv-core/ipi.c pv-core/kvm/async_pf.c pv-core/kvm/kvm.c
 * pv-core/kvm/kvm_cpu.c pv-core/lapic.c pv-core/part.c pv-core/steal.c pv-core/timer_state.c
 */
#include <kunit/test.h>
#include <pv/abi/kvm.h>
#include <pv/config.h>
#include <pv/eoi.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/ipi.h>
#include <pv/kvm.h>
#include <pv/lock.h>
#include <pv/pv.h>
#include <pv/timer.h>
#include <pv/tlb.h>

#include "fake_kvm.h"
#include "pv-core/clock.h"
#include "pv-core/cpu.h"
#include "pv-core/part.h"

#define BEYOND PV_CONFIG_MAX_CPUS
#define STEAL  (1u << KVM_FEATURE_STEAL_TIME)
#define EOI    (1u << KVM_FEATURE_PV_EOI)
#define FAULTS (1u << KVM_FEATURE_ASYNC_PF | 1u << KVM_FEATURE_ASYNC_PF_INT)
#define CLOCK  (1u << KVM_FEATURE_CLOCKSOURCE2)

static struct {
	uint64_t steal, eoi, faults;
	unsigned int writes;
	uint64_t apic_base;
} host;

static uint64_t host_rdmsr(uint32_t msr)
{
	return msr == 0x1b ? host.apic_base : 0;
}

static void host_wrmsr(uint32_t msr, uint64_t v)
{
	host.writes++;
	if (msr == MSR_KVM_STEAL_TIME)
		host.steal = v;
	else if (msr == MSR_KVM_PV_EOI_EN)
		host.eoi = v;
	else if (msr == MSR_KVM_ASYNC_PF_EN)
		host.faults = v;
}

static int begin(uint32_t features)
{
	return fake_kvm_begin(NULL, features, 0);
}

static int refused_init(struct kunit *test)
{
	(void)test;
	pv_clock_end();
	memset(&host, 0, sizeof(host));
	host.apic_base = 0xfee00c00;
	pv_fake.rdmsr = host_rdmsr;
	pv_fake.wrmsr = host_wrmsr;
	return 0;
}

static void refused_exit(struct kunit *test)
{
	(void)test;
	pv_fake.cpu = 0;
	pv_shutdown();
}

/* --- a CPU's areas ---------------------------------------------------------------------------- */

/* Without a page there is nothing that KVM could be told of; the machine works on. */
static void kvm_refused_areas(struct kunit *test)
{
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, begin(STEAL | EOI), 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("KVM: no steal time, error -12"));
	KUNIT_EXPECT_EQ(test, host.writes, 0);
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(0), 0);
	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(0));
	KUNIT_EXPECT_FALSE(test, pv_eoi());
	pv_cpu_exit(); /* it has none to take back */
	KUNIT_EXPECT_EQ(test, host.writes, 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	KUNIT_EXPECT_NE(test, host.steal, 0);
}

static void kvm_refused_clock(struct kunit *test)
{
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, begin(CLOCK), 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("kvmclock: not started, error -12"));
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_EQ(test, host.writes, 0);
}

/*
 * A host that takes no CPU away: to sleep, to yield, and to leave a flush to it would be in vain.
 */
static void kvm_refused_realtime(struct kunit *test)
{
	const uint32_t shared = STEAL | 1u << KVM_FEATURE_PV_UNHALT |
				1u << KVM_FEATURE_PV_TLB_FLUSH | 1u << KVM_FEATURE_PV_SCHED_YIELD;
	const struct pv_cpu_host *ops;

	KUNIT_ASSERT_EQ(test, fake_kvm_begin(NULL, shared, 1u << KVM_HINTS_REALTIME), 0);
	ops = pv_cpu_host();
	KUNIT_EXPECT_TRUE(test, ops->stolen && ops->preempted);
	KUNIT_EXPECT_TRUE(test, !ops->wait && !ops->kick && !ops->yield && !ops->flush_later);
	pv_shutdown();
	KUNIT_ASSERT_EQ(test, begin(shared), 0);
	ops = pv_cpu_host();
	KUNIT_EXPECT_TRUE(test, ops->wait && ops->kick && ops->yield && ops->flush_later);
}

/* A feature by itself: nothing of the others is told to KVM, or taken back from it. */
static void kvm_refused_singly(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(STEAL), 0);
	KUNIT_EXPECT_TRUE(test, host.steal & 1);
	KUNIT_EXPECT_EQ(test, host.writes, 1);
	KUNIT_EXPECT_FALSE(test, pv_eoi());
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, host.steal, 0);
	KUNIT_EXPECT_EQ(test, host.writes, 2);
	KUNIT_ASSERT_EQ(test, begin(EOI), 0);
	KUNIT_EXPECT_TRUE(test, host.eoi & 1);
	KUNIT_EXPECT_FALSE(test, pv_clock_stolen_known());
	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(0));
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(0), 0);
	KUNIT_EXPECT_EQ(test, host.writes, 3);
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, host.eoi, 0);
	KUNIT_EXPECT_EQ(test, host.writes, 4);
}

/*
 * A CPU that has not stopped at the end: KVM writes to its area, which is nobody else's therefore.
 */
static void kvm_refused_end(struct kunit *test)
{
	unsigned int pages;

	KUNIT_ASSERT_EQ(test, begin(STEAL), 0);
	pages = pv_fake.live_pages;
	pv_fake.cpu = 1;
	KUNIT_ASSERT_EQ(test, pv_cpu_init(), 0);
	pv_fake.cpu = 0;
	pv_shutdown();
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("KVM: memory is kept, which it writes for CPU 1"));
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	/* It is begun once more, and ended as it should be. */
	KUNIT_ASSERT_EQ(test, begin(STEAL), 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	pv_fake.cpu = 1;
	pv_cpu_exit();
	pv_fake.cpu = 0;
	pv_shutdown();
	KUNIT_EXPECT_LT(test, pv_fake.live_pages, pages);
}

/* --- CPUs beyond those that there are places for ---------------------------------------------- */

static void kvm_refused_beyond(struct kunit *test)
{
	struct pv_lock lock = {0};
	struct pv_lock_stats stats;
	unsigned int writes;
	uint64_t next;

	KUNIT_ASSERT_EQ(test, begin(STEAL | EOI), 0);
	writes = host.writes;
	pv_fake.cpu = BEYOND;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	KUNIT_EXPECT_FALSE(test, pv_eoi());
	KUNIT_EXPECT_FALSE(test, pv_timer_next(&next));
	KUNIT_EXPECT_EQ(test, pv_timer_start(NULL, NULL), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(1), PV_ENODEV);
	pv_lock_take(&lock);
	pv_lock_drop(&lock);
	pv_lock_stats(BEYOND, &stats);
	KUNIT_EXPECT_TRUE(test, !stats.contended && !stats.slept && !stats.kicked);
	pv_cpu_exit();
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, host.writes, writes);
	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(BEYOND));
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(BEYOND), 0);
}

/* --- asynchronous page faults ----------------------------------------------------------------- */

static void kvm_refused_faults(struct kunit *test)
{
	struct pv_kvm_async_pf_stats stats;
	unsigned int pages;

	KUNIT_ASSERT_EQ(test, begin(FAULTS), 0);
	pages = pv_fake.live_pages;
	KUNIT_ASSERT_EQ(test, pv_kvm_async_pf_start(NULL), 0);
	host.faults = 0;
	/* No place for it: KVM is told of none. */
	pv_fake.cpu = BEYOND;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	KUNIT_EXPECT_EQ(test, host.faults, 0);
	pv_cpu_exit();
	pv_kvm_async_pf_stats(BEYOND, &stats);
	KUNIT_EXPECT_EQ(test, stats.waited, 0);
	/* It was not started. */
	pv_fake.cpu = 2;
	host.writes = 0;
	pv_cpu_exit();
	KUNIT_EXPECT_EQ(test, host.writes, 0);
	/* It does not stop before the end: its area stays, and is not looked at any more. */
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	KUNIT_EXPECT_NE(test, host.faults, 0);
	pv_fake.cpu = 0;
	pv_shutdown();
	pv_fake.cpu = 1;
	KUNIT_EXPECT_FALSE(test, pv_kvm_page_fault(0x1000));
	pv_fake.cpu = 0;
	KUNIT_EXPECT_GT(test, pv_fake.live_pages, pages);
	pv_fake_pages_forget(pages);
}

/* --- without KVM, and against one that changes its mind --------------------------------------- */

static void kvm_refused_none(struct kunit *test)
{
	static const struct pv_init_args args = {0};
	struct pv_kvm_host_time t;

	pv_fake_cpuid(NULL);
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_EQ(test, pv_kvm_async_pf_start(NULL), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_kvm_host_polls(true), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_kvm_host_time(&t), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, host.writes, 0);
}

static void runs_again(volatile void *p, size_t size)
{
	if (size == 1)
		*(volatile uint8_t *)p = 0;
}

static unsigned int calls;

static long hypercall(bool vmmcall, unsigned int nr, const unsigned long arg[4])
{
	(void)vmmcall;
	(void)nr;
	(void)arg;
	calls++;
	return 0;
}

/*
 * The CPU runs again before it is left a flush; and CPUs that there are not are neither kicked nor
 * yielded to.
 */
static void kvm_refused_late(struct kunit *test)
{
	const struct pv_cpu_host *ops;
	struct kvm_steal_time *area;

	KUNIT_ASSERT_EQ(test,
			begin(STEAL | 1u << KVM_FEATURE_PV_TLB_FLUSH | 1u << KVM_FEATURE_PV_UNHALT |
			      1u << KVM_FEATURE_PV_SCHED_YIELD),
			0);
	ops = pv_cpu_host();
	KUNIT_ASSERT_NOT_NULL(test, ops);
	area = pv_os_map(host.steal & ~63ull, sizeof(*area), PV_MAP_MEMORY);
	KUNIT_ASSERT_NOT_NULL(test, area);
	area->preempted = KVM_VCPU_PREEMPTED;
	pv_fake.shared_atomic = runs_again;
	KUNIT_EXPECT_FALSE(test, ops->flush_later(0));
	pv_fake.shared_atomic = NULL;
	KUNIT_EXPECT_EQ(test, area->preempted, 0);
	area->preempted = KVM_VCPU_PREEMPTED;
	KUNIT_EXPECT_TRUE(test, ops->flush_later(0));
	pv_os_unmap(area, sizeof(*area));
	calls = 0;
	pv_fake.kvm_hypercall = hypercall;
	ops->kick(50);
	ops->yield(50);
	KUNIT_EXPECT_EQ(test, calls, 0);
}

/* --- interrupts, and who hears of CPUs -------------------------------------------------------- */

static void nothing(void *arg)
{
	(void)arg;
}

static void kvm_refused_ipi(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(0), 0);
	host.apic_base = 0; /* it is off */
	KUNIT_EXPECT_EQ(test, pv_ipi_open(nothing, NULL), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_tlb_start(), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
	host.apic_base = 0xfee00800;
	pv_fake.no_map = true;
	KUNIT_EXPECT_EQ(test, pv_ipi_open(nothing, NULL), PV_ENOMEM);
	pv_fake.no_map = false;
	pv_ipi_close(PV_CONFIG_IPIS);
	pv_ipi_close(0);
}

static unsigned int stops, refusals;

static int refuse(unsigned int cpu)
{
	(void)cpu;
	refusals++;
	return PV_ENOMEM;
}

static void stop(unsigned int cpu)
{
	(void)cpu;
	stops++;
}

/* What had begun for the CPU is taken back, and those that come later are not asked. */
static void kvm_refused_part(struct kunit *test)
{
	static struct pv_part first = {.cpu_start = refuse},
			      last = {.cpu_start = refuse, .cpu_stop = stop};

	KUNIT_ASSERT_EQ(test, begin(0), 0);
	stops = refusals = 0;
	pv_part_attach(&first);
	pv_part_attach(&last);
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), PV_ENOMEM);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, refusals, 1);
	KUNIT_EXPECT_EQ(test, stops, 1);
}

static struct kunit_case refused_cases[] = {
	KUNIT_CASE(kvm_refused_areas),	  KUNIT_CASE(kvm_refused_clock),
	KUNIT_CASE(kvm_refused_realtime), KUNIT_CASE(kvm_refused_singly),
	KUNIT_CASE(kvm_refused_end),	  KUNIT_CASE(kvm_refused_beyond),
	KUNIT_CASE(kvm_refused_faults),	  KUNIT_CASE(kvm_refused_ipi),
	KUNIT_CASE(kvm_refused_part),	  KUNIT_CASE(kvm_refused_none),
	KUNIT_CASE(kvm_refused_late),	  {},
};

static struct kunit_suite refused_suite = {
	.name = "kvm_refused",
	.init = refused_init,
	.exit = refused_exit,
	.test_cases = refused_cases,
};
kunit_test_suite(refused_suite);
