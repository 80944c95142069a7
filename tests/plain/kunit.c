/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "plain.h"

struct kunit_resource {
	struct kunit_resource *next;
	max_align_t data[];
};

struct kunit plain_test = {.name = "plain"};
void (*plain_context)(void);

void plain_failed(const char *what, const char *file, int line)
{
	if (plain_context)
		plain_context();
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

void kunit_fail_at(struct kunit *test, bool leave, const char *file, int line, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	(void)test;
	(void)leave;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	plain_failed(text, file, line);
}

/*
 * Large blocks are kept from one use to the next: to get and return them is what a short run would
 * take the most time for. They are given out in the order in which they were asked for first.
 */
#define LARGE  (512u << 10)
#define LARGES 16u

static struct {
	struct kunit_resource *r;
	size_t size;
	bool used;
} large[LARGES];

static struct kunit_resource *large_alloc(size_t size, bool zero)
{
	unsigned int i;

	for (i = 0; i < LARGES && large[i].r && (large[i].used || large[i].size != size); i++)
		;
	if (i == LARGES)
		return NULL;
	if (!large[i].r) {
		large[i].r = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);
		if (large[i].r == MAP_FAILED)
			abort();
		large[i].size = size;
	} else if (zero && madvise(large[i].r, size, MADV_DONTNEED)) {
		abort();
	}
	large[i].used = true;
	return large[i].r;
}

static bool large_free(const struct kunit_resource *r)
{
	unsigned int i;

	for (i = 0; i < LARGES; i++) {
		if (large[i].r == r) {
			large[i].used = false;
			return true;
		}
	}
	return false;
}

static void *get(struct kunit *test, size_t size, bool zero)
{
	struct kunit_resource *r = NULL;

	size += sizeof(*r);
	if (size >= LARGE)
		r = large_alloc(size, zero);
	if (!r)
		r = zero ? calloc(1, size) : malloc(size);
	if (!r)
		abort();
	r->next = test->resources;
	test->resources = r;
	return r->data;
}

void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	(void)gfp;
	return get(test, size, false);
}

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	(void)gfp;
	return get(test, size, true);
}

void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kunit_kzalloc(test, bytes, gfp);
}

void plain_free(void)
{
	struct kunit_resource *r;

	while ((r = plain_test.resources)) {
		plain_test.resources = r->next;
		if (!large_free(r))
			free(r);
	}
}
