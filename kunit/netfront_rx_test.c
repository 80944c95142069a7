/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend, through the network interface, against a good backend: receiving,
 * budgets, events, and both rings' indices.
 *
 * Covers: drivers/netfront/netfront_rx.c
 */
#include <pv/string.h>

#include "fake_netback.h"
#include "pv-core/xen/events.h"

#define PAGE PV_PAGE_SIZE

/* --- receiving -------------------------------------------------------------------------------- */

static void receives(struct kunit *test)
{
	static const uint32_t len[] = {14, 15, 60, 1514, PAGE, PAGE + 1, 9014, 65535};
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < PV_ARRAY_SIZE(len); i++) {
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes + i, len[i], 0));
		KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
		KUNIT_ASSERT_EQ(test, nb->received, i + 1);
		KUNIT_EXPECT_EQ(test, nb->last.len, len[i]);
		KUNIT_EXPECT_EQ(test, nb->last.num_segs, (len[i] + PAGE - 1) / PAGE);
		KUNIT_EXPECT_EQ(test, nb->last.flags, 0);
		KUNIT_EXPECT_EQ(test, memcmp(nb->data, nb->bytes + i, len[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->received, (uint64_t)i);
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->dropped, 0ull);
	KUNIT_EXPECT_EQ(test, nb->q->pool.num_free, 0u);
}

/* Pieces anywhere in their pages; 18 of them. */
static void pieces_received(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < PV_NET_MAX_SEGS; i++)
		KUNIT_ASSERT_TRUE(
			test, fake_netback_slot(nb, (uint16_t)(i * 200), 100,
						i + 1 < PV_NET_MAX_SEGS ? NETRXF_more_data : 0));
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	KUNIT_EXPECT_EQ(test, nb->received, 1u);
	KUNIT_EXPECT_EQ(test, nb->last.len, 1800u);
	KUNIT_EXPECT_EQ(test, nb->last.num_segs, 18);
	for (i = 0; i < PV_NET_MAX_SEGS; i++)
		KUNIT_EXPECT_EQ(test, memcmp(nb->data + 100 * i, nb->bytes, 100), 0);
}

/* Shown piecemeal: it is delivered when it is whole, and meanwhile nothing spins. */
static void piecemeal(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, NETRXF_more_data));
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	KUNIT_EXPECT_EQ(test, nb->received, 0u);
	KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 50, 0));
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	KUNIT_EXPECT_EQ(test, nb->last.len, 150u);
	/* And given back, if it never is. */
	KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, NETRXF_more_data));
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	pv_net_stop(nb->net);
	KUNIT_EXPECT_EQ(test, nb->q->pool.num, 0u);
}

static void checksums_received(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_packet frame = {.seg[0].va = nb->bytes};
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < 4; i++) {
		fake_netback_headers(&frame, i & 1, i & 2 ? 17 : 6);
		KUNIT_ASSERT_TRUE(test,
				  fake_netback_receive(nb, nb->bytes, 200,
						       NETRXF_csum_blank | NETRXF_data_validated));
		KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
		KUNIT_EXPECT_EQ(test, nb->received, i + 1);
		KUNIT_EXPECT_EQ(test, nb->last.flags, PV_PACKET_CSUM_PARTIAL);
		KUNIT_EXPECT_EQ(test, nb->last.csum_start, frame.csum_start);
		KUNIT_EXPECT_EQ(test, nb->last.csum_offset, frame.csum_offset);
	}
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 200, NETRXF_data_validated));
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_EQ(test, nb->last.flags, PV_PACKET_CSUM_OK);
}

static void budgets(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 4), 4);
	KUNIT_EXPECT_EQ(test, nb->received, 4u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 4), 4);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 4), 2);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 4), 0);
}

/* The kernel keeps packets: their pages are not on the ring, and come back when it puts them. */
static void held(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	nb->holds = true;
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 5000, 0));
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_EQ(test, nb->rx.sring->req_prod - nb->rx.sring->rsp_prod, 250u);
	for (i = 0; i < 3; i++) {
		pv_packet_put(nb->held[i]);
		nb->held[i] = NULL;
	}
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_EQ(test, nb->rx.sring->req_prod - nb->rx.sring->rsp_prod, 256u);
}

/* --- events ----------------------------------------------------------------------------------- */

static const struct channels {
	const char *name;
	int split;
} channels_list[] = {{"a channel for each ring", 1}, {"one channel", 0}};

static void channels_name(const struct channels *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(channels, channels_list, channels_name);

static void events(struct kunit *test)
{
	const struct channels *channels = test->param_value;
	struct fake_netback *nb = test->priv;
	unsigned int i, before;

	nb->split = channels->split;
	fake_netback_up(test);
	KUNIT_EXPECT_EQ(test, nb->tx_port != nb->rx_port, channels->split == 1);
	/* Without event function: polling only. */
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	KUNIT_EXPECT_EQ(test, nb->events, 0u);
	pv_net_set_event(nb->q, fake_netback_note, &nb->events);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	/* One for the first frame, none for those that come before the poll. */
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, nb->events, 1u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 3);
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, nb->events, 2u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	/* Sent ones: an event when half of them are answered. */
	for (i = 0; i < 20; i++) {
		struct pv_packet *pkt = fake_netback_packet(nb, i, 60);

		pkt->num_segs = 1;
		pkt->seg[0].len = 60;
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
	}
	before = nb->kicks;
	pv_net_flush(nb->q);
	KUNIT_EXPECT_EQ(test, nb->kicks, before + 1);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	fake_netback_run(nb, 9);
	KUNIT_EXPECT_EQ(test, nb->events, 2u);
	fake_netback_run(nb, 1);
	KUNIT_EXPECT_EQ(test, nb->events, 3u);
	fake_netback_run(nb, 10);
	KUNIT_EXPECT_EQ(test, nb->events, 3u);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	KUNIT_EXPECT_EQ(test, nb->done, 20u);
	/* And no more of them, with polling only. */
	pv_net_set_event(nb->q, NULL, NULL);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, nb->events, 3u);
}

static struct fake_netback *racing;
static unsigned int reads_left;

/* The backend goes on just after one of the looks at its indices. */
static uint64_t race(const volatile void *p, size_t size, uint64_t value)
{
	struct fake_netback *nb = racing;

	(void)size;
	if ((p != &nb->rx.sring->rsp_prod && p != &nb->tx.sring->rsp_prod) || !reads_left)
		return value;
	if (!--reads_left) {
		fake_netback_receive(nb, nb->bytes, 60, 0);
		fake_netback_run(nb, 1);
	}
	return value;
}

/* Whenever frames come and are answered: they are found by the poll, or there is an event. */
static void races(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int k, round, seen;
	struct pv_packet *pkt;

	fake_netback_up(test);
	pv_net_set_event(nb->q, fake_netback_note, &nb->events);
	pv_net_poll(nb->q, 64);
	racing = nb;
	for (k = 1; k < 12; k++) {
		for (round = 0; round < 2; round++) {
			pkt = fake_netback_packet(nb, round, 60);
			pkt->num_segs = 1;
			pkt->seg[0].len = 60;
			KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
		}
		pv_net_flush(nb->q);
		nb->received = nb->done = 0;
		seen = nb->events;
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
		fake_netback_run(nb, 1);
		KUNIT_EXPECT_GT(test, nb->events, seen);
		reads_left = k;
		pv_fake.shared_read = race;
		do {
			seen = nb->events;
			pv_net_poll(nb->q, 64);
		} while (nb->events != seen);
		pv_fake.shared_read = NULL;
		if (reads_left)
			break;
		KUNIT_EXPECT_EQ(test, nb->received, 2u);
		KUNIT_EXPECT_EQ(test, nb->done, 2u);
	}
	KUNIT_EXPECT_GE(test, k, 6u);
}

/* Sending alone, with an event for each frame: none of them is put off. */
static void patience(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_evtchn_stats stats;
	unsigned int i;

	fake_netback_up(test);
	pv_net_set_event(nb->q, fake_netback_note, &nb->events);
	pv_net_poll(nb->q, 64);
	for (i = 0; i < 50; i++) {
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, 0, 60)), 0);
		pv_net_flush(nb->q);
		pv_net_poll(nb->q, 64);
		fake_netback_run(nb, 1);
		KUNIT_EXPECT_EQ(test, nb->events, i + 1);
		pv_net_poll(nb->q, 64);
	}
	pv_evtchn_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.delayed, 0ull);
}

/* --- indices ---------------------------------------------------------------------------------- */

/* Both rings beyond 2^32, with the frames right. */
static void index_wrap(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i, k;

	fake_netback_open(test);
	fake_netback_start_at(nb, 0xfffffff0);
	fake_netback_up(test);
	for (i = 0; i < 1000; i++) {
		for (k = 0; k < 3; k++) {
			struct pv_packet *pkt = fake_netback_packet(nb, 3 * (i % 80) + k, 60 + i);

			KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
		}
		pv_net_flush(nb->q);
		KUNIT_ASSERT_EQ(test, fake_netback_run(nb, 9), 3u);
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes + i, 60 + 5 * i, 0));
		KUNIT_ASSERT_EQ(test, pv_net_poll(nb->q, 64), 1);
		KUNIT_ASSERT_EQ(test, nb->done, 3 * (i + 1));
		KUNIT_ASSERT_EQ(test, nb->last.len, 60 + 5 * i);
		KUNIT_ASSERT_EQ(test, memcmp(nb->data, nb->bytes + i, 60 + 5 * i), 0);
	}
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_LIVE);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(receives),
	KUNIT_CASE(pieces_received),
	KUNIT_CASE(piecemeal),
	KUNIT_CASE(checksums_received),
	KUNIT_CASE(budgets),
	KUNIT_CASE(held),
	KUNIT_CASE_PARAM(events, channels_gen_params),
	KUNIT_CASE(races),
	KUNIT_CASE(patience),
	KUNIT_CASE(index_wrap),
	{},
};

static struct kunit_suite suite = {
	.name = "netfront_rx",
	.init = fake_netback_init,
	.exit = fake_netback_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
