/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * lwIP over a pv_net.
 *
 * RECEIVING
 *	A packet is lent to lwIP as it lies in the library's page: a custom pbuf refers to it, and
 *	the packet is put back when lwIP frees the pbuf. There are RX_LOANS custom pbufs, fewer than
 *	packets. When all are lent, because lwIP holds segments that came out of order or an
 *	application is slow, packets are copied to lwIP's own pool and put at once, so that the ring
 *	never runs dry. Both together are more than a ring takes to send: an answer in a request's
 *	memory may be held for long, as Xen's netback does until Dom0's card has sent it.
 *
 * SENDING
 *	A pbuf chain becomes the scatter list of a packet, and pbuf_ref() keeps it until the device
 *	has sent it. lwIP knows that a segment may still be with the driver: it does not send one
 *	again whose pbuf somebody else refers to (tcp_output_segment_busy()). Chains whose memory
 *	may change, or with more pieces than a packet takes, are copied to one piece. What the ring
 *	does not take waits here in a list, bounded by the TX_PACKETS packets that there are; beyond
 *	that the caller gets ERR_MEM, on which lwIP sends a TCP segment again. Device-visible memory
 *	is lwIP's heap and pools and what applications pass by reference: all of it in the kernel's
 *	image or in its pages, where pv_os_virt_to_phys() holds.
 *
 * CHECKSUMS
 *	If the device completes checksums, lwIP leaves those of TCP and UDP at 0 and the
 *	pseudo-header's sum is filled in here (virtio 1.2, 5.1.6.2). For a received packet that the
 *	device vouches for, lwIP's verification is switched off for the duration of its input.
 *
 * SEVERAL CPUS
 *	There is one lwIP, and a lock around it. A lane is a queue of the device with its CPU, which
 *	alone polls it and submits to it. What lwIP sends on a CPU goes to that CPU's lane, or,
 *	where there are fewer lanes than CPUs, waits in another's, whose CPU is woken; a packet that
 *	lwIP lets go of on another CPU than it came to waits to be put in the same way.
 */
#include "netif_pv.h"

#include <pv/bare.h>
#include <pv/config.h>
#include <pv/lock.h>
#include <pv/pv.h>
#include <pv/string.h>

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "netif/ethernet.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "checksum.h"

#define RX_LOANS     128
#define RX_BUDGET    64
#define TX_PACKETS   256
#define MAX_SLEEP_MS 1000
#define SMP_SLEEP_MS 100 /* of CPU 0, whose timers others set, too */
#define PUTS_TO_WAKE 16
#define MAX_LANES    PV_CONFIG_QUEUES

#define CHECK_TRANSPORT (NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP)
#define GEN_TRANSPORT	(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP)

_Static_assert(RX_LOANS + PBUF_POOL_SIZE > TX_PACKETS, "echoes may all wait to be sent");

/* A received packet in lwIP's hands. */
struct loan {
	struct pbuf_custom pbuf; /* first: lwIP's free function gets its address */
	struct pv_packet *pkt;
	unsigned int lane;
	struct loan *next;
};

/* Lane i is CPU i's. */
struct lane {
	struct pv_net_queue *queue;
	struct pv_packet *waiting, **waiting_end; /* first in, first out */
	struct pv_packet *put;			  /* received here, let go of elsewhere */
	unsigned int puts;
	bool busy; /* the budget was used up: there may be more */
};

static struct pv_lock lock;

static struct {
	struct pv_net *net;
	struct lane lane[MAX_LANES];
	unsigned int lanes;
	struct netif netif;
	struct loan loan[RX_LOANS];
	struct loan *free_loan;
	struct pv_packet packet[TX_PACKETS];
	struct pv_packet *free_packet;
	struct pv_lwip_stats stats;
	uint32_t sleep_ms; /* until lwIP's next timer */
	bool smp;
} lw;

/* --- what lwIP calls -------------------------------------------------------------------------- */

u32_t sys_now(void)
{
	return (u32_t)(pv_os_uptime_ns() / 1000000);
}

/* For transaction numbers and ports; xorshift, seeded from the clock and the hardware address. */
unsigned int pv_lwip_random(void)
{
	static uint64_t state;

	if (!state) {
		pv_memcpy(&state, lw.net->mac, sizeof(lw.net->mac));
		state = (state ^ pv_os_uptime_ns() ^ __builtin_ia32_rdtsc()) | 1;
	}
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int)(state >> 32);
}

/* --- receiving -------------------------------------------------------------------------------- */

static void end_loan(struct pbuf *p)
{
	struct loan *loan = (struct loan *)p;
	struct lane *lane = &lw.lane[loan->lane];

	if (loan->lane == pv_os_cpu()) {
		pv_packet_put(loan->pkt);
	} else {
		loan->pkt->next = lane->put;
		lane->put = loan->pkt;
		if (++lane->puts == PUTS_TO_WAKE)
			pv_bare_wake(loan->lane);
	}
	loan->next = lw.free_loan;
	lw.free_loan = loan;
}

/*
 * PBUF_ROM, although lwIP could write to it: that type says that the data stay as they are until
 * the pbuf is freed, so that an echo is sent without a copy.
 */
static struct pbuf *lend(struct pv_packet *pkt)
{
	struct loan *loan = lw.free_loan;

	lw.free_loan = loan->next;
	loan->pkt = pkt;
	loan->lane = pv_os_cpu();
	loan->pbuf.custom_free_function = end_loan;
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)pkt->len, PBUF_ROM, &loan->pbuf, pkt->seg[0].va,
				   (u16_t)pkt->len);
}

static struct pbuf *copy_in(struct pv_packet *pkt)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)pkt->len, PBUF_POOL);
	u16_t at = 0;
	unsigned int i;

	for (i = 0; p && i < pkt->num_segs; i++) {
		pbuf_take_at(p, pkt->seg[i].va, (u16_t)pkt->seg[i].len, at);
		at = (u16_t)(at + pkt->seg[i].len);
	}
	pv_packet_put(pkt);
	lw.stats.rx_copied++;
	return p;
}

static void receive(void *arg, struct pv_packet *pkt)
{
	bool vouched = pkt->flags & (PV_PACKET_CSUM_OK | PV_PACKET_CSUM_PARTIAL);
	struct pbuf *p = NULL;

	(void)arg;
	if (pkt->len > 0xffff)
		pv_packet_put(pkt);
	else if (pkt->num_segs == 1 && lw.free_loan)
		p = lend(pkt);
	else
		p = copy_in(pkt);
	if (!p) {
		lw.stats.rx_dropped++;
		return;
	}
	if (vouched)
		lw.netif.chksum_flags &= (u16_t)~CHECK_TRANSPORT;
	else
		lw.netif.chksum_flags |= CHECK_TRANSPORT;
	if (lw.netif.input(p, &lw.netif) != ERR_OK)
		pbuf_free(p);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void free_packet(struct pv_packet *pkt)
{
	pkt->next = lw.free_packet;
	lw.free_packet = pkt;
}

static void sent(struct pv_packet *pkt)
{
	pbuf_free(pkt->user);
	free_packet(pkt);
}

/* The chain's pieces as a scatter list; false if it must be copied first. */
static bool fill_segs(struct pv_packet *pkt, struct pbuf *p)
{
	struct pbuf *q;

	pkt->num_segs = 0;
	pkt->len = p->tot_len;
	for (q = p; q; q = q->next) {
		if (!q->len)
			continue;
		if (PBUF_NEEDS_COPY(q) || pkt->num_segs == PV_NET_MAX_SEGS)
			return false;
		pkt->seg[pkt->num_segs].va = q->payload;
		pkt->seg[pkt->num_segs++].len = q->len;
	}
	return true;
}

/* Puts waiting packets on the ring; one that the device will never take is dropped. */
static void send_waiting(struct lane *lane)
{
	struct pv_packet *pkt, *next;
	int err;

	while ((pkt = lane->waiting)) {
		next = pkt->next; /* the library's from submit on */
		err = pv_net_submit(lane->queue, pkt);
		if (err == PV_EBUSY)
			return;
		lane->waiting = next;
		if (!lane->waiting)
			lane->waiting_end = &lane->waiting;
		if (err) {
			lw.stats.tx_dropped++;
			sent(pkt);
		}
	}
}

static err_t output(struct netif *netif, struct pbuf *p)
{
	unsigned int cpu = pv_os_cpu(), number = cpu % lw.lanes;
	struct pv_packet *pkt = lw.free_packet;
	struct lane *lane = &lw.lane[number];

	(void)netif;
	if (!pkt)
		goto no_memory;
	if (fill_segs(pkt, p)) {
		pbuf_ref(p);
	} else {
		p = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
		if (!p)
			goto no_memory;
		lw.stats.tx_copied++;
		fill_segs(pkt, p);
	}
	pkt->flags = 0;
	if (lw.net->flags & PV_NET_F_TX_CSUM)
		pv_lwip_leave_checksum(pkt);
	lw.free_packet = pkt->next;
	pkt->user = p;
	pkt->done = sent;
	pkt->gso = PV_GSO_NONE;
	pkt->next = NULL;
	*lane->waiting_end = pkt;
	lane->waiting_end = &pkt->next;
	if (number == cpu) {
		send_waiting(lane);
		lw.stats.tx_waited += lane->waiting != NULL;
	} else {
		pv_bare_wake(number);
	}
	return ERR_OK;

no_memory:
	lw.stats.tx_dropped++;
	return ERR_MEM;
}

/* --- the interface ---------------------------------------------------------------------------- */

static void follow_link(void *arg)
{
	(void)arg;
	lw.netif.mtu = lw.net->mtu;
	if (lw.net->link_up)
		netif_set_link_up(&lw.netif);
	else
		netif_set_link_down(&lw.netif);
}

static err_t init_netif(struct netif *netif)
{
	netif->name[0] = 'p';
	netif->name[1] = 'v';
	netif->hostname = "libpv";
	netif->output = etharp_output;
	netif->linkoutput = output;
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
	netif->mtu = lw.net->mtu;
	netif->hwaddr_len = sizeof(lw.net->mac);
	pv_memcpy(netif->hwaddr, lw.net->mac, sizeof(lw.net->mac));
	if (lw.net->flags & PV_NET_F_TX_CSUM)
		netif->chksum_flags &= (u16_t)~GEN_TRANSPORT;
	return ERR_OK;
}

int pv_lwip_start_smp(struct pv_net *net, unsigned int cpus)
{
	unsigned int i;
	int err;

	lw.net = net;
	lw.smp = cpus > 1;
	lw.lanes = net->num_queues < cpus ? net->num_queues : cpus;
	for (i = 0; i < lw.lanes; i++) {
		lw.lane[i].queue = pv_net_queue(net, i);
		lw.lane[i].waiting_end = &lw.lane[i].waiting;
	}
	for (i = 0; i < RX_LOANS; i++) {
		lw.loan[i].next = lw.free_loan;
		lw.free_loan = &lw.loan[i];
	}
	for (i = 0; i < TX_PACKETS; i++)
		free_packet(&lw.packet[i]);

	lwip_init();
	if (!netif_add_noaddr(&lw.netif, NULL, init_netif, ethernet_input))
		return PV_ENOMEM;
	netif_set_default(&lw.netif);
	netif_set_up(&lw.netif);
	err = pv_net_start(net, receive, NULL);
	if (err)
		return err;
	for (i = 0; i < lw.lanes; i++)
		pv_net_set_event(lw.lane[i].queue, pv_bare_wake_event, (void *)(uintptr_t)i);
	pv_net_on_change(net, follow_link, NULL);
	follow_link(NULL);
	return dhcp_start(&lw.netif) == ERR_OK ? 0 : PV_ENOMEM;
}

int pv_lwip_start(struct pv_net *net)
{
	return pv_lwip_start_smp(net, 1);
}

/* --- the main loop ---------------------------------------------------------------------------- */

void pv_lwip_wake(void *arg)
{
	(void)arg;
	pv_bare_wake(0);
}

void pv_lwip_lock(void)
{
	pv_lock_take(&lock);
}

void pv_lwip_unlock(void)
{
	pv_lock_drop(&lock);
}

static void put_others(struct lane *lane)
{
	struct pv_packet *pkt;

	while ((pkt = lane->put)) {
		lane->put = pkt->next;
		pv_packet_put(pkt);
	}
	lane->puts = 0;
}

void pv_lwip_run(void)
{
	unsigned int cpu = pv_os_cpu();
	struct lane *lane = &lw.lane[cpu];

	(void)pv_bare_work();
	if (cpu < lw.lanes) {
		put_others(lane);
		lane->busy = pv_net_poll(lane->queue, RX_BUDGET) == RX_BUDGET;
		send_waiting(lane);
	}
	if (!cpu) {
		sys_check_timeouts();
		lw.sleep_ms = sys_timeouts_sleeptime();
	}
}

/* What other CPUs have for this one meanwhile comes with a wake, and there is no sleep then. */
void pv_lwip_sleep(void)
{
	unsigned int cpu = pv_os_cpu();
	uint32_t most = !cpu && lw.smp ? SMP_SLEEP_MS : MAX_SLEEP_MS, ms = cpu ? most : lw.sleep_ms;

	if (cpu < lw.lanes) {
		pv_lwip_lock();
		pv_net_flush(lw.lane[cpu].queue);
		pv_lwip_unlock();
		if (lw.lane[cpu].busy)
			return;
	}
	__atomic_fetch_add(&lw.stats.sleeps, 1, __ATOMIC_RELAXED);
	pv_bare_idle((ms < most ? ms : most) * 1000000ull);
}

void pv_lwip_poll(void)
{
	pv_lwip_lock();
	pv_lwip_run();
	pv_lwip_unlock();
	pv_lwip_sleep();
}

int pv_lwip_wait_address(unsigned int timeout_ms)
{
	uint64_t end = pv_os_uptime_ns() + timeout_ms * 1000000ull;

	while (ip4_addr_isany(netif_ip4_addr(&lw.netif))) {
		if (pv_os_uptime_ns() >= end)
			return PV_ETIMEDOUT;
		pv_lwip_poll();
	}
	return 0;
}

const char *pv_lwip_address(void)
{
	return ip4addr_ntoa(netif_ip4_addr(&lw.netif));
}

struct netif *pv_lwip_netif(void)
{
	return &lw.netif;
}

const struct pv_lwip_stats *pv_lwip_stats(void)
{
	return &lw.stats;
}
