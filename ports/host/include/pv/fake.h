/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake machine: what the library finds below arch/x86/x86.h and os.h when it runs in a process.
 *
 * Unit tests, simulators and fuzzers set up CPUID, MSRs, I/O ports, device registers and memory,
 * fail the n-th allocation, raise interrupts and let time pass. Nothing here is real: time advances
 * only when the library waits or asks, so that a wait of two seconds takes none, and runs repeat
 * exactly.
 *
 * Physical addresses are virtual ones for all memory that no region names; pv_os_map() reaches only
 * memory that the port gave out and regions that were added. Device registers are mapped at
 * addresses that no CPU can reach: an access other than by pv_mmio_*() faults at once.
 *
 * pv_fake_reset() makes the machine new. The runner of the unit tests calls it before each case,
 * and fails the case if it keeps memory, mappings or interrupts.
 */
#ifndef PV_FAKE_H
#define PV_FAKE_H

#include <pv/detect.h>
#include <pv/hv.h>
#include <pv/os.h>

/* --- the CPU ---------------------------------------------------------------------------------- */

/* One leaf of a recorded CPUID. Tables end with an entry whose `last` is set. */
struct pv_fake_leaf {
	uint32_t leaf;
	uint32_t subleaf; /* leaves without subleaves answer for subleaf 0 only */
	struct pv_cpuid value;
	bool last;
};

/* CPUID answers by this table, with zeroes where it has nothing; NULL: all zeroes. */
void pv_fake_cpuid(const struct pv_fake_leaf *table);

/* Makes an MSR known. An access to any other panics, as it would raise #GP. */
void pv_fake_msr_add(uint32_t msr, uint64_t value);
uint64_t pv_fake_msr(uint32_t msr);

/* --- registers and memory --------------------------------------------------------------------- */

/*
 * A range of I/O ports, or of physical memory. It answers by its handlers, or, for memory, is `len`
 * bytes at `memory`. It stays the caller's, and stays in place until it is removed or the machine
 * is reset. Where ranges overlap the one added last answers. Without a handler, reads give all ones
 * and writes are lost, as where there is no range at all.
 */
struct pv_fake_region {
	uint64_t base;
	uint64_t len;
	/* `offset` is from base, `size` 1, 2 or 4. */
	uint32_t (*read)(void *arg, uint64_t offset, unsigned int size);
	void (*write)(void *arg, uint64_t offset, unsigned int size, uint32_t value);
	void *arg;
	void *memory;

	struct pv_fake_region *next; /* the machine's */
};

void pv_fake_ports_add(struct pv_fake_region *region);
void pv_fake_memory_add(struct pv_fake_region *region);
void pv_fake_region_remove(struct pv_fake_region *region);

/* --- interrupts ------------------------------------------------------------------------------- */

/*
 * Calls the handlers of a line, of an INTx pin's function, or of a message. How many said that it
 * was theirs; -1 if nobody registered for it.
 */
int pv_fake_raise_gsi(unsigned int gsi);
int pv_fake_raise_intx(struct pv_pci_addr addr);
int pv_fake_raise_msi(uint64_t addr, uint32_t data);

/* A vector of pv_os_irq_vector(), delivered as it asked: through the local APIC, or past it. */
int pv_fake_raise_vector(unsigned int vector, bool eoi);

/* --- everything else: fields to set ----------------------------------------------------------- */

struct pv_fake {
	/* Time. */
	uint64_t now;	     /* ns; pv_os_uptime_ns(). Advances by 100 with each reading. */
	uint64_t relax_ns;   /* by which pv_os_relax() advances it; 1 ms */
	void (*relax)(void); /* called by pv_os_relax(): where a peer gets its turn */
	uint64_t tsc;	     /* RDTSC */
	uint64_t tsc_step;   /* by which each RDTSC advances it; 0 */
	uint64_t (*rdtsc)(void);
	unsigned int cpu; /* pv_os_cpu() */

	uint64_t cr0, cr3, cr4;

	/*
	 * HLT; and the CPU's end, which does not return. A CPU in the kernel, on the stack of its
	 * start.
	 */
	void (*halt)(void);
	void (*halt_forever)(void);
	void (*on_stack)(void *stack_end, void (*entry)(void *arg), void *arg);
	unsigned int flushes;  /* of the TLB */
	unsigned int irqs_off; /* pv_irq_save() less pv_irq_restore() */

	/* Replace the table of MSRs, where they are set. */
	uint64_t (*rdmsr)(uint32_t msr);
	void (*wrmsr)(uint32_t msr, uint64_t value);

	/* The instruction of a hypercall: KVM's convention, arguments as they are in registers. */
	long (*kvm_hypercall)(bool vmmcall, unsigned int nr, const unsigned long arg[4]);

	/* Xen's: in the place of the fake Xen of <pv/fake_xen.h>. */
	long (*xen_hypercall)(unsigned int op, const unsigned long arg[5]);
	void (*xen_iret)(const void *frame); /* does not return */

	/*
	 * Every read of shared memory, where the library is built with PV_SHARED_HOOKS: gets what
	 * is there, and returns what the library is to see. `size` is 1, 2, 4, 8; a copied block is
	 * read by bytes. `shared_wrote` is called after each write.
	 */
	uint64_t (*shared_read)(const volatile void *p, size_t size, uint64_t value);
	void (*shared_wrote)(volatile void *p, size_t size);
	void (*shared_atomic)(volatile void *p, size_t size); /* before each locked operation */

	/* Resources. */
	long alloc_fail_at;		     /* the n-th allocation from now fails, once; 0: none */
	void (*given)(void *va, size_t len); /* called with what is allocated, pages too */
	void (*taken)(void *va);	     /* and with what is given back */
	unsigned int pages_max;		     /* larger pv_os_pages_alloc() fail; 0: none does */
	bool no_gsi, no_intx, no_msi;	     /* the port has no such interrupts: PV_ENOTSUP */
	unsigned int msi_max;		     /* more are PV_ENOSPC; 0: no bound but the table's */
	unsigned int msi_fail_at;	     /* the n-th from now fails, once; 0: none */
	bool no_vector;			     /* nor the hypervisor's own */
	bool no_map;			     /* pv_os_map() fails */

	/* What the library took and has not given back. */
	unsigned int live_allocs, live_pages, live_maps, live_irqs;
	unsigned int control_depth;  /* pv_os_control_lock() */
	unsigned int work_scheduled; /* calls of pv_os_schedule_work() */
	unsigned int pauses;
	uint64_t pause_ns;   /* what each takes of the time */
	void (*pause)(void); /* called by pv_pause(): where another CPU gets its turn */
};

extern struct pv_fake pv_fake;

/* For pv_init(): all that the library has. */
extern const struct pv_hv *const pv_fake_hypervisors[];

/* The machine is new: nothing added, time and TSC 0. What is live stays counted. */
void pv_fake_reset(void);

/*
 * Whether a line with this text was logged since the reset. PV_LOG=1 in the environment prints all.
 */
bool pv_fake_logged(const char *text);

/*
 * Frees pages that are still given out, until no more than `keep` are: of whoever keeps some by
 * design.
 */
void pv_fake_pages_forget(unsigned int keep);

/*
 * How a test leaves what does not return: to where it called __builtin_setjmp(to). KASAN, which is
 * not told of it by the compiler, forgets what it knew of the stack.
 */
void pv_fake_leave(void **to) __attribute__((noreturn));

/*
 * Whether memory that is freed is kept for who asks next, poisoned meanwhile: for programs of many
 * short lives, in an address sanitizer's build.
 */
extern bool pv_fake_keeps_memory;

/* --- for the port ----------------------------------------------------------------------------- */

/* The region's address for the library; NULL if no region has all of the range. */
void *pv_fake_map(uint64_t pa, size_t len);
/* False if `va` was not from pv_fake_map(). */
bool pv_fake_unmap(void *va);
/* Translates an address in a region's memory; false if it is in none. */
bool pv_fake_phys(const void *va, uint64_t *pa);
/* pv_fake_reset() of each file. */
void pv_fake_cpu_reset(void);
void pv_fake_bus_reset(void);
void pv_fake_log_reset(void);

#endif
