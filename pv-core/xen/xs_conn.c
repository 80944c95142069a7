/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Requests and replies on the ring, as xs_conn.h tells it; the handshakes are in xs_link.c. */
#include <pv/config.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/wait.h>

#include "pv-core/xen/xs_link.h"

/* What an unknown reply may be, as long as a predecessor's requests may still be answered. */
#define STRAYS 64

int pv_xs_violation(struct pv_xs_conn *c, const char *what)
{
	c->stats.violations++;
	c->state = PV_XS_BROKEN;
	pv_err("xenstore: xenstored broke the protocol: %s", what);
	return PV_EPROTO;
}

void pv_xs_end(struct pv_xs_conn *c, struct pv_xs_req *req, int status)
{
	struct pv_xs_req **at = &c->first;

	while (*at != req)
		at = &(*at)->next;
	*at = req->next;
	req->status = status;
	req->stage = PV_XS_DONE;
}

/* --- receiving -------------------------------------------------------------------------------- */

static int stray(struct pv_xs_conn *c)
{
	unsigned int i;

	for (i = 0; i < PV_XS_LATE; i++) {
		if (c->late[i] && c->late[i] == c->in.req_id) {
			c->late[i] = 0;
			c->stats.late++;
			return 0;
		}
	}
	if (c->draining && c->strays++ < STRAYS)
		return 0;
	return pv_xs_violation(c, "a reply to no request");
}

static int reply(struct pv_xs_conn *c)
{
	struct pv_xs_req *req = c->first;
	size_t n = c->in.len;

	while (req && (req->id != c->in.req_id || req->stage != PV_XS_SENT))
		req = req->next;
	if (!req)
		return stray(c);
	if (c->in.type != XS_ERROR && c->in.type != req->type)
		return pv_xs_violation(c, "a reply of another type than its request");
	c->stats.replies++;
	c->silent = false;
	c->failures = 0;
	if (c->in.type == XS_ERROR) {
		pv_xs_end(c, req, pv_xs_error(c->payload));
		return 0;
	}
	if (req->reply_size)
		pv_memcpy(req->reply, c->payload, n < req->reply_size ? n : req->reply_size);
	pv_xs_end(c, req, (int)n);
	return 0;
}

static int event(struct pv_xs_conn *c)
{
	const char *at = c->payload, *end = at + c->in.len, *token;

	c->stats.events++;
	/* Its path is of no use to us: watches are coalesced, and the watcher looks for itself. */
	if (!pv_xs_next_text(&at, end) || !(token = pv_xs_next_text(&at, end)))
		return pv_xs_violation(c, "a watch event without path and token");
	if (!pv_xs_watch_event(token))
		c->stats.events_unknown++;
	return 0;
}

/* A message is complete. */
static int message(struct pv_xs_conn *c)
{
	c->in_done = 0;
	c->payload[c->in.len] = '\0';
	return c->in.type == XS_WATCH_EVENT ? event(c) : reply(c);
}

/* One piece of a message: bytes read, 0 if there is none, or PV_EPROTO. */
static int piece(struct pv_xs_conn *c, uint32_t budget)
{
	bool header = c->in_done < sizeof(c->in);
	char *to = header ? (char *)&c->in + c->in_done : c->payload + c->in_done - sizeof(c->in);
	uint32_t want = sizeof(c->in) + (header ? 0 : c->in.len) - c->in_done;
	int n = pv_byte_ring_get(&c->ring.rsp, to, want < budget ? want : budget);

	if (n < 0)
		return pv_xs_violation(c, "its reply ring's offsets are more than the ring apart");
	c->in_done += (uint32_t)n;
	if (header && c->in_done == sizeof(c->in) && c->in.len > PV_XS_MAX)
		return pv_xs_violation(c, "a message longer than 4096 bytes");
	if (c->in_done >= sizeof(c->in) && c->in_done == sizeof(c->in) + c->in.len && message(c))
		return PV_EPROTO;
	return n;
}

/* At most what the ring holds, so that a flood of events does not keep us. */
static int receive(struct pv_xs_conn *c)
{
	uint32_t got = 0;
	int n;

	while (got < XENSTORE_RING_SIZE) {
		n = piece(c, XENSTORE_RING_SIZE - got);
		if (n < 0)
			return n;
		if (!n)
			break;
		got += (uint32_t)n;
	}
	return (int)got;
}

/* --- sending ---------------------------------------------------------------------------------- */

/* Copies the next queued request to where it is sent from. False if there is none. */
static bool take(struct pv_xs_conn *c)
{
	struct pv_xs_req *req = c->first;
	struct xsd_sockmsg header;
	unsigned int i;

	while (req && req->stage != PV_XS_QUEUED)
		req = req->next;
	if (!req)
		return false;
	header.type = req->type;
	header.req_id = req->id;
	header.tx_id = req->tx;
	c->out_done = 0;
	c->out_len = sizeof(header);
	for (i = 0; i < PV_XS_PARTS && req->part[i].len; i++) {
		pv_memcpy(c->out + c->out_len, req->part[i].p, req->part[i].len);
		c->out_len += (uint32_t)req->part[i].len;
	}
	header.len = c->out_len - (uint32_t)sizeof(header);
	pv_memcpy(c->out, &header, sizeof(header));
	req->stage = PV_XS_SENT;
	return true;
}

static int send(struct pv_xs_conn *c)
{
	int n, sent = 0;

	/*
	 * The offsets are looked at even with nothing to send: else a reply might be awaited in
	 * vain.
	 */
	do {
		n = pv_byte_ring_put(&c->ring.req, c->out + c->out_done, c->out_len - c->out_done);
		if (n < 0)
			return pv_xs_violation(
				c, "its request ring's offsets are more than the ring apart");
		c->out_done += (uint32_t)n;
		sent += n;
	} while (c->out_done == c->out_len && take(c));
	return sent;
}

void pv_xs_pump(struct pv_xs_conn *c)
{
	int got, sent;

	if (c->state != PV_XS_CONNECTED || !pv_xs_link_valid(c))
		return;
	got = receive(c);
	sent = got < 0 ? 0 : send(c);
	/* Whenever the ring is updated the event channel is signalled (xenstore-ring.txt). */
	if (got > 0 || sent > 0)
		pv_xs_link_notify(c);
}

/* --- requests --------------------------------------------------------------------------------- */

static pv_xs_tx *tx_find(struct pv_xs_conn *c, pv_xs_tx tx)
{
	unsigned int i;

	for (i = 0; i < PV_XS_TXS; i++)
		if (c->tx[i] == tx)
			return &c->tx[i];
	return NULL;
}

bool pv_xs_tx_room(void)
{
	return !pv_xs_conn || tx_find(pv_xs_conn, PV_XS_NO_TX);
}

void pv_xs_tx_opened(pv_xs_tx tx)
{
	*tx_find(pv_xs_conn, PV_XS_NO_TX) = tx;
}

void pv_xs_tx_ended(pv_xs_tx tx)
{
	pv_xs_tx *slot = pv_xs_conn ? tx_find(pv_xs_conn, tx) : NULL;

	if (slot)
		*slot = PV_XS_NO_TX;
}

int pv_xs_submit(struct pv_xs_req *req)
{
	struct pv_xs_conn *c = pv_xs_conn;
	struct pv_xs_req **at;
	size_t len = 0;
	unsigned int i;

	if (!c)
		return PV_ENODEV;
	if (c->state == PV_XS_DEAD)
		return c->why;
	if (req->tx && !tx_find(c, req->tx))
		return PV_EAGAIN;
	for (i = 0; i < PV_XS_PARTS; i++)
		len += req->part[i].len;
	if (len > PV_XS_MAX)
		return PV_ERANGE;
	req->stage = PV_XS_QUEUED;
	req->id = c->next_id++;
	if (!req->id)
		req->id = c->next_id++;
	req->next = NULL;
	for (at = &c->first; *at; at = &(*at)->next)
		;
	*at = req;
	c->stats.requests++;
	pv_xs_pump(c);
	return 0;
}

static bool settled(void *arg)
{
	struct pv_xs_req *req = arg;

	pv_xs_pump(pv_xs_conn);
	return req->stage == PV_XS_DONE || pv_xs_conn->state != PV_XS_CONNECTED;
}

/* The caller waits no longer. If the server has the request, its reply will be known as late. */
static int give_up(struct pv_xs_conn *c, struct pv_xs_req *req)
{
	if (req->stage == PV_XS_SENT)
		c->late[c->next_late++ % PV_XS_LATE] = req->id;
	c->silent = true;
	pv_xs_end(c, req, PV_ETIMEDOUT);
	return PV_ETIMEDOUT;
}

static void say_silent(const struct pv_xs_conn *c, const struct pv_xs_req *req, unsigned int ms)
{
	const char *path = req->part[0].len ? req->part[0].p : "";

	pv_err("xenstore: no answer to request %u (type %u, \"%.60s\") in %u ms; %d bytes not taken",
	       req->id, req->type, path, ms, pv_byte_ring_unread(&c->ring.req));
}

int pv_xs_await(struct pv_xs_req *req)
{
	/* A server that did not answer the last one is not given as long again. */
	unsigned int ms = pv_xs_conn->silent ? PV_CONFIG_XS_MS / 50 + 1 : PV_CONFIG_XS_MS;
	struct pv_xs_conn *c = pv_xs_conn;
	bool asked = false;
	int err;

	while (req->stage != PV_XS_DONE) {
		err = pv_wait_until(settled, req, ms);
		if (req->stage == PV_XS_DONE)
			break;
		if (err) {
			say_silent(c, req, ms);
			if (asked || !pv_xs_link_can_reconnect(c))
				return give_up(c, req);
			asked = true;
		}
		pv_xs_link_recover(c);
	}
	return req->status;
}

void pv_xs_poll(void)
{
	struct pv_xs_conn *c = pv_xs_conn;

	if (!c)
		return;
	pv_xs_pump(c);
	if (c->state == PV_XS_BROKEN)
		pv_xs_link_recover(c);
}

bool pv_xs_alive(void)
{
	return pv_xs_conn && pv_xs_conn->state == PV_XS_CONNECTED;
}

const struct pv_xs_stats *pv_xs_stats(void)
{
	static const struct pv_xs_stats none;

	return pv_xs_conn ? &pv_xs_conn->stats : &none;
}
