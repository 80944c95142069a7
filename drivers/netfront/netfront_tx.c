/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The send ring (xen/io/netif.h, "Guest transmit").
 *
 * A packet is a chain of slots: the first has the packet's whole length, each of the others its
 * own, and a slot of extra info behind the first says how to segment. A slot's data do not cross a
 * page, so a piece of the kernel's takes a slot for each page that it touches. Backends take
 * MAX_SLOTS of them: a packet in more is refused (PV_EINVAL), as nothing is copied, with three
 * exceptions. An untrusted backend gets all in pages of ours, one for each slot, which hold nothing
 * but what it was sent. Backends drop a packet whose first slot is shorter than an Ethernet header
 * (Linux' xenvif_tx_build_gops()): its head is copied into memory of ours. And without feature-sg
 * they take one slot: a packet in several, of up to a page, is gathered in a page of ours.
 *
 * Each data slot has an id, the number of an entry in pair->slot, and is answered by it, in any
 * order; its memory is taken back then. The packet was sent when all its slots were. Answers to
 * extra slots have no id but NETIF_RSP_NULL, and are counted: so ids and slots never come apart,
 * however they are answered.
 *
 * An event is asked for when half of what is in flight was answered.
 */
#include "drivers/netfront/netfront.h"

_Static_assert(sizeof(union netif_tx_sring_entry) == 12, "xen/io/netif.h");
_Static_assert(sizeof(struct netif_extra_info) == 8, "xen/io/netif.h");
_Static_assert(offsetof(struct netif_tx_sring, ring) == PV_XRING_SLOTS, "xen/io/ring.h");
/* So much of a packet's head is copied: enough for headers, and a fraction of a page. */
#define HEAD_SIZE 64u

_Static_assert(RING_NUM * 12 <= PV_PAGE_SIZE - PV_XRING_SLOTS, "a page holds the ring");

/* --- a packet's parts ------------------------------------------------------------------------- */

/* The length of what is at `va`, up to the page's end. */
static inline uint32_t part(const void *va, uint32_t left)
{
	uint32_t room = PV_PAGE_SIZE - ((uint32_t)(uintptr_t)va & (PV_PAGE_SIZE - 1));

	return left < room ? left : room;
}

/* How many slots the packet takes, from byte `skip` on. */
static inline unsigned int count_parts(const struct pv_packet *pkt, uint32_t skip)
{
	unsigned int n = 0, i;

	for (i = 0; i < pkt->num_segs; i++) {
		uint32_t offset, len = pkt->seg[i].len;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		offset = ((uint32_t)(uintptr_t)pkt->seg[i].va + skip) & (PV_PAGE_SIZE - 1);
		n += (offset + len - skip + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE;
		skip = 0;
	}
	return n;
}

/* How much of the packet has to be in memory of ours: mostly nothing. */
static inline uint32_t head_len(const struct netfront_pair *pair, const struct pv_packet *pkt,
				unsigned int num)
{
	if (pv_unlikely(num > pair->lends))
		return pkt->len;
	if (pv_likely(part(pkt->seg[0].va, pkt->seg[0].len) >= PV_NET_HDR_LEN))
		return 0;
	return pkt->len < pair->bounce_size ? pkt->len : pair->bounce_size;
}

/* A walk over the packet's memory. */
struct walk {
	const struct pv_seg *next;
	uint8_t *va;
	uint32_t left; /* at va; 0: go on to the next piece */
};

/* How much there is to take at once, up to `most`. */
static inline uint32_t walk_part(struct walk *w, uint32_t most)
{
	uint32_t len;

	if (!w->left) {
		w->va = w->next->va;
		w->left = w->next->len;
		w->next++;
	}
	len = part(w->va, w->left);
	return len < most ? len : most;
}

static inline void walk_on(struct walk *w, uint32_t len)
{
	w->va += len;
	w->left -= len;
}

/* --- slots ------------------------------------------------------------------------------------ */

static inline void put_request(struct netfront_pair *pair, const struct netif_tx_request *req)
{
	pv_shared_write_block(&pair->tx_slot[pv_xring_next(&pair->tx)].req, req, sizeof(*req));
	pv_xring_put(&pair->tx);
}

static void put_gso(struct netfront_pair *pair, const struct pv_packet *pkt)
{
	struct netif_extra_info extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO};

	extra.u.gso.size = pkt->gso_size;
	extra.u.gso.type =
		pkt->gso == PV_GSO_TCP4 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6;
	pv_shared_write_block(&pair->tx_slot[pv_xring_next(&pair->tx)].req, &extra, sizeof(extra));
	pv_xring_put(&pair->tx);
	pair->extras++;
}

static inline void slot_take(struct netfront_pair *pair, struct pv_packet *pkt,
			     struct netif_tx_request *req)
{
	uint16_t id = pair->tx_free;
	struct netfront_tx *slot = &pair->slot[id];

	slot->pkt = pkt;
	pkt->pieces++;
	pair->tx_free = slot->next;
	req->id = id;
	req->gref = (grant_ref_t)(slot->addr >> PV_PAGE_SHIFT);
	req->offset = (uint16_t)(slot->addr & (PV_PAGE_SIZE - 1));
}

/* A slot for the packet's next part. 0, or PV_EBUSY if it cannot be shared now. */
static inline int take_part(struct netfront_pair *pair, struct pv_packet *pkt, struct walk *w,
			    struct netif_tx_request *req)
{
	struct netfront_tx *slot = &pair->slot[pair->tx_free];
	uint32_t len = walk_part(w, PV_PAGE_SIZE);

	if (pv_unlikely(pv_xen_share(pair->xd->backend_id, w->va, len, true, &slot->addr)))
		return PV_EBUSY;
	slot->va = w->va;
	slot->len = (uint16_t)len;
	req->size = (uint16_t)len;
	slot_take(pair, pkt, req);
	walk_on(w, len);
	return 0;
}

/* A slot for its next `head` bytes, in memory of ours. */
static PV_NOINLINE void take_head(struct netfront_pair *pair, struct pv_packet *pkt, struct walk *w,
				  uint32_t head, struct netif_tx_request *req)
{
	uint32_t at = pair->tx_free * pair->bounce_size, len;
	const struct netfront_bounce *bounce = &pair->bounce[at / PV_PAGE_SIZE];
	struct netfront_tx *slot = &pair->slot[pair->tx_free];

	at %= PV_PAGE_SIZE;
	slot->va = NULL;
	slot->addr = (pv_bus_addr_t)bounce->ref << PV_PAGE_SHIFT | at;
	req->size = (uint16_t)head;
	slot_take(pair, pkt, req);
	for (; head; head -= len) {
		len = walk_part(w, head);
		pv_memcpy(bounce->page + at, w->va, len);
		walk_on(w, len);
		at += len;
	}
}

/* The slot is free again. 0 or PV_EBUSY: the backend still uses the memory. */
static inline int slot_give(struct netfront_pair *pair, uint16_t id)
{
	struct netfront_tx *slot = &pair->slot[id];
	int err = 0;

	if (pv_likely(slot->va))
		err = pv_xen_unshare(slot->addr);
	slot->pkt->pieces--;
	slot->pkt = NULL;
	slot->next = pair->tx_free;
	pair->tx_free = id;
	return err;
}

/* --- sending ---------------------------------------------------------------------------------- */

/* What is asked of the backend, in `*flags`. PV_EINVAL if it would not know how. */
static int offloads(const struct netfront_pair *pair, struct pv_packet *pkt, uint16_t *flags)
{
	uint16_t start, offset;
	bool v6, found;

	*flags = 0;
	if (pv_likely(!(pkt->flags & PV_PACKET_CSUM_PARTIAL)))
		return 0;
	found = pv_netfront_csum_find_in(pkt, &start, &offset, &v6) && start == pkt->csum_start &&
		offset == pkt->csum_offset;
	if (pkt->gso && (!found || offset != 16 || v6 != (pkt->gso == PV_GSO_TCP6)))
		return PV_EINVAL;
	if (found && (v6 ? pair->offer->csum6 : pair->offer->csum4))
		*flags = NETTXF_csum_blank | NETTXF_data_validated;
	else
		pv_netfront_csum_complete(pkt);
	return 0;
}

/* The chain of slots; `num` of data. PV_EBUSY, and there are none, if not all can be shared. */
static int put_chain(struct netfront_pair *pair, struct pv_packet *pkt, unsigned int num,
		     uint32_t head, uint16_t flags)
{
	struct walk w = {.next = pkt->seg, .left = 0};
	uint32_t begin = pair->tx.req_prod;
	struct netif_tx_request req;
	uint16_t id[MAX_SLOTS];
	unsigned int i;
	uint32_t len;

	for (i = 0; i < num; i++) {
		id[i] = pair->tx_free;
		if (pv_unlikely(head)) {
			len = head < pair->bounce_size ? head : pair->bounce_size;
			take_head(pair, pkt, &w, len, &req);
			head -= len;
		} else if (pv_unlikely(take_part(pair, pkt, &w, &req))) {
			goto undo;
		}
		req.flags = i + 1 < num ? NETTXF_more_data : 0;
		if (!i) {
			req.flags |= flags;
			req.size = (uint16_t)pkt->len;
		}
		put_request(pair, &req);
		if (pv_unlikely(flags & NETTXF_extra_info) && !i)
			put_gso(pair, pkt);
	}
	return 0;
undo:
	if (flags & NETTXF_extra_info && i)
		pair->extras--;
	while (i--)
		(void)slot_give(pair, id[i]);
	pair->tx.req_prod = begin;
	return PV_EBUSY;
}

int pv_netfront_send(struct pv_net_queue *q, struct pv_packet *pkt)
{
	unsigned int num = count_parts(pkt, 0), extra = pkt->gso != PV_GSO_NONE;
	struct netfront_pair *pair = netfront_pair_of(q);
	uint32_t head = head_len(pair, pkt, num);
	uint16_t flags;
	int err;

	if (pv_unlikely(head)) {
		num = (head + pair->bounce_size - 1) / pair->bounce_size + count_parts(pkt, head);
		if (num > 1 && !pair->offer->sg)
			return PV_EINVAL;
	}
	if (pv_unlikely(pkt->len > XEN_NETIF_MAX_TX_SIZE || num > MAX_SLOTS))
		return PV_EINVAL;
	if (pv_unlikely(pv_xring_room(&pair->tx) < num + extra))
		return PV_EBUSY;
	err = offloads(pair, pkt, &flags);
	if (pv_unlikely(err))
		return err;
	if (extra)
		flags |= NETTXF_extra_info;
	pkt->pieces = 0;
	pkt->status = 0;
	return put_chain(pair, pkt, num, head, flags);
}

void pv_netfront_flush(struct pv_net_queue *q)
{
	struct netfront_pair *pair = netfront_pair_of(q);

	if (!netfront_broken(pair) && pv_xring_push(&pair->tx)) {
		q->stats.notified++;
		(void)pv_evtchn_send(pair->tx_port->port);
	}
}

/* --- answers ---------------------------------------------------------------------------------- */

/* One slot of the packet was answered, or is not awaited any more. */
static void slot_done(struct netfront_pair *pair, uint16_t id, int status)
{
	struct pv_packet *pkt = pair->slot[id].pkt;

	if (status)
		pkt->status = status;
	if (pv_unlikely(slot_give(pair, id))) {
		pkt->status = PV_EPROTO;
		netfront_break(pair, "sent memory is still in use");
	}
	if (!pkt->pieces)
		pv_net_sent(&pair->q, pkt, pkt->status);
}

/* What is wrong with the answer; NULL if nothing is. */
static inline const char *answer(struct netfront_pair *pair, const struct netif_tx_response *rsp)
{
	if (pv_unlikely(rsp->status == NETIF_RSP_NULL)) {
		if (!pair->extras)
			return "an extra slot was answered that is not there";
		pair->extras--;
		return NULL;
	}
	if (pv_unlikely(rsp->id >= RING_NUM))
		return "sent id out of range";
	if (pv_unlikely(!pair->slot[rsp->id].pkt))
		return "sent id is not in flight";
	slot_done(pair, rsp->id, rsp->status == NETIF_RSP_OKAY ? 0 : PV_EIO);
	return NULL;
}

void pv_netfront_tx_reap(struct netfront_pair *pair)
{
	struct netif_tx_response rsp;
	const char *wrong = NULL;
	uint32_t word;
	int n = 0;

	while (!wrong && !netfront_broken(pair)) {
		n = pv_xring_look(&pair->tx);
		if (n <= 0)
			break;
		word = pv_shared_read(
			(uint32_t PV_SHARED *)&pair->tx_slot[pv_xring_take(&pair->tx)].rsp);
		pv_memcpy(&rsp, &word, sizeof(rsp));
		wrong = answer(pair, &rsp);
		pair->tx_port->worked = true;
	}
	if (pv_unlikely(n < 0))
		wrong = "sent: rsp_prod is not possible";
	if (pv_unlikely(wrong))
		netfront_break(pair, wrong);
}

void pv_netfront_tx_drain(struct netfront_pair *pair, int status)
{
	unsigned int id;

	for (id = 0; id < RING_NUM; id++)
		if (pair->slot[id].pkt)
			slot_done(pair, (uint16_t)id, status);
}

/* --- life cycle ------------------------------------------------------------------------------- */

static unsigned int bounce_pages(const struct netfront_pair *pair)
{
	return RING_NUM * pair->bounce_size / PV_PAGE_SIZE;
}

static int bounce_init(struct netfront_pair *pair)
{
	bool untrusted = pair->xd->dev.untrusted, sg = pair->offer->sg;
	unsigned int i;

	pair->lends = sg ? ~0u : 1;
	if (untrusted)
		pair->lends = 0;
	pair->bounce_size = sg && !untrusted ? HEAD_SIZE : PV_PAGE_SIZE;
	pair->bounce = pv_os_alloc(bounce_pages(pair) * sizeof(*pair->bounce));
	if (!pair->bounce)
		return PV_ENOMEM;
	for (i = 0; i < bounce_pages(pair); i++) {
		pair->bounce[i].page = pv_os_pages_alloc(1);
		if (!pair->bounce[i].page)
			return PV_ENOMEM;
		pair->bounce[i].ref = pv_grant(pair->xd->backend_id, pair->bounce[i].page, true);
		if (pair->bounce[i].ref < 0)
			return pair->bounce[i].ref;
	}
	return 0;
}

int pv_netfront_tx_init(struct netfront_pair *pair)
{
	unsigned int i;

	pair->tx_page = pv_os_pages_alloc(1);
	if (!pair->tx_page)
		return PV_ENOMEM;
	pair->tx_ref = pv_grant(pair->xd->backend_id, pair->tx_page, false);
	if (pair->tx_ref < 0)
		return pair->tx_ref;
	pv_xring_init(&pair->tx, pair->tx_page, RING_NUM);
	pair->tx_slot = (union netif_tx_sring_entry PV_SHARED PV_FORCE *)((char *)pair->tx_page +
									  PV_XRING_SLOTS);
	pair->extras = 0;
	pair->tx_free = 0;
	for (i = 0; i < RING_NUM; i++)
		pair->slot[i].next = (uint16_t)(i + 1);
	return bounce_init(pair);
}

void pv_netfront_tx_exit(struct netfront_pair *pair)
{
	unsigned int i;

	for (i = 0; pair->bounce && i < bounce_pages(pair); i++)
		pv_netfront_page_free(pair->bounce[i].page, pair->bounce[i].ref);
	if (pair->bounce)
		pv_os_free(pair->bounce, bounce_pages(pair) * sizeof(*pair->bounce));
	pair->bounce = NULL;
	pv_netfront_page_free(pair->tx_page, pair->tx_ref);
	pair->tx_page = NULL;
	pair->tx_ref = 0;
}
