/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_TIME_H
#define PV_CORE_XEN_TIME_H

/* Registers Xen's clock with pv-core/clock.c. 0 or PV_E*. Context: control, boot CPU. */
int pv_xen_time_start(void);

#endif
