/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Block devices: one interface, whatever the bus.
 *
 * THE WALK OF A REQUEST
 *	The kernel fills a struct pv_blk_req and calls pv_blk_submit() on a queue, any number of
 *	times, then pv_blk_flush() once: submit puts work on the ring, flush tells the device, if it
 *	asked to be told. pv_blk_poll() takes completions off the ring and calls each request's
 *	done().
 *
 * OWNERSHIP
 *	The request, its scatter list and the memory that the list names belong to the library from
 *	a submit that returned 0 until done() is called, exactly once, from pv_blk_poll() of the
 *	same queue (or from pv_blk_close()). Nothing is copied. done() may submit.
 *
 * CAPACITY
 *	Submit takes any number of requests: what the ring does not hold waits in a list threaded
 *	through the requests themselves. A request may be of any length; it is split to what the
 *	device takes, and is done when its last part is, with the first error.
 *
 * POLLING AND INTERRUPTS
 *	A kernel that polls calls pv_blk_poll() and nothing else. One that sets an event function
 *	with pv_blk_set_event() has it called from the interrupt, and then polls until less than the
 *	budget was done: from there on the interrupt is armed again, and nothing is missed in
 *	between.
 *
 * ORDER
 *	Requests may complete in any order. A write is durable once a PV_BLK_SYNC that was submitted
 *	after its completion has itself completed with 0.
 *
 * CONTEXT
 *	A queue is used by one CPU at a time; queues are independent. open, close and the
 *	synchronous calls are control context.
 */
#ifndef PV_BLK_H
#define PV_BLK_H

#include <pv/device.h>
#include <pv/seg.h>

PV_BEGIN_DECLS

/* Sectors in this interface are of 512 bytes, whatever the device's logical block is. */
#define PV_BLK_SECTOR_SHIFT 9
#define PV_BLK_SECTOR	    512u

enum pv_blk_op {
	PV_BLK_READ,
	PV_BLK_WRITE,
	PV_BLK_SYNC,	    /* flush the device's write cache */
	PV_BLK_DISCARD,	    /* the contents are no longer needed; reads give anything */
	PV_BLK_WRITE_ZEROES /* reads give zeroes */
};

/* With PV_BLK_WRITE_ZEROES: the device may deallocate the blocks. */
#define PV_BLK_UNMAP 0x1

struct pv_blk_req;
typedef void (*pv_blk_done_fn)(struct pv_blk_req *req);

struct pv_blk_req {
	/* Set by the caller. */
	uint8_t op;	   /* enum pv_blk_op */
	uint8_t flags;	   /* PV_BLK_UNMAP */
	uint16_t num_segs; /* READ, WRITE: length of the scatter list, not 0 */
	uint64_t sector;   /* first sector; a multiple of the logical block. SYNC: ignored */
	/*
	 * DISCARD, WRITE_ZEROES: how many sectors. READ, WRITE: ignored, the list's lengths count.
	 */
	uint64_t num_sectors;
	/*
	 * Each piece is aligned to 512 bytes, and its length is a multiple of 512; the sum is a
	 * multiple of the logical block.
	 */
	const struct pv_seg *segs;
	pv_blk_done_fn done;
	void *user; /* the caller's own */

	/* Set by the library before done(): 0, or the first error. */
	int status;

	/* The library's, while the request is in its hands. */
	struct {
		struct pv_blk_req *next; /* in the list of those that wait for the ring */
		uint64_t sector;	 /* where the next part begins */
		uint64_t left;		 /* bytes, or sectors, not yet put on the ring */
		uint32_t offset;	 /* of the next part in segs[seg] */
		uint16_t seg;
		uint16_t parts; /* on the ring now */
	} lib;
};

/* What a device is, and may be asked. */
#define PV_BLK_F_READ_ONLY    0x01
#define PV_BLK_F_SYNC	      0x02 /* has a write cache that PV_BLK_SYNC flushes */
#define PV_BLK_F_DISCARD      0x04
#define PV_BLK_F_WRITE_ZEROES 0x08
#define PV_BLK_F_REMOVABLE    0x10
#define PV_BLK_F_CDROM	      0x20

struct pv_blk_queue;
struct pv_blk_ops;

struct pv_blk {
	/* For everybody to read; set by the driver, `capacity` may change (pv_blk_on_change()). */
	char name[8]; /* "blk0" */
	unsigned int index;
	struct pv_device *dev;	 /* valid as long as this structure is */
	uint64_t capacity;	 /* sectors of 512 bytes */
	uint32_t flags;		 /* PV_BLK_F_* */
	uint32_t logical_block;	 /* bytes: 512, 4096 */
	uint32_t physical_block; /* bytes, a hint for alignment */
	uint32_t opt_io;	 /* bytes, preferred request length; 0 if not told */
	struct {
		uint16_t cylinders;
		uint8_t heads, sectors;
	} geometry;		   /* zeroes if not told */
	uint32_t max_discard;	   /* sectors in one part; set if PV_BLK_F_DISCARD */
	uint32_t max_write_zeroes; /* sectors in one part; set if PV_BLK_F_WRITE_ZEROES */
	unsigned int num_queues;

	/* The class layer's. */
	struct pv_blk_queue **queue;
	struct pv_blk *next;
	unsigned int opens;
	bool gone;
	void (*change)(void *arg);
	void *change_arg;
	void (*release)(struct pv_blk *blk);
};

/* --- devices ---------------------------------------------------------------------------------- */

/*
 * The block device with this number, in the order in which they were found, and a hold on it: its
 * structure stays valid until pv_blk_close(), even if the device is removed (requests then complete
 * with PV_EGONE). NULL if there is none. Context: control.
 */
struct pv_blk *pv_blk_open(unsigned int index);

/* The kernel no longer uses it; nothing may be in flight. Context: control. */
void pv_blk_close(struct pv_blk *blk);

/*
 * `fn(arg)` is called from pv_work() when capacity or flags changed, or the device is gone. It runs
 * under the control lock: it may submit, but not open, close, or use the synchronous calls.
 * NULL: nobody. Context: control.
 */
void pv_blk_on_change(struct pv_blk *blk, void (*fn)(void *arg), void *arg);

/* --- data path -------------------------------------------------------------------------------- */

/* Queue `index`, below blk->num_queues; NULL otherwise. Context: any. */
struct pv_blk_queue *pv_blk_queue(struct pv_blk *blk, unsigned int index);

/*
 * Hands over a request. 0: done() will be called. Otherwise the request is the caller's still, and
 * done() is not called:
 *	PV_EINVAL   list empty or misaligned, beyond the end of the device, unknown operation
 *	PV_EROFS    a write to a read-only device
 *	PV_ENOTSUP  the device does not offer the operation (pv_blk.flags). PV_BLK_SYNC is the
 *		    exception: a device without write cache completes it at once.
 *	PV_EIO	    the device is broken
 *	PV_EGONE    the device was removed
 * Context: data.
 */
int pv_blk_submit(struct pv_blk_queue *q, struct pv_blk_req *req) PV_MUST_CHECK;

/*
 * Tells the device of what was submitted since the last flush, if it asked to be told. Context:
 * data.
 */
void pv_blk_flush(struct pv_blk_queue *q);

/*
 * Completes what the device finished, at most `budget` parts, and puts waiting requests on the
 * ring. The number of parts completed; when that is below the budget, the event is armed.
 * Context: data.
 */
int pv_blk_poll(struct pv_blk_queue *q, int budget);

/*
 * `fn(arg)` is called when there is work to poll for. NULL (at open): no interrupts, only polling.
 * Context: data.
 */
void pv_blk_set_event(struct pv_blk_queue *q, pv_queue_event_fn fn, void *arg);

/* Context: any; the counters may be in the middle of an update. */
const struct pv_queue_stats *pv_blk_stats(const struct pv_blk_queue *q);

/* --- for a simple kernel ---------------------------------------------------------------------- */

/*
 * Reads, or writes, `len` bytes at `buf` from, or to, `sector` through queue 0, and waits; `buf`
 * and `len` as in a scatter list of one. 0 or an error as of pv_blk_submit() or of the device;
 * PV_ETIMEDOUT after PV_CONFIG_SYNC_MS, in which case the device was broken off to get the memory
 * back.
 * Context: control.
 */
int pv_blk_read(struct pv_blk *blk, uint64_t sector, void *buf, uint32_t len) PV_MUST_CHECK;
int pv_blk_write(struct pv_blk *blk, uint64_t sector, const void *buf, uint32_t len) PV_MUST_CHECK;

/* Flushes the device's write cache, and waits. */
int pv_blk_sync(struct pv_blk *blk) PV_MUST_CHECK;

PV_END_DECLS

#endif
