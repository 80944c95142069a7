/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Inside the connection: between its messages (xs_conn.c) and its page and event channel
 * (xs_link.c).
 */
#ifndef PV_CORE_XEN_XS_LINK_H
#define PV_CORE_XEN_XS_LINK_H

#include "pv-core/xen/xs_conn.h"
#include "pv-core/xen/xs_ring.h"

#define PV_XS_LATE 16
#define PV_XS_TXS  4

struct pv_xs_conn {
	struct pv_xs_ring ring;
	int port;
	bool bound; /* its events reach us; else we poll */
	enum {
		PV_XS_CONNECTED,
		PV_XS_BROKEN, /* to be recovered, by who comes next in control context */
		PV_XS_DEAD    /* for good; `why` is what requests get */
	} state;
	int why;
	bool recovering;
	bool draining; /* a predecessor's requests may still be answered */
	bool silent;   /* the last request was given up */
	unsigned int strays;
	unsigned int failures;	   /* reconnections since the last good reply */
	uint32_t next_id;	   /* of requests */
	struct pv_xs_req *first;   /* under way, oldest first */
	uint32_t late[PV_XS_LATE]; /* numbers of requests given up; 0: none */
	unsigned int next_late;
	pv_xs_tx tx[PV_XS_TXS]; /* open transactions; 0: none */
	struct pv_xs_stats stats;

	/* The message being sent, and how much of it is on the ring. */
	uint32_t out_len, out_done;
	char out[sizeof(struct xsd_sockmsg) + PV_XS_MAX];

	/* The one being received; the payload is terminated when it is complete. */
	uint32_t in_done;
	struct xsd_sockmsg in;
	char payload[PV_XS_MAX + 1];
};

/* The connection; NULL if there is none. */
extern struct pv_xs_conn *pv_xs_conn;

/* xs_conn.c: ends a request; moves bytes both ways; the server broke the protocol (PV_EPROTO). */
void pv_xs_end(struct pv_xs_conn *c, struct pv_xs_req *req, int status);
void pv_xs_pump(struct pv_xs_conn *c);
int pv_xs_violation(struct pv_xs_conn *c, const char *what);

/* Whether the server shows no error of its own; breaks the connection if it does. */
bool pv_xs_link_valid(struct pv_xs_conn *c);

void pv_xs_link_notify(struct pv_xs_conn *c);
bool pv_xs_link_can_reconnect(const struct pv_xs_conn *c);

/* Reconnects, or ends the connection for good. */
void pv_xs_link_recover(struct pv_xs_conn *c);

#endif
