/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The two byte rings of the console's page (xen/io/console.h): what we say, and what is said to us.
 */
#ifndef PV_CORE_XEN_CONS_RING_H
#define PV_CORE_XEN_CONS_RING_H

#include <pv/abi/xen_io.h>

#include "pv-core/xen/byte_ring.h"

struct pv_cons_ring {
	struct xencons_interface PV_SHARED *shared;
	struct pv_byte_ring out, in;
};

static inline void pv_cons_ring_adopt(struct pv_cons_ring *ring,
				      struct xencons_interface PV_SHARED *shared)
{
	ring->shared = shared;
	pv_byte_ring_adopt(&ring->out, shared->out, sizeof(shared->out), &shared->out_prod,
			   &shared->out_cons);
	pv_byte_ring_adopt(&ring->in, shared->in, sizeof(shared->in), &shared->in_cons,
			   &shared->in_prod);
}

#endif
