/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The two byte rings that this domain shares with xenstored (xen/io/xs_wire.h,
 * docs/misc/xenstore-ring.txt).
 *
 * Each has a producer and a consumer, offsets in an endless stream modulo 2^32; the byte at offset
 * x is at x modulo 1024. Of the four offsets two are ours to write: how far we wrote requests, and
 * how far we read replies. We keep them to ourselves and only publish them; of the page only the
 * server's two are ever read, once per call. They may say anything: more than a ring apart is
 * PV_EPROTO.
 */
#ifndef PV_CORE_XEN_XS_RING_H
#define PV_CORE_XEN_XS_RING_H

#include <pv/abi/xen_io.h>
#include <pv/shared.h>

struct pv_xs_ring {
	struct xenstore_domain_interface PV_SHARED *shared;
	uint32_t req_prod; /* private; the shared ones are output */
	uint32_t rsp_cons;
};

/*
 * Continues where the page stands: a new domain's offsets need not be 0, and a predecessor has used
 * it. 0, or PV_EPROTO if they are more than the ring apart.
 */
int pv_xs_ring_adopt(struct pv_xs_ring *ring, struct xenstore_domain_interface PV_SHARED *shared);

/* Writes as many of the bytes as there is room for: their number, or PV_EPROTO. */
int pv_xs_ring_put(struct pv_xs_ring *ring, const void *buf, size_t len);

/* Reads as many as there are: their number, or PV_EPROTO. */
int pv_xs_ring_get(struct pv_xs_ring *ring, void *buf, size_t len);

/* Bytes of requests that the server has not taken; for a report. */
unsigned int pv_xs_ring_waiting(const struct pv_xs_ring *ring);

#endif
