/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* virtio-net on the fake device. */
#include <pv/net.h>
#include <pv/string.h>
#include <pv/virtio.h>

#include "fake_virtio.h"
#include "sim.h"
#include "virtio.h"

#define RX 0
#define TX 1

static struct fake_net fake;

static bool is_up(void)
{
	return fake.f.q[TX].vq;
}

static unsigned int take(unsigned int n)
{
	unsigned int first = fake.sent, i;

	if (!is_up())
		return 0;
	n = fake_net_run(&fake, n < FAKE_NET_SENT ? n : FAKE_NET_SENT);
	for (i = first; i < fake.sent; i++)
		sim_net_seen(fake.frame[i % FAKE_NET_SENT].data, fake.frame[i % FAKE_NET_SENT].len,
			     true);
	return n;
}

static bool inject(const uint8_t *data, uint32_t len)
{
	return is_up() && fake_net_receive(&fake, NULL, data, len);
}

static bool broken(void)
{
	return fake.f.vd.dev.state == PV_DEV_BROKEN;
}

static const struct sim_net_peer peer = {take, inject, sim_virtio_work, broken, 1514};

static void up(void)
{
	uint64_t features =
		1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_NET_F_MAC | 1ull << VIRTIO_NET_F_STATUS;
	struct pv_net *net;

	features |= sim_below(4) ? 1ull << VIRTIO_RING_F_INDIRECT_DESC : 0;
	features |= sim_below(4) ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0;
	features |= sim_below(2) ? 1ull << VIRTIO_NET_F_MRG_RXBUF : 0;
	fake_net_init(&fake, features);
	fake.f.q[RX].max = sim_below(2) ? 256 : 16;
	fake.f.q[TX].max = sim_below(2) ? 256 : 32;
	if (sim_below(2))
		fake_virtio_lends(&plain_test, &fake.f);
	fake_virtio_plug(&fake.f, &pv_virtio_net);
	net = pv_net_open(0);
	PLAIN_CHECK(net);
	sim_net_begin(net, &peer);
}

enum fault {
	NEEDS_RESET,
	RESET_SHRINKS,
	LOST_INTERRUPT,
	SPURIOUS,
	CONFIG,
	GOOD_AGAIN,
	RUNT,
	BAD_ID,
	JUMP,
	LONG,
	UNPLUG
};

static const char *const faults[] = {
	"needs-reset", "reset-shrinks", "lost-interrupt", "spurious", "config", "good-again",
	"runt",	       "bad-id",	"jump",		  "long",     "unplug", NULL,
};

static void lie(enum fault which)
{
	struct fake_chain *c = &(struct fake_chain) {0};
	struct fake_virtio *f = &fake.f;
	unsigned int queue = which == JUMP ? TX : RX;

	if (!is_up() || broken())
		return;
	if (which == JUMP) {
		f->q[queue].used_idx = (uint16_t)(f->q[queue].used_idx + 999);
		fake_vq_show(f, queue, f->q[queue].used_idx);
	} else if (!fake_vq_next(f, queue, c)) {
		return;
	} else if (which == BAD_ID) {
		fake_vq_used(f, queue, 0x12345, 60);
	} else if (which == LONG) {
		fake_vq_used(f, queue, c->head, c->in + 1);
	} else {
		/* Too short for a frame: dropped, and no more than that. */
		fake_vq_used(f, queue, c->head, fake.hdr_len + sim_below(14));
		return;
	}
	sim_virtio_lied(f);
	sim_story.loses = true;
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
		f->offered &= ~(1ull << VIRTIO_NET_F_MAC);
		sim_virtio_needs_reset(f);
		sim_story.shrunk = true;
		sim_story.loses = true;
		break;
	case NEEDS_RESET:
		if (!broken())
			sim_virtio_needs_reset(f);
		sim_story.loses = true;
		break;
	case LOST_INTERRUPT:
		f->no_interrupts = true;
		sim_story.lost_event = true;
		break;
	case SPURIOUS:
		pv_virtio_irq_all(&f->vd);
		break;
	case CONFIG:
		f->config[6] ^= VIRTIO_NET_S_LINK_UP;
		f->generation++;
		pv_virtio_irq_config(&f->vd);
		break;
	case GOOD_AGAIN:
		f->no_interrupts = false;
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
	fake.f.no_interrupts = false;
	fake.f.config[6] = VIRTIO_NET_S_LINK_UP;
	pv_virtio_irq_config(&fake.f.vd);
	sim_net_settle();
}

static void down(void)
{
	sim_net_end();
	sim_virtio_down(&fake.f);
}

/* Fault row 19 */
const struct sim_rig sim_virtio_net = {
	.name = "virtio-net",
	.faults = faults,
	.up = up,
	.step = sim_net_step,
	.fault = fault,
	.settle = settle,
	.down = down,
};
