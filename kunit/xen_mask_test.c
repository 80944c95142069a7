/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Event channels against the fake Xen: the mask and its race, late ends of interrupt, CPUs.
 *
 * Covers: pv-core/xen/events.c pv-core/xen/evtchn_late.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "fake_events.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"

static unsigned int count[3];
static unsigned int last_cpu;

static int start(void)
{
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(),
					  .hypervisors = pv_fake_hypervisors};

	return pv_init(&args);
}

static int mask_init(struct kunit *test)
{
	(void)test;
	pv_memset(count, 0, sizeof(count));
	pv_fake_xen_start();
	pv_fake_xen.vcpus = 4;
	return start();
}

static void mask_exit(struct kunit *test)
{
	pv_fake.cpu = 0;
	pv_fake.shared_atomic = NULL;
	pv_fake.shared_read = NULL;
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), 0);
}

static void counting(void *arg)
{
	++*(unsigned int *)arg;
	last_cpu = pv_os_cpu();
}

static unsigned int accesses;

/* --- the mask --------------------------------------------------------------------------------- */

static void mask_holds_back(struct kunit *test)
{
	int port = pv_evtchn_bind_ipi(0, counting, &count[0]);

	pv_evtchn_mask(port);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	KUNIT_EXPECT_EQ(test, count[0], 0);
	KUNIT_EXPECT_TRUE(test, pv_evtchn_pending(port));
	pv_evtchn_unmask(port);
	KUNIT_EXPECT_EQ(test, count[0], 1);
	pv_evtchn_unmask(port);
	KUNIT_EXPECT_EQ(test, count[0], 1);
	/* Not ours: nothing happens. */
	pv_evtchn_mask(0);
	pv_evtchn_mask(-1);
	pv_evtchn_unmask(4000);
	pv_evtchn_unmask(100000);
	KUNIT_EXPECT_FALSE(test, pv_evtchn_pending(4000));
}

static unsigned int send_at; /* the access before which the peer sends */
static int race_port;

static void maybe_send(void)
{
	if (++accesses == send_at) {
		pv_fake.shared_atomic = NULL;
		pv_fake.shared_read = NULL;
		pv_fake_xen_peer_send((uint32_t)race_port);
	}
}

static void race_atomic(volatile void *p, size_t size)
{
	(void)p;
	(void)size;
	maybe_send();
}

static uint64_t race_read(const volatile void *p, size_t size, uint64_t v)
{
	/* The event comes right after this access has its value. */
	(void)p;
	(void)size;
	maybe_send();
	return v;
}

/*
 * An event before, between and after each access to shared memory that an unmask makes: exactly one
 * call of the handler for it, and nothing left over. `before`: one came while it was masked, too.
 */
static void unmask_race(struct kunit *test, bool before)
{
	unsigned int k, c;

	race_port = pv_evtchn_bind_ipi(0, counting, &count[0]);
	for (k = 1; k < 12; k++) {
		count[0] = 0;
		pv_evtchn_mask(race_port);
		if (before)
			KUNIT_EXPECT_EQ(test, pv_evtchn_send(race_port), 0);
		accesses = 0;
		send_at = k;
		pv_fake.shared_atomic = race_atomic;
		pv_fake.shared_read = race_read;
		pv_evtchn_unmask(race_port);
		pv_fake.shared_atomic = NULL;
		pv_fake.shared_read = NULL;
		c = count[0];
		if (accesses < send_at) {
			/* It makes fewer than k: this was without an event in between. */
			KUNIT_EXPECT_EQ(test, c, before);
			KUNIT_EXPECT_GT(test, k, 2);
			break;
		}
		KUNIT_EXPECT_GE_MSG(test, c, 1, "lost, at access %u", k);
		KUNIT_EXPECT_LE_MSG(test, c, 1 + before, "at access %u", k);
		KUNIT_EXPECT_FALSE(test, pending(race_port));
		KUNIT_EXPECT_FALSE(test, masked(race_port));
	}
}

/* Fault row 22 */
static void mask_unmask_race(struct kunit *test)
{
	unmask_race(test, false);
}

static void mask_unmask_race_pending(struct kunit *test)
{
	unmask_race(test, true);
}

/* --- late ends -------------------------------------------------------------------------------- */

static void mask_late(struct kunit *test)
{
	int port = pv_evtchn_bind_ipi(0, counting, &count[0]);
	unsigned int i;

	pv_evtchn_set_late(port);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	KUNIT_EXPECT_EQ(test, count[0], 1);
	KUNIT_EXPECT_TRUE(test, masked(port));
	pv_evtchn_eoi(port);
	KUNIT_EXPECT_EQ(test, count[0], 2);
	pv_evtchn_eoi(port);
	KUNIT_EXPECT_EQ(test, count[0], 2);
	KUNIT_EXPECT_FALSE(test, masked(port));
	pv_evtchn_eoi(0);
	pv_evtchn_eoi_idle(-1);
	pv_evtchn_eoi(4000);
}

/*
 * A storm without work: let go at once twice, then after 1, 2, 4, ... 1024 ms, and no later.
 * Nothing is lost, and work ends the delays.
 * Fault row 18.
 */
static void mask_storm(struct kunit *test)
{
	int port = pv_evtchn_bind_ipi(0, counting, &count[0]);
	uint64_t expected = 0, begin;
	unsigned int round;

	pv_evtchn_set_late(port);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	for (round = 1; round <= 20; round++) {
		KUNIT_EXPECT_EQ(test, count[0], round);
		KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
		begin = pv_fake.now;
		pv_fake.work_scheduled = 0;
		pv_evtchn_eoi_idle(port);
		if (round <= 2) {
			KUNIT_EXPECT_EQ(test, count[0], round + 1);
			continue;
		}
		expected = round == 3 ? 1000000 : (expected < 1000000000 ? 2 * expected : expected);
		/* The CPU's timer asks for work when it is due, and not before. */
		KUNIT_EXPECT_EQ(test, pv_work(), 0);
		KUNIT_EXPECT_EQ(test, count[0], round);
		pv_fake.now = begin + expected - 1000;
		pv_fake_xen_run_timers();
		KUNIT_EXPECT_EQ(test, pv_work(), 0);
		KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 0);
		KUNIT_EXPECT_EQ(test, count[0], round);
		pv_fake.now = begin + expected + 1000;
		pv_fake_xen_run_timers();
		KUNIT_EXPECT_GE(test, pv_fake.work_scheduled, 1);
		pv_work();
		KUNIT_ASSERT_EQ(test, count[0], round + 1);
	}
	KUNIT_EXPECT_EQ(test, expected, 1024000000);
	KUNIT_EXPECT_EQ(test, stats().delayed, 18);
	pv_evtchn_eoi(port);
	KUNIT_EXPECT_EQ(test, count[0], 21);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	KUNIT_EXPECT_EQ(test, count[0], 22);
	pv_evtchn_eoi_idle(port);
	KUNIT_EXPECT_FALSE(test, masked(port));
}

/* Closed while it waits: its number, bound anew, is not let go or held back by what was before. */
static void mask_late_close(struct kunit *test)
{
	int port = pv_evtchn_bind_ipi(0, counting, &count[0]), again;
	unsigned int i;

	pv_evtchn_set_late(port);
	for (i = 0; i < 5; i++) {
		pv_evtchn_send(port);
		pv_evtchn_eoi_idle(port);
		pv_fake.now += 50000000;
		pv_work();
	}
	pv_evtchn_send(port);
	pv_evtchn_eoi_idle(port);
	pv_evtchn_close(port);
	again = pv_evtchn_bind_ipi(0, counting, &count[1]);
	KUNIT_ASSERT_EQ(test, again, port);
	pv_evtchn_mask(again);
	pv_fake.now += 5000000000ull;
	pv_fake_xen_run_timers();
	pv_work();
	KUNIT_EXPECT_TRUE(test, masked(again));
	pv_evtchn_unmask(again);
	pv_evtchn_send(again);
	KUNIT_EXPECT_EQ(test, count[1], 1);

	/* Somebody's work ends after the port did. */
	pv_evtchn_close(again);
	for (i = 0; i < 5; i++)
		pv_evtchn_eoi_idle(again);
	pv_evtchn_eoi(again);
	KUNIT_EXPECT_EQ(test, stats().delayed, 4);
	pv_fake.now += 5000000000ull;
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
}

/* --- CPUs ------------------------------------------------------------------------------------- */

static void mask_cpus(struct kunit *test)
{
	int port = pv_evtchn_alloc_unbound(PV_FAKE_XEN_PEER, counting, &count[0]);
	int stays = pv_evtchn_bind_ipi(0, counting, &count[1]), ipi;

	KUNIT_EXPECT_EQ(test, pv_evtchn_set_cpu(port, 1), PV_EINVAL);
	pv_fake.cpu = 1;
	KUNIT_ASSERT_EQ(test, pv_cpu_init(), 0);
	ipi = pv_evtchn_bind_ipi(1, counting, &count[2]);
	pv_fake.cpu = 0;
	KUNIT_ASSERT_GT(test, ipi, 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(ipi), 0);
	KUNIT_EXPECT_EQ(test, count[2], 1);
	KUNIT_EXPECT_EQ(test, last_cpu, 1);
	pv_fake_xen_peer_send((uint32_t)port);
	KUNIT_EXPECT_EQ(test, last_cpu, 0);

	KUNIT_EXPECT_EQ(test, pv_evtchn_set_cpu(port, 1), 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_set_cpu(port, 1), 0);
	pv_fake_xen_peer_send((uint32_t)port);
	KUNIT_EXPECT_EQ(test, count[0], 2);
	KUNIT_EXPECT_EQ(test, last_cpu, 1);

	/* Both in one word, both pending: each CPU takes its own. */
	pv_fake_xen.irqs_off = true;
	pv_fake_xen_peer_send((uint32_t)port);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(stays), 0);
	pv_xen_dispatch();
	KUNIT_EXPECT_EQ(test, count[0], 2);
	KUNIT_EXPECT_EQ(test, count[1], 1);
	pv_fake_xen.irqs_off = false;
	pv_fake_xen_deliver();
	KUNIT_EXPECT_EQ(test, count[0], 3);
	KUNIT_EXPECT_EQ(test, last_cpu, 1);

	/* Unmasked from the other CPU, by Xen. */
	pv_evtchn_mask(port);
	pv_fake_xen_peer_send((uint32_t)port);
	pv_evtchn_unmask(port);
	KUNIT_EXPECT_EQ(test, count[0], 4);
	KUNIT_EXPECT_EQ(test, last_cpu, 1);
	KUNIT_EXPECT_EQ(test, pv_evtchn_set_cpu(ipi, 0), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(ipi), 0);
	KUNIT_EXPECT_EQ(test, count[2], 2);

	/* The CPU goes: its port comes to the boot CPU, its IPI ends. */
	pv_fake.cpu = 1;
	pv_cpu_exit();
	pv_fake.cpu = 0;
	pv_fake_xen_peer_send((uint32_t)port);
	KUNIT_EXPECT_EQ(test, count[0], 5);
	KUNIT_EXPECT_EQ(test, last_cpu, 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(ipi), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, stats().unknown, 0);
}

static struct kunit_case mask_cases[] = {
	KUNIT_CASE(mask_holds_back),
	KUNIT_CASE(mask_unmask_race),
	KUNIT_CASE(mask_unmask_race_pending),
	KUNIT_CASE(mask_late),
	KUNIT_CASE(mask_storm),
	KUNIT_CASE(mask_late_close),
	KUNIT_CASE(mask_cpus),
	{},
};

static struct kunit_suite mask_suite = {
	.name = "xen_mask",
	.init = mask_init,
	.exit = mask_exit,
	.test_cases = mask_cases,
};

kunit_test_suite(mask_suite);
