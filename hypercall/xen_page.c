/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The hypercall page. In a file of its own, because the page comes with it.
 */
#include <pv/os.h>
#include <pv/shared.h>

#include "hypercall/xen_call.h"

#define CPUID_PAGES 2 /* Xen public/arch-x86/cpuid.h: EAX pages, EBX the MSR */

/* A call that every Xen answers, and that does nothing. */
static bool stub_is_filled(void)
{
	return pv_shared_read(
		       &pv_xen_hypercall_page[PV_XEN_PAGE_STUB * __HYPERVISOR_xen_version]) !=
	       PV_XEN_PAGE_EMPTY;
}

int pv_xen_call_use_page(const struct pv_platform *platform)
{
	struct pv_cpuid leaf;

	/* A PV kernel's is filled before it starts, by the ELF note. */
	if (platform->xen_mode == PV_XEN_PVH || platform->xen_mode == PV_XEN_HVM) {
		leaf = pv_cpuid(platform->cpuid_base + CPUID_PAGES, 0);
		/* More than one page has never been; the low bits of the address are its index. */
		if (leaf.eax != 1)
			return PV_ENODEV;
		pv_wrmsr(leaf.ebx, pv_os_virt_to_phys(pv_xen_hypercall_page));
	}
	if (platform->xen_mode == PV_XEN_NOT)
		return PV_ENODEV;
	if (!stub_is_filled())
		return PV_EIO;
	pv_xen_call_page = pv_xen_hypercall_page;
	pv_barrier();
	pv_xen_call_mode = PV_XEN_CALL_PAGE;
	return 0;
}
