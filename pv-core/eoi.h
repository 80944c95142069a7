/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef PV_CORE_EOI_H
#define PV_CORE_EOI_H

#include <pv/config.h>
#include <pv/shared.h>

/*
 * Where the hypervisor sets bit 0 of a word when the CPU's next end of interrupt need not be told;
 * NULL: nowhere. Only while that CPU is in the hypervisor, so that one instruction of the CPU's own
 * is enough.
 */
struct pv_eoi_word {
	uint32_t PV_SHARED *word;
};
extern struct pv_eoi_word pv_eoi_words[PV_CONFIG_MAX_CPUS];

#endif
