/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The split virtqueue's operations (virtio 1.2, 2.7), for the data path: inline, without
 * allocation, wait or indirect call. The queue's owner calls them, one CPU at a time.
 *
 *	chain	pv_vring_room, pv_vring_begin, pv_vring_put for each piece, pv_vring_end. Pieces
 *		that the device reads come before those that it writes (2.7.4.2). Until
 *		pv_vring_end() nothing private has changed, so that a chain is given up by not
 *		ending it.
 *	preset	where most chains are alike but for one piece, they are written once for each head
 *		(pv_vring_preset); then the driver writes that piece only, and pv_vring_repeat does
 *		the rest.
 *	kick	publishes the chains that were ended since the last time, in one store, and rings
 *		the doorbell if the device asked for it.
 *	pop	takes one completion, checked against the shadow; a device that lies is broken.
 *	arm	asks for an interrupt; tells whether it came too late for completions already there.
 *
 * INDICES are 16 bits wide, run freely and wrap; they are only ever subtracted, and the difference
 * compared (2.7.7.1).
 *
 * WHAT THE DEVICE MAY SAY
 *	used->idx moves forward by at most what is published and not yet used; an element names the
 *	head of a chain in flight, and at most as many bytes as its device-writable pieces have.
 *	Chains without any have their length ignored (2.7.8.2 is silent; devices are known that
 *	report the bytes they read).
 */
#ifndef PV_DRIVERS_VRING_SPLIT_H
#define PV_DRIVERS_VRING_SPLIT_H

#include "drivers/virtio/virtqueue.h"

/* A chain while it is written. */
struct pv_vring_chain {
	struct vring_desc PV_SHARED *desc; /* the ring, or the table */
	bool table;
	unsigned int at;      /* the entry that is written next */
	unsigned int entries; /* of the ring */
};

/* Entries of the ring that a chain of `pieces` takes. */
static inline unsigned int pv_vring_entries(const struct pv_vq *vq, unsigned int pieces)
{
	return vq->indirect ? 1 : pieces;
}

/* Whether the ring has room for a chain of `pieces`. */
static inline bool pv_vring_room(const struct pv_vq *vq, unsigned int pieces)
{
	return vq->num_free >= pv_vring_entries(vq, pieces);
}

/* The number of the entry that the next chain begins with, if there is room for one. */
static inline uint16_t pv_vring_next_head(const struct pv_vq *vq)
{
	return vq->free_head;
}

/*
 * Begins a chain of `pieces`, at least one and at most the queue's max_chain, for which there is
 * room. `table` is vq->indirect; an argument, so that a driver can have a copy of its code for each
 * case.
 */
static inline void pv_vring_begin(const struct pv_vq *vq, struct pv_vring_chain *c,
				  unsigned int pieces, bool table)
{
	c->table = table;
	c->desc = table ? vq->slot[vq->free_head].table : vq->desc;
	c->at = table ? 0 : vq->free_head;
	c->entries = table ? 1 : pieces;
}

/*
 * Adds a piece. `flags`: VRING_DESC_F_NEXT for all but the last one, VRING_DESC_F_WRITE for what
 * the device writes.
 */
static inline void pv_vring_put(const struct pv_vq *vq, struct pv_vring_chain *c,
				pv_bus_addr_t addr, uint32_t len, uint16_t flags)
{
	struct vring_desc PV_SHARED *d = &c->desc[c->at];
	unsigned int next = c->table ? c->at + 1 : vq->slot[c->at].next;

	pv_shared_write(&d->addr, addr);
	pv_shared_write(&d->len, len);
	pv_shared_write(&d->flags, flags);
	pv_shared_write(&d->next, next);
	c->at = next;
}

/*
 * Has an entry of the ring name the first `n` entries of its table, whose address it has already.
 */
static inline void pv_vring_table_len(struct pv_vq *vq, unsigned int head, unsigned int n)
{
	pv_shared_write(&vq->desc[head].len, (uint32_t)(n * sizeof(struct vring_desc)));
}

/*
 * Puts `head`, the next one, into the avail ring; `after` is the next one then. The index that it
 * has there.
 */
static inline uint16_t pv_vring_offer(struct pv_vq *vq, unsigned int head, unsigned int after,
				      unsigned int entries, void *token, uint32_t writable)
{
	struct pv_vq_slot *slot = &vq->slot[head];
	unsigned int idx = vq->avail_idx;

	vq->free_head = (uint16_t)after;
	vq->num_free -= (uint16_t)entries;
	slot->token = token;
	slot->writable = writable | vq->any_len;
	vq->avail_idx = (uint16_t)(idx + 1);
	pv_shared_write(&vq->avail->ring[idx & vq->mask], head);
	return (uint16_t)idx;
}

/*
 * Ends the chain and puts its head into the avail ring; the device learns of it by the next kick.
 * `writable` is how many bytes in all the device may write.
 */
static inline void pv_vring_end(struct pv_vq *vq, const struct pv_vring_chain *c, void *token,
				uint32_t writable)
{
	unsigned int head = vq->free_head, after = c->at;

	if (c->table) {
		pv_vring_table_len(vq, head, c->at);
		after = vq->slot[head].next;
	} else {
		vq->slot[head].count = (uint16_t)c->entries;
	}
	pv_vring_offer(vq, head, after, c->entries, token, writable);
}

/* Writes a piece that stays into entry `at` of a table whose chain is not in flight. */
static inline void pv_vring_preset(struct pv_vq *vq, unsigned int head, unsigned int at,
				   pv_bus_addr_t addr, uint32_t len, uint16_t flags)
{
	struct vring_desc PV_SHARED *d = &vq->slot[head].table[at];

	pv_shared_write(&d->addr, addr);
	pv_shared_write(&d->len, len);
	pv_shared_write(&d->flags, flags);
	pv_shared_write(&d->next, at + 1);
}

/*
 * Puts the chain of `head`, the next one, for which there is room, into the avail ring as it is:
 * preset, but for what the driver wrote into an entry of its table, or, where chains are of one
 * piece without a table, into that of the ring. Its index there.
 */
static inline uint16_t pv_vring_repeat(struct pv_vq *vq, unsigned int head, void *token,
				       uint32_t writable)
{
	return pv_vring_offer(vq, head, vq->slot[head].next, 1, token, writable);
}

/* Shows the device what was ended since the last time. False if that is nothing. */
static inline bool pv_vring_publish(struct pv_vq *vq)
{
	if (vq->published == vq->avail_idx)
		return false;
	/* Descriptors and ring before the index; pairs with the device's acquire of avail->idx. */
	pv_shared_write_release(&vq->avail->idx, vq->avail_idx);
	return true;
}

/* Publishes, and notifies the device if it wants that (2.7.10). True if the doorbell was rung. */
static inline bool pv_vring_kick(struct pv_vq *vq)
{
	uint16_t old = vq->published;
	bool wanted;

	if (!pv_vring_publish(vq))
		return false;
	vq->published = vq->avail_idx;
	/*
	 * Our index before the look at its wish; pairs with the device's barrier between its wish
	 * (avail_event, or the flag) and its last look at avail->idx.
	 */
	pv_mb();
	if (vq->event_idx)
		wanted = vring_need_event(pv_shared_read(vq->avail_event), vq->published, old);
	else
		wanted = !(pv_shared_read(&vq->used->flags) & VRING_USED_F_NO_NOTIFY);
	if (wanted)
		pv_vq_ring(vq);
	return wanted;
}

/* The entries of the chain with this head are free again. */
static inline void pv_vring_free(struct pv_vq *vq, uint16_t head)
{
	struct pv_vq_slot *slot = &vq->slot[head];
	uint16_t n = slot->count, last = head;

	vq->num_free += n;
	while (pv_unlikely(--n))
		last = vq->slot[last].next;
	vq->slot[last].next = vq->free_head;
	vq->free_head = head;
	slot->token = NULL;
}

/*
 * Looks for completions that were not seen yet. False if there are none, or if the device is broken
 * now.
 */
static inline bool pv_vring_look(struct pv_vq *vq)
{
	/* Pairs with the device's release of used->idx, after the elements and the data. */
	uint16_t idx = pv_shared_read_acquire(&vq->used->idx);

	if (idx == vq->used_idx)
		return false;
	if (pv_unlikely((uint16_t)(idx - vq->used_idx) >
			(uint16_t)(vq->published - vq->used_idx))) {
		pv_vq_break(vq, "used index jumped");
		return false;
	}
	vq->used_seen = idx;
	return true;
}

/* What is wrong with a used element; NULL if nothing is. `*len` is 0 for a chain only read. */
static inline const char *pv_vring_check(const struct pv_vq *vq, uint32_t id, uint32_t *len)
{
	if (pv_unlikely(id >= vq->num))
		return "used id out of range";
	if (pv_unlikely(!vq->slot[id].token))
		return "used id is not in flight";
	if (pv_unlikely(*len > vq->slot[id].writable)) {
		if (vq->slot[id].writable)
			return "used length beyond the buffer";
		*len = 0;
	}
	return NULL;
}

/*
 * The next completion: the chain's token, and in `*len` the bytes that the device wrote, never more
 * than it might (anything, if the queue's any_len is set; 0 for a chain that it only read). NULL if
 * there is none, or if the device is broken now.
 */
static inline void *pv_vring_pop(struct pv_vq *vq, uint32_t *len)
{
	struct vring_used_elem PV_SHARED *elem;
	const char *wrong;
	uint32_t id;
	void *token;

	*len = 0;
	if (vq->used_idx == vq->used_seen && !pv_vring_look(vq))
		return NULL;
	elem = &vq->used->ring[vq->used_idx & vq->mask];
	id = pv_shared_read(&elem->id);
	*len = pv_shared_read(&elem->len);
	wrong = pv_vring_check(vq, id, len);
	if (pv_unlikely(wrong)) {
		pv_vq_break(vq, wrong);
		return NULL;
	}
	token = vq->slot[id].token;
	pv_vring_free(vq, (uint16_t)id);
	vq->used_idx++;
	return token;
}

/* Chains ended and not yet popped. */
static inline uint16_t pv_vring_in_flight(const struct pv_vq *vq)
{
	return (uint16_t)(vq->avail_idx - vq->used_idx);
}

/*
 * Asks for an interrupt once more than `after` further completions are there; without EVENT_IDX, at
 * the next one. True if they are there already, so that none will come: the final check.
 */
static inline bool pv_vring_arm(struct pv_vq *vq, uint16_t after)
{
	vq->armed = true;
	if (vq->event_idx) {
		pv_shared_write(vq->used_event, (uint16_t)(vq->used_idx + after));
	} else {
		after = 0;
		pv_shared_write(&vq->avail->flags, 0);
	}
	/*
	 * Our wish before the last look at its index; pairs with the device's barrier between
	 * used->idx and its look at used_event or the flag (2.7.7.1, 2.7.8).
	 */
	pv_mb();
	return (uint16_t)(pv_shared_read(&vq->used->idx) - vq->used_idx) > after;
}

/*
 * Asks for none. With EVENT_IDX that is an index just passed, so that one in 65536 completions
 * raises an interrupt nevertheless: "unreliable" (2.7.7.1) is what the driver has to live with
 * anyway.
 */
static inline void pv_vring_disarm(struct pv_vq *vq)
{
	if (!vq->armed)
		return;
	vq->armed = false;
	if (vq->event_idx)
		pv_shared_write(vq->used_event, (uint16_t)(vq->used_idx - 1));
	else
		pv_shared_write(&vq->avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
}

#endif
