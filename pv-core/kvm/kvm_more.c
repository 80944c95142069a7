/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What KVM has for a kernel to decide; linked if a kernel does. */
#include <pv/abi/kvm.h>
#include <pv/clock.h>
#include <pv/err.h>
#include <pv/kvm.h>
#include <pv/os.h>

#include "arch/x86/x86.h"
#include "hypercall/kvm.h"
#include "pv-core/clock.h"

static bool has(unsigned int feature)
{
	const struct pv_platform *p = pv_platform();

	return p->hypervisor == PV_HV_KVM && p->features >> feature & 1;
}

int pv_kvm_host_polls(bool polls)
{
	if (!has(KVM_FEATURE_POLL_CONTROL))
		return PV_ENOTSUP;
	pv_wrmsr(MSR_KVM_POLL_CONTROL, polls);
	return 0;
}

int pv_kvm_allow_migration(bool allow)
{
	if (!has(KVM_FEATURE_MIGRATION_CONTROL))
		return PV_ENOTSUP;
	pv_wrmsr(MSR_KVM_MIGRATION_CONTROL, allow);
	return 0;
}

int pv_kvm_map_gpa(uint64_t pa, uint64_t pages, bool encrypted)
{
	if (!has(KVM_FEATURE_HC_MAP_GPA_RANGE))
		return PV_ENOTSUP;
	return (int)pv_kvm_map_gpa_range(pa, pages, encrypted);
}

/*
 * The host's TSC reading, in the guest's terms, says when it read its clock. Where that is not
 * between the readings of ours around the call, the middle of these is what is known.
 */
static void place(const struct kvm_clock_pairing *pair, uint64_t before, uint64_t after,
		  struct pv_kvm_host_time *out)
{
	out->sec = (uint64_t)pair->sec;
	out->nsec = (uint32_t)pair->nsec;
	out->error_ns = 1;
	if (pv_clock_at(pair->tsc, &out->clock_ns) && out->clock_ns >= before &&
	    out->clock_ns <= after)
		return;
	out->clock_ns = before + (after - before) / 2;
	out->error_ns = (after - before) / 2 + 1;
}

int pv_kvm_host_time(struct pv_kvm_host_time *out)
{
	struct kvm_clock_pairing *pair;
	uint64_t before, after;
	long err;

	if (pv_platform()->hypervisor != PV_HV_KVM)
		return PV_ENOTSUP;
	if (!pv_clock_present())
		return PV_ENODEV;
	pair = pv_os_pages_alloc(1);
	if (!pair)
		return PV_ENOMEM;
	before = pv_clock_now();
	err = pv_kvm_clock_pairing(pv_os_virt_to_phys(pair));
	after = pv_clock_now();
	if (err == PV_ENOSYS)
		err = PV_ENOTSUP;
	if (!err && (pair->nsec < 0 || pair->nsec >= 1000000000))
		err = PV_EPROTO;
	if (!err)
		place(pair, before, after, out);
	pv_os_pages_free(pair, 1);
	return (int)err;
}
