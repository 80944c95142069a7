/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The targets on the fake Xen. It and the library's core are brought up once; connections come and
 * go with each input. What a peer has mapped it lets go in the end.
 */
#ifndef PV_FUZZ_XEN_H
#define PV_FUZZ_XEN_H

#include <pv/fake_xen.h>

#include "fuzz.h"
#include "pv-core/xen/xenbus.h"

#define FUZZ_PEER PV_FAKE_XEN_PEER

void fuzz_xen_start(void);

/* The peer maps what is granted as `ref`, if it is, and keeps it; and lets all go. */
void fuzz_xen_keep(uint32_t ref);
void fuzz_xen_let_go(void);

/* A device that its driver has, on xenbus, without a store. */
void fuzz_xen_device(struct pv_xenbus_device *xd, const char *name, enum pv_device_class class_id);

/* All grants are free again, the kept ones by a retry. */
void fuzz_xen_end(void);

/* Writes `n` bytes of the input, at most 16, somewhere into `len` bytes at `page`. */
void fuzz_xen_scribble(void *page, unsigned int len, unsigned int n);

/*
 * The store's page, and its server's notification. The server is called where the guest notifies it
 * or waits.
 */
void *fuzz_xen_store(void (*server)(void));
void fuzz_xen_store_event(void);

#endif
