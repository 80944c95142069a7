/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/detect.h>
#include <pv/err.h>
#include <pv/xen.h>

#include "arch/x86/x86.h"

/* Xen public/arch-x86/cpuid.h, leaf 4, sub-leaf 0. */
#define LEAF	 3 /* from the base */
#define EMULATED 0x1
#define RELIABLE 0x2

int pv_xen_tsc(struct pv_xen_tsc *out)
{
	const struct pv_platform *p = pv_platform();
	struct pv_cpuid r;

	if (p->hypervisor != PV_HV_XEN || p->cpuid_max < p->cpuid_base + LEAF)
		return PV_ENOTSUP;
	r = (p->xen_mode == PV_XEN_PV ? pv_cpuid_xen_pv : pv_cpuid)(p->cpuid_base + LEAF, 0);
	out->mode = r.ebx;
	out->khz = r.ecx;
	out->incarnation = r.edx;
	out->emulated = r.eax & EMULATED;
	out->reliable = r.eax & RELIABLE;
	return 0;
}
