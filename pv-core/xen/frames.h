/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_XEN_FRAMES_H
#define PV_CORE_XEN_FRAMES_H

#include <pv/abi/xen.h>

/* How frames are named from now on: PV's start_info, or NULL: PVH and HVM. */
void pv_xen_frames_start(const struct start_info *info);

#endif
