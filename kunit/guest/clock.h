/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The library's clock, in a guest whose clock pages are Linux' already: it reads those, and has the
 * hypervisor write none of its own.
 */
#ifndef PV_KUNIT_GUEST_CLOCK_H
#define PV_KUNIT_GUEST_CLOCK_H

#include <pv/detect.h>

/* Begins it, for all CPUs; the calling thread is on CPU 0 afterwards. 0 or PV_ENODEV. */
int pv_guest_clock_start(const struct pv_platform *platform);
void pv_guest_clock_end(void);

/* The page that is read on this CPU; NULL if there is none. */
void *pv_guest_clock_page(const struct pv_platform *platform);

#endif
