/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A virtqueue's memory: the ring, its shadow, its indirect tables.
 *
 * The ring is one piece, in the order descriptors, avail, used (virtio 1.2, 2.7). The used ring is
 * aligned to 4 for devices of virtio 1, and to 4096 for legacy ones, which know the ring by its
 * first page only (2.7.2).
 */
#include "drivers/virtio/vring_split.h"

#include <pv/config.h>
#include <pv/log.h>

#define USED_ALIGN	  4u
#define USED_ALIGN_LEGACY 4096u

/* Shares a page that the device reads and writes; NULL if there is none. */
static void *page_get(struct pv_virtio *vd, unsigned int n, pv_bus_addr_t *addr)
{
	void *va = pv_os_pages_alloc(n);

	if (va && pv_share(&vd->dev, va, n * PV_PAGE_SIZE, PV_SHARE_BOTH, addr)) {
		pv_os_pages_free(va, n);
		va = NULL;
	}
	return va;
}

static void page_put(struct pv_virtio *vd, void *va, unsigned int n, pv_bus_addr_t addr)
{
	if (va && !vd->held && !pv_unshare(&vd->dev, addr, va, n * PV_PAGE_SIZE, PV_SHARE_BOTH))
		pv_os_pages_free(va, n);
}

int pv_vq_items_alloc(struct pv_vq_items *items, struct pv_virtio *vd, unsigned int num,
		      unsigned int size)
{
	unsigned int i;

	PV_ASSERT(num && size && size <= PV_PAGE_SIZE);
	items->size = size;
	items->per_page = PV_PAGE_SIZE / size;
	items->num_pages = (num + items->per_page - 1) / items->per_page;
	items->page = pv_os_alloc(items->num_pages * sizeof(*items->page));
	if (!items->page)
		return PV_ENOMEM;
	for (i = 0; i < items->num_pages; i++) {
		items->page[i].va = page_get(vd, 1, &items->page[i].addr);
		if (!items->page[i].va) {
			pv_vq_items_free(items, vd);
			return PV_ENOMEM;
		}
	}
	return 0;
}

void pv_vq_items_free(struct pv_vq_items *items, struct pv_virtio *vd)
{
	unsigned int i;

	if (!items->page)
		return;
	for (i = 0; i < items->num_pages; i++)
		page_put(vd, items->page[i].va, 1, items->page[i].addr);
	pv_os_free(items->page, items->num_pages * sizeof(*items->page));
	items->page = NULL;
}

int pv_vq_share(struct pv_vq *vq, void *va, uint32_t len, enum pv_share_dir dir,
		pv_bus_addr_t *addr)
{
	if (vq->bounce.num)
		return pv_bounce_share(&vq->bounce, va, len, dir, addr);
	return pv_share(&vq->vd->dev, va, len, dir, addr);
}

void pv_vq_unshare(struct pv_vq *vq, pv_bus_addr_t addr, void *va, uint32_t len,
		   enum pv_share_dir dir)
{
	if (vq->bounce.num)
		pv_bounce_unshare(&vq->bounce, addr, va, len, dir);
	else
		(void)pv_unshare(&vq->vd->dev, addr, va, len, dir);
}

/* No chain has more pages than pieces. */
static int bounce_alloc(struct pv_vq *vq, unsigned int pages)
{
	unsigned int most = vq->num * vq->max_chain;
	int err;

	if (!vq->vd->dev.untrusted)
		return 0;
	if (pages > most)
		pages = most;
	err = pv_bounce_init(&vq->bounce, &vq->vd->dev, pages, vq->max_chain);
	if (!err)
		pv_info("%s: queue %u: untrusted, its data are copied by %u pages",
			vq->vd->dev.name, vq->index, vq->bounce.num);
	return err;
}

static int ring_alloc(struct pv_vq *vq, unsigned int num)
{
	unsigned int align = vq->vd->legacy ? USED_ALIGN_LEGACY : USED_ALIGN;
	/* Each ring ends with the other side's event index (2.7.6, 2.7.8). */
	unsigned int avail = num * (unsigned int)sizeof(struct vring_desc);
	unsigned int used = (avail + 6 + num * 2 + align - 1) & ~(align - 1);
	unsigned int end = used + 6 + num * (unsigned int)sizeof(struct vring_used_elem);
	char *mem;

	vq->ring_pages = (end + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE;
	mem = page_get(vq->vd, vq->ring_pages, &vq->desc_addr);
	if (!mem)
		return PV_ENOMEM;
	vq->ring_mem = mem;
	vq->avail_addr = vq->desc_addr + avail;
	vq->used_addr = vq->desc_addr + used;
	vq->desc = (struct vring_desc PV_SHARED PV_FORCE *)mem;
	vq->avail = (struct vring_avail PV_SHARED PV_FORCE *)(mem + avail);
	vq->used = (struct vring_used PV_SHARED PV_FORCE *)(mem + used);
	vq->used_event = &vq->avail->ring[num];
	vq->avail_event = (uint16_t PV_SHARED *)&vq->used->ring[num];
	return 0;
}

/* Each entry of the ring has its table, whose length is all that a chain changes of it. */
static int tables_alloc(struct pv_vq *vq)
{
	const uint32_t size = vq->max_chain * (uint32_t)sizeof(struct vring_desc);
	struct vring_desc PV_SHARED *desc = vq->desc;
	struct pv_vq_slot *slot = vq->slot, *const end = slot + vq->num;
	const struct pv_vq_items_page *page;
	pv_bus_addr_t addr;
	uint32_t left;
	char *table;
	int err;

	err = pv_vq_items_alloc(&vq->tables, vq->vd, vq->num, size);
	if (err)
		return err;
	for (page = vq->tables.page; slot < end; page++) {
		table = page->va;
		addr = page->addr;
		for (left = PV_PAGE_SIZE; left >= size && slot < end; left -= size) {
			slot++->table = (struct vring_desc PV_SHARED PV_FORCE *)table;
			pv_shared_write(&desc->addr, addr);
			pv_shared_write(&desc->flags, VRING_DESC_F_INDIRECT);
			desc++;
			table += size;
			addr += size;
		}
	}
	return 0;
}

/* All entries are free, in their order. */
static void slots_init(struct pv_vq_slot *slot, unsigned int num)
{
	unsigned int next;

	for (next = 1; next <= num; next++, slot++) {
		slot->next = (uint16_t)next;
		slot->count = 1;
	}
}

int pv_vq_alloc(struct pv_vq *vq, struct pv_virtio *vd, unsigned int index, unsigned int num,
		const struct pv_vq_spec *spec)
{
	int err;

	pv_memset(vq, 0, sizeof(*vq));
	vq->vd = vd;
	vq->index = (uint16_t)index;
	vq->num = (uint16_t)num;
	vq->mask = (uint16_t)(num - 1);
	vq->num_free = (uint16_t)num;
	vq->max_chain = (uint16_t)spec->max_chain;
	vq->any_len = spec->any_len ? ~0u : 0;
	vq->event = spec->event;
	vq->event_arg = spec->arg;
	vq->cpu = spec->cpu;
	vq->event_idx = pv_virtio_has(vd, VIRTIO_RING_F_EVENT_IDX);
	vq->indirect = pv_virtio_has(vd, VIRTIO_RING_F_INDIRECT_DESC) && spec->max_chain > 1;
	vq->msix_vector = -1;
	err = ring_alloc(vq, num);
	if (err)
		return err;
	vq->slot = pv_lines_alloc(num * sizeof(*vq->slot));
	if (!vq->slot)
		err = PV_ENOMEM;
	else if (vq->indirect)
		err = tables_alloc(vq);
	if (!err)
		err = bounce_alloc(vq, spec->bounce);
	if (err) {
		pv_vq_free(vq);
		return err;
	}
	slots_init(vq->slot, num);
	/* No interrupts until one is asked for; with EVENT_IDX the flag has to be 0 (2.7.7.1). */
	vq->armed = true;
	pv_vring_disarm(vq);
	return 0;
}

void pv_vq_free(struct pv_vq *vq)
{
	pv_bounce_exit(&vq->bounce, vq->vd->held);
	pv_vq_items_free(&vq->tables, vq->vd);
	if (vq->slot)
		pv_lines_free(vq->slot, vq->num * sizeof(*vq->slot));
	page_put(vq->vd, vq->ring_mem, vq->ring_pages, vq->desc_addr);
	vq->slot = NULL;
	vq->ring_mem = NULL;
}

void *pv_vq_drain(struct pv_vq *vq)
{
	unsigned int i;
	void *token;

	for (i = 0; i < vq->num; i++) {
		token = vq->slot[i].token;
		if (token) {
			pv_vring_free(vq, (uint16_t)i);
			return token;
		}
	}
	return NULL;
}

void pv_vq_break(struct pv_vq *vq, const char *reason)
{
	(void)pv_device_break(&vq->vd->dev, reason);
}
