/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs beyond the first.
 *
 *	n = pv_cpu_find(boot);
 *	for (cpu = 1; cpu < n; cpu++)
 *		if (pv_cpu_get(cpu, &info) == 0 && info.present)
 *			err = pv_cpu_start(cpu, entry, arg, stack_end);
 *
 *	void entry(void *arg)				on the new CPU, interrupts off
 *	{
 *		load GDT, IDT, TSS; local APIC on; pv_os_cpu() gives the CPU's number from here on
 *		err = pv_cpu_init();			clock, upcalls, steal time, PV EOI
 *		...
 *	}
 *
 * The library numbers the CPUs, from 0, the one on which pv_cpu_find() is called; the port's
 * pv_os_cpu() returns these numbers. They do not change while the kernel runs.
 *
 * WHERE THEY COME FROM
 *	ACPI's MADT (ACPI 6.4, 5.2.12), which has those too that can be plugged in later. A Xen PV
 *	guest has none: Xen is asked (VCPUOP_is_up), and so it is where a table is missing. With
 *	neither there is one CPU.
 *
 * HOW THEY START
 *	KVM, HVM, QEMU's emulation, bare metal: INIT and SIPI through the local APIC (Intel SDM 3A,
 *	8.4.4), and a trampoline below 1 MiB (PV_CONFIG_TRAMPOLINE). Xen PV and PVH:
 *	VCPUOP_initialise and VCPUOP_up (Xen public/vcpu.h), without one. A CPU begins with the page
 *	tables, CR0, CR4 and EFER of the one that starts it; flat segments; a GDT of the library's
 *	with code at selector 8 and data at 16 (in a Xen PV guest Xen's own segments); no IDT;
 *	interrupts off, and in a Xen PV guest upcalls masked.
 */
#ifndef PV_CPU_H
#define PV_CPU_H

#include <pv/boot.h>
#include <pv/types.h>

PV_BEGIN_DECLS

struct pv_cpu_info {
	uint32_t apic_id; /* of its local APIC; a Xen PV guest's CPU has none: 0 */
	uint32_t uid;	  /* ACPI's processor UID; on Xen its number of the vCPU */
	bool present;	  /* can be started; false for one that may be plugged in later */
	bool started;	  /* by pv_cpu_start(), and not at its end yet; CPU 0 is */
};

/*
 * Looks for CPUs, once; again only says how many there are. How many the machine has, or may have,
 * at least 1 and at most PV_CONFIG_MAX_CPUS (more are logged, and not used). `boot` may be NULL.
 * Context: control, on the boot CPU, after pv_init().
 */
unsigned int pv_cpu_find(const struct pv_boot_info *boot);

/* What is known of a CPU. 0, or PV_ENOENT if there is none of that number. Context: any. */
int pv_cpu_get(unsigned int cpu, struct pv_cpu_info *out);

/*
 * Starts a CPU: it calls `entry(arg)`, which does not return, on the stack that ends at `stack_end`
 * (aligned to 16). 0 when it has left the trampoline and is on its way there; PV_ENOENT if it does
 * not exist or is not present, PV_EBUSY if it was started, PV_ETIMEDOUT if it did not come up
 * within PV_CONFIG_CPU_MS (it is as good as not there then: its stack must not be used for anything
 * else), PV_ENOTSUP without a local APIC, or a trampoline in RAM; PV_ENOMEM; or the hypervisor's
 * error.
 * Context: control. May sleep.
 */
int pv_cpu_start(unsigned int cpu, void (*entry)(void *arg), void *arg,
		 void *stack_end) PV_MUST_CHECK;

/*
 * Ends this CPU, after pv_cpu_exit(): it does not run any more until it is started again. Its stack
 * is in use up to the end; wait for pv_cpu_get() to say that it is not started, and then a little,
 * or start it again on the same. Context: on that CPU, interrupts off, not on CPU 0.
 */
void pv_cpu_off(void) PV_NORETURN;

/*
 * `fn(arg, cpu, present)` is called, from pv_work() or at once, when a CPU may be started that
 * could not be before, or is to be given back (pv_cpu_off() on it). It runs under the control lock,
 * so it notes the wish. NULL: nobody any more. 0; PV_ENOTSUP if the hypervisor does not tell, or
 * its error. Context: control, after pv_cpu_find().
 *
 * Xen tells, by xl vcpu-set, to a kernel that names pv_xenbus. QEMU does, with KVM or without, on
 * its machines with ACPI and PCI (device_add, device_del): by registers, at which each pv_work()
 * then looks. A kernel that has an ACPI interpreter leaves them to that, and does not call this.
 */
typedef void (*pv_cpu_change_fn)(void *arg, unsigned int cpu, bool present);
int pv_cpu_on_change(pv_cpu_change_fn fn, void *arg) PV_MUST_CHECK;

/*
 * Whether the host has taken the processor from CPU `cpu` right now: a hint, false where it does
 * not tell. For whoever waits for that CPU. Context: any.
 */
bool pv_cpu_preempted(unsigned int cpu);

PV_END_DECLS

#endif
