/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Hypercalls of Xen, each with its own types: one wrapper per operation, named after it.
 *
 * Those whose operation takes a structure of Xen's headers take a pointer to it, filled as the
 * header says; what Xen answers is in it afterwards. Results are Xen's as they come: 0 or a count,
 * or a negative error, with the numbers of PV_E* (xen/errno.h). Where a structure has a `status` of
 * its own (grant_table) it is to be looked at, too. Pointers are virtual addresses of memory that
 * is mapped, in all modes.
 *
 * Context: any, unless an operation says otherwise. None of them sleeps, but for SCHEDOP_block and
 * _poll.
 */
#ifndef PV_HYPERCALL_XEN_H
#define PV_HYPERCALL_XEN_H

#include "hypercall/xen_call.h"
#include "hypercall/xen_event.h"
#include "hypercall/xen_grant.h"
#include "hypercall/xen_hvm.h"
#include "hypercall/xen_memory.h"
#include "hypercall/xen_misc.h"
#include "hypercall/xen_mmu.h"
#include "hypercall/xen_multicall.h"
#include "hypercall/xen_physdev.h"
#include "hypercall/xen_pv.h"
#include "hypercall/xen_sched.h"
#include "hypercall/xen_vcpu.h"
#include "hypercall/xen_version.h"

#endif
