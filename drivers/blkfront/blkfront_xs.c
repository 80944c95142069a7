/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The Xen block frontend's negotiation, by nodes of xenstore (xen/io/blkif.h, "Feature and
 * Parameter Negotiation").
 *
 *	backend, InitWait	max-ring-page-order, max-ring-pages: how large a ring it takes
 *	frontend, Initialised	ring-ref, or ring-page-order and ring-ref0...; event-channel,
 *				protocol, feature-persistent
 *	backend, Connected	sectors, sector-size, physical-sector-size, info, mode;
 *				feature-flush-cache, feature-barrier, feature-discard,
 *				feature-persistent, feature-max-indirect-segments
 *	frontend, Connected
 *
 * What the backend writes is input of a stranger: a number that is none counts as absent where
 * there is a default, and is refused where there is none, or where it would be dangerous.
 *
 * FLUSHES. FLUSH_DISKCACHE is preferred, an empty WRITE_BARRIER does the same. A backend that
 * says 0 to both has no cache to be flushed (Linux derives its 0 from that); one that says
 * nothing at all of either has not promised that, and PV_BLK_SYNC is answered with PV_ENOTSUP.
 */
#include <pv/log.h>
#include <pv/string.h>

#include "drivers/blkfront/blkfront.h"

#define MAX_BLOCK    65536u
#define MAX_CAPACITY (~0ull >> 16) /* sectors; far from where sums of sectors or bytes wrap */

/* --- before the connection -------------------------------------------------------------------- */

unsigned int pv_blkfront_ring_order(struct blkfront *bf)
{
	uint64_t order, pages;
	struct pv_xs_item items[] = {
		{.key = "max-ring-page-order", .value = &order},
		{.key = "max-ring-pages", .value = &pages, .def = 1}, /* its older name */
	};

	if (pv_xenbus_gather_backend(bf->xd, items, PV_ARRAY_SIZE(items)))
		return 0;
	if (items[0].err)
		for (order = 0; order < 32 && 2ull << order <= pages; order++)
			;
	return order < PV_CONFIG_BLK_RING_ORDER ? (unsigned int)order : PV_CONFIG_BLK_RING_ORDER;
}

/* What a predecessor may have left in our folder, and would be taken for ours. */
static const char *const stale[] = {
	"multi-queue-num-queues", "feature-large-sector-size", "ring-ref", "ring-page-order",
	"num-ring-pages",
};

static int remove_stale(struct pv_xenbus_device *xd, pv_xs_tx tx)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < PV_ARRAY_SIZE(stale) && !err; i++) {
		err = pv_xenbus_rm(xd, tx, stale[i]);
		if (err == PV_ENOENT)
			err = 0;
	}
	return err;
}

static int write_ring(struct blkfront *bf, pv_xs_tx tx)
{
	struct pv_xenbus_device *xd = bf->xd;
	unsigned int i, pages = 1u << bf->ring_order;
	char key[16];
	int err;

	if (pages == 1)
		return pv_xenbus_printf(xd, tx, "ring-ref", "%d", bf->ring_ref[0]);
	err = pv_xenbus_printf(xd, tx, "ring-page-order", "%u", bf->ring_order);
	if (!err)
		err = pv_xenbus_printf(xd, tx, "num-ring-pages", "%u", pages);
	for (i = 0; i < pages && !err; i++) {
		pv_snprintf(key, sizeof(key), "ring-ref%u", i);
		err = pv_xenbus_printf(xd, tx, key, "%d", bf->ring_ref[i]);
	}
	return err;
}

static int write_nodes(pv_xs_tx tx, void *arg)
{
	struct blkfront *bf = arg;
	struct pv_xenbus_device *xd = bf->xd;
	int err;

	err = remove_stale(xd, tx);
	if (!err)
		err = write_ring(bf, tx);
	if (!err)
		err = pv_xenbus_printf(xd, tx, "event-channel", "%d", bf->port);
	if (!err)
		err = pv_xenbus_printf(xd, tx, "protocol", XEN_IO_PROTO_ABI_X86_64);
	if (!err)
		err = pv_xenbus_printf(xd, tx, "feature-persistent", "%d",
				       PV_CONFIG_BLK_PERSISTENT ? 1 : 0);
	if (!err)
		err = pv_xenbus_switch(xd, tx, XenbusStateInitialised);
	return err;
}

int pv_blkfront_publish(struct blkfront *bf)
{
	return pv_xs_transaction(write_nodes, bf);
}

/* --- of the connected backend ----------------------------------------------------------------- */

struct properties {
	uint64_t sectors, sector_size, physical_sector_size, info;
	uint64_t flush, barrier, discard, persistent, indirect;
	bool says_flush; /* whether it says anything about flushes */
	bool read_only;
};

static int read_properties(struct blkfront *bf, struct properties *p)
{
	struct pv_xs_item items[] = {
		{.key = "sectors", .value = &p->sectors},
		{.key = "sector-size", .value = &p->sector_size, .def = PV_BLK_SECTOR},
		{.key = "physical-sector-size", .value = &p->physical_sector_size},
		{.key = "info", .value = &p->info},
		{.key = "feature-flush-cache", .value = &p->flush},
		{.key = "feature-barrier", .value = &p->barrier},
		{.key = "feature-discard", .value = &p->discard},
		{.key = "feature-persistent", .value = &p->persistent},
		{.key = "feature-max-indirect-segments", .value = &p->indirect},
	};
	char mode[8];
	int err;

	err = pv_xenbus_gather_backend(bf->xd, items, PV_ARRAY_SIZE(items));
	if (err)
		return err;
	if (items[0].err || items[1].err == PV_EINVAL) {
		pv_err("%s: its backend's %s is no number, or not there", bf->xd->dev.name,
		       items[0].err ? "sectors" : "sector-size");
		return PV_EPROTO;
	}
	p->says_flush = items[4].err != PV_ENOENT || items[5].err != PV_ENOENT;
	p->read_only =
		pv_xenbus_read_backend(bf->xd, "mode", mode, sizeof(mode)) > 0 && mode[0] == 'r';
	return 0;
}

/* A last, incomplete block cannot be reached. */
static int set_capacity(struct blkfront *bf, uint64_t sectors)
{
	if (sectors > MAX_CAPACITY) {
		pv_err("%s: a capacity of 0x%llx sectors is not possible", bf->xd->dev.name,
		       (unsigned long long)sectors);
		return PV_ENOTSUP;
	}
	bf->blk.capacity = sectors & ~(uint64_t)(bf->blk.logical_block / PV_BLK_SECTOR - 1);
	return 0;
}

static bool power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static int set_blocks(struct blkfront *bf, const struct properties *p)
{
	struct pv_blk *blk = &bf->blk;

	if (!power_of_two(p->sector_size) || p->sector_size < PV_BLK_SECTOR ||
	    p->sector_size > MAX_BLOCK) {
		pv_err("%s: blocks of %llu bytes are not possible", bf->xd->dev.name,
		       (unsigned long long)p->sector_size);
		return PV_ENOTSUP;
	}
	blk->logical_block = (uint32_t)p->sector_size;
	blk->physical_block = blk->logical_block;
	if (power_of_two(p->physical_sector_size) && p->physical_sector_size > p->sector_size &&
	    p->physical_sector_size <= ~0u)
		blk->physical_block = (uint32_t)p->physical_sector_size;
	return set_capacity(bf, p->sectors);
}

static void set_flags(struct blkfront *bf, const struct properties *p)
{
	struct pv_blk *blk = &bf->blk;

	blk->flags = 0;
	blk->max_discard = 0;
	if (p->info & VDISK_CDROM)
		blk->flags |= PV_BLK_F_CDROM;
	if (p->info & VDISK_REMOVABLE)
		blk->flags |= PV_BLK_F_REMOVABLE;
	if (p->info & VDISK_READONLY || p->read_only)
		blk->flags |= PV_BLK_F_READ_ONLY;
	if (p->flush || p->barrier || !p->says_flush)
		blk->flags |= PV_BLK_F_SYNC;
	bf->sync_op = BLKFRONT_NO_SYNC_OP;
	if (p->flush)
		bf->sync_op = BLKIF_OP_FLUSH_DISKCACHE;
	else if (p->barrier)
		bf->sync_op = BLKIF_OP_WRITE_BARRIER;
	if (p->discard) {
		blk->flags |= PV_BLK_F_DISCARD;
		blk->max_discard = ~0u & ~(blk->logical_block / PV_BLK_SECTOR - 1);
	}
}

/* What one part may be. */
static int set_limits(struct blkfront *bf, const struct properties *p)
{
	struct pv_blk_limits *limits = &bf->q.limits;
	uint32_t segs = BLKIF_MAX_SEGMENTS_PER_REQUEST;

	if (p->indirect > segs)
		segs = p->indirect < BLKFRONT_INDIRECT ? (uint32_t)p->indirect : BLKFRONT_INDIRECT;
	if (segs > BLKFRONT_SEGS)
		segs = BLKFRONT_SEGS;
	bf->pool_wanted = PV_CONFIG_BLK_PERSISTENT ? PV_CONFIG_BLK_PERSISTENT : PV_CONFIG_BOUNCE;
	bf->persistent = (PV_CONFIG_BLK_PERSISTENT && p->persistent) || bf->xd->dev.untrusted;
	if (bf->persistent)
		segs = segs < bf->pool_wanted ? segs : bf->pool_wanted;
	bf->max_segs = segs;
	limits->max_bytes = segs * PV_PAGE_SIZE & ~(bf->blk.logical_block - 1);
	if (!limits->max_bytes) {
		pv_err("%s: no block of %u bytes fits into a request of %u segments",
		       bf->xd->dev.name, bf->blk.logical_block, segs);
		return PV_ENOTSUP;
	}
	/* What is copied may come in pieces of any kind. */
	limits->page_pieces = !bf->persistent;
	limits->max_segs = bf->persistent ? BLKFRONT_SEGS : segs;
	limits->max_seg_len = bf->persistent ? limits->max_bytes : PV_PAGE_SIZE;
	return 0;
}

int pv_blkfront_properties(struct blkfront *bf)
{
	struct properties p;
	uint64_t handle = 0;
	int err;

	err = read_properties(bf, &p);
	if (!err)
		err = set_blocks(bf, &p);
	if (err)
		return err;
	set_flags(bf, &p);
	if (pv_xenbus_read_u64(bf->xd, "virtual-device", &handle))
		pv_dbg("%s: no number of a virtual device", bf->xd->dev.name);
	bf->handle = (uint16_t)handle;
	pv_xenbus_read_trust(bf->xd);
	return set_limits(bf, &p);
}

int pv_blkfront_capacity(struct blkfront *bf)
{
	uint64_t sectors;
	int err = pv_xenbus_read_backend_u64(bf->xd, "sectors", 0, &sectors);

	return err ? err : set_capacity(bf, sectors);
}
