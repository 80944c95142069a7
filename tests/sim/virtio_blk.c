/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* virtio-blk on the fake device. */
#include <pv/blk.h>
#include <pv/err.h>
#include <pv/string.h>
#include <pv/virtio.h>

#include "fake_virtio.h"
#include "sim.h"
#include "virtio.h"

static struct fake_blk fake;

static uint8_t *disk(void)
{
	return fake.disk;
}

static unsigned int serve(unsigned int n)
{
	return fake.f.q[0].vq ? fake_blk_run(&fake, n) : 0;
}

static bool broken(void)
{
	return fake.f.vd.dev.state == PV_DEV_BROKEN;
}

static const struct sim_blk_peer peer = {disk, serve, sim_virtio_work, broken};

static void up(void)
{
	uint64_t features = 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_BLK_F_SEG_MAX |
			    1ull << VIRTIO_BLK_F_SIZE_MAX | 1ull << VIRTIO_BLK_F_BLK_SIZE;
	struct pv_blk *blk;

	features |= sim_below(2) ? 1ull << VIRTIO_BLK_F_FLUSH : 0;
	features |= sim_below(4) ? 1ull << VIRTIO_RING_F_INDIRECT_DESC : 0;
	features |= sim_below(4) ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0;
	fake_blk_init(&fake, features);
	fake.f.q[0].max = sim_below(2) ? 256 : 16;
	fake_config32(&fake.f, offsetof(struct virtio_blk_config, seg_max), 1 + sim_below(30));
	if (sim_below(2))
		fake_virtio_lends(&plain_test, &fake.f);
	fake_virtio_plug(&fake.f, &pv_virtio_blk);
	blk = pv_blk_open(0);
	PLAIN_CHECK(blk);
	/* Near where indices wrap. */
	if (sim_below(2))
		fake_vq_start_at(&fake.f, 0, 0xfff8);
	sim_blk_begin(blk, &peer);
}

enum fault {
	NEEDS_RESET,
	RESET_SHRINKS,
	LOST_INTERRUPT,
	SPURIOUS,
	CONFIG,
	IO_ERRORS,
	SHORT_READS,
	GOOD_AGAIN,
	SHARE_FAILS,
	BAD_ID,
	TWICE,
	JUMP,
	LONG,
	UNPLUG
};

static const char *const faults[] = {
	"needs-reset", "reset-shrinks", "lost-interrupt", "spurious",	 "config",
	"io-errors",   "short-reads",	"good-again",	  "share-fails", "bad-id",
	"twice",       "jump",		"long",		  "unplug",	 NULL,
};

/* Answers the next chain, and what is wrong with that. */
static void lie(enum fault which)
{
	struct fake_chain *c = &(struct fake_chain) {0};
	struct fake_virtio *f = &fake.f;
	uint8_t good = 0;

	if (!f->q[0].vq || broken())
		return;
	if (which == BAD_ID) {
		if (!fake_vq_next(f, 0, c))
			return;
		fake_vq_used(f, 0, 0x10000, 1);
	} else if (which == JUMP) {
		f->q[0].used_idx = (uint16_t)(f->q[0].used_idx + 999);
		fake_vq_show(f, 0, f->q[0].used_idx);
	} else {
		if (!fake_vq_next(f, 0, c))
			return;
		fake_chain_write(c, c->in - 1, &good, 1);
		if (which == LONG) {
			fake_vq_used(f, 0, c->head, c->in + 1);
			sim_virtio_lied(f);
			return;
		}
		/* A write is done, as far as anybody knows; of a read it was nothing. */
		sim_story.errors = true;
		fake_vq_used(f, 0, 0xffff, 0);
	}
	sim_virtio_lied(f);
}

static void fault(unsigned int which)
{
	struct fake_virtio *f = &fake.f;

	if (sim_story.left)
		return;
	switch ((enum fault)which) {
	case RESET_SHRINKS:
		if (broken())
			break;
		f->offered &= ~(1ull << VIRTIO_BLK_F_SEG_MAX);
		sim_virtio_needs_reset(f);
		sim_story.shrunk = true;
		break;
	case NEEDS_RESET:
		if (!broken())
			sim_virtio_needs_reset(f);
		break;
	case LOST_INTERRUPT:
		f->no_interrupts = true;
		sim_story.lost_event = true;
		break;
	case SPURIOUS:
		pv_virtio_irq_all(&f->vd);
		break;
	case CONFIG:
		f->generation++;
		pv_virtio_irq_config(&f->vd);
		break;
	case IO_ERRORS:
		fake.status = VIRTIO_BLK_S_IOERR;
		sim_story.errors = true;
		break;
	case SHORT_READS:
		fake.short_by = 512;
		sim_story.errors = true;
		break;
	case GOOD_AGAIN:
		fake.status = VIRTIO_BLK_S_OK;
		fake.short_by = 0;
		f->no_interrupts = false;
		break;
	case SHARE_FAILS:
		f->share_fails_at = f->loan ? 1 : 0;
		break;
	case UNPLUG:
		sim_story.left = true;
		fake_virtio_unplug(f);
		break;
	default:
		lie((enum fault)which);
	}
}

static void settle(void)
{
	fake.status = VIRTIO_BLK_S_OK;
	fake.short_by = 0;
	fake.f.no_interrupts = false;
	fake.f.share_fails_at = 0;
	sim_blk_settle();
}

static void down(void)
{
	sim_blk_end();
	sim_virtio_down(&fake.f);
}

/* Fault row 19 */
const struct sim_rig sim_virtio_blk = {
	.name = "virtio-blk",
	.faults = faults,
	.up = up,
	.step = sim_blk_step,
	.fault = fault,
	.settle = settle,
	.down = down,
};
