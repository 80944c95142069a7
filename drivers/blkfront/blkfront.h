/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the files of the Xen block frontend (xen/io/blkif.h):
 *
 *	blkfront.c		life cycle: connecting, removing, connecting again
 *	blkfront_xs.c		negotiation: what both sides write into xenstore
 *	blkfront_grants.c	pages that are lent as long as the connection lasts
 *	blkfront_data.c		how data reach the backend
 *	blkfront_io.c		data path
 *
 * A CONNECTION is all that a backend has of us: ring, event channel, lent pages, parts in flight.
 * It is made and unmade as a whole, and a backend that starts again gets a new one: then what is
 * in flight goes back to the class layer, which cuts it anew, by the limits of the new
 * connection.
 *
 * AN UNTRUSTED BACKEND (blkif.h, "trusted") sees the connection's pages, which hold nothing else of
 * the guest's, and of data the pool's: they are copied there, as for a backend with persistent
 * grants, whether it is one or not.
 *
 * SECTORS are of 512 bytes in all that blkif.h counts in sectors, whatever the block is. (Headers
 * of Xen 4.5 to 4.19 say otherwise of a frontend that writes feature-large-sector-size; backends
 * differed in what they made of it, and 4.20 took it back. This one does not write it.)
 */
#ifndef PV_DRIVERS_BLKFRONT_H
#define PV_DRIVERS_BLKFRONT_H

#include <pv/abi/xen_io.h>
#include <pv/config.h>

#include "pv-core/blk_driver.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/ring.h"
#include "pv-core/xen/xenbus.h"

#define BLKFRONT_SECTORS (PV_PAGE_SIZE / PV_BLK_SECTOR) /* in a page */

/* Segments that an indirect page holds, and pieces in a part. */
#define BLKFRONT_INDIRECT ((uint32_t)(PV_PAGE_SIZE / sizeof(struct blkif_request_segment)))
#define BLKFRONT_SEGS	  (PV_CONFIG_BLK_SEGS < 512 ? PV_CONFIG_BLK_SEGS : 512)

/* A page of ours that the backend may reach as long as the connection lasts. */
struct blkfront_page {
	void PV_SHARED *va; /* NULL: none */
	int ref;
};

/* What we know of a part on the ring; its number is the request's id. */
struct blkfront_part {
	struct pv_blk_req *req; /* NULL: not on the ring */
	uint32_t turn;		/* the ring's index at which it was put */
	uint8_t op;		/* BLKIF_OP_*; of an indirect request what it does */
	bool indirect;
	bool single;	/* one piece, within a page: num, bytes and indirect are not used */
	uint32_t bytes; /* of data */
	uint32_t num;	/* pieces of data, at `seg` */
	const struct pv_seg *seg;
	struct pv_seg cut[BLKFRONT_SEGS]; /* where the caller's pieces had to be cut */
	union {
		int ref;			   /* of a single piece, granted */
		pv_bus_addr_t addr[BLKFRONT_SEGS]; /* of the pieces, shared */
		uint16_t page[BLKFRONT_SEGS]; /* persistent: the pool's pages, in their place */
	} at;
};

struct blkfront {
	struct pv_blk blk;
	struct pv_blk_queue q;
	struct pv_blk_queue *queues[1];
	struct pv_xenbus_device *xd;
	bool told; /* the toolstack: that the device is broken */

	/* What was negotiated. */
	unsigned int ring_order; /* pages of the ring, as a power of two */
	uint32_t max_segs;	 /* segments in a request */
	uint16_t handle;	 /* the virtual device's number */
	uint8_t sync_op;	 /* BLKIF_OP_*; NO_SYNC_OP if the backend knows none */
	bool persistent;	 /* data are copied to, and from, the pool's pages */
	uint32_t pool_wanted;	 /* pages of it */

	/* The connection. */
	bool up;     /* it may be used by the data path */
	int port;    /* 0: none */
	bool fired;  /* the event came, and the port is masked; taken back by the data path */
	bool worked; /* there was work since then */
	struct pv_xring ring;
	union blkif_sring_entry PV_SHARED *slot;      /* of the ring */
	struct pv_grant_block *ring_block;	      /* its pages */
	int ring_ref[1u << PV_CONFIG_BLK_RING_ORDER]; /* of its pages, the first num_ring_refs */
	unsigned int num_ring_refs;
	unsigned int num_parts; /* at most what the ring holds */
	struct blkfront_part **part;
	uint16_t *free_part; /* a stack */
	unsigned int num_free;
	struct blkfront_page *indirect; /* one for each part; NULL: no indirect requests */
	unsigned int reserved;		/* grants */

	/* Persistent grants. */
	struct blkfront_page *pool;
	unsigned int pool_size;
	uint16_t *pool_free; /* a stack: few pages are used often, as blkif.h suggests */
	unsigned int pool_num_free;
};

#define BLKFRONT_NO_SYNC_OP 0xff

/* --- blkfront_xs.c ---------------------------------------------------------------------------- */

/* The largest ring that the backend takes, and we like: its order. */
unsigned int pv_blkfront_ring_order(struct blkfront *bf);

/* Tells the backend of ring and event channel: we are Initialised. 0 or PV_E*. */
int pv_blkfront_publish(struct blkfront *bf) PV_MUST_CHECK;

/*
 * What the connected backend says the device is, and takes: into bf and its pv_blk. PV_EPROTO or
 * PV_ENOTSUP for what cannot be.
 */
int pv_blkfront_properties(struct blkfront *bf) PV_MUST_CHECK;

/* Reads the capacity. 0; or PV_E*, and it is as before. */
int pv_blkfront_capacity(struct blkfront *bf);

/* --- blkfront_grants.c ------------------------------------------------------------------------ */

/*
 * The ring, of 2^order pages or fewer if there is no memory for them; `ring_order` is what it is.
 */
int pv_blkfront_ring_start(struct blkfront *bf, unsigned int order) PV_MUST_CHECK;
void pv_blkfront_ring_stop(struct blkfront *bf);

/*
 * Parts, and the pages that they need, by what was negotiated; their mirror, with nothing in
 * flight.
 */
int pv_blkfront_parts_start(struct blkfront *bf) PV_MUST_CHECK;
void pv_blkfront_parts_stop(struct blkfront *bf);

/* --- blkfront_data.c -------------------------------------------------------------------------- */

/* The pages that a part's data fill. */
static inline unsigned int pv_blkfront_pages(const struct blkfront_part *part)
{
	return (part->bytes + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE;
}

/* What the backend does with a part's data. */
static inline enum pv_share_dir pv_blkfront_dir(const struct blkfront_part *part)
{
	return part->op == BLKIF_OP_READ ? PV_SHARE_WRITE : PV_SHARE_READ;
}

/*
 * Writes a segment: `bytes` in a page that the backend knows as `ref`, from sector `first` in it
 * on.
 */
static inline void pv_blkfront_put_seg(struct blkif_request_segment PV_SHARED *to, uint32_t ref,
				       uint32_t first, uint32_t bytes)
{
	pv_shared_write(&to->gref, ref);
	pv_shared_write(&to->first_sect, first);
	pv_shared_write(&to->last_sect, first + bytes / PV_BLK_SECTOR - 1);
}

/* The same, of a piece that is shared as `addr`. */
static inline void pv_blkfront_put_shared(struct blkif_request_segment PV_SHARED *to,
					  pv_bus_addr_t addr, uint32_t bytes)
{
	pv_blkfront_put_seg(to, (uint32_t)(addr >> PV_PAGE_SHIFT),
			    (uint32_t)(addr & (PV_PAGE_SIZE - 1)) / PV_BLK_SECTOR, bytes);
}

/*
 * Sees that the backend can reach the data of a part (op, bytes, num and seg are set). PV_EBUSY,
 * and nothing has changed, if that cannot be now.
 */
int pv_blkfront_data_begin(struct blkfront *bf, struct blkfront_part *part) PV_MUST_CHECK;

/* Writes the part's segments, which name what data_begin shared. */
void pv_blkfront_put_segs(struct blkfront *bf, const struct blkfront_part *part,
			  struct blkif_request_segment PV_SHARED *to);

/*
 * The mirror of data_begin; what was read is where it belongs if the part went well. PV_EBUSY if
 * the backend keeps some.
 */
int pv_blkfront_data_end(struct blkfront *bf, const struct blkfront_part *part, bool good);

/* --- blkfront_io.c ---------------------------------------------------------------------------- */

extern const struct pv_blk_ops pv_blkfront_ops;

/* The event channel's handler; the argument is bf. */
void pv_blkfront_event(void *arg);

/* Of a backend that has let go: what is in flight is lost, with `status`. */
void pv_blkfront_lose(struct blkfront *bf, int status);

/*
 * The same, but it goes back to those that wait. PV_EPROTO if the backend kept memory: the device
 * is broken then, and what is left is lost.
 */
int pv_blkfront_rewind(struct blkfront *bf) PV_MUST_CHECK;

#endif
