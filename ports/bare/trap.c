/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Exceptions: all of them end the virtual machine, with a report, but for page faults that the
 * application knows what to do about.
 *
 * The report gives registers, and from the stack every word that points into the text just behind a
 * call instruction. No frame pointers are needed for that, which the C library does not keep
 * either; it may name calls that have returned already. The addresses are those of the calls, as
 * addr2line takes them.
 */
#include "ports/bare/bare.h"

/* An IDT gate, as two words (Intel SDM 3A, 6.14.1). */
struct gate {
	uint64_t low;  /* offset 15:0, selector, IST, type, offset 31:16 */
	uint64_t high; /* offset 63:32 */
};

#define GATE_INTERRUPT (0x8e00ull << 32) /* present, interrupts off */
#define GATE_IST(n)    ((uint64_t)(n) << 32)
#define GATE_CS	       (0x08ull << 16)

#define VECTOR_NMI 2
#define VECTOR_DF  8
#define VECTOR_PF  14
#define VECTOR_MC  18

#define PF_PRESENT 0x1
#define PF_WRITE   0x2
#define PF_FETCH   0x10

struct pv_bare_frame {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Called by the stubs. */
void pv_bare_exception(const struct pv_bare_frame *f);

extern char pv_bare_exception_stubs[], pv_bare_irq_stubs[];

#define BACKTRACE_MAX 24

static struct gate idt[256] PV_ALIGNED(16);

static const char *const names[32] = {
	[0] = "#DE divide error",
	[1] = "#DB debug",
	[2] = "NMI",
	[3] = "#BP breakpoint",
	[4] = "#OF overflow",
	[5] = "#BR bound range",
	[6] = "#UD invalid opcode",
	[7] = "#NM no math device",
	[8] = "#DF double fault",
	[10] = "#TS invalid TSS",
	[11] = "#NP segment not present",
	[12] = "#SS stack segment",
	[13] = "#GP general protection",
	[14] = "#PF page fault",
	[16] = "#MF x87 error",
	[17] = "#AC alignment check",
	[18] = "#MC machine check",
	[19] = "#XM SIMD error",
	[20] = "#VE virtualization",
	[21] = "#CP control protection",
	[28] = "#HV hypervisor injection",
	[29] = "#VC VMM communication",
	[30] = "#SX security",
};

static void set_gates(unsigned int first, unsigned int end, uint64_t stub, unsigned int stub_size)
{
	struct gate *g;

	for (g = &idt[first]; g < &idt[end]; g++, stub += stub_size) {
		g->low = GATE_INTERRUPT | GATE_CS | (stub & 0xffff) | (stub & 0xffff0000) << 32;
		g->high = stub >> 32;
	}
}

void pv_bare_trap_load(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} PV_PACKED idtr = {sizeof(idt) - 1, (uintptr_t)idt};

	__asm__ __volatile__("lidt %0" : : "m"(idtr) : "memory");
}

void pv_bare_trap_init(void)
{
	set_gates(0, 32, (uintptr_t)pv_bare_exception_stubs, 16);
	set_gates(32, 256, (uintptr_t)pv_bare_irq_stubs, 8);
	idt[VECTOR_DF].low |= GATE_IST(PV_BARE_IST_FAULT);
	idt[VECTOR_NMI].low |= GATE_IST(PV_BARE_IST_NMI);
	idt[VECTOR_MC].low |= GATE_IST(PV_BARE_IST_NMI);
	pv_bare_trap_load();
}

/* The end of the stack that `sp` is on; `sp` itself, if it is on none. */
static uintptr_t stack_end(uintptr_t sp)
{
	struct pv_bare_stacks *s = pv_bare_this()->stacks;
	struct {
		uint8_t *base;
		size_t size;
	} const stack[] = {{s->main, sizeof(s->main)},
			   {s->irq, sizeof(s->irq)},
			   {s->fault, sizeof(s->fault)},
			   {s->nmi, sizeof(s->nmi)}};
	size_t i;

	for (i = 0; i < PV_ARRAY_SIZE(stack); i++)
		if (sp - (uintptr_t)stack[i].base < stack[i].size)
			return (uintptr_t)stack[i].base + stack[i].size;
	return sp;
}

/*
 * Whether a call instruction ends at `a`: E8 rel32, or FF /2 in its forms of 2, 3, 4, 6 and 7
 * bytes.
 */
static bool behind_call(uintptr_t a)
{
	static const uint8_t len[] = {2, 3, 4, 6, 7};
	const uint8_t *p = (const uint8_t *)a;
	size_t i;

	if (a < (uintptr_t)pv_bare_text + 8 || a > (uintptr_t)pv_bare_rodata)
		return false;
	if (p[-5] == 0xe8)
		return true;
	for (i = 0; i < sizeof(len); i++)
		if (p[-len[i]] == 0xff && (p[1 - len[i]] >> 3 & 7) == 2)
			return true;
	return false;
}

static bool is_guard(uint64_t va)
{
	struct pv_bare_stacks *s = pv_bare_this()->stacks;

	return va - (uintptr_t)s->guard0 < PV_PAGE_SIZE ||
	       va - (uintptr_t)s->guard1 < PV_PAGE_SIZE ||
	       va - (uintptr_t)s->guard2 < PV_PAGE_SIZE || va - (uintptr_t)s->guard3 < PV_PAGE_SIZE;
}

void pv_bare_backtrace(const uint64_t *sp)
{
	const uint64_t *end;
	unsigned int n = 0;

	/* A stack that overflowed is read from its last good word. */
	if (is_guard((uintptr_t)sp))
		sp = (const uint64_t *)(((uintptr_t)sp | (PV_PAGE_SIZE - 1)) + 1);
	sp = (const uint64_t *)(((uintptr_t)sp + 7) & ~(uintptr_t)7);
	end = (const uint64_t *)stack_end((uintptr_t)sp);
	for (; sp < end && n < BACKTRACE_MAX; sp++) {
		if (!behind_call(*sp))
			continue;
		pv_err("  called from 0x%llx", (unsigned long long)*sp - 1);
		n++;
	}
}

static uint64_t read_cr2(void)
{
	uint64_t v;

	if (pv_bare_pv)
		return pv_bare_pv->cr2();
	__asm__ __volatile__("mov %%cr2, %0" : "=r"(v));
	return v;
}

static void print_registers(const struct pv_bare_frame *f)
{
	const struct {
		const char *name;
		uint64_t v;
	} reg[] = {{"rax", f->rax}, {"rbx", f->rbx}, {"rcx", f->rcx}, {"rdx", f->rdx},
		   {"rsi", f->rsi}, {"rdi", f->rdi}, {"rbp", f->rbp}, {"rsp", f->rsp},
		   {"r8 ", f->r8},  {"r9 ", f->r9},  {"r10", f->r10}, {"r11", f->r11},
		   {"r12", f->r12}, {"r13", f->r13}, {"r14", f->r14}, {"r15", f->r15}};
	size_t i;

	for (i = 0; i < PV_ARRAY_SIZE(reg); i += 4)
		pv_err("  %s %016llx %s %016llx %s %016llx %s %016llx", reg[i].name,
		       (unsigned long long)reg[i].v, reg[i + 1].name,
		       (unsigned long long)reg[i + 1].v, reg[i + 2].name,
		       (unsigned long long)reg[i + 2].v, reg[i + 3].name,
		       (unsigned long long)reg[i + 3].v);
}

static void report(const struct pv_bare_frame *f, unsigned long long cr2) PV_NORETURN;

static void report(const struct pv_bare_frame *f, unsigned long long cr2)
{
	static bool reporting;
	struct pv_bare_cpu *cpu = pv_bare_this();
	const char *name = f->vector < 32 && names[f->vector] ? names[f->vector] : "exception";

	/* An exception in the report, or in ending the machine: no further attempt at either. */
	if (cpu->faulted && pv_bare_hv())
		pv_bare_hv()->crash();
	while (cpu->faulted)
		__asm__ __volatile__("lidt %0; int3" : : "m"((char[10]) {0}));
	cpu->faulted = true;
	/* The first CPU's is the one that tells. */
	while (__atomic_exchange_n(&reporting, true, __ATOMIC_SEQ_CST))
		pv_pause();

	pv_err("%s, vector %u, error 0x%llx, at 0x%llx, flags 0x%llx", name,
	       (unsigned int)f->vector, (unsigned long long)f->error, (unsigned long long)f->rip,
	       (unsigned long long)f->rflags);
	if (cpu->number)
		pv_err("  on CPU %u", cpu->number);
	if (f->vector == VECTOR_PF)
		pv_err("  %s of 0x%llx, which %s",
		       f->error & PF_FETCH ? "execution" : (f->error & PF_WRITE ? "write" : "read"),
		       cr2, f->error & PF_PRESENT ? "does not allow it" : "is not mapped");
	if ((f->vector == VECTOR_PF || f->vector == VECTOR_DF) && is_guard(cr2))
		pv_err("  stack overflow");
	print_registers(f);
	pv_bare_backtrace((const uint64_t *)f->rsp);
	pv_bare_exit(1);
}

static bool (*page_fault)(uint64_t cr2);

void pv_bare_on_page_fault(bool (*fn)(uint64_t cr2))
{
	page_fault = fn;
}

void pv_bare_exception(const struct pv_bare_frame *f)
{
	uint64_t cr2 = read_cr2();

	if (f->vector != VECTOR_PF || !page_fault || !page_fault(cr2))
		report(f, cr2);
}

void pv_os_panic(const char *what)
{
	pv_err("panic: %s", what);
	pv_bare_backtrace((const uint64_t *)__builtin_frame_address(0));
	pv_bare_exit(1);
}
