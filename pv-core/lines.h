/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Memory that one CPU writes, and no other: cache lines of its own. The port's allocations are
 * aligned to 16 bytes (pv_os_alloc()), so that the end of one and the beginning of the next may be
 * in one line, for which two CPUs would then contend although they share nothing.
 */
#ifndef PV_CORE_LINES_H
#define PV_CORE_LINES_H

#include <pv/types.h>

#define PV_LINE 64u /* bytes */

/* As pv_os_alloc(), aligned to a line and with nothing else in the last one. Context: control. */
void *pv_lines_alloc(size_t size);
void pv_lines_free(void *p, size_t size);

#endif
