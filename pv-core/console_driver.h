/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the console class layer (console.c) and its drivers. The class layer waits and counts; a
 * driver moves bytes.
 */
#ifndef PV_CORE_CONSOLE_DRIVER_H
#define PV_CORE_CONSOLE_DRIVER_H

#include <pv/console.h>

/* None of them waits. Context: any. */
struct pv_console_ops {
	/* As many bytes as there is room for, and tells the other end: their number, or PV_E*. */
	int (*write)(struct pv_console *con, const void *text, size_t len);
	/* As many bytes as are there: their number, or PV_E*. */
	int (*read)(struct pv_console *con, void *buf, size_t len);
	/* Bytes written that the other end has not taken, or PV_E*. */
	int (*waiting)(struct pv_console *con);
	/* Lets the other end run for a moment. */
	void (*relax)(struct pv_console *con);
};

/*
 * Publishes a console whose `dev` and `ops` are set: gives it its number and name. Context:
 * control, from probe.
 */
void pv_console_register(struct pv_console *con);

/*
 * Takes it out of sight; its operations are not called any more, and `release(con)` is called when
 * the last hold is gone, perhaps at once. Context: control, from remove.
 */
void pv_console_unregister(struct pv_console *con, void (*release)(struct pv_console *con));

/* The interrupt came for it. Context: interrupt. */
void pv_console_event(struct pv_console *con);

#endif
