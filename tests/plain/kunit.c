/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	struct kunit_resource *r = malloc(sizeof(*r) + size);

	(void)gfp;
	if (!r)
		abort();
	r->next = test->resources;
	test->resources = r;
	return r->data;
}

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return memset(kunit_kmalloc(test, size, gfp), 0, size);
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
		free(r);
	}
}
