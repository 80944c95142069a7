/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the fakes of kunit/ need of a runner: memory, and to be able to fail. */
#include <kunit/test.h>
#include <stdarg.h>
#include <stdio.h>

#include "explore.h"

void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kzalloc(test, size, gfp);
}

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	(void)test;
	(void)gfp;
	return calloc(1, size);
}

void kunit_fail_at(struct kunit *test, bool leave, const char *file, int line, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	(void)test;
	(void)leave;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	explore_fail("%s:%d: %s", file, line, text);
}
