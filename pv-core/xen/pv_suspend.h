/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_PV_SUSPEND_H
#define PV_CORE_XEN_PV_SUSPEND_H

#include <pv/types.h>

/*
 * Shows the toolstack the table of frames, in the shared page, which is there; and takes that back.
 * For a kernel that did not call pv_xen_pv_can_suspend() they do nothing. Without memory the domain
 * cannot be saved, which is logged.
 */
void pv_xen_pv_suspend_start(void);
void pv_xen_pv_suspend_exit(void);

/* Whether it was shown. */
bool pv_xen_pv_suspend_ready(void);

/*
 * Has the domain saved, with every port masked. 0 in a new domain, in which no page of Xen's is
 * mapped; 1 or PV_E* where all is as before. Context: control, boot CPU, alone.
 */
int pv_xen_pv_suspend(void);

/* The shared page is there again, the new domain's. */
void pv_xen_pv_suspend_resume(void);

#endif
