/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_disk.h"

int fake_disk_init(struct kunit *test)
{
	struct fake_disk *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	unsigned int i;

	if (!d)
		return PV_ENOMEM;
	d->mem = pv_os_pages_alloc(64);
	test->priv = d;
	fake_blk_init(&d->fake, MODERN | INDIRECT | EVENT | BASIC);
	for (i = 0; i < sizeof(d->fake.disk); i++)
		d->fake.disk[i] = (uint8_t)(i * 7 + i / 512);
	return 0;
}

void fake_disk_exit(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	pv_fake.relax = NULL;
	if (d->blk)
		pv_blk_close(d->blk);
	if (d->fake.f.vd.dev.state != PV_DEV_GONE && d->fake.f.vd.dev.holds)
		fake_virtio_unplug(&d->fake.f);
	pv_os_pages_free(d->mem, 64);
}

void fake_disk_up(struct kunit *test)
{
	struct fake_disk *d = test->priv;

	fake_virtio_plug(&d->fake.f, &pv_virtio_blk);
	d->blk = pv_blk_open(0);
	KUNIT_ASSERT_NOT_NULL(test, d->blk);
	d->q = pv_blk_queue(d->blk, 0);
	KUNIT_ASSERT_NOT_NULL(test, d->q);
}

static void done(struct pv_blk_req *req)
{
	struct fake_disk *d = req->user;

	d->done[req - d->req]++;
	d->total++;
}

struct pv_blk_req *fake_disk_request(struct fake_disk *d, unsigned int i, uint8_t op,
				     uint64_t sector, unsigned int pages)
{
	struct pv_blk_req *req = &d->req[i];

	pv_memset(req, 0, sizeof(*req));
	d->seg[i][0].va = d->mem + i % 64 * 4096;
	d->seg[i][0].len = pages * 4096;
	req->op = op;
	req->sector = sector;
	req->num_segs = pages ? 1 : 0;
	req->segs = d->seg[i];
	req->done = done;
	req->user = d;
	req->status = 77;
	return req;
}

void fake_disk_run(struct fake_disk *d)
{
	unsigned int i;

	pv_blk_flush(d->q);
	for (i = 0; i < 1000 && (fake_blk_run(&d->fake, 1000) || pv_blk_poll(d->q, 1000)); i++)
		;
}

void fake_disk_submit(struct kunit *test, unsigned int from, unsigned int n)
{
	struct fake_disk *d = test->priv;
	unsigned int i;

	for (i = from; i < from + n; i++)
		KUNIT_ASSERT_EQ(test,
				pv_blk_submit(d->q, fake_disk_request(d, i, PV_BLK_READ, 8 * i, 1)),
				0);
	pv_blk_flush(d->q);
}

void fake_disk_expect_done(struct kunit *test, unsigned int n, unsigned int from, int status)
{
	struct fake_disk *d = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, d->total, n);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, d->done[i], 1u);
		KUNIT_EXPECT_EQ(test, d->req[i].status, i < from ? 0 : status);
	}
}
