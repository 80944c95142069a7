/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the files of the port for Linux.
 */
#ifndef PV_LINUX_PORT_H
#define PV_LINUX_PORT_H

/* No work item runs from here on, or will. */
void pv_linux_work_end(void);

#endif
