/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the library does for a kernel on one hypervisor, beyond devices: hypercalls, clock, events.
 *
 * The kernel names those that it wants support for in a table, as it does its buses and drivers:
 *
 *	static const struct pv_hv *const hypervisors[] = {&pv_xen, &pv_kvm, NULL};
 *
 * pv_init() detects what the machine is, whatever is named, and starts the entry for it, if there
 * is one. Without one the machine is used like any other: virtio devices work, and there is no PV
 * clock.
 */
#ifndef PV_HV_H
#define PV_HV_H

#include <pv/detect.h>
#include <pv/types.h>

PV_BEGIN_DECLS

struct pv_boot_info;

/*
 * Each function runs in control context. All but `init` may be NULL; they are called only after an
 * `init` that succeeded.
 */
struct pv_hv {
	enum pv_hypervisor id; /* what it is for, as detected */
	/*
	 * On the boot CPU, before buses are scanned. What does not work is logged, and not used. 0,
	 * or the error without which nothing of this hypervisor's works.
	 */
	int (*init)(const struct pv_platform *platform, const struct pv_boot_info *boot);
	/* Control work that is due; the number of things done. Called by each pv_work(). */
	int (*work)(void);
	/* Sets up a further CPU, on that CPU, before its clock. 0 or PV_E*. */
	int (*cpu_start)(void);
	/* Its mirror, on that CPU. */
	void (*cpu_stop)(void);
	/*
	 * pv_suspend(). suspend has the machine saved: 0 when it runs again as another one, and
	 * then nobody has a grant or an event channel of ours any more; 1 if all is as before, or
	 * PV_E*. resume brings up what the kernel had of the hypervisor, after the drivers' `lost`.
	 * Both NULL, or neither. 0 or PV_E*.
	 */
	int (*suspend)(void);
	int (*resume)(void);
	/* Mirror of init: after the devices and the clock, on the boot CPU. */
	void (*end)(void);
};

PV_END_DECLS

#endif
