/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/err.h>
#include <pv/kvm.h>
#include <pv/log.h>

#include "hypercall/kvm.h"
#include "pv-core/kvm/kvm.h"
#include "pv-core/kvm/kvm_cpu.h"

static int init(const struct pv_platform *platform, const struct pv_boot_info *boot)
{
	int err;

	(void)boot;
	pv_kvm_hypercall_init(platform->cpu_vendor);
	err = pv_kvmclock_start(platform->features);
	if (err == PV_ENODEV)
		pv_info("kvmclock: not offered, or its page is not written");
	else if (err)
		pv_warn("kvmclock: not started, error %d", err);
	err = pv_kvm_cpu_begin(platform->features, platform->hints);
	if (err)
		pv_warn("KVM: no steal time, error %d", err);
	return 0;
}

const struct pv_hv pv_kvm = {
	.id = PV_HV_KVM,
	.init = init,
	.cpu_start = pv_kvm_cpu_start,
	.cpu_stop = pv_kvm_cpu_stop,
	.end = pv_kvm_cpu_end,
};
