/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The arithmetic of the console's rings: differences of offsets, never comparisons. */
#include "pv-core/xen/cons_ring.h"

#include <pv/err.h>

#define IN_SIZE	 ((uint32_t)sizeof(((struct xencons_interface *)0)->in))
#define OUT_SIZE ((uint32_t)sizeof(((struct xencons_interface *)0)->out))

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void pv_cons_ring_adopt(struct pv_cons_ring *ring, struct xencons_interface PV_SHARED *shared)
{
	ring->shared = shared;
	ring->out_prod = pv_shared_read(&shared->out_prod);
	ring->in_cons = pv_shared_read(&shared->in_cons);
}

int pv_cons_ring_put(struct pv_cons_ring *ring, const void *buf, size_t len)
{
	/* Pairs with the other end's release: it is done with the bytes that we write over. */
	uint32_t used = ring->out_prod - pv_shared_read_acquire(&ring->shared->out_cons);
	uint32_t at = ring->out_prod % OUT_SIZE, n, first;

	if (used > OUT_SIZE)
		return PV_EPROTO;
	n = OUT_SIZE - used;
	if (len < n)
		n = (uint32_t)len;
	if (!n)
		return 0;
	first = least(n, OUT_SIZE - at);
	pv_shared_write_block(ring->shared->out + at, buf, first);
	pv_shared_write_block(ring->shared->out, (const char *)buf + first, n - first);
	ring->out_prod += n;
	/* The other end sees the bytes before it sees that there are more. */
	pv_shared_write_release(&ring->shared->out_prod, ring->out_prod);
	return (int)n;
}

int pv_cons_ring_get(struct pv_cons_ring *ring, void *buf, size_t len)
{
	/* Pairs with the other end's release: we see the bytes that it says are there. */
	uint32_t there = pv_shared_read_acquire(&ring->shared->in_prod) - ring->in_cons;
	uint32_t at = ring->in_cons % IN_SIZE, n, first;

	if (there > IN_SIZE)
		return PV_EPROTO;
	n = there;
	if (len < n)
		n = (uint32_t)len;
	if (!n)
		return 0;
	first = least(n, IN_SIZE - at);
	pv_shared_read_block(buf, ring->shared->in + at, first);
	pv_shared_read_block((char *)buf + first, ring->shared->in, n - first);
	ring->in_cons += n;
	/* The other end overwrites only what we have read. */
	pv_shared_write_release(&ring->shared->in_cons, ring->in_cons);
	return (int)n;
}

int pv_cons_ring_waiting(const struct pv_cons_ring *ring)
{
	uint32_t used = ring->out_prod - pv_shared_read(&ring->shared->out_cons);

	return used > OUT_SIZE ? PV_EPROTO : (int)used;
}
