/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Page tables.
 *
 *	0xffff8000_00000000  direct map: RAM, and firmware's tables as they are asked for
 *	0xffffc000_00000000  device registers, uncached, as they are asked for
 *	0xffffffff_80000000  the image: text executable, the rest not; only data writable
 *
 * Physical memory has one address in either window, its own plus the window's. So mapping the same
 * registers twice costs nothing, and nothing is ever unmapped. The image is in neither window: no
 * second, writable address of the text exists. Low memory is not mapped at all, a null pointer
 * faults.
 *
 * A PV guest's are another matter: xen_pv_mmu.c.
 */
#include "ports/bare/bare.h"

#define PTE_PRESENT  0x001ull
#define PTE_WRITE    0x002ull
#define PTE_UNCACHED 0x018ull /* PCD, PWT: entry 3 of the PAT, UC (Intel SDM 3A, 11.12.4) */
#define PTE_ACCESSED 0x060ull /* and dirty: the CPU need not write them */
#define PTE_LARGE    0x080ull
#define PTE_NX	     (1ull << 63)
#define PTE_ADDRESS  0x000ffffffffff000ull

#define PTE_TABLE (PTE_PRESENT | PTE_WRITE)
#define PTE_DATA  (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_NX)

/* What the CPU takes of the flags: one without NX takes that bit for an error. */
static uint64_t allowed = ~PTE_NX;

#define LEVELS 4

uintptr_t pv_bare_direct;

static uint64_t *root;
static unsigned int
	large_level; /* of the largest page that the CPU has: 1 for 2 MiB, 2 for 1 GiB */
static int init_error;

/* Bytes behind one entry of a table: 4 KiB at level 0, 2 MiB, 1 GiB, 512 GiB. */
static uint64_t span(unsigned int level)
{
	return 1ull << (PV_PAGE_SHIFT + 9 * level);
}

static unsigned int index_of(uint64_t va, unsigned int level)
{
	return va >> (PV_PAGE_SHIFT + 9 * level) & 511;
}

/*
 * The entry for `va` at `*level`, with the tables above it made as needed; or, if a large page is
 * in the way, that page's, and its level. NULL without memory.
 */
static uint64_t *entry_of(uint64_t va, unsigned int *level)
{
	uint64_t *table = root;
	uint64_t *entry;
	unsigned int l;

	for (l = LEVELS - 1;; l--) {
		entry = &table[index_of(va, l)];
		if (l == *level || *entry & PTE_LARGE) {
			*level = l;
			return entry;
		}
		if (*entry) {
			table = (uint64_t *)(pv_bare_direct + (*entry & PTE_ADDRESS));
			continue;
		}
		table = pv_os_pages_alloc(1);
		if (!table)
			return NULL;
		*entry = pv_bare_phys(table) | PTE_TABLE;
	}
}

/*
 * Fills empty entries, at most `n`, with consecutive pages; four at a time, where it can. How many.
 */
static uint64_t fill(uint64_t *entry, uint64_t n, uint64_t pte, uint64_t size)
{
	uint64_t i;

	for (i = 0; i + 4 <= n; i += 4, pte += 4 * size) {
		if (entry[i] | entry[i + 1] | entry[i + 2] | entry[i + 3])
			break;
		entry[i] = pte;
		entry[i + 1] = pte + size;
		entry[i + 2] = pte + 2 * size;
		entry[i + 3] = pte + 3 * size;
	}
	for (; i < n && !entry[i]; i++, pte += size)
		entry[i] = pte;
	return i;
}

/*
 * Maps what is not mapped yet of a range, by pages as large as its alignment allows. PV_ENOMEM,
 * with a part of it mapped, which is as good as none.
 */
static int map(uint64_t va, uint64_t pa, uint64_t len, uint64_t flags)
{
	unsigned int level;
	uint64_t *entry;
	uint64_t size;
	uint64_t step;
	uint64_t pte;
	uint64_t n;

	for (; len; va += step, pa += step, len -= step) {
		level = large_level;
		while (level && ((va | pa) & (span(level) - 1) || len < span(level)))
			level--;
		entry = entry_of(va, &level);
		/* Smaller pages are in the place of a large one. */
		while (entry && *entry && level && !(*entry & PTE_LARGE)) {
			level--;
			entry = entry_of(va, &level);
		}
		if (!entry)
			return PV_ENOMEM;

		size = span(level);
		step = size - (va & (size - 1));
		if (*entry) {
			step = step < len ? step : len;
			continue;
		}
		/* As many as fit, to the end of the table or to one that is there already. */
		n = 512 - index_of(va, level);
		n = n < len / size ? n : len / size;
		pte = pa | (flags & allowed) | (level ? PTE_LARGE : 0);
		n = fill(entry, n, pte, size);
		step = n * size;
	}
	return 0;
}

static void map_ram(uint64_t base, uint64_t end)
{
	int err = map(PV_BARE_DIRECT + base, base, end - base, PTE_DATA);

	init_error = init_error ? init_error : err;
}

static int map_image(const char *from, const char *to, uint64_t flags)
{
	return map((uintptr_t)from, pv_bare_image_phys(from), (uint64_t)(to - from),
		   flags | PTE_PRESENT | PTE_ACCESSED);
}

static void unmap_guard(const uint8_t *page)
{
	unsigned int level = 0;
	uint64_t *entry = entry_of((uintptr_t)page, &level);

	if (entry && !level)
		*entry = 0;
}

int pv_bare_paging_init(const struct pv_boot_info *info)
{
	struct pv_bare_stacks *stacks = pv_bare_boot_cpu.stacks;

	root = pv_os_pages_alloc(1);
	if (!root)
		return PV_ENOMEM;

	if (pv_bare_has(PV_BARE_CPU_NX))
		allowed = ~0ull;
	else
		pv_warn("the CPU lacks NX: data can be executed");

	/* By 4 KiB still, so that each page has its own permissions. */
	init_error = map_image(pv_bare_text, pv_bare_rodata, 0);
	if (!init_error)
		init_error = map_image(pv_bare_rodata, pv_bare_data, PTE_NX);
	if (!init_error)
		init_error = map_image(pv_bare_data, pv_bare_clean, PTE_NX | PTE_WRITE);
	if (!init_error) {
		unmap_guard(stacks->guard0);
		unmap_guard(stacks->guard1);
		unmap_guard(stacks->guard2);
		unmap_guard(stacks->guard3);
	}
	large_level = pv_bare_has(PV_BARE_CPU_1GB_PAGES) ? 2 : 1;
	pv_bare_for_each_ram(info, 0, PV_BARE_WINDOW, map_ram);
	if (init_error)
		return init_error;

	__asm__ __volatile__("mov %0, %%cr3" : : "r"(pv_bare_phys(root)) : "memory");
	pv_bare_direct = PV_BARE_DIRECT;
	root = (uint64_t *)(pv_bare_direct + (uintptr_t)root);
	return 0;
}

/* A table of smaller pages in the place of a large one. */
static int split(uint64_t *entry, unsigned int level)
{
	uint64_t *table = pv_os_pages_alloc(1);
	unsigned int i;

	if (!table)
		return PV_ENOMEM;
	for (i = 0; i < 512; i++)
		table[i] = (*entry & (level > 1 ? ~0ull : ~PTE_LARGE)) + i * span(level - 1);
	*entry = pv_bare_phys(table) | PTE_TABLE;
	return 0;
}

int pv_bare_guard(void *page, bool on)
{
	unsigned int level = 0;
	uint64_t *entry;
	int err;

	if (pv_bare_pv)
		return pv_bare_pv->guard(page, on);
	for (;;) {
		entry = entry_of((uintptr_t)page, &level);
		if (!entry)
			return PV_ENOMEM;
		if (!level)
			break;
		err = split(entry, level);
		if (err)
			return err;
		level = 0;
	}
	*entry = on ? 0 : (pv_bare_phys(page) | (PTE_DATA & allowed));
	__asm__ __volatile__("invlpg (%0)" : : "r"(page) : "memory");
	return 0;
}

uint64_t pv_os_virt_to_phys(const void *va)
{
	return pv_bare_phys(va);
}

static bool is_mapped(uint64_t va)
{
	const uint64_t *table = root;
	unsigned int l = LEVELS - 1;
	uint64_t entry;

	for (;; l--) {
		entry = table[index_of(va, l)];
		if (!l || !entry || entry & PTE_LARGE)
			return entry;
		table = (const uint64_t *)(pv_bare_direct + (entry & PTE_ADDRESS));
	}
}

void *pv_os_map(uint64_t pa, size_t len, enum pv_map_type type)
{
	uint64_t window = type == PV_MAP_DEVICE ? PV_BARE_DEVICE : PV_BARE_DIRECT;
	uint64_t flags = type == PV_MAP_DEVICE ? PTE_DATA | PTE_UNCACHED : PTE_DATA;
	uint64_t from = pa & ~(uint64_t)(PV_PAGE_SIZE - 1);
	uint64_t to;

	if (pv_bare_pv)
		return type == PV_MAP_DEVICE ? NULL : pv_bare_pv->map(pa, len);
	if (!len || pa >= PV_BARE_WINDOW || len > PV_BARE_WINDOW - pa)
		return NULL;
	to = (pa + len + PV_PAGE_SIZE - 1) & ~(uint64_t)(PV_PAGE_SIZE - 1);
	/* Mostly it is a table or a register in a page that was asked for before. */
	while (from < to && is_mapped(window + from))
		from += PV_PAGE_SIZE;
	if (map(window + from, from, to - from, flags))
		return NULL;
	return (void *)(window + pa);
}

/* What is mapped stays mapped: see above. */
void pv_os_unmap(void *va, size_t len)
{
	(void)va;
	(void)len;
}
