/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The JSON text (RFC 8259) is written in one pass, by a writer that knows whether a comma is due.
 * Times are in nanoseconds, as numbers: exact up to 2^53 in a browser, which is 104 days; the
 * wall-clock time, which is larger, is in microseconds.
 */
#include "status.h"

#include "clocks.h"
#include "examples/lwip/netif_pv.h"
#include "http.h"

#include <pv/bare.h>
#include <pv/log.h>
#include <pv/string.h>

static struct {
	struct pv_blk *blk;
	struct pv_net *net;
	unsigned int cpus;
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

/* What is the sum of all queues' counters. */
static void add(struct pv_queue_stats *sum, const struct pv_queue_stats *s)
{
	sum->submitted += s->submitted;
	sum->completed += s->completed;
	sum->received += s->received;
	sum->bytes_out += s->bytes_out;
	sum->bytes_in += s->bytes_in;
	sum->errors += s->errors;
	sum->dropped += s->dropped;
	sum->notified += s->notified;
	sum->events += s->events;
	sum->polls += s->polls;
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
	struct pv_queue_stats blk = {0}, net = {0};
	unsigned int i;
	char mac[18];

	for (i = 0; watched.blk && i < watched.blk->num_queues; i++)
		add(&blk, pv_blk_stats(pv_blk_queue(watched.blk, i)));
	for (i = 0; watched.net && i < watched.net->num_queues; i++)
		add(&net, pv_net_stats(pv_net_queue(watched.net, i)));
	begin(j, "queues", "[");
	if (watched.blk) {
		begin(j, NULL, "{");
		string(j, "name", watched.blk->name);
		number(j, "capacity", watched.blk->capacity * PV_BLK_SECTOR);
		number(j, "queues", watched.blk->num_queues);
		queue(j, &blk);
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
		number(j, "queues", watched.net->num_queues);
		queue(j, &net);
		end(j, "}");
	}
	end(j, "]");
}

static void signed_number(struct json *j, const char *name, int64_t value)
{
	char text[24];

	pv_snprintf(text, sizeof(text), "%lld", (long long)value);
	key(j, name);
	put(j, text);
}

static void one_queue(struct json *j, const char *name, const struct pv_queue_stats *s)
{
	begin(j, name, "{");
	queue(j, s);
	end(j, "}");
}

/* A CPU without queues of its own has none here. */
static void one_cpu(struct json *j, unsigned int cpu)
{
	struct pv_bare_irq_stats irq;
	uint64_t error;
	int64_t ns;

	if (pv_bare_cpu_irq_stats(cpu, &irq))
		return;
	begin(j, NULL, "{");
	number(j, "cpu", cpu);
	number(j, "requests", http_stats()->by_cpu[cpu % HTTP_MAX_CPUS]);
	number(j, "interrupts", irq.taken);
	number(j, "timer", irq.timer);
	number(j, "ipis", irq.wakes);
	if (pv_clock_stolen_known())
		number(j, "stolen_ns", pv_clock_stolen_ns(cpu));
	if (clocks_offset(cpu, &ns, &error)) {
		signed_number(j, "clock_offset_ns", ns);
		number(j, "clock_error_ns", error);
	}
	if (watched.blk && cpu < watched.blk->num_queues)
		one_queue(j, "blk", pv_blk_stats(pv_blk_queue(watched.blk, cpu)));
	if (watched.net && cpu < watched.net->num_queues)
		one_queue(j, "net", pv_net_stats(pv_net_queue(watched.net, cpu)));
	end(j, "}");
}

static void cpus(struct json *j)
{
	unsigned int cpu;

	begin(j, "cpus", "[");
	for (cpu = 0; cpu < watched.cpus; cpu++)
		one_cpu(j, cpu);
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
	cpus(&j);
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
	pv_bare_printf("cpus: %u\n", watched.cpus);
	pv_for_each_device (dev) {
		pv_device_describe(dev, text, sizeof(text));
		pv_bare_printf("device: %s %s %s %s\n", dev->name,
			       dev->driver ? dev->driver->name : "-",
			       pv_device_state_name(dev->state), text);
	}
}

void status_watch(struct pv_blk *blk, struct pv_net *net, unsigned int cpus_running)
{
	watched.cpus = cpus_running;
	watched.blk = blk;
	watched.net = net;
}
