/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver's send ring.
 *
 * A chain is the header, which lies in memory of ours, one for each ring entry, and the packet's
 * pieces as they are (virtio 1.2, 5.1.6.2). Most packets are one piece that asks for nothing: for
 * these, header and table are preset.
 */
#include "drivers/virtio/virtio_net.h"
#include "drivers/virtio/vring_split.h"

void pv_virtio_net_header(struct virtio_net_hdr_v1 PV_SHARED *hdr, const struct pv_packet *pkt)
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
		pv_vq_unshare(pair->tx, slot->addr[i], slot->pkt->seg[i].va, slot->pkt->seg[i].len,
			      PV_SHARE_READ);
}

static inline void unshare(struct virtio_net_pair *pair, const struct virtio_net_tx *slot)
{
	if (pv_likely(!pair->unshares))
		return;
	if (pair->tx->bounce.num)
		pv_virtio_net_sent_bounced(pair, slot);
	else
		unshare_pieces(pair, slot, slot->pkt->num_segs);
}

/* Shares the packet's pieces. PV_EBUSY, and none is, if that cannot be now. */
static int share_pieces(struct virtio_net_pair *pair, struct virtio_net_tx *slot)
{
	struct pv_packet *pkt = slot->pkt;
	unsigned int i;

	if (pv_likely(!pair->unshares)) {
		for (i = 0; i < pkt->num_segs; i++)
			slot->addr[i] = pv_os_virt_to_phys(pkt->seg[i].va);
		return 0;
	}
	for (i = 0; i < pkt->num_segs; i++) {
		if (pv_vq_share(pair->tx, pkt->seg[i].va, pkt->seg[i].len, PV_SHARE_READ,
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

	pv_virtio_net_header(slot->hdr, &plain);
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

	if (pv_unlikely(tx->bounce.num))
		return pv_virtio_net_send_bounced(pair, pkt);
	if (!pv_vring_room(tx, num + 1))
		return PV_EBUSY;
	slot->pkt = pkt;
	slot->preset = false;
	if (share_pieces(pair, slot))
		return PV_EBUSY;
	pv_virtio_net_header(slot->hdr, pkt);
	pv_vring_begin(tx, &chain, num + 1, tx->indirect);
	pv_vring_put(tx, &chain, slot->hdr_addr, pair->hdr_len, VRING_DESC_F_NEXT);
	for (i = 0; i < num; i++)
		pv_vring_put(tx, &chain, slot->addr[i], pkt->seg[i].len,
			     i + 1 < num ? VRING_DESC_F_NEXT : 0);
	pv_vring_end(tx, &chain, slot, 0);
	return 0;
}

int pv_virtio_net_send(struct pv_net_queue *q, struct pv_packet *pkt)
{
	struct virtio_net_pair *pair = pv_virtio_net_pair_of(q);
	struct pv_vq *tx = pair->tx;

	if (pv_unlikely(!tx->num_free))
		return PV_EBUSY;
	if (pv_unlikely(pkt->num_segs > 1 || pkt->flags || pkt->gso || !pair->tx_presets))
		return send_any(pair, pkt);
	if (pv_unlikely(!pair->slot[pv_vring_next_head(tx)].preset))
		return send_first_plain(pair, pkt);
	return send_plain(pair, pkt);
}

void pv_virtio_net_flush(struct pv_net_queue *q)
{
	struct virtio_net_pair *pair = pv_virtio_net_pair_of(q);

	if (!pv_virtio_net_broken(pair))
		q->stats.notified += pv_vring_kick(pair->tx);
}

void pv_virtio_net_reap(struct pv_net_queue *q)
{
	struct virtio_net_pair *pair = pv_virtio_net_pair_of(q);
	struct virtio_net_tx *slot;
	uint32_t len;

	pv_vring_disarm(pair->tx);
	while (!pv_virtio_net_broken(pair) && (slot = pv_vring_pop(pair->tx, &len))) {
		unshare(pair, slot);
		pv_net_sent(q, slot->pkt, 0);
	}
	if (pv_virtio_net_broken(pair)) {
		pv_virtio_stop(pair->vd);
		pv_virtio_net_rings_drain(pair, PV_EPROTO);
	}
}

/* Bus addresses for the pieces of packets. */
static unsigned int num_addrs(const struct virtio_net_pair *pair)
{
	return pair->unshares ? pair->tx_num * PV_NET_MAX_SEGS : PV_NET_MAX_SEGS;
}

int pv_virtio_net_tx_init(struct virtio_net_pair *pair)
{
	unsigned int addrs = pair->unshares ? PV_NET_MAX_SEGS : 0, i;
	struct virtio_net_tx *slot;
	int err;

	pair->tx_presets = pair->tx->indirect && !pair->unshares;
	err = pv_vq_items_alloc(&pair->headers, pair->vd, pair->tx_num,
				sizeof(struct virtio_net_hdr_v1));
	if (err)
		return err;
	pair->slot = pv_lines_alloc(pair->tx_num * sizeof(*pair->slot));
	pair->addr = pv_lines_alloc(num_addrs(pair) * sizeof(*pair->addr));
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

void pv_virtio_net_tx_exit(struct virtio_net_pair *pair)
{
	pv_lines_free(pair->addr, num_addrs(pair) * sizeof(*pair->addr));
	pair->addr = NULL;
	pv_lines_free(pair->slot, pair->tx_num * sizeof(*pair->slot));
	pair->slot = NULL;
	if (pair->vd)
		pv_vq_items_free(&pair->headers, pair->vd);
}

void pv_virtio_net_tx_drain(struct virtio_net_pair *pair, int status)
{
	struct virtio_net_tx *slot;

	while ((slot = pv_vq_drain(pair->tx))) {
		unshare(pair, slot);
		pv_net_sent(&pair->q, slot->pkt, status);
	}
}
