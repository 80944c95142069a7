/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/err.h>
#include <pv/log.h>

#include "hypercall/kvm.h"
#include "pv-core/kvm/kvm.h"

void pv_kvm_init(const struct pv_platform *platform)
{
	int err;

	pv_kvm_hypercall_init(platform->cpu_vendor);
	err = pv_kvmclock_start(platform->features);
	if (err == PV_ENODEV)
		pv_info("kvmclock: not offered, or its page is not written");
	else if (err)
		pv_warn("kvmclock: not started, error %d", err);
}
