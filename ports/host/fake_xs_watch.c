/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The fake xenstored's watches, and changes of its tree from the side, as Dom0 makes them. */
#include "fake_xs_impl.h"

struct watch {
	struct watch *next;
	bool relative;
	char path[512], token[64];
};

static struct watch *watches;

/* --- watches ---------------------------------------------------------------------------------- */

void xs_absolute(char *out, size_t size, const char *path)
{
	if (path[0] == '/' || path[0] == '@')
		snprintf(out, size, "%s", path);
	else
		snprintf(out, size, PV_FAKE_XS_HOME "/%s", path);
}

static void send_event(const struct watch *w, const char *path)
{
	char payload[640];
	size_t n;

	if (w->relative && xs_path_below(path, PV_FAKE_XS_HOME) &&
	    strlen(path) > sizeof(PV_FAKE_XS_HOME))
		path += sizeof(PV_FAKE_XS_HOME);
	n = (size_t)snprintf(payload, sizeof(payload), "%s%c%s", path, 0, w->token) + 1;
	xs_send(XS_WATCH_EVENT, 0, 0, payload, n);
	pv_fake_xs.events++;
}

void xs_fire(const char *path, bool removed)
{
	const struct watch *w;

	for (w = watches; w; w = w->next) {
		if (xs_path_below(path, w->path))
			send_event(w, path);
		else if (removed && xs_path_below(w->path, path))
			send_event(w, w->path);
	}
	if (pv_fake_xs.changed)
		pv_fake_xs.changed(pv_fake_xs.changed_arg, path);
}

void xs_drop_watches(void)
{
	struct watch *w;

	while ((w = watches)) {
		watches = w->next;
		free(w);
	}
	pv_fake_xs.watches = 0;
}

static struct watch **find_watch(const char *path, const char *token)
{
	struct watch **at = &watches;
	char full[512];

	xs_absolute(full, sizeof(full), path);
	while (*at && (strcmp((*at)->path, full) || strcmp((*at)->token, token)))
		at = &(*at)->next;
	return at;
}

void xs_watch(const struct xsd_sockmsg *r, const char *path, const char *token)
{
	struct watch **at = find_watch(path, token);

	if (*at) {
		xs_fail(r, "EEXIST");
		return;
	}
	*at = calloc(1, sizeof(**at));
	if (!*at)
		abort();
	(*at)->relative = path[0] != '/' && path[0] != '@';
	xs_absolute((*at)->path, sizeof((*at)->path), path);
	snprintf((*at)->token, sizeof((*at)->token), "%s", token);
	pv_fake_xs.watches++;
	xs_ok(r);
	send_event(*at, (*at)->path);
}

void xs_unwatch(const struct xsd_sockmsg *r, const char *path, const char *token)
{
	struct watch **at = find_watch(path, token), *w = *at;

	if (!w) {
		xs_fail(r, "ENOENT");
		return;
	}
	*at = w->next;
	free(w);
	pv_fake_xs.watches--;
	xs_ok(r);
}

bool xs_event_for_first(void)
{
	if (watches)
		send_event(watches, watches->path);
	return watches;
}

/* --- from the side ---------------------------------------------------------------------------- */

void pv_fake_xs_write_bytes(const char *path, const void *value, size_t len)
{
	char full[512];

	xs_absolute(full, sizeof(full), path);
	xs_tree_set(&xs_store, full, value, len);
	xs_fire(full, false);
}

void pv_fake_xs_write(const char *path, const char *value)
{
	pv_fake_xs_write_bytes(path, value, strlen(value));
}

void pv_fake_xs_printf(const char *path, const char *fmt, ...)
{
	char value[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	pv_fake_xs_write(path, value);
}

const char *pv_fake_xs_read(const char *path)
{
	const struct xs_node *n;
	char full[512];

	xs_absolute(full, sizeof(full), path);
	n = xs_tree_find(&xs_store, full);
	return n ? n->value : NULL;
}

long pv_fake_xs_number(const char *path)
{
	const char *text = pv_fake_xs_read(path);
	char *end;
	long n;

	if (!text || !*text)
		return -1;
	n = strtol(text, &end, 10);
	return *end ? -1 : n;
}

void pv_fake_xs_rm(const char *path)
{
	char full[512];

	xs_absolute(full, sizeof(full), path);
	if (xs_tree_rm(&xs_store, full))
		xs_fire(full, true);
}

static void backend_of(char *out, size_t size, const char *type, unsigned int id)
{
	snprintf(out, size, "/local/domain/0/backend/%s/%d/%u", type, PV_FAKE_XS_DOMID, id);
}

/* Written as one transaction of the toolstack's: the guest sees all of it. */
void pv_fake_xs_device(const char *type, unsigned int id, char *backend, size_t size)
{
	char front[128], back[128], path[256];
	unsigned int i;
	struct {
		const char *folder, *key, *value;
	} node[] = {
		{back, "frontend-id", "5"}, {back, "online", "1"},    {back, "state", "1"},
		{front, "backend-id", "0"}, {front, "backend", back}, {front, "state", "1"},
	};

	snprintf(front, sizeof(front), PV_FAKE_XS_HOME "/device/%s/%u", type, id);
	backend_of(back, sizeof(back), type, id);
	for (i = 0; i < sizeof(node) / sizeof(node[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", node[i].folder, node[i].key);
		xs_tree_set(&xs_store, path, node[i].value, strlen(node[i].value));
	}
	if (backend)
		snprintf(backend, size, "%s", back);
	xs_fire(back, false);
	xs_fire(front, false);
}

void pv_fake_xs_device_rm(const char *type, unsigned int id)
{
	char path[128];

	snprintf(path, sizeof(path), "device/%s/%u", type, id);
	pv_fake_xs_rm(path);
	backend_of(path, sizeof(path), type, id);
	pv_fake_xs_rm(path);
}
