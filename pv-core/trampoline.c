/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Starting a CPU by INIT and SIPI (Intel SDM 3A, 8.4.4).
 *
 * A CPU begins in real mode, at a page below 1 MiB that the SIPI names. What is put there:
 *
 *	page 0	    code and data of arch/x86/ap_trampoline.S
 *	page 1..	its page tables: one of each level
 *
 * The tables are those of the CPU that starts it, but for the way to virtual address 0, where the
 * first 2 MiB are mapped to themselves: each level is a copy, whose first entry leads to the copy
 * below. So both the trampoline and the kernel are mapped, wherever the kernel is linked (unless in
 * those 2 MiB, and not at its physical address). The new CPU goes from real mode to 64-bit mode in
 * one step, from there to the kernel's text, and only there loads the kernel's own tables.
 *
 * One CPU at a time: it tells when it has left the trampoline.
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/wait.h>

#include "arch/x86/x86.h"
#include "pv-core/cpu.h"
#include "pv-core/lapic.h"

#define CR4_LA57 (1ull << 12)

#define PTE_TABLE   0x003ull /* present, writable */
#define PTE_LARGE   0x083ull /* and a large page */
#define PTE_PS	    0x080ull
#define PTE_ADDRESS 0x000ffffffffff000ull
#define PTE_ENTRIES 512

#define MAX_LEVELS 5
#define PAGES	   (1 + MAX_LEVELS - 1) /* the lowest level has large pages */

/* A CPU that heard the first SIPI ignores the second, which is for those that lost it. */
#define SECOND_SIPI_MS 10

static uint64_t *table(uint8_t *low, unsigned int n)
{
	return (uint64_t *)(low + (1 + n) * PV_PAGE_SIZE);
}

/* Copies a table of the kernel's. Its entries lead where they did. */
static int copy(uint64_t *to, uint64_t pa)
{
	const void *from = pv_os_map(pa, PV_PAGE_SIZE, PV_MAP_MEMORY);

	if (!from)
		return PV_ENOMEM;
	pv_memcpy(to, from, PV_PAGE_SIZE);
	pv_os_unmap((void *)from, PV_PAGE_SIZE);
	return 0;
}

/* A table of pages of 2 MiB in the place of one of 1 GiB. */
static void split(uint64_t *to, uint64_t pte)
{
	unsigned int i;

	for (i = 0; i < PTE_ENTRIES; i++)
		to[i] = pte + ((uint64_t)i << 21);
}

static int build_tables(uint8_t *low)
{
	unsigned int levels = (pv_read_cr4() & CR4_LA57 ? 5 : 4) - 1, n;
	uint64_t pte = pv_read_cr3() | PTE_TABLE;
	int err = 0;

	for (n = 0; n < levels && !err; n++) {
		if (!(pte & 1))
			pv_memset(table(low, n), 0, PV_PAGE_SIZE);
		else if (n && pte & PTE_PS)
			split(table(low, n), pte);
		else
			err = copy(table(low, n), pte & PTE_ADDRESS);
		pte = table(low, n)[0];
		table(low, n)[0] = n + 1 < levels
					   ? PV_CONFIG_TRAMPOLINE +
						     (uint64_t)(2 + n) * PV_PAGE_SIZE + PTE_TABLE
					   : PTE_LARGE;
	}
	return err;
}

static bool is_ram(const struct pv_boot_info *boot, uint64_t base, uint64_t end)
{
	const struct pv_range *r;
	uint32_t i;

	if (!boot || !boot->num_ranges)
		return true;
	for (i = 0; i < boot->num_ranges; i++) {
		r = &boot->range[i];
		if (r->type == PV_RANGE_RAM && r->base <= base && r->base + r->size >= end)
			return true;
	}
	return false;
}

static bool arrived(void *arg)
{
	(void)arg;
	return __atomic_load_n(&pv_ap_arrived, __ATOMIC_ACQUIRE);
}

static int wake(uint32_t apic_id)
{
	uint32_t startup = PV_LAPIC_STARTUP | PV_CONFIG_TRAMPOLINE >> PV_PAGE_SHIFT;
	uint64_t flags = pv_irq_save();
	int err;

	pv_lapic_send(apic_id, PV_LAPIC_INIT | PV_LAPIC_ASSERT);
	pv_lapic_send(apic_id, startup);
	pv_irq_restore(flags);
	err = pv_wait_until(arrived, NULL, SECOND_SIPI_MS);
	if (!err)
		return 0;
	flags = pv_irq_save();
	pv_lapic_send(apic_id, startup);
	pv_irq_restore(flags);
	return pv_wait_until(arrived, NULL, PV_CONFIG_CPU_MS);
}

int pv_cpu_start_sipi(uint32_t apic_id, void (*entry)(void *arg), void *arg, void *stack_end,
		      const struct pv_boot_info *boot)
{
	const uint64_t end = PV_CONFIG_TRAMPOLINE + PAGES * PV_PAGE_SIZE;
	struct pv_ap_start *start;
	uint8_t *low;
	int err;

	err = pv_lapic_init();
	if (err)
		return err;
	if (!is_ram(boot, PV_CONFIG_TRAMPOLINE, end)) {
		pv_err("CPUs: no RAM at 0x%x for a trampoline", PV_CONFIG_TRAMPOLINE);
		return PV_ENOTSUP;
	}
	low = pv_os_map(PV_CONFIG_TRAMPOLINE, PAGES * PV_PAGE_SIZE, PV_MAP_MEMORY);
	if (!low)
		return PV_ENOMEM;
	pv_memcpy(low, pv_ap_trampoline, (size_t)(pv_ap_trampoline_end - pv_ap_trampoline));
	start = (struct pv_ap_start *)(low + (pv_ap_trampoline_start - pv_ap_trampoline));
	err = build_tables(low);
	if (!err) {
		pv_ap_start_fill(start, PV_CONFIG_TRAMPOLINE, entry, arg, stack_end);
		__atomic_store_n(&pv_ap_arrived, 0, __ATOMIC_SEQ_CST);
		err = wake(apic_id);
		if (err)
			pv_err("CPUs: the one with APIC id %u did not come up within %d ms",
			       apic_id, PV_CONFIG_CPU_MS);
	}
	pv_os_unmap(low, PAGES * PV_PAGE_SIZE);
	return err;
}
