/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Lists of children. One message holds up to 4096 bytes; a longer list makes DIRECTORY fail with
 * E2BIG, and is read by DIRECTORY_PART: each part begins with the node's generation, which is the
 * same in all parts of one list, and the last part ends with an empty name. oxenstored (4.17) has
 * no DIRECTORY_PART: PV_ENOSYS.
 */
#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/xen/xs_conn.h"

#define LIST_MAX 65536u /* bytes; a folder with more is refused */
#define ATTEMPTS 8	/* at a list that changes while it is read */

/* The names, each terminated, one after the other. */
struct list {
	char *text;
	size_t len;
};

/* The whole list in one message. Its length, which may be 0, or an error. */
static int whole(pv_xs_tx tx, const char *path, struct list *l)
{
	struct pv_xs_req req = {
		.type = XS_DIRECTORY,
		.tx = tx,
		.part[0] = {path, pv_strlen(path) + 1},
		.reply = l->text,
		.reply_size = PV_XS_MAX,
	};
	int n = pv_xs_call(&req);

	l->len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? n : 0;
}

/*
 * One part, to the list's end; 1 if it was the last, 0 if not, PV_EAGAIN if the generation is not
 * that of the parts before.
 */
static int one_part(pv_xs_tx tx, const char *path, struct list *l, uint64_t *gen, char *buf)
{
	char offset[12];
	struct pv_xs_req req = {
		.type = XS_DIRECTORY_PART,
		.tx = tx,
		.part = {{path, pv_strlen(path) + 1}, {offset, 0}},
		.reply = buf,
		.reply_size = PV_XS_MAX,
	};
	const char *at = buf, *end, *text;
	size_t n, before = l->len;
	uint64_t g;
	int err;

	req.part[1].len =
		(size_t)pv_snprintf(offset, sizeof(offset), "%u", (unsigned int)l->len) + 1;
	err = pv_xs_call(&req);
	if (err < 0)
		return err;
	end = buf + err;
	text = pv_xs_next_text(&at, end);
	if (!text || pv_xs_number(text, &g))
		return PV_EPROTO;
	if (!l->len)
		*gen = g;
	else if (*gen != g)
		return PV_EAGAIN;
	while ((text = pv_xs_next_text(&at, end))) {
		n = pv_strlen(text) + 1;
		if (n == 1)
			return 1;
		if (l->len + n > LIST_MAX)
			return PV_ERANGE;
		pv_memcpy(l->text + l->len, text, n);
		l->len += n;
	}
	/* A part without a name would never end. */
	return l->len > before ? 0 : PV_EPROTO;
}

static int in_parts(pv_xs_tx tx, const char *path, struct list *l)
{
	char *buf = pv_os_alloc(PV_XS_MAX);
	unsigned int i;
	uint64_t gen = 0;
	int err = buf ? PV_EAGAIN : PV_ENOMEM;

	for (i = 0; i < ATTEMPTS && err == PV_EAGAIN; i++) {
		l->len = 0;
		do {
			err = one_part(tx, path, l, &gen, buf);
		} while (!err);
	}
	pv_os_free(buf, PV_XS_MAX);
	return err < 0 ? err : 0;
}

static int names(const struct list *l, pv_xs_name_fn fn, void *arg)
{
	const char *at = l->text, *end = at + l->len, *name;
	int ret;

	while (at < end) {
		name = pv_xs_next_text(&at, end);
		if (!name)
			return PV_EPROTO;
		if (!pv_xs_name_valid(name)) {
			pv_warn("xenstore: a node without a proper name is passed over");
			continue;
		}
		ret = fn(name, arg);
		if (ret)
			return ret;
	}
	return 0;
}

int pv_xs_directory(pv_xs_tx tx, const char *path, pv_xs_name_fn fn, void *arg)
{
	size_t size = PV_XS_MAX;
	struct list l = {.text = pv_os_alloc(size)};
	int err;

	if (!l.text)
		return PV_ENOMEM;
	err = whole(tx, path, &l);
	if (err == PV_ERANGE) {
		pv_os_free(l.text, size);
		size = LIST_MAX;
		l.text = pv_os_alloc(size);
		err = l.text ? in_parts(tx, path, &l) : PV_ENOMEM;
	}
	if (!err)
		err = names(&l, fn, arg);
	pv_os_free(l.text, size);
	return err;
}
