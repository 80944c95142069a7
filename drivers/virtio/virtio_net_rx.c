/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver's receive ring (virtio 1.2, 5.1.6.3, 5.1.6.4).
 *
 * A buffer is a page of the pool; the device writes the header and behind it the frame. With
 * MRG_RXBUF a frame goes on in further buffers, which have no header; the first header says how
 * many, and they were made used all at once. Headers are copied once and checked as copies; where a
 * feature was not negotiated, its field is not looked at (QEMU 7.2 leaves num_buffers 0 with
 * VERSION_1 and without MRG_RXBUF).
 *
 * A frame that makes no sense in itself (too short, a checksum field outside of it, segmentation
 * that was not negotiated) is dropped and counted. What would have us lose track of the buffers
 * breaks the device.
 */
#include "drivers/virtio/virtio_net.h"
#include "drivers/virtio/vring_split.h"

/* A buffer as a chain of any form. */
static PV_NOINLINE bool post_any(struct virtio_net_pair *pair, struct pv_net_buf *buf)
{
	unsigned int pieces = pair->split_header ? 2 : 1;
	uint32_t offset = pair->split_header ? pair->hdr_len : 0;
	struct pv_vring_chain chain;

	if (!pv_vring_room(pair->rx, pieces) ||
	    pv_vq_share(pair->rx, buf->page, PV_PAGE_SIZE, PV_SHARE_WRITE, &buf->addr))
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

void pv_virtio_net_refill(struct pv_net_queue *q)
{
	struct virtio_net_pair *pair = pv_virtio_net_pair_of(q);
	struct pv_net_buf *buf;

	if (pv_virtio_net_broken(pair))
		return;
	while ((buf = pv_net_buf_get(q))) {
		if (!post(pair, buf)) {
			pv_net_buf_put(q, buf);
			break;
		}
	}
	q->stats.notified += pv_vring_kick(pair->rx);
}

/* The buffer's memory is ours again; of bounce pages so much of it as the device says it wrote. */
static PV_NOINLINE void unshare(struct virtio_net_pair *pair, struct pv_net_buf *buf, uint32_t len)
{
	if (pair->rx->bounce.num)
		pv_bounce_unshare(&pair->rx->bounce, buf->addr, buf->page, len, PV_SHARE_WRITE);
	else
		(void)pv_unshare(&pair->vd->dev, buf->addr, buf->page, PV_PAGE_SIZE,
				 PV_SHARE_WRITE);
}

/* The next buffer that the device used, and how much it wrote. */
static PV_ALWAYS_INLINE struct pv_net_buf *take(struct virtio_net_pair *pair, uint32_t *len)
{
	struct pv_net_buf *buf = pv_vring_pop(pair->rx, len);

	if (!buf)
		return NULL;
	if (pv_unlikely(pair->unshares))
		unshare(pair, buf, *len);
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
 * Links the packet's further buffers behind its first one, and adds them to its pieces; those
 * beyond what a packet may have go back at once. False if they are not there: the device is broken
 * now.
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

int pv_virtio_net_receive(struct pv_net_queue *q, int budget)
{
	struct virtio_net_pair *pair = pv_virtio_net_pair_of(q);
	struct pv_net_buf *buf;
	uint32_t len;
	int n = 0;

	pv_vring_disarm(pair->rx);
	while (n < budget && !pv_virtio_net_broken(pair)) {
		buf = take(pair, &len);
		if (!buf)
			break;
		receive_one(pair, buf, len);
		n++;
	}
	/* What went wrong here is not left for the next poll to clear up. */
	if (pv_virtio_net_broken(pair))
		pv_virtio_net_reap(q);
	return n;
}

/* All but the buffers' addresses is the same for each of them. */
void pv_virtio_net_rx_init(struct virtio_net_pair *pair)
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

void pv_virtio_net_rx_drain(struct virtio_net_pair *pair)
{
	struct pv_net_buf *buf;

	while ((buf = pv_vq_drain(pair->rx))) {
		unshare(pair, buf, 0);
		pv_net_buf_put(&pair->q, buf);
	}
}
