/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The local APIC (Intel SDM 3A, 11): end of interrupt, and a timer for bounded sleep. By MSRs
 * (x2APIC) where the CPU has them, which a hypervisor answers faster, else by its page of
 * registers.
 */
#include "ports/bare/bare.h"

#define MSR_APIC_BASE	 0x1b
#define APIC_BASE_X2APIC (1ull << 10)
#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_PAGE	 0xffffff000ull
#define MSR_X2APIC	 0x800 /* + offset / 16 */

/* Offsets in the page. */
#define APIC_ID	       0x20
#define APIC_EOI       0xb0
#define APIC_SPURIOUS  0xf0
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_INITIAL   0x380
#define APIC_DIVIDE    0x3e0

#define SPURIOUS_ENABLE 0x100
#define LVT_MASKED	0x10000
#define LVT_NMI		0x400
#define DIVIDE_BY_1	0xb

/*
 * QEMU's and KVM's local APICs count at 1 GHz (hw/intc/apic_common.c, arch/x86/kvm/lapic.h); Xen's
 * at 100 MHz, where sleeps are ten times as long.
 */
#define TIMER_NS_PER_COUNT 1

static bool present, x2apic;
static uint8_t *page;

static uint32_t read(unsigned int offset)
{
	if (x2apic)
		return (uint32_t)pv_rdmsr(MSR_X2APIC + offset / 16);
	return pv_mmio_read32(page + offset);
}

static void write(unsigned int offset, uint32_t v)
{
	if (x2apic)
		pv_wrmsr(MSR_X2APIC + offset / 16, v);
	else
		pv_mmio_write32(page + offset, v);
}

void pv_bare_apic_cpu_init(void)
{
	uint64_t base = pv_rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	/* From off to x2APIC in one step is not allowed (11.12.5.1). */
	pv_wrmsr(MSR_APIC_BASE, base);
	if (x2apic)
		pv_wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	write(APIC_SPURIOUS, SPURIOUS_ENABLE | PV_BARE_VECTOR_SPURIOUS);
	write(APIC_LVT_LINT0, LVT_MASKED); /* the 8259s */
	write(APIC_LVT_LINT1, LVT_NMI);
	write(APIC_DIVIDE, DIVIDE_BY_1);
	write(APIC_LVT_TIMER, PV_BARE_VECTOR_TIMER);
	pv_bare_this()->apic_id = x2apic ? read(APIC_ID) : read(APIC_ID) >> 24;
}

bool pv_bare_apic_init(void)
{
	struct pv_cpuid features = pv_cpuid(1, 0);

	if (!(features.edx >> 9 & 1))
		return false;
	x2apic = features.ecx >> 21 & 1;
	if (!x2apic) {
		page = pv_os_map(pv_rdmsr(MSR_APIC_BASE) & APIC_BASE_PAGE, PV_PAGE_SIZE,
				 PV_MAP_DEVICE);
		if (!page)
			return false;
	}
	present = true;
	pv_bare_apic_cpu_init();
	return true;
}

bool pv_bare_apic_present(void)
{
	return present;
}

void pv_bare_apic_eoi(void)
{
	write(APIC_EOI, 0);
}

void pv_bare_apic_timer(uint64_t ns)
{
	uint64_t n = ns / TIMER_NS_PER_COUNT;

	write(APIC_INITIAL, n < UINT32_MAX ? (uint32_t)n : UINT32_MAX);
}
