/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The guest's end of the fake backend: the device on its bus, and a kernel that sends and receives.
 */
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "drivers/netfront/netfront.h"
#include "fake_netback.h"
#include "fake_store.h"
#include "pv-core/bus.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"

#define BYTES 131072u

/* --- frames ----------------------------------------------------------------------------------- */

static void receive(void *arg, struct pv_packet *pkt)
{
	struct fake_netback *nb = arg;
	uint32_t at = 0;
	unsigned int i;

	nb->last = *pkt;
	for (i = 0; i < pkt->num_segs; i++) {
		pv_memcpy(nb->data + at, pkt->seg[i].va, pkt->seg[i].len);
		at += pkt->seg[i].len;
	}
	nb->last.len = at == pkt->len ? at : 0;
	if (nb->holds && nb->received < PV_ARRAY_SIZE(nb->held))
		nb->held[nb->received] = pkt;
	else
		pv_packet_put(pkt);
	nb->received++;
}

static void done(struct pv_packet *pkt)
{
	struct fake_netback *nb = pkt->user;

	nb->pkt_done[pkt - nb->pkt]++;
	nb->pkt_status[pkt - nb->pkt] = pkt->status;
	nb->done++;
}

struct pv_packet *fake_netback_packet(struct fake_netback *nb, unsigned int i, uint32_t len)
{
	struct pv_packet *pkt = &nb->pkt[i];

	pv_memset(pkt, 0, sizeof(*pkt));
	pkt->len = len;
	pkt->num_segs = 2;
	pkt->seg[0].va = nb->bytes + 64 * i;
	pkt->seg[0].len = 14;
	pkt->seg[1].va = nb->bytes + 64 * i + 14;
	pkt->seg[1].len = len - 14;
	pkt->done = done;
	pkt->user = nb;
	return pkt;
}

void fake_netback_headers(struct pv_packet *pkt, bool v6, uint8_t proto)
{
	uint8_t *frame = pkt->seg[0].va;

	frame[12] = v6 ? 0x86 : 0x08;
	frame[13] = v6 ? 0xdd : 0x00;
	frame[14] = v6 ? 0x60 : 0x45;
	frame[v6 ? 20 : 23] = proto;
	if (!v6)
		frame[20] = frame[21] = 0;
	pkt->flags = PV_PACKET_CSUM_PARTIAL;
	pkt->csum_start = v6 ? 54 : 34;
	pkt->csum_offset = proto == 6 ? 16 : 6;
}

void fake_netback_submit(struct kunit *test, unsigned int n)
{
	struct fake_netback *nb = test->priv;
	struct pv_packet *pkt;
	unsigned int i;

	pv_memset(nb->pkt_done, 0, sizeof(nb->pkt_done));
	nb->done = 0;
	for (i = 0; i < n; i++) {
		pkt = fake_netback_packet(nb, i, 60);
		pkt->num_segs = 1;
		pkt->seg[0].len = 60;
		KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, pkt), 0);
	}
	pv_net_flush(nb->q);
}

void fake_netback_expect_done(struct kunit *test, unsigned int n, unsigned int good, int status)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, nb->done, n);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, nb->pkt_done[i], 1u);
		KUNIT_EXPECT_EQ(test, nb->pkt_status[i], i < good ? 0 : status);
	}
}

void fake_netback_expect_broken(struct kunit *test, const char *reason)
{
	struct fake_netback *nb = test->priv;
	struct pv_grant_stats stats;

	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_BROKEN);
	KUNIT_ASSERT_NOT_NULL(test, nb->dev->reason);
	KUNIT_EXPECT_STREQ(test, nb->dev->reason, reason);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, 299, 60)), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	/* All buffers are in the pool; of frames nothing is granted, or kept. */
	KUNIT_EXPECT_EQ(test, nb->q->pool.num_free, nb->q->pool.num);
	pv_grant_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.total - stats.free - stats.quarantined, FAKE_NETBACK_GRANTS);
	KUNIT_EXPECT_EQ(test, stats.quarantined, nb->num_kept);
}

long fake_netback_front(struct kunit *test, const char *key)
{
	struct fake_netback *nb = test->priv;
	char path[128];

	pv_snprintf(path, sizeof(path), "%s/%s", nb->front, key);
	return pv_fake_xs_number(path);
}

void fake_netback_expect_works(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int sent = nb->sent, received = nb->received;

	fake_netback_submit(test, 3);
	KUNIT_EXPECT_EQ(test, fake_netback_run(nb, 9), 3u);
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 5000, 0));
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	fake_netback_expect_done(test, 3, 3, 0);
	KUNIT_EXPECT_EQ(test, nb->sent, sent + 3);
	KUNIT_EXPECT_EQ(test, nb->received, received + 1);
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
}

void fake_netback_expect_grants(struct kunit *test, unsigned int granted, unsigned int quarantined)
{
	struct pv_grant_stats stats;

	pv_grant_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.quarantined, quarantined);
	KUNIT_EXPECT_EQ(test, stats.total - stats.free - quarantined, granted);
}

void fake_netback_note(void *arg)
{
	unsigned int *n = arg;

	++*n;
}

/* --- life ------------------------------------------------------------------------------------- */

static const struct pv_driver *const drivers[] = {&pv_netfront, NULL};

void fake_netback_work(void)
{
	unsigned int bound = 100;

	do
		pv_fake_xs_run();
	while (bound-- && (pv_xenbus.work() | pv_bus_work() | pv_xen_work()));
}

int fake_netback_init(struct kunit *test)
{
	struct fake_netback *nb = kunit_kzalloc(test, sizeof(*nb), GFP_KERNEL);
	static uint8_t pattern[BYTES]; /* once: there are many wires */
	static bool written;
	unsigned int i;

	test->priv = nb;
	if (!nb || fake_store_up(test))
		return PV_ENOMEM;
	nb->frame = kunit_kzalloc(test, sizeof(*nb->frame) * FAKE_NETBACK_FRAMES, GFP_KERNEL);
	nb->wire = kunit_kzalloc(test, FAKE_NETBACK_WIRE, GFP_KERNEL);
	nb->data = kunit_kzalloc(test, 18 * PV_PAGE_SIZE, GFP_KERNEL);
	nb->bytes = pv_os_pages_alloc(BYTES / PV_PAGE_SIZE);
	for (i = 0; !written && i < BYTES; i++)
		pattern[i] = (uint8_t)(i * 13 + i / 251);
	written = true;
	pv_memcpy(nb->bytes, pattern, BYTES);
	pv_bus_set_drivers(drivers);
	fake_netback_begin(nb);
	return 0;
}

void fake_netback_exit(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	struct pv_grant_stats stats;
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(nb->held); i++)
		if (nb->held[i])
			pv_packet_put(nb->held[i]);
	if (nb->net)
		pv_net_close(nb->net);
	pv_bus_remove_all();
	pv_grant_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.reserved, 0u);
	if (nb->dev)
		pv_xenbus.end();
	fake_netback_end(nb);
	pv_bus_set_drivers(NULL);
	fake_store_down(test);
	pv_os_pages_free(nb->bytes, BYTES / PV_PAGE_SIZE);
}

void fake_netback_plug(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_appear(nb);
	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(pv_fake_xen_boot()), 0);
	nb->dev = pv_device_next(NULL);
	while (nb->dev && nb->dev->class_id != PV_CLASS_NET)
		nb->dev = pv_device_next(nb->dev);
	KUNIT_ASSERT_NOT_NULL(test, nb->dev);
}

void fake_netback_open(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	if (!nb->dev)
		fake_netback_plug(test);
	nb->net = pv_net_open(0);
	KUNIT_ASSERT_NOT_NULL(test, nb->net);
	nb->q = pv_net_queue(nb->net, 0);
}

void fake_netback_up(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	if (!nb->net)
		fake_netback_open(test);
	KUNIT_ASSERT_EQ(test, pv_net_start(nb->net, receive, nb), 0);
}

void fake_netback_start_at(struct fake_netback *nb, uint32_t at)
{
	struct netfront *nf = nb->dev->priv;
	struct netfront_pair *pair = &nf->pair[0];
	struct pv_xring *ring[] = {&pair->tx, &pair->rx};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ring[i]->req_prod = ring[i]->pushed = ring[i]->rsp_seen = ring[i]->rsp_cons = at;
		ring[i]->shared->req_prod = ring[i]->shared->rsp_prod = at;
		ring[i]->shared->req_event = ring[i]->shared->rsp_event = at + 1;
	}
	nb->tx.req_cons = nb->tx.rsp_prod_pvt = at;
	nb->rx.req_cons = nb->rx.rsp_prod_pvt = at;
}
