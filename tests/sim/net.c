/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A kernel at work on a network device, and the log of both directions.
 *
 * Each frame has a number, and its bytes follow from number and length. What the peer sees, and
 * what the kernel receives, are frames of the log, in its order, each at most once; what is said to
 * be sent was seen. Without a fault that loses frames all that were put on the wire arrive.
 */
#include <pv/err.h>
#include <pv/net.h>
#include <pv/string.h>

#include "sim.h"

#define PKTS	    64u
#define MOST	    9000u /* bytes in a frame */
#define SENT_MOST   1514u
#define LOG	    4096u
#define SETTLE_MS   60000u
#define WATCHDOG_MS 1000u

static struct pkt {
	struct pv_packet pkt;
	bool busy;
	uint32_t number;
	uint8_t data[SENT_MOST];
} pkt[PKTS] PV_ALIGNED(4096);

struct log {
	uint16_t len[LOG];
	bool seen[LOG], refused[LOG];
	uint32_t next, last_seen, num_seen;
};

static struct log out, in;
static const struct sim_net_peer *peer;
static struct pv_net *net;
static struct pv_net_queue *q;
static bool event;
static unsigned int in_flight;
static struct pv_packet *held[8];
static unsigned int num_held;

/* --- frames ----------------------------------------------------------------------------------- */

static void make(uint8_t *data, uint32_t number, uint32_t len, uint8_t salt)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(number * 7 + i * 13 + salt);
	/* No protocol that anybody looks into. */
	data[12] = 0x88;
	data[13] = 0xb5;
	pv_memcpy(data + 14, &number, 4);
}

/* A frame arrived at the other end. */
static void arrived(struct log *l, const uint8_t *data, uint32_t len, uint8_t salt)
{
	static uint8_t want[MOST];
	uint32_t number;

	PLAIN_CHECK(len >= 18);
	pv_memcpy(&number, data + 14, 4);
	PLAIN_CHECK(number < l->next && l->len[number] == len);
	PLAIN_CHECK(!l->seen[number]);
	PLAIN_CHECK(!l->num_seen || number > l->last_seen);
	make(want, number, len, salt);
	PLAIN_CHECK(!pv_memcmp(want, data, len));
	l->seen[number] = true;
	l->last_seen = number;
	l->num_seen++;
}

void sim_net_seen(const uint8_t *data, uint32_t len, bool good)
{
	arrived(&out, data, len, 1);
	out.refused[out.last_seen] = !good;
}

/* --- sending ---------------------------------------------------------------------------------- */

static void done(struct pv_packet *p)
{
	struct pkt *k = p->user;

	PLAIN_CHECK(k->busy && p == &k->pkt);
	k->busy = false;
	in_flight--;
	switch (p->status) {
	case 0:
		PLAIN_CHECK(out.seen[k->number] && !out.refused[k->number]);
		break;
	case PV_EPROTO:
		PLAIN_CHECK(peer->broken() || sim_story.lied || sim_story.may_break);
		break;
	case PV_EGONE:
		PLAIN_CHECK(sim_story.left);
		break;
	case PV_ERESET:
		PLAIN_CHECK(sim_story.loses);
		break;
	case PV_EIO:
		PLAIN_CHECK(sim_story.loses || peer->broken() || out.refused[k->number]);
		break;
	default:
		PLAIN_CHECK(!"a status that nothing explains");
	}
}

static bool submit(void)
{
	uint32_t len = 60 + sim_below(SENT_MOST - 60), first;
	struct pkt *k = pkt;
	int err;

	while (k < pkt + PKTS && k->busy)
		k++;
	if (k == pkt + PKTS || out.next == LOG)
		return false;
	pv_memset(&k->pkt, 0, sizeof(k->pkt));
	k->number = out.next;
	make(k->data, k->number, len, 1);
	first = sim_below(2) ? len : 14 + sim_below(40);
	k->pkt.len = len;
	k->pkt.num_segs = first < len ? 2 : 1;
	k->pkt.seg[0].va = k->data;
	k->pkt.seg[0].len = first;
	k->pkt.seg[1].va = k->data + first;
	k->pkt.seg[1].len = len - first;
	k->pkt.done = done;
	k->pkt.user = k;
	k->busy = true;
	out.len[out.next++] = (uint16_t)len;
	in_flight++;
	err = pv_net_submit(q, &k->pkt);
	if (!err)
		return true;
	PLAIN_CHECK(err == PV_EBUSY || (err == PV_EIO && (peer->broken() || sim_story.away)) ||
		    (err == PV_EGONE && sim_story.left));
	out.next--;
	k->busy = false;
	in_flight--;
	return false;
}

/* --- receiving -------------------------------------------------------------------------------- */

static void put_back(void)
{
	while (num_held)
		pv_packet_put(held[--num_held]);
}

static void receive(void *arg, struct pv_packet *p)
{
	static uint8_t data[PV_NET_MAX_SEGS * 4096];
	uint32_t at = 0;
	unsigned int i;

	(void)arg;
	for (i = 0; i < p->num_segs; i++) {
		pv_memcpy(data + at, p->seg[i].va, p->seg[i].len);
		at += p->seg[i].len;
	}
	PLAIN_CHECK(at == p->len);
	arrived(&in, data, at, 2);
	if (num_held < PV_ARRAY_SIZE(held) && sim_below(4) == 0)
		held[num_held++] = p;
	else
		pv_packet_put(p);
}

static void inject(void)
{
	uint32_t len = 60 + sim_below((sim_below(8) ? SENT_MOST : peer->most) - 60);
	static uint8_t data[MOST];

	if (in.next == LOG)
		return;
	make(data, in.next, len, 2);
	in.len[in.next++] = (uint16_t)len;
	if (!peer->inject(data, len))
		in.next--;
}

static void on_event(void *arg)
{
	(void)arg;
	event = true;
}

/* --- steps ------------------------------------------------------------------------------------ */

static void poll_all(void)
{
	event = false;
	while (pv_net_poll(q, 16) == 16)
		;
}

void sim_net_step(void)
{
	unsigned int op = sim_below(16), i;

	switch (op) {
	case 0:
	case 1:
	case 2:
		for (i = sim_below(6) + 1; i--;)
			submit();
		break;
	case 3:
	case 4:
		pv_net_flush(q);
		break;
	case 5:
	case 6:
		pv_net_flush(q);
		peer->take(1 + sim_below(6));
		break;
	case 7:
	case 8:
	case 9:
		for (i = sim_below(6) + 1; i--;)
			inject();
		break;
	case 10:
	case 11:
		pv_net_poll(q, 1 + (int)sim_below(6));
		break;
	case 12:
		poll_all();
		break;
	case 13:
		put_back();
		break;
	case 14:
		peer->take(64);
		poll_all();
		break;
	case 15:
		pv_fake.now += sim_below(100) * SIM_MS;
		peer->work();
		break;
	}
}

static void finish(void)
{
	bool dead;
	unsigned int ms;

	peer->work();
	put_back();
	pv_net_flush(q);
	poll_all();
	for (ms = 0; ms < SETTLE_MS; ms += 10) {
		dead = peer->broken() || sim_story.left;
		if (!in_flight && (dead || sim_story.loses || in.num_seen == in.next))
			break;
		pv_fake.now += 10 * SIM_MS;
		peer->take(64);
		peer->work();
		if (event || ((sim_story.lost_event || dead) && ms % WATCHDOG_MS == 0))
			poll_all();
		put_back();
		pv_net_flush(q);
	}
	PLAIN_CHECK(!in_flight);
}

void sim_net_settle(void)
{
	uint32_t before;

	finish();
	if (sim_story.left)
		return;
	if (sim_story.lied || sim_story.shrunk)
		PLAIN_CHECK(peer->broken());
	else
		PLAIN_CHECK(!peer->broken() || sim_story.may_break);
	if (peer->broken() || !net->started)
		return;
	if (!sim_story.loses)
		PLAIN_CHECK(in.num_seen == in.next && out.num_seen == out.next);
	/* Both directions work still. */
	poll_all();
	before = in.num_seen;
	inject();
	(void)submit();
	sim_story.loses = false;
	pv_net_flush(q);
	peer->take(64);
	poll_all();
	put_back();
	PLAIN_CHECK(in.num_seen == before + 1);
	PLAIN_CHECK(out.last_seen == out.next - 1 && !in_flight);
}

void sim_net_begin(struct pv_net *n, const struct sim_net_peer *p)
{
	net = n;
	peer = p;
	q = pv_net_queue(n, 0);
	PLAIN_CHECK(q);
	pv_memset(pkt, 0, sizeof(pkt));
	pv_memset(&out, 0, sizeof(out));
	pv_memset(&in, 0, sizeof(in));
	in_flight = 0;
	num_held = 0;
	PLAIN_CHECK(!pv_net_start(net, receive, NULL));
	pv_net_set_event(q, on_event, NULL);
	poll_all();
}

void sim_net_end(void)
{
	put_back();
	pv_net_stop(net);
	PLAIN_CHECK(!in_flight);
	pv_net_close(net);
}
