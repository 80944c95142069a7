/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Sending to an untrusted device: the packet, whatever pieces it is in, is copied to bounce pages
 * (bounce.h), which are filled one after the other.
 */
#include "drivers/virtio/virtio_net.h"
#include "drivers/virtio/vring_split.h"

static unsigned int pages(const struct pv_packet *pkt)
{
	return (pkt->len + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE;
}

/* Copies the packet to its pages, which begin at `page`. */
static void fill(uint8_t PV_SHARED *const *page, const struct pv_packet *pkt)
{
	uint32_t done = 0, left, at, n;
	const char *va;
	unsigned int i;

	for (i = 0; i < pkt->num_segs; i++) {
		va = pkt->seg[i].va;
		for (left = pkt->seg[i].len; left; left -= n) {
			at = done % PV_PAGE_SIZE;
			n = PV_PAGE_SIZE - at < left ? PV_PAGE_SIZE - at : left;
			pv_shared_write_block(page[done / PV_PAGE_SIZE] + at, va, n);
			va += n;
			done += n;
		}
	}
}

int pv_virtio_net_send_bounced(struct virtio_net_pair *pair, struct pv_packet *pkt)
{
	unsigned int i, num = pages(pkt);
	uint8_t PV_SHARED *page[PV_NET_MAX_SEGS];
	struct pv_vq *tx = pair->tx;
	struct virtio_net_tx *slot = &pair->slot[pv_vring_next_head(tx)];
	struct pv_vring_chain chain;
	uint32_t left = pkt->len, n;

	if (!pv_vring_room(tx, num + 1) || tx->bounce.num_free < num)
		return PV_EBUSY;
	slot->pkt = pkt;
	for (i = 0; i < num; i++)
		page[i] = pv_bounce_take(&tx->bounce, &slot->addr[i]);
	fill(page, pkt);
	pv_virtio_net_header(slot->hdr, pkt);
	pv_vring_begin(tx, &chain, num + 1, tx->indirect);
	pv_vring_put(tx, &chain, slot->hdr_addr, pair->hdr_len, VRING_DESC_F_NEXT);
	for (i = 0; i < num; i++, left -= n) {
		n = left < PV_PAGE_SIZE ? left : PV_PAGE_SIZE;
		pv_vring_put(tx, &chain, slot->addr[i], n, i + 1 < num ? VRING_DESC_F_NEXT : 0);
	}
	pv_vring_end(tx, &chain, slot, 0);
	return 0;
}

void pv_virtio_net_sent_bounced(struct virtio_net_pair *pair, const struct virtio_net_tx *slot)
{
	unsigned int i, num = pages(slot->pkt);

	for (i = 0; i < num; i++)
		pv_bounce_give(&pair->tx->bounce, slot->addr[i]);
}
