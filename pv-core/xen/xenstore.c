/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The operations of xenstore.h, each as one request of docs/misc/xenstore.txt. */
#include <pv/config.h>
#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/xen/xs_conn.h"

static unsigned int users;

int pv_xs_start(void)
{
	int err = users ? 0 : pv_xs_conn_open();

	if (!err)
		users++;
	return err;
}

void pv_xs_stop(void)
{
	if (users && !--users)
		pv_xs_conn_close();
}

/* A request about `path`, followed by `len` bytes at `more`. The reply's length, or an error. */
static int call(uint32_t type, pv_xs_tx tx, const char *path, const void *more, size_t len,
		void *reply, size_t reply_size)
{
	struct pv_xs_req req = {
		.type = type,
		.tx = tx,
		.part = {{path, pv_strlen(path) + 1}, {more, len}},
		.reply = reply,
		.reply_size = reply_size,
	};

	return pv_xs_call(&req);
}

static int no_reply(int err)
{
	return err < 0 ? err : 0;
}

/* What a request answered, made text in `buf`. */
static int as_text(int n, char *buf, size_t size)
{
	int err = n < 0 ? n : 0;

	if (!err && (size_t)n >= size)
		err = PV_ERANGE;
	if (err) {
		if (size)
			buf[0] = '\0';
		return err;
	}
	buf[n] = '\0';
	if (pv_strlen(buf) != (size_t)n) {
		buf[0] = '\0';
		return PV_EINVAL;
	}
	return n;
}

/* The same for replies that bring a terminator of their own. */
static int as_terminated(int n, char *buf, size_t size)
{
	if (n > 0 && (size_t)n <= size && !buf[n - 1])
		n--;
	return as_text(n, buf, size);
}

int pv_xs_read(pv_xs_tx tx, const char *path, char *buf, size_t size)
{
	return as_text(call(XS_READ, tx, path, NULL, 0, buf, size), buf, size);
}

int pv_xs_read_u64(pv_xs_tx tx, const char *path, uint64_t *v)
{
	char text[24];
	int n = pv_xs_read(tx, path, text, sizeof(text));

	/* What is too long for a number is none. */
	if (n == PV_ERANGE)
		return PV_EINVAL;
	return n < 0 ? n : pv_xs_number(text, v);
}

int pv_xs_write(pv_xs_tx tx, const char *path, const char *value)
{
	return no_reply(call(XS_WRITE, tx, path, value, pv_strlen(value), NULL, 0));
}

int pv_xs_printf(pv_xs_tx tx, const char *path, const char *fmt, ...)
{
	__builtin_va_list ap;
	char text[256];
	int n;

	__builtin_va_start(ap, fmt);
	n = pv_vsnprintf(text, sizeof(text), fmt, ap);
	__builtin_va_end(ap);
	return n >= (int)sizeof(text) ? PV_ERANGE : pv_xs_write(tx, path, text);
}

int pv_xs_mkdir(pv_xs_tx tx, const char *path)
{
	return no_reply(call(XS_MKDIR, tx, path, NULL, 0, NULL, 0));
}

int pv_xs_rm(pv_xs_tx tx, const char *path)
{
	return no_reply(call(XS_RM, tx, path, NULL, 0, NULL, 0));
}

/* --- several at once -------------------------------------------------------------------------- */

#define WINDOW 8 /* requests under way together */

struct gathered {
	struct pv_xs_req req;
	char path[PV_XS_PATH];
	char text[24];
};

/* Ends item `i`, and keeps the first error that is the store's. */
static int gather_one(struct gathered *g, struct pv_xs_item *item)
{
	int n = as_text(pv_xs_await(&g->req), g->text, sizeof(g->text));

	item->err = n == PV_ERANGE ? PV_EINVAL : n < 0 ? n : pv_xs_number(g->text, item->value);
	return item->err == PV_ENOENT || item->err == PV_EINVAL ? 0 : item->err;
}

static int gather_submit(struct gathered *g, pv_xs_tx tx, const char *folder,
			 struct pv_xs_item *item)
{
	int n = pv_snprintf(g->path, sizeof(g->path), "%s/%s", folder, item->key);

	if (n >= (int)sizeof(g->path))
		return PV_ERANGE;
	pv_memset(&g->req, 0, sizeof(g->req));
	g->req.type = XS_READ;
	g->req.tx = tx;
	g->req.part[0].p = g->path;
	g->req.part[0].len = (size_t)n + 1;
	g->req.reply = g->text;
	g->req.reply_size = sizeof(g->text);
	return pv_xs_submit(&g->req);
}

int pv_xs_gather(pv_xs_tx tx, const char *folder, struct pv_xs_item *items, unsigned int n)
{
	struct gathered *g = pv_os_alloc(WINDOW * sizeof(*g));
	unsigned int asked = 0, ended = 0;
	int err = 0, e;

	if (!g)
		return PV_ENOMEM;
	for (; asked < n; asked++)
		*items[asked].value = items[asked].def;
	for (asked = 0; asked < n && !err; asked++) {
		if (asked - ended == WINDOW) {
			err = gather_one(&g[ended % WINDOW], &items[ended]);
			ended++;
		}
		e = gather_submit(&g[asked % WINDOW], tx, folder, &items[asked]);
		if (e) {
			err = err ? err : e;
			break;
		}
	}
	/* Also after an error: their memory is in the connection's hands until they are done. */
	for (; ended < asked; ended++) {
		e = gather_one(&g[ended % WINDOW], &items[ended]);
		err = err ? err : e;
	}
	pv_os_free(g, WINDOW * sizeof(*g));
	return err;
}

/* --- permissions ------------------------------------------------------------------------------ */

int pv_xs_get_perms(pv_xs_tx tx, const char *path, struct pv_xs_perm *perm, unsigned int max)
{
	char buf[PV_XS_PATH];
	int n = call(XS_GET_PERMS, tx, path, NULL, 0, buf, sizeof(buf));
	const char *at = buf, *end, *text;
	unsigned int i;

	if (n < 0)
		return n;
	if (n > (int)sizeof(buf))
		return PV_ERANGE;
	end = buf + n;
	for (i = 0; at < end; i++) {
		text = pv_xs_next_text(&at, end);
		if (!text)
			return PV_EINVAL;
		if (i == max)
			return PV_ERANGE;
		if (pv_xs_perm_parse(text, &perm[i]))
			return PV_EINVAL;
	}
	return (int)i;
}

int pv_xs_set_perms(pv_xs_tx tx, const char *path, const struct pv_xs_perm *perm, unsigned int n)
{
	char buf[PV_XS_PATH];
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (len + 8 > sizeof(buf))
			return PV_ERANGE;
		len += (size_t)pv_snprintf(buf + len, sizeof(buf) - len, "%c%u", perm[i].access,
					   perm[i].domid) +
		       1;
	}
	return no_reply(call(XS_SET_PERMS, tx, path, buf, len, NULL, 0));
}

/* --- domains ---------------------------------------------------------------------------------- */

int pv_xs_get_domain_path(uint16_t domid, char *buf, size_t size)
{
	char text[8];

	pv_snprintf(text, sizeof(text), "%u", domid);
	return as_terminated(call(XS_GET_DOMAIN_PATH, PV_XS_NO_TX, text, NULL, 0, buf, size), buf,
			     size);
}

int pv_xs_domain_introduced(uint16_t domid)
{
	char text[8], reply[4];
	int n;

	pv_snprintf(text, sizeof(text), "%u", domid);
	n = as_terminated(
		call(XS_IS_DOMAIN_INTRODUCED, PV_XS_NO_TX, text, NULL, 0, reply, sizeof(reply)),
		reply, sizeof(reply));
	if (n < 0)
		return n;
	return reply[0] == 'T' ? 1 : reply[0] == 'F' ? 0 : PV_EINVAL;
}

int pv_xs_control(const char *command, const char *arg, char *buf, size_t size)
{
	size_t len = arg ? pv_strlen(arg) + 1 : 0;

	return as_terminated(call(XS_CONTROL, PV_XS_NO_TX, command, arg, len, buf, size), buf,
			     size);
}

/* --- transactions ----------------------------------------------------------------------------- */

static int tx_start(pv_xs_tx *tx)
{
	char text[24];
	uint64_t id;
	int n;

	if (!pv_xs_tx_room())
		return PV_ENOSPC;
	n = call(XS_TRANSACTION_START, PV_XS_NO_TX, "", NULL, 0, text, sizeof(text));
	n = as_terminated(n, text, sizeof(text));
	if (n < 0)
		return n;
	if (pv_xs_number(text, &id) || !id || id > 0xffffffff)
		return PV_EPROTO;
	*tx = (pv_xs_tx)id;
	pv_xs_tx_opened(*tx);
	return 0;
}

static int tx_once(int (*body)(pv_xs_tx tx, void *arg), void *arg)
{
	pv_xs_tx tx;
	int err, end;

	err = tx_start(&tx);
	if (err)
		return err;
	err = body(tx, arg);
	if (err > 0)
		err = 0;
	end = no_reply(call(XS_TRANSACTION_END, tx, err ? "F" : "T", NULL, 0, NULL, 0));
	pv_xs_tx_ended(tx);
	return err ? err : end;
}

int pv_xs_transaction(int (*body)(pv_xs_tx tx, void *arg), void *arg)
{
	unsigned int i;
	int err;

	for (i = 0; i < PV_CONFIG_XS_RETRIES; i++) {
		err = tx_once(body, arg);
		if (err != PV_EAGAIN)
			return err;
		/* Whoever wrote meanwhile is let to finish. */
		if (i)
			pv_os_relax();
	}
	pv_err("xenstore: a transaction met others' writes %u times", i);
	return PV_EAGAIN;
}
