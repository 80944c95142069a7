/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the suites of event channels look at: a port's bits in the page that the fake Xen shares
 * with the guest, and the counters of the library's.
 */
#ifndef PV_KUNIT_FAKE_EVENTS_H
#define PV_KUNIT_FAKE_EVENTS_H

#include <pv/fake_xen.h>

#include "pv-core/xen/events.h"

static inline bool masked(int port)
{
	return pv_fake_xen_shared()->evtchn_mask[port / 64] >> port % 64 & 1;
}

static inline bool pending(int port)
{
	return pv_fake_xen_shared()->evtchn_pending[port / 64] >> port % 64 & 1;
}

static inline struct pv_evtchn_stats stats(void)
{
	struct pv_evtchn_stats s;

	pv_evtchn_stats(&s);
	return s;
}

#endif
