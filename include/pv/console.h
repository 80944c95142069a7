/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Consoles: bytes out and bytes in, whatever the bus.
 *
 * Writing never waits for ever: a console whose other end does not read gets PV_CONFIG_CONSOLE_MS,
 * once, and what does not fit is dropped and counted; from then on writes do not wait until the
 * other end has read again. So a kernel may log to it.
 *
 * CONTEXT
 *	open, close and set_event are control context. write, read and drain may be called from any,
 *	by one caller at a time in each direction: several CPUs, or a handler beside its thread, are
 *	kept apart by the kernel's own log lock.
 */
#ifndef PV_CONSOLE_H
#define PV_CONSOLE_H

#include <pv/device.h>
#include <pv/seg.h>

PV_BEGIN_DECLS

struct pv_console_ops;

struct pv_console {
	/* For everybody to read; set by the driver. */
	char name[8]; /* "con0" */
	unsigned int index;
	struct pv_device *dev; /* valid as long as this structure is */

	/* Counters: written, dropped and read bytes, events. */
	uint64_t bytes_out;
	uint64_t bytes_dropped;
	uint64_t bytes_in;
	uint64_t events;

	/* The class layer's. */
	const struct pv_console_ops *ops;
	struct pv_console *next;
	unsigned int opens;
	bool gone;
	bool stuck; /* the last write ran into its deadline */
	pv_queue_event_fn event;
	void *event_arg;
	void (*release)(struct pv_console *con);
};

/*
 * The console with this number, in the order in which they were found, and a hold on it: its
 * structure stays valid until pv_console_close(), even if the device is removed. NULL if there is
 * none. Context: control.
 */
struct pv_console *pv_console_open(unsigned int index);

/* The kernel no longer uses it. Context: control. */
void pv_console_close(struct pv_console *con);

/*
 * Writes `len` bytes, as they are (no newline is translated). The number that was accepted, below
 * `len` if the deadline passed; or PV_EIO if the console is broken, PV_EGONE if it was removed.
 */
int pv_console_write(struct pv_console *con, const void *text, size_t len);

/*
 * At most `len` bytes of input that is there, without waiting: their number, 0 if none; PV_EIO,
 * PV_EGONE.
 */
int pv_console_read(struct pv_console *con, void *buf, size_t len);

/*
 * Waits until the other end took all that was written, as before the machine is switched off.
 * 0, PV_ETIMEDOUT after `timeout_ms`, PV_EIO, PV_EGONE.
 */
int pv_console_drain(struct pv_console *con, unsigned int timeout_ms);

/*
 * `fn(arg)` is called from the interrupt when there may be input. Read until there is none. NULL:
 * nobody. Context: control.
 */
void pv_console_set_event(struct pv_console *con, pv_queue_event_fn fn, void *arg);

PV_END_DECLS

#endif
