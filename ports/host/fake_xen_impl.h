/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between the files of the fake Xen.
 */
#ifndef PORTS_HOST_FAKE_XEN_IMPL_H
#define PORTS_HOST_FAKE_XEN_IMPL_H

#include <pv/err.h>
#include <pv/fake_xen.h>
#include <string.h>

/* fake_xen.c */
void pv_fake_xen_pend_upcall(unsigned int vcpu);

/* fake_xen_events.c */
long pv_fake_xen_event_op(unsigned int cmd, void *arg);
void pv_fake_xen_events_reset(void);
void pv_fake_xen_virq(unsigned int virq, unsigned int vcpu);

/* fake_xen_memory.c */
long pv_fake_xen_memory_op(unsigned int cmd, void *arg);
void pv_fake_xen_memory_reset(void);
bool pv_fake_xen_is_hole(uint64_t gfn);
bool pv_fake_xen_fill_hole(uint64_t gfn);
void pv_fake_xen_make_hole(uint64_t gfn);

/* fake_xen_grants.c: the table, and where its frames are */
long pv_fake_xen_grant_op(unsigned int cmd, void *ops, unsigned int n);
void pv_fake_xen_grants_reset(void);
void **pv_fake_xen_grant_frame(unsigned long index);
void **pv_fake_xen_status_frame(unsigned long index);

/* fake_xen.c: where the shared page is */
void **pv_fake_xen_shared_page(void);

#endif
