/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * virtio block devices (virtio 1.2, 5.2): life cycle and configuration. The ring is in
 * virtio_blk_ring.c.
 *
 * What the configuration says is checked before anything is derived from it. A device whose block
 * size, capacity or limits make no sense is refused; a hint that makes none is left out.
 *
 * With MQ (5.2.3, num_queues) it has a queue for each CPU, as far as it goes (pv_queues_follow());
 * of a device that says it has none, the one that there must be is used.
 */
#include <pv/log.h>

#include "drivers/virtio/virtio_blk.h"
#include "pv-core/queues.h"

#define MAX_BLOCK    65536u
#define MAX_BYTES    (1u << 20)	   /* of data in a part */
#define MAX_CAPACITY (~0ull >> 16) /* sectors; far from where sums of sectors or bytes wrap */

static const struct pv_bit_name feature_names[] = {
	{VIRTIO_BLK_F_BARRIER, "BARRIER"},
	{VIRTIO_BLK_F_SIZE_MAX, "SIZE_MAX"},
	{VIRTIO_BLK_F_SEG_MAX, "SEG_MAX"},
	{VIRTIO_BLK_F_GEOMETRY, "GEOMETRY"},
	{VIRTIO_BLK_F_RO, "RO"},
	{VIRTIO_BLK_F_BLK_SIZE, "BLK_SIZE"},
	{VIRTIO_BLK_F_SCSI, "SCSI"},
	{VIRTIO_BLK_F_FLUSH, "FLUSH"},
	{VIRTIO_BLK_F_TOPOLOGY, "TOPOLOGY"},
	{VIRTIO_BLK_F_CONFIG_WCE, "CONFIG_WCE"},
	{VIRTIO_BLK_F_MQ, "MQ"},
	{VIRTIO_BLK_F_DISCARD, "DISCARD"},
	{VIRTIO_BLK_F_WRITE_ZEROES, "WRITE_ZEROES"},
	{15, "LIFETIME"},
	{VIRTIO_BLK_F_SECURE_ERASE, "SECURE_ERASE"},
	{0, NULL},
};

#define BIT64(n) (1ull << (n))
#define WANTED                                                                                     \
	(BIT64(VIRTIO_BLK_F_SIZE_MAX) | BIT64(VIRTIO_BLK_F_SEG_MAX) |                              \
	 BIT64(VIRTIO_BLK_F_GEOMETRY) | BIT64(VIRTIO_BLK_F_RO) | BIT64(VIRTIO_BLK_F_BLK_SIZE) |    \
	 BIT64(VIRTIO_BLK_F_FLUSH) | BIT64(VIRTIO_BLK_F_TOPOLOGY) | BIT64(VIRTIO_BLK_F_DISCARD) |  \
	 BIT64(VIRTIO_BLK_F_WRITE_ZEROES) | BIT64(VIRTIO_BLK_F_MQ))

/* --- configuration ---------------------------------------------------------------------------- */

/* As the device has it, of one generation. Fields without their feature stay 0. */
struct config {
	uint64_t capacity;
	uint32_t size_max, seg_max, blk_size;
	uint16_t cylinders;
	uint8_t heads, sectors;
	uint8_t physical_block_exp;
	uint32_t opt_io_size;
	uint32_t max_discard_sectors, max_write_zeroes_sectors;
	uint8_t write_zeroes_may_unmap;
	uint16_t num_queues;
};

#define FIELD(bits, name) pv_virtio_config##bits(vd, offsetof(struct virtio_blk_config, name))

static void read_config(struct pv_virtio *vd, void *arg)
{
	struct config *c = arg;

	pv_memset(c, 0, sizeof(*c));
	c->capacity = FIELD(64, capacity);
	if (pv_virtio_has(vd, VIRTIO_BLK_F_SIZE_MAX))
		c->size_max = FIELD(32, size_max);
	if (pv_virtio_has(vd, VIRTIO_BLK_F_SEG_MAX))
		c->seg_max = FIELD(32, seg_max);
	if (pv_virtio_has(vd, VIRTIO_BLK_F_GEOMETRY)) {
		c->cylinders = FIELD(16, geometry.cylinders);
		c->heads = FIELD(8, geometry.heads);
		c->sectors = FIELD(8, geometry.sectors);
	}
	if (pv_virtio_has(vd, VIRTIO_BLK_F_BLK_SIZE))
		c->blk_size = FIELD(32, blk_size);
	if (pv_virtio_has(vd, VIRTIO_BLK_F_TOPOLOGY)) {
		c->physical_block_exp = FIELD(8, physical_block_exp);
		c->opt_io_size = FIELD(32, opt_io_size);
	}
	if (pv_virtio_has(vd, VIRTIO_BLK_F_MQ))
		c->num_queues = FIELD(16, num_queues);
	if (pv_virtio_has(vd, VIRTIO_BLK_F_DISCARD))
		c->max_discard_sectors = FIELD(32, max_discard_sectors);
	if (pv_virtio_has(vd, VIRTIO_BLK_F_WRITE_ZEROES)) {
		c->max_write_zeroes_sectors = FIELD(32, max_write_zeroes_sectors);
		c->write_zeroes_may_unmap = FIELD(8, write_zeroes_may_unmap);
	}
}

static int capacity_set(struct virtio_blk *vb, uint64_t capacity)
{
	if (capacity > MAX_CAPACITY) {
		pv_err("%s: a capacity of 0x%llx sectors is not possible", vb->vd->dev.name,
		       (unsigned long long)capacity);
		return PV_ENOTSUP;
	}
	/* A last, incomplete block cannot be reached. */
	vb->blk.capacity = capacity & ~(uint64_t)(vb->blk.logical_block / PV_BLK_SECTOR - 1);
	return 0;
}

/* The most sectors of a DISCARD or WRITE_ZEROES; 0: the device does not say how many it takes. */
static uint32_t max_range(const struct virtio_blk *vb, uint32_t sectors)
{
	return sectors & ~(vb->blk.logical_block / PV_BLK_SECTOR - 1);
}

static int config_set(struct virtio_blk *vb, const struct config *c)
{
	struct pv_blk *blk = &vb->blk;

	blk->flags = 0;
	blk->logical_block = PV_BLK_SECTOR;
	if (pv_virtio_has(vb->vd, VIRTIO_BLK_F_BLK_SIZE))
		blk->logical_block = c->blk_size;
	if (blk->logical_block < PV_BLK_SECTOR || blk->logical_block > MAX_BLOCK ||
	    blk->logical_block & (blk->logical_block - 1)) {
		pv_err("%s: blocks of %u bytes are not possible", vb->vd->dev.name,
		       blk->logical_block);
		return PV_ENOTSUP;
	}
	blk->physical_block = blk->logical_block;
	if (c->physical_block_exp <= 16)
		blk->physical_block <<= c->physical_block_exp;
	if (c->opt_io_size <= ~0u / blk->logical_block)
		blk->opt_io = c->opt_io_size * blk->logical_block;
	blk->geometry.cylinders = c->cylinders;
	blk->geometry.heads = c->heads;
	blk->geometry.sectors = c->sectors;
	if (pv_virtio_has(vb->vd, VIRTIO_BLK_F_RO))
		blk->flags |= PV_BLK_F_READ_ONLY;
	if (pv_virtio_has(vb->vd, VIRTIO_BLK_F_FLUSH))
		blk->flags |= PV_BLK_F_SYNC;
	blk->max_discard = max_range(vb, c->max_discard_sectors);
	if (blk->max_discard)
		blk->flags |= PV_BLK_F_DISCARD;
	blk->max_write_zeroes = max_range(vb, c->max_write_zeroes_sectors);
	if (blk->max_write_zeroes)
		blk->flags |= PV_BLK_F_WRITE_ZEROES;
	vb->unmap = c->write_zeroes_may_unmap;
	return capacity_set(vb, c->capacity);
}

/* The most that the queue takes in one part. */
static int limits_set(struct virtio_blk *vb, struct virtio_blk_queue *bq, const struct config *c)
{
	struct pv_blk_limits *limits = &bq->q.limits;
	uint32_t segs = PV_CONFIG_BLK_SEGS, len = MAX_BYTES;

	/* A chain is not longer than the ring (2.7.5.3.1), and has header and status. */
	if (segs + 2 > bq->num)
		segs = bq->num < 2 ? 0 : bq->num - 2;
	if (pv_virtio_has(vb->vd, VIRTIO_BLK_F_SEG_MAX) && segs > c->seg_max)
		segs = c->seg_max;
	if (pv_virtio_has(vb->vd, VIRTIO_BLK_F_SIZE_MAX) && len > c->size_max)
		len = c->size_max;
	/* A piece is copied to one page. */
	if (bq->vq->bounce.num && len > PV_PAGE_SIZE)
		len = PV_PAGE_SIZE;
	len &= ~(PV_BLK_SECTOR - 1);
	if ((uint64_t)segs * len < vb->blk.logical_block) {
		pv_err("%s: no block fits into a request: ring %u, seg_max %u, size_max %u",
		       vb->vd->dev.name, bq->num, c->seg_max, c->size_max);
		return PV_ENOTSUP;
	}
	limits->max_segs = segs;
	limits->max_seg_len = len;
	limits->max_bytes = MAX_BYTES;
	return 0;
}

/* --- life cycle ------------------------------------------------------------------------------- */

static struct virtio_blk_queue *queue(struct virtio_blk *vb, unsigned int i)
{
	return pv_virtio_blk_queue_of(vb->queues[i]);
}

static int queues_alloc(struct virtio_blk *vb, unsigned int n)
{
	struct virtio_blk_queue *bq;

	for (; vb->blk.num_queues < n; vb->blk.num_queues++) {
		bq = pv_lines_alloc(sizeof(*bq));
		if (!bq)
			return PV_ENOMEM;
		bq->vd = vb->vd;
		bq->q.ops = &pv_virtio_blk_ops;
		bq->q.blk = &vb->blk;
		vb->queues[vb->blk.num_queues] = &bq->q;
	}
	return 0;
}

static int rings_up(struct virtio_blk *vb, const struct config *c)
{
	unsigned int n = vb->blk.num_queues, i;
	struct pv_vq_spec *spec;
	int err;

	/* One that begins again has as many as it had. */
	if (!n)
		n = pv_virtio_groups(vb->vd, c->num_queues, 1);
	err = queues_alloc(vb, n);
	if (err)
		return err;
	spec = pv_os_alloc(n * sizeof(*spec));
	if (!spec)
		return PV_ENOMEM;
	for (i = 0; i < n; i++) {
		pv_virtio_blk_spec(queue(vb, i), &spec[i]);
		spec[i].cpu = pv_queue_cpu(i, n);
	}
	err = pv_virtio_queues(vb->vd, spec, n);
	pv_os_free(spec, n * sizeof(*spec));
	for (i = 0; !err && i < n; i++) {
		err = pv_virtio_blk_ring_init(queue(vb, i), i);
		if (!err)
			err = limits_set(vb, queue(vb, i), c);
	}
	return err;
}

static int bring_up(struct virtio_blk *vb)
{
	struct config c;
	int err;

	err = pv_virtio_begin(vb->vd, WANTED, 0, feature_names);
	if (!err)
		err = pv_virtio_config(vb->vd, read_config, &c);
	if (!err)
		err = config_set(vb, &c);
	return err ? err : rings_up(vb, &c);
}

/* Its mirror, from wherever it got to. */
static void bring_down(struct virtio_blk *vb, bool failed)
{
	unsigned int i;

	pv_virtio_end(vb->vd, failed);
	for (i = 0; i < vb->blk.num_queues; i++)
		pv_virtio_blk_ring_exit(queue(vb, i));
}

static void release(struct pv_blk *blk)
{
	struct virtio_blk *vb = pv_container_of(blk, struct virtio_blk, blk);
	unsigned int i;

	for (i = 0; i < blk->num_queues; i++)
		pv_lines_free(queue(vb, i), sizeof(struct virtio_blk_queue));
	pv_os_free(vb, sizeof(*vb));
}

static int probe(struct pv_device *dev)
{
	struct virtio_blk *vb = pv_os_alloc(sizeof(*vb));
	int err;

	if (!vb)
		return PV_ENOMEM;
	vb->vd = pv_virtio_of(dev);
	vb->vd->resets = 0;
	vb->blk.dev = dev;
	vb->blk.queue = vb->queues;
	err = bring_up(vb);
	if (err) {
		bring_down(vb, true);
		release(&vb->blk);
		return err;
	}
	dev->priv = vb;
	pv_virtio_ready(vb->vd);
	pv_blk_register(&vb->blk);
	return 0;
}

static void remove(struct pv_device *dev)
{
	struct virtio_blk *vb = dev->priv;
	unsigned int i;

	pv_blk_unregister(&vb->blk);
	pv_virtio_stop(vb->vd);
	for (i = 0; i < vb->blk.num_queues; i++)
		pv_virtio_blk_ring_drain(queue(vb, i), PV_EGONE);
	bring_down(vb, false);
	dev->priv = NULL;
	pv_blk_release(&vb->blk, release);
}

/* What the device had to do and did. */
static uint64_t done(const struct virtio_blk *vb)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < vb->blk.num_queues; i++)
		n += vb->queues[i]->stats.completed;
	return n;
}

/* The device forgets all; it is brought up as it was, with nothing on its rings. */
static int begin_again(struct virtio_blk *vb)
{
	uint64_t features = vb->vd->features;
	uint32_t block = vb->blk.logical_block;
	unsigned int i;
	int err = pv_virtio_reset_again(vb->vd, done(vb));

	pv_virtio_stop(vb->vd);
	for (i = 0; i < vb->blk.num_queues; i++)
		pv_virtio_blk_ring_rewind(queue(vb, i));
	bring_down(vb, false);
	if (!err && vb->vd->held)
		err = PV_ERESET;
	if (!err)
		err = bring_up(vb);
	if (!err)
		err = pv_virtio_same_features(vb->vd, features);
	if (!err && vb->blk.logical_block != block) {
		pv_err("%s: blocks of %u bytes, were %u", vb->blk.name, vb->blk.logical_block,
		       block);
		err = PV_ERESET;
	}
	if (err)
		bring_down(vb, true);
	else
		pv_virtio_ready(vb->vd);
	return err;
}

/* The device needs a reset: what is in flight is done again, or lost. */
static void recover(struct virtio_blk *vb)
{
	uint64_t capacity = vb->blk.capacity;
	uint32_t flags = vb->blk.flags;
	int err = begin_again(vb);
	unsigned int i;

	if (err)
		(void)pv_device_break(&vb->vd->dev, "the device could not be reset to what it was");
	for (i = 0; i < vb->blk.num_queues; i++) {
		if (err)
			pv_blk_fail_waiting(vb->queues[i], err == PV_ENOTSUP ? err : PV_ERESET);
		else
			pv_blk_queue_init(vb->queues[i]);
		pv_blk_event(vb->queues[i]);
	}
	if (err || vb->blk.capacity != capacity || vb->blk.flags != flags)
		pv_blk_changed(&vb->blk);
}

static void changed(struct pv_device *dev)
{
	struct virtio_blk *vb = dev->priv;
	uint64_t before = vb->blk.capacity;
	struct config c;

	if (pv_virtio_gone(vb->vd)) {
		pv_device_remove(dev);
		return;
	}
	if (pv_device_broken(dev))
		return;
	if (pv_virtio_needs_reset(vb->vd)) {
		recover(vb);
		return;
	}
	if (pv_virtio_config(vb->vd, read_config, &c) || capacity_set(vb, c.capacity))
		return;
	if (vb->blk.capacity == before)
		return;
	pv_info("%s: %llu sectors, were %llu", vb->blk.name, (unsigned long long)vb->blk.capacity,
		(unsigned long long)before);
	pv_blk_changed(&vb->blk);
}

static bool idle(const struct pv_device *dev)
{
	const struct virtio_blk *vb = dev->priv;

	return !vb->blk.opens;
}

static bool match(const struct pv_device *dev)
{
	return pv_virtio_is(dev, VIRTIO_ID_BLOCK);
}

const struct pv_driver pv_virtio_blk = {
	.name = "virtio-blk",
	.match = match,
	.probe = probe,
	.remove = remove,
	.changed = changed,
	.idle = idle,
};
