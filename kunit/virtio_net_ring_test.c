/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver's rings at their ends: full ones, smaller ones after a reset, events
 * that nobody wants any more, or that a broken device would be asked for; and starts that fail
 * before there are any.
 *
 * Covers: drivers/virtio/virtio_net.c drivers/virtio/virtio_net_rings.c
 * drivers/virtio/virtio_net_rx.c drivers/virtio/virtio_net_tx.c
 */
#include "counting.h"
#include "fake_card.h"
#include "pv-core/queues.h"

/* One piece, which asks for nothing: its table is there already. */
static struct pv_packet *plain(struct fake_card *c, unsigned int i)
{
	struct pv_packet *pkt = fake_card_packet(c, i, 60 + i);

	pkt->num_segs = 1;
	pkt->seg[0].len = 60 + i;
	return pkt;
}

/* --- full rings ------------------------------------------------------------------------------- */

/* Nothing is written over what the device has. */
static void full_of_plain_packets(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i, round;

	c->fake.f.q[TX].max = 32;
	fake_card_up(test);
	for (round = 1; round < 4; round++) {
		for (i = 0; i < 32; i++)
			KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, plain(c, i)), 0);
		for (; i < 40; i++)
			KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, plain(c, i)), PV_EBUSY);
		pv_net_flush(c->q);
		c->fake.sent = 0;
		KUNIT_ASSERT_EQ(test, fake_net_run(&c->fake, 99), 32u);
		pv_net_poll(c->q, 64);
		for (i = 0; i < 40; i++) {
			KUNIT_EXPECT_EQ(test, c->done[i], i < 32 ? round : 0);
			if (i < 32)
				KUNIT_EXPECT_EQ(test, c->fake.frame[i].len, 60 + i);
		}
		KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_LIVE);
	}
}

/* The device is reset, and its rings are smaller: buffers that find no place stay in the pool. */
static void smaller_after_a_reset(struct kunit *test)
{
	static const uint64_t features[] = {MODERN | BASIC, MODERN | MRG | EVENT | BASIC, BASIC};
	struct fake_card *c = test->priv;
	unsigned int i, k;

	for (k = 0; k < PV_ARRAY_SIZE(features); k++) {
		fake_net_init(&c->fake, features[k]);
		fake_card_up(test);
		KUNIT_EXPECT_GT(test, c->q->pool.num, 32u);
		c->fake.f.q[RX].max = 32;
		fake_virtio_needs_reset(&c->fake.f);
		KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_LIVE);
		/* Legacy buffers take two entries. */
		KUNIT_EXPECT_EQ(test, fake_vq_waiting(&c->fake.f, RX), k == 2 ? 16u : 32u);
		KUNIT_EXPECT_EQ(test, c->q->pool.num - c->q->pool.num_free, k == 2 ? 16u : 32u);
		c->received = 0;
		for (i = 0; i < 300; i++) {
			KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
			KUNIT_ASSERT_EQ(test, pv_net_poll(c->q, 64), 1);
		}
		KUNIT_EXPECT_EQ(test, c->received, 300u);
		pv_net_close(c->net);
		c->net = NULL;
		fake_virtio_unplug(&c->fake.f);
	}
	fake_net_init(&c->fake, features[0]);
	fake_card_plug(test);
}

/* --- events ----------------------------------------------------------------------------------- */

/* A kernel that only polls from some time on: no interrupts, for either ring. */
static void events_no_more(struct kunit *test)
{
	static const uint64_t features[] = {MODERN | BASIC, MODERN | EVENT | BASIC};
	struct fake_card *c = test->priv;
	unsigned int k, rx, tx;

	for (k = 0; k < PV_ARRAY_SIZE(features); k++) {
		fake_net_init(&c->fake, features[k]);
		fake_card_up(test);
		pv_net_set_event(c->q, counting, &c->events);
		KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, plain(c, 0)), 0);
		pv_net_flush(c->q);
		pv_net_poll(c->q, 64);
		rx = c->fake.f.q[RX].irqs;
		tx = c->fake.f.q[TX].irqs;
		pv_net_set_event(c->q, NULL, NULL);
		fake_net_run(&c->fake, 9);
		KUNIT_ASSERT_TRUE(test, fake_net_receive(&c->fake, NULL, c->frame, 60));
		KUNIT_EXPECT_EQ(test, c->fake.f.q[RX].irqs, rx);
		KUNIT_EXPECT_EQ(test, c->fake.f.q[TX].irqs, tx);
		pv_net_poll(c->q, 64);
		KUNIT_EXPECT_EQ(test, c->done[0], k + 1);
		pv_net_close(c->net);
		c->net = NULL;
		fake_virtio_unplug(&c->fake.f);
	}
	fake_net_init(&c->fake, features[0]);
	fake_card_plug(test);
}

/* A device that lied is asked for no event, and the poll that found out ends. */
static void no_event_of_a_liar(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i;

	fake_card_up(test);
	pv_net_set_event(c->q, counting, &c->events);
	pv_net_poll(c->q, 64);
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, plain(c, 0)), 0);
	pv_net_flush(c->q);
	c->fake.f.q[RX].used_idx = (uint16_t)(c->fake.f.q[RX].used_idx + 300);
	fake_vq_show(&c->fake.f, RX, 0);
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_BROKEN);
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->done[0], 1u);
	KUNIT_EXPECT_EQ(test, c->status[0], PV_EPROTO);
	KUNIT_EXPECT_EQ(test, pv_net_poll(c->q, 64), 0);
	/* Nor is its configuration looked at. */
	i = c->fake.f.config_reads;
	pv_device_changed(&c->fake.f.vd.dev);
	(void)pv_bus_work();
	KUNIT_EXPECT_EQ(test, c->fake.f.config_reads, i);
}

/* Of several in flight, an interrupt is asked for when half of them were sent. */
static void event_at_half(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i, tx;

	fake_card_up(test);
	pv_net_set_event(c->q, counting, &c->events);
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, plain(c, i)), 0);
	pv_net_flush(c->q);
	pv_net_poll(c->q, 64);
	tx = c->fake.f.q[TX].irqs;
	for (i = 1; i <= 8; i++) {
		fake_net_run(&c->fake, 1);
		KUNIT_EXPECT_EQ(test, c->fake.f.q[TX].irqs - tx, i < 4 ? 0u : 1u);
	}
	KUNIT_EXPECT_EQ(test, c->events, 1u);
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->sent, 8u);
}

#ifdef PV_SHARED_HOOKS
/*
 * The device works in the moment between our wish for an interrupt, which is a write to this, and
 * our last look; there is no interrupt.
 */
static struct fake_card *at_work;
static void *wish;

static void work_after_wish(volatile void *p, size_t size)
{
	struct fake_card *c = at_work;

	(void)size;
	if (p != wish)
		return;
	pv_fake.shared_wrote = NULL;
	c->fake.f.no_interrupts = true;
	if (!fake_net_run(&c->fake, 9))
		(void)fake_net_receive(&c->fake, NULL, c->frame, 60);
	c->fake.f.no_interrupts = false;
}

static void final_check(struct kunit *test)
{
	struct fake_card *c = at_work = test->priv;
	struct pv_vq *vq;

	fake_card_up(test);
	vq = c->fake.f.vd.vq;
	pv_net_set_event(c->q, counting, &c->events);
	wish = (void PV_FORCE *)vq[RX].used_event;
	pv_fake.shared_wrote = work_after_wish;
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_NULL(test, pv_fake.shared_wrote);
	KUNIT_EXPECT_EQ(test, c->received, 1u);
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, plain(c, 0)), 0);
	pv_net_flush(c->q);
	/* So that the wish is the first write. */
	pv_net_set_event(c->q, NULL, NULL);
	pv_net_set_event(c->q, counting, &c->events);
	wish = (void PV_FORCE *)vq[TX].used_event;
	pv_fake.shared_wrote = work_after_wish;
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_NULL(test, pv_fake.shared_wrote);
	KUNIT_EXPECT_EQ(test, c->sent, 1u);
	pv_fake.shared_wrote = NULL;
}
#endif

/* --- packets ---------------------------------------------------------------------------------- */

static void segmented_ipv6(struct kunit *test)
{
	struct fake_card *c = test->priv;
	struct virtio_net_hdr_v1 hdr;
	struct pv_packet *pkt;

	fake_card_up(test);
	pkt = fake_card_packet(c, 0, 9000);
	pkt->flags = PV_PACKET_CSUM_PARTIAL;
	pkt->csum_start = 54;
	pkt->csum_offset = 16;
	pkt->gso = PV_GSO_TCP6;
	pkt->gso_size = 1440;
	pkt->hdr_len = 74;
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, pkt), 0);
	pv_net_flush(c->q);
	fake_net_run(&c->fake, 9);
	pv_memcpy(&hdr, c->fake.frame[0].hdr, sizeof(hdr));
	KUNIT_EXPECT_EQ(test, hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	KUNIT_EXPECT_EQ(test, hdr.gso_size, 1440);
	KUNIT_EXPECT_EQ(test, hdr.hdr_len, 74);
}

/* --- starts ----------------------------------------------------------------------------------- */

static void expect_no_device(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_FOUND);
	KUNIT_EXPECT_NULL(test, pv_net_open(0));
	for (i = 0; i < c->fake.f.log_len; i++)
		KUNIT_EXPECT_EQ(test, c->fake.f.log[i] & VIRTIO_CONFIG_S_DRIVER_OK, 0);
}

/* It does not agree to the features: it is not used. */
static void features_refused(struct kunit *test)
{
	struct fake_card *c = test->priv;

	c->fake.f.refuses = true;
	fake_virtio_plug(&c->fake.f, &pv_virtio_net);
	expect_no_device(test);
}

/* Nor without knowing how many pairs of queues it has. */
static void pairs_not_readable(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int cpus = pv_queues_cpus;

	c->fake.f.offered |= BIT64(VIRTIO_NET_F_MQ) | BIT64(VIRTIO_NET_F_CTRL_VQ);
	c->fake.f.restless = true;
	pv_queues_cpus = 2;
	fake_virtio_plug(&c->fake.f, &pv_virtio_net);
	pv_queues_cpus = cpus;
	expect_no_device(test);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("pairs of queues are not possible"));
}

/* Its configuration changes all the time: what was known of it is true still. */
static void changes_not_readable(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int reads;

	fake_card_up(test);
	pv_net_on_change(c->net, counting, &c->changes);
	c->fake.f.restless = true;
	fake_config16(&c->fake.f, offsetof(struct virtio_net_config, status), 0);
	pv_virtio_irq_config(&c->fake.f.vd);
	(void)pv_bus_work();
	KUNIT_EXPECT_TRUE(test, c->net->link_up);
	KUNIT_EXPECT_EQ(test, c->changes, 0u);
	c->fake.f.restless = false;
	pv_virtio_irq_config(&c->fake.f.vd);
	(void)pv_bus_work();
	KUNIT_EXPECT_FALSE(test, c->net->link_up);
	KUNIT_EXPECT_EQ(test, c->changes, 1u);
	/* Nor is a stopped one looked at. */
	pv_net_stop(c->net);
	reads = c->fake.f.config_reads;
	pv_device_changed(&c->fake.f.vd.dev);
	(void)pv_bus_work();
	KUNIT_EXPECT_EQ(test, c->fake.f.config_reads, reads);
}

/* It needs a reset, and does not do it: its memory is not used again, and packets end. */
static void reset_that_does_not_end(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int kept = pv_fake.live_pages;

	fake_card_up(test);
	KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, plain(c, 0)), 0);
	pv_net_flush(c->q);
	c->fake.f.deaf = true;
	fake_virtio_needs_reset(&c->fake.f);
	KUNIT_EXPECT_EQ(test, c->fake.f.vd.dev.state, PV_DEV_BROKEN);
	KUNIT_EXPECT_FALSE(test, c->net->link_up);
	pv_net_poll(c->q, 64);
	KUNIT_EXPECT_EQ(test, c->done[0], 1u);
	KUNIT_EXPECT_LT(test, c->status[0], 0);
	pv_net_close(c->net);
	c->net = NULL;
	fake_virtio_unplug(&c->fake.f);
	KUNIT_EXPECT_GT(test, pv_fake.live_pages, kept);
	/* Given to nobody by the library; to the machine by the test. */
	pv_fake_pages_forget(kept);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(full_of_plain_packets),
	KUNIT_CASE(smaller_after_a_reset),
	KUNIT_CASE(events_no_more),
	KUNIT_CASE(no_event_of_a_liar),
	KUNIT_CASE(event_at_half),
#ifdef PV_SHARED_HOOKS
	KUNIT_CASE(final_check),
#endif

	KUNIT_CASE(segmented_ipv6),
	KUNIT_CASE(features_refused),
	KUNIT_CASE(pairs_not_readable),
	KUNIT_CASE(changes_not_readable),
	KUNIT_CASE(reset_that_does_not_end),
	{},
};

static struct kunit_suite suite = {
	.name = "virtio_net_ring",
	.init = fake_card_init,
	.exit = fake_card_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
