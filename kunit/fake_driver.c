/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_driver.h"

static struct fake_driver *fake_of(struct pv_blk_queue *q)
{
	return pv_container_of(q, struct fake_driver, q);
}

static int issue(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	struct fake_driver *f = fake_of(q);
	struct fake_part *p = &f->part[f->num % PARTS];

	if (f->num - f->first >= f->room)
		return PV_EBUSY;
	p->req = req;
	p->num = 0;
	p->bytes = 0;
	if (req->op == PV_BLK_SYNC) {
		pv_blk_take_sync(req);
	} else if (req->op > PV_BLK_WRITE) {
		p->bytes = pv_blk_take_range(req, 24, &p->sector);
	} else {
		p->piece = pv_blk_take(q, req, p->seg, &p->num, &p->sector, &p->bytes);
		if (!p->piece)
			return PV_EINVAL;
		if (f->untakes && f->takes++ % 2 == 0) {
			pv_blk_untake(req, p->sector, p->bytes);
			return PV_EBUSY;
		}
	}
	f->num++;
	return 0;
}

static void flush(struct pv_blk_queue *q)
{
	fake_of(q)->flushes++;
}

static int poll(struct pv_blk_queue *q, int budget)
{
	struct fake_driver *f = fake_of(q);
	bool broken = pv_device_broken(&f->dev);
	int n = 0;

	while (n < budget && f->first < f->num && (broken || f->complete)) {
		struct fake_part *p = &f->part[f->first++ % PARTS];

		if (f->complete)
			f->complete--;
		n++;
		pv_blk_part_done(q, p->req, broken ? PV_EPROTO : f->error);
	}
	return n;
}

static bool arm(struct pv_blk_queue *q, bool on)
{
	struct fake_driver *f = fake_of(q);

	if (!on) {
		f->disarms++;
		return false;
	}
	f->arms++;
	if (!f->arm_finds)
		return false;
	f->arm_finds--;
	f->complete++;
	return true;
}

static const struct pv_blk_ops ops = {.issue = issue, .flush = flush, .poll = poll, .arm = arm};

static void bus_release(struct pv_device *dev)
{
	(void)dev;
}

static const struct pv_bus bus = {.name = "test", .release = bus_release};

void fake_driver_release(struct pv_blk *blk)
{
	pv_container_of(blk, struct fake_driver, blk)->released = true;
}

int fake_driver_init(struct kunit *test)
{
	struct fake_driver *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return PV_ENOMEM;
	test->priv = f;
	f->room = PARTS;
	f->complete = PARTS;
	f->dev.bus = &bus;
	f->dev.state = PV_DEV_LIVE;
	f->dev.holds = 1;
	pv_memcpy(f->dev.name, "test 0", 7);
	f->queues[0] = &f->q;
	f->q.ops = &ops;
	f->q.blk = &f->blk;
	f->q.limits.max_segs = 4;
	f->q.limits.max_seg_len = 8192;
	f->q.limits.max_bytes = 16384;
	f->blk.dev = &f->dev;
	f->blk.queue = f->queues;
	f->blk.num_queues = 1;
	f->blk.capacity = 1000;
	f->blk.logical_block = 512;
	f->blk.flags = PV_BLK_F_SYNC | PV_BLK_F_DISCARD | PV_BLK_F_WRITE_ZEROES;
	pv_blk_register(&f->blk);
	if (pv_blk_open(f->blk.index) != &f->blk)
		return PV_ENOENT;
	f->opened = true;
	return 0;
}

void fake_driver_exit(struct kunit *test)
{
	struct fake_driver *f = test->priv;

	if (!f->opened)
		return;
	if (!f->blk.gone) {
		pv_blk_unregister(&f->blk);
		pv_blk_release(&f->blk, fake_driver_release);
	}
	pv_blk_close(&f->blk);
}

static void done(struct pv_blk_req *req)
{
	struct fake_driver *f = req->user;
	struct pv_blk_req *again = f->resubmit;

	f->order[f->done++ % REQS] = (unsigned int)(req - f->req);
	f->resubmit = NULL;
	if (again)
		(void)!pv_blk_submit(&f->q, again);
}

struct pv_blk_req *fake_driver_request(struct fake_driver *f, unsigned int i, uint8_t op,
				       uint64_t sector, const uint32_t *lens)
{
	struct pv_blk_req *req = &f->req[i];
	unsigned int n;

	pv_memset(req, 0, sizeof(*req));
	for (n = 0; lens[n]; n++) {
		f->seg[i][n].va = fake_address(0x100000ull * (i + 1) + 0x10000 * n);
		f->seg[i][n].len = lens[n];
	}
	req->op = op;
	req->sector = sector;
	req->num_segs = (uint16_t)n;
	req->segs = f->seg[i];
	req->done = done;
	req->user = f;
	return req;
}
