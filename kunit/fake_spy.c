/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_spy.h"

#include <pv/fake_xen.h>

#define SEEN 4096u /* a power of two, well above the pages of one device */

static uint64_t seen[SEEN]; /* pages of this look, by a hash of their address */

static void begin(void)
{
	pv_memset(seen, 0, sizeof(seen));
}

static bool has_canary(const uint8_t *page)
{
	unsigned int i, run = 0;

	for (i = 0; i < PV_PAGE_SIZE && run < 4; i++)
		run = page[i] == FAKE_SPY_CANARY ? run + 1 : 0;
	return run == 4;
}

static void look(struct fake_spy *s, const void *va)
{
	uint64_t page = (uint64_t)va & ~(uint64_t)(PV_PAGE_SIZE - 1);
	unsigned int i = (unsigned int)(page >> PV_PAGE_SHIFT) % SEEN;

	while (seen[i] && seen[i] != page)
		i = (i + 1) % SEEN;
	if (seen[i] == page)
		return;
	seen[i] = page;
	s->pages++;
	s->canaries += has_canary((const uint8_t *)page);
}

static void look_range(struct fake_spy *s, const void *va, uint64_t len)
{
	uint64_t at = (uint64_t)va & ~(uint64_t)(PV_PAGE_SIZE - 1), end = (uint64_t)va + len;

	for (; at < end; at += PV_PAGE_SIZE)
		look(s, (const void *)at);
}

/* Addresses are physical ones, which in the fake machine are virtual ones; or those of loans. */
static void look_descriptors(struct fake_spy *s, const struct vring_desc *d, unsigned int n)
{
	for (; n; n--, d++) {
		if (!d->len || !d->addr)
			continue;
		look_range(s, (const void *)d->addr, d->len);
		if (d->flags & VRING_DESC_F_INDIRECT)
			look_descriptors(s, (const struct vring_desc *)d->addr,
					 d->len / (unsigned int)sizeof(*d));
	}
}

struct fake_spy fake_spy_virtio(const struct fake_virtio *f)
{
	struct fake_spy s = {0};
	const struct pv_vq *vq;
	unsigned int i;

	begin();
	/* What is lent, whole pages of it. */
	for (i = 0; f->loan && i < FAKE_LOANS; i++)
		if (f->loan[i].va)
			look_range(&s, f->loan[i].va, f->loan[i].len);
	for (i = 0; !f->loan && i < FAKE_QUEUES; i++) {
		vq = f->q[i].vq;
		if (!vq)
			continue;
		look_range(&s, vq->ring_mem, vq->ring_pages * PV_PAGE_SIZE);
		look_descriptors(&s, (const struct vring_desc *)vq->desc, vq->num);
	}
	return s;
}

struct fake_spy fake_spy_xen(uint16_t domid)
{
	struct fake_spy s = {0};
	uint32_t ref;
	void *page;

	begin();
	for (ref = 8; ref < 4096; ref++) {
		page = pv_fake_xen_peer_map(domid, ref, false);
		if (!page)
			continue;
		look(&s, page);
		pv_fake_xen_peer_unmap(ref);
	}
	return s;
}
