/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's clock: the time information in each CPU's vcpu_info, which is in the shared page, or where
 * it was registered (Xen public/xen.h, struct vcpu_time_info). System time counts from the start of
 * the machine.
 *
 * The wall clock in the shared page has its seconds in two words: the upper one came with Xen 4.6,
 * was 0 before, and is not part of what KVM has.
 */
#include <pv/err.h>

#include "pv-core/clock.h"
#include "pv-core/pvclock.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_time.h"

static int cpu_start(unsigned int cpu, struct pvclock_vcpu_time_info PV_SHARED **page)
{
	struct vcpu_info PV_SHARED *info = pv_xen_vcpu_info(cpu);

	if (!info)
		return PV_ENODEV;
	*page = (struct pvclock_vcpu_time_info PV_SHARED *)&info->time;
	return 0;
}

/* Xen writes to the vcpu_info of a CPU as long as that exists. */
static void cpu_stop(unsigned int cpu)
{
	(void)cpu;
}

static int wall(struct pv_wall_time *out)
{
	const struct shared_info PV_SHARED *shared = pv_xen_shared_info();
	uint32_t version, sec, sec_hi, nsec;
	unsigned int i;

	for (i = 0; i < PV_PVCLOCK_TRIES; i++) {
		/* Pairs with Xen's barriers between version and values, as pv_pvclock_try(). */
		version = pv_shared_read_acquire(&shared->wc_version);
		sec = pv_shared_read(&shared->wc_sec);
		sec_hi = pv_shared_read(&shared->wc_sec_hi);
		nsec = pv_shared_read(&shared->wc_nsec);
		pv_barrier();
		if (!(version & 1) && pv_shared_read(&shared->wc_version) == version) {
			out->sec = ((uint64_t)sec_hi << 32 | sec) + nsec / 1000000000;
			out->nsec = nsec % 1000000000;
			return 0;
		}
		pv_pause();
	}
	return PV_EAGAIN;
}

static void end(void)
{
}

static const struct pv_clock_source source = {
	.name = "Xen",
	.valid_flags = PVCLOCK_TSC_STABLE_BIT | PVCLOCK_GUEST_STOPPED,
	.cpu_start = cpu_start,
	.cpu_stop = cpu_stop,
	.wall = wall,
	.end = end,
};

int pv_xen_time_start(void)
{
	return pv_clock_register(&source);
}
