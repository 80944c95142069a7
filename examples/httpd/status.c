/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The JSON text (RFC 8259) is written in one pass, by a writer that knows whether a comma is due. Times are
 * in nanoseconds, as numbers: exact up to 2^53 in a browser, which is 104 days; the wall-clock time,
 * which is larger, is in microseconds.
 */
#include "status.h"

#include "examples/lwip/netif_pv.h"
#include "http.h"

#include <pv/bare.h>
#include <pv/log.h>
#include <pv/string.h>

static struct {
	struct pv_blk *blk;
	struct pv_net *net;
} watched;

/* --- the writer ------------------------------------------------------------------------------- */

struct json {
	char *buf;
	size_t size, len; /* len may exceed size: then it did not fit */
	bool comma;
};

static void put(struct json *j, const char *text)
{
	for (; *text; text++, j->len++) {
		if (j->len < j->size)
			j->buf[j->len] = *text;
	}
}

static void put_string(struct json *j, const char *s)
{
	char c[8];

	put(j, "\"");
	for (; *s; s++) {
		unsigned char u = (unsigned char)*s;

		/* What is not ASCII came from a device: it may not be UTF-8. */
		if (u < 0x20 || u >= 0x7f || u == '"' || u == '\\')
			pv_snprintf(c, sizeof(c), "\\u%04x", u);
		else
			pv_snprintf(c, sizeof(c), "%c", u);
		put(j, c);
	}
	put(j, "\"");
}

static void key(struct json *j, const char *name)
{
	if (j->comma)
		put(j, ",");
	j->comma = true;
	if (name) {
		put_string(j, name);
		put(j, ":");
	}
}

static void begin(struct json *j, const char *name, const char *bracket)
{
	key(j, name);
	put(j, bracket);
	j->comma = false;
}

static void end(struct json *j, const char *bracket)
{
	put(j, bracket);
	j->comma = true;
}

static void string(struct json *j, const char *name, const char *value)
{
	key(j, name);
	put_string(j, value ? value : "");
}

static void number(struct json *j, const char *name, uint64_t value)
{
	char text[24];

	pv_snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	key(j, name);
	put(j, text);
}

static void boolean(struct json *j, const char *name, bool value)
{
	key(j, name);
	put(j, value ? "true" : "false");
}

/* --- the parts -------------------------------------------------------------------------------- */

static void platform(struct json *j)
{
	const struct pv_platform *p = pv_platform();
	char text[512];

	begin(j, "platform", "{");
	string(j, "hypervisor", pv_hypervisor_name(p->hypervisor));
	string(j, "signature", p->signature);
	string(j, "cpu", p->cpu_vendor);
	if (p->xen_mode != PV_XEN_NOT)
		string(j, "mode", pv_xen_mode_name(p->xen_mode));
	pv_platform_features(p, text, sizeof(text));
	string(j, "features", text);
	string(j, "boot", pv_boot_protocol_name(pv_bare_boot()->protocol));
	string(j, "libpv", pv_version());
	end(j, "}");
}

static void clock(struct json *j)
{
	struct pv_clock_info info;
	struct pv_wall_time wall;

	pv_clock_info(&info);
	begin(j, "clock", "{");
	string(j, "name", pv_clock_name());
	boolean(j, "present", pv_clock_present());
	string(j, "uptime_source", pv_bare_time_source());
	if (pv_clock_present()) {
		boolean(j, "stable", info.stable);
		number(j, "tsc_khz", pv_clock_tsc_khz());
		number(j, "retries", info.retries);
		number(j, "stopped", info.stopped);
		number(j, "clamped", info.clamped);
		if (!pv_clock_wall(&wall))
			number(j, "wall_us", wall.sec * 1000000 + wall.nsec / 1000);
	}
	number(j, "reading_ns", pv_clock_present() ? pv_clock_now() : pv_os_uptime_ns());
	end(j, "}");
}

static void devices(struct json *j)
{
	struct pv_device *dev;
	char text[512];

	begin(j, "devices", "[");
	pv_for_each_device (dev) {
		begin(j, NULL, "{");
		string(j, "name", dev->name);
		string(j, "driver", dev->driver ? dev->driver->name : NULL);
		string(j, "state", pv_device_state_name(dev->state));
		string(j, "reason", dev->reason);
		pv_device_describe(dev, text, sizeof(text));
		string(j, "features", text);
		end(j, "}");
	}
	end(j, "]");
}

static void queue(struct json *j, const struct pv_queue_stats *s)
{
	number(j, "submitted", s->submitted);
	number(j, "completed", s->completed);
	number(j, "received", s->received);
	number(j, "bytes_out", s->bytes_out);
	number(j, "bytes_in", s->bytes_in);
	number(j, "errors", s->errors);
	number(j, "dropped", s->dropped);
	number(j, "notified", s->notified);
	number(j, "events", s->events);
	number(j, "polls", s->polls);
}

static void queues(struct json *j)
{
	char mac[18];

	begin(j, "queues", "[");
	if (watched.blk) {
		begin(j, NULL, "{");
		string(j, "name", watched.blk->name);
		number(j, "capacity", watched.blk->capacity * PV_BLK_SECTOR);
		queue(j, pv_blk_stats(pv_blk_queue(watched.blk, 0)));
		end(j, "}");
	}
	if (watched.net) {
		const uint8_t *m = watched.net->mac;

		pv_snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2],
			    m[3], m[4], m[5]);
		begin(j, NULL, "{");
		string(j, "name", watched.net->name);
		string(j, "mac", mac);
		string(j, "address", pv_lwip_address());
		boolean(j, "link", watched.net->link_up);
		queue(j, pv_net_stats(pv_net_queue(watched.net, 0)));
		end(j, "}");
	}
	end(j, "]");
}

static void machine(struct json *j)
{
	const struct http_stats *http = http_stats();
	struct pv_bare_irq_stats irq;
	struct pv_bare_memory memory;

	pv_bare_irq_stats(&irq);
	begin(j, "interrupts", "{");
	number(j, "devices", irq.taken);
	number(j, "timer", irq.timer);
	number(j, "spurious", irq.spurious);
	end(j, "}");
	pv_bare_memory(&memory);
	begin(j, "memory", "{");
	number(j, "total", memory.total);
	number(j, "free", memory.free);
	end(j, "}");
	begin(j, "http", "{");
	number(j, "requests", http->requests);
	number(j, "errors", http->errors);
	number(j, "bytes", http->bytes);
	number(j, "connections", http->connections);
	number(j, "open", http->open);
	number(j, "refused", http->refused);
	end(j, "}");
	number(j, "sleeps", pv_lwip_stats()->sleeps);
	number(j, "uptime_ns", pv_os_uptime_ns());
}

size_t status_json(char *buf, size_t size)
{
	struct json j = {.buf = buf, .size = size};

	begin(&j, NULL, "{");
	platform(&j);
	clock(&j);
	devices(&j);
	queues(&j);
	machine(&j);
	end(&j, "}");
	return j.len <= size ? j.len : 0;
}

/* --- the console ------------------------------------------------------------------------------ */

void status_print(void)
{
	const struct pv_platform *p = pv_platform();
	struct pv_device *dev;
	char text[512];

	pv_platform_features(p, text, sizeof(text));
	pv_bare_printf("libpv %s httpd\n", pv_version());
	pv_bare_printf("hypervisor: %s\n", pv_hypervisor_name(p->hypervisor));
	pv_bare_printf("features: %s\n", text);
	pv_bare_printf("clock: %s\n", pv_clock_name());
	pv_for_each_device (dev) {
		pv_device_describe(dev, text, sizeof(text));
		pv_bare_printf("device: %s %s %s %s\n", dev->name,
			       dev->driver ? dev->driver->name : "-",
			       pv_device_state_name(dev->state), text);
	}
}

void status_watch(struct pv_blk *blk, struct pv_net *net)
{
	watched.blk = blk;
	watched.net = net;
}
