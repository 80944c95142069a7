/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The receive ring (xen/io/netif.h, "Guest receive").
 *
 * Each page of the pool that is posted is granted for writing; the backend answers requests in
 * their order, each in its own slot. So which buffer an answer is about is known by its index, and
 * whatever it says, the buffer comes back.
 *
 * A frame is a chain of answers: the first may be followed by extra info, which is not about data
 * but takes a slot, and so a buffer, as well; then by further pieces, as long as NETRXF_more_data
 * says so. The chain is gathered in pair->frame, answer by answer, so that a backend may show it
 * piecemeal.
 *
 * A chain is delivered, or dropped and counted, as a whole: dropped are what has an error in it, a
 * piece beyond its page or without anything in it, more than MAX_SLOTS pieces, fewer bytes than an
 * Ethernet header, a blank checksum that cannot be found, and any extra info, since we ask for none
 * (segmentation: the class layer has no place for it; multicast lists, hashes: they are asked for
 * by the frontend). The buffers of what is too long go back as they come, so that a chain without
 * end takes MAX_SLOTS buffers.
 */
#include "drivers/netfront/netfront.h"
#include "pv-core/lines.h"

_Static_assert(sizeof(union netif_rx_sring_entry) == 8, "xen/io/netif.h");
_Static_assert(offsetof(struct netif_rx_sring, ring) == PV_XRING_SLOTS, "xen/io/ring.h");
_Static_assert(RING_NUM * 8 <= PV_PAGE_SIZE - PV_XRING_SLOTS, "a page holds the ring");
_Static_assert(MAX_SLOTS <= PV_NET_MAX_SEGS, "a packet holds a frame");

/* --- posting ---------------------------------------------------------------------------------- */

/* There is room: there are no more buffers than slots. */
static bool post(struct netfront_pair *pair, struct pv_net_buf *buf)
{
	uint32_t at = pv_xring_next(&pair->rx);
	struct netif_rx_request req = {.id = (uint16_t)at};
	int ref = pv_grant(pair->xd->backend_id, buf->page, false);

	if (ref < 0)
		return false;
	buf->addr = (pv_bus_addr_t)ref;
	req.gref = (grant_ref_t)ref;
	pair->buf[at] = buf;
	pv_shared_write_block(&pair->rx_slot[at].req, &req, sizeof(req));
	pv_xring_put(&pair->rx);
	return true;
}

void pv_netfront_refill(struct pv_net_queue *q)
{
	struct netfront_pair *pair = netfront_pair_of(q);
	struct pv_net_buf *buf;

	if (netfront_broken(pair))
		return;
	while ((buf = pv_net_buf_get(q))) {
		if (!post(pair, buf)) {
			pv_net_buf_put(q, buf);
			break;
		}
	}
	if (pv_xring_push(&pair->rx)) {
		q->stats.notified++;
		(void)pv_evtchn_send(pair->rx_port->port);
	}
}

void pv_netfront_refill_erased(struct pv_net_queue *q)
{
	struct pv_net_buf *buf;

	/* The pool is small, and all of it is posted, but for what finds no grant. */
	for (buf = q->pool.free; buf; buf = buf->next)
		if (buf->page)
			pv_memset(buf->page, 0, PV_PAGE_SIZE);
	pv_netfront_refill(q);
}

/* --- frames ----------------------------------------------------------------------------------- */

/*
 * Takes the buffer at this slot back from the backend. False if that still uses it: its page is
 * lost.
 */
static inline bool unpost(struct pv_net_buf *buf)
{
	buf->next = NULL;
	if (pv_likely(!pv_grant_end_or_keep((int)buf->addr, buf->page)))
		return true;
	buf->page = NULL;
	return false;
}

/* Adds a piece to the frame. False if there is something wrong with it. */
static inline bool add(struct netfront_frame *f, struct pv_net_buf *buf,
		       const struct netif_rx_response *rsp)
{
	struct pv_packet *pkt;
	struct pv_seg *seg;

	if (rsp->status <= 0 || (uint32_t)rsp->offset + (uint32_t)rsp->status > PV_PAGE_SIZE ||
	    f->slots > MAX_SLOTS)
		return false;
	if (!f->first) {
		f->first = buf;
		pkt = &buf->pkt;
		pkt->next = NULL;
		pkt->num_segs = 0;
		pkt->flags = 0;
		pkt->gso = PV_GSO_NONE;
		pkt->len = 0;
	} else {
		f->last->next = buf;
		pkt = &f->first->pkt;
	}
	f->last = buf;
	seg = &pkt->seg[pkt->num_segs++];
	seg->va = (char *)buf->page + rsp->offset;
	seg->len = (uint32_t)rsp->status;
	pkt->len += seg->len;
	return true;
}

/* A piece of data. False if its id is not its slot's. */
static inline bool data(struct netfront_pair *pair, struct pv_net_buf *buf, uint32_t at,
			const struct netif_rx_response *rsp)
{
	struct netfront_frame *f = &pair->frame;

	if (!f->slots) {
		f->flags = rsp->flags;
		f->extra = rsp->flags & NETRXF_extra_info;
	}
	f->more = rsp->flags & NETRXF_more_data;
	/* A chain without end: its length is of no interest any more. */
	if (f->slots <= MAX_SLOTS)
		f->slots++;
	if (pv_unlikely(!add(f, buf, rsp))) {
		f->bad = true;
		pv_net_buf_put(&pair->q, buf);
	}
	return rsp->id == at;
}

/* Extra info, of whatever type. */
static void extra(struct netfront_pair *pair, struct pv_net_buf *buf,
		  const struct netif_rx_response *rsp)
{
	struct netif_extra_info info;

	pv_memcpy(&info, rsp, sizeof(info));
	pair->frame.extra = info.flags & XEN_NETIF_EXTRA_FLAG_MORE;
	pair->frame.bad = true;
	pv_net_buf_put(&pair->q, buf);
}

/* What the backend knows of the checksum. False if that makes no sense. */
static bool csum_apply(struct pv_packet *pkt, uint16_t flags)
{
	bool v6;

	if (flags & NETRXF_csum_blank) {
		pkt->flags = PV_PACKET_CSUM_PARTIAL;
		return pv_netfront_csum_find(pkt->seg[0].va, pkt->seg[0].len, &pkt->csum_start,
					     &pkt->csum_offset, &v6);
	}
	if (flags & NETRXF_data_validated)
		pkt->flags = PV_PACKET_CSUM_OK;
	return true;
}

/* The frame is complete: away with it, to whom it may concern. */
static inline void finish(struct netfront_pair *pair)
{
	struct pv_net_buf *first = pair->frame.first;
	uint16_t flags = pair->frame.flags;
	bool bad = pair->frame.bad;

	pair->frame.first = NULL;
	pair->frame.slots = 0;
	pair->frame.bad = false;
	if (pv_likely(!bad && first->pkt.len >= PV_NET_HDR_LEN && csum_apply(&first->pkt, flags))) {
		pv_net_deliver(&pair->q, first);
		return;
	}
	pair->q.stats.dropped++;
	if (first)
		pv_packet_put(&first->pkt);
}

/* --- receiving -------------------------------------------------------------------------------- */

/* The next answer. What is wrong with it; NULL if nothing is. `*frames` goes up if it ends one. */
static inline const char *answer(struct netfront_pair *pair, int *frames)
{
	uint32_t at = pv_xring_take(&pair->rx);
	struct pv_net_buf *buf = pair->buf[at];
	struct netif_rx_response rsp;
	uint64_t word;

	word = pv_shared_read((uint64_t PV_SHARED *)&pair->rx_slot[at].rsp);
	pv_memcpy(&rsp, &word, sizeof(rsp));
	pair->buf[at] = NULL;
	if (pv_unlikely(!unpost(buf))) {
		pv_net_buf_put(&pair->q, buf);
		return "received memory is still in use";
	}
	if (pv_unlikely(pair->frame.extra))
		extra(pair, buf, &rsp);
	else if (pv_unlikely(!data(pair, buf, at, &rsp)))
		return "received id is not its slot's";
	if (!pair->frame.extra && !pair->frame.more) {
		finish(pair);
		++*frames;
	}
	return NULL;
}

int pv_netfront_receive(struct pv_net_queue *q, int budget)
{
	struct netfront_pair *pair = netfront_pair_of(q);
	const char *wrong = NULL;
	int frames = 0, n = 0;

	while (frames < budget && !wrong && !netfront_broken(pair)) {
		n = pv_xring_look(&pair->rx);
		if (n <= 0)
			break;
		wrong = answer(pair, &frames);
		pair->rx_port->worked = true;
	}
	if (pv_unlikely(n < 0))
		wrong = "received: rsp_prod is not possible";
	if (pv_unlikely(wrong))
		netfront_break(pair, wrong);
	/* What went wrong here is not left for the next poll to clear up. */
	if (netfront_broken(pair))
		q->ops->reap(q);
	return frames;
}

void pv_netfront_rx_drain(struct netfront_pair *pair)
{
	struct pv_net_buf *buf;
	unsigned int i;

	for (i = 0; i < RING_NUM; i++) {
		buf = pair->buf[i];
		pair->buf[i] = NULL;
		if (!buf)
			continue;
		(void)unpost(buf);
		pv_net_buf_put(&pair->q, buf);
	}
	if (pair->frame.first)
		pv_packet_put(&pair->frame.first->pkt);
	pv_memset(&pair->frame, 0, sizeof(pair->frame));
}

/* --- life cycle ------------------------------------------------------------------------------- */

void pv_netfront_rx_mend(struct netfront_pair *pair)
{
	unsigned int i, n = pair->q.pool.num_free;
	struct pv_net_buf *buf, *good = NULL;

	for (i = 0; i < n; i++) {
		buf = pv_net_buf_get(&pair->q);
		if (!buf->page)
			buf->page = pv_os_pages_alloc(1);
		if (!buf->page) {
			pair->q.pool.num--;
			pv_lines_free(buf, sizeof(*buf));
			continue;
		}
		buf->next = good;
		good = buf;
	}
	while ((buf = good)) {
		good = buf->next;
		pv_net_buf_put(&pair->q, buf);
	}
}

int pv_netfront_rx_init(struct netfront_pair *pair)
{
	pair->rx_page = pv_os_pages_alloc(1);
	if (!pair->rx_page)
		return PV_ENOMEM;
	pair->rx_ref = pv_grant(pair->xd->backend_id, pair->rx_page, false);
	if (pair->rx_ref < 0)
		return pair->rx_ref;
	pv_xring_init(&pair->rx, pair->rx_page, RING_NUM);
	pair->rx_slot = (union netif_rx_sring_entry PV_SHARED PV_FORCE *)((char *)pair->rx_page +
									  PV_XRING_SLOTS);
	return 0;
}

void pv_netfront_rx_exit(struct netfront_pair *pair)
{
	pv_netfront_page_free(pair->rx_page, pair->rx_ref);
	pair->rx_page = NULL;
	pair->rx_ref = 0;
}
