/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The tables of a hello that names KVM and virtio only, in the place of the example's own
 * (bench.mk): what it links is what such a kernel has of the library.
 */
#include <pv/bare.h>

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, &pv_virtio_net, NULL};
