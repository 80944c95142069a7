/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the library costs on Xen: for reads and packets, at depth 1 and 32, driven by events.
 *
 * A round submits as many as the depth is, notifies once, and sleeps and polls until they are all
 * done. The instructions of a figure are the median over the rounds (count.h says of what);
 * hypercalls, sleeps and upcalls are those of all rounds; `machine` is how far the TSC came, which
 * under -icount is what Xen and Dom0 executed as well.
 *
 *	bench.ops=1280			how many reads; packets in rounds, each way
 *	bench.stream=5120		how many packets in a stream, two halves of 32 taking turns;
 *					0: no packets at all
 *	bench.mac=52:54:00:12:34:56	where packets go, to UDP port 9 of 10.0.2.100
 *
 * The results are lines `phase.figure=value`; instructions are for one operation, times 100, all
 * else is for all of them.
 */
#include <pv/bare.h>
#include <pv/xen.h>

#include "arch/x86/x86.h"
#include "bench/xen/count.h"

#define MAX_DEPTH  32
#define MAX_ROUNDS 4096
#define BLOCK	   4096
#define FRAME	   1514
#define HALVES	   2

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_blkfront, &pv_netfront, NULL};

static uint8_t buffer[HALVES * MAX_DEPTH][BLOCK] PV_ALIGNED(BLOCK);
static unsigned int finished, received;
static volatile bool woken;

static void wake(void *arg)
{
	(void)arg;
	woken = true;
}

/* --- figures ---------------------------------------------------------------------------------- */

static struct {
	struct count begin, round;
	uint64_t tsc;
	uint32_t whole[MAX_ROUNDS], library[MAX_ROUNDS];
	unsigned int rounds;
} figures;

static void figures_begin(void)
{
	figures.rounds = 0;
	figures.tsc = pv_rdtsc();
	count_get(&figures.begin);
	figures.round = figures.begin;
}

static void round_begin(void)
{
	count_get(&figures.round);
}

static void round_end(void)
{
	struct count c;

	count_get(&c);
	figures.whole[figures.rounds] = (uint32_t)(c.whole - figures.round.whole);
	figures.library[figures.rounds++] = (uint32_t)(c.library - figures.round.library);
}

static uint64_t median(uint32_t *v, unsigned int n)
{
	unsigned int i, j;

	for (i = 1; i < n; i++) {
		uint32_t x = v[i];

		for (j = i; j && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
	return v[n / 2];
}

static void print(const char *phase, const char *name, uint64_t value)
{
	pv_bare_printf("%s.%s=%llu\n", phase, name, (unsigned long long)value);
}

static void figures_print(const char *phase, uint64_t ops, unsigned int depth)
{
	uint64_t tsc = pv_rdtsc() - figures.tsc;
	struct count c;

	count_get(&c);
	print(phase, "ops", ops);
	print(phase, "machine", tsc);
	print(phase, "hypercalls", c.hypercalls - figures.begin.hypercalls);
	print(phase, "sleeps", c.sleeps - figures.begin.sleeps);
	print(phase, "eois", c.eois - figures.begin.eois);
	print(phase, "upcalls", c.upcalls - figures.begin.upcalls);
	if (!figures.rounds)
		return;
	print(phase, "guest", 100 * median(figures.whole, figures.rounds) / depth);
	print(phase, "library", 100 * median(figures.library, figures.rounds) / depth);
}

/* --- reads ------------------------------------------------------------------------------------ */

static void read_done(struct pv_blk_req *req)
{
	finished += req->status == 0;
}

static void poll_blk(struct pv_blk_queue *q)
{
	woken = false;
	count_library_begin();
	pv_blk_poll(q, 2 * MAX_DEPTH);
	count_library_end();
}

static int read_round(struct pv_blk_queue *q, uint64_t first, unsigned int depth)
{
	static struct pv_seg seg[MAX_DEPTH];
	static struct pv_blk_req req[MAX_DEPTH];
	unsigned int i;

	finished = 0;
	for (i = 0; i < depth; i++) {
		seg[i] = (struct pv_seg) {.va = buffer[i], .len = BLOCK};
		req[i] = (struct pv_blk_req) {.op = PV_BLK_READ,
					      .num_segs = 1,
					      .segs = &seg[i],
					      .sector = (first + i) % 1024 * 8,
					      .done = read_done};
	}
	round_begin();
	count_library_begin();
	for (i = 0; i < depth; i++)
		if (pv_blk_submit(q, &req[i]))
			return 1;
	pv_blk_flush(q);
	count_library_end();
	while (finished < depth) {
		count_sleep(&woken);
		poll_blk(q);
	}
	round_end();
	return 0;
}

static int bench_read(const char *phase, uint64_t ops, unsigned int depth)
{
	struct pv_blk *blk = pv_blk_open(0);
	struct pv_blk_queue *q = blk ? pv_blk_queue(blk, 0) : NULL;
	uint64_t i;

	if (!q)
		return 1;
	pv_blk_set_event(q, wake, NULL);
	poll_blk(q);
	/* The first round warms up: pages of the pool, the backend's mappings. */
	if (read_round(q, 0, MAX_DEPTH))
		return 1;
	figures_begin();
	for (i = 0; i < ops; i += depth)
		if (read_round(q, i, depth))
			return 1;
	figures_print(phase, ops, depth);
	pv_blk_set_event(q, NULL, NULL);
	pv_blk_close(blk);
	return 0;
}

/* --- packets ---------------------------------------------------------------------------------- */

static struct pv_packet packet[HALVES * MAX_DEPTH];

static void sent(struct pv_packet *pkt)
{
	if (!pkt->status)
		++*(unsigned int *)pkt->user;
}

static void receive(void *arg, struct pv_packet *pkt)
{
	(void)arg;
	received += pkt->len == FRAME;
	pv_packet_put(pkt);
}

static void poll_net(struct pv_net_queue *q)
{
	count_library_begin();
	pv_net_poll(q, 2 * MAX_DEPTH);
	count_library_end();
}

/* Ethernet, IPv4 (RFC 791) and UDP (RFC 768) without a checksum, as its sender may. */
static void fill_udp(uint8_t *frame, const uint8_t *to, const uint8_t *from)
{
	static const uint8_t header[28] = {
		0x45,
		0,
		(FRAME - 14) >> 8,
		(FRAME - 14) & 0xff,
		0,
		0,
		0x40,
		0,
		64,
		17,
		0,
		0,
		10,
		0,
		2,
		15,
		10,
		0,
		2,
		100,
		0x12,
		0x34,
		0,
		9,
		(FRAME - 34) >> 8,
		(FRAME - 34) & 0xff,
		0,
		0,
	};
	uint32_t sum = 0;
	unsigned int i;

	__builtin_memcpy(frame, to, 6);
	__builtin_memcpy(frame + 6, from, 6);
	frame[12] = 8;
	frame[13] = 0;
	__builtin_memcpy(frame + 14, header, sizeof(header));
	for (i = 0; i < 20; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	frame[24] = (uint8_t)(sum >> 8);
	frame[25] = (uint8_t)sum;
}

static void prepare(unsigned int *counter, const uint8_t *to, const struct pv_net *from)
{
	unsigned int i;

	for (i = 0; i < HALVES * MAX_DEPTH; i++) {
		packet[i] = (struct pv_packet) {
			.len = FRAME, .num_segs = 1, .done = sent, .user = &counter[i / MAX_DEPTH]};
		packet[i].seg[0] = (struct pv_seg) {.va = buffer[i], .len = FRAME};
		fill_udp(buffer[i], to, from->mac);
	}
}

static int submit(struct pv_net_queue *q, struct pv_packet *pkt, unsigned int n)
{
	unsigned int i;

	count_library_begin();
	for (i = 0; i < n; i++)
		if (pv_net_submit(q, &pkt[i]))
			return 1;
	pv_net_flush(q);
	count_library_end();
	return 0;
}

static void wait_for(struct pv_net_queue *q, const unsigned int *counter, unsigned int n)
{
	while (*counter < n) {
		count_sleep(&woken);
		woken = false;
		poll_net(q);
	}
}

static int bench_send(const char *phase, uint64_t ops, unsigned int depth, struct pv_net_queue *q,
		      unsigned int *counter)
{
	uint64_t i;

	figures_begin();
	for (i = 0; i < ops; i += depth) {
		counter[0] = 0;
		round_begin();
		if (submit(q, packet, depth))
			return 1;
		wait_for(q, counter, depth);
		round_end();
	}
	figures_print(phase, ops, depth);
	return 0;
}

/* One half is filled while the other is on its way. */
static int bench_stream(const char *phase, uint64_t ops, struct pv_net_queue *q,
			unsigned int *counter)
{
	uint64_t i;

	counter[0] = counter[1] = MAX_DEPTH;
	figures_begin();
	for (i = 0; i < ops; i += MAX_DEPTH) {
		unsigned int half = i / MAX_DEPTH % HALVES;

		wait_for(q, &counter[half], MAX_DEPTH);
		counter[half] = 0;
		if (submit(q, &packet[half * MAX_DEPTH], MAX_DEPTH))
			return 1;
	}
	wait_for(q, &counter[0], MAX_DEPTH);
	wait_for(q, &counter[1], MAX_DEPTH);
	figures_print(phase, ops, MAX_DEPTH);
	return 0;
}

/* What the first device sends, the second receives, by Dom0's bridge. */
static int bench_receive(const char *phase, uint64_t ops, struct pv_net_queue *out,
			 struct pv_net_queue *in, unsigned int *counter)
{
	uint64_t i;

	/* By a first packet the bridge learns who is where. */
	for (i = 0; i < ops + MAX_DEPTH; i += MAX_DEPTH) {
		if (i == MAX_DEPTH)
			figures_begin();
		counter[0] = received = 0;
		if (submit(out, packet, MAX_DEPTH))
			return 1;
		round_begin();
		while (counter[0] < MAX_DEPTH || received < MAX_DEPTH) {
			count_sleep(&woken);
			woken = false;
			pv_net_poll(out, MAX_DEPTH);
			poll_net(in);
		}
		round_end();
	}
	figures_print(phase, ops, MAX_DEPTH);
	return 0;
}

static bool parse_mac(const char *text, uint8_t *mac)
{
	unsigned int i;

	for (i = 0; i < 12; i++, text++) {
		unsigned int digit =
			*text >= 'a' ? (unsigned int)*text - 'a' + 10 : (unsigned int)*text - '0';

		if (digit > 15)
			return false;
		mac[i / 2] = (uint8_t)(mac[i / 2] << 4 | digit);
		if (i % 2)
			text += text[1] == ':';
	}
	return true;
}

static int bench_net(const char *cmdline, uint64_t ops, uint64_t stream)
{
	struct pv_net *net[2] = {pv_net_open(0), pv_net_open(1)};
	struct pv_net_queue *q[2];
	unsigned int counter[HALVES], i;
	uint8_t mac[6] = {0};
	char text[20] = "";

	pv_cmdline_get(cmdline, "bench.mac", text, sizeof(text));
	if (!parse_mac(text, mac))
		return 1;
	for (i = 0; i < 2; i++) {
		if (!net[i] || pv_net_start(net[i], receive, NULL))
			return 1;
		q[i] = pv_net_queue(net[i], 0);
		pv_net_set_event(q[i], wake, NULL);
		poll_net(q[i]);
	}
	prepare(counter, mac, net[0]);
	if (bench_send("send1", ops, 1, q[0], counter) ||
	    bench_send("send32", ops, MAX_DEPTH, q[0], counter) ||
	    bench_stream("stream", stream, q[0], counter))
		return 1;
	prepare(counter, net[0]->mac, net[1]);
	counter[0] = 0;
	if (submit(q[1], packet, 1))
		return 1;
	wait_for(q[1], counter, 1);
	prepare(counter, net[1]->mac, net[0]);
	return bench_receive("receive", ops, q[0], q[1], counter);
}

int pv_bare_main(const char *cmdline)
{
	uint64_t ops = 1280, stream = 5120;

	pv_cmdline_get_u64(cmdline, "bench.ops", &ops);
	pv_cmdline_get_u64(cmdline, "bench.stream", &stream);
	if (ops > MAX_ROUNDS)
		return 2;
	if (bench_read("read1", ops, 1) || bench_read("read32", ops, MAX_DEPTH))
		return 1;
	return stream ? bench_net(cmdline, ops, stream) : 0;
}
