/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between pv_on_shutdown() and those that hear of such a wish: Xen's toolstack, by
 * pv-core/xen/control.c. All under the control lock.
 */
#ifndef PV_CORE_SHUTDOWN_H
#define PV_CORE_SHUTDOWN_H

#include <pv/control.h>

/* Whether the kernel listens. A source acknowledges a request only then. */
bool pv_shutdown_wanted(void);

/* Tells the kernel. */
void pv_shutdown_request(enum pv_shutdown_reason reason);

/* `listening()` is called when the kernel begins to listen; NULL for none any more. */
void pv_shutdown_set_source(void (*listening)(void));

#endif
