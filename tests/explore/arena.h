/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Memory as it is before each run. */
#ifndef TESTS_EXPLORE_ARENA_H
#define TESTS_EXPLORE_ARENA_H

#include <stddef.h>

void *explore_calloc(size_t n, size_t size);
void *explore_aligned_alloc(size_t align, size_t size);
void *explore_realloc(void *p, size_t size);
void explore_free(void *p);
void explore_abort(void) __attribute__((noreturn));

/* Memory is to be before each run as it is now. */
void explore_keep(void);

/* It is. Only what explore_keep() did not see, and the C library's heap, has what a run left. */
void explore_put_back(void);

#endif
