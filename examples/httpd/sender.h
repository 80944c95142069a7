/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Sending replies over one connection, one after the other: from the disk to TCP without a copy.
 */
#ifndef EXAMPLES_HTTPD_SENDER_H
#define EXAMPLES_HTTPD_SENDER_H

#include "reply.h"

struct tcp_pcb;

/* Memory that the disk fills and TCP empties. */
struct slot {
	struct site_chunk chunk;
	enum { EMPTY, LOADING, LOADED } state;
	uint32_t taken; /* bytes given to TCP */
	uint64_t end;	/* `queued` after the last of them */
};

struct sender {
	void (*progress)(void *user); /* a read is done: sender_run() again */
	void *user;

	/* The reply. */
	struct reply reply;
	bool keep_alive; /* cleared if it fails */
	bool head_sent;
	uint64_t left; /* bytes of the body, to be given to TCP */
	uint64_t read; /* bytes of the file, asked from the disk */

	/* The connection. */
	struct slot slot[2];
	unsigned int fill, drain; /* slots: next to load, next to send */
	uint64_t queued, acked;	  /* bytes given to TCP, and acknowledged */
	uint64_t sent;		  /* bytes of bodies, of those */
};

/* For a new connection; sender_busy() is false. */
void sender_init(struct sender *s, void (*progress)(void *user), void *user);

/* Whether memory for another reply is free. It is when everything is acknowledged. */
bool sender_has_room(const struct sender *s);

/*
 * Begins a reply: `route` fills it in, for which it has text and text_size. With `head_only`, the
 * body is not sent.
 */
void sender_begin(struct sender *s, void (*route)(void *arg, struct reply *reply), void *arg,
		  bool head_only, bool keep_alive);

/* Goes on. 1: all of it was given to TCP; 0: wait; PV_EIO: the disk failed, halfway. */
int sender_run(struct sender *s, struct tcp_pcb *pcb);

/* The client has acknowledged `len` more bytes. */
void sender_acked(struct sender *s, unsigned int len);

/* Whether TCP needs none of our memory any more. */
bool sender_quiet(const struct sender *s);

/* Whether the disk still writes to it. */
bool sender_busy(const struct sender *s);

#endif
