/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The block frontend's data path against a backend that answers what it likes, scribbles on the
 * ring, keeps pages mapped, and starts again. Each request that was accepted is done once, and
 * every grant comes back.
 *
 * What the two negotiate is set here, not read from a store: that is fuzzed by "xenbus".
 */
#include "drivers/blkfront/blkfront.h"
#include "kernel.h"
#include "pv-core/xen/events.h"
#include "xen.h"

#define REQS   24u
#define STARTS 2u /* further ones; they take the most time */

static struct pv_xenbus_device xd;
static struct blkfront bf;
static struct pv_blk *blk;
static uint8_t data[8 * 4096] PV_ALIGNED(4096);
static uint32_t req_cons; /* the backend's */
static unsigned int starts;

static struct blkif_sring *sring(void)
{
	return (struct blkif_sring *)bf.ring.shared;
}

/* --- the connection --------------------------------------------------------------------------- */

static void negotiate(void)
{
	uint8_t how = fuzz_u8();

	bf.blk.logical_block = how & 1 ? 4096 : 512;
	bf.blk.physical_block = bf.blk.logical_block;
	bf.blk.capacity = 4096;
	bf.blk.flags = PV_BLK_F_SYNC | PV_BLK_F_DISCARD;
	bf.blk.max_discard = 1024;
	bf.sync_op = how & 2 ? BLKIF_OP_FLUSH_DISKCACHE : BLKFRONT_NO_SYNC_OP;
	bf.pool_wanted = PV_CONFIG_BLK_PERSISTENT;
	bf.persistent = how & 4 || xd.dev.untrusted;
	bf.max_segs = how & 8 ? 12 : 1 + how % 11;
	bf.q.limits.max_bytes = bf.max_segs * PV_PAGE_SIZE;
	bf.q.limits.page_pieces = !bf.persistent;
	bf.q.limits.max_segs = bf.persistent ? BLKFRONT_SEGS : bf.max_segs;
	bf.q.limits.max_seg_len = bf.persistent ? bf.q.limits.max_bytes : PV_PAGE_SIZE;
}

static void disconnect(void)
{
	bf.up = false;
	pv_evtchn_close(bf.port);
	bf.port = 0;
	pv_blkfront_parts_stop(&bf);
	pv_blkfront_ring_stop(&bf);
}

static bool connect(void)
{
	int err = pv_blkfront_ring_start(&bf, 0);

	bf.fired = false;
	if (!err)
		bf.port = pv_evtchn_alloc_unbound(FUZZ_PEER, pv_blkfront_event, &bf);
	if (err || bf.port < 0)
		return false;
	pv_evtchn_set_late(bf.port);
	(void)pv_fake_xen_peer_bind(FUZZ_PEER, (uint32_t)bf.port);
	negotiate();
	req_cons = 0;
	if (pv_blkfront_parts_start(&bf))
		return false;
	bf.up = true;
	return true;
}

/* As the driver's resume. */
static void again(void)
{
	int err;

	starts++;
	bf.up = false;
	err = pv_blkfront_rewind(&bf);
	disconnect();
	if (err || !connect()) {
		bf.up = false;
		(void)pv_device_break(&xd.dev, "it did not come back");
		return;
	}
	pv_blk_queue_init(&bf.q);
	pv_blk_event(&bf.q);
}

/* --- what happens ----------------------------------------------------------------------------- */

static void submit(void)
{
	unsigned int segs = 1 + fuzz_below(3);
	struct fuzz_request *r;
	struct pv_blk_req *req;
	uint8_t op = fuzz_u8();

	r = fuzz_request(segs);
	if (!r)
		return;
	req = &r->req;
	req->op = op % 5;
	req->sector = fuzz_u8() * 8u;
	req->num_sectors = 8;
	while (segs--) {
		uint8_t where = fuzz_u8();

		r->seg[segs].va = data + 512 * (where % 32);
		r->seg[segs].len = op & 128 ? 4096 * (1 + (where >> 6)) : 512 << (where >> 5) % 4;
	}
	fuzz_request_submit(&bf.q, r);
}

static void show(uint32_t rsp_prod)
{
	sring()->rsp_prod = rsp_prod;
	pv_fake_xen_peer_send((uint32_t)bf.port);
}

static void answer(void)
{
	uint8_t how = fuzz_u8();
	union blkif_sring_entry *slot;
	struct blkif_request rq;
	uint32_t at;

	if (req_cons == sring()->req_prod)
		return;
	rq = sring()->ring[req_cons++ % bf.ring.size].req;
	if (how & 1)
		fuzz_xen_keep(rq.seg[0].gref);
	at = sring()->rsp_prod;
	slot = &sring()->ring[at % bf.ring.size];
	slot->rsp.id = rq.id;
	slot->rsp.operation = rq.operation;
	slot->rsp.status = how < 0xe0 ? BLKIF_RSP_OKAY : (int16_t)(int8_t)fuzz_u8();
	show(at + 1);
}

static void step(void)
{
	uint8_t op = fuzz_u8();

	switch (op % 10) {
	case 0:
	case 1:
		submit();
		break;
	case 2:
		pv_blk_flush(&bf.q);
		break;
	case 3:
	case 4:
		answer();
		break;
	case 5:
		pv_blk_poll(&bf.q, 1 + (op >> 3));
		break;
	case 6:
		fuzz_xen_scribble(bf.ring.shared, 1024, op >> 4);
		break;
	case 7:
		show(sring()->rsp_prod + fuzz_u8());
		break;
	case 8:
		if (op & 64)
			fuzz_xen_let_go();
		pv_grant_retry();
		break;
	case 9:
		if (op >= 0xe0 && starts < STARTS && !pv_device_broken(&xd.dev))
			again();
		else
			(void)pv_evtchn_work();
		break;
	}
}

static void wake(void *arg)
{
	(void)arg;
}

static void released(struct pv_blk *b)
{
	(void)b;
}

static void one(void)
{
	uint8_t how = fuzz_u8();

	fuzz_requests_new(REQS);
	memset(&bf, 0, sizeof(bf));
	starts = 0;
	fuzz_xen_device(&xd, "vbd/1", PV_CLASS_BLK);
	xd.dev.untrusted = how & 4;
	bf.xd = &xd;
	bf.blk.dev = &xd.dev;
	bf.blk.queue = bf.queues;
	bf.blk.num_queues = 1;
	bf.queues[0] = &bf.q;
	bf.q.ops = &pv_blkfront_ops;
	bf.q.blk = &bf.blk;
	pv_fake.alloc_fail_at = how & 1 ? 1 + fuzz_below(80) : 0;
	if (!connect()) {
		disconnect();
		fuzz_xen_end();
		return;
	}
	pv_fake.alloc_fail_at = 0;
	pv_blk_register(&bf.blk);
	blk = pv_blk_open(0);
	pv_blk_set_event(&bf.q, how & 2 ? wake : NULL, NULL);
	fuzz_shared(true);
	while (fuzz_left() && bf.num_parts)
		step();
	fuzz_shared(false);
	if (pv_device_broken(&xd.dev)) {
		pv_blk_poll(&bf.q, 1000);
		pv_blk_poll(&bf.q, 1000);
		fuzz_requests_done();
	}
	pv_blk_unregister(&bf.blk);
	bf.up = false;
	pv_blkfront_lose(&bf, PV_EGONE);
	disconnect();
	pv_blk_release(&bf.blk, released);
	pv_blk_poll(&bf.q, 1000);
	fuzz_requests_done();
	pv_blk_close(blk);
	fuzz_xen_end();
}

const struct fuzz_target fuzz_blkback = {.name = "blkback", .start = fuzz_xen_start, .one = one};
