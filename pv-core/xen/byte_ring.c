/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The arithmetic of byte rings: differences of offsets, never comparisons. */
#include "pv-core/xen/byte_ring.h"

#include <pv/err.h>

void pv_byte_ring_adopt(struct pv_byte_ring *ring, char PV_SHARED *bytes, uint32_t size,
			uint32_t PV_SHARED *ours, const uint32_t PV_SHARED *theirs)
{
	ring->bytes = bytes;
	ring->size = size;
	ring->ours = ours;
	ring->theirs = theirs;
	ring->at = pv_shared_read(ours);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static int within(const struct pv_byte_ring *ring, uint32_t distance)
{
	return distance > ring->size ? PV_EPROTO : (int)distance;
}

/*
 * Each pairs with the other end's release: it is done with what we write over; what it says is
 * there can be seen.
 */
int pv_byte_ring_unread(const struct pv_byte_ring *ring)
{
	return within(ring, ring->at - pv_shared_read_acquire(ring->theirs));
}

int pv_byte_ring_ready(const struct pv_byte_ring *ring)
{
	return within(ring, pv_shared_read_acquire(ring->theirs) - ring->at);
}

/* The other end sees what was done with the bytes before it sees how far we are. */
static int publish(struct pv_byte_ring *ring, uint32_t n)
{
	ring->at += n;
	pv_shared_write_release(ring->ours, ring->at);
	return (int)n;
}

int pv_byte_ring_put(struct pv_byte_ring *ring, const void *buf, size_t len)
{
	uint32_t at = ring->at & (ring->size - 1), n, first;
	int used = pv_byte_ring_unread(ring);

	if (used < 0)
		return used;
	n = ring->size - (uint32_t)used;
	if (len < n)
		n = (uint32_t)len;
	if (!n)
		return 0;
	first = least(n, ring->size - at);
	pv_shared_write_block(ring->bytes + at, buf, first);
	pv_shared_write_block(ring->bytes, (const char *)buf + first, n - first);
	return publish(ring, n);
}

int pv_byte_ring_get(struct pv_byte_ring *ring, void *buf, size_t len)
{
	uint32_t at = ring->at & (ring->size - 1), n, first;
	int there = pv_byte_ring_ready(ring);

	if (there < 0)
		return there;
	n = (uint32_t)there;
	if (len < n)
		n = (uint32_t)len;
	if (!n)
		return 0;
	first = least(n, ring->size - at);
	pv_shared_read_block(buf, ring->bytes + at, first);
	pv_shared_read_block((char *)buf + first, ring->bytes, n - first);
	return publish(ring, n);
}
