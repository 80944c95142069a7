/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Bounce pages (bounce.h). */
#include "pv-core/bounce.h"

#include <pv/log.h>
#include <pv/os.h>

#include "pv-core/lines.h"

/* The number of the page at this address, or, while it is not in the pool, that it is to have. */
static unsigned int find(const struct pv_bounce *b, pv_bus_addr_t addr)
{
	unsigned int low = 0, high = b->num, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (b->page[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Another page, shared; false if there is none. */
static bool add(struct pv_bounce *b)
{
	void *va = pv_os_pages_alloc(1);
	pv_bus_addr_t addr;
	unsigned int at, i;

	if (!va)
		return false;
	if (pv_share(b->dev, va, PV_PAGE_SIZE, PV_SHARE_BOTH, &addr)) {
		pv_os_pages_free(va, 1);
		return false;
	}
	at = find(b, addr);
	for (i = b->num++; i > at; i--)
		b->page[i] = b->page[i - 1];
	b->page[at].va = (uint8_t PV_SHARED PV_FORCE *)va;
	b->page[at].addr = addr;
	return true;
}

int pv_bounce_init(struct pv_bounce *b, struct pv_device *dev, unsigned int wanted,
		   unsigned int least)
{
	PV_ASSERT(wanted >= least && wanted <= 65536);
	b->dev = dev;
	b->wanted = wanted;
	b->page = pv_os_alloc(wanted * sizeof(*b->page));
	b->free = pv_lines_alloc(wanted * sizeof(*b->free));
	while (b->page && b->free && b->num < wanted && add(b))
		;
	if (b->num < least) {
		pv_bounce_exit(b, false);
		return PV_ENOMEM;
	}
	while (b->num_free < b->num) {
		b->free[b->num_free] = (uint16_t)b->num_free;
		b->num_free++;
	}
	return 0;
}

void pv_bounce_exit(struct pv_bounce *b, bool held)
{
	struct pv_bounce_page *page;

	while (b->num) {
		page = &b->page[--b->num];
		if (!held && !pv_unshare(b->dev, page->addr, (void PV_FORCE *)page->va,
					 PV_PAGE_SIZE, PV_SHARE_BOTH))
			pv_os_pages_free((void PV_FORCE *)page->va, 1);
	}
	pv_lines_free(b->free, b->wanted * sizeof(*b->free));
	pv_os_free(b->page, b->wanted * sizeof(*b->page));
	b->free = NULL;
	b->page = NULL;
	b->num_free = 0;
}

uint8_t PV_SHARED *pv_bounce_take(struct pv_bounce *b, pv_bus_addr_t *addr)
{
	const struct pv_bounce_page *page;

	if (!b->num_free)
		return NULL;
	page = &b->page[b->free[--b->num_free]];
	*addr = page->addr;
	return page->va;
}

void pv_bounce_give(struct pv_bounce *b, pv_bus_addr_t addr)
{
	b->free[b->num_free++] = (uint16_t)find(b, addr);
}

static void zero(uint8_t PV_SHARED *at, uint32_t len)
{
	static const uint8_t zeroes[512];
	uint32_t n;

	for (; len; len -= n, at += n) {
		n = len < sizeof(zeroes) ? len : (uint32_t)sizeof(zeroes);
		pv_shared_write_block(at, zeroes, n);
	}
}

int pv_bounce_share(struct pv_bounce *b, const void *va, uint32_t len, enum pv_share_dir dir,
		    pv_bus_addr_t *addr)
{
	uint8_t PV_SHARED *page;

	PV_ASSERT(len <= PV_PAGE_SIZE);
	page = pv_bounce_take(b, addr);
	if (!page)
		return PV_EBUSY;
	/* A peer that does not write what it was to must not hand one request's data to another. */
	if (dir == PV_SHARE_WRITE)
		zero(page, len);
	else
		pv_shared_write_block(page, va, len);
	return 0;
}

void pv_bounce_unshare(struct pv_bounce *b, pv_bus_addr_t addr, void *va, uint32_t len,
		       enum pv_share_dir dir)
{
	if (dir != PV_SHARE_READ)
		pv_shared_read_block(va, b->page[find(b, addr)].va, len);
	pv_bounce_give(b, addr);
}
