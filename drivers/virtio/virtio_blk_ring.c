/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio block driver's ring.
 *
 * A PART of a request (blk_driver.h) is one chain: header, the pieces of data, a status byte
 * (virtio 1.2, 5.2.6). Header and status lie in memory of ours, one item for each ring entry, named
 * by the chain's head; so does struct virtio_blk_part, what we know of it. The pieces are shared
 * when the part is put on the ring and taken back when it completes.
 *
 * WHAT THE DEVICE SAYS of a part is its status byte and, for a read, how much it wrote. The byte is
 * read once; before, it is one that no device writes. Anything but OK, IOERR and UNSUPP breaks the
 * device. A read that is short is an error, and what was not written is zeroed, so that the caller
 * does not see the memory's former content as the disk's. Whether the status byte is counted in the
 * length is not looked at, since devices differ in it; and legacy devices' lengths tell nothing
 * (5.2.6.3).
 *
 * BREAKING. Whoever finds the device broken first resets it; then what is in flight is given back.
 */
#include <pv/log.h>

#include "drivers/virtio/virtio_blk.h"
#include "drivers/virtio/vring_split.h"

#define RING_NUM  128u /* parts in flight; more would only wait in the device */
#define NO_STATUS 0xff

/* --- data path -------------------------------------------------------------------------------- */

static enum pv_share_dir data_dir(const struct pv_blk_req *req)
{
	return req->op == PV_BLK_READ ? PV_SHARE_WRITE : PV_SHARE_READ;
}

PV_NOINLINE void pv_virtio_blk_unshare(struct virtio_blk_queue *bq,
				       const struct virtio_blk_part *part, unsigned int num)
{
	unsigned int i;

	for (i = 0; i < num; i++)
		pv_vq_unshare(bq->vq, part->pieces->addr[i], part->lent[i].va, part->lent[i].len,
			      data_dir(part->req));
}

static inline void unshare(struct virtio_blk_queue *bq, const struct virtio_blk_part *part)
{
	if (pv_unlikely(bq->unshares))
		pv_virtio_blk_unshare(bq, part, part->num);
}

/*
 * What a part is to do. The header's remaining field, and what is behind the header, stay zero, or
 * are written by who uses them.
 */
static inline void write_header(const struct virtio_blk_part *part, uint32_t type, uint64_t sector)
{
	struct virtio_blk_shared PV_SHARED *shared = part->shared;

	pv_shared_write(&shared->header.type, type);
	pv_shared_write(&shared->header.sector, sector);
	pv_shared_write(&shared->status, NO_STATUS);
}

/* The first piece. */
static inline void put_header(struct pv_vq *vq, struct pv_vring_chain *chain,
			      struct virtio_blk_part *part, uint32_t type, uint64_t sector)
{
	write_header(part, type, sector);
	pv_vring_put(vq, chain, part->addr, sizeof(part->shared->header), VRING_DESC_F_NEXT);
}

/* The last piece: where the device says how it went. `writable`: what it may write before that. */
static inline void put_status(struct pv_vq *vq, struct pv_vring_chain *chain,
			      struct virtio_blk_part *part, uint32_t writable)
{
	pv_vring_put(vq, chain, part->addr + offsetof(struct virtio_blk_shared, status), 1,
		     VRING_DESC_F_WRITE);
	pv_vring_end(vq, chain, part, writable + 1);
}

/* Shares all of the part's pieces. PV_EBUSY, and none is, if that cannot be now. */
static int share_pieces(struct virtio_blk_queue *bq, struct virtio_blk_part *part,
			const struct pv_seg *seg)
{
	unsigned int i;

	if (pv_likely(!bq->unshares)) {
		for (i = 0; i < part->num; i++)
			part->pieces->addr[i] = pv_os_virt_to_phys(seg[i].va);
		return 0;
	}
	for (i = 0; i < part->num; i++) {
		if (pv_vq_share(bq->vq, seg[i].va, seg[i].len, data_dir(part->req),
				&part->pieces->addr[i])) {
			pv_virtio_blk_unshare(bq, part, i);
			return PV_EBUSY;
		}
	}
	return 0;
}

/*
 * A request that is one part with one piece of data, into a table that is preset. The order of
 * things keeps little alive across the call.
 */
static PV_NOINLINE int issue_whole(struct virtio_blk_queue *bq, struct pv_blk_req *req)
{
	pv_bus_addr_t addr = pv_os_virt_to_phys(req->segs->va);
	uint32_t len = req->segs->len, writable = 1, type = VIRTIO_BLK_T_OUT;
	uint16_t flags = VRING_DESC_F_NEXT;
	struct pv_vq *vq = bq->vq;
	unsigned int head = pv_vring_next_head(vq);
	struct virtio_blk_part *part = &bq->part[head];
	struct vring_desc PV_SHARED *desc = &vq->slot[head].table[1];

	if (req->op == PV_BLK_READ) {
		type = VIRTIO_BLK_T_IN;
		flags = VRING_DESC_F_NEXT | VRING_DESC_F_WRITE;
		writable += len;
	}
	pv_blk_take_whole(req);
	part->req = req;
	part->bytes = len;
	write_header(part, type, req->sector);
	pv_shared_write(&desc->addr, addr);
	pv_shared_write(&desc->len, len);
	pv_shared_write(&desc->flags, flags);
	part->turn = pv_vring_repeat(vq, head, part, writable);
	return 0;
}

/* The table of a part with one piece of data: all but that piece, which is entry 1. */
static void preset(struct virtio_blk_queue *bq, unsigned int head)
{
	struct virtio_blk_part *part = &bq->part[head];
	struct pv_vq *vq = bq->vq;

	pv_vring_preset(vq, head, 0, part->addr, sizeof(part->shared->header), VRING_DESC_F_NEXT);
	pv_vring_preset(vq, head, 1, 0, 0, 0);
	pv_vring_preset(vq, head, 2, part->addr + offsetof(struct virtio_blk_shared, status), 1,
			VRING_DESC_F_WRITE);
	pv_vring_table_len(vq, head, 3);
	part->seg = 0;
	part->offset = 0;
	part->preset = true;
}

static PV_NOINLINE int issue_first_whole(struct virtio_blk_queue *bq, struct pv_blk_req *req)
{
	preset(bq, pv_vring_next_head(bq->vq));
	return issue_whole(bq, req);
}

/* The next part of any other READ or WRITE. */
static PV_NOINLINE int issue_data(struct virtio_blk_queue *bq, struct pv_blk_req *req,
				  struct virtio_blk_part *part)
{
	bool read = req->op == PV_BLK_READ;
	uint16_t flags = read ? VRING_DESC_F_NEXT | VRING_DESC_F_WRITE : VRING_DESC_F_NEXT;
	struct pv_vq *vq = bq->vq;
	struct pv_vring_chain chain;
	const struct pv_seg *seg;
	unsigned int i, num;
	uint64_t sector;

	part->seg = req->lib.seg;
	part->offset = req->lib.offset;
	seg = pv_blk_take(&bq->q, req, part->pieces->cut, &num, &sector, &part->bytes);
	if (pv_unlikely(!seg))
		return PV_EINVAL;
	part->lent = seg;
	part->num = (uint16_t)num;
	if (pv_unlikely(share_pieces(bq, part, seg))) {
		pv_blk_untake(req, sector, part->bytes);
		return PV_EBUSY;
	}
	pv_vring_begin(vq, &chain, num + 2, vq->indirect);
	put_header(vq, &chain, part, read ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT, sector);
	for (i = 0; i < num; i++)
		pv_vring_put(vq, &chain, part->pieces->addr[i], seg[i].len, flags);
	put_status(vq, &chain, part, read ? part->bytes : 0);
	return 0;
}

static PV_NOINLINE int issue_other(struct virtio_blk_queue *bq, struct pv_blk_req *req,
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

static PV_NOINLINE int issue_any(struct virtio_blk_queue *bq, struct pv_blk_req *req)
{
	struct virtio_blk_part *part = &bq->part[pv_vring_next_head(bq->vq)];

	if (!bq->vq->indirect && bq->vq->num_free < most_pieces(bq, req))
		return PV_EBUSY;
	part->req = req;
	part->turn = bq->vq->avail_idx;
	part->preset = false;
	return req->op <= PV_BLK_WRITE ? issue_data(bq, req, part) : issue_other(bq, req, part);
}

static int issue(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	struct virtio_blk_queue *bq = pv_virtio_blk_queue_of(q);
	struct pv_vq *vq = bq->vq;

	if (pv_unlikely(!vq->num_free))
		return PV_EBUSY;
	if (pv_unlikely(req->op > PV_BLK_WRITE || !bq->presets || !pv_blk_whole(q, req)))
		return issue_any(bq, req);
	if (pv_unlikely(!bq->part[pv_vring_next_head(vq)].preset))
		return issue_first_whole(bq, req);
	return issue_whole(bq, req);
}

static void flush(struct pv_blk_queue *q)
{
	struct virtio_blk_queue *bq = pv_virtio_blk_queue_of(q);

	if (pv_likely(!pv_device_broken(&bq->vd->dev)))
		q->stats.notified += pv_vring_kick(bq->vq);
}

/* The device wrote the first `written` bytes of a read only. */
static PV_NOINLINE void zero_tail(const struct virtio_blk_part *part, uint32_t written)
{
	const struct pv_seg *seg = &part->req->segs[part->seg];
	uint32_t left = part->bytes, offset = part->offset, len;

	for (; left; left -= len, seg++, offset = 0) {
		len = seg->len - offset < left ? seg->len - offset : left;
		if (written < len)
			pv_memset((char *)seg->va + offset + written, 0, len - written);
		written = written < len ? 0 : written - len;
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
	for (n = 0; bq->vq && n < budget; n++) {
		part = pv_vq_drain(bq->vq);
		if (!part)
			break;
		unshare(bq, part);
		pv_blk_part_done(&bq->q, part->req, PV_EPROTO);
	}
	return n;
}

static int poll(struct pv_blk_queue *q, int budget)
{
	struct virtio_blk_queue *bq = pv_virtio_blk_queue_of(q);
	struct virtio_blk_part *part;
	uint32_t written;
	int n = 0, status;

	if (pv_unlikely(pv_device_broken(&bq->vd->dev)))
		return poll_broken(bq, budget);
	pv_vring_disarm(bq->vq);
	while (n < budget) {
		part = pv_vring_pop(bq->vq, &written);
		if (!part)
			break;
		unshare(bq, part);
		status = outcome(bq, part, written);
		n++;
		if (pv_unlikely(status == PV_EPROTO)) {
			pv_virtio_stop(bq->vd);
			pv_blk_part_done(q, part->req, status);
			break;
		}
		pv_blk_part_done(q, part->req, status);
	}
	if (pv_unlikely(pv_device_broken(&bq->vd->dev)))
		n += poll_broken(bq, budget - n);
	return n;
}

static bool arm(struct pv_blk_queue *q, bool on)
{
	struct virtio_blk_queue *bq = pv_virtio_blk_queue_of(q);

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
	spec->max_chain = PV_CONFIG_BLK_SEGS + 2;
	spec->bounce = PV_CONFIG_BOUNCE;
	spec->any_len = bq->vd->legacy;
	spec->event = event;
	spec->arg = bq;
}

/* How many struct virtio_blk_pieces there are. */
static unsigned int num_pieces(const struct virtio_blk_queue *bq)
{
	return bq->unshares ? bq->num : 1;
}

int pv_virtio_blk_ring_init(struct virtio_blk_queue *bq, unsigned int index)
{
	struct virtio_blk_part *part;
	unsigned int i;
	int err;

	bq->vq = &bq->vd->vq[index];
	bq->num = bq->vq->num;
	bq->unshares = pv_vq_shares(bq->vq);
	bq->presets = bq->vq->indirect && !bq->unshares;
	err = pv_vq_items_alloc(&bq->shared, bq->vd, bq->num, sizeof(struct virtio_blk_shared));
	if (err)
		return err;
	bq->part = pv_lines_alloc(bq->num * sizeof(*bq->part));
	bq->pieces = pv_lines_alloc(num_pieces(bq) * sizeof(*bq->pieces));
	if (!bq->part || !bq->pieces)
		return PV_ENOMEM;
	for (i = 0; i < bq->num; i++) {
		part = &bq->part[i];
		part->shared = (struct virtio_blk_shared PV_SHARED PV_FORCE *)pv_vq_item(
			&bq->shared, i, &part->addr);
		part->pieces = &bq->pieces[bq->unshares ? i : 0];
	}
	return 0;
}

void pv_virtio_blk_ring_exit(struct virtio_blk_queue *bq)
{
	pv_lines_free(bq->pieces, num_pieces(bq) * sizeof(*bq->pieces));
	bq->pieces = NULL;
	pv_lines_free(bq->part, bq->num * sizeof(*bq->part));
	bq->part = NULL;
	pv_vq_items_free(&bq->shared, bq->vd);
	bq->vq = NULL;
}

void pv_virtio_blk_ring_drain(struct virtio_blk_queue *bq, int status)
{
	struct virtio_blk_part *part;

	while (bq->vq && (part = pv_vq_drain(bq->vq))) {
		unshare(bq, part);
		pv_blk_part_lost(&bq->q, part->req, status);
	}
}
