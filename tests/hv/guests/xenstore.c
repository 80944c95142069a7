/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xenstore, xenbus, console and control/shutdown from inside a domain. Prints a line `name: value`
 * for each thing; then does what it is told on its console, a word a line:
 *
 *	watch PATH	prints "watch: PATH=VALUE" whenever that node changes
 *	devices		lists them
 *	storm N		writes a watched node N times
 *	list PATH	counts the node's children
 *	reconnect	reconnects to xenstored
 *	echo TEXT	prints "echo: TEXT"
 *	end		ends with status 0
 *
 * and ends when the toolstack asks for it ("shutdown: reason").
 */
#include <pv/bare.h>
#include <pv/clock.h>
#include <pv/console.h>
#include <pv/control.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "pv-core/xen/xenbus.h"
#include "pv-core/xen/xenstore.h"
#include "pv-core/xen/xs_link.h"

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_xen_console, NULL};

#define say pv_bare_printf

static volatile bool woken;
static int asked = -1; /* enum pv_shutdown_reason */
static unsigned int failures;

static void check(bool right, const char *what, int got)
{
	if (right)
		return;
	failures++;
	say("FAILED: %s: %d\n", what, got);
}

/* --- what is there ---------------------------------------------------------------------------- */

static int on_type(const char *name, void *arg)
{
	(void)arg;
	say("device-type: %s\n", name);
	return 0;
}

static void look(void)
{
	char buf[128];
	int n;

	n = pv_xs_read(PV_XS_NO_TX, "name", buf, sizeof(buf));
	say("name: %s\n", n < 0 ? "?" : buf);
	check(n > 0, "reading the name", n);
	n = pv_xs_read(PV_XS_NO_TX, "domid", buf, sizeof(buf));
	say("domid: %s\n", n < 0 ? "?" : buf);
	n = pv_xs_get_domain_path(0, buf, sizeof(buf));
	say("path: %s\n", n < 0 ? "?" : buf);
	check(n > 0, "GET_DOMAIN_PATH", n);
	n = pv_xs_domain_introduced(0);
	say("introduced: %d\n", n);
	n = pv_xs_read(PV_XS_NO_TX, "no/such/node", buf, sizeof(buf));
	check(n == PV_ENOENT, "reading nothing", n);
	n = pv_xs_read(PV_XS_NO_TX, "/no/such/node", buf, sizeof(buf));
	check(n == PV_ENOENT || n == PV_EPERM, "reading nothing elsewhere", n);
	n = pv_xs_directory(PV_XS_NO_TX, "device", on_type, NULL);
	check(!n || n == PV_ENOENT, "listing device", n);
}

static void devices(void)
{
	struct pv_device *dev;
	char text[128];

	pv_for_each_device (dev) {
		pv_device_describe(dev, text, sizeof(text));
		say("device: %s %s, %s\n", dev->name, pv_device_state_name(dev->state), text);
	}
	say("devices: end\n");
}

/*
 * --- what we may write: data/ is ours ------------------------------------------------------------
 */

static unsigned int bodies;

static int body(pv_xs_tx tx, void *arg)
{
	unsigned int *disturb = arg;
	char buf[16];
	int err;

	bodies++;
	err = pv_xs_write(tx, "data/one", "1");
	if (!err)
		err = pv_xs_printf(tx, "data/two", "%u", 2u);
	if (err)
		return err;
	/* Not to be seen yet. */
	err = pv_xs_read(PV_XS_NO_TX, "data/one", buf, sizeof(buf));
	check(err == PV_ENOENT || bodies > 1, "a transaction is private", err);
	/* A write beside it, to a node that it read, so that the commit meets EAGAIN. */
	if (*disturb) {
		--*disturb;
		err = pv_xs_write(PV_XS_NO_TX, "data/one", "other");
		if (err)
			return err;
	}
	return 0;
}

static void transactions(void)
{
	struct pv_xs_perm perm[4];
	unsigned int disturb = 0;
	char buf[16];
	int n;

	n = pv_xs_transaction(body, &disturb);
	check(!n, "a transaction", n);
	n = pv_xs_read(PV_XS_NO_TX, "data/two", buf, sizeof(buf));
	check(n == 1 && buf[0] == '2', "its result", n);
	disturb = 2;
	bodies = 0;
	n = pv_xs_rm(PV_XS_NO_TX, "data/one");
	check(!n, "rm", n);
	n = pv_xs_transaction(body, &disturb);
	say("transaction: %d after %u attempts\n", n, bodies);
	/* Three with xenstored; oxenstored finds that the writes can be merged. */
	check(!n, "a transaction that meets others", n);
	n = pv_xs_read(PV_XS_NO_TX, "data/one", buf, sizeof(buf));
	check(n == 1 && buf[0] == '1', "its result", n);
	n = pv_xs_get_perms(PV_XS_NO_TX, "data/one", perm, 4);
	check(n >= 1, "permissions", n);
	if (n >= 1)
		say("permissions: %c%u\n", perm[0].access, perm[0].domid);
	n = pv_xs_mkdir(PV_XS_NO_TX, "data/dir");
	check(!n, "mkdir", n);
	n = pv_xs_rm(PV_XS_NO_TX, "data/one");
	check(!n, "rm", n);
	n = pv_xs_read(PV_XS_NO_TX, "data/one", buf, sizeof(buf));
	check(n == PV_ENOENT, "removed", n);
}

static int count_name(const char *name, void *arg)
{
	(void)name;
	++*(unsigned int *)arg;
	return 0;
}

/* A list that somebody else made: what we make ourselves is bounded by our quota. */
static void list(const char *path)
{
	unsigned int n = 0;
	int err = pv_xs_directory(PV_XS_NO_TX, path, count_name, &n);

	say("list: %u names, result %d\n", n, err);
}

/* As if the server had broken the protocol: the handshake, if it offers that. */
static void reconnect(void)
{
	uint64_t before = pv_xs_stats()->reconnects;
	char buf[64];
	int n;

	if (!pv_xs_link_can_reconnect(pv_xs_conn)) {
		say("reconnect: not offered\n");
		return;
	}
	pv_xs_conn->state = PV_XS_BROKEN;
	n = pv_xs_read(PV_XS_NO_TX, "name", buf, sizeof(buf));
	check(n > 0 && pv_xs_stats()->reconnects == before + 1, "reconnecting", n);
	say("reconnect: %s\n", n > 0 ? buf : "failed");
}

static void gather(void)
{
	uint64_t v[12];
	char key[12][8], path[16];
	struct pv_xs_item item[12];
	unsigned int i;
	int err = 0;

	for (i = 0; i < 12; i++) {
		pv_snprintf(key[i], sizeof(key[i]), "g%u", i);
		pv_snprintf(path, sizeof(path), "data/g%u", i);
		item[i].key = key[i];
		item[i].value = &v[i];
		item[i].def = 7;
		if (i != 5 && !err)
			err = pv_xs_printf(PV_XS_NO_TX, path, "%u", 100 + i);
	}
	check(!err, "writing", err);
	err = pv_xs_gather(PV_XS_NO_TX, "data", item, 12);
	check(!err && v[0] == 100 && v[11] == 111 && v[5] == 7 && item[5].err == PV_ENOENT,
	      "gathering", err);
}

/* --- watches ---------------------------------------------------------------------------------- */

static char watched_path[64];
static struct pv_xs_watch watch;

static void on_watch(struct pv_xs_watch *w)
{
	char buf[64];
	int n = pv_xs_read(PV_XS_NO_TX, w->path, buf, sizeof(buf));

	say("watch: %s=%s\n", w->path, n < 0 ? "?" : buf);
}

static void quiet(struct pv_xs_watch *w)
{
	(void)w;
}

static void storm(unsigned int n)
{
	struct pv_xs_watch w = {.path = "data/storm", .fn = quiet};
	unsigned int i;
	int err = pv_xs_watch(&w);

	for (i = 0; i < n && !err; i++)
		err = pv_xs_printf(PV_XS_NO_TX, "data/storm", "%u", i);
	pv_xs_work();
	check(!err && w.events >= n && w.calls < 5, "a storm", err);
	say("storm: %u events, %u calls\n", (unsigned int)w.events, (unsigned int)w.calls);
	pv_xs_unwatch(&w);
}

/* --- commands --------------------------------------------------------------------------------- */

static void on_input(void *arg)
{
	(void)arg;
	woken = true;
}

static void on_shutdown(void *arg, enum pv_shutdown_reason reason)
{
	(void)arg;
	asked = (int)reason;
	woken = true;
}

static bool begins(const char *line, const char *word)
{
	return !pv_strncmp(line, word, pv_strlen(word));
}

static unsigned int number(const char *text)
{
	unsigned int n = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (unsigned int)(*text - '0');
	return n;
}

/* False: to end. */
static bool command(const char *line)
{
	int err = 0;

	if (begins(line, "echo "))
		say("echo: %s\n", line + 5);
	else if (begins(line, "watch ")) {
		pv_xs_unwatch(&watch);
		pv_snprintf(watched_path, sizeof(watched_path), "%s", line + 6);
		watch.path = watched_path;
		watch.fn = on_watch;
		err = pv_xs_watch(&watch);
		check(!err, "watching", err);
	} else if (begins(line, "devices"))
		devices();
	else if (begins(line, "storm "))
		storm(number(line + 6));
	else if (begins(line, "list "))
		list(line + 5);
	else if (begins(line, "reconnect"))
		reconnect();
	else if (begins(line, "end"))
		return false;
	else
		say("unknown: %s\n", line);
	return true;
}

static bool commands(struct pv_console *con)
{
	static char line[128];
	static size_t len;
	char c;

	while (pv_console_read(con, &c, 1) == 1) {
		if (c != '\n' && c != '\r') {
			if (len < sizeof(line) - 1)
				line[len++] = c;
			continue;
		}
		line[len] = '\0';
		len = 0;
		if (line[0] && !command(line))
			return false;
	}
	return true;
}

int pv_bare_main(const char *cmdline)
{
	struct pv_console *con = pv_console_open(0);
	const struct pv_xs_stats *s = pv_xs_stats();

	(void)cmdline;
	if (!con) {
		say("FAILED: no console\n");
		return 1;
	}
	look();
	transactions();
	gather();
	storm(50);
	devices();
	pv_on_shutdown(on_shutdown, NULL);
	pv_console_set_event(con, on_input, NULL);
	say("store: %u requests, %u replies, %u violations\n", (unsigned int)s->requests,
	    (unsigned int)s->replies, (unsigned int)s->violations);
	say("ready: %s\n", failures ? "with failures" : "ok");
	while (asked < 0) {
		woken = false;
		if (!commands(con))
			break;
		pv_work();
		pv_bare_wait(&woken, 10000000);
	}
	if (asked >= 0)
		say("shutdown: %s\n", pv_shutdown_reason_name((enum pv_shutdown_reason)asked));
	pv_xs_unwatch(&watch);
	pv_console_close(con);
	if (asked == PV_SHUTDOWN_REBOOT)
		pv_bare_reboot();
	return failures ? 1 : 0;
}
