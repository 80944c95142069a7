/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * xenstored's bytes: replies in another order than asked, of other types and lengths, to nobody;
 * streams that are no messages, and offsets that are none. Each call ends, with an answer within
 * its buffer or with an error.
 */
#include <pv/err.h>

#include "pv-core/xen/xs_conn.h"
#include "store.h"

static struct pv_xs_watch watch[2];
static unsigned int tx_depth;

/* How the server answers is in the input: mostly as it should, with any payload. */
static void request(const struct xsd_sockmsg *head, char *payload)
{
	struct xsd_sockmsg lie = *head;
	uint8_t how = fuzz_u8();
	char bytes[256];
	uint32_t n;

	(void)payload;
	if (how < 0x80) {
		switch (head->type) {
		case XS_TRANSACTION_START:
			store_text(head, "17");
			break;
		case XS_READ:
		case XS_DIRECTORY:
		case XS_DIRECTORY_PART:
		case XS_GET_PERMS:
		case XS_GET_DOMAIN_PATH:
			n = (uint32_t)fuzz_bytes(bytes, how);
			store_reply(head, head->type, bytes, n);
			break;
		default:
			store_text(head, "OK");
		}
		return;
	}
	switch (how & 15) {
	case 0:
		store_error(head, "ENOENT");
		break;
	case 1:
		store_error(head, "EAGAIN");
		break;
	case 2:
		store_error(head, "E2BIG");
		break;
	case 3:
		n = (uint32_t)fuzz_bytes(bytes, fuzz_u8());
		store_reply(head, XS_ERROR, bytes, n);
		break;
	case 4:
		lie.req_id += (uint32_t)(int8_t)fuzz_u8();
		store_text(&lie, "OK");
		break;
	case 5:
		lie.type = fuzz_u8();
		store_text(&lie, "OK");
		break;
	case 6:
		lie.len = fuzz_u32();
		store_raw(&lie, sizeof(lie));
		break;
	case 7:
		break; /* no answer */
	case 8:
		store_raw(bytes, (uint32_t)fuzz_bytes(bytes, fuzz_u8()));
		break;
	case 9:
		store_event("x", "1");
		store_text(head, "OK");
		break;
	case 10:
		store.ring->rsp_prod += fuzz_u16();
		break;
	case 11:
		store.ring->error = fuzz_u8();
		break;
	case 12:
		store.ring->req_cons += fuzz_u16();
		break;
	default:
		n = (uint32_t)fuzz_bytes(bytes, sizeof(bytes));
		store_reply(head, head->type, bytes, n);
	}
}

static void start(void)
{
	store_start(request);
}

static int name(const char *text, void *arg)
{
	unsigned int *n = arg;

	PLAIN_CHECK(text[0] && !strchr(text, '/'));
	return ++*n > 20 ? 1 : 0;
}

static int body(pv_xs_tx tx, void *arg)
{
	char buf[16];

	(void)arg;
	(void)!pv_xs_read(tx, "a", buf, sizeof(buf));
	return pv_xs_write(tx, "a", "b");
}

static void on_watch(struct pv_xs_watch *w)
{
	PLAIN_CHECK(w == &watch[0] || w == &watch[1]);
}

static void call(uint8_t op)
{
	uint64_t a = 1, b = 2;
	struct pv_xs_item items[] = {{.key = "a", .value = &a, .def = 5},
				     {.key = "b", .value = &b, .def = 6}};
	struct pv_xs_perm perm[2];
	unsigned int count = 0;
	char buf[24];
	int n;

	switch (op % 10) {
	case 0:
		n = pv_xs_read(PV_XS_NO_TX, "path", buf, sizeof(buf));
		PLAIN_CHECK(n < (int)sizeof(buf));
		PLAIN_CHECK(strlen(buf) == (size_t)(n < 0 ? 0 : n));
		break;
	case 1:
		(void)!pv_xs_directory(PV_XS_NO_TX, "path", name, &count);
		break;
	case 2:
		(void)!pv_xs_write(PV_XS_NO_TX, "path", "value");
		break;
	case 3:
		if (!pv_xs_gather(PV_XS_NO_TX, "path", items, 2))
			PLAIN_CHECK(!items[0].err || a == 5);
		break;
	case 4:
		if (tx_depth++ < 2)
			(void)!pv_xs_transaction(body, NULL);
		break;
	case 5:
		if (!watch[op & 1].set)
			(void)!pv_xs_watch(&watch[op & 1]);
		break;
	case 6:
		pv_xs_unwatch(&watch[op & 1]);
		break;
	case 7:
		(void)pv_xs_work();
		break;
	case 8:
		n = pv_xs_get_perms(PV_XS_NO_TX, "path", perm, 2);
		PLAIN_CHECK(n <= 2);
		break;
	case 9:
		store.ring->server_features = op >> 4;
		(void)!pv_xs_get_domain_path(3, buf, sizeof(buf));
		break;
	}
}

static void one(void)
{
	unsigned int i;

	store_new();
	memset(watch, 0, sizeof(watch));
	for (i = 0; i < 2; i++) {
		watch[i].path = i ? "one" : "other";
		watch[i].fn = on_watch;
	}
	tx_depth = 0;
	store.ring->server_features = fuzz_u8() & 3;
	fuzz_shared(true);
	if (!pv_xs_start()) {
		while (fuzz_left())
			call(fuzz_u8());
		fuzz_shared(false);
		pv_xs_unwatch(&watch[0]);
		pv_xs_unwatch(&watch[1]);
		pv_xs_stop();
	}
	fuzz_shared(false);
	fuzz_xen_end();
}

const struct fuzz_target fuzz_xenstore = {.name = "xenstore", .start = start, .one = one};
