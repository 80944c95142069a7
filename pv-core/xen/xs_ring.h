/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The two byte rings that this domain shares with xenstored (xen/io/xs_wire.h,
 * docs/misc/xenstore-ring.txt): requests, which we produce, and replies, which we consume.
 */
#ifndef PV_CORE_XEN_XS_RING_H
#define PV_CORE_XEN_XS_RING_H

#include <pv/abi/xen_io.h>
#include <pv/err.h>

#include "pv-core/xen/byte_ring.h"

struct pv_xs_ring {
	struct xenstore_domain_interface PV_SHARED *shared;
	struct pv_byte_ring req, rsp;
};

/* 0, or PV_EPROTO if the page's offsets are more than the ring apart. */
static inline int pv_xs_ring_adopt(struct pv_xs_ring *ring,
				   struct xenstore_domain_interface PV_SHARED *shared)
{
	ring->shared = shared;
	pv_byte_ring_adopt(&ring->req, shared->req, XENSTORE_RING_SIZE, &shared->req_prod,
			   &shared->req_cons);
	pv_byte_ring_adopt(&ring->rsp, shared->rsp, XENSTORE_RING_SIZE, &shared->rsp_cons,
			   &shared->rsp_prod);
	if (pv_byte_ring_unread(&ring->req) < 0 || pv_byte_ring_ready(&ring->rsp) < 0)
		return PV_EPROTO;
	return 0;
}

#endif
