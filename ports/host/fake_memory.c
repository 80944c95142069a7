/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port's memory. Each allocation is one of the C library's, so that the address sanitizer sees
 * an access beyond it, a use after its end, and what was never returned. Pages are found again by
 * their address.
 *
 * A program of many short lives keeps what is freed, and takes it again for who asks for as much
 * (pv_fake_keeps_memory), what was freed first before the others, and the last few not at all. In
 * between it is poisoned, as the sanitizer's own quarantine would do it, at a tenth of its cost.
 */
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <stdlib.h>
#include <string.h>

#define RANGES	4096u
#define BUCKETS 1024u
#define SIZES	64u /* of blocks that are kept */
#define SPARES	256u
#define LAST	4u /* are not taken yet, unless they are large */

/* What pv_os_pages_alloc() gave out: the memory that pv_os_map() reaches. */
static struct {
	char *va;
	size_t len;
	unsigned int next; /* in the bucket; 1 more than its index, 0: the last one */
} range[RANGES];

static unsigned int bucket[BUCKETS]; /* as `next` */
static unsigned int first_free;	     /* none before it is free */

bool pv_fake_keeps_memory;

static struct spare {
	void *va[SPARES];
	size_t size; /* 0: none yet */
	bool pages;
	unsigned int first, num;
} spare[SIZES];

/* The address sanitizer's, where it is linked in. */
void __asan_poison_memory_region(const volatile void *p, size_t n) __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *p, size_t n) __attribute__((weak));
size_t __sanitizer_get_allocated_size(const volatile void *p) __attribute__((weak));

/* --- what is kept ----------------------------------------------------------------------------- */

/* NULL where there is room for no other size. */
static struct spare *spare_of(size_t size, bool pages)
{
	unsigned int i, at = (unsigned int)(size / 8 % SIZES);

	for (i = 0; i < SIZES; i++, at = (at + 1) % SIZES)
		if (!spare[at].size || (spare[at].size == size && spare[at].pages == pages))
			return &spare[at];
	return NULL;
}

static void *take(size_t size, bool pages)
{
	struct spare *s = pv_fake_keeps_memory ? spare_of(size, pages) : NULL;
	void *va;

	if (!s || s->num <= (size > PV_PAGE_SIZE ? 0 : LAST))
		return NULL;
	va = s->va[s->first++ % SPARES];
	s->num--;
	__asan_unpoison_memory_region(va, size);
	return memset(va, 0, size);
}

static bool keep(void *va, size_t size, bool pages)
{
	struct spare *s;

	if (!pv_fake_keeps_memory || !__asan_poison_memory_region)
		return false;
	s = spare_of(size, pages);
	if (!s || s->num == SPARES)
		return false;
	s->size = size;
	s->pages = pages;
	s->va[(s->first + s->num++) % SPARES] = va;
	__asan_poison_memory_region(va, size);
	return true;
}

static bool fails(void)
{
	return pv_fake.alloc_fail_at && --pv_fake.alloc_fail_at == 0;
}

void *pv_os_alloc(size_t size)
{
	void *p;

	if (fails())
		return NULL;
	size += !size;
	p = take(size, false);
	if (!p)
		p = calloc(1, size);
	pv_fake.live_allocs += !!p;
	if (p && pv_fake.given)
		pv_fake.given(p, size);
	return p;
}

void pv_os_free(void *p, size_t size)
{
	if (!p)
		return;
	size += !size;
	if (__sanitizer_get_allocated_size && __sanitizer_get_allocated_size(p) != size)
		pv_os_panic("host: memory returned as more or less than it is");
	pv_fake.live_allocs--;
	if (pv_fake.taken)
		pv_fake.taken(p);
	if (!keep(p, size, false))
		free(p);
}

/* --- pages ------------------------------------------------------------------------------------ */

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
	if (fails() || (pv_fake.pages_max && n > pv_fake.pages_max))
		return NULL;
	if (free_range() == RANGES)
		return NULL;
	va = take(len, true);
	if (!va) {
		va = aligned_alloc(PV_PAGE_SIZE, len);
		if (va)
			memset(va, 0, len);
	}
	if (!va)
		return NULL;
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
	if (!keep(va, (size_t)n * PV_PAGE_SIZE, true))
		free(va);
}

void pv_fake_pages_forget(unsigned int left)
{
	unsigned int i;

	for (i = RANGES; i-- && pv_fake.live_pages > left;)
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
