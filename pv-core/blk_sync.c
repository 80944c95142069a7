/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Block requests that wait, for simple kernels: submit, flush, and poll until done.
 *
 * The queue's event is armed while it waits, so that a port whose pv_os_relax() halts is woken by
 * the completion. If the device takes too long it is broken, so that the driver takes the buffer
 * back from it: the request is on this function's stack.
 */
#include <pv/blk.h>
#include <pv/config.h>
#include <pv/log.h>
#include <pv/shared.h>
#include <pv/wait.h>

#include "pv-core/blk_driver.h"

#define BUDGET 64 /* parts for each look at what is waited for */

struct sync {
	struct pv_blk_req req;
	struct pv_blk_queue *q;
	bool done;
};

static void done(struct pv_blk_req *req)
{
	struct sync *s = req->user;

	s->done = true;
}

/* An interrupt is enough: it ends pv_os_relax(). */
static void woken(void *arg)
{
	(void)arg;
}

static bool is_done(void *arg)
{
	struct sync *s = arg;

	if (!s->done)
		(void)pv_blk_poll(s->q, BUDGET);
	return s->done;
}

/* The driver gives everything in flight back once the device is broken, or has gone. */
static void take_back(struct pv_blk *blk, struct sync *s)
{
	int n;

	pv_err("%s: sector %llu: waited %u ms for a request of kind %u", blk->name,
	       (unsigned long long)s->req.sector, PV_CONFIG_SYNC_MS, s->req.op);
	if (!blk->gone)
		(void)pv_device_break(blk->dev, "a request took too long");
	while (!s->done) {
		n = pv_blk_poll(s->q, BUDGET);
		PV_ASSERT(n > 0);
	}
}

static int run(struct pv_blk *blk, enum pv_blk_op op, uint64_t sector, void *buf, uint32_t len)
{
	struct pv_seg seg = {.va = buf, .len = len};
	struct sync s = {
		.req = {.op = (uint8_t)op,
			.num_segs = 1,
			.sector = sector,
			.segs = &seg,
			.done = done},
		.q = blk->queue[0],
	};
	bool alone = !s.q->event;
	int err;

	s.req.user = &s;
	pv_os_control_lock();
	if (alone)
		pv_blk_set_event(s.q, woken, NULL);
	err = pv_blk_submit(s.q, &s.req);
	if (!err) {
		pv_blk_flush(s.q);
		err = pv_wait_until(is_done, &s, PV_CONFIG_SYNC_MS);
		if (err)
			take_back(blk, &s);
		else
			err = s.req.status;
	}
	if (alone)
		pv_blk_set_event(s.q, NULL, NULL);
	pv_os_control_unlock();
	return err;
}

int pv_blk_read(struct pv_blk *blk, uint64_t sector, void *buf, uint32_t len)
{
	return run(blk, PV_BLK_READ, sector, buf, len);
}

int pv_blk_write(struct pv_blk *blk, uint64_t sector, const void *buf, uint32_t len)
{
	return run(blk, PV_BLK_WRITE, sector, (void *)(uint64_t)buf, len);
}

int pv_blk_sync(struct pv_blk *blk)
{
	return run(blk, PV_BLK_SYNC, 0, NULL, 0);
}
