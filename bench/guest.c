/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the library costs, in guest instructions.
 *
 * Under QEMU's -icount shift=0 the TSC advances by one per guest instruction, so that two RDTSCs
 * count what lies between. Only the library's calls are counted, with the smallest done() there can
 * be, and not the waiting for the device. `bench.phase=` names what is measured, `bench.ops=` how
 * often; the result is printed as `name=value` lines.
 */
#include <pv/bare.h>

#include "arch/x86/x86.h"
#include "pv-core/clock.h"

#define MAX_DEPTH 32
#define BLOCK	  4096

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, &pv_virtio_net, NULL};

/* By arch/x86/entry_*.S: the TSC at the image's first instruction. */
extern uint64_t pv_entry_tsc;

static uint8_t buffer[MAX_DEPTH][BLOCK] PV_ALIGNED(BLOCK);
static unsigned int finished;

static void print(const char *name, uint64_t value)
{
	pv_bare_printf("%s=%llu\n", name, (unsigned long long)value);
}

/* Long enough for the device to finish what it was told of, without a call of the library. */
static void let_the_device_work(void)
{
	unsigned int i;

	for (i = 0; i < 10000; i++)
		pv_barrier();
	pv_pause();
}

static void ignore(void *arg)
{
	(void)arg;
}

static void read_done(struct pv_blk_req *req)
{
	finished += req->status == 0;
}

static int bench_read(uint64_t ops, unsigned int depth, bool events)
{
	static struct pv_seg seg[MAX_DEPTH];
	static struct pv_blk_req req[MAX_DEPTH];
	struct pv_blk *blk = pv_blk_open(0);
	struct pv_blk_queue *q = blk ? pv_blk_queue(blk, 0) : NULL;
	struct pv_queue_stats before;
	uint64_t round, start, spent = 0;
	unsigned int i;

	if (!q)
		return 1;
	if (events)
		pv_blk_set_event(q, ignore, NULL);
	before = *pv_blk_stats(q);
	for (round = 0; round < ops / depth; round++) {
		finished = 0;
		for (i = 0; i < depth; i++) {
			seg[i] = (struct pv_seg) {.va = buffer[i], .len = BLOCK};
			req[i] = (struct pv_blk_req) {.op = PV_BLK_READ,
						      .num_segs = 1,
						      .segs = &seg[i],
						      .sector = (round * depth + i) % 1024 * 8,
						      .done = read_done};
		}
		start = pv_rdtsc();
		for (i = 0; i < depth; i++)
			if (pv_blk_submit(q, &req[i]))
				return 1;
		pv_blk_flush(q);
		spent += pv_rdtsc() - start;
		while (finished < depth) {
			let_the_device_work();
			i = finished;
			start = pv_rdtsc();
			pv_blk_poll(q, MAX_DEPTH);
			if (finished != i)
				spent += pv_rdtsc() - start;
		}
	}
	print("ops", ops);
	print("instructions", spent);
	print("notifications", pv_blk_stats(q)->notified - before.notified);
	print("interrupts", pv_blk_stats(q)->events - before.events);
	return 0;
}

static void sent(struct pv_packet *pkt)
{
	finished += pkt->status == 0;
}

static unsigned int received;

static void receive(void *arg, struct pv_packet *pkt)
{
	(void)arg;
	received++;
	pv_packet_put(pkt);
}

/* Two devices on one hub: what the first sends, the second receives. */
static int bench_net(uint64_t ops, bool count_send)
{
	static struct pv_packet pkt[MAX_DEPTH];
	struct pv_net *net[2] = {pv_net_open(0), pv_net_open(1)};
	struct pv_net_queue *out, *in;
	struct pv_queue_stats before;
	uint64_t round, start, sending = 0, receiving = 0;
	unsigned int i, seen;

	if (!net[0] || !net[1] || pv_net_start(net[0], receive, NULL) ||
	    pv_net_start(net[1], receive, NULL))
		return 1;
	out = pv_net_queue(net[0], 0);
	in = pv_net_queue(net[1], 0);
	for (i = 0; i < MAX_DEPTH; i++) {
		pkt[i] = (struct pv_packet) {.len = 1514, .num_segs = 1, .done = sent};
		pkt[i].seg[0] = (struct pv_seg) {.va = buffer[i], .len = 1514};
		/* To everybody, of a protocol for experiments (IEEE 802). */
		__builtin_memcpy(buffer[i], "\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x88\xb5", 14);
	}
	before = *pv_net_stats(count_send ? out : in);
	for (round = 0; round < ops / MAX_DEPTH; round++) {
		finished = received = 0;
		start = pv_rdtsc();
		for (i = 0; i < MAX_DEPTH; i++)
			if (pv_net_submit(out, &pkt[i]))
				return 1;
		pv_net_flush(out);
		sending += pv_rdtsc() - start;
		while (finished < MAX_DEPTH || received < MAX_DEPTH) {
			let_the_device_work();
			i = finished;
			start = pv_rdtsc();
			pv_net_poll(out, MAX_DEPTH);
			if (finished != i)
				sending += pv_rdtsc() - start;
			seen = received;
			start = pv_rdtsc();
			pv_net_poll(in, 2 * MAX_DEPTH);
			if (received != seen)
				receiving += pv_rdtsc() - start;
		}
	}
	print("ops", ops);
	print("instructions", count_send ? sending : receiving);
	print("notifications", pv_net_stats(count_send ? out : in)->notified - before.notified);
	print("interrupts", pv_net_stats(count_send ? out : in)->events - before.events);
	return 0;
}

/* --- the clock -------------------------------------------------------------------------------- */

/* This machine has no clock of a hypervisor's: here is a page as one writes it, at 1 GHz. */
static struct pvclock_vcpu_time_info clock_page = {.version = 2,
						   .tsc_to_system_mul = 1u << 31,
						   .tsc_shift = 1,
						   .flags = PVCLOCK_TSC_STABLE_BIT};

static int clock_start(unsigned int cpu, struct pvclock_vcpu_time_info PV_SHARED **page)
{
	(void)cpu;
	*page = &clock_page;
	return 0;
}

static void clock_stop(unsigned int cpu)
{
	(void)cpu;
}

static int clock_wall(struct pv_wall_time *out)
{
	(void)out;
	return PV_EAGAIN;
}

static void clock_end(void)
{
}

static const struct pv_clock_source clock_source = {
	.name = "bench",
	.valid_flags = PVCLOCK_TSC_STABLE_BIT,
	.cpu_start = clock_start,
	.cpu_stop = clock_stop,
	.wall = clock_wall,
	.end = clock_end,
};

/* Instructions for `ops` readings, without those of the loop. */
static uint64_t read_clock(uint64_t ops)
{
	uint64_t i, start, empty;

	start = pv_rdtsc();
	for (i = 0; i < ops; i++)
		pv_barrier();
	empty = pv_rdtsc() - start;
	start = pv_rdtsc();
	for (i = 0; i < ops; i++) {
		pv_barrier();
		pv_clock_now();
	}
	return pv_rdtsc() - start - empty;
}

static int bench_clock(uint64_t ops)
{
	if (pv_clock_register(&clock_source))
		return 1;
	read_clock(1);
	print("stable", read_clock(ops));
	pv_clock_use_stable(false);
	read_clock(1);
	print("unstable", read_clock(ops));
	pv_clock_end();
	return 0;
}

/* --- the way to main -------------------------------------------------------------------------- */

/* Without the time that the device takes, which is not the same from run to run. */
static int bench_boot(uint64_t main_tsc)
{
	struct pv_seg seg = {.va = buffer[0], .len = BLOCK};
	struct pv_blk_req req = {.op = PV_BLK_READ, .num_segs = 1, .segs = &seg, .done = read_done};
	struct pv_blk *blk = pv_blk_open(0);
	struct pv_net *net = pv_net_open(0);
	uint64_t start, waited = 0, block_tsc;

	if (!blk || !net || pv_blk_submit(pv_blk_queue(blk, 0), &req))
		return 1;
	pv_blk_flush(pv_blk_queue(blk, 0));
	while (!finished) {
		start = pv_rdtsc();
		let_the_device_work();
		waited += pv_rdtsc() - start;
		start = pv_rdtsc();
		pv_blk_poll(pv_blk_queue(blk, 0), 1);
		waited += finished ? 0 : pv_rdtsc() - start;
	}
	block_tsc = pv_rdtsc();
	if (pv_net_start(net, receive, NULL))
		return 1;
	print("entry_to_net", pv_rdtsc() - pv_entry_tsc - waited);
	print("entry_to_main", main_tsc - pv_entry_tsc);
	print("entry_to_first_block", block_tsc - pv_entry_tsc - waited);
	return 0;
}

int pv_bare_main(const char *cmdline)
{
	uint64_t main_tsc = pv_rdtsc(), ops = 3200;
	char phase[16];

	if (pv_cmdline_get(cmdline, "bench.phase", phase, sizeof(phase)) < 0)
		return 2;
	pv_cmdline_get_u64(cmdline, "bench.ops", &ops);
	if (!pv_strcmp(phase, "boot"))
		return bench_boot(main_tsc);
	if (!pv_strcmp(phase, "clock"))
		return bench_clock(ops);
	if (!pv_strcmp(phase, "read1"))
		return bench_read(ops, 1, false);
	if (!pv_strcmp(phase, "read32"))
		return bench_read(ops, 32, false);
	if (!pv_strcmp(phase, "read1-irq"))
		return bench_read(ops, 1, true);
	if (!pv_strcmp(phase, "read32-irq"))
		return bench_read(ops, 32, true);
	if (!pv_strcmp(phase, "send"))
		return bench_net(ops, true);
	if (!pv_strcmp(phase, "receive"))
		return bench_net(ops, false);
	return 2;
}
