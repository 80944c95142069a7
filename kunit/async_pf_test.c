/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Asynchronous page faults against a fake KVM: what it is told, pages that are waited for in place
 * and by a scheduler, several at once, and words of KVM that make no sense.
 *
 * Covers: pv-core/kvm/async_pf.c
 */
#include <kunit/test.h>
#include <pv/abi/kvm.h>
#include <pv/config.h>
#include <pv/fake.h>
#include <pv/kvm.h>
#include <pv/pv.h>

#include "fake_kvm.h"
#include "pv-core/clock.h"

#define OFFERED (1u << KVM_FEATURE_ASYNC_PF | 1u << KVM_FEATURE_ASYNC_PF_INT)

/* KVM's side: a CPU's area, and what comes with each wait for an interrupt. */
static struct {
	struct kvm_vcpu_pv_apf_data *area;
	uint64_t enabled;
	unsigned int vector, acks, halts;
	uint32_t ready[8]; /* tokens, one for each halt */
} kvm;

static struct {
	uint32_t waited[4], ready[4];
	unsigned int waits, readies;
} sched;

static void host_wrmsr(uint32_t msr, uint64_t v)
{
	if (msr == MSR_KVM_ASYNC_PF_EN) {
		if (kvm.area)
			pv_os_unmap(kvm.area, sizeof(*kvm.area));
		kvm.enabled = v & 63;
		kvm.area = v ? pv_os_map(v & ~63ull, sizeof(*kvm.area), PV_MAP_MEMORY) : NULL;
	} else if (msr == MSR_KVM_ASYNC_PF_INT) {
		kvm.vector = (unsigned int)v;
	} else if (msr == MSR_KVM_ASYNC_PF_ACK && v == 1) {
		kvm.acks++;
	}
}

static void page_is_ready(uint32_t token)
{
	kvm.area->token = token;
	pv_fake_raise_vector(kvm.vector, true);
}

static bool page_is_gone(uint32_t token)
{
	kvm.area->flags = KVM_PV_REASON_PAGE_NOT_PRESENT;
	return pv_kvm_page_fault(token);
}

static void host_halt(void)
{
	page_is_ready(kvm.ready[kvm.halts++]);
}

static void sched_wait(void *arg, uint32_t token)
{
	(void)arg;
	sched.waited[sched.waits++ % 4] = token;
}

static void sched_ready(void *arg, uint32_t token)
{
	(void)arg;
	sched.ready[sched.readies++ % 4] = token;
}

static const struct pv_kvm_async_pf scheduler = {.wait = sched_wait, .ready = sched_ready};

static int begin(uint32_t features)
{
	return fake_kvm_begin(NULL, features, 0);
}

static int async_init(struct kunit *test)
{
	(void)test;
	pv_clock_end();
	memset(&kvm, 0, sizeof(kvm));
	memset(&sched, 0, sizeof(sched));
	pv_fake.wrmsr = host_wrmsr;
	pv_fake.halt = host_halt;
	return 0;
}

static void async_exit(struct kunit *test)
{
	(void)test;
	pv_shutdown();
}

static void async_pf_not_offered(struct kunit *test)
{
	/* Without the interrupt there is the old way, which does not work. */
	KUNIT_ASSERT_EQ(test, begin(1u << KVM_FEATURE_ASYNC_PF), 0);
	KUNIT_EXPECT_EQ(test, pv_kvm_async_pf_start(NULL), PV_ENOTSUP);
	KUNIT_EXPECT_FALSE(test, pv_kvm_page_fault(0x1000));
}

/* KVM's interrupt on a CPU that told KVM of no area. */
static void async_pf_other_cpu(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(OFFERED), 0);
	KUNIT_ASSERT_EQ(test, pv_kvm_async_pf_start(&scheduler), 0);
	pv_fake.cpu = 1;
	pv_fake_raise_vector(kvm.vector, true);
	KUNIT_EXPECT_FALSE(test, pv_kvm_page_fault(0x1000));
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	pv_fake_raise_vector(kvm.vector, true);
	KUNIT_EXPECT_FALSE(test, pv_kvm_page_fault(0x1000));
	pv_fake.cpu = 0;
	KUNIT_EXPECT_TRUE(test, !sched.readies && !sched.waits && !kvm.acks);
}

static void async_pf_starts(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(OFFERED), 0);
	pv_fake.no_vector = true;
	KUNIT_EXPECT_TRUE(test, pv_kvm_async_pf_start(NULL) < 0);
	pv_fake.no_vector = false;
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_kvm_async_pf_start(NULL), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, kvm.enabled, 0);
	KUNIT_ASSERT_EQ(test, pv_kvm_async_pf_start(NULL), 0);
	KUNIT_EXPECT_EQ(test, kvm.enabled,
			KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_SEND_ALWAYS |
				KVM_ASYNC_PF_DELIVERY_AS_INT);
	KUNIT_EXPECT_EQ(test, pv_kvm_async_pf_start(NULL), PV_EBUSY);
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, kvm.enabled, 0);
}

/* A fault within the wait, whose page comes later than that of the first. */
static void host_halt_within(void)
{
	unsigned int n = kvm.halts++;

	if (n == 0)
		page_is_gone(0x2002);
	else
		page_is_ready(n == 1 ? 0x1001 : 0x2002);
}

static void async_pf_waits_in_place(struct kunit *test)
{
	struct pv_kvm_async_pf_stats stats;

	KUNIT_ASSERT_EQ(test, begin(OFFERED), 0);
	KUNIT_ASSERT_EQ(test, pv_kvm_async_pf_start(NULL), 0);
	kvm.ready[0] = 0x5005; /* somebody else's */
	kvm.ready[1] = 0x1001;
	KUNIT_EXPECT_TRUE(test, page_is_gone(0x1001));
	KUNIT_EXPECT_EQ(test, kvm.halts, 2);
	KUNIT_EXPECT_EQ(test, kvm.area->flags, 0);
	KUNIT_EXPECT_EQ(test, kvm.area->token, 0);
	KUNIT_EXPECT_EQ(test, kvm.acks, 2);

	pv_fake.halt = host_halt_within;
	kvm.halts = 0;
	KUNIT_EXPECT_TRUE(test, page_is_gone(0x1001));
	KUNIT_EXPECT_EQ(test, kvm.halts, 3);

	pv_fake.halt = host_halt;
	kvm.halts = 0;
	kvm.ready[0] = PV_KVM_EVERY_PAGE;
	KUNIT_EXPECT_TRUE(test, page_is_gone(0x3003));
	pv_kvm_async_pf_stats(0, &stats);
	KUNIT_EXPECT_EQ(test, stats.waited, 4);
	KUNIT_EXPECT_EQ(test, stats.ready, 5);
}

static void async_pf_asks_the_scheduler(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(OFFERED), 0);
	KUNIT_ASSERT_EQ(test, pv_kvm_async_pf_start(&scheduler), 0);
	KUNIT_EXPECT_TRUE(test, page_is_gone(7));
	KUNIT_EXPECT_TRUE(test, page_is_gone(8));
	KUNIT_EXPECT_TRUE(test, sched.waits == 2 && sched.waited[0] == 7 && sched.waited[1] == 8);
	page_is_ready(8);
	page_is_ready(PV_KVM_EVERY_PAGE);
	KUNIT_EXPECT_EQ(test, sched.readies, 2);
	KUNIT_EXPECT_TRUE(test, sched.ready[0] == 8 && sched.ready[1] == PV_KVM_EVERY_PAGE);
	KUNIT_EXPECT_EQ(test, kvm.halts, 0);
}

/*
 * A real fault, a reason that there is not, an interrupt without a page, a CPU that does not take
 * part.
 */
static void async_pf_refuses(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(OFFERED), 0);
	KUNIT_ASSERT_EQ(test, pv_kvm_async_pf_start(&scheduler), 0);
	KUNIT_EXPECT_FALSE(test, pv_kvm_page_fault(0x1000));
	kvm.area->flags = 2;
	KUNIT_EXPECT_FALSE(test, pv_kvm_page_fault(0x1000));
	KUNIT_EXPECT_EQ(test, kvm.area->flags, 0);
	page_is_ready(0);
	KUNIT_EXPECT_EQ(test, sched.waits + sched.readies + kvm.acks, 0);
	kvm.area->flags = KVM_PV_REASON_PAGE_NOT_PRESENT;
	pv_fake.cpu = 1;
	KUNIT_EXPECT_FALSE(test, pv_kvm_page_fault(0x1000));
	pv_fake.cpu = 0;
}

static struct kunit_case async_cases[] = {
	KUNIT_CASE(async_pf_not_offered),
	KUNIT_CASE(async_pf_starts),
	KUNIT_CASE(async_pf_waits_in_place),
	KUNIT_CASE(async_pf_asks_the_scheduler),
	KUNIT_CASE(async_pf_refuses),
	KUNIT_CASE(async_pf_other_cpu),
	{},
};

static struct kunit_suite async_suite = {
	.name = "async_pf",
	.init = async_init,
	.exit = async_exit,
	.test_cases = async_cases,
};
kunit_test_suite(async_suite);
