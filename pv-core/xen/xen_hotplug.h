/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_XEN_HOTPLUG_H
#define PV_CORE_XEN_XEN_HOTPLUG_H

/*
 * Tells pv_cpu_changed() what the toolstack wants of each CPU, from pv_work(). 0, or PV_ENODEV
 * without xenstore, or its error. stop: its mirror. Context: control.
 */
int pv_xen_hotplug_start(void);
void pv_xen_hotplug_stop(void);

#endif
