/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio block driver: what its device says of itself, and how it answers. Each request that
 * was accepted is done once, whatever becomes of the device.
 */
#include <pv/blk.h>
#include <pv/virtio.h>

#include "fake_virtio.h"
#include "kernel.h"
#include "pv-core/blk_driver.h"
#include "pv-core/bus.h"

#define REQS 16u

static struct fake_virtio f;
static struct pv_blk *blk;
static struct pv_blk_queue *q;
static uint8_t data[16384] PV_ALIGNED(4096);

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
	req->flags = op >> 7;
	req->sector = fuzz_u16();
	req->num_sectors = fuzz_u8();
	while (segs--) {
		uint8_t where = fuzz_u8();

		r->seg[segs].va = data + 512 * (where % 16);
		r->seg[segs].len = 512 + 512 * (where >> 4);
	}
	fuzz_request_submit(q, r);
}

/* The device takes the next chain, and answers this and that. */
static void answer(void)
{
	static struct fake_chain c;
	uint8_t status = fuzz_u8(), how = fuzz_u8();

	if (!fake_vq_next(&f, 0, &c))
		return;
	status = status < 0xf0 ? 0 : status & 3;
	fake_chain_write(&c, c.in - 1, &status, 1);
	fake_vq_used(&f, 0, c.head, how < 0xf0 ? c.in : fuzz_u32());
	fake_vq_sleep(&f, 0);
}

static void step(void)
{
	uint8_t op = fuzz_u8();

	switch (op % 8) {
	case 0:
	case 1:
		submit();
		break;
	case 2:
		pv_blk_flush(q);
		break;
	case 3:
		answer();
		break;
	case 4:
		pv_blk_poll(q, 1 + (op >> 3));
		break;
	case 5:
		if (f.q[0].vq)
			fake_vq_used(&f, 0, fuzz_u8(), fuzz_u32());
		break;
	case 6:
		fake_config8(&f, fuzz_below(64), fuzz_u8());
		f.generation++;
		pv_virtio_irq_config(&f.vd);
		pv_bus_work();
		break;
	case 7:
		f.status |= op & 8 ? VIRTIO_CONFIG_S_NEEDS_RESET : 0;
		pv_virtio_irq_all(&f.vd);
		break;
	}
}

/* A plausible device, of which the input changes some. */
static void describe(void)
{
	uint8_t how = fuzz_u8(), n = fuzz_below(4);
	uint64_t features = fuzz_u32();

	features ^= 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_FLUSH |
		    1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << VIRTIO_RING_F_EVENT_IDX;
	features &= ~(1ull << VIRTIO_F_NOTIFY_ON_EMPTY);
	fake_virtio_init(&f, VIRTIO_ID_BLOCK, features | (how & 1 ? 0 : 1ull << VIRTIO_F_VERSION_1),
			 8);
	fake_config64(&f, offsetof(struct virtio_blk_config, capacity), 4096);
	fake_config32(&f, offsetof(struct virtio_blk_config, size_max), 65536);
	fake_config32(&f, offsetof(struct virtio_blk_config, seg_max), 8);
	fake_config32(&f, offsetof(struct virtio_blk_config, blk_size), 512);
	fake_config32(&f, offsetof(struct virtio_blk_config, max_discard_sectors), 64);
	fake_config32(&f, offsetof(struct virtio_blk_config, max_write_zeroes_sectors), 64);
	while (n--)
		fuzz_bytes(f.config + fuzz_below(64), 8);
	f.refuses = how == 0xff;
	f.restless = how == 0xfe;
	if (how & 2)
		fake_virtio_lends(&plain_test, &f);
	f.share_fails_at = how >> 6 == 1 ? 1 + fuzz_u8() : 0;
	pv_fake.alloc_fail_at = how >> 6 == 2 ? 1 + fuzz_below(40) : 0;
}

static void one(void)
{
	unsigned int i;

	fuzz_requests_new(REQS);
	describe();
	fuzz_shared(true);
	fake_virtio_plug(&f, &pv_virtio_blk);
	pv_fake.alloc_fail_at = 0;
	blk = pv_blk_open(0);
	q = blk ? pv_blk_queue(blk, 0) : NULL;
	while (q && fuzz_left())
		step();
	fuzz_shared(false);
	/* What is broken gives all back by a poll or two; the rest goes with the device. */
	for (i = 0; q && i < 4; i++)
		pv_blk_poll(q, 64);
	if (q && pv_device_broken(&f.vd.dev))
		fuzz_requests_done();
	fake_virtio_unplug(&f);
	for (i = 0; q && i < 4; i++)
		pv_blk_poll(q, 64);
	fuzz_requests_done();
	if (blk)
		pv_blk_close(blk);
	PLAIN_CHECK(!f.loan || !f.lent);
}

const struct fuzz_target fuzz_virtio_blk = {.name = "virtio-blk", .one = one, .keeps = true};
