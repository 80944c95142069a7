/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * xen_version (Xen public/version.h). Those that fill a text or structure return 0 (the build id:
 * its length).
 */
#ifndef PV_HYPERCALL_XEN_VERSION_H
#define PV_HYPERCALL_XEN_VERSION_H

#include "hypercall/xen_call.h"

/* major << 16 | minor */
PV_XEN_OP0(pv_xen_version_version, __HYPERVISOR_xen_version, XENVER_version)
PV_XEN_OP0(pv_xen_version_pagesize, __HYPERVISOR_xen_version, XENVER_pagesize)

PV_XEN_OP(pv_xen_version_extraversion, __HYPERVISOR_xen_version, XENVER_extraversion,
	  xen_extraversion_t)
PV_XEN_OP(pv_xen_version_compile_info, __HYPERVISOR_xen_version, XENVER_compile_info,
	  struct xen_compile_info)
PV_XEN_OP(pv_xen_version_capabilities, __HYPERVISOR_xen_version, XENVER_capabilities,
	  xen_capabilities_info_t)
PV_XEN_OP(pv_xen_version_changeset, __HYPERVISOR_xen_version, XENVER_changeset,
	  xen_changeset_info_t)
PV_XEN_OP(pv_xen_version_platform_parameters, __HYPERVISOR_xen_version, XENVER_platform_parameters,
	  struct xen_platform_parameters)
PV_XEN_OP(pv_xen_version_guest_handle, __HYPERVISOR_xen_version, XENVER_guest_handle,
	  xen_domain_handle_t)
PV_XEN_OP(pv_xen_version_commandline, __HYPERVISOR_xen_version, XENVER_commandline,
	  xen_commandline_t)
PV_XEN_OP(pv_xen_version_build_id, __HYPERVISOR_xen_version, XENVER_build_id, struct xen_build_id)

/* XENFEAT_* 32 * submap to 32 * submap + 31. */
static inline int pv_xen_version_get_features(unsigned int submap, uint32_t *features)
{
	struct xen_feature_info op = {.submap_idx = submap};
	int err = (int)pv_xen_call2(__HYPERVISOR_xen_version, XENVER_get_features,
				    (unsigned long)&op);

	if (!err)
		*features = op.submap;
	return err;
}

#endif
