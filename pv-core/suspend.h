/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_SUSPEND_H
#define PV_CORE_SUSPEND_H

#include <pv/device.h>
#include <pv/hv.h>

/*
 * pv_suspend() on this hypervisor; bus(0), bus(1) and so on are the buses, NULL after the last.
 * Context: control, under the control lock.
 */
int pv_suspend_on(const struct pv_hv *hv, const struct pv_bus *(*bus)(unsigned int n));

#endif
