/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the fake machine takes of the C library, in a kernel: memory of the kernel's, so that KASAN
 * sees an access beyond it and a use after its end. Pages are aligned as the slab allocator aligns
 * them.
 */
#ifndef PV_LINUX_FAKE_STDLIB_H
#define PV_LINUX_FAKE_STDLIB_H

#include <linux/kernel.h>
#include <linux/slab.h>
#include <pv/types.h>

#define malloc(size)		   kmalloc(size, GFP_KERNEL)
#define calloc(n, size)		   kcalloc(n, size, GFP_KERNEL)
#define realloc(p, size)	   krealloc(p, size, GFP_KERNEL)
#define free(p)			   kfree(p)
#define aligned_alloc(align, size) pv_fake_aligned_alloc(align, size)
#define strtol(text, end, base)	   simple_strtol(text, end, base)
#define atoi(text)		   ((int)simple_strtol(text, NULL, 10))
#define getenv(name)		   ((const char *)NULL)
#define abort()			   pv_fake_abort()

void *pv_fake_aligned_alloc(size_t align, size_t size);

/* Ends the case that runs, as failed. */
void pv_fake_abort(void) PV_NORETURN;

#endif
