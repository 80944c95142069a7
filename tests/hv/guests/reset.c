/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A guest that damages its own rings, so that its devices need a reset: a head, or a table of
 * descriptors, that cannot be, while requests are in flight. It then goes on, and says what came of
 * it:
 *
 *	disk: ... rounds, ... requests, ... failed, ... wrong
 *	net: ... rounds, ... sent, ... lost, ... answers
 *
 * A round of the disk writes pieces and reads them back, damaged each time while they are on their
 * way; one of the network asks the gateway for its address by ARP, until it answers.
 */
#include <pv/bare.h>
#include <pv/clock.h>
#include <pv/string.h>

#include "drivers/virtio/vring_split.h"
#include "pv-core/blk_driver.h"
#include "pv-core/net_driver.h"

#define ROUNDS	10u
#define REQS	16u
#define PIECE	8192u
#define WORDS	(PIECE / 8)
#define SECTORS (PIECE / PV_BLK_SECTOR)
#define WAIT_NS 20000000000ull

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, &pv_virtio_net, NULL};

static volatile bool woken;

static void wake(void *arg)
{
	(void)arg;
	woken = true;
}

/*
 * One more entry of the avail ring, which is none: a head that is not there, or one with a table of
 * no possible length (virtio 1.2, 2.7.13.1, 2.7.5.3.1).
 */
static void damage(struct pv_device *dev, unsigned int queue, bool table)
{
	struct pv_vq *vq = &pv_virtio_of(dev)->vq[queue];
	uint16_t head = vq->free_head & vq->mask;

	if (table) {
		pv_shared_write(&vq->desc[head].flags, VRING_DESC_F_INDIRECT);
		pv_shared_write(&vq->desc[head].len, 7);
	}
	pv_shared_write(&vq->avail->ring[vq->avail_idx & vq->mask], table ? head : 0x7fff);
	pv_shared_write_release(&vq->avail->idx, (uint16_t)(vq->avail_idx + 1));
	pv_vq_ring(vq);
}

/* Whatever of the queue the device uses next is a table of no possible length. */
static void damage_all(struct pv_device *dev, unsigned int queue)
{
	struct pv_vq *vq = &pv_virtio_of(dev)->vq[queue];
	unsigned int i;

	for (i = 0; i < vq->num; i++) {
		pv_shared_write(&vq->desc[i].len, 7);
		pv_shared_write(&vq->desc[i].flags, VRING_DESC_F_INDIRECT);
	}
}

/* --- disk ------------------------------------------------------------------------------------- */

static struct req {
	struct pv_blk_req req;
	struct pv_seg seg;
	uint64_t *data;
	unsigned int done;
} req[REQS];
static unsigned int flying, requests, failed, wrong;

/* splitmix64 (Steele, Lea, Flood 2014): each word of each piece is one of a kind. */
static uint64_t word(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15;
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
	n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
	return n ^ (n >> 31);
}

static uint64_t seed(unsigned int round, unsigned int i)
{
	return ((uint64_t)round * REQS + i) * WORDS;
}

static void ended(struct pv_blk_req *r)
{
	struct req *q = r->user;

	flying--;
	q->done++;
	failed += r->status || q->done != 1;
}

static void submit(struct pv_blk_queue *q, unsigned int i, uint8_t op)
{
	struct req *r = &req[i];

	r->seg = (struct pv_seg) {.va = r->data, .len = PIECE};
	r->req = (struct pv_blk_req) {.op = op,
				      .num_segs = op != PV_BLK_SYNC,
				      .sector = op == PV_BLK_SYNC ? 0 : SECTORS * i,
				      .segs = &r->seg,
				      .done = ended,
				      .user = r};
	r->done = 0;
	flying++;
	requests++;
	if (pv_blk_submit(q, &r->req)) {
		flying--;
		failed++;
	}
}

/* All requests of one kind, in one batch or two, and the damage. False if they do not end. */
static bool all(struct pv_blk *blk, uint8_t op, unsigned int round)
{
	struct pv_blk_queue *q = pv_blk_queue(blk, 0);
	const struct pv_virtio *vd = pv_virtio_of(blk->dev);
	uint64_t end = pv_os_uptime_ns() + WAIT_NS, done = vd->done_at_reset;
	unsigned int resets = vd->resets, i;

	for (i = 0; i < REQS; i++) {
		if (i == REQS / 2 && round % 3)
			pv_blk_flush(q);
		submit(q, i, op == PV_BLK_WRITE && i == REQS / 2 ? PV_BLK_SYNC : op);
	}
	/* What the device was not told of it is not to see by the damage either. */
	pv_blk_flush(q);
	damage(blk->dev, 0, round & 1);
	/* And the reset, which may come when all is done. */
	while ((flying || (vd->resets == resets && vd->done_at_reset == done)) &&
	       pv_os_uptime_ns() < end) {
		woken = false;
		if (!pv_blk_poll(q, 8))
			pv_bare_wait(&woken, 10000000);
	}
	return !flying;
}

static void fill(unsigned int round, bool check)
{
	unsigned int i, n, bad;

	for (i = 0; i < REQS; i++) {
		for (n = bad = 0; n < WORDS; n++) {
			if (check)
				bad += i != REQS / 2 && req[i].data[n] != word(seed(round, i) + n);
			else
				req[i].data[n] = word(seed(round, i) + n);
		}
		wrong += !!bad;
	}
}

static bool disk_round(struct pv_blk *blk, unsigned int round)
{
	unsigned int i;

	fill(round, false);
	if (!all(blk, PV_BLK_WRITE, round))
		return false;
	for (i = 0; i < REQS; i++)
		pv_memset(req[i].data, 0, PIECE);
	if (!all(blk, PV_BLK_READ, round))
		return false;
	fill(round, true);
	return true;
}

/* --- network ---------------------------------------------------------------------------------- */

#define FRAMES	 8u
#define AGAIN_NS 50000000ull

static struct frame {
	struct pv_packet pkt;
	uint8_t *data;
} frame[FRAMES];
static unsigned int sending, sent, lost, answers, strange, changes;

/* An answer to "who has 10.0.2.2?" (RFC 826). */
static void got(void *arg, struct pv_packet *pkt)
{
	const uint8_t *d = pkt->seg[0].va;

	(void)arg;
	if (pkt->seg[0].len >= 42 && d[12] == 8 && d[13] == 6 && d[21] == 2)
		answers++;
	pv_packet_put(pkt);
}

static void was_sent(struct pv_packet *pkt)
{
	sending--;
	sent += !pkt->status;
	lost += pkt->status == PV_ERESET;
	strange += pkt->status && pkt->status != PV_ERESET;
}

static void ask(struct pv_net *net, struct frame *f)
{
	static const uint8_t arp[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
	static const uint8_t us[] = {10, 0, 2, 15}, gateway[] = {10, 0, 2, 2};

	pv_memset(f->data, 0, 60);
	pv_memset(f->data, 0xff, 6);
	pv_memcpy(f->data + 6, net->mac, 6);
	pv_memcpy(f->data + 12, arp, sizeof(arp));
	pv_memcpy(f->data + 22, net->mac, 6);
	pv_memcpy(f->data + 28, us, 4);
	pv_memcpy(f->data + 38, gateway, 4);
	f->pkt = (struct pv_packet) {.len = 60, .num_segs = 1, .done = was_sent};
	f->pkt.seg[0] = (struct pv_seg) {.va = f->data, .len = 60};
	sending++;
	if (pv_net_submit(pv_net_queue(net, 0), &f->pkt)) {
		sending--;
		strange++;
	}
}

static void counted(void *arg)
{
	(void)arg;
	changes++;
}

/* Asks again and again until all is sent, and a counter is beyond `old`. */
static bool net_wait(struct pv_net *net, const unsigned int *counter, unsigned int old)
{
	struct pv_net_queue *q = pv_net_queue(net, 0);
	uint64_t now = pv_os_uptime_ns(), end = now + WAIT_NS, next = now + AGAIN_NS;

	while ((sending || *counter == old) && now < end) {
		if (!sending && now > next) {
			ask(net, &frame[0]);
			pv_net_flush(q);
			next = now + AGAIN_NS;
		}
		woken = false;
		if (!pv_net_poll(q, 8))
			pv_bare_wait(&woken, 10000000);
		now = pv_os_uptime_ns();
	}
	return !sending && *counter != old;
}

static bool net_round(struct pv_net *net, unsigned int round)
{
	unsigned int i, before = changes;

	for (i = 0; i < FRAMES; i++) {
		if (i == FRAMES / 2 && round % 3)
			pv_net_flush(pv_net_queue(net, 0));
		ask(net, &frame[i]);
	}
	if (round & 1) {
		damage_all(net->dev, 0);
		pv_net_flush(pv_net_queue(net, 0));
	} else {
		pv_net_flush(pv_net_queue(net, 0));
		damage(net->dev, 1, round & 2);
	}
	return net_wait(net, &changes, before) && net_wait(net, &answers, answers);
}

/* ---------------------------------------------------------------------------------------------- */

int pv_bare_main(const char *cmdline)
{
	struct pv_blk *blk = pv_blk_open(0);
	struct pv_net *net = pv_net_open(0);
	unsigned int i, round;

	(void)cmdline;
	if (!blk || !net || pv_net_start(net, got, NULL))
		return 2;
	for (i = 0; i < REQS; i++)
		req[i].data = pv_os_pages_alloc(PIECE / PV_PAGE_SIZE);
	for (i = 0; i < FRAMES; i++)
		frame[i].data = pv_os_pages_alloc(1);
	pv_blk_set_event(pv_blk_queue(blk, 0), wake, NULL);
	pv_net_set_event(pv_net_queue(net, 0), wake, NULL);
	pv_net_on_change(net, counted, NULL);

	for (round = 0; round < ROUNDS && disk_round(blk, round); round++)
		;
	pv_bare_printf("disk: %u rounds, %u requests, %u failed, %u wrong\n", round, requests,
		       failed, wrong);
	if (round < ROUNDS || failed || wrong)
		return 3;
	for (round = 0; round < ROUNDS && net_round(net, round); round++)
		;
	pv_bare_printf("net: %u rounds, %u sent, %u lost, %u answers\n", round, sent, lost,
		       answers);
	if (round < ROUNDS || strange)
		return 4;
	pv_net_close(net);
	pv_blk_close(blk);
	return 0;
}
