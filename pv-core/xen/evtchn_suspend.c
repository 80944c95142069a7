/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Event channels while the domain is saved. Until it is known whether it goes on as it was, every
 * port is masked, so that no handler runs; the ones that were not are let go by the usual way then,
 * which finds what came meanwhile.
 *
 * In a new domain no port is open but the toolstack's, which have new numbers: all are forgotten.
 * Whoever has one's number still must drop it before another is bound, which may be of that number.
 */
#include <pv/os.h>
#include <pv/string.h>

#include "pv-core/xen/evtchn.h"

static uint64_t was[PV_EVTCHN_WORDS];

void pv_evtchn_hold(void)
{
	struct shared_info PV_SHARED *shared = pv_xen_shared_info();
	unsigned int i;

	for (i = 0; i < PV_EVTCHN_WORDS; i++)
		was[i] = pv_shared_exchange(&shared->evtchn_mask[i], ~0ul);
}

void pv_evtchn_release(void)
{
	unsigned int port;

	for (port = 1; port < PV_EVTCHN_PORTS; port++)
		if (!(was[port / 64] & pv_evtchn_bit(port)))
			pv_evtchn_unmask((int)port);
}

void pv_evtchn_forget(void)
{
	unsigned int i, j;

	for (i = 0; i < PV_EVTCHN_WORDS; i++) {
		for (j = 0; pv_evtchn_ports[i] && j < 64; j++) {
			pv_evtchn_late_forget(i * 64 + j);
			__atomic_store_n(&pv_evtchn_ports[i][j].fn, NULL, __ATOMIC_SEQ_CST);
			pv_evtchn_give(i * 64 + j, pv_evtchn_boot_cpu);
		}
	}
	pv_evtchn_num_bound = 0;
}

void pv_evtchn_mask_all(void)
{
	unsigned int i;

	for (i = 0; i < PV_EVTCHN_WORDS; i++)
		pv_shared_write(&pv_xen_shared_info()->evtchn_mask[i], ~0ul);
}
