/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port: what the kernel supplies to libpv.
 *
 * These are all the functions that the library calls. They are resolved by the linker, and none has
 * a default: an unresolved `pv_os_*` is the porting check list. docs/porting.md walks through a
 * complete port in one file (examples/minimal.c).
 *
 * A port that compiles the library itself may supply any of them as `static inline` in a header
 * named pv_port.h on the include path; a macro of the same name as the function tells that it did:
 *
 *	static inline uint64_t pv_os_virt_to_phys(const void *va) { return (uint64_t)va - BASE; }
 *	#define pv_os_virt_to_phys pv_os_virt_to_phys
 *
 * Contexts. The library is called, and calls the port, in one of these:
 *	control   pv_init(), pv_work(), open and close calls. May sleep. One at a time, by
 *		  pv_os_control_lock().
 *	data      submit, flush and poll of one queue, by one CPU at a time. Never sleeps.
 *	interrupt the handlers that the library registered. Never sleeps.
 * Each function below says from which of them it is called.
 *
 * A kernel with one CPU that polls supplies log, panic, alloc, free, pages_alloc, pages_free,
 * virt_to_phys, map, unmap and uptime_ns; <pv/os_polling.h>, included in one of its files, is the
 * rest.
 */
#ifndef PV_OS_H
#define PV_OS_H

#include <pv/err.h>
#include <pv/types.h>

PV_BEGIN_DECLS

/* Urgency of a log line, most urgent first. */
enum pv_log_level {
	PV_LOG_ERROR, /* something the user asked for does not work */
	PV_LOG_WARN,  /* it works with less than it could, or a peer misbehaved */
	PV_LOG_INFO,  /* once per device or per boot */
	PV_LOG_DEBUG  /* each step of a negotiation */
};

/* How physical memory is to be mapped by pv_os_map(). */
enum pv_map_type {
	PV_MAP_MEMORY, /* RAM, firmware tables, pages shared with the hypervisor: write-back */
	PV_MAP_DEVICE  /* device registers: uncached */
};

/* A PCI function's address: segment group, bus, device and function, as PCI Firmware 3.x has it. */
struct pv_pci_addr {
	uint16_t segment;
	uint8_t bus;
	uint8_t devfn; /* device << 3 | function */
};

/* What a device writes, and where, to raise a message-signalled interrupt (PCI 3.0, 6.8.1). */
struct pv_msi_msg {
	uint64_t addr;
	uint32_t data;
};

/*
 * An interrupt handler of the library. `arg` is the one given at registration. It only acknowledges
 * and schedules; it does not sleep and takes a bounded time. True if its device had raised the
 * interrupt, false if not (a line may be shared).
 */
typedef bool (*pv_os_irq_fn)(void *arg);

#if defined(__has_include)
#if __has_include(<pv_port.h>)
#include <pv_port.h>
#endif
#endif

/* --- log and failure -------------------------------------------------------------------------- */

/*
 * Prints one line; it comes without a newline, and is at most 255 characters long.
 * Context: any. Must not call back into the library.
 */
#ifndef pv_os_log
void pv_os_log(enum pv_log_level level, const char *line);
#endif

/*
 * Ends the kernel: the library found its own state inconsistent (never for a peer's misbehaviour).
 * Context: any.
 */
#ifndef pv_os_panic
void pv_os_panic(const char *what) PV_NORETURN;
#endif

/* --- memory ----------------------------------------------------------------------------------- */

/*
 * Zeroed memory of `size` bytes, aligned to 16; NULL if there is none.
 * Context: control. May sleep.
 */
#ifndef pv_os_alloc
void *pv_os_alloc(size_t size);
#endif

/* Returns what pv_os_alloc(size) gave. NULL is allowed. Context: control. */
#ifndef pv_os_free
void pv_os_free(void *p, size_t size);
#endif

/*
 * `n` zeroed pages of 4 KiB, page-aligned, contiguous both in virtual and in physical addresses,
 * and such that pv_os_virt_to_phys() holds for them; NULL if there are none. A port whose allocator
 * has single pages only returns NULL for n > 1; rings are then made smaller.
 * Context: control. May sleep.
 */
#ifndef pv_os_pages_alloc
void *pv_os_pages_alloc(unsigned int n);
#endif

/* Returns what pv_os_pages_alloc(n) gave. NULL is allowed. Context: control. */
#ifndef pv_os_pages_free
void pv_os_pages_free(void *va, unsigned int n);
#endif

/*
 * The guest-physical address of `va`, which is in memory from pv_os_pages_alloc(), or in a buffer
 * that the kernel put into a request.
 * Context: any, and on the data path: the one worth an inline.
 */
#ifndef pv_os_virt_to_phys
uint64_t pv_os_virt_to_phys(const void *va);
#endif

/*
 * Maps `len` bytes of physical memory at `pa` (neither need be aligned) and returns the address of
 * the first; NULL if that cannot be mapped, for instance above what the port's tables reach.
 * Context: control. May sleep.
 */
#ifndef pv_os_map
void *pv_os_map(uint64_t pa, size_t len, enum pv_map_type type);
#endif

/*
 * Undoes pv_os_map(); may do nothing, if the port's mappings are permanent.
 * Context: control.
 */
#ifndef pv_os_unmap
void pv_os_unmap(void *va, size_t len);
#endif

/* --- time ------------------------------------------------------------------------------------- */

/*
 * Nanoseconds since some fixed moment, never backwards. Only deadlines are measured by it, so a
 * factor of two off does no harm; a port may return pv_clock_now() where pv_clock_present().
 * Context: any.
 */
#ifndef pv_os_uptime_ns
uint64_t pv_os_uptime_ns(void);
#endif

/*
 * Called over and over while the library waits for a device or backend. It may sleep until the next
 * interrupt or timer tick, but returns within about a millisecond. A polling kernel executes PAUSE.
 * Context: control. May sleep.
 */
#ifndef pv_os_relax
void pv_os_relax(void);
#endif

/* --- CPUs and exclusion ----------------------------------------------------------------------- */

/*
 * Number of the CPU that executes, 0 to n - 1. A kernel with one CPU returns 0.
 * Context: any.
 */
#ifndef pv_os_cpu
unsigned int pv_os_cpu(void);
#endif

/*
 * A lock around the library's control path: it is taken by the public control functions, for as
 * long as they last, which includes waits. Never taken from data or interrupt context, never
 * recursively. A kernel that calls the library from one thread only leaves both empty.
 */
#ifndef pv_os_control_lock
void pv_os_control_lock(void);
#endif
#ifndef pv_os_control_unlock
void pv_os_control_unlock(void);
#endif

/*
 * The library has control work to do (a configuration changed, a device came or went): the kernel
 * is to call pv_work() soon, from a context that may sleep. A polling kernel that calls pv_work()
 * now and then leaves it empty.
 * Context: any.
 */
#ifndef pv_os_schedule_work
void pv_os_schedule_work(void);
#endif

/* --- interrupts ------------------------------------------------------------------------------- */
/*
 * Each registers `fn(arg)` and returns a number >= 0 that names the registration, or PV_ENOTSUP if
 * the port has no such interrupts, or PV_ENOSPC if they are used up. The library then does with
 * less: messages, else fewer of them, else a line, else polling. Handlers may be called as soon as
 * the function was entered.
 * Context: control. May sleep.
 */

/*
 * A global system interrupt (ACPI 6.4, 5.2.13), as virtio-mmio devices have. `level` is true for
 * level-triggered. Lines may be shared: all handlers of a line are called.
 */
#ifndef pv_os_irq_gsi
int pv_os_irq_gsi(unsigned int gsi, bool level, pv_os_irq_fn fn, void *arg);
#endif

/*
 * A PCI function's INTx pin: `pin` is 1 to 4 (INTA# to INTD#) and `line` the Interrupt Line
 * register as the firmware left it (PCI 3.0, 6.2.4). A port with an ACPI interpreter routes by
 * address and pin; the others take `line` as a level-triggered global system interrupt.
 */
#ifndef pv_os_irq_intx
int pv_os_irq_intx(struct pv_pci_addr addr, unsigned int pin, unsigned int line, pv_os_irq_fn fn,
		   void *arg);
#endif

/*
 * A message-signalled interrupt, delivered to CPU `cpu` if the port can, and the message that
 * raises it in `*msg`.
 */
#ifndef pv_os_irq_msi
int pv_os_irq_msi(unsigned int cpu, pv_os_irq_fn fn, void *arg, struct pv_msi_msg *msg);
#endif

/*
 * A vector of the CPU's, by which the hypervisor itself interrupts: the same one on every CPU, 32
 * to 255, in `*vector`. With `eoi` it is delivered through the local APIC, as a device's message
 * is, and the handler is followed by an end of interrupt; without, the hypervisor injects it past
 * the local APIC, and there must be none. Used for Xen's events (PVH, HVM), and, by kernels that
 * call pv_timer_start() or pv_ipi_open() elsewhere, for the local APIC's timer and interrupts
 * between CPUs; the handler runs on the CPU that was interrupted.
 */
#ifndef pv_os_irq_vector
int pv_os_irq_vector(bool eoi, pv_os_irq_fn fn, void *arg, unsigned int *vector);
#endif

/*
 * Ends a registration: on return the handler no longer runs, on any CPU.
 * Context: control. May sleep.
 */
#ifndef pv_os_irq_free
void pv_os_irq_free(int irq);
#endif

/* --- boot ------------------------------------------------------------------------------------- */

struct pv_boot_info;

/*
 * Where the library's boot entries (arch/x86/entry_*.S) hand over: 64-bit mode, paging on,
 * interrupts off (upcalls masked, and ring 3, by the Xen PV entry), on the entry's stack. Only a
 * kernel that starts at one of these entries defines it. `info` and what it points to stay valid.
 */
#ifndef pv_os_main
void pv_os_main(const struct pv_boot_info *info) PV_NORETURN;
#endif

PV_END_DECLS

#endif
