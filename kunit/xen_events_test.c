/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Event channels against the fake Xen: binding and the dispatcher.
 *
 * Covers: pv-core/xen/events.c pv-core/xen/evtchn_bind.c
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

#define MANY 300

static unsigned int count[MANY];
static unsigned int last_cpu;
static unsigned int base_ports; /* of the library itself: the timer's */

static int start(void)
{
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(),
					  .hypervisors = pv_fake_hypervisors};
	int err = pv_init(&args);

	base_ports = pv_fake_xen_ports();
	return err;
}

static int events_init(struct kunit *test)
{
	(void)test;
	pv_memset(count, 0, sizeof(count));
	pv_fake_xen_start();
	pv_fake_xen.vcpus = 4;
	return start();
}

static void events_exit(struct kunit *test)
{
	pv_fake.cpu = 0;
	pv_fake.shared_atomic = NULL;
	pv_fake.shared_read = NULL;
	pv_fake.xen_hypercall = NULL;
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), 0);
}

static void counting(void *arg)
{
	++*(unsigned int *)arg;
	last_cpu = pv_os_cpu();
}

/* --- binding ---------------------------------------------------------------------------------- */

static void events_unbound(struct kunit *test)
{
	int port = pv_evtchn_alloc_unbound(PV_FAKE_XEN_PEER, counting, &count[0]);

	KUNIT_ASSERT_GT(test, port, 0);
	KUNIT_EXPECT_FALSE(test, masked(port));
	KUNIT_EXPECT_FALSE(test, pv_fake_xen_peer_bind(9, (uint32_t)port));
	KUNIT_EXPECT_TRUE(test, pv_fake_xen_peer_bind(PV_FAKE_XEN_PEER, (uint32_t)port));
	pv_fake_xen_peer_send((uint32_t)port);
	KUNIT_EXPECT_EQ(test, count[0], 1);
	KUNIT_EXPECT_FALSE(test, pending(port));
	pv_fake_xen_peer_send((uint32_t)port);
	KUNIT_EXPECT_EQ(test, count[0], 2);
	KUNIT_EXPECT_EQ(test, stats().bound, 2); /* and the timer's */

	pv_evtchn_close(port);
	KUNIT_EXPECT_TRUE(test, masked(port));
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), base_ports);
	pv_evtchn_close(port);
	pv_evtchn_close(0);
	pv_evtchn_close(PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, stats().bound, 1);
}

static uint32_t sent_port;
static uint16_t sent_domid;

static void sent(uint16_t domid, uint32_t port)
{
	sent_domid = domid;
	sent_port = port;
}

static void events_interdomain(struct kunit *test)
{
	uint32_t remote = pv_fake_xen_peer_alloc(7);
	int port = pv_evtchn_bind_interdomain(7, remote, counting, &count[0]);

	KUNIT_ASSERT_GT(test, port, 0);
	/* The binding itself is an event. */
	KUNIT_EXPECT_EQ(test, count[0], 1);
	pv_fake_xen.sent = sent;
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	KUNIT_EXPECT_EQ(test, sent_domid, 7);
	KUNIT_EXPECT_EQ(test, sent_port, port);
	KUNIT_EXPECT_LT(test, pv_evtchn_bind_interdomain(7, remote, counting, NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), base_ports + 1);
}

/* A port that the toolstack made, and to which something was sent before anybody listened. */
static void events_borrowed(struct kunit *test)
{
	uint32_t port;

	pv_shutdown();
	port = pv_fake_xen_peer_connect(PV_FAKE_XEN_PEER);
	pv_fake_xen_peer_send(port);
	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_port(0, counting, NULL), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_port(4096, counting, NULL), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_port(port, counting, &count[0]), (int)port);
	KUNIT_EXPECT_EQ(test, count[0], 1);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_port(port, counting, &count[0]), PV_EEXIST);

	/* Given back: as it was, and to be had again. */
	pv_evtchn_unbind((int)port);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), base_ports);
	pv_fake_xen_peer_send(port);
	KUNIT_EXPECT_EQ(test, count[0], 1);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_port(port, counting, &count[0]), (int)port);
	KUNIT_EXPECT_EQ(test, count[0], 2);
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), 1);
	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_port(port, counting, &count[0]), (int)port);
	pv_evtchn_close((int)port);
}

static void events_virq_ipi_pirq(struct kunit *test)
{
	int ipi = pv_evtchn_bind_ipi(0, counting, &count[0]);
	int pirq = pv_evtchn_bind_pirq(9, BIND_PIRQ__WILL_SHARE, counting, &count[1]);
	int virq = pv_evtchn_bind_virq(VIRQ_DEBUG, 0, counting, &count[2]);

	KUNIT_ASSERT_GT(test, ipi, 0);
	KUNIT_ASSERT_GT(test, pirq, 0);
	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(ipi), 0);
	KUNIT_EXPECT_EQ(test, count[0], 1);
	pv_fake_xen_peer_send((uint32_t)pirq);
	KUNIT_EXPECT_EQ(test, count[1], 1);
	pv_fake_xen_peer_send((uint32_t)virq);
	KUNIT_EXPECT_EQ(test, count[2], 1);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_virq(VIRQ_DEBUG, 0, counting, NULL), PV_EEXIST);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_ipi(1, counting, NULL), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_virq(VIRQ_DEBUG, 1, counting, NULL), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_ipi(100000, counting, NULL), PV_EINVAL);
}

static uint32_t nonsense_port;

static long nonsense(unsigned int op, const unsigned long arg[5])
{
	long r = pv_fake_xen_hypercall(op, arg);

	if (op == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_alloc_unbound && !r) {
		struct evtchn_close close = {((struct evtchn_alloc_unbound *)arg[1])->port};
		const unsigned long undo[5] = {EVTCHNOP_close, (unsigned long)&close};

		((struct evtchn_alloc_unbound *)arg[1])->port = nonsense_port;
		pv_fake_xen_hypercall(op, undo);
	}
	return r;
}

/* Xen answers with what is no port, or is one of ours already. Fault row 52. */
static void events_bad_answers(struct kunit *test)
{
	int port = pv_evtchn_bind_ipi(0, counting, &count[0]);
	const uint32_t answers[] = {0, 4096, 0xffffffff, (uint32_t)port};
	unsigned int i;

	pv_fake.xen_hypercall = nonsense;
	for (i = 0; i < PV_ARRAY_SIZE(answers); i++) {
		nonsense_port = answers[i];
		KUNIT_EXPECT_EQ_MSG(test, pv_evtchn_alloc_unbound(0, counting, &count[1]),
				    PV_EPROTO, "%u", answers[i]);
	}
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	KUNIT_EXPECT_EQ(test, count[0], 1);
	KUNIT_EXPECT_EQ(test, count[1], 0);
}

static void events_no_memory(struct kunit *test)
{
	int port[MANY];
	unsigned int i, n = 0;

	/* Ports come in order: the first of each word takes memory. */
	for (i = 0; i < MANY; i++) {
		pv_fake.alloc_fail_at = 1;
		port[n] = pv_evtchn_bind_ipi(0, counting, &count[n]);
		if (port[n] == PV_ENOMEM)
			KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), base_ports + n);
		else
			KUNIT_EXPECT_GT(test, port[n], 0);
		if (port[n] < 0) {
			pv_fake.alloc_fail_at = 0;
			port[n] = pv_evtchn_bind_ipi(0, counting, &count[n]);
		}
		KUNIT_ASSERT_GT(test, port[n], 0);
		n++;
	}
	pv_fake.alloc_fail_at = 0;
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, pv_evtchn_send(port[i]), 0);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, count[i], 1);
}

/* --- dispatch --------------------------------------------------------------------------------- */

/* Ports in several words, all pending at once: each handler once, in one upcall. */
static void events_many(struct kunit *test)
{
	uint64_t upcalls;
	int port[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		port[i] = pv_evtchn_bind_ipi(0, counting, &count[i]);
		KUNIT_ASSERT_GT(test, port[i], 0);
	}
	upcalls = stats().upcalls;
	pv_fake_xen.irqs_off = true;
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, pv_evtchn_send(port[i]), 0);
	for (i = 0; i < MANY; i += 7)
		KUNIT_EXPECT_EQ(test, pv_evtchn_send(port[i]), 0);
	KUNIT_EXPECT_EQ(test, count[0], 0);
	KUNIT_EXPECT_TRUE(test, pv_evtchn_pending(port[0]));
	pv_fake_xen.irqs_off = false;
	pv_fake_xen_deliver();
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, count[i], 1);
	KUNIT_EXPECT_EQ(test, stats().upcalls, upcalls + 1);
	KUNIT_EXPECT_FALSE(test, pv_evtchn_pending(port[0]));
	for (i = 0; i < MANY; i += 2)
		pv_evtchn_close(port[i]);
	for (i = 1; i < MANY; i += 2)
		KUNIT_EXPECT_EQ(test, pv_evtchn_send(port[i]), 0);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, count[i], 1 + i % 2);
}

static unsigned int accesses;

static uint64_t count_read(const volatile void *p, size_t size, uint64_t v)
{
	(void)p;
	(void)size;
	accesses++;
	return v;
}

static void count_atomic(volatile void *p, size_t size)
{
	(void)p;
	(void)size;
	accesses++;
}

/* One event costs the same, among few ports and among many. */
static void events_cost(struct kunit *test)
{
	int first = pv_evtchn_bind_ipi(0, counting, &count[0]);
	unsigned int i, few;

	pv_fake_xen.irqs_off = true;
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(first), 0);
	pv_fake.shared_read = count_read;
	pv_fake.shared_atomic = count_atomic;
	accesses = 0;
	pv_xen_dispatch();
	few = accesses;
	KUNIT_EXPECT_LE(test, few, 8);
	pv_fake.shared_read = NULL;
	pv_fake.shared_atomic = NULL;
	for (i = 0; i < 2000; i++)
		KUNIT_ASSERT_GT(test, pv_evtchn_bind_ipi(0, counting, &count[1]), 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(first), 0);
	pv_fake.shared_read = count_read;
	pv_fake.shared_atomic = count_atomic;
	accesses = 0;
	pv_xen_dispatch();
	KUNIT_EXPECT_EQ(test, accesses, few);
	KUNIT_EXPECT_EQ(test, count[0], 2);
}

static int other_port;

static void sends_once(void *arg)
{
	if (++*(unsigned int *)arg == 1)
		pv_fake_xen_peer_send((uint32_t)other_port);
}

/* What a handler sends is delivered: to a port before it in the scan, behind it, and to its own. */
static void events_from_handler(struct kunit *test)
{
	int a = pv_evtchn_bind_ipi(0, counting, &count[0]);
	int b = pv_evtchn_bind_ipi(0, sends_once, &count[1]);
	int c = pv_evtchn_bind_ipi(0, counting, &count[2]);
	const int target[] = {a, c, b};
	const unsigned int counter[] = {0, 2, 1};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		pv_memset(count, 0, sizeof(count));
		other_port = target[i];
		KUNIT_EXPECT_EQ(test, pv_evtchn_send(b), 0);
		pv_fake_xen_deliver();
		KUNIT_EXPECT_EQ(test, count[counter[i]], i == 2 ? 2 : 1);
		KUNIT_EXPECT_EQ(test, count[1], i == 2 ? 2 : 1);
	}
}

static void closes_other(void *arg)
{
	++*(unsigned int *)arg;
	pv_evtchn_close(other_port);
}

/* Closed by a handler, while it is pending itself: not called any more. */
static void events_close_in_handler(struct kunit *test)
{
	int a = pv_evtchn_bind_ipi(0, closes_other, &count[0]);
	int b = pv_evtchn_bind_ipi(0, counting, &count[1]);

	other_port = b;
	pv_fake_xen.irqs_off = true;
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(a), 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(b), 0);
	pv_fake_xen.irqs_off = false;
	pv_fake_xen_deliver();
	KUNIT_EXPECT_EQ(test, count[0], 1);
	KUNIT_EXPECT_EQ(test, count[1], 0);
	pv_evtchn_close(a);
}

/* Bits that nobody bound: masked, counted, and no further upcall for them. Fault row 21. */
static void events_unknown(struct kunit *test)
{
	struct shared_info *s = pv_fake_xen_shared();
	int port = pv_evtchn_bind_ipi(0, counting, &count[0]);
	const int strange[] = {port + 1, 0, 63, 64, 4095};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(strange); i++) {
		int p = strange[i];

		s->evtchn_mask[p / 64] &= ~(1ull << p % 64);
		s->evtchn_pending[p / 64] |= 1ull << p % 64;
		s->vcpu_info[0].evtchn_pending_sel |= 1ull << p / 64;
	}
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	s->vcpu_info[0].evtchn_upcall_pending = 1;
	pv_fake_xen_deliver();
	KUNIT_EXPECT_EQ(test, stats().unknown, PV_ARRAY_SIZE(strange));
	KUNIT_EXPECT_EQ(test, count[0], 1);
	for (i = 0; i < PV_ARRAY_SIZE(strange); i++) {
		KUNIT_EXPECT_TRUE(test, masked(strange[i]));
		KUNIT_EXPECT_FALSE(test, pending(strange[i]));
	}
	pv_fake_xen_peer_send(4095);
	KUNIT_EXPECT_EQ(test, stats().unknown, PV_ARRAY_SIZE(strange));
}

static void events_nothing(struct kunit *test)
{
	uint64_t upcalls = stats().upcalls;

	pv_xen_dispatch();
	KUNIT_EXPECT_EQ(test, stats().upcalls, upcalls);
	/* Flagged, and nothing selected. */
	pv_fake_xen_shared()->vcpu_info[0].evtchn_upcall_pending = 1;
	pv_xen_dispatch();
	KUNIT_EXPECT_EQ(test, stats().upcalls, upcalls + 1);
	pv_fake.cpu = 3; /* not started */
	pv_xen_dispatch();
	pv_fake.cpu = 100000;
	pv_xen_dispatch();
	pv_fake.cpu = 0;
	pv_shutdown();
	pv_xen_dispatch();
	KUNIT_EXPECT_EQ(test, start(), 0);
}

static struct kunit_case events_cases[] = {
	KUNIT_CASE(events_unbound),
	KUNIT_CASE(events_interdomain),
	KUNIT_CASE(events_borrowed),
	KUNIT_CASE(events_virq_ipi_pirq),
	KUNIT_CASE(events_bad_answers),
	KUNIT_CASE(events_no_memory),
	KUNIT_CASE(events_many),
	KUNIT_CASE(events_cost),
	KUNIT_CASE(events_from_handler),
	KUNIT_CASE(events_close_in_handler),
	KUNIT_CASE(events_unknown),
	KUNIT_CASE(events_nothing),
	{},
};

static struct kunit_suite events_suite = {
	.name = "xen_events",
	.init = events_init,
	.exit = events_exit,
	.test_cases = events_cases,
};

kunit_test_suite(events_suite);
