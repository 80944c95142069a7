/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A guest whose devices come and go, in slots, while it works: it keeps a disk busy with writes,
 * which it reads back, and sends on a network device. It says "disk: works", "disk: went", "net:
 * works", "net: went", and ends when both went so often as the command line says (slots.rounds=):
 *
 *	disk: ... pieces, ... lost, ... failed, ... wrong
 *	net: ... sent, ... lost, ... failed
 *	memory: ... bytes more than after the first round
 *
 * With slots.yank=1 it switches the slots off itself, as a card is pulled that nobody was told of.
 */
#include <pv/bare.h>
#include <pv/string.h>

#include "drivers/virtio/pci.h"
#include "pv-core/blk_driver.h"
#include "pv-core/net_driver.h"

#define REQS	8u
#define PIECE	16384u
#define WORDS	(PIECE / 8)
#define SECTORS (PIECE / PV_BLK_SECTOR)
#define FRAMES	8u

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_pci, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, &pv_virtio_net, NULL};

static volatile bool woken;

static void wake(void *arg)
{
	(void)arg;
	woken = true;
}

/* --- a card that is pulled -------------------------------------------------------------------- */

struct port {
	uint8_t bus; /* behind it */
	struct pv_pci_addr addr;
};

static void is_port(struct pv_pci_addr a, void *arg)
{
	struct port *port = arg;

	if ((pv_pci_read8(a, 0x0e) & 0x7f) == 1 && pv_pci_read8(a, 0x19) == port->bus)
		port->addr = a;
}

/* Power and power indicator off: QEMU takes the device out (PCI Express Base 4.0, 7.5.3.10). */
static void yank(struct pv_device *dev)
{
	struct port port = {.bus = pv_virtio_pci_of(pv_virtio_of(dev))->addr.bus};
	unsigned int at;

	pv_pci_scan(is_port, &port);
	at = pv_pci_capability(port.addr, 0x10) + 0x18;
	pv_pci_write16(port.addr, at, pv_pci_read16(port.addr, at) | 0x0700);
}

/* --- disk ------------------------------------------------------------------------------------- */

static struct req {
	struct pv_blk_req req;
	struct pv_seg seg;
	uint64_t *data;
	uint64_t seed;
	bool flying, reading;
} req[REQS];
static struct {
	struct pv_blk *blk;
	bool works, yanks;
	unsigned int flying, went;
	uint64_t pieces, since, lost, failed, wrong;
} disk;
static uint64_t last_seed;

/* splitmix64 (Steele, Lea, Flood 2014): each word of each piece is one of a kind. */
static uint64_t word(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15;
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
	n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
	return n ^ (n >> 31);
}

static void ended(struct pv_blk_req *rq)
{
	struct req *r = rq->user;
	unsigned int i, bad = 0;

	r->flying = false;
	disk.flying--;
	if (rq->status) {
		disk.lost += rq->status == PV_EGONE;
		disk.failed += rq->status != PV_EGONE;
		r->reading = false;
		return;
	}
	r->reading = !r->reading;
	if (r->reading)
		return;
	for (i = 0; i < WORDS; i += 64)
		bad += r->data[i] != word(r->seed * WORDS + i);
	disk.wrong += !!bad;
	disk.pieces++;
	disk.since++;
	if (disk.since == 2 * REQS)
		pv_bare_printf("disk: works\n");
}

static void submit(struct req *r)
{
	unsigned int i;

	if (!r->reading)
		r->seed = ++last_seed;
	for (i = 0; i < WORDS; i += 64)
		r->data[i] = r->reading ? 0 : word(r->seed * WORDS + i);
	r->seg = (struct pv_seg) {.va = r->data, .len = PIECE};
	r->req = (struct pv_blk_req) {.op = r->reading ? PV_BLK_READ : PV_BLK_WRITE,
				      .num_segs = 1,
				      .sector = SECTORS * (unsigned int)(r - req),
				      .segs = &r->seg,
				      .done = ended,
				      .user = r};
	if (pv_blk_submit(pv_blk_queue(disk.blk, 0), &r->req))
		return;
	r->flying = true;
	disk.flying++;
}

static void disk_work(void)
{
	unsigned int i;

	if (!disk.blk) {
		disk.blk = pv_blk_open(0);
		if (!disk.blk)
			return;
		disk.since = 0;
		pv_blk_set_event(pv_blk_queue(disk.blk, 0), wake, NULL);
	}
	if (pv_blk_poll(pv_blk_queue(disk.blk, 0), 8) == 8)
		woken = true;
	for (i = 0; i < REQS; i++)
		if (!req[i].flying && !disk.blk->gone)
			submit(&req[i]);
	/* With requests that the device was not told of: others it ends before it goes. */
	if (disk.yanks && disk.since >= 2 * REQS && !disk.blk->gone) {
		yank(disk.blk->dev);
		disk.yanks = false;
	}
	pv_blk_flush(pv_blk_queue(disk.blk, 0));
	if (disk.blk->gone && !disk.flying) {
		pv_blk_close(disk.blk);
		disk.blk = NULL;
		disk.went++;
		pv_bare_printf("disk: went\n");
	}
}

/* --- network ---------------------------------------------------------------------------------- */

static struct frame {
	struct pv_packet pkt;
	uint8_t *data;
	bool flying;
} frame[FRAMES];
static struct {
	struct pv_net *net;
	bool yanks;
	unsigned int flying, went;
	uint64_t sent, since, lost, failed;
} second;

static void got(void *arg, struct pv_packet *pkt)
{
	(void)arg;
	pv_packet_put(pkt);
}

static void was_sent(struct pv_packet *pkt)
{
	struct frame *f = pkt->user;

	f->flying = false;
	second.flying--;
	second.sent += !pkt->status;
	second.lost += pkt->status == PV_EGONE;
	second.failed += pkt->status && pkt->status != PV_EGONE;
	if (!pkt->status && ++second.since == 2 * FRAMES)
		pv_bare_printf("net: works\n");
}

static void send(struct frame *f)
{
	pv_memset(f->data, 0xff, 6);
	pv_memcpy(f->data + 6, second.net->mac, 6);
	/* IEEE 802, an EtherType for experiments. */
	f->data[12] = 0x88;
	f->data[13] = 0xb5;
	f->pkt = (struct pv_packet) {.len = 60, .num_segs = 1, .done = was_sent, .user = f};
	f->pkt.seg[0] = (struct pv_seg) {.va = f->data, .len = 60};
	if (pv_net_submit(pv_net_queue(second.net, 0), &f->pkt))
		return;
	f->flying = true;
	second.flying++;
}

static void net_work(void)
{
	unsigned int i;

	if (!second.net) {
		second.net = pv_net_open(0);
		if (!second.net)
			return;
		second.since = 0;
		pv_net_set_event(pv_net_queue(second.net, 0), wake, NULL);
		if (pv_net_start(second.net, got, NULL))
			second.failed++;
	}
	pv_net_poll(pv_net_queue(second.net, 0), 8);
	for (i = 0; i < FRAMES; i++)
		if (!frame[i].flying && !second.net->gone)
			send(&frame[i]);
	if (second.yanks && second.since >= 2 * FRAMES && !second.net->gone) {
		yank(second.net->dev);
		second.yanks = false;
	}
	pv_net_flush(pv_net_queue(second.net, 0));
	if (second.net->gone && !second.flying) {
		pv_net_close(second.net);
		second.net = NULL;
		second.went++;
		pv_bare_printf("net: went\n");
	}
}

/* ---------------------------------------------------------------------------------------------- */

static uint64_t used(void)
{
	struct pv_bare_memory memory;

	pv_bare_memory(&memory);
	return memory.total - memory.free;
}

int pv_bare_main(const char *cmdline)
{
	uint64_t first = 0, rounds = 1, yanks = 0;
	unsigned int i, last = 0;

	pv_cmdline_get_u64(cmdline, "slots.rounds", &rounds);
	pv_cmdline_get_u64(cmdline, "slots.yank", &yanks);
	for (i = 0; i < REQS; i++)
		req[i].data = pv_os_pages_alloc(PIECE / PV_PAGE_SIZE);
	for (i = 0; i < FRAMES; i++)
		frame[i].data = pv_os_pages_alloc(1);
	disk.yanks = second.yanks = yanks;
	pv_bare_printf("ready: slots\n");
	while (disk.went < rounds || second.went < rounds) {
		woken = false;
		disk_work();
		net_work();
		pv_bare_wait(&woken, 2000000);
		if (disk.blk || second.net || disk.went != second.went || disk.went == last)
			continue;
		last = disk.went;
		disk.yanks = second.yanks = yanks;
		if (!first)
			first = used();
		pv_bare_printf("round: %u\n", last);
	}
	pv_bare_printf("disk: %llu pieces, %llu lost, %llu failed, %llu wrong\n",
		       (unsigned long long)disk.pieces, (unsigned long long)disk.lost,
		       (unsigned long long)disk.failed, (unsigned long long)disk.wrong);
	pv_bare_printf("net: %llu sent, %llu lost, %llu failed\n", (unsigned long long)second.sent,
		       (unsigned long long)second.lost, (unsigned long long)second.failed);
	pv_bare_printf("memory: %lld bytes more than after the first round\n",
		       (long long)(used() - first));
	return disk.failed || disk.wrong || second.failed;
}
