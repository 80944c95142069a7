/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Multiboot2's boot information. Physical memory is the input, at an address, and nothing else.
 */
#include <pv/boot.h>

#include "fuzz.h"

#define BASE 0x9008ull

static uint8_t *ram;
static size_t size;
static struct pv_boot_info info;

static const void *reach(uint64_t pa, size_t len)
{
	if (pa < BASE || pa - BASE > size || len > size - (pa - BASE))
		return NULL;
	return ram + (pa - BASE);
}

static void one(void)
{
	uint32_t i;
	int err;

	size = fuzz_left();
	ram = kunit_kmalloc(&plain_test, size, GFP_KERNEL);
	fuzz_bytes(ram, size);
	memset(&info, 0xa5, sizeof(info));
	err = pv_boot_from_multiboot2(&info, BASE, reach);
	PLAIN_CHECK(err <= 0);
	PLAIN_CHECK(info.num_ranges <= PV_BOOT_MAX_RANGES);
	PLAIN_CHECK(info.num_modules <= PV_BOOT_MAX_MODULES);
	PLAIN_CHECK(memchr(info.cmdline, 0, sizeof(info.cmdline)));
	for (i = 0; i < info.num_ranges; i++)
		PLAIN_CHECK(info.range[i].size &&
			    info.range[i].base + (info.range[i].size - 1) >= info.range[i].base);
}

const struct fuzz_target fuzz_multiboot2 = {.name = "multiboot2", .one = one};
