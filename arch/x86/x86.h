/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The CPU, as the rest of the library sees it: the one header through which arch/x86 is reached.
 *
 * Built with PV_ARCH_HOOKS (in a process: simulator, fuzzers, unit tests) every instruction that
 * leaves the process is a function instead, which a fake machine supplies.
 */
#ifndef PV_ARCH_X86_H
#define PV_ARCH_X86_H

#include <pv/detect.h>
#include <pv/shared.h>
#include <pv/types.h>

/*
 * How Xen is called (xen_hypercall.c): by an instruction, or through its hypercall page. Set once,
 * before the first call; PV_XEN_CALL_NONE answers PV_ENOSYS to everything.
 */
enum pv_xen_call_mode {
	PV_XEN_CALL_NONE,
	PV_XEN_CALL_VMCALL,  /* PVH, HVM on Intel's CPUs */
	PV_XEN_CALL_VMMCALL, /* PVH, HVM on AMD's */
	PV_XEN_CALL_SYSCALL, /* PV */
	PV_XEN_CALL_PAGE
};
extern enum pv_xen_call_mode pv_xen_call_mode;

/* Xen's 64-bit convention: number in RAX, arguments in RDI, RSI, RDX, R10, R8, result in RAX. */
long pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
		      unsigned long a4, unsigned long a5);

/* PV: CPUID as Xen shows it to its guests (pv_cpuid.c). */
struct pv_cpuid pv_cpuid_xen_pv(uint32_t leaf, uint32_t subleaf);

/* PV: __HYPERVISOR_iret, which takes a struct iret_context from the stack and does not return. */
void pv_xen_hypercall_iret(const void *frame) PV_NORETURN;

/*
 * The hypercall page (xen_hypercall_page.S, linked if it is named): text that Xen fills, 32 bytes
 * for each hypercall. With it comes the ELF note by which Xen fills it before a PV kernel starts.
 */
#define PV_XEN_PAGE_STUB  32
#define PV_XEN_PAGE_EMPTY 0xcc /* the first byte of each stub as it is linked */
extern uint8_t pv_xen_hypercall_page[];
extern const uint8_t *pv_xen_call_page; /* the same; set before the mode */

/*
 * Starting a CPU (ap_trampoline.S, ap_start.c). What is between the first two symbols is copied to
 * a page below 1 MiB; in it, at pv_ap_trampoline_start, is the structure, which pv_ap_start_fill()
 * fills for the page's address and with what this CPU has in its control registers. The CPU sets
 * pv_ap_arrived when it is in the kernel.
 */
struct pv_ap_start {
	uint32_t low_cr3, low_cr4, efer;
	uint32_t jump_offset;
	uint16_t jump_selector;
	uint16_t gdt_limit;
	uint32_t gdt_base;
	uint64_t gdt[3];
	uint64_t land, cr3, cr4, cr0;
	uint64_t entry, arg, stack_end;
};
extern const uint8_t pv_ap_trampoline[], pv_ap_trampoline_long[], pv_ap_trampoline_start[],
	pv_ap_trampoline_end[];
extern uint32_t pv_ap_arrived;
void pv_ap_start_fill(struct pv_ap_start *start, uint32_t base, void (*entry)(void *arg), void *arg,
		      void *stack_end);

/*
 * Not functions of C: the trampoline's way into the kernel, and with segments still to be loaded.
 */
void pv_ap_land(void);
void pv_ap_segments(void);

/* Leaves the stack behind. */
void pv_ap_on_stack(void *stack_end, void (*entry)(void *arg), void *arg) PV_NORETURN;

#ifdef PV_ARCH_HOOKS

void pv_flush_tlb_here(void);
uint64_t pv_read_cr0(void);
uint64_t pv_read_cr3(void);
uint64_t pv_read_cr4(void);
uint64_t pv_irq_save(void);
void pv_irq_restore(uint64_t flags);
void pv_halt(void);
void pv_wait_for_interrupt(void);
void pv_halt_forever(void) PV_NORETURN;
struct pv_cpuid pv_cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t pv_rdmsr(uint32_t msr);
void pv_wrmsr(uint32_t msr, uint64_t value);
uint64_t pv_rdtsc(void);
uint8_t pv_in8(uint16_t port);
uint16_t pv_in16(uint16_t port);
uint32_t pv_in32(uint16_t port);
void pv_out8(uint16_t port, uint8_t v);
void pv_out16(uint16_t port, uint16_t v);
void pv_out32(uint16_t port, uint32_t v);
uint8_t pv_mmio_read8(const volatile void *p);
uint16_t pv_mmio_read16(const volatile void *p);
uint32_t pv_mmio_read32(const volatile void *p);
void pv_mmio_write8(volatile void *p, uint8_t v);
void pv_mmio_write16(volatile void *p, uint16_t v);
void pv_mmio_write32(volatile void *p, uint32_t v);
void pv_pause(void);
long pv_vmcall(unsigned int nr, unsigned long a0, unsigned long a1, unsigned long a2,
	       unsigned long a3);
long pv_vmmcall(unsigned int nr, unsigned long a0, unsigned long a1, unsigned long a2,
		unsigned long a3);

#else

static inline struct pv_cpuid pv_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct pv_cpuid r;

	__asm__ __volatile__("cpuid"
			     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			     : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t pv_rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ __volatile__("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void pv_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ __volatile__("wrmsr"
			     :
			     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			     : "memory");
}

/* All that is not global. */
static inline void pv_flush_tlb_here(void)
{
	uint64_t cr3;

	__asm__ __volatile__("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
}

#define PV_X86_READ_CR(n)                                                                          \
	static inline uint64_t pv_read_cr##n(void)                                                 \
	{                                                                                          \
		uint64_t v;                                                                        \
                                                                                                   \
		__asm__ __volatile__("mov %%cr" #n ", %0" : "=r"(v) : : "memory");                 \
		return v;                                                                          \
	}
PV_X86_READ_CR(0)
PV_X86_READ_CR(3)
PV_X86_READ_CR(4)
#undef PV_X86_READ_CR

/* Interrupts off; as they were before. Not in a Xen PV guest, where they are another thing. */
static inline uint64_t pv_irq_save(void)
{
	uint64_t flags;

	__asm__ __volatile__("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void pv_irq_restore(uint64_t flags)
{
	if (flags & 0x200)
		__asm__ __volatile__("sti" : : : "memory");
}

static inline void pv_halt(void)
{
	__asm__ __volatile__("hlt" : : : "memory");
}

/*
 * With interrupts off: takes one, or several, and returns with them off. None that is pending is
 * slept through.
 */
static inline void pv_wait_for_interrupt(void)
{
	__asm__ __volatile__("sti; hlt; cli" : : : "memory");
}

static inline void PV_NORETURN pv_halt_forever(void)
{
	for (;;)
		__asm__ __volatile__("cli; hlt" : : : "memory");
}

/* Not ordered against surrounding loads; pv_clock_now() says what it adds. */
static inline uint64_t pv_rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ __volatile__("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

#define PV_X86_PORT(bits, type, suffix)                                                            \
	static inline type pv_in##bits(uint16_t port)                                              \
	{                                                                                          \
		type v;                                                                            \
                                                                                                   \
		__asm__ __volatile__("in" suffix " %1, %0" : "=a"(v) : "Nd"(port) : "memory");     \
		return v;                                                                          \
	}                                                                                          \
	static inline void pv_out##bits(uint16_t port, type v)                                     \
	{                                                                                          \
		__asm__ __volatile__("out" suffix " %0, %1" : : "a"(v), "Nd"(port) : "memory");    \
	}
PV_X86_PORT(8, uint8_t, "b")
PV_X86_PORT(16, uint16_t, "w")
PV_X86_PORT(32, uint32_t, "l")
#undef PV_X86_PORT

/*
 * Device registers. One MOV each, in assembly, so that no compiler turns it into an instruction
 * that an emulating hypervisor does not decode.
 */
#define PV_X86_MMIO(bits, type, insn, reg)                                                         \
	static inline type pv_mmio_read##bits(const volatile void *p)                              \
	{                                                                                          \
		type v;                                                                            \
                                                                                                   \
		__asm__ __volatile__(insn " %1, %0"                                                \
				     : "=" reg(v)                                                  \
				     : "m"(*(const volatile type *)p)                              \
				     : "memory");                                                  \
		return v;                                                                          \
	}                                                                                          \
	static inline void pv_mmio_write##bits(volatile void *p, type v)                           \
	{                                                                                          \
		__asm__ __volatile__(insn " %1, %0"                                                \
				     : "=m"(*(volatile type *)p)                                   \
				     : reg(v)                                                      \
				     : "memory");                                                  \
	}
PV_X86_MMIO(8, uint8_t, "movb", "q")
PV_X86_MMIO(16, uint16_t, "movw", "r")
PV_X86_MMIO(32, uint32_t, "movl", "r")
#undef PV_X86_MMIO

static inline void pv_pause(void)
{
	__asm__ __volatile__("pause" : : : "memory");
}

/*
 * The hypercall instructions of VMX and SVM, with the registers as KVM takes them (Linux
 * Documentation/virt/kvm/x86/hypercalls.rst): number in RAX, arguments in RBX, RCX, RDX, RSI,
 * result in RAX, no other register changed.
 */
#define PV_X86_HYPERCALL(name)                                                                     \
	static inline long pv_##name(unsigned int nr, unsigned long a0, unsigned long a1,          \
				     unsigned long a2, unsigned long a3)                           \
	{                                                                                          \
		long r;                                                                            \
                                                                                                   \
		__asm__ __volatile__(#name                                                         \
				     : "=a"(r)                                                     \
				     : "a"((unsigned long)nr), "b"(a0), "c"(a1), "d"(a2), "S"(a3)  \
				     : "memory");                                                  \
		return r;                                                                          \
	}
PV_X86_HYPERCALL(vmcall)
PV_X86_HYPERCALL(vmmcall)
#undef PV_X86_HYPERCALL

#endif

#endif
