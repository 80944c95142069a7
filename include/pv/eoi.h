/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * End of interrupt without an exit: KVM's PV EOI (Linux Documentation/virt/kvm/x86/msr.rst,
 * MSR_KVM_EOI_EN).
 *
 *	if (!pv_eoi())
 *		write the local APIC's EOI register;
 */
#ifndef PV_EOI_H
#define PV_EOI_H

#include <pv/types.h>

PV_BEGIN_DECLS

/*
 * True if the interrupt that is being handled has ended by this call; false if the local APIC wants
 * to be told.
 * Context: interrupt, one delivered through the local APIC, once for each.
 */
bool pv_eoi(void);

PV_END_DECLS

#endif
