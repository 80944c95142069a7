/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * All memory that a run may change: the program's variables, and what was allocated. Both are
 * private mappings of a file that has them as the set-up left them, so that putting them back is
 * to drop the pages that were written.
 */
#define _GNU_SOURCE
#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA (16ul << 20)
#define PAGE  4096ul

extern char __data_start[], _end[];

static char *arena;
static size_t used;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* --- what stands for the C library's ---------------------------------------------------------- */

void *explore_aligned_alloc(size_t align, size_t size)
{
	char *p;

	if (!arena) {
		arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
		if (arena == MAP_FAILED)
			die("mmap");
	}
	/* The size is before it. */
	used = (used + 16 + align - 1) / align * align;
	if (used + size > ARENA)
		return NULL;
	p = arena + used;
	((size_t *)p)[-1] = size;
	used += size;
	return memset(p, 0, size);
}

void *explore_calloc(size_t n, size_t size)
{
	return explore_aligned_alloc(16, n * size);
}

void *explore_realloc(void *p, size_t size)
{
	void *q = explore_aligned_alloc(16, size);

	if (p && q)
		memcpy(q, p, ((size_t *)p)[-1] < size ? ((size_t *)p)[-1] : size);
	return q;
}

/* It is put back with the rest. */
void explore_free(void *p)
{
	(void)p;
}

/* --- putting back ----------------------------------------------------------------------------- */

static void *variables(size_t *len)
{
	uintptr_t from = (uintptr_t)__data_start & ~(PAGE - 1);

	*len = ((uintptr_t)_end + PAGE - 1 - from) & ~(PAGE - 1);
	return (void *)from;
}

static void back_by_file(void *at, size_t len)
{
	int fd = memfd_create("explore", 0);

	if (fd < 0 || write(fd, at, len) != (ssize_t)len)
		die("memfd");
	if (mmap(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
		die("mmap");
	close(fd);
}

void explore_keep(void)
{
	size_t len;
	void *at = variables(&len);

	if (arena)
		back_by_file(arena, ARENA);
	back_by_file(at, len);
}

void explore_put_back(void)
{
	size_t len;
	void *at = variables(&len);

	if (madvise(at, len, MADV_DONTNEED) || (arena && madvise(arena, ARENA, MADV_DONTNEED)))
		die("madvise");
}
