/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Waiting with a deadline, for the control path.
 */
#ifndef PV_WAIT_H
#define PV_WAIT_H

#include <pv/os.h>

PV_BEGIN_DECLS

/*
 * Calls `cond(arg)` until it is true, with pv_os_relax() in between. 0, or PV_ETIMEDOUT after
 * `timeout_ms` milliseconds; it is then asked once more. The caller's error message says what was
 * awaited and what was there.
 * Context: control. May sleep.
 */
int pv_wait_until(bool (*cond)(void *arg), void *arg, unsigned int timeout_ms) PV_MUST_CHECK;

PV_END_DECLS

#endif
