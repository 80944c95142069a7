/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_UNPLUG_H
#define PV_CORE_XEN_UNPLUG_H

#include <pv/device.h>

/*
 * HVM: takes the emulated disks (PV_CLASS_BLK) or network cards (PV_CLASS_NET) away, for good; of
 * other classes and in other guests there is none. Called before a driver connects to the first
 * such device of xenbus's. Context: control.
 */
void pv_xen_unplug_begin(void); /* by xenbus, before it looks for devices */
void pv_xen_unplug(enum pv_device_class class_id);

#endif
