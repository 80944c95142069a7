/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The send ring (xen/io/netif.h, "Guest transmit").
 *
 * A packet is a chain of slots: the first has the packet's whole length, each of the others its own, and a
 * slot of extra info behind the first says how to segment. A slot's data do not cross a page, so a piece of
 * the kernel's takes a slot for each page that it touches. Backends take MAX_SLOTS of them: a packet in more
 * is refused (PV_EINVAL), as nothing is copied. But for backends without feature-sg, which take one slot: there
 * a packet in several, of up to a page, is gathered in a page of ours.
 *
 * Each data slot has an id, the number of an entry in pair->slot, and is answered by it, in any order; its
 * memory is taken back then. The packet was sent when all its slots were. Answers to extra slots have no id
 * but NETIF_RSP_NULL, and are counted: so ids and slots never come apart, however they are answered.
 *
 * An event is asked for when half of what is in flight was answered.
 */
#include "drivers/netfront/netfront.h"

_Static_assert(sizeof(union netif_tx_sring_entry) == 12, "xen/io/netif.h");
_Static_assert(sizeof(struct netif_extra_info) == 8, "xen/io/netif.h");
_Static_assert(offsetof(struct netif_tx_sring, ring) == PV_XRING_SLOTS, "xen/io/ring.h");
_Static_assert(RING_NUM * 12 <= PV_PAGE_SIZE - PV_XRING_SLOTS, "a page holds the ring");

/* --- a packet's parts ------------------------------------------------------------------------- */

/* The length of what is at `va`, up to the page's end. */
static inline uint32_t part(const void *va, uint32_t left)
{
	uint32_t room = PV_PAGE_SIZE - ((uint32_t)(uintptr_t)va & (PV_PAGE_SIZE - 1));

	return left < room ? left : room;
}

/* How many slots the packet takes. */
static inline unsigned int count_parts(const struct pv_packet *pkt)
{
	unsigned int n = 0, i;

	for (i = 0; i < pkt->num_segs; i++) {
		uint32_t offset = (uint32_t)(uintptr_t)pkt->seg[i].va & (PV_PAGE_SIZE - 1);

		n += (offset + pkt->seg[i].len + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE;
	}
	return n;
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

/* Takes a slot for `len` bytes at `va`, shares them, and names them in `req`. 0 or PV_EBUSY. */
static inline int slot_take(struct netfront_pair *pair, struct pv_packet *pkt, void *va,
			    uint32_t len, struct netif_tx_request *req)
{
	uint16_t id = pair->tx_free;
	struct netfront_tx *slot = &pair->slot[id];

	if (pv_unlikely(pv_share(&pair->xd->dev, va, len, PV_SHARE_READ, &slot->addr)))
		return PV_EBUSY;
	slot->pkt = pkt;
	slot->va = va;
	slot->len = (uint16_t)len;
	pair->tx_free = slot->next;
	req->gref = (grant_ref_t)(slot->addr >> PV_PAGE_SHIFT);
	req->offset = (uint16_t)(slot->addr & (PV_PAGE_SIZE - 1));
	req->id = id;
	req->size = (uint16_t)len;
	pkt->pieces++;
	return 0;
}

/* Its mirror. 0 or PV_EBUSY: the backend still uses the memory. */
static inline int slot_give(struct netfront_pair *pair, uint16_t id)
{
	struct netfront_tx *slot = &pair->slot[id];
	int err;

	if (pv_unlikely(!pair->offer->sg) && slot->va == pair->bounce[id]) {
		err = pv_grant_end_or_keep((int)(slot->addr >> PV_PAGE_SHIFT), slot->va);
		if (err)
			pair->bounce[id] = NULL;
	} else {
		err = pv_unshare(&pair->xd->dev, slot->addr, slot->va, slot->len, PV_SHARE_READ);
	}
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
		     uint16_t flags)
{
	uint32_t begin = pair->tx.req_prod, left = 0, len;
	const struct pv_seg *seg = pkt->seg;
	struct netif_tx_request req;
	uint16_t id[MAX_SLOTS];
	uint8_t *va = NULL;
	unsigned int i;

	for (i = 0; i < num; i++) {
		if (!left) {
			va = seg->va;
			left = seg->len;
			seg++;
		}
		len = part(va, left);
		id[i] = pair->tx_free;
		if (pv_unlikely(slot_take(pair, pkt, va, len, &req)))
			goto undo;
		va += len;
		left -= len;
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

/* For a backend that takes one slot: the packet in a page of ours. */
static PV_NOINLINE int put_gathered(struct netfront_pair *pair, struct pv_packet *pkt,
				    uint16_t flags)
{
	uint8_t *page = pair->bounce[pair->tx_free];
	struct netif_tx_request req;
	uint32_t at = 0;
	unsigned int i;

	for (i = 0; i < pkt->num_segs; i++) {
		pv_memcpy(page + at, pkt->seg[i].va, pkt->seg[i].len);
		at += pkt->seg[i].len;
	}
	if (slot_take(pair, pkt, page, at, &req))
		return PV_EBUSY;
	req.flags = flags;
	put_request(pair, &req);
	return 0;
}

int pv_netfront_send(struct pv_net_queue *q, struct pv_packet *pkt)
{
	struct netfront_pair *pair = netfront_pair_of(q);
	unsigned int num = count_parts(pkt), extra = pkt->gso != PV_GSO_NONE;
	bool gather = num > 1 && !pair->offer->sg;
	uint16_t flags;
	int err;

	if (pv_unlikely(pkt->len > (gather ? PV_PAGE_SIZE : XEN_NETIF_MAX_TX_SIZE)))
		return PV_EINVAL;
	if (gather)
		num = 1;
	if (pv_unlikely(num > MAX_SLOTS))
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
	return gather ? put_gathered(pair, pkt, flags) : put_chain(pair, pkt, num, flags);
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
	pair->extras = 0;
}

/* --- life cycle ------------------------------------------------------------------------------- */

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
	for (i = 0; i < RING_NUM && !pair->offer->sg; i++) {
		pair->bounce[i] = pv_os_pages_alloc(1);
		if (!pair->bounce[i])
			return PV_ENOMEM;
	}
	return 0;
}

void pv_netfront_tx_exit(struct netfront_pair *pair)
{
	unsigned int i;

	for (i = 0; i < RING_NUM; i++) {
		pv_os_pages_free(pair->bounce[i], 1);
		pair->bounce[i] = NULL;
	}
	pv_netfront_ring_free(pair->tx_page, pair->tx_ref);
	pair->tx_page = NULL;
	pair->tx_ref = 0;
}
