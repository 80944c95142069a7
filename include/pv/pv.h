/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * libpv: a kernel's first calls.
 *
 *	static const struct pv_hv *const hypervisors[] = {&pv_xen, &pv_kvm, NULL};
 *	static const struct pv_bus *const buses[] = {&pv_virtio_mmio, &pv_virtio_pci, NULL};
 *	static const struct pv_driver *const drivers[] = {&pv_virtio_blk, &pv_virtio_net, NULL};
 *	struct pv_init_args args = {
 *		.boot = info, .hypervisors = hypervisors, .buses = buses, .drivers = drivers};
 *
 *	err = pv_init(&args);
 *	disk = pv_blk_open(0);
 *
 * What the tables do not name is not linked.
 */
#ifndef PV_PV_H
#define PV_PV_H

#include <pv/blk.h>
#include <pv/boot.h>
#include <pv/clock.h>
#include <pv/cpu.h>
#include <pv/detect.h>
#include <pv/device.h>
#include <pv/err.h>
#include <pv/hv.h>
#include <pv/kvm.h>
#include <pv/net.h>
#include <pv/os.h>
#include <pv/virtio.h>
#include <pv/xen.h>

PV_BEGIN_DECLS

#define PV_VERSION "0.1.0"

struct pv_init_args {
	const struct pv_boot_info *boot; /* stays valid; NULL if the kernel knows nothing */
	/* Each table stays valid and ends with NULL; itself NULL for none. */
	const struct pv_hv *const *hypervisors;
	const struct pv_bus *const *buses;
	const struct pv_driver *const *drivers;
	/*
	 * No device is to see more of the guest's memory than what it is sent, also those that do
	 * not ask to be kept from it: their word may be the host's. See struct pv_device.
	 */
	bool untrusted;
};

/*
 * Detects the hypervisor, starts what the table has for it and the clock on this CPU, scans the
 * buses and probes what they find. A hypervisor that is not named, and a device that fails to come
 * up, are logged and do not fail the call. 0, or PV_EBUSY if it was called before (without
 * pv_shutdown()).
 * Context: control, on the boot CPU, after memory works and before or after interrupts do.
 */
int pv_init(const struct pv_init_args *args);

/*
 * Does the control work that is due: configuration changes, devices that came or went. The number
 * of things done. Context: control.
 */
int pv_work(void);

/*
 * Sets up what each further CPU needs (its clock area). 0 or an error of the hypervisor.
 * Context: control, on that CPU, once.
 */
int pv_cpu_init(void);

/*
 * Its mirror, before the CPU is stopped: the hypervisor no longer writes to the CPU's area.
 * Context: control, on that CPU.
 */
void pv_cpu_exit(void);

/*
 * Removes all devices, last found first, and ends the clock, so that another kernel may follow
 * (kexec, reboot). Nothing may be open. Context: control, on the boot CPU, after pv_cpu_exit() on
 * the others.
 */
void pv_shutdown(void);

/* PV_VERSION of the library that was linked. Context: any. */
const char *pv_version(void);

PV_END_DECLS

#endif
