/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Virtio over MMIO (virtio 1.2, 4.2): between finding the devices and driving them.
 */
#ifndef PV_DRIVERS_VIRTIO_MMIO_H
#define PV_DRIVERS_VIRTIO_MMIO_H

#include "drivers/virtio/virtio.h"

/* What a command line or a table says of a device. */
struct pv_virtio_mmio_place {
	uint64_t base; /* physical */
	uint64_t size;
	bool has_gsi;
	bool level;
	uint32_t gsi;
};

struct pv_virtio_mmio {
	struct pv_virtio vd;
	struct pv_virtio_mmio_place place;
	char *regs;
	uint32_t len; /* mapped */
	int irq;      /* registration; negative: none */
};

/*
 * Looks at the registers and adds the device. 0 also where the slot is empty or the device is known
 * already; else why it cannot be one (logged). Context: control.
 */
int pv_virtio_mmio_add(const struct pv_virtio_mmio_place *place);

/* The bus's release. */
void pv_virtio_mmio_release(struct pv_device *dev);

/*
 * Reads "<size>[KMG]@<base>:<gsi>[:<id>]", which ends at `end`. False if it is something else.
 */
bool pv_virtio_mmio_parse(const char *text, const char *end, struct pv_virtio_mmio_place *place);

#endif
