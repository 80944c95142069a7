/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Pages: the RAM of the loader's memory map, in a list of free runs ordered by address.
 *
 * The list is kept in the free memory itself: the first page of each run holds its length and the
 * next run's address. So there is nothing to allocate beforehand, whatever size the machine has,
 * and memory that is freed finds its neighbours, and a page that is freed twice finds itself.
 * Allocation takes the end of the first run that is long enough. All of it is control path.
 *
 * Before that come the pages behind the image's .bss, one after the other: the loader has zeroed
 * them, and on the way to main, clearing pages for rings and tables would be most of what is done.
 * Once freed they are memory like any other.
 */
#include "ports/bare/bare.h"

struct run {
	uint64_t next; /* physical address; 0 at the end */
	uint64_t pages;
};

#define LOW_MEMORY 0x200000ull	  /* below is what a PC has, and what large pages would not map */
#define ENTRY_MAP  0x100000000ull /* what the entry's page tables reach */

static struct pv_bare_lock lock; /* of all that follows */
static uint64_t first;
static uint64_t clean, clean_end; /* what is left of the pages that are zero already */
static struct pv_bare_memory count;
static uint64_t tables, tables_end; /* a PV guest's page tables */

static struct run *run_at(uint64_t pa)
{
	return (struct run *)(pv_bare_direct + pa);
}

/* --- free runs -------------------------------------------------------------------------------- */

static void insert(uint64_t pa, uint64_t pages)
{
	uint64_t prev = 0;
	uint64_t next = first;
	uint64_t end = pa + pages * PV_PAGE_SIZE;
	struct run *run = run_at(pa);

	while (next && next < pa) {
		prev = next;
		next = run_at(next)->next;
	}
	if ((next && next < end) || (prev && prev + run_at(prev)->pages * PV_PAGE_SIZE > pa))
		pv_os_panic("memory freed twice");

	run->pages = pages;
	run->next = next;
	if (next == end) {
		run->pages += run_at(next)->pages;
		run->next = run_at(next)->next;
	}
	if (!prev) {
		first = pa;
	} else if (prev + run_at(prev)->pages * PV_PAGE_SIZE == pa) {
		run_at(prev)->pages += run->pages;
		run_at(prev)->next = run->next;
	} else {
		run_at(prev)->next = pa;
	}
	count.free += pages * PV_PAGE_SIZE;
}

static uint64_t take(uint64_t pages)
{
	uint64_t *link = &first;
	struct run *run;

	for (; *link; link = &run->next) {
		run = run_at(*link);
		if (run->pages < pages)
			continue;
		run->pages -= pages;
		count.free -= pages * PV_PAGE_SIZE;
		if (run->pages)
			return *link + run->pages * PV_PAGE_SIZE;
		*link = run->next;
		return pv_bare_phys(run);
	}
	return 0;
}

/*
 * With 16 bytes per instruction. An SSE register is the callee's to change, and interrupt handlers
 * do not touch it.
 */
static void clear(void *va, unsigned int pages)
{
	uint8_t *p = va;
	uint8_t *end = p + (size_t)pages * PV_PAGE_SIZE;

	__asm__ __volatile__("pxor %%xmm0, %%xmm0" : : : "memory");
	for (; p < end; p += 256)
		__asm__ __volatile__(
			".irp at, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, "
			"208, 224, 240\n\tmovaps %%xmm0, \\at(%0)\n\t.endr"
			:
			: "r"(p)
			: "memory");
}

static void *take_clean(unsigned int n)
{
	uint64_t pa = clean;

	clean += (uint64_t)n * PV_PAGE_SIZE;
	count.free -= (uint64_t)n * PV_PAGE_SIZE;
	return (void *)(pv_bare_direct + pa);
}

void *pv_os_pages_alloc(unsigned int n)
{
	void *va = NULL;
	uint64_t pa = 0;

	if (!n)
		return NULL;
	pv_bare_lock(&lock);
	if (n <= (clean_end - clean) / PV_PAGE_SIZE)
		va = take_clean(n);
	else
		pa = take(n);
	pv_bare_unlock(&lock);
	if (pa) {
		va = (void *)(pv_bare_direct + pa);
		clear(va, n);
	}
	return va;
}

void pv_os_pages_free(void *va, unsigned int n)
{
	if (!va)
		return;
	pv_bare_lock(&lock);
	insert(pv_bare_phys(va), n);
	pv_bare_unlock(&lock);
}

void pv_bare_memory(struct pv_bare_memory *out)
{
	*out = count;
}

/* --- the memory map --------------------------------------------------------------------------- */

/* What is not to be used: the n-th such range; false behind the last. */
static bool excluded(const struct pv_boot_info *info, uint32_t ram, uint32_t n, uint64_t *base,
		     uint64_t *end)
{
	uint64_t size;

	*base = 0;
	*end = LOW_MEMORY;
	if (n == 0)
		return true;
	if (n == 1) {
		*base = pv_bare_image_phys(pv_bare_text);
		*end = pv_bare_image_phys(pv_bare_clean);
		return true;
	}
	if (n == 2) {
		*base = tables;
		*end = tables_end;
		return true;
	}
	n -= 3;
	if (n < info->num_modules) {
		*base = info->module[n].base;
		size = info->module[n].size;
	} else {
		n -= info->num_modules;
		if (n >= info->num_ranges)
			return false;
		/* Ranges of another kind; and RAM that was named before. */
		*base = info->range[n].base;
		size = n < ram || info->range[n].type != PV_RANGE_RAM ? info->range[n].size : 0;
	}
	*end = size > UINT64_MAX - *base ? UINT64_MAX : *base + size;
	return true;
}

/* Cuts exclusions `n` and following out of a piece of RAM, and hands on what is left. */
static void cut(const struct pv_boot_info *info, uint32_t ram, uint32_t n, uint64_t base,
		uint64_t end, void (*fn)(uint64_t base, uint64_t end))
{
	uint64_t from;
	uint64_t to;

	for (; base < end && excluded(info, ram, n, &from, &to); n++) {
		if (from >= to || from >= end || to <= base)
			continue;
		if (base < from)
			cut(info, ram, n + 1, base, from, fn);
		base = to;
	}
	base = (base + PV_PAGE_SIZE - 1) & ~(uint64_t)(PV_PAGE_SIZE - 1);
	end &= ~(uint64_t)(PV_PAGE_SIZE - 1);
	if (base < end)
		fn(base, end);
}

void pv_bare_for_each_ram(const struct pv_boot_info *info, uint64_t lo, uint64_t hi,
			  void (*fn)(uint64_t base, uint64_t end))
{
	const struct pv_range *r;
	uint32_t i;

	for (i = 0; i < info->num_ranges; i++) {
		r = &info->range[i];
		if (r->type != PV_RANGE_RAM || r->base >= hi)
			continue;
		cut(info, i, 0, r->base > lo ? r->base : lo,
		    r->size < hi - r->base ? r->base + r->size : hi, fn);
	}
}

static void add(uint64_t base, uint64_t end)
{
	uint64_t behind = pv_bare_image_phys(pv_bare_end);

	count.total += end - base;
	if (base == pv_bare_image_phys(pv_bare_clean) && behind <= end) {
		clean = base;
		clean_end = behind;
		count.free += behind - base;
		base = behind;
	}
	if (base < end)
		insert(base, (end - base) / PV_PAGE_SIZE);
}

/*
 * First what the entry's tables reach, from which the port's own tables are allocated, and then, on
 * those, the rest. A PV guest's tables come before all.
 */
int pv_bare_memory_init(const struct pv_boot_info *info)
{
	int err;

	if (pv_bare_pv) {
		err = pv_bare_pv->paging_init(info, &tables, &tables_end);
		if (!err)
			pv_bare_for_each_ram(info, 0, PV_BARE_WINDOW, add);
		return err;
	}
	pv_bare_for_each_ram(info, 0, ENTRY_MAP, add);
	err = pv_bare_paging_init(info);
	if (err)
		return err;
	pv_bare_for_each_ram(info, ENTRY_MAP, PV_BARE_WINDOW, add);
	return 0;
}
