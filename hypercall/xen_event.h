/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * event_channel_op (Xen public/event_channel.h).
 */
#ifndef PV_HYPERCALL_XEN_EVENT_H
#define PV_HYPERCALL_XEN_EVENT_H

#include "hypercall/xen_call.h"

#define PV_XEN_EVTCHN(name)                                                                        \
	PV_XEN_OP(pv_xen_evtchn_##name, __HYPERVISOR_event_channel_op, EVTCHNOP_##name,            \
		  struct evtchn_##name)

PV_XEN_EVTCHN(bind_interdomain) /* a port that another domain allocated for us */
PV_XEN_EVTCHN(bind_virq)	/* a virtual interrupt */
PV_XEN_EVTCHN(bind_pirq)	/* a physical one */
PV_XEN_EVTCHN(bind_ipi)		/* between our own CPUs */
PV_XEN_EVTCHN(bind_vcpu)	/* to which CPU a port is delivered */
PV_XEN_EVTCHN(alloc_unbound)	/* a port for another domain to bind to */
PV_XEN_EVTCHN(close)
PV_XEN_EVTCHN(send)
PV_XEN_EVTCHN(status)
PV_XEN_EVTCHN(unmask)	    /* clears the mask bit, and delivers what is pending */
PV_XEN_EVTCHN(reset)	    /* closes all ports */
PV_XEN_EVTCHN(init_control) /* FIFO ABI: a CPU's control block */
PV_XEN_EVTCHN(expand_array) /* FIFO ABI: a page of event words */
PV_XEN_EVTCHN(set_priority) /* FIFO ABI */

#undef PV_XEN_EVTCHN

#endif
