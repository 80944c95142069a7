/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Text: the library's log lines, and the formatter behind them. There is no C library below, and
 * what a port logs is finished text.
 *
 * The formatter knows %s %c %d %i %u %x %X %p %%, the modifiers l, ll, z and hh, h, a field width,
 * `-` and `0`, and a precision for %s. 64-bit values are cast to (unsigned) long long.
 */
#ifndef PV_LOG_H
#define PV_LOG_H

#include <pv/os.h>

PV_BEGIN_DECLS

/* Formats one line and hands it to pv_os_log(). Cut at 255 characters. Context: any. */
void pv_log(enum pv_log_level level, const char *fmt, ...) PV_PRINTF(2, 3);

/*
 * As C99's snprintf: at most size - 1 characters and a terminator are written, and the length that
 * the whole text has is returned. Context: any.
 */
int pv_snprintf(char *buf, size_t size, const char *fmt, ...) PV_PRINTF(3, 4);
int pv_vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap) PV_PRINTF(3, 0);

#define pv_err(...)  pv_log(PV_LOG_ERROR, __VA_ARGS__)
#define pv_warn(...) pv_log(PV_LOG_WARN, __VA_ARGS__)
#define pv_info(...) pv_log(PV_LOG_INFO, __VA_ARGS__)
#define pv_dbg(...)  pv_log(PV_LOG_DEBUG, __VA_ARGS__)

/*
 * For the library's own invariants, never for what a caller or peer supplied. The condition has no
 * side effects.
 */
#define PV_ASSERT(cond)                                                                            \
	do {                                                                                       \
		if (pv_unlikely(!(cond)))                                                          \
			pv_os_panic(__FILE__ ": " #cond);                                          \
	} while (0)

PV_END_DECLS

#endif
