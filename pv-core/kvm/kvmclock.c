/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * kvmclock: has KVM write each vCPU's time to a page of the guest's.
 *
 * Linux Documentation/virt/kvm/x86/msr.rst. A vCPU tells where, by an MSR of its own, and KVM
 * writes before the vCPU runs again, and whenever the factor changes. The wall clock's MSR is a
 * request: KVM writes the structure during the WRMSR. Feature CLOCKSOURCE2 has the MSRs' present
 * numbers, CLOCKSOURCE alone the first ones, which behave the same.
 *
 * The memory is in pages of 64-byte slots, so that no two vCPUs' areas share a cache line: slot 0
 * is the wall clock's, slot n + 1 CPU n's. Pages come as CPUs do, and are freed when KVM writes to
 * none.
 */
#include <pv/abi/kvm.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/os.h>

#include "arch/x86/x86.h"
#include "pv-core/clock.h"
#include "pv-core/kvm/kvm.h"
#include "pv-core/pvclock.h"

#define SLOT_SIZE      64
#define SLOTS_PER_PAGE (PV_PAGE_SIZE / SLOT_SIZE)
#define PAGES	       ((PV_CONFIG_MAX_CPUS + 1 + SLOTS_PER_PAGE - 1) / SLOTS_PER_PAGE)

static char *pages[PAGES];
static uint32_t msr_wall, msr_time;

/* Slot `n`, with the memory that it takes; NULL if there is none. */
static void *slot(unsigned int n)
{
	char **page = &pages[n / SLOTS_PER_PAGE];

	if (!*page)
		*page = pv_os_pages_alloc(1);
	return *page ? *page + n % SLOTS_PER_PAGE * SLOT_SIZE : NULL;
}

static int cpu_start(unsigned int cpu, struct pvclock_vcpu_time_info PV_SHARED **page)
{
	void *area = slot(cpu + 1);

	if (!area)
		return PV_ENOMEM;
	pv_wrmsr(msr_time, pv_os_virt_to_phys(area) | KVM_MSR_ENABLED);
	*page = (struct pvclock_vcpu_time_info PV_SHARED PV_FORCE *)area;
	return 0;
}

static void cpu_stop(unsigned int cpu)
{
	(void)cpu;
	pv_wrmsr(msr_time, 0);
}

static int wall(struct pv_wall_time *out)
{
	void *area = slot(0);

	pv_wrmsr(msr_wall, pv_os_virt_to_phys(area));
	return pv_pvclock_read_wall((struct pvclock_wall_clock PV_SHARED PV_FORCE *)area, out);
}

static void end(void)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		pv_os_pages_free(pages[i], 1);
		pages[i] = NULL;
	}
}

/* Which flags mean something is in the feature word. */
static struct pv_clock_source kvmclock = {
	.cpu_start = cpu_start,
	.cpu_stop = cpu_stop,
	.wall = wall,
	.end = end,
};

static bool has(uint32_t features, unsigned int bit)
{
	return features >> bit & 1;
}

int pv_kvmclock_start(uint32_t features)
{
	if (has(features, KVM_FEATURE_CLOCKSOURCE2)) {
		kvmclock.name = "kvmclock";
		msr_wall = MSR_KVM_WALL_CLOCK_NEW;
		msr_time = MSR_KVM_SYSTEM_TIME_NEW;
	} else if (has(features, KVM_FEATURE_CLOCKSOURCE)) {
		kvmclock.name = "kvmclock (old MSRs)";
		msr_wall = MSR_KVM_WALL_CLOCK;
		msr_time = MSR_KVM_SYSTEM_TIME;
	} else {
		return PV_ENODEV;
	}
	kvmclock.valid_flags = PVCLOCK_GUEST_STOPPED;
	if (has(features, KVM_FEATURE_CLOCKSOURCE_STABLE_BIT))
		kvmclock.valid_flags |= PVCLOCK_TSC_STABLE_BIT;
	/* Here, and not at the first reading of the wall clock, which may not sleep. */
	if (!slot(0))
		return PV_ENOMEM;
	return pv_clock_register(&kvmclock);
}
