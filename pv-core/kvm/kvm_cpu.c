/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What KVM has for each CPU, beyond its clock (Linux Documentation/virt/kvm/x86/msr.rst,
 * hypercalls.rst): steal time, end of interrupt without an exit, interrupts to many CPUs at once,
 * waking one from HLT, giving it time, and flushing the TLB of those that do not run.
 *
 * A CPU tells by MSRs of its own where its areas are; KVM writes them while the CPU is not in the
 * guest. Each CPU's are in cache lines that no other CPU's are in.
 *
 * STEAL TIME
 *	kvm_steal.c reads it. The byte `preempted` is written by both: KVM says in it that the vCPU
 *	does not run; another CPU adds that its TLB is to be flushed when it does, which KVM then
 *	takes with the same exchange that ends the first.
 */
#include "pv-core/kvm/kvm_cpu.h"

#include <pv/abi/kvm.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/shared.h>

#include "arch/x86/x86.h"
#include "hypercall/kvm.h"
#include "pv-core/cpu.h"
#include "pv-core/eoi.h"

struct area {
	struct kvm_steal_time steal;
	uint32_t eoi PV_ALIGNED(64);
} PV_ALIGNED(128);

#define PER_PAGE (PV_PAGE_SIZE / sizeof(struct area))
#define PAGES	 ((PV_CONFIG_MAX_CPUS + PER_PAGE - 1) / PER_PAGE)

static struct area *pages[PAGES];
static struct area PV_SHARED *areas[PV_CONFIG_MAX_CPUS]; /* of CPUs that were started */
static uint32_t features;

static bool has(unsigned int feature)
{
	return features >> feature & 1;
}

/* --- steal time ------------------------------------------------------------------------------- */

static uint64_t stolen(unsigned int cpu)
{
	struct area PV_SHARED *a = cpu < PV_CONFIG_MAX_CPUS ? areas[cpu] : NULL;

	return a ? pv_kvm_steal_read(&a->steal) : 0;
}

static bool preempted(unsigned int cpu)
{
	return cpu < PV_CONFIG_MAX_CPUS && areas[cpu] &&
	       pv_shared_read(&areas[cpu]->steal.preempted) & KVM_VCPU_PREEMPTED;
}

/* If it runs again meanwhile, the exchange fails, and it has to be told. */
static bool flush_later(unsigned int cpu)
{
	return preempted(cpu) &&
	       pv_shared_replace(&areas[cpu]->steal.preempted, (uint8_t)KVM_VCPU_PREEMPTED,
				 (uint8_t)(KVM_VCPU_PREEMPTED | KVM_VCPU_FLUSH_TLB));
}

/* --- waiting and waking ----------------------------------------------------------------------- */

/* A kick that came before is remembered by KVM, and ends this HLT. */
static void wait(unsigned int cpu)
{
	(void)cpu;
	pv_halt();
}

static void kick(unsigned int cpu)
{
	struct pv_cpu_info info;

	if (!pv_cpu_get(cpu, &info))
		pv_kvm_kick_cpu(info.apic_id);
}

static void yield(unsigned int cpu)
{
	struct pv_cpu_info info;

	if (!pv_cpu_get(cpu, &info))
		pv_kvm_sched_yield(info.apic_id);
}

/* --- CPUs ------------------------------------------------------------------------------------- */

int pv_kvm_cpu_start(void)
{
	unsigned int cpu = pv_os_cpu();
	struct area **page, *a;

	if (cpu >= PV_CONFIG_MAX_CPUS || !(has(KVM_FEATURE_STEAL_TIME) || has(KVM_FEATURE_PV_EOI)))
		return 0;
	page = &pages[cpu / PER_PAGE];
	if (!*page)
		*page = pv_os_pages_alloc(1);
	if (!*page)
		return PV_ENOMEM;
	a = *page + cpu % PER_PAGE;
	areas[cpu] = (struct area PV_SHARED PV_FORCE *)a;
	if (has(KVM_FEATURE_STEAL_TIME))
		pv_wrmsr(MSR_KVM_STEAL_TIME, pv_os_virt_to_phys(&a->steal) | KVM_MSR_ENABLED);
	if (has(KVM_FEATURE_PV_EOI)) {
		a->eoi = 0;
		pv_wrmsr(MSR_KVM_PV_EOI_EN, pv_os_virt_to_phys(&a->eoi) | KVM_MSR_ENABLED);
		pv_eoi_words[cpu].word = &areas[cpu]->eoi;
	}
	return 0;
}

void pv_kvm_cpu_stop(void)
{
	unsigned int cpu = pv_os_cpu();

	if (cpu >= PV_CONFIG_MAX_CPUS || !areas[cpu])
		return;
	if (has(KVM_FEATURE_PV_EOI)) {
		pv_eoi_words[cpu].word = NULL;
		pv_wrmsr(MSR_KVM_PV_EOI_EN, 0);
	}
	if (has(KVM_FEATURE_STEAL_TIME))
		pv_wrmsr(MSR_KVM_STEAL_TIME, 0);
	areas[cpu] = NULL;
}

static struct pv_cpu_host ops;

/*
 * What is for a host that takes CPUs away costs exits for nothing where it says that it does not.
 */
#define FOR_SHARED_CPUS                                                                            \
	(1u << KVM_FEATURE_PV_TLB_FLUSH | 1u << KVM_FEATURE_PV_UNHALT |                            \
	 1u << KVM_FEATURE_PV_SCHED_YIELD)

int pv_kvm_cpu_begin(uint32_t offered, uint32_t hints)
{
	features = hints >> KVM_HINTS_REALTIME & 1 ? offered & ~FOR_SHARED_CPUS : offered;
	ops = (struct pv_cpu_host) {0};
	if (has(KVM_FEATURE_STEAL_TIME)) {
		ops.stolen = stolen;
		ops.preempted = preempted;
		if (has(KVM_FEATURE_PV_TLB_FLUSH))
			ops.flush_later = flush_later;
	}
	if (has(KVM_FEATURE_PV_UNHALT)) {
		ops.wait = wait;
		ops.kick = kick;
	}
	if (has(KVM_FEATURE_PV_SCHED_YIELD))
		ops.yield = yield;
	if (has(KVM_FEATURE_PV_SEND_IPI))
		ops.ipi_multi = pv_kvm_send_ipi;
	pv_cpu_register(&ops);
	return pv_kvm_cpu_start();
}

void pv_kvm_cpu_end(void)
{
	unsigned int i;

	pv_kvm_cpu_stop();
	pv_cpu_register(NULL);
	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++)
		if (areas[i]) {
			pv_warn("KVM: memory is kept, which it writes for CPU %u", i);
			return;
		}
	for (i = 0; i < PAGES; i++) {
		pv_os_pages_free(pages[i], 1);
		pages[i] = NULL;
	}
}
