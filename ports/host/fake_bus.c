/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake machine's I/O ports, device registers and physical memory.
 *
 * A mapping of registers is an address with a tag in the bits that make it non-canonical, so that
 * only pv_mmio_*(), which take the tag off, can use it.
 */
#include <pv/fake.h>

#include "arch/x86/x86.h"

#define TAG	   0x4000000000000000ull
#define TAG_MASK   0xff00000000000000ull
#define SLOT_SHIFT 40
#define SLOTS	   1024

static struct pv_fake_region *ports, *memory;

static struct {
	uint64_t pa; /* of the page that the range begins in */
	size_t len;
	bool used;
} slot[SLOTS];

void pv_fake_bus_reset(void)
{
	ports = NULL;
	memory = NULL;
}

static void region_add(struct pv_fake_region **list, struct pv_fake_region *region)
{
	region->next = *list;
	*list = region;
}

void pv_fake_ports_add(struct pv_fake_region *region)
{
	region_add(&ports, region);
}

void pv_fake_memory_add(struct pv_fake_region *region)
{
	region_add(&memory, region);
}

static void region_remove(struct pv_fake_region **list, struct pv_fake_region *region)
{
	for (; *list; list = &(*list)->next) {
		if (*list == region) {
			*list = region->next;
			return;
		}
	}
}

void pv_fake_region_remove(struct pv_fake_region *region)
{
	region_remove(&ports, region);
	region_remove(&memory, region);
}

static struct pv_fake_region *region_find(struct pv_fake_region *list, uint64_t at, uint64_t len)
{
	for (; list; list = list->next)
		if (at >= list->base && at - list->base < list->len &&
		    len <= list->len - (at - list->base))
			return list;
	return NULL;
}

void *pv_fake_map(uint64_t pa, size_t len)
{
	struct pv_fake_region *r = region_find(memory, pa, len);
	uint64_t i;

	if (!r)
		return NULL;
	if (r->memory)
		return (char *)r->memory + (pa - r->base);
	for (i = 0; i < SLOTS; i++) {
		if (slot[i].used)
			continue;
		slot[i].used = true;
		slot[i].pa = pa & ~(uint64_t)(PV_PAGE_SIZE - 1);
		slot[i].len = len + (size_t)(pa & (PV_PAGE_SIZE - 1));
		return (void *)(TAG | i << SLOT_SHIFT | (pa & (PV_PAGE_SIZE - 1)));
	}
	return NULL;
}

static unsigned int slot_of(uint64_t va)
{
	return (unsigned int)((va & ~TAG_MASK) >> SLOT_SHIFT) % SLOTS;
}

bool pv_fake_unmap(void *va)
{
	uint64_t a = (uint64_t)va;

	if ((a & TAG_MASK) != TAG)
		return pv_fake_phys(va, &a);
	if (!slot[slot_of(a)].used)
		pv_os_panic("fake: unmapped twice");
	slot[slot_of(a)].used = false;
	return true;
}

bool pv_fake_phys(const void *va, uint64_t *pa)
{
	const struct pv_fake_region *r;
	uint64_t a = (uint64_t)va;

	for (r = memory; r; r = r->next) {
		if (r->memory && a >= (uint64_t)r->memory && a - (uint64_t)r->memory < r->len) {
			*pa = r->base + (a - (uint64_t)r->memory);
			return true;
		}
	}
	return false;
}

/* True, and the physical address, if `p` is a mapping of registers. */
static bool is_registers(const volatile void *p, unsigned int size, uint64_t *pa)
{
	uint64_t a = (uint64_t)p, offset = a & ((1ull << SLOT_SHIFT) - 1);
	unsigned int i = slot_of(a);

	if ((a & TAG_MASK) != TAG)
		return false;
	if (!slot[i].used || offset + size > slot[i].len)
		pv_os_panic("fake: a register access outside of its mapping");
	if (offset % size)
		pv_os_panic("fake: a register access that is not aligned");
	*pa = slot[i].pa + offset;
	return true;
}

static uint32_t ones(unsigned int size)
{
	return 0xffffffffu >> (32 - 8 * size);
}

static uint32_t region_read(struct pv_fake_region *list, uint64_t at, unsigned int size)
{
	struct pv_fake_region *r = region_find(list, at, size);

	if (!r || !r->read)
		return ones(size);
	return r->read(r->arg, at - r->base, size) & ones(size);
}

static void region_write(struct pv_fake_region *list, uint64_t at, unsigned int size, uint32_t v)
{
	struct pv_fake_region *r = region_find(list, at, size);

	if (r && r->write)
		r->write(r->arg, at - r->base, size, v & ones(size));
}

#define FAKE_ACCESS(bits, type)                                                                    \
	type pv_in##bits(uint16_t port)                                                            \
	{                                                                                          \
		return (type)region_read(ports, port, sizeof(type));                               \
	}                                                                                          \
	void pv_out##bits(uint16_t port, type v)                                                   \
	{                                                                                          \
		region_write(ports, port, sizeof(type), v);                                        \
	}                                                                                          \
	type pv_mmio_read##bits(const volatile void *p)                                            \
	{                                                                                          \
		uint64_t pa;                                                                       \
                                                                                                   \
		if (!is_registers(p, sizeof(type), &pa))                                           \
			return *(const volatile type *)p;                                          \
		return (type)region_read(memory, pa, sizeof(type));                                \
	}                                                                                          \
	void pv_mmio_write##bits(volatile void *p, type v)                                         \
	{                                                                                          \
		uint64_t pa;                                                                       \
                                                                                                   \
		if (is_registers(p, sizeof(type), &pa))                                            \
			region_write(memory, pa, sizeof(type), v);                                 \
		else                                                                               \
			*(volatile type *)p = v;                                                   \
	}

FAKE_ACCESS(8, uint8_t)
FAKE_ACCESS(16, uint16_t)
FAKE_ACCESS(32, uint32_t)
