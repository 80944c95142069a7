/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * One direction of a pair of byte rings in a page that another domain shares: xenstore's
 * (xs_ring.h), the console's (cons_ring.h).
 *
 * A ring has a producer and a consumer, offsets in an endless stream modulo 2^32; the byte at
 * offset x is at x modulo the ring's size, a power of two. One of the two offsets is ours: it is
 * kept here, and only published. The other end's is read once per call. It may say anything:
 * further away than the ring is long is PV_EPROTO.
 */
#ifndef PV_CORE_XEN_BYTE_RING_H
#define PV_CORE_XEN_BYTE_RING_H

#include <pv/shared.h>
#include <pv/types.h>

struct pv_byte_ring {
	char PV_SHARED *bytes;
	uint32_t size;
	uint32_t PV_SHARED *ours; /* output */
	const uint32_t PV_SHARED *theirs;
	uint32_t at; /* our offset */
};

/*
 * Continues where the page stands: a new domain's offsets need not be 0, and a predecessor has used
 * it.
 */
void pv_byte_ring_adopt(struct pv_byte_ring *ring, char PV_SHARED *bytes, uint32_t size,
			uint32_t PV_SHARED *ours, const uint32_t PV_SHARED *theirs);

/* As the producer: writes as many of the bytes as there is room for. Their number, or PV_EPROTO. */
int pv_byte_ring_put(struct pv_byte_ring *ring, const void *buf, size_t len);

/* As the consumer: reads as many as there are. Their number, or PV_EPROTO. */
int pv_byte_ring_get(struct pv_byte_ring *ring, void *buf, size_t len);

/* As the producer: bytes that the other end has not taken. Their number, or PV_EPROTO. */
int pv_byte_ring_unread(const struct pv_byte_ring *ring);

/* As the consumer: bytes that we have not taken. Their number, or PV_EPROTO. */
int pv_byte_ring_ready(const struct pv_byte_ring *ring);

#endif
