/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A virtqueue: its memory, its private shadow, its doorbell. The ring's own operations are in
 * vring_split.h.
 *
 * SHADOW
 *	The device reads and writes the ring's memory, and is not trusted with it. The driver never
 *	reads back a descriptor, and of the used ring it reads idx and each element once. Which
 *	chains are in flight, how long they are and how much the device may write is kept in `slot`,
 *	indexed by the chain's head, and the free list runs through it.
 *
 * CHAINS
 *	With INDIRECT_DESC, and unless all chains are of one piece, each chain takes one entry of
 *	the ring, and the table that belongs to that entry, preallocated. Otherwise it takes as many
 *	entries as it has pieces.
 *
 * MEMORY
 *	The ring's three parts are contiguous, since legacy devices have them so. Where the port has
 *	no contiguous pages the ring is made smaller until it fits into one. Everything else that
 *	the device sees in many small items (indirect tables, request headers) lies in single pages:
 *	struct pv_vq_items. Memory whose device was not seen to end its reset is never given back.
 *
 * AN UNTRUSTED DEVICE (by the kernel's word, or by ACCESS_PLATFORM, which says that it does not
 * reach all memory)
 *	sees the above, which hold nothing else, and of data the queue's bounce pages (bounce.h).
 */
#ifndef PV_DRIVERS_VIRTQUEUE_H
#define PV_DRIVERS_VIRTQUEUE_H

#include "arch/x86/x86.h"
#include "drivers/virtio/virtio.h"
#include "pv-core/bounce.h"
#include "pv-core/lines.h"

enum pv_vq_notify_kind {
	PV_VQ_NOTIFY_NONE,
	PV_VQ_NOTIFY_MMIO32, /* virtio-mmio */
	PV_VQ_NOTIFY_MMIO16, /* virtio-pci, modern */
	PV_VQ_NOTIFY_PORT16  /* virtio-pci, legacy */
};

/* What the driver knows of a ring entry, and of the chain whose head it is. */
struct pv_vq_slot {
	void *token;			    /* the driver's; NULL: no chain in flight begins here */
	struct vring_desc PV_SHARED *table; /* the entry's indirect table */
	uint32_t writable;		    /* bytes that the device may write */
	uint16_t next;			    /* the next free entry; or, direct, the chain's next */
	uint16_t count;			    /* entries of the ring that the chain takes */
};

/* Many items of one size in single shared pages; none crosses a page. */
struct pv_vq_items {
	struct pv_vq_items_page {
		void *va;
		pv_bus_addr_t addr;
	} * page;
	unsigned int num_pages;
	unsigned int per_page;
	unsigned int size;
};

struct pv_vq {
	/* The data path's, in the order of use. */
	uint16_t num;  /* entries, a power of two */
	uint16_t mask; /* num - 1 */
	uint16_t free_head;
	uint16_t avail_idx; /* the next index of the avail ring to fill */
	uint16_t published; /* avail_idx as the device was last told */
	uint16_t used_idx;  /* the next used element to read */
	uint16_t used_seen; /* used->idx as last read, and found possible */
	uint16_t num_free;
	bool indirect;
	bool event_idx;
	bool armed; /* an interrupt is asked for */
	struct vring_desc PV_SHARED *desc;
	struct vring_avail PV_SHARED *avail;
	struct vring_used PV_SHARED *used;
	uint16_t PV_SHARED *used_event;	 /* ours, behind the avail ring */
	uint16_t PV_SHARED *avail_event; /* the device's, behind the used ring */
	struct pv_vq_slot *slot;
	uint32_t any_len; /* all ones if used lengths tell nothing (legacy block devices) */
	uint16_t index;	  /* the queue's number */
	struct {
		enum pv_vq_notify_kind kind;
		uint16_t port;
		uint32_t value;
		void *addr;
	} notify;

	/* Set-up, life cycle. */
	struct pv_virtio *vd;
	void (*event)(void *arg);
	void *event_arg;
	bool enabled;
	void *ring_mem;
	unsigned int ring_pages;
	uint16_t max_chain;
	struct pv_vq_items tables;
	struct pv_bounce bounce; /* of the chains' data; without pages if the device is trusted */
	uint64_t desc_addr, avail_addr, used_addr; /* as the device is told */
	int msix_vector;			   /* set by the PCI transports; -1 for none */
	unsigned int cpu;			   /* where its message goes */
	uint64_t pad;				   /* cache lines of its own: they are an array */
};
_Static_assert(sizeof(struct pv_vq) % PV_LINE == 0, "a queue's cache lines are no other's");

/*
 * Allocates ring and shadow for `num` entries, a power of two up to 32768. 0 or PV_ENOMEM. Context:
 * control.
 */
int pv_vq_alloc(struct pv_vq *vq, struct pv_virtio *vd, unsigned int index, unsigned int num,
		const struct pv_vq_spec *spec);
void pv_vq_free(struct pv_vq *vq);

/*
 * The next chain still in flight, by any order, taken out of the shadow: what a driver completes
 * after the device was stopped. NULL when none is left.
 */
void *pv_vq_drain(struct pv_vq *vq);

/* Breaks the queue's device. */
void pv_vq_break(struct pv_vq *vq, const char *reason);

/*
 * Whether what the queue's chains name has to be shared piece by piece, by the two functions below;
 * else it is pv_os_virt_to_phys(), and needs no end.
 */
static inline bool pv_vq_shares(const struct pv_vq *vq)
{
	return vq->bounce.num || !pv_share_is_physical(&vq->vd->dev);
}

/*
 * pv_share() and pv_unshare(), of a piece of data; of an untrusted device, of at most a page.
 * Context: data.
 */
int pv_vq_share(struct pv_vq *vq, void *va, uint32_t len, enum pv_share_dir dir,
		pv_bus_addr_t *addr) PV_MUST_CHECK;
void pv_vq_unshare(struct pv_vq *vq, pv_bus_addr_t addr, void *va, uint32_t len,
		   enum pv_share_dir dir);

/* `num` zeroed items of `size` bytes, at most a page. 0 or PV_ENOMEM. Context: control. */
int pv_vq_items_alloc(struct pv_vq_items *items, struct pv_virtio *vd, unsigned int num,
		      unsigned int size);
void pv_vq_items_free(struct pv_vq_items *items, struct pv_virtio *vd);
static inline void *pv_vq_item(const struct pv_vq_items *items, unsigned int i, pv_bus_addr_t *addr)
{
	const struct pv_vq_items_page *page = &items->page[i / items->per_page];
	unsigned int offset = i % items->per_page * items->size;

	*addr = page->addr + offset;
	return (char *)page->va + offset;
}

/*
 * Rings the doorbell (virtio 1.2, 4.1.5.2, 4.2.3.3). A switch, not a pointer: it is in the data
 * path.
 */
static inline void pv_vq_ring(struct pv_vq *vq)
{
	switch (vq->notify.kind) {
	case PV_VQ_NOTIFY_MMIO32:
		pv_mmio_write32(vq->notify.addr, vq->notify.value);
		break;
	case PV_VQ_NOTIFY_MMIO16:
		pv_mmio_write16(vq->notify.addr, (uint16_t)vq->notify.value);
		break;
	case PV_VQ_NOTIFY_PORT16:
		pv_out16(vq->notify.port, (uint16_t)vq->notify.value);
		break;
	case PV_VQ_NOTIFY_NONE:
		break;
	}
}

#endif
