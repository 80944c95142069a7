/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The connection to xenstored: messages on the rings of xs_ring.h, several requests under way, and
 * the way back from a server that broke the protocol or went silent.
 *
 * A REQUEST
 *	queued	in the list; its texts stay the caller's
 *	sent	copied into the connection's own buffer, from where it goes to the ring as room
 *		comes. So one that is given up half-way is sent to its end still, and the stream
 *		keeps its boundaries.
 *	done	its reply came, by its number, in whatever order; or the connection ended it
 *	late	given up by its caller; the number is kept, so that its reply is known when it comes
 *
 * RECONNECTING (xenstore-ring.txt, "The ring reconnection feature")
 *	We write 1 to `connection` and wait for the server's 0; until then nothing else of the page
 *	counts. The server has forgotten requests, transactions and watches by then. Requests
 *	outside of transactions are queued again, those inside end with PV_EAGAIN, watches are set
 *	again.
 *
 * All of it runs in control context.
 */
#ifndef PV_CORE_XEN_XS_CONN_H
#define PV_CORE_XEN_XS_CONN_H

#include <pv/abi/xen_io.h>

#include "pv-core/xen/xenstore.h"

#define PV_XS_PARTS 3

struct pv_xs_req {
	/* Set by the caller. */
	uint32_t type; /* XS_* */
	pv_xs_tx tx;
	struct pv_xs_part {
		const void *p;
		size_t len;
	} part[PV_XS_PARTS]; /* its payload, one after the other */
	void *reply;	     /* the reply's payload goes here, cut at reply_size */
	size_t reply_size;

	/* The connection's. */
	int status; /* once it is done: length of the whole reply, or PV_E* */
	enum { PV_XS_QUEUED, PV_XS_SENT, PV_XS_DONE } stage;
	uint32_t id;
	struct pv_xs_req *next;
};

/* Connects; its mirror. See pv_xs_start(). */
int pv_xs_conn_open(void) PV_MUST_CHECK;
void pv_xs_conn_close(void);

/*
 * In a new domain: its page and port. Requests begin anew; watches are to be set again by
 * pv_xs_watch_restore(). 0; PV_ENODEV if there was no connection; or PV_E*, and it is dead:
 * PV_EGONE if this domain has no store.
 */
int pv_xs_conn_resume(void) PV_MUST_CHECK;

/*
 * Puts a request under way. 0, or PV_ENODEV, PV_ERANGE (longer than a message), PV_EPROTO (dead),
 * PV_EAGAIN (its transaction was lost in a reconnection).
 */
int pv_xs_submit(struct pv_xs_req *req) PV_MUST_CHECK;

/*
 * Waits until it is done, and returns its status; PV_ETIMEDOUT after PV_CONFIG_XS_MS without one.
 */
int pv_xs_await(struct pv_xs_req *req) PV_MUST_CHECK;

/*
 * Transactions that are open: one that the server forgot in a reconnection is known here no more.
 * room: whether there may be another; asked before it is started.
 */
bool pv_xs_tx_room(void);
void pv_xs_tx_opened(pv_xs_tx tx);
void pv_xs_tx_ended(pv_xs_tx tx);

/* Takes what is on the ring, without waiting, and reconnects if that is due. */
void pv_xs_poll(void);

/* Whether there is a connection that works, for the conditions of waits. */
bool pv_xs_alive(void);

/* Both together. */
static inline int pv_xs_call(struct pv_xs_req *req)
{
	int err = pv_xs_submit(req);

	return err ? err : pv_xs_await(req);
}

/* --- xs_watch.c ------------------------------------------------------------------------------- */

/* An event came; text is terminated. False if no watch has this token. */
bool pv_xs_watch_event(const char *token);

/* The server forgot all watches: sets them again. */
void pv_xs_watch_restore(void);

/*
 * --- xs_text.c: what comes from the store, checked ----------------------------------------------
 */

/* "ENOENT" and so on as PV_E*; PV_EIO for a name that is unknown. */
int pv_xs_error(const char *name);

/* An unsigned decimal number, all of the text. 0 or PV_EINVAL; *v changes on success only. */
int pv_xs_number(const char *text, uint64_t *v);

/* Whether it may be the name of one node. */
bool pv_xs_name_valid(const char *name);

/* "r3". 0 or PV_EINVAL. */
int pv_xs_perm_parse(const char *text, struct pv_xs_perm *perm);

/*
 * The next of several terminated texts in `len` bytes at *at, which moves past it; NULL at the end.
 */
const char *pv_xs_next_text(const char **at, const char *end);

#endif
