/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What loaders leave: PVH's start info, Linux's zero page, Xen's start_info. Physical memory is the
 * rest of the input, from a page's beginning on, and ends with it.
 */
#include <pv/abi/xen.h>
#include <pv/boot.h>
#include <pv/err.h>

#include "fuzz.h"

#define BASE 0x9000ull
#define FULL 8192u

static uint8_t *ram;
static size_t size;
static struct pv_boot_info info;

static const void *reach(uint64_t pa, size_t len)
{
	if (pa < BASE || pa - BASE > size || len > size - (pa - BASE))
		return NULL;
	return ram + (pa - BASE);
}

/* Xen's own word about memory that the guest has: what it names is mapped, and no more. */
static int xen_pv(void)
{
	static uint8_t guest[8 * 4096] PV_ALIGNED(4096);
	struct start_info *start = (struct start_info *)(guest + 4096);

	memset(guest, 0, sizeof(guest));
	memcpy(guest, ram, size < FULL ? size : FULL);
	memcpy(start->magic, "xen-", 4);
	start->nr_pages = 8;
	start->mfn_list = (unsigned long)guest + start->mfn_list % (2 * sizeof(guest));
	start->pt_base = (unsigned long)guest + start->pt_base % (2 * sizeof(guest));
	return pv_boot_from_xen_pv(&info, start, (uint64_t)guest);
}

static void one(void)
{
	uint8_t how = fuzz_u8();
	uint32_t i;
	int err;

	size = fuzz_left();
	/* The zero page is asked for as a whole. */
	if (size < FULL && how & 4)
		size = FULL;
	ram = kunit_kzalloc(&plain_test, size, GFP_KERNEL);
	fuzz_bytes(ram, size);
	memset(&info, 0xa5, sizeof(info));
	switch (how & 3) {
	case 0:
		err = pv_boot_from_pvh(&info, BASE, reach);
		break;
	case 1:
		if (size >= 0x206)
			memcpy(ram + 0x202, "HdrS", 4);
		err = pv_boot_from_linux(&info, BASE, reach);
		break;
	case 2:
		err = xen_pv();
		break;
	default:
		/* Past its magic. */
		if (size >= 4)
			*(uint32_t *)(void *)ram = XEN_HVM_START_MAGIC_VALUE;
		err = pv_boot_from_pvh(&info, BASE, reach);
	}
	PLAIN_CHECK(err <= 0);
	PLAIN_CHECK(info.num_ranges <= PV_BOOT_MAX_RANGES);
	PLAIN_CHECK(info.num_modules <= PV_BOOT_MAX_MODULES);
	PLAIN_CHECK(memchr(info.cmdline, 0, sizeof(info.cmdline)));
	for (i = 0; i < info.num_ranges; i++)
		PLAIN_CHECK(info.range[i].size &&
			    info.range[i].base + (info.range[i].size - 1) >= info.range[i].base);
	for (i = 0; i < info.num_modules; i++)
		PLAIN_CHECK(info.module[i].base + (info.module[i].size - 1) >= info.module[i].base);
}

const struct fuzz_target fuzz_boot = {.name = "boot", .one = one};
