/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Xen's network frontend on the fake hypervisor, store and backend. */
#include <pv/err.h>
#include <pv/xen.h>

#include "fake_netback.h"
#include "pv-core/xen/xen.h"
#include "sim.h"

static struct fake_netback *nb;
static struct pv_device *dev;
static bool drop_event;

/* Events of what is done next are as if they had not been. */
static void begin_events(void)
{
	pv_fake_xen.irqs_off = drop_event;
}

static void lose_event(uint32_t port)
{
	pv_fake_xen_shared()->evtchn_pending[port / 64] &= ~(1ull << port % 64);
}

static void end_events(bool any)
{
	if (drop_event && any) {
		lose_event(nb->tx_port);
		lose_event(nb->rx_port);
		drop_event = false;
	}
	pv_fake_xen.irqs_off = false;
	pv_fake_xen_deliver();
}

static unsigned int take(unsigned int n)
{
	unsigned int first = nb->sent, i;

	/* One that lied has its rings in a state that no good one could go on with. */
	if (!nb->connected || sim_story.lied)
		return 0;
	begin_events();
	n = fake_netback_run(nb, n);
	for (i = first; i < nb->sent; i++)
		sim_net_seen(nb->frame[i % FAKE_NETBACK_FRAMES].data,
			     nb->frame[i % FAKE_NETBACK_FRAMES].len, !nb->status);
	end_events(n);
	return n;
}

static bool inject(const uint8_t *data, uint32_t len)
{
	bool good;

	begin_events();
	good = nb->connected && !sim_story.lied && fake_netback_receive(nb, data, len, 0);
	end_events(good);
	return good;
}

static void work(void)
{
	pv_fake_xen_run_timers();
	fake_netback_work();
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

static const struct sim_net_peer peer = {take, inject, work, broken, 9000};

static void offer(void)
{
	nb->sg = sim_below(4) != 0;
	nb->split = (int)sim_below(2);
	nb->no_csum = (int)sim_below(3) - 1;
}

static void up(void)
{
	dev = NULL;
	sim_store_reconnects();
	PLAIN_CHECK(!fake_netback_init(&plain_test));
	nb = plain_test.priv;
	drop_event = false;
	offer();
	fake_netback_open(&plain_test);
	dev = nb->net->dev;
	sim_net_begin(nb->net, &peer);
}

enum fault {
	RESTART,
	DIE,
	COME_BACK,
	LOST_EVENT,
	SPURIOUS,
	BACKWARDS,
	TX_ERRORS,
	GOOD_AGAIN,
	RUNT,
	HYPERCALL_FAILS,
	ALLOC_FAILS,
	KEEPS,
	BAD_TX_ID,
	JUMP,
	UNPLUG,
	MIGRATE,
	MIGRATE_LATE,
	SUSPEND_CANCELLED,
	OLD_RINGS,
	STORE_RESTARTS
};

static const char *const faults[] = {
	"restart",     "die",	       "come-back",	    "lost-event", "spurious",
	"backwards",   "tx-errors",    "good-again",	    "runt",	  "hypercall-fails",
	"alloc-fails", "keeps",	       "bad-tx-id",	    "jump",	  "unplug",
	"migrate",     "migrate-late", "suspend-cancelled", "old-rings",  "store-restarts",
	NULL,
};

static void die(void)
{
	sim_forget_lie(broken());
	nb->keeps = false;
	sim_story.loses = true;
	sim_story.away = true;
	fake_netback_die(nb);
	work();
}

static void come_back(void)
{
	if (sim_story.away && !sim_story.left) {
		offer();
		fake_netback_reborn(nb);
	}
	work();
	sim_story.away = false;
}

/*
 * Before it is told that it has none, it takes the rings that it finds named, and begins to serve
 * them.
 */
static void take_over(void)
{
	if (sim_story.away || broken())
		return;
	die();
	if (!fake_netback_take_over(nb))
		fake_netback_reborn(nb);
	sim_story.away = false;
	take(sim_below(4));
	work();
}

static void there(void)
{
	sim_new_folder(nb->front);
	if (!sim_story.away)
		fake_netback_reborn(nb);
}

static void migrate(bool late)
{
	sim_forget_lie(broken());
	nb->keeps = false;
	sim_story.loses = true;
	sim_story.away = late;
	offer();
	fake_netback_die(nb);
	sim_suspend(there);
	work();
}

static void fault(unsigned int which)
{
	struct netif_tx_request req;

	if (sim_story.left)
		return;
	switch ((enum fault)which) {
	case RESTART:
		die();
		come_back();
		break;
	case DIE:
		die();
		break;
	case COME_BACK:
		come_back();
		break;
	case STORE_RESTARTS:
		/* In the midst of this; and the next is seen only by a watch that was set again. */
		sim_store_restarts();
		die();
		come_back();
		die();
		come_back();
		break;
	case OLD_RINGS:
		take_over();
		break;
	case LOST_EVENT:
		drop_event = true;
		sim_story.lost_event = true;
		break;
	case SPURIOUS:
		if (nb->connected) {
			pv_fake_xen_peer_send(nb->tx_port);
			pv_fake_xen_peer_send(nb->rx_port);
		}
		break;
	case BACKWARDS:
		nb->backwards = true;
		break;
	case TX_ERRORS:
		nb->status = NETIF_RSP_ERROR;
		break;
	case GOOD_AGAIN:
		nb->status = NETIF_RSP_OKAY;
		nb->backwards = false;
		nb->keeps = false;
		break;
	case RUNT:
		if (fake_netback_slot(nb, 0, (int16_t)sim_below(14), 0))
			fake_netback_push(nb);
		break;
	case HYPERCALL_FAILS:
		pv_fake_xen.fail_at = 1 + (long)sim_below(4);
		pv_fake_xen.fail_with = PV_EAGAIN;
		sim_story.lost_event = sim_story.may_break = true;
		break;
	case ALLOC_FAILS:
		pv_fake.alloc_fail_at = 1 + (long)sim_below(30);
		sim_story.may_break = true;
		break;
	case KEEPS:
		nb->keeps = true;
		sim_story.may_break = true;
		sim_story.loses = true;
		break;
	case BAD_TX_ID:
		/*
		 * In the place of one that it took: of what is not there yet, it would be
		 * overwritten.
		 */
		if (!nb->connected || broken() || !fake_netback_tx_take(nb, &req))
			break;
		fake_netback_tx_answer(nb, 0x1234, 0);
		sim_story.lied = sim_story.loses = true;
		break;
	case JUMP:
		if (!nb->connected || broken())
			break;
		nb->rx.sring->rsp_prod += 1000;
		nb->rx.rsp_prod_pvt += 1000;
		sim_story.lied = sim_story.loses = true;
		break;
	case UNPLUG:
		sim_story.left = true;
		pv_fake_xs_device_rm("vif", 0);
		work();
		break;
	case MIGRATE:
	case MIGRATE_LATE:
		migrate(which == MIGRATE_LATE);
		break;
	case SUSPEND_CANCELLED:
		sim_suspend(NULL);
		work();
		break;
	}
}

static void settle(void)
{
	nb->status = NETIF_RSP_OKAY;
	nb->backwards = false;
	nb->keeps = false;
	pv_fake_xen.fail_at = 0;
	pv_fake.alloc_fail_at = 0;
	drop_event = false;
	come_back();
	sim_net_settle();
}

static void down(void)
{
	sim_net_end();
	nb->net = NULL;
	fake_netback_exit(&plain_test);
}

/* Fault rows 19, 26, 29, 31, 32 */
const struct sim_rig sim_netfront = {
	.name = "netfront",
	.faults = faults,
	.up = up,
	.step = sim_net_step,
	.fault = fault,
	.settle = settle,
	.down = down,
};
