/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The paravirtual clock.
 *
 * Xen and KVM publish, for each vCPU, a pvclock_vcpu_time_info: the system time at one moment of
 * the TSC, and the factor from there (Xen public/xen.h, struct vcpu_time_info; Linux
 * Documentation/virt/kvm/x86/msr.rst). A reading is a copy of that page taken under its version
 * protocol, one RDTSC and one multiplication: no exit.
 *
 * Where there is none (QEMU's emulation, bare metal) pv_clock_present() is false, and the kernel
 * keeps the time by what it has.
 */
#ifndef PV_CLOCK_H
#define PV_CLOCK_H

#include <pv/types.h>

PV_BEGIN_DECLS

/* Whether there is a PV clock. Context: any, after pv_init(). */
bool pv_clock_present(void);

/* "kvmclock", "kvmclock (old MSRs)", "Xen", or "none". Context: any. */
const char *pv_clock_name(void);

/*
 * Nanoseconds since the guest was started; 0 if there is no PV clock. Never backwards, over all
 * CPUs: by the host's promise where the stable bit is set, and else by a shared last value.
 * Context: any, also from an NMI handler; the CPU has its area (pv_init() or pv_cpu_init()).
 */
uint64_t pv_clock_now(void);

/* Time since 1970-01-01 00:00:00 UTC. */
struct pv_wall_time {
	uint64_t sec;
	uint32_t nsec; /* below 10^9 */
};

/*
 * Wall-clock time now, as the host has it: the host's boot time plus pv_clock_now().
 * 0, or PV_ENODEV if there is no PV clock, PV_EAGAIN if its page never settled.
 * Context: any.
 */
int pv_clock_wall(struct pv_wall_time *out);

/* The TSC's frequency in kHz by the clock's own factor; 0 if there is no PV clock. Context: any. */
uint64_t pv_clock_tsc_khz(void);

/* What is known of the clock; counters for a status page. */
struct pv_clock_info {
	bool stable;	  /* PVCLOCK_TSC_STABLE_BIT is offered and set */
	uint64_t stopped; /* how often the host told that it had stopped the guest */
	uint64_t retries; /* readings begun again because the page changed meanwhile */
	uint64_t stuck;	  /* readings given up: version odd, or changing, beyond the bound */
	uint64_t clamped; /* readings held at the last value, to never step back */
};

void pv_clock_info(struct pv_clock_info *out);

/*
 * Whether the host's promise counts that all CPUs have one clock, its stable bit; it does from the
 * start. Without, every reading is held to the highest that any CPU returned: for a host that is
 * known to break its promise. Each CPU follows with its next reading. Context: control, with the
 * clock there.
 */
void pv_clock_use_stable(bool use);

/*
 * Nanoseconds for which CPU `cpu` could have run, and the host ran something else: since it came
 * up, by the host's own account (KVM: MSR_KVM_STEAL_TIME; Xen: time runnable and offline,
 * VCPUOP_register_runstate_memory_area). 0 for a CPU that does not run, and where the host does not
 * tell, which pv_clock_stolen_known() is false for. Context: any, for any CPU.
 */
uint64_t pv_clock_stolen_ns(unsigned int cpu);
bool pv_clock_stolen_known(void);

/*
 * `fn(arg)` is called, once per time, when the host tells that it had stopped the guest (debugger,
 * suspend of the host), so that the kernel's watchdogs can be calmed. The host tells each CPU, and
 * each calls it for itself, from whatever context reads the clock there. NULL: nobody. Context:
 * control.
 */
void pv_clock_on_stopped(void (*fn)(void *arg), void *arg);

PV_END_DECLS

#endif
