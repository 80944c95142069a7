/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between what is done with several CPUs and the hypervisors' folders: each registers its own ways.
 * What it has none for is NULL, and done as on a machine: MADT, INIT and SIPI, HLT, the local APIC.
 */
#ifndef PV_CORE_CPU_H
#define PV_CORE_CPU_H

#include <pv/cpu.h>

struct pv_cpu_host {
	/* --- cpu.c. Context: control --- */

	/* Several CPUs are going to be used: on the boot CPU, once. */
	void (*begin)(void);

	/*
	 * Whether the hypervisor knows a CPU of this number: for machines without a MADT. `*info`
	 * is filled in.
	 */
	bool (*find)(uint32_t number, struct pv_cpu_info *info);
	/*
	 * Starts it. PV_ENOTSUP: by INIT and SIPI. The rest as pv_cpu_start(). `again`: it went off
	 * by off().
	 */
	int (*start)(const struct pv_cpu_info *info, bool again, void (*entry)(void *arg),
		     void *arg, void *stack_end);
	/*
	 * Stops this CPU. Returns if that is done by HLT, or when start(..., true) went on there.
	 */
	void (*off)(const struct pv_cpu_info *info);

	/* Calls pv_cpu_changed() from pv_work() from now on; and not any more. 0 or PV_E*. */
	int (*watch)(void);
	void (*unwatch)(void);

	/* --- ipi.c --- */

	/*
	 * Has `fn(arg)` called on CPU `cpu`, which is this one, when `ipi_send` is called with the
	 * same numbers. 0 or PV_E*. close: its mirror, on any CPU. Context: control.
	 */
	int (*ipi_open)(unsigned int ipi, unsigned int cpu, void (*fn)(void *arg), void *arg);
	void (*ipi_close)(unsigned int ipi, unsigned int cpu);
	int (*ipi_send)(unsigned int ipi, unsigned int cpu);
	/* As pv_kvm_send_ipi(). Context: any. */
	long (*ipi_multi)(uint64_t low, uint64_t high, uint32_t first, uint32_t icr);

	/* --- steal.c. Context: any --- */

	uint64_t (*stolen)(unsigned int cpu);
	bool (*preempted)(unsigned int cpu);

	/* --- lock.c. Context: any --- */

	/*
	 * wait: sleeps on this CPU until kick() for it; a kick from before is not lost, and it may
	 * return for nothing. yield: the CPU gets this one's time.
	 */
	void (*wait)(unsigned int cpu);
	void (*kick)(unsigned int cpu);
	void (*yield)(unsigned int cpu);

	/* --- tlb.c. Context: any --- */

	/* Flushes those of the CPUs, this one apart. 0, or PV_E*: not done. */
	int (*flush)(const uint64_t *cpus);
	/* True if CPU `cpu` does not run, and has its TLB flushed before it does. */
	bool (*flush_later)(unsigned int cpu);
};

/* cpu_host.c, which is linked in any case. NULL: none. Context: control; read in any. */
void pv_cpu_register(const struct pv_cpu_host *ops);
extern const struct pv_cpu_host *pv_cpu_registered;

static inline const struct pv_cpu_host *pv_cpu_host(void)
{
	return pv_cpu_registered;
}

/*
 * cpu.c: the hypervisor wants the CPU with this `uid` to be used, or not. Nothing if that is so, or
 * there is no such CPU. Context: control, from pv_work().
 */
void pv_cpu_changed(uint32_t uid, bool present);

/*
 * madt.c: the CPUs of a MADT, in its order; each is handed to `fn`. How many. 0: there is no MADT.
 * Context: control.
 */
unsigned int pv_madt_cpus(uint64_t rsdp, void (*fn)(const struct pv_cpu_info *info, void *arg),
			  void *arg);

/*
 * cpu_plug.c: tells pv_cpu_changed() of what QEMU's user plugs and unplugs. 0, or PV_ENOTSUP: this
 * is not QEMU with ACPI. unwatch: its mirror. Context: control.
 */
int pv_cpu_plug_watch(uint64_t rsdp);
void pv_cpu_plug_unwatch(void);

/* trampoline.c: by INIT and SIPI. As pv_cpu_start(). Context: control. */
int pv_cpu_start_sipi(uint32_t apic_id, void (*entry)(void *arg), void *arg, void *stack_end,
		      const struct pv_boot_info *boot);

#endif
