/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Inside xenbus: its list (xenbus.c), a device's states (xenbus_state.c), what drivers call
 * (xenbus_client.c).
 */
#ifndef PV_CORE_XEN_XENBUS_BUS_H
#define PV_CORE_XEN_XENBUS_BUS_H

#include "pv-core/xen/xenbus.h"

/* How often a folder's device is closed and begun again, before it is left alone. */
#define PV_XENBUS_CLOSES 8

/* --- xenbus.c --------------------------------------------------------------------------------- */

extern struct pv_xenbus_device *pv_xenbus_devices;

/* Who its backend is. 0; an error if the folder is not complete (yet), or nonsense. */
int pv_xenbus_find_backend(struct pv_xenbus_device *xd) PV_MUST_CHECK;

/*
 * Takes the device out of the bus's list and, if a driver was asked, out of the core's; it is freed
 * now, or with the last hold.
 */
void pv_xenbus_drop(struct pv_xenbus_device *xd);

/* The same, and a new one in its place, to be offered again. */
void pv_xenbus_again(struct pv_xenbus_device *xd);

/* Ends pv_xenbus_watch()es. */
void pv_xenbus_drop_keys(struct pv_xenbus_device *xd);

/* xenbus_resume.c: struct pv_bus's. */
int pv_xenbus_resume(void);

/* --- xenbus_state.c --------------------------------------------------------------------------- */

/*
 * Reads the backend's state into xd->backend_state: Unknown if its node is not there. 0, PV_EPROTO
 * if it is no state, or the store's error, and then it is as it was.
 */
int pv_xenbus_read_state(struct pv_xenbus_device *xd) PV_MUST_CHECK;

/* Looks at the states, and does what the tables say. `xd` may be gone afterwards. */
void pv_xenbus_look(struct pv_xenbus_device *xd);

/* What a backend did not do in time. The number of things done; 1 if `xd` may be gone. */
int pv_xenbus_overdue(struct pv_xenbus_device *xd);

/* Whether nothing is to be waited for before the kernel goes on. */
bool pv_xenbus_settled(const struct pv_xenbus_device *xd);

#endif
