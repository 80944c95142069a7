/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A xenstored that keeps nothing: it takes the guest's requests off the ring, and each answer is
 * made up. What is true of it is only the framing.
 *
 * Where the framing is not what a target is about, most of its time would go there: to a
 * notification, a message through the ring and an upcall, for each request and for each reply. So
 * requests can be answered where they are submitted (`direct`), past the ring: the linker puts
 * store.c before pv_xs_submit() (--wrap). Events come by the ring still.
 */
#ifndef PV_FUZZ_STORE_H
#define PV_FUZZ_STORE_H

#include <pv/abi/xen_io.h>

#include "pv-core/xen/xs_conn.h"
#include "xen.h"

struct store {
	struct xenstore_domain_interface *ring;
	/*
	 * A request is complete; its payload is terminated. Answers by store_reply(), once, or not
	 * at all.
	 */
	void (*request)(const struct xsd_sockmsg *head, char *payload);
	bool direct; /* each request is answered, at once */

	/* The server's own. */
	struct pv_xs_req *asked; /* the request that is answered directly */
	bool running;
	uint32_t in_len, out_len, out_done;
	char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1] PV_ALIGNED(8);
	char out[65536]; /* what waits for room on the ring */
};

extern struct store store;

/* Once: it is there. And the ring is empty, as for a new domain; the guest has not begun. */
void store_start(void (*request)(const struct xsd_sockmsg *head, char *payload));
void store_new(void);

/* Its turn: takes requests, puts what waits, notifies. */
void store_run(void);

/* Bytes of a message, or of none. What does not fit is lost. */
void store_raw(const void *bytes, uint32_t len);
void store_reply(const struct xsd_sockmsg *head, uint32_t type, const void *payload, uint32_t len);
void store_text(const struct xsd_sockmsg *head, const char *text); /* with its terminator */
void store_error(const struct xsd_sockmsg *head, const char *name);
void store_event(const char *path, const char *token);

#endif
