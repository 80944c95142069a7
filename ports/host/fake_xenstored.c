/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake xenstored: its end of the ring, its operations, its watches and transactions. Written
 * from docs/misc/xenstore.txt, and independent of the library's own parsing.
 */
#include "fake_xs_impl.h"

struct message {
	struct message *next;
	size_t len, sent;
	char bytes[];
};

struct pv_fake_xs pv_fake_xs;

static struct xenstore_domain_interface *ring;
static void (*notify_guest)(void);
struct xs_tree xs_store;
static struct message *answers, *outgoing;
static char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
static size_t in_len;
static bool running;
static bool restarts;	 /* when it has taken what it was sent */
static bool ring_broken; /* by a breach; until the guest reconnects */

/* --- messages out ----------------------------------------------------------------------------- */

static void append(struct message **list, uint32_t type, uint32_t req_id, uint32_t tx_id,
		   uint32_t claimed, const void *payload, size_t len)
{
	struct xsd_sockmsg header = {type, req_id, tx_id, claimed};
	struct message *m = calloc(1, sizeof(*m) + sizeof(header) + len);

	if (!m)
		abort();
	memcpy(m->bytes, &header, sizeof(header));
	if (len)
		memcpy(m->bytes + sizeof(header), payload, len);
	m->len = sizeof(header) + len;
	while (*list)
		list = &(*list)->next;
	*list = m;
}

static void drop_messages(struct message **list)
{
	struct message *m;

	while ((m = *list)) {
		*list = m->next;
		free(m);
	}
}

/* Done to the ring, or to this reply; true if the reply is not to be sent besides. */
static bool breach(const struct xsd_sockmsg *request, const void *payload, size_t len)
{
	enum pv_fake_xs_breach b = pv_fake_xs.breach;

	if (b == PV_FAKE_XS_OK)
		return false;
	if (pv_fake_xs.breach_after) {
		pv_fake_xs.breach_after--;
		return false;
	}
	if (!pv_fake_xs.breach_again)
		pv_fake_xs.breach = PV_FAKE_XS_OK;
	ring_broken = b <= PV_FAKE_XS_REQ_AHEAD;
	switch (b) {
	case PV_FAKE_XS_RSP_FAR:
		ring->rsp_prod = ring->rsp_cons + XENSTORE_RING_SIZE + 1;
		return true;
	case PV_FAKE_XS_RSP_BACK:
		ring->rsp_prod = ring->rsp_cons - 1;
		return true;
	case PV_FAKE_XS_REQ_FAR:
		ring->req_cons = ring->req_prod - XENSTORE_RING_SIZE - 1;
		return true;
	case PV_FAKE_XS_REQ_AHEAD:
		ring->req_cons = ring->req_prod + 1;
		return true;
	case PV_FAKE_XS_LONG:
		append(&answers, request->type, request->req_id, request->tx_id,
		       XENSTORE_PAYLOAD_MAX + 1, payload, len);
		return true;
	case PV_FAKE_XS_HUGE:
		append(&answers, request->type, request->req_id, request->tx_id, 0xffffffff,
		       payload, len);
		return true;
	case PV_FAKE_XS_UNKNOWN_ID:
		append(&answers, request->type, request->req_id + 1000, request->tx_id,
		       (uint32_t)len, payload, len);
		return true;
	case PV_FAKE_XS_WRONG_TYPE:
		append(&answers, request->type == XS_RM ? XS_MKDIR : XS_RM, request->req_id,
		       request->tx_id, (uint32_t)len, payload, len);
		return true;
	case PV_FAKE_XS_BAD_EVENT:
		append(&answers, XS_WATCH_EVENT, 0, 0, 7, "no end?", 7);
		return true;
	case PV_FAKE_XS_ERROR:
		ring->error = XENSTORE_ERROR_COMM;
		return true;
	case PV_FAKE_XS_RESTART:
		restarts = true;
		return true;
	default:
		return false;
	}
}

void xs_answer(const struct xsd_sockmsg *request, uint32_t type, const void *payload, size_t len)
{
	pv_fake_xs.replies++;
	if (breach(request, payload, len))
		return;
	append(&answers, type, request->req_id, request->tx_id, (uint32_t)len, payload, len);
}

void xs_ok(const struct xsd_sockmsg *request)
{
	xs_answer(request, request->type, "OK", 3);
}

void xs_fail(const struct xsd_sockmsg *request, const char *error)
{
	xs_answer(request, XS_ERROR, error, strlen(error) + 1);
}

void xs_send(uint32_t type, uint32_t req_id, uint32_t tx_id, const void *payload, size_t len)
{
	append(&answers, type, req_id, tx_id, (uint32_t)len, payload, len);
}

/* --- the ring --------------------------------------------------------------------------------- */

static size_t bound(size_t n)
{
	return pv_fake_xs.chunk && n > pv_fake_xs.chunk ? pv_fake_xs.chunk : n;
}

/* As much of `n` as is left of a message, and of the ring before it begins anew. */
static size_t piece(size_t n, size_t left, XENSTORE_RING_IDX index)
{
	size_t room = XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(index);

	n = n < left ? n : left;
	return n < room ? n : room;
}

static bool take(void)
{
	size_t all = bound(ring->req_prod - ring->req_cons), n = all, end, part;
	struct xsd_sockmsg header;

	if (n > XENSTORE_RING_SIZE)
		return false;
	while (n && !ring_broken) {
		memcpy(&header, in, sizeof(header));
		end = sizeof(header) + (in_len < sizeof(header) ? 0 : header.len);
		part = piece(n, end - in_len, ring->req_cons);
		memcpy(in + in_len, ring->req + MASK_XENSTORE_IDX(ring->req_cons), part);
		ring->req_cons += part;
		in_len += part;
		n -= part;
		if (in_len < end)
			continue;
		memcpy(&header, in, sizeof(header));
		if (header.len > XENSTORE_PAYLOAD_MAX) {
			pv_fake_xs.overlong++;
			ring->error = XENSTORE_ERROR_PROTO;
			return false;
		}
		if (in_len == sizeof(header) + header.len) {
			in_len = 0;
			xs_request(header, in + sizeof(header));
		}
	}
	return all;
}

/* What is ready goes out, in this order or the other. */
static void ready(void)
{
	struct message **end = &outgoing, *m;

	if (pv_fake_xs.hold)
		return;
	while (*end)
		end = &(*end)->next;
	while ((m = answers)) {
		answers = m->next;
		if (pv_fake_xs.reverse) {
			m->next = *end;
			*end = m;
		} else {
			m->next = NULL;
			*end = m;
			end = &m->next;
		}
	}
}

static bool put(void)
{
	size_t all = bound(XENSTORE_RING_SIZE - (ring->rsp_prod - ring->rsp_cons)), n = all, part;
	struct message *m;

	if (n > XENSTORE_RING_SIZE)
		return false;
	while (n && (m = outgoing)) {
		part = piece(n, m->len - m->sent, ring->rsp_prod);
		memcpy(ring->rsp + MASK_XENSTORE_IDX(ring->rsp_prod), m->bytes + m->sent, part);
		ring->rsp_prod += part;
		m->sent += part;
		n -= part;
		if (m->sent == m->len) {
			outgoing = m->next;
			free(m);
		}
	}
	return n < all;
}

static void forget(void)
{
	xs_drop_watches();
	xs_drop_transactions();
	drop_messages(&answers);
	drop_messages(&outgoing);
	in_len = 0;
}

static void storm(void)
{
	while (pv_fake_xs.storm && !outgoing && xs_event_for_first()) {
		pv_fake_xs.storm--;
		ready();
		put();
	}
}

static bool reconnect(void)
{
	if (ring->connection != XENSTORE_RECONNECT)
		return false;
	if (pv_fake_xs.no_reconnect)
		return true;
	forget();
	ring->req_cons = ring->req_prod = 0;
	ring->rsp_cons = ring->rsp_prod = 0;
	ring->error = XENSTORE_ERROR_NONE;
	ring_broken = false;
	pv_fake_xs.reconnects++;
	ring->connection = XENSTORE_CONNECTED;
	if (notify_guest)
		notify_guest();
	return true;
}

void pv_fake_xs_run(void)
{
	bool moved;

	/* The guest's answer to our notification may be to notify us. */
	if (!ring || running)
		return;
	running = true;
	restarts = false;
	if (!reconnect() && !pv_fake_xs.deaf && !ring->error && !ring_broken) {
		moved = take();
		/* Whatever else it was sent meanwhile. */
		if (restarts)
			forget();
		ready();
		if (!ring_broken)
			moved |= put();
		storm();
		if (moved && notify_guest)
			notify_guest();
	}
	running = false;
}

void pv_fake_xs_start(void *page, void (*notify)(void))
{
	struct pv_fake_xs fresh = {.features = pv_fake_xs.features};

	pv_fake_xs_stop();
	pv_fake_xs = fresh;
	ring = page;
	ring->server_features = fresh.features;
	notify_guest = notify;
}

void pv_fake_xs_stop(void)
{
	forget();
	xs_tree_clear(&xs_store);
	ring = NULL;
	running = false;
	ring_broken = false;
}

void pv_fake_xs_restart(void)
{
	forget();
}
