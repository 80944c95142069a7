/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_vbd.h"

#include <pv/string.h>
#include <pv/xen.h>

#include "pv-core/bus.h"

static const struct pv_driver *const drivers[] = {&pv_blkfront, NULL};

int fake_vbd_init(struct kunit *test)
{
	struct fake_vbd *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);
	int err;

	if (!v)
		return PV_ENOMEM;
	fake_store.no_console = true;
	err = fake_store_up(test);
	if (err)
		return err;
	v->mem = pv_os_pages_alloc(PAGES);
	fake_blkback_init(test, &v->back);
	test->priv = v;
	pv_bus_set_drivers(drivers);
	err = pv_xenbus.scan(NULL);
	fake_vbd_work();
	v->allocs = pv_fake.live_allocs;
	v->pages = pv_fake.live_pages;
	v->granted = pv_fake_xen_granted();
	v->ports = pv_fake_xen_ports();
	return err;
}

void fake_vbd_exit(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	pv_fake.relax = NULL;
	pv_fake.shared_read = NULL;
	if (v->blk)
		pv_blk_close(v->blk);
	pv_bus_remove_all();
	fake_blkback_exit(&v->back);
	fake_vbd_expect_clean(test);
	pv_xenbus.end();
	pv_bus_set_drivers(NULL);
	pv_os_pages_free(v->mem, PAGES);
	fake_store_down(test);
}

void fake_vbd_work(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		pv_fake_xs_run();
		if (!(pv_xenbus.work() + pv_bus_work()) && i > 2)
			break;
	}
}

static void find(struct fake_vbd *v)
{
	struct pv_device *dev;

	v->dev = NULL;
	v->bf = NULL;
	pv_for_each_device (dev) {
		if (!pv_strncmp(dev->name, "vbd/", 4)) {
			v->dev = dev;
			v->bf = dev->priv;
		}
	}
}

void fake_vbd_found(struct kunit *test)
{
	fake_vbd_work();
	find(test->priv);
}

void fake_vbd_plug(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_blkback_plug(&v->back, 51712);
	fake_vbd_found(test);
}

void fake_vbd_up(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_blkback_plug(&v->back, 51712);
	fake_vbd_open(test);
}

void fake_vbd_open(struct kunit *test)
{
	struct fake_vbd *v = test->priv;

	fake_vbd_found(test);
	KUNIT_ASSERT_NOT_NULL(test, v->bf);
	v->blk = pv_blk_open(0);
	KUNIT_ASSERT_NOT_NULL(test, v->blk);
	v->q = pv_blk_queue(v->blk, 0);
	KUNIT_ASSERT_NOT_NULL(test, v->q);
}

void fake_vbd_begin_at(struct fake_vbd *v, uint32_t index)
{
	struct blkif_sring *sring = v->back.sring;
	struct pv_xring *r = &v->bf->ring;

	r->req_prod = r->pushed = r->rsp_seen = r->rsp_cons = index;
	v->back.req_cons = v->back.rsp_prod = index;
	sring->req_prod = sring->rsp_prod = index;
	sring->req_event = sring->rsp_event = index + 1;
}

void fake_vbd_unplug(struct fake_vbd *v)
{
	pv_fake_xs_device_rm("vbd", 51712);
	fake_vbd_work();
	find(v);
}

static void done(struct pv_blk_req *req)
{
	struct fake_vbd *v = req->user;

	v->done[req - v->req]++;
	v->total++;
}

struct pv_blk_req *fake_vbd_request(struct fake_vbd *v, unsigned int i, uint8_t op, uint64_t sector,
				    unsigned int pages)
{
	struct pv_blk_req *req = &v->req[i];

	pv_memset(req, 0, sizeof(*req));
	v->seg[i][0].va = v->mem + i % PAGES * 4096;
	v->seg[i][0].len = pages * 4096;
	req->op = op;
	req->sector = sector;
	req->num_segs = pages ? 1 : 0;
	req->segs = v->seg[i];
	req->done = done;
	req->user = v;
	req->status = 77;
	return req;
}

void fake_vbd_submit(struct kunit *test, unsigned int i, uint8_t op, uint64_t sector,
		     unsigned int pages)
{
	struct fake_vbd *v = test->priv;

	KUNIT_ASSERT_EQ(test, pv_blk_submit(v->q, fake_vbd_request(v, i, op, sector, pages)), 0);
}

void fake_vbd_submit_some(struct kunit *test, unsigned int n)
{
	struct fake_vbd *v = test->priv;
	unsigned int i;

	for (i = 0; i < n; i++)
		fake_vbd_submit(test, i, i % 3 ? PV_BLK_READ : PV_BLK_WRITE, 8 * i, 1);
	pv_blk_flush(v->q);
}

void fake_vbd_expect_done(struct kunit *test, unsigned int n, unsigned int from, int status)
{
	struct fake_vbd *v = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, v->total, n);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, v->done[i], 1u);
		KUNIT_EXPECT_EQ(test, v->req[i].status, i < from ? 0 : status);
	}
}

void fake_vbd_run(struct fake_vbd *v)
{
	unsigned int i, idle = 0;

	pv_blk_flush(v->q);
	for (i = 0; i < 1000 && idle < 2; i++) {
		idle++;
		if (fake_blkback_run(&v->back, 1000))
			idle = 0;
		if (pv_blk_poll(v->q, 1000))
			idle = 0;
	}
}

void fake_vbd_expect_clean(struct kunit *test)
{
	struct fake_vbd *v = test->priv;
	struct pv_grant_stats s;

	pv_grant_retry();
	pv_grant_stats(&s);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_granted(), v->granted);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_mapped(), 0u);
	KUNIT_EXPECT_EQ(test, s.quarantined, 0u);
	KUNIT_EXPECT_EQ(test, s.reserved, 0u);
	KUNIT_EXPECT_EQ(test, s.free, s.total);
}
