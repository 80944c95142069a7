/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen block frontend (xen/io/blkif.h): life cycle.
 *
 *	probe	connect, publish the block device
 *	changed	the capacity is another, or the device is broken
 *	lost	there is no backend, and nothing of ours with it: as resume begins
 *	resume	the backend started again: what is in flight goes back to those that wait;
 *		connect anew, and go on
 *	remove	close the connection; when the backend has let go, what is in flight is lost
 *
 * connect and disconnect mirror each other, and disconnect begins wherever connect got to.
 */
#include <pv/log.h>
#include <pv/os.h>
#include <pv/xen.h>

#include "drivers/blkfront/blkfront.h"
#include "pv-core/xen/events.h"

/* --- the connection --------------------------------------------------------------------------- */

static int offer(struct blkfront *bf)
{
	int err = pv_blkfront_ring_start(bf, pv_blkfront_ring_order(bf));

	if (err)
		return err;
	bf->fired = false;
	bf->worked = false;
	err = pv_evtchn_alloc_unbound(bf->xd->backend_id, pv_blkfront_event, bf);
	if (err < 0)
		return err;
	bf->port = err;
	pv_evtchn_set_late(bf->port);
	return pv_blkfront_publish(bf);
}

static int accept(struct blkfront *bf)
{
	int err;

	err = pv_xenbus_wait_backend(bf->xd, PV_XENBUS_BIT(XenbusStateConnected),
				     PV_CONFIG_XENBUS_MS);
	if (err < 0)
		return err;
	err = pv_blkfront_properties(bf);
	if (!err)
		err = pv_blkfront_parts_start(bf);
	if (!err)
		err = pv_xenbus_switch(bf->xd, PV_XS_NO_TX, XenbusStateConnected);
	return err;
}

/* Nothing is in flight. The backend has let go, or keeps what it has in quarantine. */
static void disconnect(struct blkfront *bf)
{
	bf->up = false;
	pv_evtchn_close(bf->port);
	bf->port = 0;
	pv_blkfront_parts_stop(bf);
	pv_blkfront_ring_stop(bf);
}

static int connect(struct blkfront *bf)
{
	int err = offer(bf);

	if (!err)
		err = accept(bf);
	if (err) {
		pv_xenbus_error(bf->xd, err, "the block device cannot be connected");
		(void)pv_xenbus_close(bf->xd);
		disconnect(bf);
		return err;
	}
	bf->up = true;
	return 0;
}

static void say(const struct blkfront *bf)
{
	const char *grants = bf->persistent ? "persistent" : "per-request";

	if (bf->xd->dev.untrusted)
		grants = "untrusted, its data are copied: persistent";
	pv_info("%s: %llu sectors, blocks of %u; %u requests of %u segments, %s grants",
		bf->xd->dev.name, (unsigned long long)bf->blk.capacity, bf->blk.logical_block,
		bf->num_parts, bf->max_segs, grants);
}

/* --- life cycle ------------------------------------------------------------------------------- */

static int probe(struct pv_device *dev)
{
	struct blkfront *bf = pv_os_alloc(sizeof(*bf));
	int err;

	if (!bf)
		return PV_ENOMEM;
	bf->xd = pv_xenbus_of(dev);
	bf->blk.dev = dev;
	bf->blk.queue = bf->queues;
	bf->blk.num_queues = 1;
	bf->queues[0] = &bf->q;
	bf->q.ops = &pv_blkfront_ops;
	bf->q.blk = &bf->blk;
	err = connect(bf);
	if (err) {
		pv_os_free(bf, sizeof(*bf));
		return err;
	}
	dev->priv = bf;
	say(bf);
	pv_blk_register(&bf->blk);
	/* Without, it works, but a disk that grows is not noticed. */
	err = pv_xenbus_watch(bf->xd, "sectors");
	if (err)
		pv_warn("%s: its capacity cannot be watched, error %d", dev->name, err);
	return 0;
}

static void release(struct pv_blk *blk)
{
	struct blkfront *bf = pv_container_of(blk, struct blkfront, blk);

	pv_os_free(bf, sizeof(*bf));
}

static void remove(struct pv_device *dev)
{
	struct blkfront *bf = dev->priv;

	pv_blk_unregister(&bf->blk);
	bf->up = false;
	if (pv_xenbus_close(bf->xd))
		pv_warn("%s: its backend does not let go", dev->name);
	pv_blkfront_lose(bf, PV_EGONE);
	disconnect(bf);
	dev->priv = NULL;
	pv_blk_release(&bf->blk, release);
}

/*
 * The toolstack and the kernel learn that it is broken; the kernel's polls then give back what is
 * in flight.
 */
static void tell(struct blkfront *bf)
{
	if (bf->told)
		return;
	bf->told = true;
	pv_xenbus_error(bf->xd, PV_EPROTO, bf->xd->dev.reason);
	pv_blk_event(&bf->q);
	pv_blk_changed(&bf->blk);
}

static void changed(struct pv_device *dev)
{
	struct blkfront *bf = dev->priv;
	uint64_t before = bf->blk.capacity;

	if (pv_device_broken(dev)) {
		tell(bf);
		return;
	}
	/*
	 * A backend that takes the old ring answers by what it does not know: all is done again
	 * instead.
	 */
	if (bf->xd->lost)
		bf->up = false;
	if (!bf->up || pv_blkfront_capacity(bf) || bf->blk.capacity == before)
		return;
	pv_info("%s: %llu sectors, were %llu", bf->blk.name, (unsigned long long)bf->blk.capacity,
		(unsigned long long)before);
	pv_blk_changed(&bf->blk);
}

/* What was in flight waits. */
static int take_back(struct blkfront *bf)
{
	int err;

	bf->up = false;
	err = pv_blkfront_rewind(bf);
	disconnect(bf);
	return err;
}

/* If that cannot be, resume is not called, but the device removed. */
static void lost(struct pv_device *dev)
{
	(void)!take_back(dev->priv);
}

static int resume(struct pv_device *dev)
{
	struct blkfront *bf = dev->priv;
	uint32_t block = bf->blk.logical_block, flags = bf->blk.flags;
	uint64_t capacity = bf->blk.capacity;
	int err = take_back(bf);

	if (!err)
		err = connect(bf);
	if (!err && bf->blk.logical_block != block) {
		pv_err("%s: blocks of %u bytes, were %u", dev->name, bf->blk.logical_block, block);
		err = PV_EIO;
	}
	if (err) {
		bf->up = false;
		return err;
	}
	say(bf);
	pv_blk_queue_init(&bf->q);
	pv_blk_event(&bf->q);
	if (bf->blk.capacity != capacity || bf->blk.flags != flags)
		pv_blk_changed(&bf->blk);
	return 0;
}

static bool match(const struct pv_device *dev)
{
	return pv_xenbus_is(dev, "vbd");
}

const struct pv_driver pv_blkfront = {
	.name = "blkfront",
	.match = match,
	.probe = probe,
	.remove = remove,
	.changed = changed,
	.lost = lost,
	.resume = resume,
};
