/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio block driver's ring.
 *
 * A PART of a request (blk_driver.h) is one chain: header, the pieces of data, a status byte (virtio 1.2,
 * 5.2.6). Header and status lie in memory of ours, one item for each ring entry, named by the chain's
 * head; so does struct virtio_blk_part, what we know of it. The pieces are shared when the part is put on
 * the ring and taken back when it completes.
 *
 * WHAT THE DEVICE SAYS of a part is its status byte and, for a read, how much it wrote. The byte is read
 * once; before, it is one that no device writes. Anything but OK, IOERR and UNSUPP breaks the device. A
 * read that is short is an error, and what was not written is zeroed, so that the caller does not see
 * the memory's former content as the disk's. Whether the status byte is counted in the length is not
 * looked at, since devices differ in it; and legacy devices' lengths tell nothing (5.2.6.3).
 *
 * BREAKING. Whoever finds the device broken first resets it; then what is in flight is given back.
 */
#include <pv/log.h>

#include "drivers/virtio/virtio_blk.h"
#include "drivers/virtio/vring_split.h"

#define RING_NUM  128u /* parts in flight; more would only wait in the device */
#define NO_STATUS 0xff

static struct virtio_blk_queue *queue_of(struct pv_blk_queue *q)
{
	return pv_container_of(q, struct virtio_blk_queue, q);
}

/* --- data path -------------------------------------------------------------------------------- */

static enum pv_share_dir data_dir(const struct pv_blk_req *req)
{
	return req->op == PV_BLK_READ ? PV_SHARE_WRITE : PV_SHARE_READ;
}

static void unshare(struct virtio_blk_queue *bq, const struct virtio_blk_part *part,
		    unsigned int num)
{
	unsigned int i;

	for (i = 0; i < num; i++)
		(void)pv_unshare(&bq->vd->dev, part->seg_addr[i], part->seg[i].va, part->seg[i].len,
				 data_dir(part->req));
}

/* The first piece of a part: what it is to do. */
static inline void put_header(struct pv_vq *vq, struct pv_vring_chain *chain,
			      const struct virtio_blk_part *part, uint32_t type, uint64_t sector)
{
	struct virtio_blk_shared PV_SHARED *shared = part->shared;

	pv_shared_write(&shared->header.type, type);
	pv_shared_write(&shared->header.ioprio, 0);
	pv_shared_write(&shared->header.sector, sector);
	pv_shared_write(&shared->status, NO_STATUS);
	pv_vring_put(vq, chain, part->addr, sizeof(shared->header), VRING_DESC_F_NEXT);
}

/* The last piece: where the device says how it went. `writable`: what it may write before that. */
static inline void put_status(struct pv_vq *vq, struct pv_vring_chain *chain,
			      struct virtio_blk_part *part, uint32_t writable)
{
	pv_vring_put(vq, chain, part->addr + offsetof(struct virtio_blk_shared, status), 1,
		     VRING_DESC_F_WRITE);
	pv_vring_end(vq, chain, part, writable + 1);
}

/* The next part of a READ or WRITE. Inlined twice, with and without indirect table. */
static PV_ALWAYS_INLINE int issue_data(struct virtio_blk_queue *bq, struct pv_blk_req *req,
				       struct virtio_blk_part *part, bool table)
{
	__typeof__(req->lib) before = req->lib;
	bool read = req->op == PV_BLK_READ;
	uint16_t flags = read ? VRING_DESC_F_NEXT | VRING_DESC_F_WRITE : VRING_DESC_F_NEXT;
	struct pv_vq *vq = bq->vq;
	struct pv_vring_chain chain;
	unsigned int i, num;
	uint64_t sector;
	uint32_t bytes;

	num = pv_blk_take(&bq->q, req, part->seg, &sector, &bytes);
	if (pv_unlikely(!num))
		return PV_EINVAL;
	part->num = (uint16_t)num;
	part->bytes = bytes;
	pv_vring_begin(vq, &chain, num + 2, table);
	put_header(vq, &chain, part, read ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT, sector);
	for (i = 0; i < num; i++) {
		pv_bus_addr_t addr;

		if (pv_unlikely(pv_share(&bq->vd->dev, part->seg[i].va, part->seg[i].len,
					 data_dir(req), &addr))) {
			/* The chain is given up, and nothing was taken. */
			unshare(bq, part, i);
			req->lib = before;
			return PV_EBUSY;
		}
		part->seg_addr[i] = addr;
		pv_vring_put(vq, &chain, addr, part->seg[i].len, flags);
	}
	put_status(vq, &chain, part, read ? bytes : 0);
	return 0;
}

static int issue_other(struct virtio_blk_queue *bq, struct pv_blk_req *req,
		       struct virtio_blk_part *part)
{
	const struct virtio_blk *vb = pv_container_of(bq->q.blk, struct virtio_blk, blk);
	bool discard = req->op == PV_BLK_DISCARD, sync = req->op == PV_BLK_SYNC;
	struct virtio_blk_shared PV_SHARED *shared = part->shared;
	struct pv_vring_chain chain;
	uint32_t n, flags = 0;
	uint64_t sector;

	part->num = 0;
	part->bytes = 0;
	pv_vring_begin(bq->vq, &chain, sync ? 2 : 3, bq->vq->indirect);
	if (sync) {
		pv_blk_take_sync(req);
		put_header(bq->vq, &chain, part, VIRTIO_BLK_T_FLUSH, 0);
	} else {
		n = pv_blk_take_range(req, discard ? vb->blk.max_discard : vb->blk.max_write_zeroes,
				      &sector);
		if (!discard && vb->unmap && req->flags & PV_BLK_UNMAP)
			flags = VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
		pv_shared_write(&shared->range.sector, sector);
		pv_shared_write(&shared->range.num_sectors, n);
		pv_shared_write(&shared->range.flags, flags);
		put_header(bq->vq, &chain, part,
			   discard ? VIRTIO_BLK_T_DISCARD : VIRTIO_BLK_T_WRITE_ZEROES, 0);
		pv_vring_put(bq->vq, &chain, part->addr + offsetof(struct virtio_blk_shared, range),
			     sizeof(shared->range), VRING_DESC_F_NEXT);
	}
	put_status(bq->vq, &chain, part, 0);
	return 0;
}

/* An upper bound on the ring entries that the next part takes, without indirect tables. */
static unsigned int most_pieces(const struct virtio_blk_queue *bq, const struct pv_blk_req *req)
{
	const struct pv_blk_limits *limits = &bq->q.limits;
	unsigned int segs = req->num_segs - req->lib.seg;

	if (req->op > PV_BLK_WRITE)
		return 3;
	if (segs > limits->max_segs || limits->max_seg_len < limits->max_bytes)
		segs = limits->max_segs;
	return segs + 2;
}

static int issue(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	struct virtio_blk_queue *bq = queue_of(q);
	struct virtio_blk_part *part;
	bool table = bq->vq->indirect;

	if (pv_unlikely(bq->vq->num_free < (table ? 1 : most_pieces(bq, req))))
		return PV_EBUSY;
	part = bq->part[pv_vring_next_head(bq->vq)];
	part->req = req;
	if (pv_unlikely(req->op > PV_BLK_WRITE))
		return issue_other(bq, req, part);
	return pv_likely(table) ? issue_data(bq, req, part, true)
				: issue_data(bq, req, part, false);
}

static void flush(struct pv_blk_queue *q)
{
	struct virtio_blk_queue *bq = queue_of(q);

	if (pv_likely(!pv_device_broken(&bq->vd->dev)))
		q->stats.notified += pv_vring_kick(bq->vq);
}

/* The device wrote the first `written` bytes of a read only. */
static void zero_tail(const struct virtio_blk_part *part, uint32_t written)
{
	unsigned int i;

	for (i = 0; i < part->num; i++) {
		const struct pv_seg *seg = &part->seg[i];

		if (written < seg->len) {
			pv_memset((char *)seg->va + written, 0, seg->len - written);
			written = 0;
		} else {
			written -= seg->len;
		}
	}
}

/* How a part went, by what the device says. */
static int outcome(struct virtio_blk_queue *bq, const struct virtio_blk_part *part,
		   uint32_t written)
{
	uint8_t status = pv_shared_read(&part->shared->status);

	if (pv_likely(status == VIRTIO_BLK_S_OK)) {
		if (pv_likely(part->req->op != PV_BLK_READ || written >= part->bytes))
			return 0;
		if (bq->vd->legacy)
			return 0;
		zero_tail(part, written);
		return PV_EIO;
	}
	if (status == VIRTIO_BLK_S_IOERR)
		return PV_EIO;
	if (status == VIRTIO_BLK_S_UNSUPP)
		return PV_ENOTSUP;
	return pv_device_break(&bq->vd->dev, "block request with an unknown status");
}

/* The device is stopped, if it was not; then, what is in flight is given back. */
static int poll_broken(struct virtio_blk_queue *bq, int budget)
{
	struct virtio_blk_part *part;
	int n;

	pv_virtio_stop(bq->vd);
	for (n = 0; n < budget; n++) {
		part = pv_vq_drain(bq->vq);
		if (!part)
			break;
		unshare(bq, part, part->num);
		pv_blk_part_done(&bq->q, part->req, PV_EPROTO);
	}
	return n;
}

static int poll(struct pv_blk_queue *q, int budget)
{
	struct virtio_blk_queue *bq = queue_of(q);
	struct virtio_blk_part *part;
	uint32_t written;
	int n = 0, status;

	pv_vring_disarm(bq->vq);
	while (n < budget && pv_likely(!pv_device_broken(&bq->vd->dev))) {
		part = pv_vring_pop(bq->vq, &written);
		if (!part)
			break;
		unshare(bq, part, part->num);
		status = outcome(bq, part, written);
		if (pv_unlikely(status == PV_EPROTO))
			pv_virtio_stop(bq->vd);
		pv_blk_part_done(q, part->req, status);
		n++;
	}
	if (pv_unlikely(pv_device_broken(&bq->vd->dev)))
		n += poll_broken(bq, budget - n);
	return n;
}

static bool arm(struct pv_blk_queue *q, bool on)
{
	struct virtio_blk_queue *bq = queue_of(q);

	if (pv_unlikely(pv_device_broken(&bq->vd->dev)))
		return false;
	if (on)
		return pv_vring_arm(bq->vq, 0);
	pv_vring_disarm(bq->vq);
	return false;
}

const struct pv_blk_ops pv_virtio_blk_ops = {
	.issue = issue,
	.flush = flush,
	.poll = poll,
	.arm = arm,
};

/* --- life cycle ------------------------------------------------------------------------------- */

static void event(void *arg)
{
	struct virtio_blk_queue *bq = arg;

	pv_blk_event(&bq->q);
}

void pv_virtio_blk_spec(struct virtio_blk_queue *bq, struct pv_vq_spec *spec)
{
	spec->max_num = RING_NUM;
	spec->max_chain = VIRTIO_BLK_SEGS + 2;
	spec->any_len = bq->vd->legacy;
	spec->event = event;
	spec->arg = bq;
}

static struct virtio_blk_part *part_alloc(struct virtio_blk_queue *bq, unsigned int head)
{
	struct virtio_blk_part *part = pv_os_alloc(sizeof(*part));

	if (part)
		part->shared = (struct virtio_blk_shared PV_SHARED PV_FORCE *)pv_vq_item(
			&bq->shared, head, &part->addr);
	return part;
}

int pv_virtio_blk_ring_init(struct virtio_blk_queue *bq, unsigned int index)
{
	unsigned int i;
	int err;

	bq->vq = &bq->vd->vq[index];
	bq->num = bq->vq->num;
	err = pv_vq_items_alloc(&bq->shared, bq->vd, bq->num, sizeof(struct virtio_blk_shared));
	if (err)
		return err;
	bq->part = pv_os_alloc(bq->num * sizeof(*bq->part));
	if (!bq->part)
		return PV_ENOMEM;
	for (i = 0; i < bq->num; i++) {
		bq->part[i] = part_alloc(bq, i);
		if (!bq->part[i])
			return PV_ENOMEM;
	}
	return 0;
}

void pv_virtio_blk_ring_exit(struct virtio_blk_queue *bq)
{
	unsigned int i;

	for (i = 0; bq->part && i < bq->num; i++)
		pv_os_free(bq->part[i], sizeof(struct virtio_blk_part));
	pv_os_free(bq->part, bq->num * sizeof(*bq->part));
	bq->part = NULL;
	pv_vq_items_free(&bq->shared, bq->vd);
}

void pv_virtio_blk_ring_drain(struct virtio_blk_queue *bq, int status)
{
	struct virtio_blk_part *part;

	while ((part = pv_vq_drain(bq->vq))) {
		unshare(bq, part, part->num);
		pv_blk_part_lost(&bq->q, part->req, status);
	}
}
