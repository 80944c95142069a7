/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Boot information of multiboot2 (Multiboot2 Specification 2.0, 3.6): tags, one after the other, in
 * one piece of memory, of which the loader tells where it is and how long.
 *
 * That piece stays where it is: the ACPI RSDP is a copy in it. So it is given as a reserved range
 * of its own, inside one of RAM.
 */
#include <pv/err.h>

#include "arch/x86/boot_info.h"

#define MAX_SIZE (1u << 20) /* of the whole; GRUB's is a few KiB */

#define RSDP_V1_SIZE 20 /* ACPI 6.4, 5.2.5.3 */
#define RSDP_V2_SIZE 36

enum tag_type {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_MODULE = 3,
	TAG_MEMINFO = 4,
	TAG_MMAP = 6,
	TAG_RSDP_V1 = 14,
	TAG_RSDP_V2 = 15,
	TAG_EFI_MMAP = 17
};

struct tag {
	uint32_t type;
	uint32_t size; /* with this header, without what aligns the next to 8 */
};

struct mmap_entry {
	uint64_t base, len;
	uint32_t type, reserved; /* numbered as in E820 */
};

/* UEFI 2.10, 7.2.3: EFI_MEMORY_DESCRIPTOR. */
struct efi_entry {
	uint32_t type, pad;
	uint64_t base, virt, pages, attributes;
};

/* The parser's state: where the tags are that are looked at in the end. */
struct parser {
	struct pv_boot_info *info;
	pv_boot_map_fn map;
	uint64_t meminfo, mmap, efi_mmap; /* physical addresses of tags; 0: none */
};

static uint32_t efi_type(uint32_t type)
{
	switch (type) {
	case 1: /* EfiLoaderCode, EfiLoaderData */
	case 2:
	case 3: /* EfiBootServicesCode, EfiBootServicesData: they have been left */
	case 4:
	case 7: /* EfiConventionalMemory */
		return PV_RANGE_RAM;
	case 8:
		return PV_RANGE_UNUSABLE;
	case 9:
		return PV_RANGE_ACPI;
	case 10:
		return PV_RANGE_NVS;
	case 14:
		return PV_RANGE_PMEM;
	}
	return PV_RANGE_RESERVED;
}

/*
 * The entries of a memory map: behind the tag's header the size and version of an entry. `fn` adds
 * the one at the address. PV_EINVAL if the size is below `least`.
 */
static int for_each_entry(struct parser *p, uint64_t pa, size_t least,
			  int (*fn)(struct parser *p, uint64_t pa))
{
	struct {
		struct tag tag;
		uint32_t entry_size, entry_version;
	} h;
	uint64_t at, end;
	int err = pv_boot_copy(&h, pa, sizeof(h), p->map);

	if (err)
		return err;
	if (h.tag.size < sizeof(h) || h.entry_size < least)
		return PV_EINVAL;
	end = pa + h.tag.size;
	for (at = pa + sizeof(h); end - at >= h.entry_size && !err; at += h.entry_size)
		err = fn(p, at);
	return err;
}

static int add_mmap(struct parser *p, uint64_t pa)
{
	struct mmap_entry e;
	int err = pv_boot_copy(&e, pa, sizeof(e), p->map);

	if (!err)
		pv_boot_add_range(p->info, e.base, e.len, e.type);
	return err;
}

static int add_efi(struct parser *p, uint64_t pa)
{
	struct efi_entry e;
	int err = pv_boot_copy(&e, pa, sizeof(e), p->map);

	if (err)
		return err;
	if (e.pages >> (64 - PV_PAGE_SHIFT))
		pv_boot_drop(p->info, 1);
	else
		pv_boot_add_range(p->info, e.base, e.pages << PV_PAGE_SHIFT, efi_type(e.type));
	return 0;
}

/* KiB below 1 MiB, and from there to the first hole. */
static int add_meminfo(struct parser *p)
{
	struct {
		struct tag tag;
		uint32_t lower, upper;
	} m;
	int err = pv_boot_copy(&m, p->meminfo, sizeof(m), p->map);

	if (err)
		return err;
	if (m.tag.size < sizeof(m))
		return PV_EINVAL;
	pv_boot_add_range(p->info, 0, (uint64_t)m.lower << 10, PV_RANGE_RAM);
	pv_boot_add_range(p->info, 1u << 20, (uint64_t)m.upper << 10, PV_RANGE_RAM);
	return 0;
}

static int copy_cmdline(struct parser *p, uint64_t pa, uint32_t len)
{
	uint32_t n = len < PV_BOOT_MAX_CMDLINE ? len : PV_BOOT_MAX_CMDLINE - 1;
	int err = pv_boot_copy(p->info->cmdline, pa, n, p->map);

	p->info->cmdline[err ? 0 : n] = '\0';
	return err;
}

static int copy_module(struct parser *p, uint64_t pa, uint32_t len)
{
	uint32_t place[2]; /* first byte, and behind the last */
	int err;

	if (len < sizeof(place))
		return PV_EINVAL;
	err = pv_boot_copy(place, pa, sizeof(place), p->map);
	if (!err && place[1] > place[0])
		pv_boot_add_module(p->info, place[0], place[1] - place[0]);
	return err;
}

static int take(struct parser *p, struct tag tag, uint64_t pa)
{
	uint64_t content = pa + sizeof(tag);
	uint32_t len = tag.size - (uint32_t)sizeof(tag);

	switch (tag.type) {
	case TAG_CMDLINE:
		return copy_cmdline(p, content, len);
	case TAG_MODULE:
		return copy_module(p, content, len);
	case TAG_MEMINFO:
		p->meminfo = pa;
		break;
	case TAG_MMAP:
		p->mmap = pa;
		break;
	case TAG_EFI_MMAP:
		p->efi_mmap = pa;
		break;
	case TAG_RSDP_V1:
		if (!p->info->rsdp && len >= RSDP_V1_SIZE)
			p->info->rsdp = content;
		break;
	case TAG_RSDP_V2:
		if (len >= RSDP_V2_SIZE)
			p->info->rsdp = content;
		break;
	}
	return 0;
}

/* The best of the memory maps that there are. */
static int add_memory(struct parser *p)
{
	if (p->mmap)
		return for_each_entry(p, p->mmap, sizeof(struct mmap_entry), add_mmap);
	if (p->efi_mmap)
		return for_each_entry(p, p->efi_mmap, sizeof(struct efi_entry), add_efi);
	return p->meminfo ? add_meminfo(p) : 0;
}

int pv_boot_from_multiboot2(struct pv_boot_info *info, uint64_t pa, pv_boot_map_fn phys_to_virt)
{
	struct parser p = {.info = info, .map = phys_to_virt};
	uint64_t first = pa & ~(uint64_t)(PV_PAGE_SIZE - 1), at, end;
	uint32_t head[2]; /* the whole's size; reserved */
	struct tag tag;
	int err;

	pv_boot_begin(info, PV_BOOT_MULTIBOOT2);
	if (pv_boot_copy(head, pa, sizeof(head), phys_to_virt) ||
	    head[0] < sizeof(head) + sizeof(tag) || head[0] > MAX_SIZE || pa > ~0ull - 2 * MAX_SIZE)
		return PV_EINVAL;
	end = pa + head[0];
	for (at = pa + sizeof(head); end - at >= sizeof(tag); at += (tag.size + 7) & ~7u) {
		err = pv_boot_copy(&tag, at, sizeof(tag), phys_to_virt);
		if (err)
			return err;
		if (tag.type == TAG_END)
			break;
		if (tag.size < sizeof(tag) || tag.size > end - at)
			return PV_EINVAL;
		err = take(&p, tag, at);
		if (err)
			return err;
		if (end - at < ((tag.size + 7) & ~7u))
			break;
	}
	/* First, so that there is room for it. */
	end = (end + PV_PAGE_SIZE - 1) & ~(uint64_t)(PV_PAGE_SIZE - 1);
	pv_boot_add_range(info, first, end - first, PV_RANGE_RESERVED);
	return add_memory(&p);
}
