/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "store.h"

struct store store;

int __real_pv_xs_submit(struct pv_xs_req *req);
int __wrap_pv_xs_submit(struct pv_xs_req *req);

void store_start(void (*request)(const struct xsd_sockmsg *head, char *payload))
{
	fuzz_xen_start();
	store.ring = fuzz_xen_store(store_run);
	store.request = request;
}

void store_new(void)
{
	memset(store.ring, 0, sizeof(*store.ring));
	store.in_len = store.out_len = store.out_done = 0;
	store.running = store.direct = false;
	store.asked = NULL;
	pv_fake.relax = store_run;
}

void store_raw(const void *bytes, uint32_t len)
{
	if (len > sizeof(store.out) - store.out_len)
		return;
	memcpy(store.out + store.out_len, bytes, len);
	store.out_len += len;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void reply_directly(uint32_t type, const void *payload, uint32_t len)
{
	struct pv_xs_req *req = store.asked;

	store.asked = NULL;
	req->stage = PV_XS_DONE;
	req->status = (int)len;
	if (type == XS_ERROR)
		req->status = pv_xs_error(payload);
	else if (req->reply_size)
		memcpy(req->reply, payload, least(len, (uint32_t)req->reply_size));
}

void store_reply(const struct xsd_sockmsg *head, uint32_t type, const void *payload, uint32_t len)
{
	struct xsd_sockmsg reply = {type, head->req_id, head->tx_id, len};

	if (store.asked) {
		reply_directly(type, payload, len);
		return;
	}
	store_raw(&reply, sizeof(reply));
	store_raw(payload, len);
}

void store_text(const struct xsd_sockmsg *head, const char *text)
{
	store_reply(head, head->type, text, (uint32_t)strlen(text) + 1);
}

void store_error(const struct xsd_sockmsg *head, const char *name)
{
	store_reply(head, XS_ERROR, name, (uint32_t)strlen(name) + 1);
}

void store_event(const char *path, const char *token)
{
	struct xsd_sockmsg none = {0};
	char text[320];
	size_t n = strlen(path) + 1, m = strlen(token) + 1;

	if (n + m > sizeof(text))
		return;
	memcpy(text, path, n);
	memcpy(text + n, token, m);
	none.type = XS_WATCH_EVENT;
	none.len = (uint32_t)(n + m);
	store_raw(&none, sizeof(none));
	store_raw(text, none.len);
}

/* Takes at most `there` bytes at `at`, no further than the message goes; how many. */
static uint32_t take(const char *at, uint32_t there)
{
	struct xsd_sockmsg *head = (struct xsd_sockmsg *)store.in;
	uint32_t whole = sizeof(*head) + (store.in_len < sizeof(*head) ? 0 : head->len);
	uint32_t n = least(there, whole - store.in_len);

	memcpy(store.in + store.in_len, at, n);
	store.in_len += n;
	if (store.in_len < sizeof(*head))
		return n;
	/* So it is only where the server itself skipped some. */
	if (head->len > XENSTORE_PAYLOAD_MAX)
		store.in_len = 0;
	else if (store.in_len == sizeof(*head) + head->len) {
		struct xsd_sockmsg now = *head;

		store.in[store.in_len] = '\0';
		store.in_len = 0;
		store.request(&now, store.in + sizeof(now));
	}
	return n;
}

static void put(void)
{
	struct xenstore_domain_interface *r = store.ring;
	uint32_t used, at, n;

	for (; store.out_done < store.out_len; store.out_done += n) {
		used = r->rsp_prod - r->rsp_cons;
		if (used >= XENSTORE_RING_SIZE)
			break;
		at = MASK_XENSTORE_IDX(r->rsp_prod);
		n = least(least(XENSTORE_RING_SIZE - used, XENSTORE_RING_SIZE - at),
			  store.out_len - store.out_done);
		memcpy(r->rsp + at, store.out + store.out_done, n);
		r->rsp_prod += n;
	}
	if (store.out_done == store.out_len)
		store.out_done = store.out_len = 0;
}

void store_run(void)
{
	struct xenstore_domain_interface *r = store.ring;
	uint32_t before = r->rsp_prod, at;

	if (store.running)
		return;
	store.running = true;
	if (r->connection == XENSTORE_RECONNECT) {
		r->req_cons = r->req_prod = r->rsp_cons = r->rsp_prod = 0;
		store.in_len = store.out_len = store.out_done = 0;
		r->connection = XENSTORE_CONNECTED;
	}
	while (r->req_cons != r->req_prod && r->req_prod - r->req_cons <= XENSTORE_RING_SIZE) {
		at = MASK_XENSTORE_IDX(r->req_cons);
		r->req_cons += take(r->req + at,
				    least(r->req_prod - r->req_cons, XENSTORE_RING_SIZE - at));
	}
	put();
	if (r->rsp_prod != before)
		fuzz_xen_store_event();
	store.running = false;
}

int __wrap_pv_xs_submit(struct pv_xs_req *req)
{
	struct xsd_sockmsg head = {req->type, 0, req->tx, 0};
	unsigned int i;

	if (!store.direct || !pv_xs_alive())
		return __real_pv_xs_submit(req);
	for (i = 0; i < PV_XS_PARTS; i++) {
		if (req->part[i].len > PV_XS_MAX - head.len)
			return PV_ERANGE;
		memcpy(store.in + head.len, req->part[i].p, req->part[i].len);
		head.len += (uint32_t)req->part[i].len;
	}
	store.in[head.len] = '\0';
	store.asked = req;
	store.request(&head, store.in);
	PLAIN_CHECK(!store.asked);
	if (store.out_len)
		store_run();
	return 0;
}
