/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What a CPU needs before C code of any kind may run on it: segments, a TSS with stacks for
 * interrupts and faults, thread-local storage for the C library, and the SSE and x87 units switched
 * on.
 *
 * Interrupts are handled on a stack of their own. They do not nest, but where an emulator delivers
 * one that a hypervisor injected a second time, with interrupts off: QEMU 7.2 does that to guests
 * of the hypervisors that it runs by its own SVM, when something asks for the CPU before the guest
 * exits again (svm_helper.c: helper_vmrun() leaves exception_index behind). It may come before the
 * first instruction of the first one's handler: a stack that the CPU itself switches to would have
 * lost the first one's frame then. So the switch is made by software, and what is interrupted must
 * have no red zone below its stack pointer. A double fault comes when there is no stack left for
 * the first, an NMI at any instruction: each of them finds a stack that is good.
 */
#include "ports/bare/bare.h"

#define CS  0x08
#define DS  0x10
#define TSS 0x18

#define MSR_EFER    0xc0000080
#define MSR_FS_BASE 0xc0000100
#define EFER_NXE    (1ull << 11)
#define CR0_MP	    (1ull << 1)
#define CR0_EM	    (1ull << 2)
#define CR0_TS	    (1ull << 3)
#define CR0_NE	    (1ull << 5)
#define CR0_WP	    (1ull << 16)
#define CR4_OSFXSR  (3ull << 9) /* and OSXMMEXCPT */

/* Indices of the TSS in words of 4 bytes (Intel SDM 3A, 7.7). */
#define TSS_IST(n)  (9 + 2 * ((n)-1))
#define TSS_IO_BASE 25

static struct pv_bare_stacks stacks PV_ALIGNED(PV_PAGE_SIZE);
struct pv_bare_cpu pv_bare_boot_cpu = {.stacks = &stacks};
struct pv_bare_cpu *pv_bare_cpus[PV_CONFIG_MAX_CPUS] = {&pv_bare_boot_cpu};

_Static_assert(offsetof(struct pv_bare_cpu, self) == PV_BARE_TLS_SIZE, "pv_bare_this()");

static void set_stack(struct pv_bare_cpu *cpu, enum pv_bare_ist ist, void *end)
{
	cpu->tss[TSS_IST(ist)] = (uint32_t)(uintptr_t)end;
	cpu->tss[TSS_IST(ist) + 1] = (uint32_t)((uintptr_t)end >> 32);
}

static void segments_init(struct pv_bare_cpu *cpu)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} PV_PACKED gdtr = {sizeof(cpu->gdt) - 1, (uintptr_t)cpu->gdt};
	uint64_t base = (uintptr_t)cpu->tss;
	uint64_t limit = sizeof(cpu->tss) - 1;

	set_stack(cpu, PV_BARE_IST_FAULT, cpu->stacks->fault + PV_BARE_IST_SIZE);
	set_stack(cpu, PV_BARE_IST_NMI, cpu->stacks->nmi + PV_BARE_IST_SIZE);
	cpu->tss[TSS_IO_BASE] = (uint32_t)sizeof(cpu->tss) << 16;

	cpu->gdt[CS / 8] = 0x00af9b000000ffff;
	cpu->gdt[DS / 8] = 0x00cf93000000ffff;
	cpu->gdt[TSS / 8] =
		limit | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	cpu->gdt[TSS / 8 + 1] = base >> 32;

	/*
	 * The selectors are those of the entry's GDT, so that nothing but the TSS is to be loaded.
	 */
	__asm__ __volatile__("lgdt %0; ltr %w1" : : "m"(gdtr), "r"(TSS) : "memory");
}

/*
 * The count is seen odd before the handlers are looked for, and even after they were called:
 * pv_os_irq_free() waits.
 */
void *pv_bare_irq_enter(void *sp)
{
	struct pv_bare_cpu *cpu = pv_bare_this();

	if (cpu->irq_depth++) {
		cpu->irq.nested++;
		return sp;
	}
	__atomic_store_n(&cpu->irq_seq, cpu->irq_seq + 1, __ATOMIC_SEQ_CST);
	return cpu->stacks->irq + sizeof(cpu->stacks->irq);
}

void pv_bare_irq_leave(void)
{
	struct pv_bare_cpu *cpu = pv_bare_this();

	if (!--cpu->irq_depth)
		__atomic_store_n(&cpu->irq_seq, cpu->irq_seq + 1, __ATOMIC_RELEASE);
}

bool pv_bare_has(enum pv_bare_feature bit)
{
	return pv_cpuid(0x80000000, 0).eax >= 0x80000001 && pv_cpuid(0x80000001, 0).edx >> bit & 1;
}

void pv_bare_cpu_init(struct pv_bare_cpu *cpu)
{
	uint64_t cr0;
	uint64_t cr4;

	cpu->tls[0] = (uintptr_t)cpu->tls;
	cpu->self = cpu;
	if (pv_bare_pv) {
		pv_bare_pv->cpu_init(cpu->tls[0]);
		return;
	}
	segments_init(cpu);
	pv_wrmsr(MSR_FS_BASE, cpu->tls[0]);
	if (pv_bare_has(PV_BARE_CPU_NX))
		pv_wrmsr(MSR_EFER, pv_rdmsr(MSR_EFER) | EFER_NXE);

	__asm__ __volatile__("mov %%cr0, %0" : "=r"(cr0));
	cr0 = (cr0 & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP;
	__asm__ __volatile__("mov %0, %%cr0" : : "r"(cr0));
	__asm__ __volatile__("mov %%cr4, %0" : "=r"(cr4));
	__asm__ __volatile__("mov %0, %%cr4; fninit" : : "r"(cr4 | CR4_OSFXSR));
}

unsigned int pv_os_cpu(void)
{
	return pv_bare_this()->number;
}
