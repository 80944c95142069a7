/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake machine's CPU: the instructions that leave the process.
 */
#include <pv/fake.h>

#include <pv/shared.h>

#include "arch/x86/x86.h"

struct pv_fake pv_fake;

static const struct pv_fake_leaf *leaves;

static struct {
	uint32_t msr;
	uint64_t value;
} msrs[32];
static unsigned int num_msrs;

void pv_fake_cpu_reset(void)
{
	leaves = NULL;
	num_msrs = 0;
}

void pv_fake_cpuid(const struct pv_fake_leaf *table)
{
	leaves = table;
}

struct pv_cpuid pv_cpuid(uint32_t leaf, uint32_t subleaf)
{
	const struct pv_fake_leaf *l;
	struct pv_cpuid none = {0, 0, 0, 0};

	for (l = leaves; l; l = l->last ? NULL : l + 1)
		if (l->leaf == leaf && l->subleaf == subleaf)
			return l->value;
	return none;
}

static uint64_t *msr_find(uint32_t msr)
{
	unsigned int i;

	for (i = 0; i < num_msrs; i++)
		if (msrs[i].msr == msr)
			return &msrs[i].value;
	return NULL;
}

void pv_fake_msr_add(uint32_t msr, uint64_t value)
{
	uint64_t *v = msr_find(msr);

	if (!v) {
		if (num_msrs == PV_ARRAY_SIZE(msrs))
			pv_os_panic("fake: more MSRs than the table holds");
		msrs[num_msrs].msr = msr;
		v = &msrs[num_msrs++].value;
	}
	*v = value;
}

uint64_t pv_fake_msr(uint32_t msr)
{
	const uint64_t *v = msr_find(msr);

	return v ? *v : 0;
}

uint64_t pv_rdmsr(uint32_t msr)
{
	uint64_t *v = msr_find(msr);

	if (pv_fake.rdmsr)
		return pv_fake.rdmsr(msr);
	if (!v)
		pv_os_panic("fake: RDMSR of an unknown MSR");
	return *v;
}

void pv_wrmsr(uint32_t msr, uint64_t value)
{
	uint64_t *v = msr_find(msr);

	if (pv_fake.wrmsr) {
		pv_fake.wrmsr(msr, value);
		return;
	}
	if (!v)
		pv_os_panic("fake: WRMSR of an unknown MSR");
	*v = value;
}

uint64_t pv_rdtsc(void)
{
	uint64_t tsc = pv_fake.tsc;

	if (pv_fake.rdtsc)
		return pv_fake.rdtsc();
	pv_fake.tsc += pv_fake.tsc_step;
	return tsc;
}

void pv_pause(void)
{
	pv_fake.pauses++;
	pv_fake.now += pv_fake.pause_ns;
	if (pv_fake.pause)
		pv_fake.pause();
}

static long hypercall(bool vmmcall, unsigned int nr, const unsigned long arg[4])
{
	if (!pv_fake.kvm_hypercall)
		pv_os_panic("fake: a hypercall, and no hypervisor");
	return pv_fake.kvm_hypercall(vmmcall, nr, arg);
}

long pv_vmcall(unsigned int nr, unsigned long a0, unsigned long a1, unsigned long a2,
	       unsigned long a3)
{
	const unsigned long arg[4] = {a0, a1, a2, a3};

	return hypercall(false, nr, arg);
}

long pv_vmmcall(unsigned int nr, unsigned long a0, unsigned long a1, unsigned long a2,
		unsigned long a3)
{
	const unsigned long arg[4] = {a0, a1, a2, a3};

	return hypercall(true, nr, arg);
}

/* --- control registers, interrupts, the end -------------------------------------------------- */

void pv_flush_tlb_here(void)
{
	pv_fake.flushes++;
}

uint64_t pv_read_cr0(void)
{
	return pv_fake.cr0;
}

uint64_t pv_read_cr3(void)
{
	return pv_fake.cr3;
}

uint64_t pv_read_cr4(void)
{
	return pv_fake.cr4;
}

uint64_t pv_irq_save(void)
{
	return pv_fake.irqs_off++;
}

void pv_irq_restore(uint64_t flags)
{
	if (--pv_fake.irqs_off != flags)
		pv_os_panic("fake: interrupts were not as they had been");
}

void pv_halt(void)
{
	pv_fake.now += pv_fake.relax_ns;
	if (pv_fake.halt)
		pv_fake.halt();
}

void pv_wait_for_interrupt(void)
{
	pv_halt();
}

void pv_halt_forever(void)
{
	if (pv_fake.halt_forever)
		pv_fake.halt_forever();
	pv_os_panic("fake: the CPU has ended");
}

/* --- the trampoline: bytes to be found again -------------------------------------------------- */

__asm__(".section .rodata\n"
	".globl pv_ap_trampoline, pv_ap_trampoline_long, pv_ap_trampoline_start\n"
	".globl pv_ap_trampoline_end\n"
	".balign 16\n"
	"pv_ap_trampoline: .ascii \"0123456789abcdef\"\n"
	"pv_ap_trampoline_long: .fill 16, 1, 0x90\n"
	"pv_ap_trampoline_start: .fill 104, 1, 0\n"
	"pv_ap_trampoline_end:\n"
	".text\n");

void pv_ap_land(void)
{
}

void pv_ap_segments(void)
{
}

void pv_ap_on_stack(void *stack_end, void (*entry)(void *arg), void *arg)
{
	if (pv_fake.on_stack)
		pv_fake.on_stack(stack_end, entry, arg);
	pv_os_panic("fake: a CPU goes on, and nobody knows where");
}
