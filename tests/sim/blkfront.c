/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Xen's block frontend on the fake hypervisor, store and backend. */
#include <pv/err.h>
#include <pv/xen.h>

#include "fake_vbd.h"
#include "pv-core/xen/xen.h"
#include "sim.h"

#define HOARD 600u

static struct fake_vbd *v;
static struct pv_device *dev;
static int hoard[HOARD]; /* grants that somebody else has */
static unsigned int num_hoard;
static bool drop_event; /* of what is served next */

static uint8_t *disk(void)
{
	return v->back.disk;
}

/* The event that tells of it is as if it had not been. */
static void lose_event(uint32_t port)
{
	pv_fake_xen_shared()->evtchn_pending[port / 64] &= ~(1ull << port % 64);
}

static unsigned int serve(unsigned int n)
{
	/* One that lied has its ring in a state that no good one could go on with. */
	if (!v->back.connected || sim_story.lied)
		return 0;
	pv_fake_xen.irqs_off = drop_event;
	n = fake_blkback_run(&v->back, n);
	if (drop_event && n)
		lose_event(v->back.port);
	drop_event &= !n;
	pv_fake_xen.irqs_off = false;
	pv_fake_xen_deliver();
	return n;
}

static void work(void)
{
	pv_fake_xen_run_timers();
	fake_vbd_work();
	(void)pv_xen_work();
	/* One that broke ends with its connection, and another takes its place. */
	if (dev && dev->state == PV_DEV_GONE && !sim_story.left) {
		PLAIN_CHECK(sim_story.lied || sim_story.may_break);
		sim_story.left = true;
	}
}

static bool broken(void)
{
	return dev->state == PV_DEV_BROKEN;
}

static const struct sim_blk_peer peer = {disk, serve, work, broken};

static void offer(void)
{
	v->back.max_ring_order = (int)sim_below(4) - 1;
	v->back.persistent = sim_below(3) == 0;
	v->back.indirect = sim_below(2) ? 256 : (int)sim_below(20) - 1;
	v->back.flush = (int)sim_below(3) - 1;
	v->back.barrier = (int)sim_below(3) - 1;
}

static void up(void)
{
	dev = NULL;
	sim_store_reconnects();
	PLAIN_CHECK(!fake_vbd_init(&plain_test));
	v = plain_test.priv;
	num_hoard = 0;
	drop_event = false;
	offer();
	fake_vbd_up(&plain_test);
	dev = v->blk->dev;
	if (sim_below(2))
		fake_vbd_begin_at(v, 0xfffffff8);
	sim_blk_begin(v->blk, &peer);
}

enum fault {
	RESTART,
	DIE,
	COME_BACK,
	LOST_EVENT,
	SPURIOUS,
	IO_ERRORS,
	GOOD_AGAIN,
	NO_GRANTS,
	HYPERCALL_FAILS,
	ALLOC_FAILS,
	KEEPS,
	BAD_ID,
	WRONG_OP,
	JUMP,
	UNPLUG,
	MIGRATE,
	MIGRATE_LATE,
	SUSPEND_CANCELLED,
	OLD_RINGS,
	STORE_RESTARTS
};

static const char *const faults[] = {
	"restart",
	"die",
	"come-back",
	"lost-event",
	"spurious",
	"io-errors",
	"good-again",
	"no-grants",
	"hypercall-fails",
	"alloc-fails",
	"keeps",
	"bad-id",
	"wrong-op",
	"jump",
	"unplug",
	"migrate",
	"migrate-late",
	"suspend-cancelled",
	"old-rings",
	"store-restarts",
	NULL,
};

/* Without grants there is no ring to offer anew. */
static void connects_again(void)
{
	if (num_hoard)
		sim_story.may_break = true;
}

static void restart(void)
{
	connects_again();
	if (sim_story.away)
		return;
	sim_forget_lie(broken());
	offer();
	fake_blkback_restart(&v->back);
	work();
}

static void come_back(void)
{
	connects_again();
	if (sim_story.away && !sim_story.left) {
		offer();
		fake_blkback_restart(&v->back);
	}
	sim_story.away = false;
	work();
}

/*
 * Before it is told that it has none, it takes the rings that it finds named, and begins to serve
 * them.
 */
static void take_over(void)
{
	connects_again();
	if (sim_story.away || broken())
		return;
	sim_forget_lie(broken());
	fake_blkback_die(&v->back);
	work();
	if (!fake_blkback_take_over(&v->back))
		fake_blkback_restart(&v->back);
	serve(sim_below(4));
	work();
}

/* Its backend there takes less, or more; or is late. */
static void there(void)
{
	connects_again();
	sim_new_folder(v->back.front);
	if (!sim_story.away)
		fake_blkback_restart(&v->back);
}

static void migrate(bool late)
{
	sim_forget_lie(broken());
	v->back.keeps = false;
	sim_story.away = late;
	offer();
	fake_blkback_die(&v->back);
	sim_suspend(there);
	work();
}

static void free_grants(void)
{
	while (num_hoard)
		(void)pv_grant_end(hoard[--num_hoard]);
	(void)pv_xen_work();
}

static void take_grants(void)
{
	int ref;

	while (num_hoard < HOARD && (ref = pv_grant(9, v->mem, true)) >= 0)
		hoard[num_hoard++] = ref;
}

static void lie(enum fault which)
{
	struct fake_blkback *b = &v->back;
	struct blkif_request rq;

	if (!b->connected || broken())
		return;
	if (which == WRONG_OP) {
		if (!fake_blkback_take(b, &rq))
			return;
		fake_blkback_answer(b, rq.id, 77, 0);
	} else if (which == BAD_ID) {
		fake_blkback_answer(b, 0x123456789, 0, 0);
	} else {
		b->sring->rsp_prod += 1000;
		b->rsp_prod += 1000;
	}
	sim_story.lied = true;
}

static void fault(unsigned int which)
{
	struct fake_blkback *b = &v->back;

	if (sim_story.left)
		return;
	switch ((enum fault)which) {
	case RESTART:
		restart();
		break;
	case DIE:
		sim_forget_lie(broken());
		sim_story.away = true;
		fake_blkback_die(b);
		work();
		break;
	case COME_BACK:
		come_back();
		break;
	case STORE_RESTARTS:
		/* In the midst of this; and the next is seen only by a watch that was set again. */
		sim_store_restarts();
		restart();
		restart();
		break;
	case OLD_RINGS:
		take_over();
		break;
	case LOST_EVENT:
		drop_event = true;
		sim_story.lost_event = true;
		break;
	case SPURIOUS:
		if (b->connected)
			pv_fake_xen_peer_send(b->port);
		break;
	case IO_ERRORS:
		b->status = BLKIF_RSP_ERROR;
		sim_story.errors = true;
		break;
	case GOOD_AGAIN:
		b->status = 0;
		b->keeps = false;
		break;
	case NO_GRANTS:
		if (num_hoard)
			free_grants();
		else
			take_grants();
		break;
	case HYPERCALL_FAILS:
		pv_fake_xen.fail_at = 1 + (long)sim_below(4);
		pv_fake_xen.fail_with = PV_EAGAIN;
		/* It may be the one that unmasks, or the one that connects. */
		sim_story.lost_event = sim_story.may_break = true;
		break;
	case ALLOC_FAILS:
		pv_fake.alloc_fail_at = 1 + (long)sim_below(30);
		sim_story.may_break = true;
		break;
	case KEEPS:
		b->keeps = true;
		sim_story.may_break = true;
		break;
	case UNPLUG:
		sim_story.left = true;
		fake_vbd_unplug(v);
		break;
	case MIGRATE:
	case MIGRATE_LATE:
		migrate(which == MIGRATE_LATE);
		break;
	case SUSPEND_CANCELLED:
		sim_suspend(NULL);
		work();
		break;
	default:
		lie((enum fault)which);
	}
}

static void settle(void)
{
	struct fake_blkback *b = &v->back;

	b->status = 0;
	b->keeps = false;
	pv_fake_xen.fail_at = 0;
	pv_fake.alloc_fail_at = 0;
	drop_event = false;
	free_grants();
	come_back();
	sim_blk_settle();
}

static void down(void)
{
	sim_blk_end();
	v->blk = NULL;
	fake_vbd_exit(&plain_test);
}

/* Fault rows 19, 26, 28, 30, 31, 32 */
const struct sim_rig sim_blkfront = {
	.name = "blkfront",
	.faults = faults,
	.up = up,
	.step = sim_blk_step,
	.fault = fault,
	.settle = settle,
	.down = down,
};
