/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The application's printf, by the C library's vsnprintf. A file of its own, because the C library is
 * the application's: without a call of pv_bare_printf() nothing here is linked.
 */
#include <stdarg.h>
#include <stdio.h>

#include "ports/bare/bare.h"

int pv_bare_printf(const char *fmt, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n > 0)
		pv_bare_write(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	return n;
}
