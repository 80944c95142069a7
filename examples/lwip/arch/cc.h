/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What lwIP asks of the compiler and the platform (its doc/sys_arch.txt).
 */
#ifndef EXAMPLES_LWIP_ARCH_CC_H
#define EXAMPLES_LWIP_ARCH_CC_H

#include <pv/os.h>

#define LWIP_NO_UNISTD_H 1

/* The largest result of a function that returns a length or an error; lwIP's sockets only. */
typedef long ssize_t;
#define SSIZE_MAX LONG_MAX

#define LWIP_PLATFORM_DIAG(x)                                                                      \
	do {                                                                                       \
	} while (0)
#define LWIP_PLATFORM_ASSERT(text) pv_os_panic("lwIP: " text)

#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)

#endif
