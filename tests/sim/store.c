/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Xen's store starts again in the midst of a request. */
#include <pv/fake_xenstored.h>

#include "fake_store.h"
#include "sim.h"

void sim_store_reconnects(void)
{
	fake_store.features = XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR;
}

void sim_store_restarts(void)
{
	pv_fake_xs.breach = PV_FAKE_XS_RESTART;
	pv_fake_xs.breach_after = sim_below(24);
}
