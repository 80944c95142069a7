/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_XEN_CONSOLE_H
#define PV_CORE_XEN_XEN_CONSOLE_H

#include <pv/types.h>

/* Whether the toolstack set up a console's page and port for this domain. Context: control. */
bool pv_xen_console_there(void);

#endif
