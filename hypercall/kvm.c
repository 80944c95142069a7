/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/string.h>

#include "hypercall/kvm.h"

bool pv_kvm_use_vmmcall;

/* Hygon's CPUs are AMD's. */
void pv_kvm_hypercall_init(const char *cpu_vendor)
{
	pv_kvm_use_vmmcall =
		!pv_strcmp(cpu_vendor, "AuthenticAMD") || !pv_strcmp(cpu_vendor, "HygonGenuine");
}
