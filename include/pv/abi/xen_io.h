/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's device protocols: rings and states in memory that frontend and backend share (Debian:
 * libxen-dev). ring.h is taken in for its layouts; its macros, which read shared memory more than
 * once, are not used.
 */
#ifndef PV_ABI_XEN_IO_H
#define PV_ABI_XEN_IO_H

#include <pv/abi/xen.h>

#ifdef __KERNEL__
#include <pv_xen/io/blkif.h>
#include <pv_xen/io/console.h>
#include <pv_xen/io/netif.h>
#include <pv_xen/io/protocols.h>
#include <pv_xen/io/xenbus.h>
#include <pv_xen/io/xs_wire.h>
#else
#include <xen/io/blkif.h>
#include <xen/io/console.h>
#include <xen/io/netif.h>
#include <xen/io/protocols.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#endif

#endif
