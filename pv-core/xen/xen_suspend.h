/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_XEN_SUSPEND_H
#define PV_CORE_XEN_XEN_SUSPEND_H

#include <pv/types.h>

/* struct pv_hv's. */
int pv_xen_suspend(void);
int pv_xen_resume(void);

/*
 * Called in a new domain before anything is written to the log: the console's. Attached for ever;
 * attaching again is nothing.
 */
struct pv_xen_early {
	void (*resume)(void);
	struct pv_xen_early *next; /* xen_suspend.c's */
};
void pv_xen_early_attach(struct pv_xen_early *e);

#endif
