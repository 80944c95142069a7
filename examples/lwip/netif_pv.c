/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * lwIP over a pv_net.
 *
 * RECEIVING
 *	A packet is lent to lwIP as it lies in the library's page: a custom pbuf refers to it, and the
 *	packet is put back when lwIP frees the pbuf. There are RX_LOANS custom pbufs, fewer than
 *	packets. When all are lent, because lwIP holds segments that came out of order or an application
 *	is slow, packets are copied to lwIP's own pool and put at once, so that the ring never runs dry.
 *	Both together are more than a ring takes to send: an answer in a request's memory may be held for long,
 *	as Xen's netback does until Dom0's card has sent it.
 *
 * SENDING
 *	A pbuf chain becomes the scatter list of a packet, and pbuf_ref() keeps it until the device has
 *	sent it. lwIP knows that a segment may still be with the driver: it does not send one again
 *	whose pbuf somebody else refers to (tcp_output_segment_busy()). Chains whose memory may change,
 *	or with more pieces than a packet takes, are copied to one piece. What the ring does not
 *	take waits here in a list, bounded by the TX_PACKETS packets that there are; beyond that the
 *	caller gets ERR_MEM, on which lwIP sends a TCP segment again.
 *	Device-visible memory is lwIP's heap and pools and what applications pass by reference: all of
 *	it in the kernel's image or in its pages, where pv_os_virt_to_phys() holds.
 *
 * CHECKSUMS
 *	If the device completes checksums, lwIP leaves those of TCP and UDP at 0 and the pseudo-header's sum is
 *	filled in here (virtio 1.2, 5.1.6.2). For a received packet that the device vouches for, lwIP's
 *	verification is switched off for the duration of its input.
 *
 * SLEEPING
 *	Event functions set `woken`, which prevents or ends the sleep. It is cleared after the sleep: the
 *	turn of the main loop that follows sees the work of all events until then.
 */
#include "netif_pv.h"

#include <pv/bare.h>
#include <pv/pv.h>
#include <pv/string.h>

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "netif/ethernet.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"
#include "lwip/prot/udp.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

#define RX_LOANS     128
#define RX_BUDGET    64
#define TX_PACKETS   256
#define MAX_SLEEP_MS 1000

#define CHECK_TRANSPORT (NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP)
#define GEN_TRANSPORT	(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP)

_Static_assert(RX_LOANS + PBUF_POOL_SIZE > TX_PACKETS, "echoes may all wait to be sent");

/* A received packet in lwIP's hands. */
struct loan {
	struct pbuf_custom pbuf; /* first: lwIP's free function gets its address */
	struct pv_packet *pkt;
	struct loan *next;
};

static struct {
	struct pv_net *net;
	struct pv_net_queue *queue;
	struct netif netif;
	struct loan loan[RX_LOANS];
	struct loan *free_loan;
	struct pv_packet packet[TX_PACKETS];
	struct pv_packet *free_packet;
	struct pv_packet *waiting, **waiting_end; /* first in, first out */
	struct pv_lwip_stats stats;
	bool busy;	     /* the budget was used up: there may be more */
	volatile bool woken; /* set from interrupts */
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

	pv_packet_put(loan->pkt);
	loan->next = lw.free_loan;
	lw.free_loan = loan;
}

/*
 * PBUF_ROM, although lwIP could write to it: that type says that the data stay as they are until the
 * pbuf is freed, so that an echo is sent without a copy.
 */
static struct pbuf *lend(struct pv_packet *pkt)
{
	struct loan *loan = lw.free_loan;

	lw.free_loan = loan->next;
	loan->pkt = pkt;
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

/* One's complement sum of the pseudo-header (RFC 793, 3.1; RFC 768), folded but not inverted. */
static uint16_t pseudo_sum(const struct ip_hdr *ip, uint16_t len)
{
	uint32_t sum = lwip_htons(len) + lwip_htons(IPH_PROTO(ip));
	uint16_t addr[4];
	unsigned int i;

	pv_memcpy(addr, &ip->src, sizeof(addr));
	for (i = 0; i < 4; i++)
		sum += addr[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

/* lwIP keeps all headers of what it sends in the first piece. */
static void leave_checksum(struct pv_packet *pkt)
{
	uint8_t *frame = pkt->seg[0].va;
	const struct ip_hdr *ip = (const void *)(frame + SIZEOF_ETH_HDR);
	uint16_t type, offset, start, sum;

	pkt->flags = 0;
	pv_memcpy(&type, frame + offsetof(struct eth_hdr, type), sizeof(type));
	if (!(lw.net->flags & PV_NET_F_TX_CSUM) || type != PP_HTONS(ETHTYPE_IP))
		return;
	if (IPH_PROTO(ip) == IP_PROTO_TCP)
		offset = offsetof(struct tcp_hdr, chksum);
	else if (IPH_PROTO(ip) == IP_PROTO_UDP)
		offset = offsetof(struct udp_hdr, chksum);
	else
		return;
	start = (uint16_t)(SIZEOF_ETH_HDR + IPH_HL_BYTES(ip));
	sum = pseudo_sum(ip, (uint16_t)(lwip_htons(IPH_LEN(ip)) - IPH_HL_BYTES(ip)));
	pv_memcpy(frame + start + offset, &sum, sizeof(sum));
	pkt->flags = PV_PACKET_CSUM_PARTIAL;
	pkt->csum_start = start;
	pkt->csum_offset = offset;
}

/* Puts waiting packets on the ring; one that the device will never take is dropped. */
static void send_waiting(void)
{
	struct pv_packet *pkt, *next;
	int err;

	while ((pkt = lw.waiting)) {
		next = pkt->next; /* the library's from submit on */
		err = pv_net_submit(lw.queue, pkt);
		if (err == PV_EBUSY)
			return;
		lw.waiting = next;
		if (!lw.waiting)
			lw.waiting_end = &lw.waiting;
		if (err) {
			lw.stats.tx_dropped++;
			sent(pkt);
		}
	}
}

static err_t output(struct netif *netif, struct pbuf *p)
{
	struct pv_packet *pkt = lw.free_packet;

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
	leave_checksum(pkt);
	lw.free_packet = pkt->next;
	pkt->user = p;
	pkt->done = sent;
	pkt->gso = PV_GSO_NONE;
	pkt->next = NULL;
	*lw.waiting_end = pkt;
	lw.waiting_end = &pkt->next;
	send_waiting();
	lw.stats.tx_waited += lw.waiting != NULL;
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

int pv_lwip_start(struct pv_net *net)
{
	unsigned int i;
	int err;

	lw.net = net;
	lw.queue = pv_net_queue(net, 0);
	lw.waiting_end = &lw.waiting;
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
	pv_net_set_event(lw.queue, pv_lwip_wake, NULL);
	pv_net_on_change(net, follow_link, NULL);
	follow_link(NULL);
	return dhcp_start(&lw.netif) == ERR_OK ? 0 : PV_ENOMEM;
}

/* --- the main loop ---------------------------------------------------------------------------- */

void pv_lwip_run(void)
{
	lw.busy = pv_net_poll(lw.queue, RX_BUDGET) == RX_BUDGET;
	send_waiting();
	sys_check_timeouts();
}

void pv_lwip_sleep(void)
{
	uint32_t ms = sys_timeouts_sleeptime();

	pv_net_flush(lw.queue);
	if (lw.busy)
		return;
	lw.stats.sleeps++;
	pv_bare_wait(&lw.woken, (ms < MAX_SLEEP_MS ? ms : MAX_SLEEP_MS) * 1000000ull);
	lw.woken = false;
}

void pv_lwip_wake(void *arg)
{
	(void)arg;
	lw.woken = true;
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
