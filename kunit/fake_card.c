/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_card.h"

int fake_card_init(struct kunit *test)
{
	struct fake_card *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	unsigned int i;

	if (!c)
		return PV_ENOMEM;
	test->priv = c;
	fake_net_init(&c->fake, MODERN | INDIRECT | EVENT | MRG | CSUM | BASIC);
	for (i = 0; i < sizeof(c->frame); i++)
		c->frame[i] = (uint8_t)(i * 13 + i / 256);
	return 0;
}

void fake_card_exit(struct kunit *test)
{
	struct fake_card *c = test->priv;
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(c->kept); i++)
		if (c->kept[i])
			pv_packet_put(c->kept[i]);
	if (c->net)
		pv_net_close(c->net);
	if (c->fake.f.vd.dev.state != PV_DEV_GONE && c->fake.f.vd.dev.holds)
		fake_virtio_unplug(&c->fake.f);
}

void fake_card_receive(void *arg, struct pv_packet *pkt)
{
	struct fake_card *c = arg;
	uint32_t at = 0;
	unsigned int i;

	c->last = *pkt;
	for (i = 0; i < pkt->num_segs; i++) {
		pv_memcpy(c->data + at, pkt->seg[i].va, pkt->seg[i].len);
		at += pkt->seg[i].len;
	}
	c->last.len = at == pkt->len ? at : 0;
	if (c->keeps && c->received < PV_ARRAY_SIZE(c->kept))
		c->kept[c->received] = pkt;
	else
		pv_packet_put(pkt);
	c->received++;
}

void fake_card_plug(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_virtio_plug(&c->fake.f, &pv_virtio_net);
	c->net = pv_net_open(0);
	KUNIT_ASSERT_NOT_NULL(test, c->net);
	c->q = pv_net_queue(c->net, 0);
}

void fake_card_up(struct kunit *test)
{
	struct fake_card *c = test->priv;

	fake_card_plug(test);
	KUNIT_ASSERT_EQ(test, pv_net_start(c->net, fake_card_receive, c), 0);
}

static void done(struct pv_packet *pkt)
{
	struct fake_card *c = pkt->user;

	c->done[pkt - c->pkt]++;
	c->status[pkt - c->pkt] = pkt->status;
	c->sent++;
}

struct pv_packet *fake_card_packet(struct fake_card *c, unsigned int i, uint32_t len)
{
	struct pv_packet *pkt = &c->pkt[i];

	pv_memset(pkt, 0, sizeof(*pkt));
	pkt->len = len;
	pkt->num_segs = 2;
	pkt->seg[0].va = c->frame + i;
	pkt->seg[0].len = 14;
	pkt->seg[1].va = c->frame + i + 14;
	pkt->seg[1].len = len - 14;
	pkt->done = done;
	pkt->user = c;
	return pkt;
}

void fake_card_submit(struct kunit *test, unsigned int from, unsigned int n)
{
	struct fake_card *c = test->priv;
	unsigned int i;

	for (i = from; i < from + n; i++)
		KUNIT_ASSERT_EQ(test, pv_net_submit(c->q, fake_card_packet(c, i, 60)), 0);
	pv_net_flush(c->q);
}

void fake_card_expect_sent(struct kunit *test, unsigned int n, unsigned int from, int status)
{
	struct fake_card *c = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, c->sent, n);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, c->done[i], 1u);
		KUNIT_EXPECT_EQ(test, c->status[i], i < from ? 0 : status);
	}
}
