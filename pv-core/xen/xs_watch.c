/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Watches. An event sets its watch's flag and nothing else, so that any number of events takes no
 * memory; pv_xs_work() calls the functions of those that are flagged.
 *
 * The token by which the server names a watch is a number that is used once, so that an event that
 * was on its way when its watch ended meets no other.
 */
#include <pv/log.h>
#include <pv/string.h>
#include <pv/wait.h>

#include "pv-core/xen/xs_conn.h"

#define TOKEN_SIZE 12

static struct pv_xs_watch *watches;
static uint32_t last_token;

bool pv_xs_watch_event(const char *token)
{
	struct pv_xs_watch *w;
	uint64_t n;

	if (pv_xs_number(token, &n))
		return false;
	for (w = watches; w; w = w->next) {
		if (w->token == n) {
			w->events++;
			w->pending = true;
			pv_os_schedule_work();
			return true;
		}
	}
	return false;
}

/* XS_WATCH or XS_UNWATCH. */
static int ask(struct pv_xs_watch *w, uint32_t type)
{
	char token[TOKEN_SIZE];
	struct pv_xs_req req = {
		.type = type,
		.part = {{w->path, pv_strlen(w->path) + 1}, {token, 0}},
	};
	int err;

	req.part[1].len = (size_t)pv_snprintf(token, sizeof(token), "%u", w->token) + 1;
	err = pv_xs_call(&req);
	return err < 0 ? err : 0;
}

static void unlink_watch(struct pv_xs_watch *w)
{
	struct pv_xs_watch **at = &watches;

	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
}

static void append(struct pv_xs_watch *w)
{
	struct pv_xs_watch **at = &watches;

	while (*at)
		at = &(*at)->next;
	w->next = NULL;
	*at = w;
}

int pv_xs_watch(struct pv_xs_watch *w)
{
	int err;

	w->token = ++last_token;
	w->pending = false;
	w->events = 0;
	w->calls = 0;
	/* In the list first: the event that the server sends at once may come before the reply. */
	w->set = true;
	append(w);
	err = ask(w, XS_WATCH);
	if (err) {
		w->set = false;
		unlink_watch(w);
	}
	return err;
}

void pv_xs_unwatch(struct pv_xs_watch *w)
{
	int err;

	if (!w->set)
		return;
	err = ask(w, XS_UNWATCH);
	if (err)
		pv_dbg("xenstore: ending the watch on %.80s: error %d", w->path, err);
	w->set = false;
	unlink_watch(w);
}

void pv_xs_watch_restore(void)
{
	struct pv_xs_watch *w;
	int err;

	for (w = watches; w; w = w->next) {
		err = ask(w, XS_WATCH);
		if (err)
			pv_err("xenstore: the watch on %.80s is lost, error %d", w->path, err);
		/* Something may have changed while it was not set. */
		w->pending = true;
	}
	pv_os_schedule_work();
}

int pv_xs_work(void)
{
	struct pv_xs_watch *w;
	unsigned int bound = 0;
	int calls = 0;

	pv_xs_poll();
	for (w = watches; w; w = w->next)
		bound++;
	/*
	 * From the head each time, since fn may end any watch. Who had its turn goes to the end of
	 * the line.
	 */
	while (bound--) {
		for (w = watches; w && !w->pending; w = w->next)
			;
		if (!w)
			return calls;
		unlink_watch(w);
		append(w);
		w->pending = false;
		w->calls++;
		w->fn(w);
		calls++;
	}
	for (w = watches; w && !w->pending; w = w->next)
		;
	if (w)
		pv_os_schedule_work();
	return calls;
}

static bool fired(void *arg)
{
	struct pv_xs_watch *w = arg;

	pv_xs_poll();
	return w->pending || !pv_xs_alive();
}

int pv_xs_wait_watch(struct pv_xs_watch *w, unsigned int timeout_ms)
{
	int err = pv_wait_until(fired, w, timeout_ms);

	if (err)
		return err;
	if (!w->pending)
		return PV_EPROTO; /* the store is dead */
	w->pending = false;
	return 0;
}
