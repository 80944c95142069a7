/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Reading a pvclock page: what Xen and KVM share of it.
 *
 * The host is the page's only writer (but for one flag). It makes the version odd, writes, and
 * makes it even again. A reading is good if the version was even before it and is the same after
 * it. The host may be broken, or hostile: the number of attempts is bounded, and no value in the
 * page makes the arithmetic undefined.
 */
#ifndef PV_CORE_PVCLOCK_H
#define PV_CORE_PVCLOCK_H

#include <pv/abi/pvclock.h>
#include <pv/clock.h>
#include <pv/shared.h>

#include "arch/x86/x86.h"

/*
 * Attempts at one reading. The host writes for some hundred cycles, unless it is preempted while it
 * does; an attempt takes about as long.
 */
#define PV_PVCLOCK_TRIES 1024

/* Greatest shift in either direction; none is needed beyond, with a factor of 32 bits. */
#define PV_PVCLOCK_MAX_SHIFT 31

/* A page as it was at one moment, and the TSC then. */
struct pv_pvclock_sample {
	uint64_t tsc;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
};

/*
 * RDTSC is no load: the CPU may execute it before loads that come earlier have their values, and so
 * give a TSC from before the page's time stamp. LFENCE lets nothing later begin until those are
 * done (Intel SDM 2B, RDTSC; AMD APM 3, where Linux and KVM have made LFENCE dispatch-serialising).
 * After it none is needed: the page changes only between an exit and an entry of its own CPU, and
 * those serialise.
 */
static inline uint64_t pv_rdtsc_ordered(void)
{
	__asm__ __volatile__("lfence" : : : "memory");
	return pv_rdtsc();
}

/*
 * One attempt. False if the page was, or may have been, written meanwhile. The acquiring load of
 * the version pairs with the host's release of the even one; the barrier before the second with the
 * host's before its writes.
 */
static inline bool pv_pvclock_try(const struct pvclock_vcpu_time_info PV_SHARED *page,
				  struct pv_pvclock_sample *s)
{
	uint32_t version = pv_shared_read_acquire(&page->version);

	s->tsc_timestamp = pv_shared_read(&page->tsc_timestamp);
	s->system_time = pv_shared_read(&page->system_time);
	s->mul = pv_shared_read(&page->tsc_to_system_mul);
	s->shift = pv_shared_read(&page->tsc_shift);
	s->flags = pv_shared_read(&page->flags);
	s->tsc = pv_rdtsc_ordered();
	pv_barrier();
	return !(version & 1) && pv_shared_read(&page->version) == version;
}

/*
 * `delta` ticks in nanoseconds, all bits kept: ((delta << shift) * mul) >> 32. The shift to the
 * right, of every TSC above 1 GHz, drops bits before the multiplication, as the host does. |shift|
 * is at most PV_PVCLOCK_MAX_SHIFT, so that 64 + 31 + 32 bits fit into 128.
 */
static inline uint64_t pv_pvclock_scale(uint64_t delta, uint32_t mul, int shift)
{
	unsigned __int128 wide;

	if (shift < 0)
		wide = (unsigned __int128)(delta >> -shift) * mul;
	else
		wide = ((unsigned __int128)delta << shift) * mul;
	return (uint64_t)(wide >> 32);
}

/*
 * The time of a sample. False if its shift is none. A TSC from before the page's time stamp
 * (another CPU's, or one that was set back) counts as the time stamp. The difference is what
 * counts: Xen's time stamp for a new PVH guest is from before its TSC was 0, and hence near 2^64.
 */
static inline bool pv_pvclock_time(const struct pv_pvclock_sample *s, uint64_t *ns)
{
	int64_t delta = (int64_t)(s->tsc - s->tsc_timestamp);

	if (s->shift < -PV_PVCLOCK_MAX_SHIFT || s->shift > PV_PVCLOCK_MAX_SHIFT)
		return false;
	*ns = s->system_time + pv_pvclock_scale(delta > 0 ? (uint64_t)delta : 0, s->mul, s->shift);
	return true;
}

/* PV_PVCLOCK_TRIES attempts; in `*retries`, how many failed. False if all did. */
bool pv_pvclock_read(const struct pvclock_vcpu_time_info PV_SHARED *page,
		     struct pv_pvclock_sample *s, uint64_t *retries);

/* The TSC's frequency by the factor of the page; 0 if that makes no sense. */
uint64_t pv_pvclock_khz(uint32_t mul, int shift);

/* The wall clock when system_time was 0. 0, or PV_EAGAIN if its page never settled. */
int pv_pvclock_read_wall(const struct pvclock_wall_clock PV_SHARED *page, struct pv_wall_time *out);

/*
 * Clears PVCLOCK_GUEST_STOPPED, as the guest is to. True if it was set: of several that saw it, one
 * gets true.
 */
bool pv_pvclock_clear_stopped(struct pvclock_vcpu_time_info PV_SHARED *page);

#endif
