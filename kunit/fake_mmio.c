/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_mmio.h"

static uint32_t regs_read(void *arg, uint64_t offset, unsigned int size)
{
	struct fake_mmio *r = arg;
	uint32_t v = 0;

	if (offset >= 0x100) {
		r->sizes |= size;
		memcpy(&v, r->config + (offset - 0x100), size);
		return v;
	}
	r->bad += size != 4;
	switch (offset) {
	case 0x000:
		return r->magic;
	case 0x004:
		return r->version;
	case 0x008:
		return r->device_id;
	case 0x010:
		return r->features_sel < 2 ? (uint32_t)(r->features >> 32 * r->features_sel) : 0;
	case 0x034:
		return r->queue_max;
	case 0x060:
		return r->interrupt_status;
	case 0x070:
		return r->status;
	case 0x0fc:
		return r->generation;
	}
	return 0;
}

static void regs_write(void *arg, uint64_t offset, unsigned int size, uint32_t v)
{
	struct fake_mmio *r = arg;

	if (offset >= 0x100) {
		r->sizes |= size;
		memcpy(r->config + (offset - 0x100), &v, size);
		return;
	}
	r->bad += size != 4;
	if (r->n < PV_ARRAY_SIZE(r->log))
		r->log[r->n++] = (struct fake_mmio_write) {(uint32_t)offset, v};
	switch (offset) {
	case 0x014:
		r->features_sel = v;
		break;
	case 0x020:
		if (r->driver_features_sel < 2)
			r->driver_features |= (uint64_t)v << 32 * r->driver_features_sel;
		break;
	case 0x024:
		r->driver_features_sel = v;
		break;
	case 0x064:
		r->interrupt_status &= ~v;
		if (r->more_interrupts) {
			r->more_interrupts--;
			r->interrupt_status |= 2;
		}
		break;
	case 0x070:
		r->status = v;
		break;
	}
}

struct fake_mmio *fake_mmio_at(struct kunit *test, uint64_t base, uint32_t version)
{
	struct fake_mmio *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->region = (struct pv_fake_region) {
		.base = base, .len = 0x200, .read = regs_read, .write = regs_write, .arg = r};
	r->magic = 0x74726976;
	r->version = version;
	r->device_id = 2;
	r->queue_max = 256;
	pv_fake_memory_add(&r->region);
	return r;
}
