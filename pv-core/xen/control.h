/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_CONTROL_H
#define PV_CORE_XEN_CONTROL_H

/*
 * Watches control/shutdown, for pv_on_shutdown(); what fails is logged. Its mirror. Context:
 * control, between pv_xs_start() and pv_xs_stop().
 */
void pv_xen_control_start(void);
void pv_xen_control_stop(void);

#endif
