/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What whoever runs the machine asks of the kernel: to end.
 *
 * On Xen the toolstack writes control/shutdown (xl shutdown, xl reboot), which the bus pv_xenbus
 * watches.
 */
#ifndef PV_CONTROL_H
#define PV_CONTROL_H

#include <pv/types.h>

PV_BEGIN_DECLS

enum pv_shutdown_reason {
	PV_SHUTDOWN_POWEROFF,
	PV_SHUTDOWN_REBOOT,
	PV_SHUTDOWN_HALT,    /* end, without a wish for what then; as power-off */
	PV_SHUTDOWN_SUSPEND, /* save the machine */
	PV_SHUTDOWN_CRASH
};

/*
 * `fn(arg, reason)` is called from pv_work(), after the request was acknowledged. It runs under the
 * control lock, so it notes the wish; the kernel then ends its work, calls pv_shutdown(), and
 * switches the machine off or restarts it in its own way. A request that came before is delivered
 * with the next pv_work(). NULL: nobody; requests are then left unanswered, which the toolstack
 * reports. Context: control.
 */
typedef void (*pv_shutdown_fn)(void *arg, enum pv_shutdown_reason reason);
void pv_on_shutdown(pv_shutdown_fn fn, void *arg);

/* "poweroff", "reboot", ... Context: any. */
const char *pv_shutdown_reason_name(enum pv_shutdown_reason reason);

PV_END_DECLS

#endif
