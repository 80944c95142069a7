/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The library's accounts of CPUs, in a guest whose areas are Linux' already.
 */
#ifndef PV_KUNIT_GUEST_CPUS_H
#define PV_KUNIT_GUEST_CPUS_H

#include <pv/detect.h>

/* pv_clock_stolen_ns() reads Linux' areas from here on; 0 or PV_ENODEV. And no longer. */
int pv_guest_cpus_start(const struct pv_platform *platform);
void pv_guest_cpus_end(void);

#endif
