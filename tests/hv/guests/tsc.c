/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What Xen says of the TSC, and what the clock's factor makes of it. */
#include <pv/bare.h>

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

int pv_bare_main(const char *cmdline)
{
	struct pv_xen_tsc tsc;

	(void)cmdline;
	if (pv_xen_tsc(&tsc))
		return 2;
	pv_bare_printf("mode: %u\nemulated: %d\nkhz: %u\nclock khz: %llu\nincarnation: %u\n",
		       tsc.mode, tsc.emulated, tsc.khz, (unsigned long long)pv_clock_tsc_khz(),
		       tsc.incarnation);
	return 0;
}
