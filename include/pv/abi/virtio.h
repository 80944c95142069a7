/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio structures and constants, from the installed, BSD-licensed headers (Debian:
 * linux-libc-dev), and what those lack.
 */
#ifndef PV_ABI_VIRTIO_H
#define PV_ABI_VIRTIO_H

#include <pv/types.h>

#ifdef __KERNEL__
/* The same headers, apart from the kernel's own of these names. */
#include <uapi/linux/virtio_blk.h>
#include <uapi/linux/virtio_config.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_mmio.h>
#include <uapi/linux/virtio_net.h>
#include <uapi/linux/virtio_pci.h>
#include <uapi/linux/virtio_ring.h>
#else
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#endif

/* virtio 1.2, 4.1.2.1: PCI identifiers. */
#define VIRTIO_PCI_VENDOR	 0x1af4
#define VIRTIO_PCI_DEVICE_LEGACY 0x1000 /* to 0x103f: transitional, kind in the subsystem id */
#define VIRTIO_PCI_DEVICE_MODERN 0x1040 /* + device id */

#ifndef __cplusplus
_Static_assert(sizeof(struct vring_desc) == 16, "virtio 1.2, 2.7.5");
_Static_assert(sizeof(struct vring_used_elem) == 8, "virtio 1.2, 2.7.8");
_Static_assert(sizeof(struct virtio_blk_outhdr) == 16, "virtio 1.2, 5.2.6");
_Static_assert(sizeof(struct virtio_blk_discard_write_zeroes) == 16, "virtio 1.2, 5.2.6");
_Static_assert(sizeof(struct virtio_net_hdr) == 10, "virtio 1.2, 5.1.6 (legacy)");
_Static_assert(sizeof(struct virtio_net_hdr_mrg_rxbuf) == 12, "virtio 1.2, 5.1.6");
_Static_assert(sizeof(struct virtio_pci_common_cfg) == 56, "virtio 1.2, 4.1.4.3");
_Static_assert(sizeof(struct virtio_pci_cap) == 16, "virtio 1.2, 4.1.4");
#endif

#endif
