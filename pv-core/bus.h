/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between pv_init() and the device list. All under the control lock.
 */
#ifndef PV_CORE_BUS_H
#define PV_CORE_BUS_H

#include <pv/device.h>

/* The drivers that devices added from now on are offered to, in this order; NULL for none. */
void pv_bus_set_drivers(const struct pv_driver *const *drivers);

/* Whether devices added from now on are untrusted, whatever they say of themselves. */
void pv_bus_set_untrusted(bool all);

/* Whether one of the drivers matches `dev`, which need not be added. */
bool pv_bus_wanted(const struct pv_device *dev);

/* Calls drv->changed for the devices whose configuration changed; their number. */
int pv_bus_work(void);

/* The driver leaves the device, and probes it again, if one does. Nobody uses it meanwhile. */
void pv_device_again(struct pv_device *dev);

/* Removes all devices, last found first. */
void pv_bus_remove_all(void);

/* Calls drv->lost of the devices of buses that have resume, last found first. */
void pv_bus_lost(void);

/* --- init.c: what pv_init() was given, and works ---------------------------------------------- */

struct pv_hv;

/* The entry for this hypervisor; NULL for none. */
const struct pv_hv *pv_hv_started(void);

/* The n-th bus; NULL beyond the last. */
const struct pv_bus *pv_bus_scanned(unsigned int n);

#endif
