/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Apart from pv-core/kvm, so that a port can ask whatever hypervisors are named. */
#include "pv-core/eoi.h"

#include <pv/eoi.h>
#include <pv/os.h>

struct pv_eoi_word pv_eoi_words[PV_CONFIG_MAX_CPUS];

bool pv_eoi(void)
{
	unsigned int cpu = pv_os_cpu();

	return cpu < PV_CONFIG_MAX_CPUS && pv_eoi_words[cpu].word &&
	       pv_shared_take_bit(pv_eoi_words[cpu].word);
}
