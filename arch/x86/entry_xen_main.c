/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The end of the Xen PV entry: from assembly to pv_os_main(). Hypercalls work from here on.
 */
#include <pv/boot.h>
#include <pv/os.h>

#include "arch/x86/x86.h"

/* Called by pv_entry_xen_pv only. */
void pv_entry_xen_main(const void *start_info) PV_NORETURN;

extern char pv_os_image_offset[]; /* an absolute symbol: its address is the value */

static struct pv_boot_info info;

/* What the parser refuses leaves PV_BOOT_UNKNOWN, for pv_os_main() to say so. */
void pv_entry_xen_main(const void *start_info)
{
	pv_xen_call_mode = PV_XEN_CALL_SYSCALL;
	if (pv_boot_from_xen_pv(&info, start_info, (uintptr_t)pv_os_image_offset))
		info.protocol = PV_BOOT_UNKNOWN;
	pv_os_main(&info);
}
