/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What KVM has for a kernel to decide, against a fake KVM: offered, and not; and the host's time.
 *
 * Covers: pv-core/kvm/kvm_more.c
 */
#include <kunit/test.h>
#include <pv/abi/kvm.h>
#include <pv/abi/pvclock.h>
#include <pv/fake.h>
#include <pv/kvm.h>
#include <pv/pv.h>

#include "fake_kvm.h"
#include "pv-core/clock.h"

#define CLOCK (1u << KVM_FEATURE_CLOCKSOURCE2 | 1u << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT)

static struct {
	unsigned int msr;
	uint64_t value;
	long answer;
	uint64_t tsc, nsec; /* of the pairing */
	unsigned long arg[4];
	unsigned int nr;
	struct pvclock_vcpu_time_info *page; /* to be unsettled by a hypercall; NULL: none */
} host;

static void write_time(uint64_t pa)
{
	struct pvclock_vcpu_time_info *p = pv_os_map(pa, sizeof(*p), PV_MAP_MEMORY);

	p->version += 2;
	p->tsc_timestamp = 0;
	p->system_time = 1000;
	p->tsc_to_system_mul = 0x80000000u;
	p->tsc_shift = 1;
	p->flags = PVCLOCK_TSC_STABLE_BIT;
	pv_os_unmap(p, sizeof(*p));
}

static void host_wrmsr(uint32_t msr, uint64_t v)
{
	host.msr = msr;
	host.value = v;
	if (msr == MSR_KVM_SYSTEM_TIME_NEW && v & KVM_MSR_ENABLED)
		write_time(v & ~1ull);
}

static long hypercall(bool vmmcall, unsigned int nr, const unsigned long arg[4])
{
	struct kvm_clock_pairing *pair;

	(void)vmmcall;
	host.nr = nr;
	memcpy(host.arg, arg, sizeof(host.arg));
	if (host.page)
		host.page->version |= 1;
	if (nr == KVM_HC_CLOCK_PAIRING && !host.answer) {
		pair = pv_os_map(arg[0], sizeof(*pair), PV_MAP_MEMORY);
		pair->sec = 1700000000;
		pair->nsec = (int64_t)host.nsec;
		pair->tsc = host.tsc;
		pv_os_unmap(pair, sizeof(*pair));
	}
	return host.answer;
}

static int begin(uint32_t features)
{
	return fake_kvm_begin(NULL, features, 0);
}

static int more_init(struct kunit *test)
{
	(void)test;
	pv_clock_end();
	memset(&host, 0, sizeof(host));
	pv_fake.wrmsr = host_wrmsr;
	pv_fake.kvm_hypercall = hypercall;
	pv_fake.tsc_step = 100;
	return 0;
}

static void more_exit(struct kunit *test)
{
	(void)test;
	pv_shutdown();
}

static void kvm_more_offered(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test,
			begin(1u << KVM_FEATURE_POLL_CONTROL | 1u << KVM_FEATURE_MIGRATION_CONTROL |
			      1u << KVM_FEATURE_HC_MAP_GPA_RANGE),
			0);
	KUNIT_EXPECT_EQ(test, pv_kvm_host_polls(false), 0);
	KUNIT_EXPECT_TRUE(test, host.msr == MSR_KVM_POLL_CONTROL && host.value == 0);
	KUNIT_EXPECT_EQ(test, pv_kvm_host_polls(true), 0);
	KUNIT_EXPECT_EQ(test, host.value, 1);
	KUNIT_EXPECT_EQ(test, pv_kvm_allow_migration(true), 0);
	KUNIT_EXPECT_TRUE(test, host.msr == MSR_KVM_MIGRATION_CONTROL && host.value == 1);
	KUNIT_EXPECT_EQ(test, pv_kvm_map_gpa(0x10000, 3, true), 0);
	KUNIT_EXPECT_TRUE(test, host.nr == KVM_HC_MAP_GPA_RANGE && host.arg[0] == 0x10000);
	KUNIT_EXPECT_TRUE(test, host.arg[1] == 3 && host.arg[2] == 0x10);
	host.answer = -KVM_EINVAL;
	KUNIT_EXPECT_EQ(test, pv_kvm_map_gpa(0x10000, 3, false), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, host.arg[2], 0);
}

static void kvm_more_not_offered(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(0), 0);
	host.msr = 0;
	KUNIT_EXPECT_EQ(test, pv_kvm_host_polls(false), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_kvm_allow_migration(true), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_kvm_map_gpa(0, 1, true), PV_ENOTSUP);
	KUNIT_EXPECT_TRUE(test, host.msr == 0 && host.nr == 0);
}

static void kvm_more_host_time(struct kunit *test)
{
	struct pv_kvm_host_time t;

	KUNIT_ASSERT_EQ(test, begin(CLOCK), 0);
	pv_fake.tsc = 5000;
	host.nsec = 77;
	host.tsc = 5150; /* between the readings at 5000 and, later, 5100... */
	pv_fake.tsc_step = 400;
	KUNIT_ASSERT_EQ(test, pv_kvm_host_time(&t), 0);
	KUNIT_EXPECT_TRUE(test, t.sec == 1700000000 && t.nsec == 77);
	KUNIT_EXPECT_EQ(test, t.clock_ns, 1000 + 5150);
	KUNIT_EXPECT_EQ(test, t.error_ns, 1);
	/* A moment that cannot be: the middle, and how far it may be off. */
	host.tsc = 1;
	pv_fake.tsc = 10000;
	KUNIT_ASSERT_EQ(test, pv_kvm_host_time(&t), 0);
	KUNIT_EXPECT_EQ(test, t.clock_ns, 1000 + 10200);
	KUNIT_EXPECT_EQ(test, t.error_ns, 201);
	/* Later than the reading after it. */
	host.tsc = 1u << 30;
	pv_fake.tsc = 20000;
	KUNIT_ASSERT_EQ(test, pv_kvm_host_time(&t), 0);
	KUNIT_EXPECT_EQ(test, t.clock_ns, 1000 + 20200);
	/* The page is being written when the call returns, and stays so: the clock stands. */
	host.page = pv_os_map(host.value & ~1ull, sizeof(*host.page), PV_MAP_MEMORY);
	KUNIT_ASSERT_NOT_NULL(test, host.page);
	KUNIT_ASSERT_EQ(test, pv_kvm_host_time(&t), 0);
	KUNIT_EXPECT_EQ(test, t.error_ns, 1);
	pv_os_unmap(host.page, sizeof(*host.page));
	host.page = NULL;
	host.nsec = ~0ull;
	KUNIT_EXPECT_EQ(test, pv_kvm_host_time(&t), PV_EPROTO);
	host.nsec = 1000000000;
	KUNIT_EXPECT_EQ(test, pv_kvm_host_time(&t), PV_EPROTO);
	host.answer = -KVM_EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, pv_kvm_host_time(&t), PV_ENOTSUP);
	host.answer = -KVM_ENOSYS;
	KUNIT_EXPECT_EQ(test, pv_kvm_host_time(&t), PV_ENOTSUP);
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_kvm_host_time(&t), PV_ENOMEM);
	pv_shutdown();
	KUNIT_ASSERT_EQ(test, begin(0), 0);
	KUNIT_EXPECT_EQ(test, pv_kvm_host_time(&t), PV_ENODEV);
}

/* Elsewhere its hypercalls are not made, whatever clock there is. */
static void kvm_more_elsewhere(struct kunit *test)
{
	struct pv_kvm_host_time t;

	pv_fake_cpuid(NULL);
	KUNIT_ASSERT_EQ(test, pv_init(&(struct pv_init_args) {0}), 0);
	host.nr = 0;
	KUNIT_EXPECT_EQ(test, pv_kvm_host_time(&t), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, host.nr, 0);
}

static struct kunit_case more_cases[] = {
	KUNIT_CASE(kvm_more_offered),
	KUNIT_CASE(kvm_more_not_offered),
	KUNIT_CASE(kvm_more_host_time),
	KUNIT_CASE(kvm_more_elsewhere),
	{},
};

static struct kunit_suite more_suite = {
	.name = "kvm_more",
	.init = more_init,
	.exit = more_exit,
	.test_cases = more_cases,
};
kunit_test_suite(more_suite);
