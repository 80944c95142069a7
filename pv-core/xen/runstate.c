/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Reading a runstate area (Xen public/vcpu.h, VCPUOP_register_runstate_memory_area). Where
 * VMASST_TYPE_runstate_update_flag works, the top bit of state_entry_time is set while Xen writes;
 * the value is read before and after in any case. What was stolen is the time runnable, but not
 * running, and offline.
 */
#include "arch/x86/x86.h"
#include "pv-core/xen/xen_smp.h"

#define TRIES 1000

bool pv_xen_runstate_read(const struct vcpu_runstate_info PV_SHARED *area, uint64_t *stolen,
			  int *state)
{
	uint64_t before;
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		/* Pairs with Xen's barriers around what it writes. */
		before = pv_shared_read_acquire(&area->state_entry_time);
		*state = pv_shared_read(&area->state);
		*stolen = pv_shared_read(&area->time[RUNSTATE_runnable]) +
			  pv_shared_read(&area->time[RUNSTATE_offline]);
		pv_barrier();
		if (!(before & XEN_RUNSTATE_UPDATE) &&
		    pv_shared_read(&area->state_entry_time) == before)
			return true;
		pv_pause();
	}
	return false;
}
