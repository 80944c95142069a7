/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xenstore: the tree of names and values through which toolstack, backends and guests arrange
 * themselves (Xen docs/misc/xenstore.txt; xen/io/xs_wire.h).
 *
 * THE PARTIES
 *	xenstored keeps the tree. It and this guest share a page with two byte rings of 1024 bytes
 *	and an event channel (docs/misc/xenstore-ring.txt). A request is a header and text; its
 *	reply repeats the request's number, or is an error by name. Watch events come in between.
 *
 * PATHS
 *	Absolute ("/local/domain/0/..."), or relative to this domain's own folder ("device/vbd").
 *
 * WHAT CAN FAIL
 *	Whatever comes from the store is input of a stranger: names, numbers and lengths are
 *	checked, and a node may change or vanish between any two calls. Each call ends by its
 *	deadline (PV_CONFIG_XS_MS) with PV_ETIMEDOUT, its message says what was asked. A server that
 *	breaks the protocol (indices more than the ring apart, an overlong message, a reply to
 *	nothing) is asked to reconnect where it offers that; watches are then set again, requests
 *	outside of transactions are repeated, those inside end with PV_EAGAIN. Where it does not,
 *	the store is dead: calls end with PV_EPROTO at once.
 *
 * CONTEXT
 *	All calls are control context, and wait. They work before interrupts do: waiting polls the
 *	ring. The event channel's handler does nothing but ask for pv_work().
 *
 * Errors of all calls, besides those named: PV_ENODEV (no store), PV_ETIMEDOUT, PV_EPROTO,
 * PV_EAGAIN (in a transaction: begin again), PV_EINVAL (the store finds the path malformed),
 * PV_EPERM, PV_ENOSPC (the domain's quota), PV_EIO (the store failed).
 */
#ifndef PV_CORE_XEN_XENSTORE_H
#define PV_CORE_XEN_XENSTORE_H

#include <pv/err.h>
#include <pv/types.h>

/* The longest value and the longest list in one message (xs_wire.h, XENSTORE_PAYLOAD_MAX). */
#define PV_XS_MAX 4096u

/* The longest path that this library builds. */
#define PV_XS_PATH 256u

/* A transaction's number; PV_XS_NO_TX: none. */
typedef uint32_t pv_xs_tx;
#define PV_XS_NO_TX 0u

/* --- connection ------------------------------------------------------------------------------- */

/*
 * Connects to xenstored, forgetting what a predecessor of this kernel left (requests in flight,
 * watches). May be called by several users; each calls pv_xs_stop() in the end. 0, or PV_ENODEV if
 * this domain has no store (Dom0 before xenstored), PV_ENOMEM, PV_ETIMEDOUT, PV_EPROTO.
 */
int pv_xs_start(void) PV_MUST_CHECK;
void pv_xs_stop(void);

/*
 * Takes what came on the ring, and calls the functions of watches that fired. Their number. Called
 * by pv_work().
 */
int pv_xs_work(void);

/* --- nodes ------------------------------------------------------------------------------------ */

/*
 * Reads the value as text: `buf` is terminated, the result is its length. PV_ENOENT if there is no
 * such node, PV_ERANGE if it does not fit in `size` with the terminator, PV_EINVAL if it is not
 * text (holds a 0 byte). On error `buf` is "".
 */
int pv_xs_read(pv_xs_tx tx, const char *path, char *buf, size_t size) PV_MUST_CHECK;

/*
 * Reads an unsigned decimal number. PV_ENOENT; PV_EINVAL if it is none. `*v` changes on success
 * only.
 */
int pv_xs_read_u64(pv_xs_tx tx, const char *path, uint64_t *v) PV_MUST_CHECK;

/* Writes text (without its terminator), creating the node and its parents. */
int pv_xs_write(pv_xs_tx tx, const char *path, const char *value) PV_MUST_CHECK;

/* The same, formatted as pv_snprintf() does; PV_ERANGE beyond 255 characters. */
int pv_xs_printf(pv_xs_tx tx, const char *path, const char *fmt, ...) PV_PRINTF(3, 4) PV_MUST_CHECK;

/* Sees that the node exists. */
int pv_xs_mkdir(pv_xs_tx tx, const char *path) PV_MUST_CHECK;

/* Sees that it does not, nor what is below it. PV_ENOENT if its parent does not exist either. */
int pv_xs_rm(pv_xs_tx tx, const char *path) PV_MUST_CHECK;

/*
 * Calls `fn(name, arg)` for each child, in the store's order, until one returns something else than
 * 0, which is then the result. Lists longer than a message are read in parts, as a whole or
 * PV_EAGAIN if they keep changing. Names are legal ones: not empty, no slash. `fn` may call the
 * store. PV_ENOENT if there is no such node; PV_ENOSYS, or PV_ERANGE, if the list is too long for
 * this server, or for us.
 */
typedef int (*pv_xs_name_fn)(const char *name, void *arg);
int pv_xs_directory(pv_xs_tx tx, const char *path, pv_xs_name_fn fn, void *arg) PV_MUST_CHECK;

/*
 * Several numbers below one folder, asked for all at once and awaited together. For each item: 0
 * and *value; or `def` in *value and PV_ENOENT or PV_EINVAL (not a number) in err. The result is an
 * error only if the store itself failed.
 */
struct pv_xs_item {
	const char *key;
	uint64_t *value;
	uint64_t def;
	int err;
};
int pv_xs_gather(pv_xs_tx tx, const char *folder, struct pv_xs_item *items,
		 unsigned int n) PV_MUST_CHECK;

/* --- permissions ------------------------------------------------------------------------------ */

/* Access of one domain (xenstore.txt, GET_PERMS). */
struct pv_xs_perm {
	char access; /* 'n' none, 'r' read, 'w' write, 'b' both */
	uint16_t domid;
};

/*
 * The first entry names the owner, and what everybody not named may do. get: the number of entries,
 * at most `max`; PV_ERANGE if there are more.
 */
int pv_xs_get_perms(pv_xs_tx tx, const char *path, struct pv_xs_perm *perm,
		    unsigned int max) PV_MUST_CHECK;
int pv_xs_set_perms(pv_xs_tx tx, const char *path, const struct pv_xs_perm *perm,
		    unsigned int n) PV_MUST_CHECK;

/* --- domains ---------------------------------------------------------------------------------- */

/* The domain's folder ("/local/domain/3"), as pv_xs_read(). */
int pv_xs_get_domain_path(uint16_t domid, char *buf, size_t size) PV_MUST_CHECK;

/* 1 if the domain is connected to the store, 0 if it is not. */
int pv_xs_domain_introduced(uint16_t domid) PV_MUST_CHECK;

/*
 * A CONTROL command ("help", "print" with an argument), and its answer as pv_xs_read(). Mostly
 * Dom0's.
 */
int pv_xs_control(const char *command, const char *arg, char *buf, size_t size) PV_MUST_CHECK;

/* --- transactions ----------------------------------------------------------------------------- */

/*
 * Runs `body(tx, arg)`, whose calls name `tx`, and commits. Others see all of its writes, or none.
 * If somebody else wrote meanwhile, body is run again, up to PV_CONFIG_XS_RETRIES times. A negative
 * result of body ends the transaction without effect, and is the result; PV_EAGAIN begins again.
 */
int pv_xs_transaction(int (*body)(pv_xs_tx tx, void *arg), void *arg) PV_MUST_CHECK;

/* --- watches ---------------------------------------------------------------------------------- */

/*
 * A watch on a node and everything below it. The caller's memory, from pv_xs_watch() until
 * pv_xs_unwatch().
 *
 * `fn(w)` is called from pv_work() after something changed, and once after the watch was set; it
 * looks itself at what there is now. However often something changes before that, it is called
 * once: so there is no queue to fill. It may do whatever control context may, also unwatch and free
 * `w`.
 */
struct pv_xs_watch {
	/* Set by the caller. */
	const char *path; /* stays valid as long as the watch does */
	void (*fn)(struct pv_xs_watch *w);
	void *arg; /* the caller's own */

	/* The store's. */
	struct pv_xs_watch *next;
	uint32_t token;
	bool pending;	 /* an event came since fn was called */
	bool set;	 /* xenstored knows it */
	uint64_t events; /* that came */
	uint64_t calls;	 /* of fn */
};

/* 0, or an error, and then it is not set. PV_ENOSPC: more than the domain may have. */
int pv_xs_watch(struct pv_xs_watch *w) PV_MUST_CHECK;

/* On return fn is not called any more. Nothing happens if it is not set. */
void pv_xs_unwatch(struct pv_xs_watch *w);

/*
 * Waits until an event came for `w`, or `timeout_ms` passed; takes the event back, so that fn is
 * not called for it. 0 or PV_ETIMEDOUT.
 */
int pv_xs_wait_watch(struct pv_xs_watch *w, unsigned int timeout_ms) PV_MUST_CHECK;

/* --- for a status page, and for tests --------------------------------------------------------- */

struct pv_xs_stats {
	uint64_t requests;
	uint64_t replies;
	uint64_t events;	 /* watch events */
	uint64_t events_unknown; /* for watches that are not, or no longer, set */
	uint64_t late;		 /* replies to requests that were given up */
	uint64_t reconnects;
	uint64_t violations; /* of the protocol, by the server */
};

const struct pv_xs_stats *pv_xs_stats(void);

#endif
