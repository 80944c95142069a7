/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port's pages: each block is one of the C library's, found again by its address.
 *
 * A program of many short lives keeps what is freed, and takes it again (pv_fake_keeps_pages): single pages in the order in which
 * they were freed, a larger block for who asks for as many pages. In between they are poisoned, as the sanitizer's own quarantine
 * would do it, at a tenth of its cost.
 */
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <stdlib.h>
#include <string.h>

#define RANGES	4096u
#define BUCKETS 1024u
#define SPARES	256u
#define BLOCKS	16u

/* What pv_os_pages_alloc() gave out: the memory that pv_os_map() reaches. */
static struct {
	char *va;
	size_t len;
	unsigned int next; /* in the bucket; 1 more than its index, 0: the last one */
} range[RANGES];

static unsigned int bucket[BUCKETS]; /* as `next` */
static unsigned int first_free;	     /* none before it is free */

bool pv_fake_keeps_pages;

static struct {
	void *va[SPARES];
	unsigned int first, num;
} spare;

static struct {
	void *va;
	unsigned int n;
} block[BLOCKS];

/* The address sanitizer's, where it is linked in. */
void __asan_poison_memory_region(const volatile void *p, size_t n) __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *p, size_t n) __attribute__((weak));

/* --- what is kept ----------------------------------------------------------------------------- */

static void *kept_block(unsigned int n)
{
	void *va = NULL;
	unsigned int i;

	for (i = 0; i < BLOCKS && !va; i++) {
		if (block[i].va && block[i].n == n) {
			va = block[i].va;
			block[i].va = NULL;
		}
	}
	return va;
}

static void *take(unsigned int n)
{
	void *va = NULL;

	if (n != 1) {
		va = kept_block(n);
	} else if (spare.num) {
		va = spare.va[spare.first++ % SPARES];
		spare.num--;
	}
	if (va)
		__asan_unpoison_memory_region(va, (size_t)n * PV_PAGE_SIZE);
	return va;
}

static bool keep(void *va, unsigned int n)
{
	unsigned int i;

	if (!pv_fake_keeps_pages || !__asan_poison_memory_region)
		return false;
	if (n != 1) {
		for (i = 0; i < BLOCKS && block[i].va; i++)
			;
		if (i == BLOCKS)
			return false;
		block[i].va = va;
		block[i].n = n;
	} else if (spare.num < SPARES) {
		spare.va[(spare.first + spare.num++) % SPARES] = va;
	} else {
		return false;
	}
	__asan_poison_memory_region(va, (size_t)n * PV_PAGE_SIZE);
	return true;
}

/* --- what is given out ------------------------------------------------------------------------ */

static unsigned int *bucket_of(const void *va)
{
	return &bucket[(uint64_t)va / PV_PAGE_SIZE % BUCKETS];
}

static unsigned int free_range(void)
{
	while (first_free < RANGES && range[first_free].va)
		first_free++;
	return first_free;
}

static void add(unsigned int i, char *va, size_t len)
{
	range[i].va = va;
	range[i].len = len;
	range[i].next = *bucket_of(va);
	*bucket_of(va) = i + 1;
}

/* False if it was not given out so. */
static bool drop(const void *va, size_t len)
{
	unsigned int *at = bucket_of(va), i;

	while (*at && range[*at - 1].va != va)
		at = &range[*at - 1].next;
	if (!*at || range[*at - 1].len != len)
		return false;
	i = *at - 1;
	*at = range[i].next;
	range[i].va = NULL;
	first_free = i < first_free ? i : first_free;
	return true;
}

void *pv_os_pages_alloc(unsigned int n)
{
	size_t len = (size_t)n * PV_PAGE_SIZE;
	char *va;

	if (!n)
		pv_os_panic("host: an allocation of no pages");
	if (pv_fake_alloc_fails() || (pv_fake.pages_max && n > pv_fake.pages_max))
		return NULL;
	if (free_range() == RANGES)
		return NULL;
	va = take(n);
	if (!va)
		va = aligned_alloc(PV_PAGE_SIZE, len);
	if (!va)
		return NULL;
	memset(va, 0, len);
	add(first_free, va, len);
	pv_fake.live_pages += n;
	if (pv_fake.given)
		pv_fake.given(va, len);
	return va;
}

void pv_os_pages_free(void *va, unsigned int n)
{
	if (!va)
		return;
	if (!drop(va, (size_t)n * PV_PAGE_SIZE))
		pv_os_panic("host: pages returned that were not given out so");
	pv_fake.live_pages -= n;
	if (pv_fake.taken)
		pv_fake.taken(va);
	if (!keep(va, n))
		free(va);
}

void pv_fake_pages_forget(unsigned int keep_pages)
{
	unsigned int i;

	for (i = RANGES; i-- && pv_fake.live_pages > keep_pages;)
		if (range[i].va)
			pv_os_pages_free(range[i].va, (unsigned int)(range[i].len / PV_PAGE_SIZE));
}

/* --- addresses -------------------------------------------------------------------------------- */

uint64_t pv_os_virt_to_phys(const void *va)
{
	uint64_t pa;

	if (pv_fake_phys(va, &pa))
		return pa;
	return pv_fake_xen_running() ? pv_fake_xen_phys(va) : (uint64_t)va;
}

void *pv_os_map(uint64_t pa, size_t len, enum pv_map_type type)
{
	char *at = pv_fake_xen_running() ? pv_fake_xen_virt(pa) : (char *)pa;
	void *va = NULL;
	unsigned int i;

	(void)type;
	if (pv_fake.no_map || !len)
		return NULL;
	va = pv_fake_map(pa, len);
	for (i = 0; i < RANGES && !va; i++)
		if (range[i].va && at >= range[i].va && at < range[i].va + range[i].len &&
		    len <= (size_t)(range[i].va + range[i].len - at))
			va = at;
	pv_fake.live_maps += !!va;
	return va;
}

void pv_os_unmap(void *va, size_t len)
{
	(void)len;
	if (!va)
		return;
	pv_fake_unmap(va);
	if (!pv_fake.live_maps--)
		pv_os_panic("host: unmapped more than was mapped");
}
