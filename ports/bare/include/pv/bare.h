/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * ports/bare: libpv on the bare virtual machine, and an application on top of both.
 *
 * The port boots (PVH or 64-bit Linux entry), brings up console, memory, exceptions and interrupts,
 * calls pv_init() with the tables below, and then pv_bare_main(), with interrupts enabled. It runs
 * on one CPU until pv_bare_cpus_start(). An application links
 *
 *	ld -T bare.ld --gc-sections app.o --start-group libpv-bare.a libpv.a libc.a --end-group
 *
 * where libc.a is any C library that has memcpy(), strlen() and the like without system calls:
 * musl's, for one. Thread-local storage is there (errno works), and so are SSE and x87 registers.
 * Interrupts begin on the stack of what they interrupt: the application is to be compiled with
 * -mno-red-zone, as any kernel is. Of the C library's functions a few have a red zone; musl's are
 * mathematical ones, and tsearch().
 */
#ifndef PV_BARE_H
#define PV_BARE_H

#include <pv/pv.h>

PV_BEGIN_DECLS

/* --- what the application supplies ------------------------------------------------------------ */

/*
 * The port's part and the library's for a hypervisor. Xen: PV, PVH and HVM guests; its PV entry,
 * upcalls and consoles come with it. KVM: kvmclock.
 */
struct pv_bare_hv;
extern const struct pv_bare_hv pv_bare_xen;
extern const struct pv_bare_hv pv_bare_kvm;

/* For pv_init(); each ends with NULL. What they do not name is not linked. */
extern const struct pv_bare_hv *const pv_bare_hypervisors[];
extern const struct pv_bus *const pv_bare_buses[];
extern const struct pv_driver *const pv_bare_drivers[];

/*
 * The application. What it returns ends the virtual machine, as pv_bare_exit() says.
 * Context: control.
 */
int pv_bare_main(const char *cmdline);

/* --- machine ---------------------------------------------------------------------------------- */

/* As the loader described the machine. Context: any. */
const struct pv_boot_info *pv_bare_boot(void);

/* Bytes of RAM that the port manages, and how many of them are free. Context: control. */
struct pv_bare_memory {
	uint64_t total;
	uint64_t free;
};
void pv_bare_memory(struct pv_bare_memory *out);

/* What became of interrupts. Context: any. */
struct pv_bare_irq_stats {
	uint64_t taken;	    /* interrupts of devices */
	uint64_t timer;	    /* of the local APIC's timer */
	uint64_t spurious;  /* on a vector that nobody registered, or that no handler owned up to */
	uint64_t eoi_saved; /* ended without telling the local APIC (pv_eoi()) */
	uint64_t wakes;	    /* of pv_bare_wake(), from other CPUs */
	uint64_t nested; /* came while one was handled: an emulated processor's do now and then */
};
void pv_bare_irq_stats(struct pv_bare_irq_stats *out);

/* The same of one CPU. 0, or PV_ENOENT if it does not run. Context: any. */
int pv_bare_cpu_irq_stats(unsigned int cpu, struct pv_bare_irq_stats *out);

/*
 * Starts the machine's further CPUs, and those among them that went off. Each calls `main`, on a
 * stack of its own, with interrupts enabled; when that returns, the CPU goes off (pv_cpu_off()).
 * How many CPUs run then, with this one: those that do not come up are logged. Context: control.
 */
unsigned int pv_bare_cpus_start(void (*main)(void));

/*
 * `fn(cr2)` is called for each page fault, and if it returns true, what was interrupted goes on
 * (pv_kvm_page_fault()). NULL: every page fault ends the machine. Context: control; `fn`:
 * exception.
 */
void pv_bare_on_page_fault(bool (*fn)(uint64_t cr2));

/*
 * How uptime is measured: "kvmclock", "TSC, by CPUID", "TSC, by the ACPI timer", ... Context:
 * control.
 */
const char *pv_bare_time_source(void);

/*
 * Ends the virtual machine, by whatever means it offers. Where QEMU was started with
 * `-device isa-debug-exit,iobase=0x501,iosize=2`, its exit status is 0x41 | (status & 31) << 1; the
 * other means know no status. By convention 0 is success, and 1 an exception or panic.
 * Context: any.
 */
void pv_bare_exit(int status) PV_NORETURN;

/* Resets the virtual machine. Context: any. */
void pv_bare_reboot(void) PV_NORETURN;

/* --- console ---------------------------------------------------------------------------------- */

/*
 * As printf, with what pv_snprintf() knows (<pv/log.h>), to the serial port and to QEMU's debug
 * console, as far as they are there, and to the hypervisor's. Cut at 1023 characters. Context: any
 * but interrupts.
 */
int pv_bare_printf(const char *fmt, ...) PV_PRINTF(1, 2);

/* Context: any. */
void pv_bare_write(const char *text, size_t len);

/* --- timer ------------------------------------------------------------------------------------ */

/*
 * The port sleeps by this CPU's timer (pv_timer_start()) where the hypervisor has one. Gives it to
 * the application, which is to start it at once, and by which the CPU is woken in pv_bare_wait()
 * from then on; sleeps that would last longer than its deadline allows become short pauses.
 * Context: control, on that CPU.
 */
void pv_bare_timer_give(void);

/* --- idling ----------------------------------------------------------------------------------- */

/*
 * Sleeps until `*woken` is true, an interrupt came, or `max_ns` nanoseconds are over; at once if it
 * is true already. The flag is set by an event function, from the interrupt, and nothing is lost
 * between the test and the sleep:
 *
 *	for (;;) {
 *		woken = false;
 *		if (pv_net_poll(queue, 64) < 64)
 *			pv_bare_wait(&woken, 1000000);
 *	}
 *
 * Does the library's control work (pv_work()) when it is due. Where no device has an interrupt it
 * returns after a short pause. Context: control.
 */
void pv_bare_wait(const volatile bool *woken, uint64_t max_ns);

/* --- a work loop on each CPU ------------------------------------------------------------------ */
/*
 *	static void loop(void)					on CPU i
 *	{
 *		pv_net_set_event(queue[i], pv_bare_wake_event, (void *)i);
 *		for (;;) {
 *			lock();
 *			pv_bare_work();
 *			n = pv_net_poll(queue[i], 64);
 *			unlock();
 *			if (n < 64)
 *				pv_bare_idle(1000000000);
 *		}
 *	}
 *
 *	n = pv_bare_loops_start(loop);
 *	pv_queues_follow(n);
 *
 * Control work (pv_work()) is the loops' own: no CPU may use a queue while another is at it. A lock
 * that is held while queues are used is one way to have that so, and the application's own state
 * needs one mostly, too.
 *
 * A device whose queues share an interrupt has their events called on the CPU that takes it; that
 * wakes the queue's CPU.
 */

/* As pv_bare_cpus_start(), and CPUs can wake each other. Context: control, on CPU 0. */
unsigned int pv_bare_loops_start(void (*loop)(void));

/*
 * Has pv_bare_idle() return on that CPU, or, if it does not sleep, the next one return at once.
 * What was written before is seen by the turn of the loop that follows. Context: any.
 */
void pv_bare_wake(unsigned int cpu);

/*
 * The same as an event function (pv_queue_event_fn); its argument is the CPU's number, as a
 * pointer.
 */
void pv_bare_wake_event(void *cpu);

/* Sleeps until then, or until control work is due; else as pv_bare_wait(). Context: control. */
void pv_bare_idle(uint64_t max_ns);

/* Does the library's control work, if it is due: true if it was. Context: control. */
bool pv_bare_work(void);

PV_END_DECLS

#endif
