/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The console class layer: numbers, holds, and waiting that ends. */
#include <pv/config.h>
#include <pv/log.h>
#include <pv/os.h>

#include "pv-core/console_driver.h"

static struct pv_console *consoles; /* by index */

struct pv_console *pv_console_open(unsigned int index)
{
	struct pv_console *con;

	pv_os_control_lock();
	for (con = consoles; con && con->index != index; con = con->next)
		;
	if (con)
		con->opens++;
	pv_os_control_unlock();
	return con;
}

static void release_now(struct pv_console *con)
{
	struct pv_device *dev = con->dev;

	con->release(con);
	pv_device_put(dev);
}

void pv_console_close(struct pv_console *con)
{
	pv_os_control_lock();
	if (!--con->opens) {
		con->event = NULL;
		if (con->gone)
			release_now(con);
	}
	pv_os_control_unlock();
}

void pv_console_register(struct pv_console *con)
{
	struct pv_console **at = &consoles;
	unsigned int index = 0;

	/* The lowest number that is free. */
	for (; *at && (*at)->index == index; at = &(*at)->next)
		index++;
	con->index = index;
	pv_snprintf(con->name, sizeof(con->name), "con%u", index);
	con->next = *at;
	*at = con;
	pv_device_get(con->dev);
	pv_info("%s: %s", con->name, con->dev->name);
}

void pv_console_unregister(struct pv_console *con, void (*release)(struct pv_console *con))
{
	struct pv_console **at = &consoles;

	while (*at != con)
		at = &(*at)->next;
	*at = con->next;
	con->gone = true;
	con->release = release;
	if (!con->opens)
		release_now(con);
	else
		pv_console_event(con);
}

void pv_console_event(struct pv_console *con)
{
	pv_queue_event_fn fn = con->event;

	con->events++;
	if (fn)
		fn(con->event_arg);
}

void pv_console_set_event(struct pv_console *con, pv_queue_event_fn fn, void *arg)
{
	pv_os_control_lock();
	con->event = NULL;
	con->event_arg = arg;
	con->event = fn;
	pv_os_control_unlock();
}

static int check(const struct pv_console *con)
{
	if (con->gone)
		return PV_EGONE;
	return pv_device_broken(con->dev) ? PV_EIO : 0;
}

static bool passed(uint64_t begin, uint64_t ms)
{
	return pv_os_uptime_ns() - begin >= ms * 1000000;
}

/* What the other end takes within the time that the text's length gives it. */
static int write_all(struct pv_console *con, const char *text, size_t len, size_t *done)
{
	uint64_t ms = con->stuck ? 0 : (uint64_t)PV_CONFIG_CONSOLE_MS * (1 + len / 1024);
	uint64_t begin = pv_os_uptime_ns();
	int n;

	for (;;) {
		n = con->ops->write(con, text + *done, len - *done);
		if (n < 0)
			return n;
		*done += (size_t)n;
		if (*done == len) {
			con->stuck = false;
			return 0;
		}
		if (passed(begin, ms)) {
			con->stuck = true;
			return 0;
		}
		con->ops->relax(con);
	}
}

int pv_console_write(struct pv_console *con, const void *text, size_t len)
{
	size_t done = 0;
	int err = check(con);

	if (!err)
		err = write_all(con, text, len, &done);
	con->bytes_out += done;
	con->bytes_dropped += len - done;
	return err ? err : (int)done;
}

int pv_console_read(struct pv_console *con, void *buf, size_t len)
{
	int n = check(con);

	if (!n)
		n = con->ops->read(con, buf, len);
	if (n > 0)
		con->bytes_in += (uint64_t)n;
	return n;
}

int pv_console_drain(struct pv_console *con, unsigned int timeout_ms)
{
	uint64_t begin = pv_os_uptime_ns();
	int n = check(con);

	while (!n) {
		n = con->ops->waiting(con);
		if (n <= 0)
			return n;
		if (passed(begin, timeout_ms))
			return PV_ETIMEDOUT;
		con->ops->relax(con);
		n = 0;
	}
	return n;
}
