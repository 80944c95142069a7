/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/string.h>

#include "hypercall/xen_call.h"

/* Hygon's CPUs are AMD's. */
void pv_xen_call_init(enum pv_xen_mode mode, const char *cpu_vendor)
{
	if (mode == PV_XEN_NOT)
		pv_xen_call_mode = PV_XEN_CALL_NONE;
	else if (mode == PV_XEN_PV)
		pv_xen_call_mode = PV_XEN_CALL_SYSCALL;
	else if (!pv_strcmp(cpu_vendor, "AuthenticAMD") || !pv_strcmp(cpu_vendor, "HygonGenuine"))
		pv_xen_call_mode = PV_XEN_CALL_VMMCALL;
	else
		pv_xen_call_mode = PV_XEN_CALL_VMCALL;
}
