/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the port's files share.
 */
#ifndef PORTS_BARE_BARE_H
#define PORTS_BARE_BARE_H

#include <pv/bare.h>
#include <pv/config.h>
#include <pv/log.h>
#include <pv/string.h>

#include "arch/x86/x86.h"
#include "ports/bare/hv.h"

/* --- the image (bare.ld) ---------------------------------------------------------------------- */

extern char pv_os_image_offset[]; /* an absolute symbol: its address is the value */
extern char pv_bare_text[], pv_bare_rodata[], pv_bare_data[];
/*
 * Behind .bss, and no part of the image but in that the loader zeroes it: the first pages to be
 * used.
 */
extern char pv_bare_clean[], pv_bare_end[];

static inline uint64_t pv_bare_image_phys(const void *p)
{
	return (uintptr_t)p - (uintptr_t)pv_os_image_offset;
}

/* --- CPU (cpu.c) ------------------------------------------------------------------------------ */

/* Interrupt stacks of the TSS, by their number in an IDT gate (Intel SDM 3A, 6.14.5). */
enum pv_bare_ist { PV_BARE_IST_FAULT = 1, PV_BARE_IST_NMI };

#define PV_BARE_STACK_SIZE 0x10000
#define PV_BARE_IST_SIZE   0x2000

/* Each stack grows down to a page that is never mapped. */
struct pv_bare_stacks {
	uint8_t guard0[PV_PAGE_SIZE];
	uint8_t main[PV_BARE_STACK_SIZE];
	uint8_t guard1[PV_PAGE_SIZE];
	uint8_t irq[2 * PV_BARE_IST_SIZE]; /* with room for an interrupt in an interrupt */
	uint8_t guard2[PV_PAGE_SIZE];
	uint8_t fault[PV_BARE_IST_SIZE];
	uint8_t guard3[PV_PAGE_SIZE];
	uint8_t nmi[PV_BARE_IST_SIZE];
};

#define PV_BARE_TLS_SIZE 512

/* What each CPU has of its own, in cache lines of its own. */
struct pv_bare_cpu {
	/*
	 * The C library's thread: its first word is its own address, %fs:0 (System V ABI, TLS).
	 * What is behind it is the port's.
	 */
	uint64_t tls[PV_BARE_TLS_SIZE / 8];
	struct pv_bare_cpu *self;
	unsigned int number;
	uint32_t apic_id;
	struct pv_bare_stacks *stacks;
	struct pv_bare_irq_stats irq;
	unsigned int irq_depth; /* interrupts that are being handled */
	unsigned int irq_seq;	/* odd while any is */
	bool faulted;		/* an exception was reported here */
	uint64_t relax_last;	/* of pv_os_relax() */
	unsigned int relax_spins;
	bool timer_started; /* pv_timer_start() was called here */
	bool up;	    /* smp.c */
	void (*main)(void);
	uint64_t gdt[5];		    /* null, code, data, TSS (two) */
	uint32_t tss[26];		    /* Intel SDM 3A, 7.7 */
	volatile bool woken PV_ALIGNED(64); /* pv_bare_wake(); others write it, too */
} PV_ALIGNED(64);

/* The boot CPU's; and any CPU's that runs, NULL for others. */
extern struct pv_bare_cpu pv_bare_boot_cpu;
extern struct pv_bare_cpu *pv_bare_cpus[PV_CONFIG_MAX_CPUS];

/* This CPU's; after pv_bare_cpu_init(). */
static inline struct pv_bare_cpu *pv_bare_this(void)
{
	struct pv_bare_cpu *cpu;

	__asm__("movq %%fs:%c1, %0" : "=r"(cpu) : "i"(PV_BARE_TLS_SIZE));
	return cpu;
}

/*
 * A lock between CPUs, for a few instructions, and not from interrupts. One CPU that waits for
 * another spins.
 */
struct pv_bare_lock {
	uint32_t taken;
};

static inline void pv_bare_lock(struct pv_bare_lock *l)
{
	while (__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&l->taken, __ATOMIC_RELAXED))
			pv_pause();
}

static inline void pv_bare_unlock(struct pv_bare_lock *l)
{
	__atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}

/* Bits of CPUID 80000001h, EDX. */
enum pv_bare_feature { PV_BARE_CPU_NX = 20, PV_BARE_CPU_1GB_PAGES = 26 };
bool pv_bare_has(enum pv_bare_feature bit);

/* This CPU's segments, TSS, thread-local storage, and the SSE and x87 units. */
void pv_bare_cpu_init(struct pv_bare_cpu *cpu);

/*
 * By the stubs, around the handling of an interrupt that came on the stack `sp`. The stack to
 * handle it on: the interrupt stack, or, if that is in use, the one that it came on. To be left
 * again on the latter.
 */
void *pv_bare_irq_enter(void *sp);
void pv_bare_irq_leave(void);

/* Calls `fn` on the main stack. */
void pv_bare_on_stack(void *stack_end, void (*fn)(void)) PV_NORETURN;

static inline uint64_t pv_bare_irq_save(void)
{
	uint64_t flags;

	if (pv_unlikely(pv_bare_pv)) /* never interrupted but where it waits */
		return 0;
	__asm__ __volatile__("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void pv_bare_irq_restore(uint64_t flags)
{
	if (flags & 0x200)
		__asm__ __volatile__("sti" : : : "memory");
}

/* --- exceptions (trap.c, trap_entry.S) -------------------------------------------------------- */

/* Fills the IDT: exceptions, and a stub for each interrupt vector; and loads it. */
void pv_bare_trap_init(void);

/* Loads it on a further CPU. */
void pv_bare_trap_load(void);

/* Prints, from the stack above `sp`, what looks like return addresses. */
void pv_bare_backtrace(const uint64_t *sp);

/* --- memory (memory.c, paging.c, heap.c) ------------------------------------------------------ */

/* Physical memory from here on, as far as it is RAM, is mapped at an address of its own. */
#define PV_BARE_DIRECT 0xffff800000000000ull
/* The same for device registers, uncached. */
#define PV_BARE_DEVICE 0xffffc00000000000ull
/* Room in each of the two: 64 TiB. */
#define PV_BARE_WINDOW (1ull << 46)

/* Takes the memory map over, and leaves the entry's page tables. PV_ENOMEM: no usable memory. */
int pv_bare_memory_init(const struct pv_boot_info *info);

/* Calls `fn` for each piece of usable RAM between `lo` and `hi`, page-aligned. */
void pv_bare_for_each_ram(const struct pv_boot_info *info, uint64_t lo, uint64_t hi,
			  void (*fn)(uint64_t base, uint64_t end));

/* Builds the port's own page tables, and loads them. */
int pv_bare_paging_init(const struct pv_boot_info *info);

/*
 * Unmaps a page of the direct map, or maps it again, as a guard of a stack: on this CPU at once, on
 * others before they can know of it. PV_ENOMEM: it stays as it is.
 */
int pv_bare_guard(void *page, bool on);

/*
 * Where physical memory is mapped now: 0 on the entry's tables, then PV_BARE_DIRECT; on Xen PV
 * elsewhere.
 */
extern uintptr_t pv_bare_direct;

/* The physical address of anything in the image or the direct map. */
static inline uint64_t pv_bare_phys(const void *va)
{
	uint64_t a = (uintptr_t)va;

	return a >= (uintptr_t)pv_os_image_offset ? a - (uintptr_t)pv_os_image_offset
						  : a - pv_bare_direct;
}

/* --- interrupts (irq.c, apic.c, ioapic.c) ----------------------------------------------------- */

#define PV_BARE_VECTOR_FIRST	0x20
#define PV_BARE_VECTOR_TIMER	0xfe
#define PV_BARE_VECTOR_SPURIOUS 0xff

void pv_bare_irq_init(void);

/* Interrupts on a further CPU: its local APIC, or its upcalls. */
void pv_bare_irq_cpu_init(void);

/* Called by the stubs. */
void pv_bare_irq(unsigned int vector);

/* Whether any device has an interrupt registered. */
bool pv_bare_irq_any(void);

/* The local APIC; false if there is none, and then no interrupt at all. */
bool pv_bare_apic_init(void);
void pv_bare_apic_cpu_init(void);
bool pv_bare_apic_present(void);
void pv_bare_apic_eoi(void);
/* Raises the timer's interrupt once, in about `ns` nanoseconds; 0 stops it. */
void pv_bare_apic_timer(uint64_t ns);

/*
 * Routes a global system interrupt to a vector, unmasked; or masks it, for vector 0. PV_ENOTSUP: no
 * I/O APIC has it.
 */
int pv_bare_ioapic_route(unsigned int gsi, bool level, bool active_low, unsigned int vector);

/* --- time (time.c) ---------------------------------------------------------------------------- */

/* After pv_init(): settles where time comes from. */
void pv_bare_time_init(void);

/* The local APIC's timer fired. Context: interrupt. */
void pv_bare_time_tick(void);

/* pv_bare_wait(), which leaves control work that is due, and returns, instead. */
void pv_bare_doze(const volatile bool *woken, uint64_t max_ns);

/* The end is near: nothing sleeps any more, with interrupts on. */
void pv_bare_time_end(void);

/* --- console (console.c) ---------------------------------------------------------------------- */

void pv_bare_console_init(enum pv_boot_protocol protocol);

/* After pv_init(): a console that it found is used, too. */
void pv_bare_console_attach(void);

/* --- log (log.c) ------------------------------------------------------------------------------ */

/* Lines less urgent than this are not printed. */
void pv_bare_log_level(const char *cmdline);

#endif
