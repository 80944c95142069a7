/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Queues that follow CPUs: how many a device is used with, each at work by itself, whose interrupt
 * goes where, and devices that say of their queues what cannot be.
 *
 * Covers: pv-core/queues.c drivers/virtio/virtio_net_ctrl.c drivers/virtio/virtio_blk.c
 * drivers/virtio/virtio_net.c
 */
#include <pv/blk.h>
#include <pv/net.h>
#include <pv/virtio.h>

#include "fake_virtio.h"
#include "pv-core/bus.h"

#define BIT64(n) (1ull << (n))
#define MODERN	 BIT64(VIRTIO_F_VERSION_1)
#define INDIRECT BIT64(VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT	 BIT64(VIRTIO_RING_F_EVENT_IDX)
#define MRG	 BIT64(VIRTIO_NET_F_MRG_RXBUF)
#define BLK_MQ	 (MODERN | INDIRECT | EVENT | BIT64(VIRTIO_BLK_F_MQ))
#define NET_MQ                                                                                     \
	(MODERN | INDIRECT | EVENT | MRG | BIT64(VIRTIO_NET_F_MQ) | BIT64(VIRTIO_NET_F_CTRL_VQ))
#define PAIRS	 5u /* that the device has */
#define CTRL	 (2 * PAIRS)
#define NO_REPLY 0x100u

struct machine {
	struct fake_blk blk;
	struct fake_net net;
	struct pv_blk_req req[4];
	struct pv_seg seg;
	void *page;
	struct pv_blk *open_blk;
	struct pv_net *open_net;
	unsigned int done[4], events[4];
	/* The control queue's device. */
	unsigned int reply; /* the answer's byte, or NO_REPLY */
	bool lies;	    /* its used element names no chain */
	unsigned int commands;
	uint8_t command[4];
};

static struct machine *machine;

static int init(struct kunit *test)
{
	struct machine *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i;

	if (!m)
		return PV_ENOMEM;
	test->priv = machine = m;
	m->page = pv_os_pages_alloc(1);
	fake_blk_init(&m->blk, BLK_MQ);
	fake_config16(&m->blk.f, offsetof(struct virtio_blk_config, num_queues), 4);
	for (i = 1; i < 4; i++)
		m->blk.f.q[i].max = 64;
	fake_net_init(&m->net, NET_MQ);
	fake_config16(&m->net.f, offsetof(struct virtio_net_config, max_virtqueue_pairs), PAIRS);
	return 0;
}

static void end(struct kunit *test)
{
	struct machine *m = test->priv;

	pv_fake.relax = NULL;
	if (m->open_blk)
		pv_blk_close(m->open_blk);
	if (m->open_net)
		pv_net_close(m->open_net);
	pv_bus_remove_all();
	pv_bus_set_drivers(NULL);
	pv_os_pages_free(m->page, 1);
	(void)pv_queues_follow(1);
}

/* The drivers' table stays: devices are probed again. */
static void plug(struct fake_virtio *f)
{
	static const struct pv_driver *const drivers[] = {&pv_virtio_blk, &pv_virtio_net, NULL};

	pv_bus_set_drivers(drivers);
	(void)pv_device_add(&f->vd.dev);
}

/* The device's turn, while the driver waits. */
static void answer(void)
{
	static struct fake_chain chain;
	struct machine *m = machine;
	uint8_t ack = (uint8_t)m->reply;

	if (!fake_vq_next(&m->net.f, CTRL, &chain))
		return;
	m->commands++;
	fake_chain_read(&chain, 0, m->command, sizeof(m->command));
	if (m->reply == NO_REPLY)
		return;
	fake_chain_write(&chain, 0, &ack, 1);
	fake_vq_used(&m->net.f, CTRL, m->lies ? chain.head ^ 1u : chain.head, 1);
}

/* --- how many --------------------------------------------------------------------------------- */

static unsigned int blk_queues(struct kunit *test)
{
	struct machine *m = test->priv;
	unsigned int n;

	m->open_blk = pv_blk_open(0);
	KUNIT_ASSERT_NOT_NULL(test, m->open_blk);
	n = m->open_blk->num_queues;
	KUNIT_EXPECT_NOT_NULL(test, pv_blk_queue(m->open_blk, n - 1));
	KUNIT_EXPECT_NULL(test, pv_blk_queue(m->open_blk, n));
	pv_blk_close(m->open_blk);
	m->open_blk = NULL;
	return n;
}

static unsigned int net_queues(struct kunit *test)
{
	struct machine *m = test->priv;
	unsigned int n;

	m->open_net = pv_net_open(0);
	KUNIT_ASSERT_NOT_NULL(test, m->open_net);
	n = m->open_net->num_queues;
	pv_net_close(m->open_net);
	m->open_net = NULL;
	return n;
}

/* One, until several CPUs are told of; then the least of CPUs, the device's, and messages. */
static void counts(struct kunit *test)
{
	static const struct {
		unsigned int cpus, messages, blk, net;
	} cases[] = {
		{1, 0, 1, 1},  {2, 0, 2, 2}, {4, 0, 4, 4}, {64, 0, 4, 5}, {0, 0, 1, 1},
		{4, 16, 4, 4}, {4, 5, 4, 2}, {4, 4, 3, 1}, {4, 3, 2, 1},  {4, 1, 4, 4},
	};
	struct machine *m = test->priv;
	unsigned int i, k;

	pv_fake.relax = answer;
	plug(&m->blk.f);
	plug(&m->net.f);
	KUNIT_EXPECT_EQ(test, blk_queues(test), 1u);
	KUNIT_EXPECT_EQ(test, net_queues(test), 1u);
	KUNIT_EXPECT_FALSE(test, m->net.f.accepted >> VIRTIO_NET_F_MQ & 1);
	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		m->blk.f.vd.max_messages = m->net.f.vd.max_messages = cases[i].messages;
		m->commands = 0;
		KUNIT_ASSERT_EQ(test, pv_queues_follow(cases[i].cpus), 0);
		KUNIT_EXPECT_EQ_MSG(test, blk_queues(test), cases[i].blk, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, net_queues(test), cases[i].net, "case %u", i);
		KUNIT_EXPECT_EQ(test, m->commands, cases[i].net > 1 ? 1u : 0u);
		/* Each goes to its CPU. */
		for (k = 0; k < cases[i].blk; k++)
			KUNIT_EXPECT_EQ(test, m->blk.f.vd.vq[k].cpu, k);
		for (k = 0; k < 2 * cases[i].net; k++)
			KUNIT_EXPECT_EQ(test, m->net.f.vd.vq[k].cpu, k / 2);
	}
}

/* A device that somebody has opened stays as it is. */
static void open_stays(struct kunit *test)
{
	struct machine *m = test->priv;

	pv_fake.relax = answer;
	plug(&m->blk.f);
	plug(&m->net.f);
	m->open_blk = pv_blk_open(0);
	KUNIT_EXPECT_EQ(test, pv_queues_follow(2), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, m->open_blk->num_queues, 1u);
	KUNIT_EXPECT_EQ(test, net_queues(test), 2u);
}

/* Where a queue that it says it has is missing, the first is used. */
static void missing(struct kunit *test)
{
	struct machine *m = test->priv;

	m->blk.f.q[2].max = 0;
	plug(&m->blk.f);
	KUNIT_EXPECT_EQ(test, pv_queues_follow(3), 0);
	KUNIT_EXPECT_EQ(test, blk_queues(test), 1u);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("tried with one queue"));
}

/* --- at work ---------------------------------------------------------------------------------- */

static void done(struct pv_blk_req *req)
{
	++*(unsigned int *)req->user;
}

static void event(void *arg)
{
	++*(unsigned int *)arg;
}

static void submit(struct kunit *test, unsigned int i)
{
	struct machine *m = test->priv;

	m->req[i] = (struct pv_blk_req) {.op = PV_BLK_READ,
					 .sector = 8 * i,
					 .segs = &m->seg,
					 .num_segs = 1,
					 .done = done,
					 .user = &m->done[i]};
	KUNIT_ASSERT_EQ(test, pv_blk_submit(pv_blk_queue(m->open_blk, i), &m->req[i]), 0);
	pv_blk_flush(pv_blk_queue(m->open_blk, i));
}

static void disk_up(struct kunit *test, unsigned int cpus)
{
	struct machine *m = test->priv;
	unsigned int i;

	m->seg = (struct pv_seg) {.va = m->page, .len = 512};
	plug(&m->blk.f);
	KUNIT_ASSERT_EQ(test, pv_queues_follow(cpus), 0);
	m->open_blk = pv_blk_open(0);
	for (i = 0; i < cpus; i++) {
		pv_blk_set_event(pv_blk_queue(m->open_blk, i), event, &m->events[i]);
		KUNIT_EXPECT_EQ(test, pv_blk_poll(pv_blk_queue(m->open_blk, i), 8), 0);
	}
}

/* What goes over one queue is seen on no other. */
static void blk_alone(struct kunit *test)
{
	struct machine *m = test->priv;
	unsigned int i, k;

	disk_up(test, 4);
	for (i = 0; i < 4; i++)
		submit(test, i);
	for (i = 4; i--;) {
		m->blk.queue = i;
		KUNIT_EXPECT_EQ(test, fake_blk_run(&m->blk, 8), 1u);
		for (k = 0; k < 4; k++)
			KUNIT_EXPECT_EQ(test, m->events[k], k < i ? 0u : 1u);
		for (k = 0; k < 4; k++)
			KUNIT_EXPECT_EQ(test, pv_blk_poll(pv_blk_queue(m->open_blk, k), 8), k == i);
		KUNIT_EXPECT_EQ(test, m->done[i], 1u);
		KUNIT_EXPECT_EQ(test, m->req[i].status, 0);
		KUNIT_EXPECT_EQ(test, pv_blk_stats(pv_blk_queue(m->open_blk, i))->completed, 1ull);
	}
}

/*
 * One queue's lie breaks the device; the others' CPUs are told, and each takes back what is its
 * own.
 *
 * Fault row 33
 */
static void broken_for_all(struct kunit *test)
{
	struct machine *m = test->priv;
	unsigned int i;

	disk_up(test, 3);
	for (i = 0; i < 3; i++)
		submit(test, i);
	fake_vq_used(&m->blk.f, 1, 999, 0);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(pv_blk_queue(m->open_blk, 1), 8), 1);
	KUNIT_EXPECT_EQ(test, m->blk.f.vd.dev.state, PV_DEV_BROKEN);
	KUNIT_EXPECT_EQ(test, m->req[1].status, PV_EPROTO);
	KUNIT_EXPECT_EQ(test, m->done[0] + m->done[2], 0u);
	for (i = 0; i < 3; i += 2) {
		KUNIT_EXPECT_EQ(test, m->events[i], 1u);
		KUNIT_EXPECT_EQ(test, pv_blk_poll(pv_blk_queue(m->open_blk, i), 8), 1);
		KUNIT_EXPECT_EQ(test, m->req[i].status, PV_EPROTO);
	}
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, m->done[i], 1u);
}

static void receive(void *arg, struct pv_packet *pkt)
{
	++*(unsigned int *)arg;
	pv_packet_put(pkt);
}

/*
 * The command, as 5.1.6.5.5 has it; a frame comes by the pair that the device chose; and all again
 * after a stop.
 */
static void net_pairs(struct kunit *test)
{
	static const uint8_t command[] = {VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 3,
					  0};
	static const uint8_t frame[60];
	struct machine *m = test->priv;
	unsigned int received = 0, round, i, k;

	pv_fake.relax = answer;
	plug(&m->net.f);
	KUNIT_ASSERT_EQ(test, pv_queues_follow(3), 0);
	KUNIT_EXPECT_EQ(test, m->commands, 1u);
	KUNIT_EXPECT_EQ(test, memcmp(m->command, command, sizeof(command)), 0);
	m->open_net = pv_net_open(0);
	for (round = 1; round <= 2; round++) {
		KUNIT_ASSERT_EQ(test, pv_net_start(m->open_net, receive, &received), 0);
		KUNIT_ASSERT_EQ(test, m->open_net->num_queues, 3u);
		for (i = 0; i < 3; i++) {
			m->net.pair = i;
			KUNIT_ASSERT_TRUE(test, fake_net_receive(&m->net, NULL, frame, 60));
			for (k = 0; k < 3; k++)
				KUNIT_EXPECT_EQ(test, pv_net_poll(pv_net_queue(m->open_net, k), 8),
						k == i);
		}
		pv_net_stop(m->open_net);
		KUNIT_EXPECT_EQ(test, received, 3 * round);
		KUNIT_EXPECT_EQ(test, m->commands, round);
	}
}

/* --- what cannot be --------------------------------------------------------------------------- */

/* Fault row 54 */
static void no_such_number(struct kunit *test)
{
	static const uint16_t pairs[] = {0, 0x8001, 0xffff};
	struct machine *m = test->priv;
	unsigned int i;

	pv_fake.relax = answer;
	fake_config16(&m->blk.f, offsetof(struct virtio_blk_config, num_queues), 0);
	plug(&m->blk.f);
	plug(&m->net.f);
	for (i = 0; i < PV_ARRAY_SIZE(pairs); i++) {
		fake_config16(&m->net.f, offsetof(struct virtio_net_config, max_virtqueue_pairs),
			      pairs[i]);
		KUNIT_EXPECT_EQ(test, pv_queues_follow(4), 0);
		KUNIT_EXPECT_EQ(test, net_queues(test), 1u);
	}
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("65535 pairs of queues are not possible"));
	KUNIT_EXPECT_EQ(test, blk_queues(test), 1u);
	KUNIT_EXPECT_EQ(test, m->commands, 0u);
}

static const struct answering {
	const char *name;
	unsigned int reply;
	bool lies;
	const char *said;
} answers[] = {
	{"refused", VIRTIO_NET_ERR, false, "error -95"},
	{"no answer's byte", 0x55, false, "the answer to VQ_PAIRS_SET is 0x55"},
	{"byte not written", 0xff, false, "the answer to VQ_PAIRS_SET is 0xff"},
	{"none", NO_REPLY, false, "for an answer to VQ_PAIRS_SET, there is none"},
	{"used id of no chain", VIRTIO_NET_OK, true, "used id is not in flight"},
};

static void answering_name(const struct answering *a, char *desc)
{
	strscpy(desc, a->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(answering, answers, answering_name);

/*
 * The device is used with one pair then.
 *
 * Fault row 55
 */
static void no_such_answer(struct kunit *test)
{
	const struct answering *a = test->param_value;
	struct machine *m = test->priv;

	pv_fake.relax = answer;
	m->reply = a->reply;
	m->lies = a->lies;
	plug(&m->net.f);
	KUNIT_EXPECT_EQ(test, pv_queues_follow(2), 0);
	KUNIT_EXPECT_EQ(test, m->commands, 1u);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged(a->said));
	KUNIT_EXPECT_EQ(test, net_queues(test), 1u);
	KUNIT_EXPECT_EQ(test, m->net.f.vd.dev.state, PV_DEV_LIVE);
	/* It is not asked again. */
	KUNIT_EXPECT_EQ(test, m->commands, 1u);
}

/* MQ without a control queue. */
static void no_control(struct kunit *test)
{
	struct machine *m = test->priv;

	m->net.f.offered &= ~BIT64(VIRTIO_NET_F_CTRL_VQ);
	plug(&m->net.f);
	KUNIT_EXPECT_EQ(test, pv_queues_follow(2), 0);
	KUNIT_EXPECT_EQ(test, net_queues(test), 1u);
}

/*
 * Each allocation fails once: the device comes up with one queue, or, if that fails, too, not at
 * all.
 */
static void without_memory(struct kunit *test)
{
	struct machine *m = test->priv;
	unsigned int n;

	pv_fake.relax = answer;
	plug(&m->net.f);
	for (n = 1; n < 300; n++) {
		pv_fake.alloc_fail_at = n;
		KUNIT_ASSERT_EQ(test, pv_queues_follow(2), 0);
		if (pv_fake.alloc_fail_at)
			break;
		KUNIT_ASSERT_EQ(test, net_queues(test) == 1 || net_queues(test) == 2, true);
	}
	pv_fake.alloc_fail_at = 0;
	KUNIT_EXPECT_GT(test, n, 20u);
	KUNIT_EXPECT_LT(test, n, 300u);
	KUNIT_EXPECT_EQ(test, net_queues(test), 2u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(counts),
	KUNIT_CASE(open_stays),
	KUNIT_CASE(missing),
	KUNIT_CASE(blk_alone),
	KUNIT_CASE(broken_for_all),
	KUNIT_CASE(net_pairs),
	KUNIT_CASE(no_such_number),
	KUNIT_CASE_PARAM(no_such_answer, answering_gen_params),
	KUNIT_CASE(no_control),
	KUNIT_CASE(without_memory),
	{},
};

static struct kunit_suite suite = {
	.name = "queues",
	.init = init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
