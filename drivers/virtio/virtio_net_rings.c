/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver's rings.
 *
 * SENDING (virtio 1.2, 5.1.6.2). A chain is the header, which lies in memory of ours, one for each ring
 * entry, and the packet's pieces as they are.
 *
 * RECEIVING (5.1.6.3, 5.1.6.4). A buffer is a page of the pool; the device writes the header and behind it
 * the frame. With MRG_RXBUF a frame goes on in further buffers, which have no header; the first header
 * says how many, and they were made used all at once. Headers are copied once and checked as copies; where
 * a feature was not negotiated, its field is not looked at (QEMU 7.2 leaves num_buffers 0 with VERSION_1
 * and without MRG_RXBUF).
 *
 * A frame that makes no sense in itself (too short, a checksum field outside of it, segmentation that was
 * not negotiated) is dropped and counted. What would have us lose track of the buffers breaks the device.
 *
 * EVENTS. An interrupt is asked for at the next received packet, and when half of the packets in flight
 * were sent.
 */
#include <pv/log.h>

#include "drivers/virtio/virtio_net.h"
#include "drivers/virtio/vring_split.h"

#define TX_NUM 128u /* packets in flight, an entry each; more would only wait in the device */

static struct virtio_net_pair *pair_of(struct pv_net_queue *q)
{
	return pv_container_of(q, struct virtio_net_pair, q);
}

static bool broken(const struct virtio_net_pair *pair)
{
	return pv_unlikely(pv_device_broken(&pair->vd->dev));
}

/* --- sending ---------------------------------------------------------------------------------- */

static void header_write(struct virtio_net_hdr_v1 PV_SHARED *hdr, const struct pv_packet *pkt)
{
	bool partial = pkt->flags & PV_PACKET_CSUM_PARTIAL;
	uint8_t gso = VIRTIO_NET_HDR_GSO_NONE;

	if (pkt->gso == PV_GSO_TCP4)
		gso = VIRTIO_NET_HDR_GSO_TCPV4;
	else if (pkt->gso == PV_GSO_TCP6)
		gso = VIRTIO_NET_HDR_GSO_TCPV6;
	pv_shared_write(&hdr->flags, partial ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0);
	pv_shared_write(&hdr->gso_type, gso);
	pv_shared_write(&hdr->hdr_len, gso ? pkt->hdr_len : 0);
	pv_shared_write(&hdr->gso_size, gso ? pkt->gso_size : 0);
	pv_shared_write(&hdr->csum_start, partial ? pkt->csum_start : 0);
	pv_shared_write(&hdr->csum_offset, partial ? pkt->csum_offset : 0);
	pv_shared_write(&hdr->num_buffers, 0);
}

static PV_NOINLINE void unshare_pieces(struct virtio_net_pair *pair,
				       const struct virtio_net_tx *slot, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		(void)pv_unshare(&pair->vd->dev, slot->addr[i], slot->pkt->seg[i].va,
				 slot->pkt->seg[i].len, PV_SHARE_READ);
}

static inline void unshare(struct virtio_net_pair *pair, const struct virtio_net_tx *slot)
{
	if (pv_unlikely(pair->unshares))
		unshare_pieces(pair, slot, slot->pkt->num_segs);
}

/* Shares the packet's pieces. PV_EBUSY, and none is, if that cannot be now. */
static int share_pieces(struct virtio_net_pair *pair, struct virtio_net_tx *slot)
{
	struct pv_packet *pkt = slot->pkt;
	unsigned int i;

	for (i = 0; i < pkt->num_segs; i++) {
		if (pv_share(&pair->vd->dev, pkt->seg[i].va, pkt->seg[i].len, PV_SHARE_READ,
			     &slot->addr[i])) {
			unshare_pieces(pair, slot, i);
			return PV_EBUSY;
		}
	}
	return 0;
}

/* A packet of one piece that asks for nothing, into a table that is preset. */
static PV_NOINLINE int send_plain(struct virtio_net_pair *pair, struct pv_packet *pkt)
{
	pv_bus_addr_t addr = pv_os_virt_to_phys(pkt->seg[0].va);
	struct pv_vq *tx = pair->tx;
	unsigned int head = pv_vring_next_head(tx);
	struct virtio_net_tx *slot = &pair->slot[head];
	struct vring_desc PV_SHARED *desc = &tx->slot[head].table[1];

	slot->pkt = pkt;
	pv_shared_write(&desc->addr, addr);
	pv_shared_write(&desc->len, pkt->seg[0].len);
	pv_vring_repeat(tx, head, slot, 0);
	return 0;
}

/* The table, and the header, of a packet of one piece that asks for nothing: all but that piece. */
static void preset(struct virtio_net_pair *pair, unsigned int head)
{
	static const struct pv_packet plain;
	struct virtio_net_tx *slot = &pair->slot[head];

	header_write(slot->hdr, &plain);
	pv_vring_preset(pair->tx, head, 0, slot->hdr_addr, pair->hdr_len, VRING_DESC_F_NEXT);
	pv_vring_preset(pair->tx, head, 1, 0, 0, 0);
	pv_vring_table_len(pair->tx, head, 2);
	slot->preset = true;
}

static PV_NOINLINE int send_first_plain(struct virtio_net_pair *pair, struct pv_packet *pkt)
{
	preset(pair, pv_vring_next_head(pair->tx));
	return send_plain(pair, pkt);
}

static PV_NOINLINE int send_any(struct virtio_net_pair *pair, struct pv_packet *pkt)
{
	struct pv_vq *tx = pair->tx;
	struct virtio_net_tx *slot = &pair->slot[pv_vring_next_head(tx)];
	unsigned int i, num = pkt->num_segs;
	struct pv_vring_chain chain;

	if (!pv_vring_room(tx, num + 1))
		return PV_EBUSY;
	slot->pkt = pkt;
	slot->preset = false;
	if (share_pieces(pair, slot))
		return PV_EBUSY;
	header_write(slot->hdr, pkt);
	pv_vring_begin(tx, &chain, num + 1, tx->indirect);
	pv_vring_put(tx, &chain, slot->hdr_addr, pair->hdr_len, VRING_DESC_F_NEXT);
	for (i = 0; i < num; i++)
		pv_vring_put(tx, &chain, slot->addr[i], pkt->seg[i].len,
			     i + 1 < num ? VRING_DESC_F_NEXT : 0);
	pv_vring_end(tx, &chain, slot, 0);
	return 0;
}

static int send(struct pv_net_queue *q, struct pv_packet *pkt)
{
	struct virtio_net_pair *pair = pair_of(q);
	struct pv_vq *tx = pair->tx;

	if (pv_unlikely(!tx->num_free))
		return PV_EBUSY;
	if (pv_unlikely(pkt->num_segs > 1 || pkt->flags || pkt->gso || !pair->tx_presets))
		return send_any(pair, pkt);
	if (pv_unlikely(!pair->slot[pv_vring_next_head(tx)].preset))
		return send_first_plain(pair, pkt);
	return send_plain(pair, pkt);
}

static void flush(struct pv_net_queue *q)
{
	struct virtio_net_pair *pair = pair_of(q);

	if (!broken(pair))
		q->stats.notified += pv_vring_kick(pair->tx);
}

static void reap(struct pv_net_queue *q)
{
	struct virtio_net_pair *pair = pair_of(q);
	struct virtio_net_tx *slot;
	uint32_t len;

	pv_vring_disarm(pair->tx);
	while (!broken(pair) && (slot = pv_vring_pop(pair->tx, &len))) {
		unshare(pair, slot);
		pv_net_sent(q, slot->pkt, 0);
	}
	if (broken(pair)) {
		pv_virtio_stop(pair->vd);
		pv_virtio_net_rings_drain(pair, PV_EPROTO);
	}
}

/* --- receiving -------------------------------------------------------------------------------- */

/* A buffer as a chain of any form. */
static PV_NOINLINE bool post_any(struct virtio_net_pair *pair, struct pv_net_buf *buf)
{
	unsigned int pieces = pair->split_header ? 2 : 1;
	uint32_t offset = pair->split_header ? pair->hdr_len : 0;
	struct pv_vring_chain chain;

	if (!pv_vring_room(pair->rx, pieces) ||
	    pv_share(&pair->vd->dev, buf->page, PV_PAGE_SIZE, PV_SHARE_WRITE, &buf->addr))
		return false;
	pv_vring_begin(pair->rx, &chain, pieces, pair->rx->indirect);
	if (offset)
		pv_vring_put(pair->rx, &chain, buf->addr, offset,
			     VRING_DESC_F_WRITE | VRING_DESC_F_NEXT);
	pv_vring_put(pair->rx, &chain, buf->addr + offset, PV_PAGE_SIZE - offset,
		     VRING_DESC_F_WRITE);
	pv_vring_end(pair->rx, &chain, buf, PV_PAGE_SIZE);
	return true;
}

static inline bool post(struct virtio_net_pair *pair, struct pv_net_buf *buf)
{
	struct pv_vq *rx = pair->rx;
	unsigned int head;

	if (pv_unlikely(!pair->rx_presets))
		return post_any(pair, buf);
	if (pv_unlikely(!rx->num_free))
		return false;
	buf->addr = pv_os_virt_to_phys(buf->page);
	head = pv_vring_next_head(rx);
	pv_shared_write(&rx->desc[head].addr, buf->addr);
	pv_vring_repeat(rx, head, buf, PV_PAGE_SIZE);
	return true;
}

static void refill(struct pv_net_queue *q)
{
	struct virtio_net_pair *pair = pair_of(q);
	struct pv_net_buf *buf;

	if (broken(pair))
		return;
	while ((buf = pv_net_buf_get(q))) {
		if (!post(pair, buf)) {
			pv_net_buf_put(q, buf);
			break;
		}
	}
	q->stats.notified += pv_vring_kick(pair->rx);
}

/* The next buffer that the device used, and how much it wrote. */
static inline struct pv_net_buf *take(struct virtio_net_pair *pair, uint32_t *len)
{
	struct pv_net_buf *buf = pv_vring_pop(pair->rx, len);

	if (!buf)
		return NULL;
	if (pv_unlikely(pair->unshares))
		(void)pv_unshare(&pair->vd->dev, buf->addr, buf->page, PV_PAGE_SIZE,
				 PV_SHARE_WRITE);
	buf->next = NULL;
	return buf;
}

static void drop(struct pv_net_queue *q, struct pv_net_buf *buf)
{
	q->stats.dropped++;
	pv_packet_put(&buf->pkt);
}

/* How many buffers the packet has that begins with this header. */
static unsigned int buffers(const struct virtio_net_pair *pair, const struct virtio_net_hdr_v1 *hdr)
{
	return pair->merged ? hdr->num_buffers : 1;
}

/*
 * Links the packet's further buffers behind its first one, and adds them to its pieces; those beyond
 * what a packet may have go back at once. False if they are not there: the device is broken now.
 */
static PV_NOINLINE bool gather(struct virtio_net_pair *pair, struct pv_net_buf *first,
			       unsigned int num)
{
	struct pv_packet *pkt = &first->pkt;
	struct pv_net_buf *last = first, *buf;
	unsigned int i;
	uint32_t len;

	for (i = 1; i < num; i++) {
		buf = take(pair, &len);
		if (!buf) {
			pv_vq_break(pair->rx, "a received packet lacks buffers");
			return false;
		}
		if (i < PV_NET_MAX_SEGS) {
			pkt->seg[i].va = buf->page;
			pkt->seg[i].len = len;
			pkt->num_segs = (uint8_t)(i + 1);
			pkt->len += len;
			last->next = buf;
			last = buf;
		} else {
			pv_net_buf_put(&pair->q, buf);
		}
	}
	return true;
}

/* What the header says of the frame. False if it makes no sense. */
static bool header_apply(const struct virtio_net_pair *pair, const struct virtio_net_hdr_v1 *hdr,
			 struct pv_packet *pkt)
{
	if (hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return false;
	if (!pair->rx_csum)
		return true;
	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if ((uint32_t)hdr->csum_start + hdr->csum_offset + 2 > pkt->len)
			return false;
		pkt->flags = PV_PACKET_CSUM_PARTIAL;
		pkt->csum_start = hdr->csum_start;
		pkt->csum_offset = hdr->csum_offset;
	} else if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		pkt->flags = PV_PACKET_CSUM_OK;
	}
	return true;
}

/* Every piece of a packet has something in it. */
static bool pieces_valid(const struct pv_packet *pkt)
{
	unsigned int i;

	for (i = 1; i < pkt->num_segs; i++)
		if (!pkt->seg[i].len)
			return false;
	return pkt->len >= PV_NET_HDR_LEN;
}

static void receive_one(struct virtio_net_pair *pair, struct pv_net_buf *buf, uint32_t len)
{
	struct pv_packet *pkt = &buf->pkt;
	struct virtio_net_hdr_v1 hdr;
	unsigned int num;

	pkt->next = NULL;
	pkt->num_segs = 1;
	pkt->flags = 0;
	pkt->gso = PV_GSO_NONE;
	pkt->len = 0;
	if (pv_unlikely(len < pair->hdr_len)) {
		/* Not even a header: nothing says that more belongs to it. */
		drop(&pair->q, buf);
		return;
	}
	pv_shared_read_block(&hdr, (const void PV_SHARED *)buf->page, sizeof(hdr));
	num = buffers(pair, &hdr);
	pkt->len = len - pair->hdr_len;
	pkt->seg[0].va = (char *)buf->page + pair->hdr_len;
	pkt->seg[0].len = pkt->len;
	if (pv_unlikely(num != 1) && (!num || !gather(pair, buf, num))) {
		drop(&pair->q, buf);
		return;
	}
	if (pv_unlikely(num > PV_NET_MAX_SEGS || !pieces_valid(pkt) ||
			!header_apply(pair, &hdr, pkt))) {
		drop(&pair->q, buf);
		return;
	}
	pv_net_deliver(&pair->q, buf);
}

static int receive(struct pv_net_queue *q, int budget)
{
	struct virtio_net_pair *pair = pair_of(q);
	struct pv_net_buf *buf;
	uint32_t len;
	int n = 0;

	pv_vring_disarm(pair->rx);
	while (n < budget && !broken(pair)) {
		buf = take(pair, &len);
		if (!buf)
			break;
		receive_one(pair, buf, len);
		n++;
	}
	/* What went wrong here is not left for the next poll to clear up. */
	if (broken(pair))
		reap(q);
	return n;
}

static bool arm(struct pv_net_queue *q, bool on)
{
	struct virtio_net_pair *pair = pair_of(q);
	uint16_t half;
	bool more;

	if (broken(pair))
		return false;
	if (!on) {
		pv_vring_disarm(pair->rx);
		pv_vring_disarm(pair->tx);
		return false;
	}
	more = pv_vring_arm(pair->rx, 0);
	half = pv_vring_in_flight(pair->tx) / 2;
	return pv_vring_arm(pair->tx, half ? half - 1 : 0) || more;
}

const struct pv_net_ops pv_virtio_net_ops = {
	.send = send,
	.flush = flush,
	.reap = reap,
	.receive = receive,
	.refill = refill,
	.arm = arm,
};

/* --- life cycle ------------------------------------------------------------------------------- */

static void event(void *arg)
{
	struct virtio_net_pair *pair = arg;

	pv_net_event(&pair->q);
}

void pv_virtio_net_specs(struct virtio_net_pair *pair, struct pv_virtio *vd,
			 struct pv_vq_spec spec[2])
{
	pair->split_header = vd->legacy && !pv_virtio_has(vd, VIRTIO_F_ANY_LAYOUT);
	/* 5.1.2: receiveq1, transmitq1, receiveq2, ... */
	spec[0] = (struct pv_vq_spec) {
		.max_chain = pair->split_header ? 2 : 1, .event = event, .arg = pair};
	spec[1] = (struct pv_vq_spec) {
		.max_num = pv_virtio_has(vd, VIRTIO_RING_F_INDIRECT_DESC) ? TX_NUM : 0,
		.max_chain = PV_NET_MAX_SEGS + 1,
		.event = event,
		.arg = pair};
}

/* Bus addresses for the pieces of packets. */
static unsigned int num_addrs(const struct virtio_net_pair *pair)
{
	return pair->unshares ? pair->tx_num * PV_NET_MAX_SEGS : PV_NET_MAX_SEGS;
}

static int tx_init(struct virtio_net_pair *pair)
{
	unsigned int addrs = pair->unshares ? PV_NET_MAX_SEGS : 0, i;
	struct virtio_net_tx *slot;
	int err;

	pair->tx_presets = pair->tx->indirect && !pair->unshares;
	err = pv_vq_items_alloc(&pair->headers, pair->vd, pair->tx_num,
				sizeof(struct virtio_net_hdr_v1));
	if (err)
		return err;
	pair->slot = pv_os_alloc(pair->tx_num * sizeof(*pair->slot));
	pair->addr = pv_os_alloc(num_addrs(pair) * sizeof(*pair->addr));
	if (!pair->slot || !pair->addr)
		return PV_ENOMEM;
	for (i = 0; i < pair->tx_num; i++) {
		slot = &pair->slot[i];
		slot->hdr = (struct virtio_net_hdr_v1 PV_SHARED PV_FORCE *)pv_vq_item(
			&pair->headers, i, &slot->hdr_addr);
		slot->addr = &pair->addr[i * addrs];
	}
	return 0;
}

/* All but the buffers' addresses is the same for each of them. */
static void rx_init(struct virtio_net_pair *pair)
{
	struct vring_desc PV_SHARED *desc = pair->rx->desc;
	struct vring_desc PV_SHARED *const end = desc + pair->rx->num;

	pair->rx_presets = !pair->split_header && !pair->unshares;
	if (pair->rx_presets) {
		for (; desc < end; desc++) {
			pv_shared_write(&desc->len, PV_PAGE_SIZE);
			pv_shared_write(&desc->flags, VRING_DESC_F_WRITE);
		}
	}
	pair->q.rx_num = pair->rx->num / pv_vring_entries(pair->rx, pair->split_header ? 2 : 1);
}

int pv_virtio_net_rings_init(struct virtio_net_pair *pair, struct pv_virtio *vd, unsigned int index)
{
	pair->vd = vd;
	pair->unshares = !pv_share_is_physical(&vd->dev);
	pair->rx = &vd->vq[2 * index];
	pair->tx = &vd->vq[2 * index + 1];
	pair->merged = pv_virtio_has(vd, VIRTIO_NET_F_MRG_RXBUF);
	pair->rx_csum = pv_virtio_has(vd, VIRTIO_NET_F_GUEST_CSUM);
	pair->hdr_len = !vd->legacy || pair->merged ? sizeof(struct virtio_net_hdr_v1)
						    : sizeof(struct virtio_net_hdr);
	pair->tx_num = pair->tx->num;
	/* A chain is not longer than the ring (2.7.5.3.1). */
	if (pair->tx_num < PV_NET_MAX_SEGS + 1) {
		pv_err("%s: a send ring of %u entries is too small for a packet", vd->dev.name,
		       pair->tx_num);
		return PV_ENOTSUP;
	}
	rx_init(pair);
	return tx_init(pair);
}

void pv_virtio_net_rings_exit(struct virtio_net_pair *pair)
{
	pv_os_free(pair->addr, num_addrs(pair) * sizeof(*pair->addr));
	pair->addr = NULL;
	pv_os_free(pair->slot, pair->tx_num * sizeof(*pair->slot));
	pair->slot = NULL;
	if (pair->vd)
		pv_vq_items_free(&pair->headers, pair->vd);
}

void pv_virtio_net_rings_drain(struct virtio_net_pair *pair, int status)
{
	struct virtio_net_tx *slot;
	struct pv_net_buf *buf;

	while ((slot = pv_vq_drain(pair->tx))) {
		unshare(pair, slot);
		pv_net_sent(&pair->q, slot->pkt, status);
	}
	while ((buf = pv_vq_drain(pair->rx))) {
		(void)pv_unshare(&pair->vd->dev, buf->addr, buf->page, PV_PAGE_SIZE,
				 PV_SHARE_WRITE);
		pv_net_buf_put(&pair->q, buf);
	}
}
