/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Included before each file that the explorer runs. The C library's allocations come from memory
 * that is put back before each run (arena.c); the barrier is a step.
 */
#ifndef TESTS_EXPLORE_HOOKS_H
#define TESTS_EXPLORE_HOOKS_H

#include <stdlib.h>

void *explore_calloc(size_t n, size_t size);
void *explore_aligned_alloc(size_t align, size_t size);
void *explore_realloc(void *p, size_t size);
void explore_free(void *p);
void explore_abort(void) __attribute__((noreturn));
void explore_fence(void);

#define calloc	      explore_calloc
#define malloc(size)  explore_calloc(1, size)
#define aligned_alloc explore_aligned_alloc
#define realloc	      explore_realloc
#define free	      explore_free
#define abort	      explore_abort

#define pv_mb() explore_fence()

#endif
