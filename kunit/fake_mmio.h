/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake virtio-mmio register file. What the driver writes is logged; few registers do anything.
 */
#ifndef PV_KUNIT_FAKE_MMIO_H
#define PV_KUNIT_FAKE_MMIO_H

#include <kunit/test.h>
#include <pv/fake.h>

#define FAKE_MMIO_BASE 0xfeb00000ull

struct fake_mmio_write {
	uint32_t offset, value;
};

struct fake_mmio {
	struct pv_fake_region region;
	uint32_t magic, version, device_id;
	uint64_t features, driver_features;
	uint32_t features_sel, driver_features_sel;
	uint32_t status, queue_max, generation, interrupt_status;
	uint32_t more_interrupts; /* so often a cause appears again after it was acknowledged */
	uint8_t config[0x100];
	unsigned int sizes; /* of configuration accesses, or'd */
	unsigned int bad;   /* registers accessed in another size than 4 */
	unsigned int n;
	struct fake_mmio_write log[64];
};

/* A register file of this version in the machine's memory at `base`: a block device. */
struct fake_mmio *fake_mmio_at(struct kunit *test, uint64_t base, uint32_t version);

#endif
