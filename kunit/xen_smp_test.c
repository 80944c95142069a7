/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Several CPUs on the fake Xen: interrupts between them by event channels, runstate, a lock's
 * waiters, TLBs.
 *
 * Covers: pv-core/xen/xen_smp.c pv-core/xen/runstate.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/ipi.h>
#include <pv/lock.h>
#include <pv/pv.h>
#include <pv/tlb.h>
#include <pv/xen.h>

#include "hypercall/xen.h"
#include "pv-core/clock.h"
#include "pv-core/cpu.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen_smp.h"

static uint64_t stack[64] PV_ALIGNED(16);
static unsigned int rung[4];
static struct pv_lock lock;
static unsigned int polls;
static uint64_t last_timeout;

static long initialised(uint32_t vcpu, const void *context)
{
	(void)vcpu;
	(void)context;
	return 0;
}

static void entry(void *arg)
{
	(void)arg;
}

static void ring(void *arg)
{
	(void)arg;
	rung[pv_fake.cpu]++;
}

/* CPUs 1 and 2 of 4 run. */
static int begin(void)
{
	static const struct pv_hv *const hypervisors[] = {&pv_xen, NULL};
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(), .hypervisors = hypervisors};
	unsigned int i;
	int err = pv_init(&args);

	err = err ? err : pv_cpu_find(pv_fake_xen_boot()) != 4;
	for (i = 1; i < 3; i++) {
		err = err ? err : pv_cpu_start(i, entry, NULL, stack + 64);
		pv_fake.cpu = i;
		err = err ? err : pv_cpu_init();
		pv_fake.cpu = 0;
	}
	return err;
}

static int xen_smp_init(struct kunit *test)
{
	unsigned int i;

	(void)test;
	pv_clock_end();
	memset(rung, 0, sizeof(rung));
	memset(&lock, 0, sizeof(lock));
	polls = 0;
	pv_fake_xen_start();
	pv_fake_xen.vcpus = 4;
	for (i = 1; i < 4; i++)
		pv_fake_xen.down[i] = true;
	pv_fake_xen.initialise = initialised;
	pv_fake_msr_add(0xc0000080, 0xd01);
	return 0;
}

static void xen_smp_exit(struct kunit *test)
{
	unsigned int i;

	for (i = 1; i < 3; i++) {
		pv_fake.cpu = i;
		pv_cpu_exit();
	}
	pv_fake.cpu = 0;
	pv_fake.xen_hypercall = NULL;
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), 0);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_NULL(test, pv_fake_xen.runstate[i]);
}

/* Opened before others start, and after. */
static void xen_smp_ipi(struct kunit *test)
{
	static const uint64_t all[1] = {0xf};
	unsigned int ports;
	int ipi, another;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	ports = pv_fake_xen_ports();
	ipi = pv_ipi_open(ring, NULL);
	KUNIT_ASSERT_GE(test, ipi, 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), ports + 1);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 0), 0);
	KUNIT_EXPECT_EQ(test, rung[0], 1);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 1), PV_ENOENT); /* it came before */
	pv_fake.cpu = 1;
	pv_cpu_exit();
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 1), 0);
	KUNIT_EXPECT_EQ(test, rung[1], 1);
	pv_ipi_send_set(ipi, all);
	KUNIT_EXPECT_TRUE(test, rung[0] == 2 && rung[1] == 2 && rung[2] == 0 && rung[3] == 0);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 3), PV_ENOENT);
	/* A CPU that there is no place for comes, and goes: the others keep theirs. */
	another = pv_ipi_open(ring, NULL);
	KUNIT_ASSERT_EQ(test, another, ipi + 1);
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), PV_ENOSPC);
	pv_cpu_exit();
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_ipi_send(another, 0), 0);
	KUNIT_EXPECT_EQ(test, rung[0], 3);
	pv_ipi_close(another);
	pv_ipi_close(ipi);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), ports);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 1), PV_EINVAL);
}

static void xen_smp_runstate(struct kunit *test)
{
	struct vcpu_runstate_info *r;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_EXPECT_TRUE(test, pv_clock_stolen_known());
	r = pv_fake_xen.runstate[2];
	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_EXPECT_EQ(test, (uintptr_t)r % 64, 0);
	KUNIT_EXPECT_NE(test, (uintptr_t)r / 64, (uintptr_t)pv_fake_xen.runstate[1] / 64);
	r->time[RUNSTATE_running] = 1000;
	r->time[RUNSTATE_runnable] = 200;
	r->time[RUNSTATE_blocked] = 30;
	r->time[RUNSTATE_offline] = 4;
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(2), 204);
	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(2));
	r->state = RUNSTATE_runnable;
	KUNIT_EXPECT_TRUE(test, pv_cpu_preempted(2));
	r->state = RUNSTATE_blocked;
	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(2));
	r->state_entry_time = XEN_RUNSTATE_UPDATE; /* and stays so: given up */
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(2), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(3), 0);
}

/* While CPU 1 polls, CPU 2 drops the lock. */
static long poll_hook(unsigned int op, const unsigned long arg[5])
{
	unsigned int was = pv_fake.cpu;

	if (op == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_poll && !polls++) {
		last_timeout = ((const struct sched_poll *)arg[1])->timeout;
		pv_fake.cpu = 2;
		pv_lock_drop(&lock);
		pv_fake.cpu = was;
	}
	return pv_fake_xen_hypercall(op, arg);
}

static void xen_smp_lock(struct kunit *test)
{
	struct pv_lock_stats before, after;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	pv_fake.xen_hypercall = poll_hook;
	pv_lock_stats(2, &before);
	for (i = 1; i < 3; i++) {
		polls = 0;
		pv_fake.cpu = 2;
		pv_lock_take(&lock);
		pv_fake.cpu = 1;
		pv_lock_take(&lock);
		KUNIT_EXPECT_EQ(test, polls, 1);
		KUNIT_EXPECT_GE(test, last_timeout, 10000000);
		pv_lock_drop(&lock);
		pv_lock_stats(2, &after);
		KUNIT_EXPECT_EQ(test, after.kicked - before.kicked, i);
	}
	pv_fake.cpu = 0;
}

static void xen_smp_tlb(struct kunit *test)
{
	static const uint64_t all[1] = {~0ull};

	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_EXPECT_EQ(test, pv_tlb_start(), 0);
	KUNIT_EXPECT_EQ(test, pv_tlb_flush(all), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.flushes, 1);
}

static unsigned int sched_yields, sched_polls;
static uint64_t poll_timeout;

static long sched_hook(unsigned int op, const unsigned long arg[5])
{
	if (op == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_yield)
		sched_yields++;
	if (op == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_poll) {
		sched_polls++;
		poll_timeout = ((const struct sched_poll *)arg[1])->timeout;
	}
	return pv_fake_xen_hypercall(op, arg);
}

/*
 * A CPU that could not have a port does not sleep; one without a clock does so with no end of it in
 * Xen.
 */
static void xen_smp_waits_with_less(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(), 0);
	pv_fake.xen_hypercall = sched_hook;
	sched_yields = sched_polls = 0;
	pv_xen_wait(3);
	KUNIT_EXPECT_TRUE(test, sched_yields == 1 && sched_polls == 0);
	pv_xen_yield(2);
	KUNIT_EXPECT_EQ(test, sched_yields, 2);
	pv_xen_kick(3);
	pv_xen_wait(0);
	KUNIT_EXPECT_EQ(test, sched_polls, 1);
	KUNIT_EXPECT_NE(test, poll_timeout, 0);
	pv_clock_end();
	pv_xen_wait(0);
	KUNIT_EXPECT_EQ(test, poll_timeout, 0);
}

/* No port for a CPU's interrupts, and none to wait at. */
static void xen_smp_no_port(struct kunit *test)
{
	int ipi;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	pv_fake_xen.fail_at = 1;
	pv_fake_xen.fail_with = PV_ENOSPC;
	KUNIT_EXPECT_EQ(test, pv_ipi_open(ring, NULL), PV_ENOSPC);
	ipi = pv_ipi_open(ring, NULL);
	KUNIT_ASSERT_GE(test, ipi, 0);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 0), 0);
	KUNIT_EXPECT_EQ(test, rung[0], 1);
	pv_ipi_close(ipi);
}

/* The port at which a CPU waits is masked; were it not, an event at it would be one for nobody. */
static void xen_smp_port_let_go(struct kunit *test)
{
	struct pv_evtchn_stats before, after;
	int port;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	pv_evtchn_stats(&before);
	pv_xen_kick(0);
	pv_evtchn_stats(&after);
	KUNIT_EXPECT_EQ(test, after.events, before.events);
	for (port = 1; port < 32; port++)
		pv_evtchn_unmask(port);
	pv_evtchn_stats(&after);
	KUNIT_EXPECT_EQ(test, after.events, before.events + 1);
	KUNIT_EXPECT_EQ(test, after.unknown, before.unknown);
	KUNIT_EXPECT_TRUE(test, !rung[0] && !rung[1] && !rung[2]);
}

/* At the end a CPU runs still: Xen writes to its area, which stays. */
static void xen_smp_ends_early(struct kunit *test)
{
	unsigned int pages;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	pages = pv_fake.live_pages;
	pv_fake_xen.runstate[3] = NULL;
	pv_xen_smp_end();
	KUNIT_EXPECT_NOT_NULL(test, pv_fake_xen.runstate[1]);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	pv_fake_xen.runstate[1]->state = RUNSTATE_runnable; /* it can be written */
	pv_xen_smp_begin();
}

static struct kunit_case xen_smp_cases[] = {
	KUNIT_CASE(xen_smp_waits_with_less),
	KUNIT_CASE(xen_smp_no_port),
	KUNIT_CASE(xen_smp_port_let_go),
	KUNIT_CASE(xen_smp_ends_early),
	KUNIT_CASE(xen_smp_ipi),
	KUNIT_CASE(xen_smp_runstate),
	KUNIT_CASE(xen_smp_lock),
	KUNIT_CASE(xen_smp_tlb),
	{},
};

static struct kunit_suite xen_smp_suite = {
	.name = "xen_smp",
	.init = xen_smp_init,
	.exit = xen_smp_exit,
	.test_cases = xen_smp_cases,
};
kunit_test_suite(xen_smp_suite);
