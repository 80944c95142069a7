/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The C library functions that the library relies on, under names that need no header of the
 * kernel's. The compiler expands small ones in place and calls memcpy, strlen, ... for the rest:
 * the kernel that links the library supplies those, as GCC and clang ask of any freestanding
 * program.
 */
#ifndef PV_STRING_H
#define PV_STRING_H

#define pv_memcpy(dst, src, n)	__builtin_memcpy(dst, src, n)
#define pv_memmove(dst, src, n) __builtin_memmove(dst, src, n)
#define pv_memset(dst, c, n)	__builtin_memset(dst, c, n)
#define pv_memcmp(a, b, n)	__builtin_memcmp(a, b, n)
#define pv_strlen(s)		__builtin_strlen(s)
#define pv_strcmp(a, b)		__builtin_strcmp(a, b)
#define pv_strncmp(a, b, n)	__builtin_strncmp(a, b, n)

#endif
