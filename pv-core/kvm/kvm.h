/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_KVM_H
#define PV_CORE_KVM_H

#include <pv/types.h>

/* Registers kvmclock with pv-core/clock.c. 0, or PV_ENODEV, PV_ENOMEM. */
int pv_kvmclock_start(uint32_t features);

#endif
