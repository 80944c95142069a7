/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A virtio-mmio register file that begins as a good one's and answers each read as the input says,
 * with the drivers on it.
 */
#include <pv/virtio.h>

#include "drivers/virtio/mmio.h"
#include "fake_mmio.h"
#include "fuzz.h"
#include "pv-core/bus.h"

static uint32_t (*read_regs)(void *arg, uint64_t offset, unsigned int size);

static uint32_t regs(void *arg, uint64_t offset, unsigned int size)
{
	return (uint32_t)fuzz_answer(read_regs(arg, offset, size), size);
}

static void one(void)
{
	static const struct pv_driver *const drivers[] = {&pv_virtio_net, &pv_virtio_blk, NULL};
	uint8_t how = fuzz_u8();
	struct pv_virtio_mmio_place place = {
		.base = FAKE_MMIO_BASE, .size = 0x200, .has_gsi = how & 1, .gsi = 5};
	struct fake_mmio *r = fake_mmio_at(&plain_test, FAKE_MMIO_BASE, 1 + (how >> 1 & 1));
	struct pv_device *dev;
	unsigned int i;

	read_regs = r->region.read;
	r->region.read = regs;
	r->queue_max = 8;
	r->device_id = how & 4 ? 1 : 2;
	r->features = fuzz_u32() | (uint64_t)(how >> 1 & 1) << VIRTIO_F_VERSION_1;
	if (how & 8)
		place.size = fuzz_u32();
	if (how & 16)
		place.base += fuzz_u16();
	fuzz_bytes(r->config, fuzz_below(64));
	r->config[1] ^= 8; /* of a block device, its capacity */
	pv_fake.alloc_fail_at = how & 128 ? 1 + fuzz_below(40) : 0;
	pv_bus_set_drivers(drivers);
	fuzz_shared(true);
	(void)pv_virtio_mmio_add(&place);
	for (i = 0; i < 4; i++) {
		r->interrupt_status = 3;
		(void)pv_fake_raise_gsi(5);
		pv_bus_work();
	}
	pv_for_each_device (dev) {
		char text[64];

		(void)pv_device_describe(dev, text, sizeof(text));
	}
	pv_bus_remove_all();
	pv_bus_set_drivers(NULL);
}

const struct fuzz_target fuzz_virtio_mmio = {.name = "virtio-mmio", .one = one, .keeps = true};
