/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * KVM's guest side against a fake KVM: hypercalls, kvmclock, and pv_init() on top of it.
 *
 * Covers: hypercall/kvm.c pv-core/kvm/kvm.c pv-core/kvm/kvmclock.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/fake.h>
#include <pv/pv.h>
#include <pv/string.h>

#include "hypercall/kvm.h"
#include "pv-core/clock.h"
#include "pv-core/kvm/kvm.h"

#define FEATURES                                                                                   \
	(1u << KVM_FEATURE_CLOCKSOURCE | 1u << KVM_FEATURE_CLOCKSOURCE2 |                          \
	 1u << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT)

/* --- a host ----------------------------------------------------------------------------------- */

static struct host {
	uint32_t msr_time, msr_wall; /* those that it knows */
	bool lazy;		     /* never writes a page */
	bool wall_odd;
	uint64_t time_msr[4]; /* per CPU, as written last */
	unsigned int wall_writes;
} host;

static void write_time(uint64_t pa)
{
	struct pvclock_vcpu_time_info *p = pv_os_map(pa, sizeof(*p), PV_MAP_MEMORY);

	if (!p)
		pv_os_panic("the page is not in memory");
	p->version += 2;
	p->tsc_timestamp = pv_fake.tsc;
	p->system_time = 1000;
	p->tsc_to_system_mul = 0x80000000u;
	p->tsc_shift = 1;
	p->flags = PVCLOCK_TSC_STABLE_BIT;
	pv_os_unmap(p, sizeof(*p));
}

static void write_wall(uint64_t pa)
{
	struct pvclock_wall_clock *w = pv_os_map(pa, sizeof(*w), PV_MAP_MEMORY);

	if (!w)
		pv_os_panic("the wall clock is not in memory");
	w->version += 2;
	w->version |= host.wall_odd;
	w->sec = 1700000000;
	w->nsec = 500;
	pv_os_unmap(w, sizeof(*w));
}

static void host_wrmsr(uint32_t msr, uint64_t value)
{
	if (msr == host.msr_time) {
		host.time_msr[pv_fake.cpu] = value;
		if (value & KVM_MSR_ENABLED && !host.lazy)
			write_time(value & ~1ull);
	} else if (msr == host.msr_wall) {
		host.wall_writes++;
		write_wall(value);
	} else {
		pv_os_panic("#GP: WRMSR of an MSR that this host does not know");
	}
}

static const struct pv_fake_leaf kvm_cpuid[] = {
	{.leaf = 0, .value = {0x16, 0x756e6547, 0x6c65746e, 0x49656e69}},
	{.leaf = 1, .value = {.ecx = 1u << 31}},
	{.leaf = 0x40000000, .value = {0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d}},
	{.leaf = 0x40000001, .value = {.eax = FEATURES}, .last = true},
};

static int kvm_init(struct kunit *test)
{
	(void)test;
	pv_memset(&host, 0, sizeof(host));
	host.msr_time = MSR_KVM_SYSTEM_TIME_NEW;
	host.msr_wall = MSR_KVM_WALL_CLOCK_NEW;
	pv_fake.wrmsr = host_wrmsr;
	pv_fake.tsc = 12345;
	return 0;
}

static void kvm_exit(struct kunit *test)
{
	(void)test;
	pv_shutdown();
	pv_clock_end();
}

/* --- hypercalls ------------------------------------------------------------------------------- */

static long answer;
static bool last_vmmcall;
static unsigned int last_nr;
static unsigned long last_arg[4];

static long take_call(bool vmmcall, unsigned int nr, const unsigned long arg[4])
{
	last_vmmcall = vmmcall;
	last_nr = nr;
	pv_memcpy(last_arg, arg, sizeof(last_arg));
	return answer;
}

static void hypercall_instruction(struct kunit *test)
{
	static const struct {
		const char *vendor;
		bool vmmcall;
	} cpus[] = {
		{"GenuineIntel", false},
		{"AuthenticAMD", true},
		{"HygonGenuine", true},
		{"  Shanghai  ", false},
		{"", false},
	};
	unsigned int i;

	pv_fake.kvm_hypercall = take_call;
	for (i = 0; i < PV_ARRAY_SIZE(cpus); i++) {
		pv_kvm_hypercall_init(cpus[i].vendor);
		answer = 0;
		KUNIT_EXPECT_EQ(test, pv_kvm_vapic_poll_irq(), 0);
		KUNIT_EXPECT_EQ_MSG(test, last_vmmcall, cpus[i].vmmcall, "%s", cpus[i].vendor);
		KUNIT_EXPECT_EQ(test, last_nr, 1);
	}
}

#define EXPECT_CALL(test, nr, a0, a1, a2, a3)                                                      \
	do {                                                                                       \
		KUNIT_EXPECT_EQ(test, last_nr, nr);                                                \
		KUNIT_EXPECT_EQ(test, last_arg[0], a0);                                            \
		KUNIT_EXPECT_EQ(test, last_arg[1], a1);                                            \
		KUNIT_EXPECT_EQ(test, last_arg[2], a2);                                            \
		KUNIT_EXPECT_EQ(test, last_arg[3], a3);                                            \
	} while (0)

static void hypercall_arguments(struct kunit *test)
{
	pv_fake.kvm_hypercall = take_call;
	answer = 0;
	KUNIT_EXPECT_EQ(test, pv_kvm_kick_cpu(7), 0);
	EXPECT_CALL(test, 5, 0, 7, 0, 0);
	KUNIT_EXPECT_EQ(test, pv_kvm_clock_pairing(0x123456789000ull), 0);
	EXPECT_CALL(test, 9, 0x123456789000ull, 0, 0, 0);
	answer = 3;
	KUNIT_EXPECT_EQ(test, pv_kvm_send_ipi(0x8000000000000001ull, 2, 64, 0x4f0), 3);
	EXPECT_CALL(test, 10, 0x8000000000000001ull, 2, 64, 0x4f0);
	answer = 0;
	KUNIT_EXPECT_EQ(test, pv_kvm_sched_yield(0xffffffff), 0);
	EXPECT_CALL(test, 11, 0xffffffff, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pv_kvm_map_gpa_range(0x200000, 512, true), 0);
	EXPECT_CALL(test, 12, 0x200000, 512, 0x10, 0);
	KUNIT_EXPECT_EQ(test, pv_kvm_map_gpa_range(0x200000, 512, false), 0);
	EXPECT_CALL(test, 12, 0x200000, 512, 0, 0);
}

static void hypercall_errors(struct kunit *test)
{
	static const struct {
		long kvm, pv;
	} errors[] = {
		{-1000, PV_ENOSYS}, {-1, PV_EPERM}, {-22, PV_EINVAL}, {-14, PV_EFAULT},
		{-95, PV_ENOTSUP},  {0, 0},	    {1, 1},	      {1000, 1000},
	};
	unsigned int i;

	pv_fake.kvm_hypercall = take_call;
	for (i = 0; i < PV_ARRAY_SIZE(errors); i++) {
		answer = errors[i].kvm;
		KUNIT_EXPECT_EQ(test, pv_kvm_vapic_poll_irq(), errors[i].pv);
	}
}

/* --- kvmclock --------------------------------------------------------------------------------- */

static void kvmclock_runs(struct kunit *test)
{
	struct pv_wall_time t;

	KUNIT_ASSERT_EQ(test, pv_kvmclock_start(FEATURES), 0);
	KUNIT_EXPECT_STREQ(test, pv_clock_name(), "kvmclock");
	KUNIT_EXPECT_EQ(test, host.time_msr[0] & 0x1f, KVM_MSR_ENABLED);
	pv_fake.tsc += 500;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 1500);
	KUNIT_EXPECT_EQ(test, host.wall_writes, 0);
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), 0);
	KUNIT_EXPECT_EQ(test, host.wall_writes, 1);
	KUNIT_EXPECT_EQ(test, t.sec, 1700000000);
	KUNIT_EXPECT_EQ(test, t.nsec, 2000);
	host.wall_odd = true;
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), PV_EAGAIN);

	pv_clock_end();
	KUNIT_EXPECT_EQ(test, host.time_msr[0], 0);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
}

static void kvmclock_old_msrs(struct kunit *test)
{
	struct pv_wall_time t;

	host.msr_time = 0x12;
	host.msr_wall = 0x11;
	KUNIT_ASSERT_EQ(test, pv_kvmclock_start(1u << KVM_FEATURE_CLOCKSOURCE), 0);
	KUNIT_EXPECT_STREQ(test, pv_clock_name(), "kvmclock (old MSRs)");
	KUNIT_EXPECT_EQ(test, pv_clock_now(), 1000);
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), 0);
	KUNIT_EXPECT_EQ(test, t.sec, 1700000000);
}

/* Without its feature the bit in the page promises nothing. */
static void kvmclock_stable_needs_feature(struct kunit *test)
{
	struct pv_clock_info info;

	KUNIT_ASSERT_EQ(test, pv_kvmclock_start(FEATURES), 0);
	pv_clock_info(&info);
	KUNIT_EXPECT_TRUE(test, info.stable);
	pv_clock_end();
	KUNIT_ASSERT_EQ(test, pv_kvmclock_start(1u << KVM_FEATURE_CLOCKSOURCE2), 0);
	pv_clock_info(&info);
	KUNIT_EXPECT_FALSE(test, info.stable);
}

static void kvmclock_absent(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_kvmclock_start(0), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_kvmclock_start(~FEATURES), PV_ENODEV);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	/* Offered, but the page stays empty: the host is told to stop, the memory given back. */
	host.lazy = true;
	host.time_msr[0] = 99;
	KUNIT_EXPECT_EQ(test, pv_kvmclock_start(FEATURES), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, host.time_msr[0], 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
}

static void kvmclock_no_memory(struct kunit *test)
{
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_kvmclock_start(FEATURES), PV_ENOMEM);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_EQ(test, pv_kvmclock_start(FEATURES), 0);
	/* Nor for a CPU whose area is on another page: KVM is not told of one. */
	pv_fake.cpu = PV_CONFIG_MAX_CPUS - 1;
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_LT(test, pv_cpu_init(), 0);
	pv_fake.alloc_fail_at = 0;
	pv_fake.cpu = 0;
}

/* Each CPU's area is its own, in a line of its own, and stops with it. */
static void kvmclock_cpus(struct kunit *test)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_kvmclock_start(FEATURES), 0);
	for (i = 1; i < 4; i++) {
		pv_fake.cpu = i;
		KUNIT_ASSERT_EQ(test, pv_cpu_init(), 0);
		KUNIT_EXPECT_GE(test, host.time_msr[i] - host.time_msr[i - 1], 64);
		KUNIT_EXPECT_EQ(test, pv_clock_now(), 1000);
	}
	for (; i-- > 1;) {
		pv_fake.cpu = i;
		pv_cpu_exit();
		KUNIT_EXPECT_EQ(test, host.time_msr[i], 0);
		KUNIT_EXPECT_NE(test, host.time_msr[0], 0);
	}
	pv_fake.cpu = 0;
}

/* --- pv_init() -------------------------------------------------------------------------------- */

static unsigned int scans;
static const struct pv_boot_info *scanned_with;
static int scan_err;

static int scan(const struct pv_boot_info *boot)
{
	scans++;
	scanned_with = boot;
	return scan_err;
}

static const struct pv_bus bus_1 = {.name = "bus-1", .scan = scan};
static const struct pv_bus bus_2 = {.name = "bus-2", .scan = scan};
static const struct pv_bus *const buses[] = {&bus_1, &bus_2, NULL};

static void init_on_kvm(struct kunit *test)
{
	struct pv_boot_info *boot = kunit_kzalloc(test, sizeof(*boot), GFP_KERNEL);
	const struct pv_init_args args = {
		.boot = boot, .hypervisors = pv_fake_hypervisors, .buses = buses};

	KUNIT_ASSERT_NOT_NULL(test, boot);
	pv_fake_cpuid(kvm_cpuid);
	boot->protocol = PV_BOOT_PVH;
	scans = 0;
	scan_err = 0;
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_EQ(test, pv_platform()->hypervisor, PV_HV_KVM);
	KUNIT_EXPECT_EQ(test, pv_platform()->xen_mode, PV_XEN_NOT);
	KUNIT_EXPECT_EQ(test, pv_platform()->features, FEATURES);
	KUNIT_EXPECT_STREQ(test, pv_clock_name(), "kvmclock");
	KUNIT_EXPECT_EQ(test, scans, 2);
	KUNIT_EXPECT_PTR_EQ(test, scanned_with, boot);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("libpv " PV_VERSION " on KVM, GenuineIntel"));
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("features: CLOCKSOURCE CLOCKSOURCE2"));
	KUNIT_EXPECT_EQ(test, pv_init(&args), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, scans, 2);
	KUNIT_EXPECT_EQ(test, pv_work(), 0);

	pv_shutdown();
	KUNIT_EXPECT_EQ(test, host.time_msr[0], 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_TRUE(test, pv_clock_present());
}

/* Nothing known, nothing wanted, nothing there; and buses that fail. */
static void init_on_nothing(struct kunit *test)
{
	const struct pv_init_args none = {.hypervisors = NULL};
	const struct pv_init_args args = {.hypervisors = pv_fake_hypervisors, .buses = buses};

	KUNIT_ASSERT_EQ(test, pv_init(&none), 0);
	KUNIT_EXPECT_EQ(test, pv_platform()->hypervisor, PV_HV_NONE);
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	pv_shutdown();

	scans = 0;
	scan_err = PV_ENODEV;
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_EQ(test, scans, 2);
	KUNIT_ASSERT_NOT_NULL(test, scanned_with);
	KUNIT_EXPECT_EQ(test, scanned_with->protocol, PV_BOOT_UNKNOWN);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("bus-1: this machine has none"));
	pv_shutdown();

	scan_err = PV_ENOMEM;
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("bus-2: looking for devices failed, error -12"));
}

static void init_version(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, pv_version(), PV_VERSION);
}

static struct kunit_case kvm_cases[] = {
	KUNIT_CASE(hypercall_instruction),
	KUNIT_CASE(hypercall_arguments),
	KUNIT_CASE(hypercall_errors),
	KUNIT_CASE(kvmclock_runs),
	KUNIT_CASE(kvmclock_old_msrs),
	KUNIT_CASE(kvmclock_stable_needs_feature),
	KUNIT_CASE(kvmclock_absent),
	KUNIT_CASE(kvmclock_no_memory),
	KUNIT_CASE(kvmclock_cpus),
	KUNIT_CASE(init_on_kvm),
	KUNIT_CASE(init_on_nothing),
	KUNIT_CASE(init_version),
	{},
};

static struct kunit_suite kvm_suite = {
	.name = "kvm",
	.init = kvm_init,
	.exit = kvm_exit,
	.test_cases = kvm_cases,
};

kunit_test_suite(kvm_suite);
