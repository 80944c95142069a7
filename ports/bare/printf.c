/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The application's printf, by the library's formatter, which its log lines need anyhow: a C
 * library's has floating point, too, and is several times as large.
 */
#include "ports/bare/bare.h"

int pv_bare_printf(const char *fmt, ...)
{
	char text[1024];
	__builtin_va_list args;
	int n;

	__builtin_va_start(args, fmt);
	n = pv_vsnprintf(text, sizeof(text), fmt, args);
	__builtin_va_end(args);
	if (n > 0)
		pv_bare_write(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	return n;
}
