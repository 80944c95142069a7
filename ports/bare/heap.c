/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Small allocations: a free list for each power of two from 16 to 2048 bytes, fed with pages, which
 * stay with it; more than that is whole pages. Whoever frees says the size, so nothing is stored.
 */
#include "ports/bare/bare.h"

#define SMALLEST_SHIFT 4
#define CLASSES	       8

struct free_object {
	struct free_object *next;
};

static struct size_class {
	struct free_object *free;
	uint8_t *fresh; /* the rest of a page that was never given out: zeroes */
	size_t fresh_left;
} classes[CLASSES];

static unsigned int pages_for(size_t size)
{
	return (unsigned int)((size + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE);
}

/* The smallest power of two that holds `size`, by its number; CLASSES or more: none does. */
static unsigned int class_for(size_t size)
{
	if (size <= (size_t)1 << SMALLEST_SHIFT)
		return 0;
	return (unsigned int)(64 - __builtin_clzll(size - 1)) - SMALLEST_SHIFT;
}

void *pv_os_alloc(size_t size)
{
	unsigned int c = class_for(size);
	size_t object = (size_t)1 << (SMALLEST_SHIFT + c);
	struct size_class *class;
	void *p;

	if (c >= CLASSES)
		return size >> 40 ? NULL : pv_os_pages_alloc(pages_for(size));
	class = &classes[c];
	p = class->free;
	if (p) {
		class->free = class->free->next;
		return pv_memset(p, 0, object);
	}
	if (!class->fresh_left) {
		class->fresh = pv_os_pages_alloc(1);
		if (!class->fresh)
			return NULL;
		class->fresh_left = PV_PAGE_SIZE;
	}
	p = class->fresh;
	class->fresh += object;
	class->fresh_left -= object;
	return p;
}

void pv_os_free(void *p, size_t size)
{
	unsigned int c = class_for(size);
	struct free_object *object = p;

	if (!p)
		return;
	if (c >= CLASSES) {
		pv_os_pages_free(p, pages_for(size));
		return;
	}
	object->next = classes[c].free;
	classes[c].free = object;
}
