/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Output on Xen. Until the domain's console is there, text goes to Xen itself, which shows it if it
 * is of a debug build, or if this is Dom0; and is kept, so that the console begins with the first
 * line.
 */
#include "ports/bare/xen.h"

#define DRAIN_MS 2000

static bool early, attached;
static char kept[8192];
static size_t num_kept;

void pv_bare_xen_console_early(void)
{
	early = true;
}

/* With lines ended as terminals want it. */
static void send(const char *text, size_t len)
{
	char buf[128];
	size_t n = 0;

	for (; len; len--, text++) {
		if (*text == '\n')
			buf[n++] = '\r';
		buf[n++] = *text;
		if (n >= sizeof(buf) - 1 || len == 1) {
			pv_xen_console_write(buf, n);
			n = 0;
		}
	}
}

void pv_bare_xen_console_attach(void)
{
	if (pv_xen_console_start())
		return;
	attached = true;
	send(kept, num_kept);
}

void pv_bare_xen_console_write(const char *text, size_t len)
{
	size_t n = sizeof(kept) - num_kept;

	if (attached) {
		send(text, len);
	} else if (early) {
		pv_xen_early_write(text, len);
		n = n < len ? n : len;
		pv_memcpy(kept + num_kept, text, n);
		num_kept += n;
	}
}

void pv_bare_xen_console_drain(void)
{
	if (attached)
		(void)!pv_xen_console_drain(DRAIN_MS);
}
