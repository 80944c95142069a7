/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port for Linux: what is inline. Of functions that do not return objtool knows Linux' only.
 */
#ifndef PV_PORT_H
#define PV_PORT_H

#include <linux/panic.h>
#include <pv/types.h>

static inline void PV_NORETURN pv_os_panic(const char *what)
{
	panic("pv: %s", what);
}
#define pv_os_panic pv_os_panic

#endif
