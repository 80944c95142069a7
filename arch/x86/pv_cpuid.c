/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUID in a Xen PV guest. The instruction itself may show the bare machine; behind this prefix Xen
 * emulates it (xen.h, XEN_EMULATE_PREFIX).
 */
#include "arch/x86/x86.h"

struct pv_cpuid pv_cpuid_xen_pv(uint32_t leaf, uint32_t subleaf)
{
#ifdef PV_ARCH_HOOKS
	return pv_cpuid(leaf, subleaf);
#else
	struct pv_cpuid r;

	__asm__ __volatile__(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
			     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			     : "a"(leaf), "c"(subleaf));
	return r;
#endif
}
