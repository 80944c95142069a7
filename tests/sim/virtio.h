/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the rigs of virtio devices have in common. */
#ifndef PV_SIM_VIRTIO_H
#define PV_SIM_VIRTIO_H

#include "fake_virtio.h"

/* The peer's control work. */
void sim_virtio_work(void);

/* It lied; but if it gets a reset before anybody looks, nobody knows. */
void sim_virtio_lied(const struct fake_virtio *f);

/* And it asks for one. */
void sim_virtio_needs_reset(struct fake_virtio *f);

/* It goes, if it has not; all that was lent to it is back. */
void sim_virtio_down(struct fake_virtio *f);

#endif
