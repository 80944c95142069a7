/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "virtio.h"

#include "pv-core/bus.h"
#include "sim.h"

void sim_virtio_work(void)
{
	(void)pv_bus_work();
}

void sim_virtio_lied(const struct fake_virtio *f)
{
	if (f->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		sim_story.may_break = true;
	else
		sim_story.lied = true;
}

void sim_virtio_needs_reset(struct fake_virtio *f)
{
	sim_forget_lie(f->vd.dev.state == PV_DEV_BROKEN);
	f->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	pv_virtio_irq_config(&f->vd);
}

void sim_virtio_down(struct fake_virtio *f)
{
	if (!sim_story.left)
		fake_virtio_unplug(f);
	PLAIN_CHECK(!f->loan || !f->lent);
	PLAIN_CHECK(f->released);
}
