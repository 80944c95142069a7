/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The console's page (xen/io/console.h): a byte ring in, one out, as xenstore's (xs_ring.h). Of the
 * offsets two are ours, kept here and only published; the other end's may say anything.
 */
#ifndef PV_CORE_XEN_CONS_RING_H
#define PV_CORE_XEN_CONS_RING_H

#include <pv/abi/xen_io.h>
#include <pv/shared.h>

struct pv_cons_ring {
	struct xencons_interface PV_SHARED *shared;
	uint32_t out_prod; /* private; the shared ones are output */
	uint32_t in_cons;
};

/* Continues where the page stands. */
void pv_cons_ring_adopt(struct pv_cons_ring *ring, struct xencons_interface PV_SHARED *shared);

/* Writes as many of the bytes as there is room for: their number, or PV_EPROTO. */
int pv_cons_ring_put(struct pv_cons_ring *ring, const void *buf, size_t len);

/* Reads as many as there are: their number, or PV_EPROTO. */
int pv_cons_ring_get(struct pv_cons_ring *ring, void *buf, size_t len);

/* Bytes that the other end has not taken: their number, or PV_EPROTO. */
int pv_cons_ring_waiting(const struct pv_cons_ring *ring);

#endif
