/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The network class layer over a driver that does nothing by itself: what is accepted, who is told,
 * and where pages are.
 *
 * Covers: pv-core/net.c pv-core/net_pool.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/fake.h>
#include <pv/string.h>

#include "pv-core/net_driver.h"

#define ALL (PV_NET_F_TX_CSUM | PV_NET_F_GSO_TCP4 | PV_NET_F_GSO_TCP6)

struct fake {
	struct pv_net net;
	struct pv_net_queue q;
	struct pv_net_queue *queues[1];
	struct pv_device dev;
	bool opened, released;
	unsigned int sends, flushes, reaps, receives, refills, arms, disarms, starts, stops;
	int send_result, start_result;
	bool reap_makes_room;
	unsigned int arm_finds;
	struct pv_packet *to_reap, *reap_next;
	struct pv_net_buf *posted[8];
	unsigned int num_posted;
	unsigned int arrived; /* buffers that the next receive delivers */

	struct pv_packet pkt, other, third;
	unsigned int done, events, received;
	int status;
	struct pv_packet *resubmit;
};

static struct fake *fake_of(struct pv_net_queue *q)
{
	return pv_container_of(q, struct fake, q);
}

static int send(struct pv_net_queue *q, struct pv_packet *pkt)
{
	struct fake *f = fake_of(q);

	(void)pkt;
	f->sends++;
	return f->send_result;
}

static void flush(struct pv_net_queue *q)
{
	fake_of(q)->flushes++;
}

static void reap(struct pv_net_queue *q)
{
	struct fake *f = fake_of(q);

	f->reaps++;
	if (f->to_reap)
		pv_net_sent(q, f->to_reap, 0);
	f->to_reap = f->reap_next;
	f->reap_next = NULL;
	if (f->reap_makes_room)
		f->send_result = 0;
}

static int receive(struct pv_net_queue *q, int budget)
{
	struct fake *f = fake_of(q);
	int n = 0;

	f->receives++;
	while (n < budget && f->arrived) {
		struct pv_net_buf *buf = f->posted[--f->num_posted];

		f->arrived--;
		buf->next = NULL;
		/* Every packet is of two buffers, where there are two. */
		if (f->num_posted)
			buf->next = f->posted[--f->num_posted];
		if (buf->next)
			buf->next->next = NULL;
		buf->pkt.len = 60;
		pv_net_deliver(q, buf);
		n++;
	}
	return n;
}

static void refill(struct pv_net_queue *q)
{
	struct fake *f = fake_of(q);

	f->refills++;
	while (f->num_posted < PV_ARRAY_SIZE(f->posted)) {
		struct pv_net_buf *buf = pv_net_buf_get(q);

		if (!buf)
			break;
		f->posted[f->num_posted++] = buf;
	}
}

static bool arm(struct pv_net_queue *q, bool on)
{
	struct fake *f = fake_of(q);

	if (!on) {
		f->disarms++;
		return false;
	}
	f->arms++;
	if (!f->arm_finds)
		return false;
	f->arm_finds--;
	f->arrived++;
	return true;
}

static const struct pv_net_ops ops = {
	.send = send,
	.flush = flush,
	.reap = reap,
	.receive = receive,
	.refill = refill,
	.arm = arm,
};

static int start(struct pv_net *net)
{
	struct fake *f = pv_container_of(net, struct fake, net);

	f->starts++;
	return f->start_result;
}

static void stop(struct pv_net *net)
{
	struct fake *f = pv_container_of(net, struct fake, net);

	f->stops++;
	while (f->num_posted)
		pv_net_buf_put(&f->q, f->posted[--f->num_posted]);
	if (f->to_reap)
		pv_net_sent(&f->q, f->to_reap, PV_EIO);
	f->to_reap = NULL;
}

static void bus_release(struct pv_device *dev)
{
	(void)dev;
}

static const struct pv_bus bus = {.name = "test", .release = bus_release};

static void release(struct pv_net *net)
{
	pv_container_of(net, struct fake, net)->released = true;
}

static int init(struct kunit *test)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return PV_ENOMEM;
	test->priv = f;
	f->dev.bus = &bus;
	f->dev.state = PV_DEV_LIVE;
	f->dev.holds = 1;
	pv_memcpy(f->dev.name, "test 0", 7);
	f->queues[0] = &f->q;
	f->q.ops = &ops;
	f->q.net = &f->net;
	f->q.rx_num = 8;
	f->net.dev = &f->dev;
	f->net.queue = f->queues;
	f->net.num_queues = 1;
	f->net.flags = ALL;
	pv_net_register(&f->net, start, stop);
	if (pv_net_open(f->net.index) != &f->net)
		return PV_ENOENT;
	f->opened = true;
	return 0;
}

static void end(struct kunit *test)
{
	struct fake *f = test->priv;

	if (!f->opened)
		return;
	pv_net_stop(&f->net);
	if (!f->net.gone) {
		pv_net_unregister(&f->net);
		pv_net_release(&f->net, release);
	}
	pv_net_close(&f->net);
}

static void deliver(void *arg, struct pv_packet *pkt)
{
	struct fake *f = arg;

	f->received++;
	pv_packet_put(pkt);
}

static void done(struct pv_packet *pkt)
{
	struct fake *f = pkt->user;
	struct pv_packet *again = f->resubmit;

	f->done++;
	f->status = pkt->status;
	f->resubmit = NULL;
	if (again)
		(void)!pv_net_submit(&f->q, again);
}

static void woken(void *arg)
{
	struct fake *f = arg;

	f->events++;
}

static struct pv_packet *packet(struct fake *f)
{
	static uint8_t data[2048];

	pv_memset(&f->pkt, 0, sizeof(f->pkt));
	f->pkt.len = 1000;
	f->pkt.num_segs = 2;
	f->pkt.seg[0].va = data;
	f->pkt.seg[0].len = 400;
	f->pkt.seg[1].va = data + 400;
	f->pkt.seg[1].len = 600;
	f->pkt.done = done;
	f->pkt.user = f;
	return &f->pkt;
}

static void up(struct kunit *test)
{
	struct fake *f = test->priv;

	KUNIT_ASSERT_EQ(test, pv_net_start(&f->net, deliver, f), 0);
}

/* A packet that differs from a good one by `change`, is refused. */
#define REFUSED(change)                                                                            \
	do {                                                                                       \
		p = packet(f);                                                                     \
		change;                                                                            \
		KUNIT_EXPECT_EQ_MSG(test, pv_net_submit(&f->q, p), PV_EINVAL, #change);            \
	} while (0)

static void refusals(struct kunit *test)
{
	struct fake *f = test->priv;
	struct pv_packet *p;

	KUNIT_EXPECT_EQ(test, pv_net_submit(&f->q, packet(f)), PV_EIO);
	up(test);
	KUNIT_EXPECT_EQ(test, pv_net_submit(&f->q, packet(f)), 0);
	REFUSED(p->done = NULL);
	REFUSED(p->len = 999);
	REFUSED(p->len = 1001);
	REFUSED(p->len = 0);
	REFUSED(p->num_segs = 0);
	REFUSED(p->num_segs = PV_NET_MAX_SEGS + 1);
	REFUSED(p->seg[1].len = 0; p->len = 400);
	REFUSED(p->seg[0].len = 0xfffffff0; p->seg[1].len = 1016);
	REFUSED(p->seg[0].len = 7; p->seg[1].len = 6; p->len = 13);
	REFUSED(p->seg[1].len = 70000; p->len = 70400);
	REFUSED(p->flags = PV_PACKET_CSUM_PARTIAL; p->csum_start = 990; p->csum_offset = 9);
	REFUSED(p->flags = PV_PACKET_CSUM_PARTIAL; p->csum_start = p->csum_offset = 0xffff);
	REFUSED(p->gso = PV_GSO_TCP4; p->gso_size = 100);
	REFUSED(p->flags = PV_PACKET_CSUM_PARTIAL; p->gso = PV_GSO_TCP4; p->gso_size = 0);
	REFUSED(p->flags = PV_PACKET_CSUM_PARTIAL; p->gso = PV_GSO_TCP6; p->gso_size = 1;
		p->hdr_len = 1000);
	REFUSED(p->flags = PV_PACKET_CSUM_PARTIAL; p->gso = 3; p->gso_size = 100);
	f->net.flags = PV_NET_F_TX_CSUM;
	REFUSED(p->flags = PV_PACKET_CSUM_PARTIAL; p->gso = PV_GSO_TCP4; p->gso_size = 100);
	REFUSED(p->flags = PV_PACKET_CSUM_PARTIAL; p->gso = PV_GSO_TCP6; p->gso_size = 100);
	f->net.flags = 0;
	REFUSED(p->flags = PV_PACKET_CSUM_PARTIAL);
	f->dev.state = PV_DEV_BROKEN;
	KUNIT_EXPECT_EQ(test, pv_net_submit(&f->q, packet(f)), PV_EIO);
	KUNIT_EXPECT_EQ(test, f->sends, 1u);
	KUNIT_EXPECT_EQ(test, pv_net_stats(&f->q)->submitted, 1ull);
	f->dev.state = PV_DEV_LIVE;
}

/* Full: completions are taken, but done() waits for the poll, of which the event tells. */
static void full(struct kunit *test)
{
	struct fake *f = test->priv;

	up(test);
	pv_net_set_event(&f->q, woken, f);
	KUNIT_EXPECT_EQ(test, pv_net_poll(&f->q, 4), 0);
	f->other = *packet(f);
	f->to_reap = &f->other;
	f->send_result = PV_EBUSY;
	KUNIT_EXPECT_EQ(test, pv_net_submit(&f->q, packet(f)), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, f->sends, 2u);
	KUNIT_EXPECT_EQ(test, f->done, 0u);
	f->reap_makes_room = true;
	KUNIT_EXPECT_EQ(test, pv_net_submit(&f->q, packet(f)), 0);
	KUNIT_EXPECT_EQ(test, f->events, 0u);
	pv_net_flush(&f->q);
	KUNIT_EXPECT_EQ(test, f->flushes, 1u);
	KUNIT_EXPECT_EQ(test, f->events, 1u);
	f->resubmit = packet(f);
	KUNIT_EXPECT_EQ(test, pv_net_poll(&f->q, 4), 0);
	KUNIT_EXPECT_EQ(test, f->done, 1u);
	KUNIT_EXPECT_EQ(test, f->sends, 5u);
}

/*
 * done() submits to a full ring, which brings another completion: no event will tell of that one.
 */
static void full_in_done(struct kunit *test)
{
	struct fake *f = test->priv;

	up(test);
	pv_net_set_event(&f->q, woken, f);
	f->other = *packet(f);
	f->third = *packet(f);
	f->to_reap = &f->other;
	f->reap_next = &f->third;
	f->resubmit = packet(f);
	f->send_result = PV_EBUSY;
	KUNIT_EXPECT_EQ(test, pv_net_poll(&f->q, 4), 0);
	KUNIT_EXPECT_EQ(test, f->sends, 2u);
	KUNIT_EXPECT_EQ(test, f->done, 2u);
}

static void receiving(struct kunit *test)
{
	struct fake *f = test->priv;

	up(test);
	KUNIT_EXPECT_EQ(test, f->num_posted, 8u);
	pv_net_set_event(&f->q, woken, f);
	f->arrived = 3;
	KUNIT_EXPECT_EQ(test, pv_net_poll(&f->q, 2), 2);
	KUNIT_EXPECT_EQ(test, f->received, 2u);
	KUNIT_EXPECT_EQ(test, f->arms, 0u);
	KUNIT_EXPECT_EQ(test, f->num_posted, 8u);
	pv_net_event(&f->q);
	KUNIT_EXPECT_EQ(test, f->events, 0u);
	f->arm_finds = 1;
	KUNIT_EXPECT_EQ(test, pv_net_poll(&f->q, 4), 2);
	KUNIT_EXPECT_EQ(test, f->arms, 2u);
	pv_net_event(&f->q);
	pv_net_event(&f->q);
	KUNIT_EXPECT_EQ(test, f->events, 1u);
	KUNIT_EXPECT_EQ(test, pv_net_stats(&f->q)->received, 4ull);
	KUNIT_EXPECT_EQ(test, pv_net_stats(&f->q)->bytes_in, 240ull);
	pv_net_set_event(&f->q, NULL, NULL);
	KUNIT_EXPECT_EQ(test, f->disarms, 1u);
}

static void starting(struct kunit *test)
{
	struct fake *f = test->priv;

	f->start_result = PV_EIO;
	KUNIT_EXPECT_EQ(test, pv_net_start(&f->net, deliver, f), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0u);
	f->start_result = 0;
	up(test);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 8u);
	f->to_reap = packet(f);
	pv_net_stop(&f->net);
	KUNIT_EXPECT_EQ(test, f->stops, 1u);
	KUNIT_EXPECT_EQ(test, f->done, 1u);
	KUNIT_EXPECT_EQ(test, f->status, PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0u);
	pv_net_stop(&f->net);
	KUNIT_EXPECT_EQ(test, f->stops, 1u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(&f->q, 4), 0);
	KUNIT_EXPECT_EQ(test, f->receives, 0u);
	f->q.rx_num = 100000;
	up(test);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, (unsigned int)PV_CONFIG_NET_RX);
}

static void numbers(struct kunit *test)
{
	struct fake *f = test->priv, *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, g);
	KUNIT_EXPECT_STREQ(test, f->net.name, "net0");
	g->dev = f->dev;
	g->net.dev = &g->dev;
	pv_net_register(&g->net, start, stop);
	KUNIT_EXPECT_STREQ(test, g->net.name, "net1");
	KUNIT_EXPECT_PTR_EQ(test, (void *)pv_net_open(1), (void *)&g->net);
	KUNIT_EXPECT_NULL(test, pv_net_open(2));
	pv_net_unregister(&g->net);
	pv_net_release(&g->net, release);
	KUNIT_EXPECT_FALSE(test, g->released);
	KUNIT_EXPECT_NULL(test, pv_net_open(1));
	pv_net_close(&g->net);
	KUNIT_EXPECT_TRUE(test, g->released);
	KUNIT_EXPECT_PTR_EQ(test, (void *)pv_net_queue(&f->net, 0), (void *)&f->q);
	KUNIT_EXPECT_NULL(test, pv_net_queue(&f->net, 1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(refusals),
	KUNIT_CASE(full),
	KUNIT_CASE(full_in_done),
	KUNIT_CASE(receiving),
	KUNIT_CASE(starting),
	KUNIT_CASE(numbers),
	{},
};

static struct kunit_suite suite = {
	.name = "net",
	.init = init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
