/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "pv-core/lapic.h"

#include <pv/err.h>
#include <pv/os.h>

#include "arch/x86/x86.h"
#include "pv-core/part.h"

#define MSR_APIC_BASE	 0x1b
#define APIC_BASE_X2APIC (1ull << 10)
#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_PAGE	 0xffffff000ull
#define MSR_X2APIC	 0x800

#define CPUID_APIC (1u << 9) /* leaf 1, EDX */

/*
 * In the page's mode: the command before has not been taken yet. A hypervisor takes each at once.
 */
#define ICR_PENDING 0x1000
#define ICR_TRIES   100000

static enum { UNKNOWN, PAGE, X2APIC } mode;
static uint8_t *page;

static void end(void)
{
	if (mode == PAGE)
		pv_os_unmap(page, PV_PAGE_SIZE);
	mode = UNKNOWN;
}

static struct pv_part part = {.end = end};

int pv_lapic_init(void)
{
	uint64_t base;

	if (mode != UNKNOWN)
		return 0;
	if (!(pv_cpuid(1, 0).edx & CPUID_APIC))
		return PV_ENOTSUP;
	base = pv_rdmsr(MSR_APIC_BASE);
	if (!(base & APIC_BASE_ENABLE))
		return PV_ENOTSUP;
	if (base & APIC_BASE_X2APIC) {
		mode = X2APIC;
		pv_part_attach(&part);
		return 0;
	}
	page = pv_os_map(base & APIC_BASE_PAGE, PV_PAGE_SIZE, PV_MAP_DEVICE);
	if (!page)
		return PV_ENOMEM;
	mode = PAGE;
	pv_part_attach(&part);
	return 0;
}

uint32_t pv_lapic_read(unsigned int reg)
{
	if (mode == X2APIC)
		return (uint32_t)pv_rdmsr(MSR_X2APIC + reg / 16);
	return pv_mmio_read32(page + reg);
}

void pv_lapic_write(unsigned int reg, uint32_t v)
{
	if (mode == X2APIC)
		pv_wrmsr(MSR_X2APIC + reg / 16, v);
	else
		pv_mmio_write32(page + reg, v);
}

uint32_t pv_lapic_id(void)
{
	uint32_t id = pv_lapic_read(PV_LAPIC_ID);

	return mode == X2APIC ? id : id >> 24;
}

void pv_lapic_send(uint32_t apic_id, uint32_t low)
{
	unsigned int i;

	if (mode == X2APIC) {
		/* No store, and so not ordered behind what the receiver is to find (11.12.3). */
		pv_mb();
		pv_wrmsr(MSR_X2APIC + PV_LAPIC_ICR / 16, (uint64_t)apic_id << 32 | low);
		return;
	}
	for (i = 0; i < ICR_TRIES && pv_mmio_read32(page + PV_LAPIC_ICR) & ICR_PENDING; i++)
		pv_pause();
	pv_mmio_write32(page + PV_LAPIC_ICR_HIGH, apic_id << 24);
	pv_mmio_write32(page + PV_LAPIC_ICR, low);
}
