/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The table that is shared with Xen, in either version: writing an entry, and revoking it. Inline,
 * because each grant goes through here; grant_table.c sets it up and grows it.
 *
 *	version 1	8 bytes each: flags, domid, frame of 32 bits. Xen notes use in the flags.
 *	version 2	16 bytes each, frame of 64 bits; Xen notes use in a table of its own.
 */
#ifndef PV_CORE_XEN_GRANT_TABLE_H
#define PV_CORE_XEN_GRANT_TABLE_H

#include <pv/abi/xen.h>
#include <pv/config.h>
#include <pv/shared.h>

#define PV_GRANT_V1_PER_FRAME	  (PV_PAGE_SIZE / sizeof(struct grant_entry_v1))
#define PV_GRANT_V2_PER_FRAME	  (PV_PAGE_SIZE / sizeof(union grant_entry_v2))
#define PV_GRANT_STATUS_PER_FRAME (PV_PAGE_SIZE / sizeof(grant_status_t))
#define PV_GRANT_STATUS_FRAMES                                                                     \
	((PV_CONFIG_GRANT_FRAMES * PV_GRANT_V2_PER_FRAME + PV_GRANT_STATUS_PER_FRAME - 1) /        \
	 PV_GRANT_STATUS_PER_FRAME)

#define PV_GRANT_IN_USE (GTF_reading | GTF_writing)

struct pv_grant_table {
	unsigned int version; /* 1 or 2; 0: there is none */
	unsigned int per_frame;
	unsigned int frames, max_frames;
	void PV_SHARED *frame[PV_CONFIG_GRANT_FRAMES];
	grant_status_t PV_SHARED *status[PV_GRANT_STATUS_FRAMES]; /* version 2 */
};

extern struct pv_grant_table pv_grant_table;

static inline struct grant_entry_v1 PV_SHARED *pv_grant_v1(unsigned int ref)
{
	struct grant_entry_v1 PV_SHARED *frame =
		(struct grant_entry_v1 PV_SHARED *)
			pv_grant_table.frame[ref / PV_GRANT_V1_PER_FRAME];

	return &frame[ref % PV_GRANT_V1_PER_FRAME];
}

static inline union grant_entry_v2 PV_SHARED *pv_grant_v2(unsigned int ref)
{
	union grant_entry_v2 PV_SHARED *frame =
		(union grant_entry_v2 PV_SHARED *)pv_grant_table.frame[ref / PV_GRANT_V2_PER_FRAME];

	return &frame[ref % PV_GRANT_V2_PER_FRAME];
}

/* Where Xen notes that an entry is in use. */
static inline uint16_t PV_SHARED *pv_grant_status(unsigned int ref)
{
	if (pv_grant_table.version == 1)
		return &pv_grant_v1(ref)->flags;
	return &pv_grant_table
			.status[ref / PV_GRANT_STATUS_PER_FRAME][ref % PV_GRANT_STATUS_PER_FRAME];
}

/* Grants: the flags last, by which the entry becomes valid for Xen. */
static inline void pv_grant_write(unsigned int ref, uint16_t domid, uint64_t gfn, uint16_t flags)
{
	if (pv_grant_table.version == 1) {
		struct grant_entry_v1 PV_SHARED *e = pv_grant_v1(ref);

		pv_shared_write(&e->frame, (uint32_t)gfn);
		pv_shared_write(&e->domid, domid);
		pv_shared_write_release(&e->flags, flags);
	} else {
		union grant_entry_v2 PV_SHARED *e = pv_grant_v2(ref);

		pv_shared_write(&e->full_page.frame, gfn);
		pv_shared_write(&e->hdr.domid, domid);
		pv_shared_write_release(&e->hdr.flags, flags);
	}
}

/*
 * Takes the grant back, which was made with `flags`; whether nobody uses it.
 *
 * Version 1: the peer's use is in the same word. It is taken back if it is as we wrote it, in one
 * operation; a mapping comes before that, and it fails, or after, and the mapping fails.
 *
 * Version 2: from the 0 on nobody can begin to use it; who did before is in the status, which Xen
 * sets before it looks at the flags once more. The barrier is the partner of Xen's between these
 * two.
 */
static inline bool pv_grant_revoke(unsigned int ref, uint16_t flags)
{
	if (pv_grant_table.version == 1)
		return pv_shared_replace(&pv_grant_v1(ref)->flags, flags, 0);
	pv_shared_write(&pv_grant_v2(ref)->hdr.flags, 0);
	pv_mb();
	return !(pv_shared_read_acquire(pv_grant_status(ref)) & PV_GRANT_IN_USE);
}

/* The flags as they are in the table, less those of use. */
static inline uint16_t pv_grant_flags(unsigned int ref)
{
	uint16_t flags = pv_grant_table.version == 1 ? pv_shared_read(&pv_grant_v1(ref)->flags)
						     : pv_shared_read(&pv_grant_v2(ref)->hdr.flags);

	return (uint16_t)(flags & ~PV_GRANT_IN_USE);
}

/* Chooses the version, and asks how far it may grow. 0 or PV_E*. It has no frames yet. */
int pv_grant_table_start(void);

/* One more frame, of which there are less than max_frames. 0 or PV_E*; PV_ENOMEM without memory. */
int pv_grant_table_grow(void);

/* The version and the frames of before, in a new domain. 0 or PV_E*. */
int pv_grant_table_resume(void);

/* PV: its frames are not mapped, until they are placed again. 0 or PV_E*. */
int pv_grant_table_take_out(void);
int pv_grant_table_place(void);

void pv_grant_table_exit(void);

#endif
