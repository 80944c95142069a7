/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The arithmetic of the rings: differences of offsets, never comparisons. */
#include "pv-core/xen/xs_ring.h"

#include <pv/err.h>

int pv_xs_ring_adopt(struct pv_xs_ring *ring, struct xenstore_domain_interface PV_SHARED *shared)
{
	ring->shared = shared;
	ring->req_prod = pv_shared_read(&shared->req_prod);
	ring->rsp_cons = pv_shared_read(&shared->rsp_cons);
	if (ring->req_prod - pv_shared_read(&shared->req_cons) > XENSTORE_RING_SIZE ||
	    pv_shared_read(&shared->rsp_prod) - ring->rsp_cons > XENSTORE_RING_SIZE)
		return PV_EPROTO;
	return 0;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

int pv_xs_ring_put(struct pv_xs_ring *ring, const void *buf, size_t len)
{
	/* Pairs with the server's release: it is done with the bytes that we write over. */
	uint32_t used = ring->req_prod - pv_shared_read_acquire(&ring->shared->req_cons);
	uint32_t at = MASK_XENSTORE_IDX(ring->req_prod), n, first;

	if (used > XENSTORE_RING_SIZE)
		return PV_EPROTO;
	n = XENSTORE_RING_SIZE - used;
	if (len < n)
		n = (uint32_t)len;
	if (!n)
		return 0;
	first = least(n, XENSTORE_RING_SIZE - at);
	pv_shared_write_block(ring->shared->req + at, buf, first);
	pv_shared_write_block(ring->shared->req, (const char *)buf + first, n - first);
	ring->req_prod += n;
	/* The server sees the bytes before it sees that there are more. */
	pv_shared_write_release(&ring->shared->req_prod, ring->req_prod);
	return (int)n;
}

int pv_xs_ring_get(struct pv_xs_ring *ring, void *buf, size_t len)
{
	/* Pairs with the server's release: we see the bytes that it says are there. */
	uint32_t there = pv_shared_read_acquire(&ring->shared->rsp_prod) - ring->rsp_cons;
	uint32_t at = MASK_XENSTORE_IDX(ring->rsp_cons), n, first;

	if (there > XENSTORE_RING_SIZE)
		return PV_EPROTO;
	n = there;
	if (len < n)
		n = (uint32_t)len;
	if (!n)
		return 0;
	first = least(n, XENSTORE_RING_SIZE - at);
	pv_shared_read_block(buf, ring->shared->rsp + at, first);
	pv_shared_read_block((char *)buf + first, ring->shared->rsp, n - first);
	ring->rsp_cons += n;
	/* The server overwrites only what we have read. */
	pv_shared_write_release(&ring->shared->rsp_cons, ring->rsp_cons);
	return (int)n;
}

unsigned int pv_xs_ring_waiting(const struct pv_xs_ring *ring)
{
	return ring->req_prod - pv_shared_read(&ring->shared->req_cons);
}
