/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A guest whose devices come and go while it works: writes each disk and reads it back, sends on
 * its second network device, echoes UDP on the first. A line typed on its console is answered:
 *
 *	stats	what was done, and what of Xen's is in use
 *	other	"you said: other"
 *
 * It ends when the toolstack wants it to; and is saved and goes on, if that is the wish.
 */
#include <pv/bare.h>
#include <pv/console.h>
#include <pv/string.h>

#include "lwip/timeouts.h"
#include "lwip/udp.h"
#include "lwip/netif_pv.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/grants.h"

#define DISKS	2
#define PACE_MS 20 /* between two rounds: Dom0 has the same CPU */
#define PIECE	65536u
#define WORDS	(PIECE / 8)

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_blkfront, &pv_netfront, &pv_xen_console,
						   NULL};

static bool due; /* to begin something */

/* --- disks ------------------------------------------------------------------------------------ */

static struct disk {
	struct pv_blk *blk; /* NULL: not there */
	struct pv_blk_req req;
	struct pv_seg seg;
	uint64_t *data;
	uint64_t sector, seed;
	bool flying, reading, works;
	/* Since the start. */
	unsigned int came, went;
	uint64_t pieces, wrong, failed;
} disks[DISKS];

/* splitmix64 (Steele, Lea, Flood 2014): each word of each piece is one of a kind. */
static uint64_t word(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15;
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
	n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
	return n ^ (n >> 31);
}

static void ended(struct pv_blk_req *req)
{
	struct disk *d = req->user;
	unsigned int i, bad = 0;

	d->flying = false;
	if (req->status == PV_EGONE) {
		d->reading = false;
		return;
	}
	d->failed += !!req->status;
	if (!d->reading) {
		d->reading = true;
		pv_memset(d->data, 0, PIECE);
		return;
	}
	for (i = 0; i < WORDS; i++)
		bad += d->data[i] != word(d->seed * WORDS + i);
	d->wrong += !!bad;
	d->pieces++;
	d->reading = false;
	if (!d->works)
		pv_bare_printf("disk %u: works\n", (unsigned int)(d - disks));
	d->works = true;
	d->sector = (d->sector + PIECE / PV_BLK_SECTOR) % d->blk->capacity;
}

static void disk_start(struct disk *d)
{
	unsigned int i;

	if (!d->reading) {
		d->seed++;
		for (i = 0; i < WORDS; i++)
			d->data[i] = word(d->seed * WORDS + i);
	}
	d->seg = (struct pv_seg) {.va = d->data, .len = PIECE};
	d->req = (struct pv_blk_req) {.op = d->reading ? PV_BLK_READ : PV_BLK_WRITE,
				      .num_segs = 1,
				      .sector = d->sector,
				      .segs = &d->seg,
				      .done = ended,
				      .user = d};
	d->flying = true;
	if (pv_blk_submit(pv_blk_queue(d->blk, 0), &d->req))
		d->flying = false;
	else
		pv_blk_flush(pv_blk_queue(d->blk, 0));
}

static void disk_work(struct disk *d, unsigned int index)
{
	if (!d->blk) {
		d->blk = pv_blk_open(index);
		if (!d->blk)
			return;
		d->came++;
		d->works = false;
		d->sector = 0;
		pv_blk_set_event(pv_blk_queue(d->blk, 0), pv_lwip_wake, NULL);
	}
	if (d->flying)
		pv_blk_poll(pv_blk_queue(d->blk, 0), 4);
	if (!d->flying && d->blk->gone) {
		pv_blk_close(d->blk);
		d->blk = NULL;
		d->reading = false;
		d->went++;
		pv_bare_printf("disk %u: went\n", index);
	} else if (!d->flying && (due || d->reading)) {
		disk_start(d);
	}
}

/* --- the second network device ---------------------------------------------------------------- */

static struct {
	struct pv_net *net;
	struct pv_packet pkt;
	uint8_t *frame;
	bool flying, works;
	unsigned int came, went;
	uint64_t sent, received, failed;
} second;

static void got(void *arg, struct pv_packet *pkt)
{
	(void)arg;
	second.received++;
	pv_packet_put(pkt);
}

static void was_sent(struct pv_packet *pkt)
{
	second.flying = false;
	second.sent += !pkt->status;
	second.failed += pkt->status && pkt->status != PV_EGONE;
	if (!second.works)
		pv_bare_printf("net 1: works\n");
	second.works = true;
}

static void second_send(void)
{
	struct pv_net_queue *q = pv_net_queue(second.net, 0);

	pv_memset(second.frame, 0xff, 6);
	pv_memcpy(second.frame + 6, second.net->mac, 6);
	/* IEEE 802, an EtherType for experiments. */
	second.frame[12] = 0x88;
	second.frame[13] = 0xb5;
	second.pkt = (struct pv_packet) {.len = 60, .num_segs = 1, .done = was_sent};
	second.pkt.seg[0] = (struct pv_seg) {.va = second.frame, .len = 60};
	second.flying = true;
	if (pv_net_submit(q, &second.pkt))
		second.flying = false;
	else
		pv_net_flush(q);
}

static void second_work(void)
{
	if (!second.net) {
		second.net = pv_net_open(1);
		if (!second.net)
			return;
		second.came++;
		second.works = false;
		pv_net_set_event(pv_net_queue(second.net, 0), pv_lwip_wake, NULL);
		if (pv_net_start(second.net, got, NULL))
			second.failed++;
	}
	pv_net_poll(pv_net_queue(second.net, 0), 16);
	if (second.net->gone && !second.flying) {
		pv_net_close(second.net);
		second.net = NULL;
		second.went++;
		pv_bare_printf("net 1: went\n");
	} else if (!second.flying && due) {
		second_send();
	}
}

/* --- console ---------------------------------------------------------------------------------- */

static void stats(void)
{
	struct pv_bare_memory memory;
	struct pv_grant_stats grants;
	struct pv_evtchn_stats events;
	unsigned int i;

	pv_bare_memory(&memory);
	pv_grant_stats(&grants);
	pv_evtchn_stats(&events);
	for (i = 0; i < DISKS; i++)
		pv_bare_printf(
			"stats: disk %u: %llu pieces, %llu wrong, %llu failed, came %u, went %u\n",
			i, (unsigned long long)disks[i].pieces, (unsigned long long)disks[i].wrong,
			(unsigned long long)disks[i].failed, disks[i].came, disks[i].went);
	pv_bare_printf("stats: net 1: %llu sent, %llu received, %llu failed, came %u, went %u\n",
		       (unsigned long long)second.sent, (unsigned long long)second.received,
		       (unsigned long long)second.failed, second.came, second.went);
	pv_bare_printf(
		"stats: in use: %u grants, %u quarantined, %u events, %llu unknown, %llu bytes\n",
		grants.total - grants.free, grants.quarantined, events.bound,
		(unsigned long long)events.unknown,
		(unsigned long long)(memory.total - memory.free));
}

static void console_work(struct pv_console *con)
{
	static char line[64];
	static size_t len;
	char c;

	while (con && pv_console_read(con, &c, 1) == 1) {
		if (c != '\r' && c != '\n') {
			line[len] = c;
			len += len < sizeof(line) - 1;
			continue;
		}
		line[len] = 0;
		if (!pv_strcmp(line, "stats"))
			stats();
		else if (len)
			pv_bare_printf("you said: %s\n", line);
		len = 0;
	}
}

/* --- all of it -------------------------------------------------------------------------------- */

static void echo(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
	(void)arg;
	udp_sendto(pcb, p, from, port);
	pbuf_free(p);
}

static enum pv_shutdown_reason wish;
static bool wished;

static void tick(void *arg)
{
	(void)arg;
	due = true;
	sys_timeout(PACE_MS, tick, NULL);
}

static void wanted(void *arg, enum pv_shutdown_reason reason)
{
	(void)arg;
	wish = reason;
	wished = true;
}

/* Is saved, and says so when it runs again. */
static void suspend(void)
{
	uint64_t before = pv_clock_now(), now;
	struct pv_wall_time wall, later;
	int err;

	pv_clock_wall(&wall);
	err = pv_suspend();
	now = pv_clock_now();
	pv_clock_wall(&later);
	wished = false;
	pv_bare_printf("suspended: %d, clock %s, wall clock %s\n", err,
		       now >= before ? "forward" : "back",
		       later.sec >= wall.sec ? "forward" : "back");
}

int pv_bare_main(const char *cmdline)
{
	struct pv_console *con = pv_console_open(0);
	struct pv_net *net = pv_net_open(0);
	struct udp_pcb *pcb;
	unsigned int i;

	(void)cmdline;
	if (!net || pv_lwip_start(net) || pv_lwip_wait_address(30000))
		return 2;
	pcb = udp_new();
	if (!pcb || udp_bind(pcb, IP_ADDR_ANY, 7) != ERR_OK)
		return 3;
	udp_recv(pcb, echo, NULL);
	if (con)
		pv_console_set_event(con, pv_lwip_wake, NULL);
	for (i = 0; i < DISKS; i++)
		disks[i].data = pv_os_pages_alloc(PIECE / PV_PAGE_SIZE);
	second.frame = pv_os_pages_alloc(1);
	pv_on_shutdown(wanted, NULL);
	pv_bare_printf("ready: life\n");
	tick(NULL);
	while (!wished || wish == PV_SHUTDOWN_SUSPEND) {
		pv_lwip_run();
		for (i = 0; i < DISKS; i++)
			disk_work(&disks[i], i);
		second_work();
		due = false;
		console_work(con);
		if (wished && wish == PV_SHUTDOWN_SUSPEND)
			suspend();
		else
			pv_lwip_sleep();
	}
	stats();
	pv_bare_printf("shutdown: %s\n", pv_shutdown_reason_name(wish));
	if (wish == PV_SHUTDOWN_REBOOT)
		pv_bare_reboot();
	return 0;
}
