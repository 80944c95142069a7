/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What whoever runs the machine asks of the kernel: to end, or to be saved.
 *
 * On Xen the toolstack writes control/shutdown (xl shutdown, xl reboot, xl save), which the bus
 * pv_xenbus watches.
 */
#ifndef PV_CONTROL_H
#define PV_CONTROL_H

#include <pv/types.h>

PV_BEGIN_DECLS

enum pv_shutdown_reason {
	PV_SHUTDOWN_POWEROFF,
	PV_SHUTDOWN_REBOOT,
	PV_SHUTDOWN_HALT,    /* end, without a wish for what then; as power-off */
	PV_SHUTDOWN_SUSPEND, /* save the machine, or move it: pv_suspend() */
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

/*
 * Lets the machine be saved, copied or moved, and returns when it runs again; the answer to
 * PV_SHUTDOWN_SUSPEND. On Xen it then is another domain, perhaps on another host: event channels,
 * grants, xenstore and console are set up anew, the clock goes on from where it was, and devices
 * connect again and do once more what was in flight. No request is lost; packets on their way may
 * be. A device whose backend is not there within PV_CONFIG_XENBUS_MS comes back by pv_work(), as
 * one that is plugged in later; one that the new domain has not, goes.
 *
 * The other CPUs are down (pv_cpu_exit()), and nobody is in a call of the library. Interrupts may
 * stay enabled.
 *
 *	0		it runs again, somewhere
 *	1		it was not saved, or goes on beside its copy: all is as before
 *	PV_EBUSY	another CPU runs
 *	PV_ENOTSUP	there is nothing to be done: KVM saves and restores a guest without asking
 *			it; or it cannot be done: a PV kernel on Xen that did not say
 *			pv_xen_pv_can_suspend(), or has more than 512 GiB
 *	PV_E*		Xen refused, and all is as before; or, if the log says so, what the library
 *			has of Xen is lost, and the kernel can but end
 *
 * Context: control, boot CPU; not from the function of pv_on_shutdown().
 */
int pv_suspend(void) PV_MUST_CHECK;

PV_END_DECLS

#endif
