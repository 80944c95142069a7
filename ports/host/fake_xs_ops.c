/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The fake xenstored's transactions and operations. */
#include "fake_xs_impl.h"

struct change {
	struct change *next;
	bool removed;
	char path[512];
};

struct transaction {
	struct transaction *next;
	uint32_t id;
	uint64_t begun; /* the store's generation */
	struct xs_tree tree;
	struct change *changes;
};

static struct transaction *transactions;
static uint32_t last_tx;

/* --- transactions ----------------------------------------------------------------------------- */

static struct transaction **find_tx(uint32_t id)
{
	struct transaction **at = &transactions;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static void drop_tx(struct transaction **at)
{
	struct transaction *t = *at;
	struct change *c;

	*at = t->next;
	xs_tree_clear(&t->tree);
	while ((c = t->changes)) {
		t->changes = c->next;
		free(c);
	}
	free(t);
}

void xs_drop_transactions(void)
{
	while (transactions)
		drop_tx(&transactions);
}

static void do_start(const struct xsd_sockmsg *r)
{
	struct transaction *t = calloc(1, sizeof(*t));
	char text[16];

	if (!t)
		abort();
	t->id = ++last_tx;
	t->begun = xs_store.generation;
	xs_tree_copy(&t->tree, &xs_store);
	t->next = transactions;
	transactions = t;
	pv_fake_xs.transactions++;
	xs_answer(r, r->type, text, (size_t)snprintf(text, sizeof(text), "%u", t->id) + 1);
}

static void do_end(const struct xsd_sockmsg *r, const char *commit)
{
	struct transaction **at = find_tx(r->tx_id), *t = *at;
	struct xs_tree old = xs_store;
	struct change *c;

	if (commit[0] == 'T' && pv_fake_xs.conflicts) {
		pv_fake_xs.conflicts--;
		xs_store.generation++;
	}
	if (commit[0] != 'T') {
		drop_tx(at);
		xs_ok(r);
	} else if (t->begun != xs_store.generation) {
		drop_tx(at);
		xs_fail(r, "EAGAIN");
	} else {
		xs_store = t->tree;
		t->tree = old;
		xs_ok(r);
		for (c = t->changes; c; c = c->next)
			xs_fire(c->path, c->removed);
		/* The list may be another by now. */
		drop_tx(find_tx(r->tx_id));
	}
}

/* A change is told at once, or with its transaction. */
static void changed(struct transaction *t, const char *path, bool removed)
{
	struct change **at, *c;

	if (!t) {
		xs_fire(path, removed);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	snprintf(c->path, sizeof(c->path), "%s", path);
	c->removed = removed;
	for (at = &t->changes; *at; at = &(*at)->next)
		;
	*at = c;
}

/* --- operations ------------------------------------------------------------------------------- */

static void do_directory(const struct xsd_sockmsg *r, const struct xs_tree *t, const char *path)
{
	size_t len;
	char *list = xs_tree_list(t, path, &len);

	if (len > XENSTORE_PAYLOAD_MAX)
		xs_fail(r, "E2BIG");
	else
		xs_answer(r, r->type, list, len);
	free(list);
}

static void do_part(const struct xsd_sockmsg *r, const struct xs_tree *t, const struct xs_node *n,
		    size_t offset)
{
	static char out[XENSTORE_PAYLOAD_MAX]; /* too large for a kernel's stack */
	uint64_t gen = n->generation;
	size_t len, used, at = offset;
	char *list = xs_tree_list(t, n->path, &len);

	if (pv_fake_xs.list_churn)
		gen = 1000000 + pv_fake_xs.list_churn--;
	if (pv_fake_xs.list_stuck) {
		xs_answer(r, r->type, "7\0abc", 5);
		free(list);
		return;
	}
	used = (size_t)snprintf(out, sizeof(out), "%llu", (unsigned long long)gen) + 1;
	while (at < len && used + strlen(list + at) + 1 < sizeof(out)) {
		memcpy(out + used, list + at, strlen(list + at) + 1);
		used += strlen(list + at) + 1;
		at += strlen(list + at) + 1;
	}
	if (at >= len)
		out[used++] = '\0';
	xs_answer(r, r->type, out, used);
	free(list);
}

/* Paths that a guest may not name: empty, with a doubled slash, too long. */
static bool legal(const char *path)
{
	size_t n = strlen(path);

	return n && n < 500 && !strstr(path, "//") && (n == 1 || path[n - 1] != '/');
}

static void on_node(const struct xsd_sockmsg *r, struct transaction *t, const char *given,
		    const char *more, size_t more_len)
{
	struct xs_tree *tree = t ? &t->tree : &xs_store;
	struct xs_node *n;
	char path[512], parent[512];

	xs_absolute(path, sizeof(path), given);
	n = xs_tree_find(tree, path);
	if (!n && r->type != XS_WRITE && r->type != XS_MKDIR && r->type != XS_RM) {
		xs_fail(r, "ENOENT");
		return;
	}
	switch (r->type) {
	case XS_READ:
		xs_answer(r, r->type, n->value, n->len);
		break;
	case XS_DIRECTORY:
		do_directory(r, tree, path);
		break;
	case XS_DIRECTORY_PART:
		do_part(r, tree, n, (size_t)atoi(more));
		break;
	case XS_GET_PERMS:
		xs_answer(r, r->type, n->perms, n->perms_len);
		break;
	case XS_SET_PERMS:
		n->perms_len = more_len < sizeof(n->perms) ? more_len : sizeof(n->perms);
		memcpy(n->perms, more, n->perms_len);
		xs_ok(r);
		break;
	case XS_WRITE:
	case XS_MKDIR:
		if (r->type == XS_WRITE || !n) {
			xs_tree_set(tree, path, r->type == XS_WRITE ? more : NULL, more_len);
			xs_ok(r);
			changed(t, path, false);
			break;
		}
		xs_ok(r);
		break;
	case XS_RM:
		snprintf(parent, sizeof(parent), "%s", path);
		*strrchr(parent, '/') = '\0';
		if (!xs_tree_rm(tree, path) && parent[0] && !xs_tree_find(tree, parent)) {
			xs_fail(r, "ENOENT");
			break;
		}
		xs_ok(r);
		if (n)
			changed(t, path, true);
		break;
	}
}

static bool on_domain(const struct xsd_sockmsg *r, const char *arg)
{
	char text[64];

	switch (r->type) {
	case XS_GET_DOMAIN_PATH:
		xs_answer(r, r->type, text,
			  (size_t)snprintf(text, sizeof(text), "/local/domain/%d", atoi(arg)) + 1);
		return true;
	case XS_IS_DOMAIN_INTRODUCED:
		xs_answer(r, r->type, atoi(arg) == PV_FAKE_XS_DOMID || !atoi(arg) ? "T" : "F", 2);
		return true;
	case XS_CONTROL:
		if (strcmp(arg, "help"))
			xs_fail(r, "EACCES");
		else
			xs_answer(r, r->type, "check help", 11);
		return true;
	case XS_RESET_WATCHES:
		xs_drop_watches();
		xs_drop_transactions();
		xs_ok(r);
		return true;
	}
	return false;
}

void xs_request(struct xsd_sockmsg r, const char *payload)
{
	const char *path = payload, *more;
	struct transaction *t = *find_tx(r.tx_id);
	char full[512];

	pv_fake_xs.requests++;
	pv_fake_xs.last_type = r.type;
	if (pv_fake_xs.mute)
		return;
	if (!r.len || !memchr(payload, 0, r.len)) {
		xs_fail(&r, "EINVAL");
		return;
	}
	more = path + strlen(path) + 1;
	if (r.tx_id && !t) {
		xs_fail(&r, "ENOENT");
		return;
	}
	if (pv_fake_xs.say && r.type == pv_fake_xs.say_to) {
		xs_answer(&r, r.type, pv_fake_xs.say, pv_fake_xs.say_len);
		pv_fake_xs.say = NULL;
		return;
	}
	if (pv_fake_xs.fail && r.type != XS_WATCH && r.type != XS_UNWATCH &&
	    (!pv_fake_xs.fail_to || r.type == pv_fake_xs.fail_to)) {
		xs_fail(&r, pv_fake_xs.fail);
		pv_fake_xs.fail = NULL;
		return;
	}
	if (r.type == XS_TRANSACTION_START) {
		do_start(&r);
		return;
	}
	if (r.type == XS_TRANSACTION_END) {
		do_end(&r, payload);
		return;
	}
	if (on_domain(&r, path))
		return;
	xs_absolute(full, sizeof(full), path);
	if (!legal(path))
		xs_fail(&r, "EINVAL");
	else if (pv_fake_xs.deny && r.type != XS_UNWATCH &&
		 !strncmp(full, pv_fake_xs.deny, strlen(pv_fake_xs.deny)))
		xs_fail(&r, "EACCES");
	else if (r.type == XS_WATCH)
		xs_watch(&r, path, more);
	else if (r.type == XS_UNWATCH)
		xs_unwatch(&r, path, more);
	else
		on_node(&r, t, path, more, r.len - (size_t)(more - payload));
}
