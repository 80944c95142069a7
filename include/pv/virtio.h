/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio buses and drivers, for the tables of pv_init().
 */
#ifndef PV_VIRTIO_H
#define PV_VIRTIO_H

#include <pv/device.h>

PV_BEGIN_DECLS

/*
 * virtio 1.2, 4.2: devices named on the command line
 * (virtio_mmio.device=<size>@<base>:<irq>[:<id>], Linux
 * Documentation/admin-guide/kernel-parameters.txt) and in the ACPI tables (_HID "LNRO0005").
 * Register layouts version 2 and version 1 (legacy).
 */
extern const struct pv_bus pv_virtio_mmio;

/* virtio 1.2, 4.1: PCI functions of vendor 0x1af4, modern, transitional and legacy. */
extern const struct pv_bus pv_virtio_pci;

extern const struct pv_driver pv_virtio_blk; /* virtio 1.2, 5.2 */
extern const struct pv_driver pv_virtio_net; /* virtio 1.2, 5.1 */

PV_END_DECLS

#endif
