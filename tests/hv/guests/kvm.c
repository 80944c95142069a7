/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What KVM offers, tried out: hypercalls, the wall clock, and kvmclock by the present MSRs and by
 * the old ones. It reaches below the library's public interface, which chooses among these by
 * itself.
 */
#include <pv/bare.h>

#include "hypercall/kvm.h"
#include "pv-core/clock.h"
#include "pv-core/kvm/kvm.h"

#define READINGS     1000
#define UNKNOWN_CALL 0x7fff
#define SOME_VECTOR  0xf0 /* nobody is in the set that it is sent to */

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static void hypercalls(void)
{
	pv_bare_printf("vmmcall: %d\n", pv_kvm_use_vmmcall);
	pv_bare_printf("poll: %ld\n", pv_kvm_vapic_poll_irq());
	pv_bare_printf("unknown: %ld\n", pv_kvm_hypercall0(UNKNOWN_CALL));
}

/* Each feature that a kernel uses by a call of its own, and what came of it. */
static void features(void)
{
	struct pv_kvm_host_time t;
	struct pv_wall_time wall;
	uint64_t before, after;
	int err;

	pv_bare_printf("kick: %ld\n", pv_kvm_kick_cpu(0));
	pv_halt(); /* which the kick has ended before it began */
	pv_bare_printf("yield: %ld\n", pv_kvm_sched_yield(0));
	pv_bare_printf("send ipi: %ld\n", pv_kvm_send_ipi(0, 0, 0, SOME_VECTOR));
	before = pv_rdmsr(MSR_KVM_POLL_CONTROL);
	err = pv_kvm_host_polls(false);
	after = pv_rdmsr(MSR_KVM_POLL_CONTROL);
	pv_bare_printf("poll control: %d, %llu to %llu\n", err, (unsigned long long)before,
		       (unsigned long long)after);
	pv_bare_printf("migration control: %d\n", pv_kvm_allow_migration(true));
	pv_bare_printf("map range: %d\n", pv_kvm_map_gpa(0, 0, false));
	err = pv_kvm_host_time(&t);
	pv_bare_printf("pairing: %d\n", err);
	if (!err && pv_clock_wall(&wall) == 0)
		pv_bare_printf("paired: %llu.%09u, error %llu ns\n", (unsigned long long)t.sec,
			       t.nsec, (unsigned long long)t.error_ns);
	before = pv_clock_stolen_ns(0);
	pv_bare_printf("steal: %d, %llu ns\n", pv_clock_stolen_known(), (unsigned long long)before);
}

/*
 * Prints the clock's name, how many of its readings lie before the one before, and if it advanced.
 */
static void try_clock(const char *label)
{
	uint64_t first = pv_clock_now(), last = first;
	unsigned int i, backwards = 0;
	struct pv_wall_time wall;

	for (i = 0; i < READINGS; i++) {
		uint64_t now = pv_clock_now();

		backwards += now < last;
		last = now;
	}
	pv_bare_printf("%s: %s, %u backwards, %s\n", label, pv_clock_name(), backwards,
		       last > first ? "runs" : "stands");
	if (pv_clock_wall(&wall) == 0)
		pv_bare_printf("%s wall: %llu.%09u\n", label, (unsigned long long)wall.sec,
			       wall.nsec);
}

int pv_bare_main(const char *cmdline)
{
	const struct pv_platform *p = pv_platform();
	uint32_t both = 1u << KVM_FEATURE_CLOCKSOURCE | 1u << KVM_FEATURE_CLOCKSOURCE2;

	(void)cmdline;
	if (p->hypervisor != PV_HV_KVM || (p->features & both) != both)
		return 2;
	pv_bare_printf("features: %08x\n", p->features);
	hypercalls();
	features();
	try_clock("new");
	pv_clock_end();
	if (pv_kvmclock_start(p->features & ~(1u << KVM_FEATURE_CLOCKSOURCE2)))
		return 3;
	try_clock("old");
	return 0;
}
