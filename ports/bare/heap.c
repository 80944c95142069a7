/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Small allocations: a free list for each power of two from 16 to 2048 bytes; more than that is
 * whole pages. Whoever frees says the size, so nothing is stored. What was never given out yet is
 * one piece, for all of them: objects are cut off its beginning, and what is left when one does not
 * fit goes to the free lists.
 */
#include "ports/bare/bare.h"

#define SMALLEST_SHIFT 4
#define CLASSES	       8

struct free_object {
	struct free_object *next;
};

static struct pv_bare_lock lock; /* of all that follows */
static struct free_object *free_objects[CLASSES];
static uint8_t *fresh; /* the rest of a page that was never given out: zeroes */
static size_t fresh_left;

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

static void give_back(void *p, unsigned int class)
{
	struct free_object *object = p;

	object->next = free_objects[class];
	free_objects[class] = object;
}

/* Another page; the rest of the last one is of use for what is smaller. */
static bool refresh(void)
{
	unsigned int class;
	void *page = pv_os_pages_alloc(1);

	if (!page)
		return false;
	for (; fresh_left; fresh_left -= (size_t)1 << (SMALLEST_SHIFT + class)) {
		class = 63 - SMALLEST_SHIFT - (unsigned int)__builtin_clzll(fresh_left);
		give_back(fresh, class);
		fresh += (size_t)1 << (SMALLEST_SHIFT + class);
	}
	fresh = page;
	fresh_left = PV_PAGE_SIZE;
	return true;
}

static void *take(unsigned int class)
{
	const size_t object = (size_t)1 << (SMALLEST_SHIFT + class);
	void *p = free_objects[class];

	if (p) {
		free_objects[class] = free_objects[class]->next;
		return pv_memset(p, 0, object);
	}
	if (fresh_left < object && !refresh())
		return NULL;
	p = fresh;
	fresh += object;
	fresh_left -= object;
	return p;
}

void *pv_os_alloc(size_t size)
{
	unsigned int class = class_for(size);
	void *p;

	if (class >= CLASSES)
		return size >> 40 ? NULL : pv_os_pages_alloc(pages_for(size));
	pv_bare_lock(&lock);
	p = take(class);
	pv_bare_unlock(&lock);
	return p;
}

void pv_os_free(void *p, size_t size)
{
	unsigned int class = class_for(size);

	if (!p)
		return;
	if (class >= CLASSES) {
		pv_os_pages_free(p, pages_for(size));
		return;
	}
	pv_bare_lock(&lock);
	give_back(p, class);
	pv_bare_unlock(&lock);
}
