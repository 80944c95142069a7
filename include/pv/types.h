/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Fixed-width types and the handful of compiler attributes that the public headers use.
 *
 * Everything here is the C library's own vocabulary (uint32_t, bool, size_t), because the headers
 * are included into kernels that have their own u32.
 */
#ifndef PV_TYPES_H
#define PV_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#else
#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <stdbool.h>
#endif
#endif

#ifdef __cplusplus
#define PV_BEGIN_DECLS extern "C" {
#define PV_END_DECLS   }
#else
#define PV_BEGIN_DECLS
#define PV_END_DECLS
#endif

/* The result is an error code or a resource: dropping it is a bug. */
#define PV_MUST_CHECK __attribute__((warn_unused_result))

#define PV_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define PV_NORETURN	      __attribute__((noreturn))
#define PV_ALIGNED(n)	      __attribute__((aligned(n)))
#define PV_PACKED	      __attribute__((packed))
#define PV_ALWAYS_INLINE      inline __attribute__((__always_inline__))
#define PV_NOINLINE	      __attribute__((__noinline__))

#define pv_likely(x)   __builtin_expect(!!(x), 1)
#define pv_unlikely(x) __builtin_expect(!!(x), 0)

/* The structure of `type` whose field `member` is at `ptr`. */
#define pv_container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define PV_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Pages are 4 KiB everywhere in the interfaces that libpv speaks: Xen's grants, virtio's PFNs. */
#define PV_PAGE_SHIFT 12
#define PV_PAGE_SIZE  4096u

#endif
