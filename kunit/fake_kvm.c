/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_kvm.h"

#include <pv/kvm.h>
#include <pv/pv.h>

int fake_kvm_begin(const struct pv_boot_info *boot, uint32_t features, uint32_t hints)
{
	static struct pv_fake_leaf leaves[] = {
		{.leaf = 0, .value = {0x16, 0x68747541, 0x444d4163, 0x69746e65}},
		{.leaf = 1, .value = {.ecx = 1u << 31, .edx = 1u << 9}},
		{.leaf = 0x40000000, .value = {0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d}},
		{.leaf = 0x40000001, .last = true},
	};
	static const struct pv_hv *const hypervisors[] = {&pv_kvm, NULL};
	const struct pv_init_args args = {.boot = boot, .hypervisors = hypervisors};

	leaves[3].value.eax = features;
	leaves[3].value.edx = hints;
	pv_fake_cpuid(leaves);
	return pv_init(&args);
}
