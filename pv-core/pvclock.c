/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/err.h>

#include "pv-core/pvclock.h"

bool pv_pvclock_read(const struct pvclock_vcpu_time_info PV_SHARED *page,
		     struct pv_pvclock_sample *s, uint64_t *retries)
{
	for (*retries = 0; *retries < PV_PVCLOCK_TRIES; ++*retries) {
		if (pv_pvclock_try(page, s))
			return true;
		pv_pause();
	}
	return false;
}

uint64_t pv_pvclock_khz(uint32_t mul, int shift)
{
	uint64_t khz = 1000000ull << 32;
	int left;

	if (!mul || shift < -PV_PVCLOCK_MAX_SHIFT || shift > PV_PVCLOCK_MAX_SHIFT)
		return 0;
	if (shift >= 0)
		return (khz / mul) >> shift;
	/*
	 * The 10^6 << 32 leaves 12 bits: what fits is shifted before the division, for exactness.
	 */
	left = shift < -12 ? 12 : -shift;
	khz = (khz << left) / mul;
	left = -shift - left;
	return khz << left >> left == khz ? khz << left : 0;
}

int pv_pvclock_read_wall(const struct pvclock_wall_clock PV_SHARED *page, struct pv_wall_time *out)
{
	uint32_t version, sec, nsec;
	unsigned int i;

	for (i = 0; i < PV_PVCLOCK_TRIES; i++) {
		version = pv_shared_read_acquire(&page->version);
		sec = pv_shared_read(&page->sec);
		nsec = pv_shared_read(&page->nsec);
		pv_barrier();
		if (!(version & 1) && pv_shared_read(&page->version) == version) {
			out->sec = (uint64_t)sec + nsec / 1000000000;
			out->nsec = nsec % 1000000000;
			return 0;
		}
		pv_pause();
	}
	return PV_EAGAIN;
}

bool pv_pvclock_clear_stopped(struct pvclock_vcpu_time_info PV_SHARED *page)
{
	/* The host writes the other bits of this byte: one locked AND, no load and store. */
	return pv_shared_fetch_and(&page->flags, (uint8_t)~PVCLOCK_GUEST_STOPPED) &
	       PVCLOCK_GUEST_STOPPED;
}
