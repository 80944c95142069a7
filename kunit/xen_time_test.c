/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's clock and timer against the fake Xen.
 *
 * Covers: pv-core/timer.c pv-core/xen/xen_time.c pv-core/xen/xen_timer.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>
#include <pv/string.h>
#include <pv/timer.h>

#include "hypercall/xen.h"
#include "pv-core/timer.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_timer.h"

static unsigned int fired;
static uint64_t fired_at, rearm;

static int start(void)
{
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(),
					  .hypervisors = pv_fake_hypervisors};

	return pv_init(&args);
}

static int time_init(struct kunit *test)
{
	(void)test;
	fired = 0;
	rearm = 0;
	pv_fake.now = 5000000000ull;
	pv_fake_xen_start();
	pv_fake_xen.vcpus = 2;
	return start();
}

static void time_exit(struct kunit *test)
{
	pv_fake.shared_read = NULL;
	pv_fake.xen_hypercall = NULL;
	pv_fake.cpu = 0;
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_timer_arm(1), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], 0);
}

/* --- clock ------------------------------------------------------------------------------------ */

static void time_clock(struct kunit *test)
{
	uint64_t then = pv_clock_now();

	KUNIT_EXPECT_STREQ(test, pv_clock_name(), "Xen");
	KUNIT_EXPECT_EQ(test, then, pv_fake.now);
	pv_fake.now += 12345;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), then + 12345);
	KUNIT_EXPECT_EQ(test, pv_clock_tsc_khz(), 1000000);
}

/* Registered anew: CPUs beyond the shared page's. It stays where it is for ever. */
static void time_registered_area(struct kunit *test)
{
	struct vcpu_info *info;

	pv_fake_xen.vcpus = 41;
	pv_fake.cpu = 40;
	KUNIT_ASSERT_EQ(test, pv_cpu_init(), 0);
	info = pv_fake_xen_vcpu_info(40);
	KUNIT_ASSERT_NOT_NULL(test, info);
	KUNIT_EXPECT_PTR_EQ(test, info, pv_xen_vcpu_info(40));
	KUNIT_EXPECT_EQ(test, (uint64_t)info % 64, 0);
	pv_fake.now += 1000;
	KUNIT_EXPECT_EQ(test, pv_clock_now(), pv_fake.now);
	/* What Xen flagged at the registration found nobody: no harm. */
	pv_fake_xen_deliver();
	pv_cpu_exit();
	KUNIT_EXPECT_NULL(test, pv_xen_vcpu_info(40));
	/* Once for ever, says Xen: the second time, the same area without another registration. */
	KUNIT_ASSERT_EQ(test, pv_cpu_init(), 0);
	KUNIT_EXPECT_PTR_EQ(test, pv_xen_vcpu_info(40), info);
	KUNIT_EXPECT_EQ(test, pv_clock_now(), pv_fake.now);
	pv_cpu_exit();
	pv_fake.cpu = 0;
	/*
	 * Its page is Xen's to write to as long as the domain lives; and was, if another case came
	 * before.
	 */
	pv_shutdown();
	KUNIT_EXPECT_LE(test, pv_fake.live_pages, 1);
	pv_fake.live_pages = 0;
}

static void time_wall(struct kunit *test)
{
	struct pv_wall_time t;

	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), 0);
	KUNIT_EXPECT_EQ(test, t.sec, 1700000005);
	/* After 2106 the seconds take 33 bits. */
	pv_fake_xen.wall_sec = 0x123456789ull;
	pv_fake_xen_relax();
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), 0);
	KUNIT_EXPECT_EQ(test, t.sec, 0x123456789ull + 5);
	KUNIT_EXPECT_LT(test, t.nsec, 1000000000);
}

static unsigned int changes;

/* Xen sets the wall clock anew, from 0x0ffffffff to 0x100000000, while it is being read. */
static uint64_t change_wall(const volatile void *p, size_t size, uint64_t v)
{
	(void)size;
	if (p == &pv_fake_xen_shared()->wc_sec && changes) {
		changes--;
		pv_fake_xen.wall_sec =
			pv_fake_xen.wall_sec == 0xffffffffull ? 0x100000000ull : 0xffffffffull;
		pv_fake_xen_relax();
	}
	return v;
}

static void time_wall_changes(struct kunit *test)
{
	struct pv_wall_time t;

	for (changes = 1; changes < 6; changes = t.sec & 7) {
		unsigned int n = changes;

		pv_fake_xen.wall_sec = 0xffffffffull;
		pv_fake_xen_relax();
		pv_fake.shared_read = change_wall;
		KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), 0);
		pv_fake.shared_read = NULL;
		KUNIT_EXPECT_EQ(test, t.sec, pv_fake_xen.wall_sec + 5);
		if (n == 5)
			break;
		t.sec = n + 1;
	}
	/* Without end, or never even: given up. */
	changes = 1000000;
	pv_fake.shared_read = change_wall;
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), PV_EAGAIN);
	pv_fake.shared_read = NULL;
	pv_fake_xen.odd_version = true;
	pv_fake_xen_relax();
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&t), PV_EAGAIN);
}

/* --- timer ------------------------------------------------------------------------------------ */

static void tick(void *arg)
{
	(void)arg;
	fired++;
	fired_at = pv_clock_now();
	if (rearm)
		pv_timer_arm(rearm);
	rearm = 0;
}

/* Time passes; Xen's timers go off. */
static void pass(uint64_t ns)
{
	pv_fake.now += ns;
	pv_fake_xen_relax();
}

static void time_timer(struct kunit *test)
{
	uint64_t deadline = pv_fake.now + 1000000;

	KUNIT_EXPECT_EQ(test, pv_timer_arm(deadline), PV_ENODEV);
	pv_timer_cancel();
	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, NULL), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(deadline), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], deadline);
	pass(999000);
	KUNIT_EXPECT_EQ(test, fired, 0);
	pass(2000);
	KUNIT_EXPECT_EQ(test, fired, 1);
	KUNIT_EXPECT_GE(test, fired_at, deadline);
	pass(10000000);
	KUNIT_EXPECT_EQ(test, fired, 1);

	/* Replaced; cancelled; armed again by its own function. */
	deadline = pv_fake.now + 5000000;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(deadline - 3000000), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(deadline), 0);
	pass(3000000);
	KUNIT_EXPECT_EQ(test, fired, 1);
	rearm = deadline + 1000000;
	pass(2000000);
	KUNIT_EXPECT_EQ(test, fired, 2);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], deadline + 1000000);
	pv_timer_cancel();
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], 0);
	pass(10000000);
	KUNIT_EXPECT_EQ(test, fired, 2);
	pv_timer_stop();
	pv_timer_stop();
	KUNIT_EXPECT_EQ(test, pv_timer_arm(1), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, NULL), 0);
}

/* Passed already, by much or little: at once, and not before the call returned. Fault row 53. */
static void time_timer_past(struct kunit *test)
{
	const uint64_t deadlines[] = {pv_fake.now - 1, pv_fake.now, 1, 0};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, NULL), 0);
	for (i = 0; i < PV_ARRAY_SIZE(deadlines); i++) {
		if (!deadlines[i])
			continue; /* the fake's word for a stopped timer */
		KUNIT_EXPECT_EQ(test, pv_timer_arm(deadlines[i]), 0);
		KUNIT_EXPECT_EQ(test, fired, i);
		pass(0);
		KUNIT_EXPECT_EQ(test, fired, i + 1);
	}
}

/* The VIRQ comes for reasons of its own, or early: nothing fires, and nothing is forgotten. */
static void time_timer_spurious(struct kunit *test)
{
	uint64_t deadline = pv_fake.now + 1000000;
	uint32_t port;

	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(deadline), 0);
	pv_fake_xen.timer[0] = pv_fake.now;
	pass(1);
	KUNIT_EXPECT_EQ(test, fired, 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], deadline);
	for (port = 1; port < 4; port++)
		pv_fake_xen_peer_send(port);
	KUNIT_EXPECT_EQ(test, fired, 0);
	pass(1000000);
	KUNIT_EXPECT_EQ(test, fired, 1);
}

/*
 * A host that says it is the end of time: what is not armed is not due, and what nobody started is
 * not called.
 */
static void time_timer_at_the_end(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_timer_fire(0, ~0ull), ~0ull);
	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_fire(0, ~0ull), ~0ull);
	KUNIT_EXPECT_EQ(test, fired, 0);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(~0ull), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_fire(0, ~0ull), ~0ull);
	KUNIT_EXPECT_EQ(test, fired, 1);
}

/* The library's own deadline beside the kernel's, in either order. */
static void time_timer_wake(struct kunit *test)
{
	uint64_t now = pv_fake.now;

	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, NULL), 0);
	pv_fake.work_scheduled = 0;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(now + 2000000), 0);
	pv_xen_timer_wake(now + 1000000);
	pv_xen_timer_wake(now + 3000000);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], now + 1000000);
	pass(1000000);
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 1);
	KUNIT_EXPECT_EQ(test, fired, 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], now + 2000000);
	pv_xen_timer_wake(now + 5000000);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], now + 2000000);
	pass(1000000);
	KUNIT_EXPECT_EQ(test, fired, 1);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], now + 5000000);
	pv_timer_cancel();
	KUNIT_EXPECT_EQ(test, pv_fake_xen.timer[0], now + 5000000);
	pass(3000000);
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 2);
	KUNIT_EXPECT_EQ(test, fired, 1);
}

static uint32_t flags_seen;

static long see_flags(unsigned int op, const unsigned long arg[5])
{
	if (op == __HYPERVISOR_vcpu_op && arg[0] == VCPUOP_set_singleshot_timer)
		flags_seen |= ((struct vcpu_set_singleshot_timer *)arg[2])->flags;
	return pv_fake_xen_hypercall(op, arg);
}

/* A Xen without the operation; and never the flag with which a deadline in the past is refused. */
static void time_timer_old_xen(struct kunit *test)
{
	flags_seen = 0;
	pv_fake.xen_hypercall = see_flags;
	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(pv_fake.now + 1000), 0);
	KUNIT_EXPECT_EQ(test, flags_seen, 0);
	pass(1000);
	KUNIT_EXPECT_EQ(test, fired, 1);
	pv_fake_xen.no_singleshot = true;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(pv_fake.now + 1000), 0);
	pass(1000);
	KUNIT_EXPECT_EQ(test, fired, 2);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(pv_fake.now + 1000), 0);
	pv_timer_cancel();
	pass(1000);
	KUNIT_EXPECT_EQ(test, fired, 2);
}

/* What Xen does not take a deadline for is looked at without one. */
static void time_timer_refused(struct kunit *test)
{
	pv_fake.work_scheduled = 0;
	pv_xen_timer_wake(pv_fake.now + 2000);
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 0);
	pv_fake_xen.fail_at = 1;
	pv_fake_xen.fail_with = PV_ENOMEM;
	pv_xen_timer_wake(pv_fake.now + 1000);
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 1);
}

static void time_timer_cpus(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_timer_start(tick, NULL), 0);
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, NULL), PV_ENODEV);
	KUNIT_ASSERT_EQ(test, pv_cpu_init(), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(pv_fake.now + 1000), 0);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(pv_fake.now + 2000), 0);
	pass(1000);
	KUNIT_EXPECT_EQ(test, fired, 1);
	pass(1000);
	KUNIT_EXPECT_EQ(test, fired, 2);
	pv_fake.cpu = 1;
	pv_timer_stop();
	pv_cpu_exit();
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, NULL), PV_ENODEV);
	pv_fake.cpu = 100000;
	KUNIT_EXPECT_EQ(test, pv_timer_start(tick, NULL), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, pv_timer_arm(1), PV_ENODEV);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_timer_arm(pv_fake.now + 1000), 0);
	pass(1000);
	KUNIT_EXPECT_EQ(test, fired, 3);
}

static struct kunit_case time_cases[] = {
	KUNIT_CASE(time_clock),
	KUNIT_CASE(time_registered_area),
	KUNIT_CASE(time_wall),
	KUNIT_CASE(time_wall_changes),
	KUNIT_CASE(time_timer),
	KUNIT_CASE(time_timer_past),
	KUNIT_CASE(time_timer_spurious),
	KUNIT_CASE(time_timer_at_the_end),
	KUNIT_CASE(time_timer_wake),
	KUNIT_CASE(time_timer_old_xen),
	KUNIT_CASE(time_timer_cpus),
	KUNIT_CASE(time_timer_refused),
	{},
};

static struct kunit_suite time_suite = {
	.name = "xen_time",
	.init = time_init,
	.exit = time_exit,
	.test_cases = time_cases,
};

kunit_test_suite(time_suite);
