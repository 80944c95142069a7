/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What toolstack and backends write: folders, states in any order, and values of every key that the
 * bus and its drivers read. The store's framing is right, and the drivers are the real ones; rings
 * are served by nobody.
 */
#include <pv/blk.h>
#include <pv/err.h>
#include <pv/net.h>

#include "pv-core/bus.h"
#include "store.h"

#define TOKENS 24u

static struct token {
	char path[96], name[24];
} token[TOKENS];
static unsigned int num_tokens;
static uint8_t back_state[2]; /* of vbd, vif: what a plain answer is */
static unsigned int steps, again,
	strange; /* transactions that are to be begun again; folders of other names */

/*
 * What a path is about. By hand, as all here: the C library's functions are the sanitizer's, and
 * the fuzzer's, and take longer than what they are called for.
 */
static bool is_net(const char *path)
{
	const char *type = path[0] == '/' ? path + sizeof("/local/domain/0/backend") : path + 7;
	size_t n = strlen(path);

	return (size_t)(type - path) + 3 < n && type[0] == 'v' && type[1] == 'i' && type[2] == 'f';
}

static const char *last_name(const char *path)
{
	size_t n = strlen(path);

	while (n && path[n - 1] != '/')
		n--;
	return path + n;
}

static bool is(const char *name, const char *key)
{
	for (; *name && *name == *key; name++, key++)
		;
	return *name == *key;
}

/* A backend that goes along. */
static void follow(const char *path, const char *value)
{
	bool net = is_net(path);

	if (path[0] == '/' || !is(last_name(path), "state"))
		return;
	if ((!net && value[0] == '3') || (net && value[0] == '4'))
		back_state[net] = 4;
	else if (value[0] == '5' || value[0] == '6')
		back_state[net] = (uint8_t)(value[0] - '0');
	else if (value[0] == '1')
		back_state[net] = 2;
}

static const struct {
	const char *key, *disk, *net;
} plain_value[] = {
	{"backend", "/local/domain/0/backend/vbd/5/0", "/local/domain/0/backend/vif/5/0"},
	{"backend-id", "0", "0"},
	{"mac", "00:16:3e:01:02:03", "00:16:3e:01:02:03"},
	{"sectors", "2048", "2048"},
	{"sector-size", "512", "512"},
	{"mode", "w", "w"},
	{"mtu", "1500", "1500"},
	{"max-ring-page-order", "0", "0"},
	{"virtual-device", "51712", "51712"},
};

static const char *plain(const char *path, char *buf)
{
	const char *name = last_name(path);
	bool net = is_net(path);
	unsigned int i;

	if (is(name, "state")) {
		buf[0] = (char)('0' + (path[0] == '/' ? back_state[net] : 1));
		buf[1] = '\0';
		return buf;
	}
	for (i = 0; i < PV_ARRAY_SIZE(plain_value); i++)
		if (is(name, plain_value[i].key))
			return net ? plain_value[i].net : plain_value[i].disk;
	return "1";
}

static void answer_read(const struct xsd_sockmsg *head, const char *path)
{
	uint8_t how = fuzz_u8();
	char buf[96];
	const char *text;

	if (how < 0xa0) {
		text = plain(path, buf);
		store_reply(head, XS_READ, text, (uint32_t)strlen(text));
		return;
	}
	switch (how & 7) {
	case 0:
	case 1:
		store_error(head, "ENOENT");
		break;
	case 2:
		pv_snprintf(buf, sizeof(buf), "%u", fuzz_u8() % 12);
		store_reply(head, XS_READ, buf, (uint32_t)strlen(buf));
		break;
	case 3:
		pv_snprintf(buf, sizeof(buf), "%llu", (unsigned long long)fuzz_u64());
		store_reply(head, XS_READ, buf, (uint32_t)strlen(buf));
		break;
	case 4:
		pv_snprintf(buf, sizeof(buf), "%u", 1u << fuzz_u8() % 32);
		store_reply(head, XS_READ, buf, (uint32_t)strlen(buf));
		break;
	case 5:
		store_error(head, fuzz_u8() & 1 ? "EACCES" : "EINVAL");
		break;
	default:
		store_reply(head, XS_READ, buf, (uint32_t)fuzz_bytes(buf, fuzz_u8() % 90));
	}
}

static void answer_directory(const struct xsd_sockmsg *head, const char *path)
{
	static const char both[] = "vbd\0vif", one[] = "0";
	uint8_t how = fuzz_u8();
	char buf[64];

	if (how >= 0xf0 && !strange++)
		store_reply(head, XS_DIRECTORY, buf, (uint32_t)fuzz_bytes(buf, fuzz_u8() % 64));
	else if (how >= 0xd0)
		store_error(head, how & 1 ? "ENOENT" : "EACCES");
	else if (is(path, "device"))
		/* Mostly one of them: each takes its time. */
		store_reply(head, XS_DIRECTORY, both + 4 * (how & 1), (how & 15) == 14 ? 8 : 4);
	else
		store_reply(head, XS_DIRECTORY, one, sizeof(one));
}

static void copy(char *to, const char *from, size_t size)
{
	while (--size && *from)
		*to++ = *from++;
	*to = '\0';
}

static void answer_watch(const struct xsd_sockmsg *head, char *path)
{
	const char *name = path + strlen(path) + 1;
	struct token *t = &token[num_tokens % TOKENS];

	store_text(head, "OK");
	if ((uint32_t)(name - path) >= head->len)
		return;
	copy(t->path, path, sizeof(t->path));
	copy(t->name, name, sizeof(t->name));
	num_tokens++;
	store_event(path, name);
}

static void request(const struct xsd_sockmsg *head, char *payload)
{
	switch (head->type) {
	case XS_READ:
		answer_read(head, payload);
		break;
	case XS_DIRECTORY:
		answer_directory(head, payload);
		break;
	case XS_WATCH:
		answer_watch(head, payload);
		break;
	case XS_TRANSACTION_START:
		store_text(head, "3");
		break;
	case XS_TRANSACTION_END:
		if (fuzz_u8() >= 0xf0 && !again++)
			store_error(head, "EAGAIN");
		else
			store_text(head, "OK");
		break;
	case XS_WRITE:
		follow(payload, payload + strlen(payload) + 1);
		store_text(head, "OK");
		break;
	case XS_DIRECTORY_PART:
		store_error(head, "ENOSYS");
		break;
	default:
		store_text(head, "OK");
	}
}

static void start(void)
{
	store_start(request);
}

static void work(void)
{
	store_run();
	(void)(pv_xenbus.work() + pv_bus_work());
}

static void step(void)
{
	uint8_t op = fuzz_u8();

	if (op < 0x80 && num_tokens) {
		/* Something changed: a backend's state, mostly. */
		const struct token *t = &token[op % (num_tokens < TOKENS ? num_tokens : TOKENS)];

		back_state[is_net(t->path)] = fuzz_u8() % 10;
		store_event(t->path, t->name);
	} else if (op < 0xa0) {
		pv_fake.now += 1000000000ull * (op & 15);
	}
	work();
}

static void one(void)
{
	static const struct pv_driver *const drivers[] = {&pv_blkfront, &pv_netfront, NULL};
	struct pv_blk *blk;
	struct pv_net *net;
	unsigned int i;

	store_new();
	/*
	 * By the ring, too, one of so many: it takes three times as long, and is the xenstore
	 * target's.
	 */
	store.direct = fuzz_left() % 64 != 0;
	num_tokens = again = strange = 0;
	back_state[0] = back_state[1] = 2;
	pv_fake.relax_ns = 1500000000;
	pv_bus_set_drivers(drivers);
	if (!pv_xenbus.scan(NULL)) {
		blk = pv_blk_open(0);
		net = pv_net_open(0);
		for (steps = 0; fuzz_left() && steps < 5; steps++)
			step();
		if (blk)
			pv_blk_close(blk);
		if (net)
			pv_net_close(net);
		for (i = 0; i < 2; i++)
			work();
		pv_bus_remove_all();
		pv_xenbus.end();
	}
	pv_bus_set_drivers(NULL);
	fuzz_xen_end();
}

const struct fuzz_target fuzz_xenbus = {.name = "xenbus", .start = start, .one = one};
