/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Output to Xen itself (CONSOLEIO_write), which needs nothing but hypercalls. */
#include <pv/xen.h>

#include "hypercall/xen.h"

/* What Xen takes in one go, and shows as one piece (Xen drivers/char/console.c). */
#define PIECE 128

void pv_xen_early_write(const char *text, size_t len)
{
	size_t n;

	for (; len; text += n, len -= n) {
		n = len < PIECE ? len : PIECE;
		if (pv_xen_console_io_write(text, (unsigned int)n) < 0)
			return;
	}
}
