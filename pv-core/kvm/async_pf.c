/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Asynchronous page faults (Linux Documentation/virt/kvm/x86/msr.rst).
 *
 *	KVM			flags = PAGE_NOT_PRESENT, page fault with CR2 = token
 *	pv_kvm_page_fault()	flags = 0, wait(token)
 *	KVM			the page is there: waits until token is 0, token = its, interrupt
 *	page_ready()		ready(token), token = 0, MSR_KVM_ASYNC_PF_ACK: KVM looks for more
 *
 * KVM sends a page fault only while the CPU takes interrupts, and the interrupt to the same CPU. So
 * the handler of the fault, which runs with interrupts off, has noted the token before the
 * interrupt comes.
 *
 * WAITING IN PLACE
 *	Who waits is in a list of the CPU's, in the waiters' stack frames: while one waits for
 *	interrupts, it may itself be on a page that is gone, and wait within the wait. They end in
 *	any order, but return in that of the stack.
 */
#include <pv/abi/kvm.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/kvm.h>
#include <pv/os.h>
#include <pv/shared.h>
#include <pv/string.h>

#include "arch/x86/x86.h"
#include "pv-core/part.h"

#define PAGES                                                                                      \
	((PV_CONFIG_MAX_CPUS * sizeof(struct kvm_vcpu_pv_apf_data) + PV_PAGE_SIZE - 1) /           \
	 PV_PAGE_SIZE)

struct waiter {
	struct waiter *next;
	uint32_t token;
	bool ready;
};

static struct {
	struct pv_kvm_async_pf_stats stats;
	struct waiter *waiters;
	bool on;
} PV_ALIGNED(64) cpus[PV_CONFIG_MAX_CPUS];

static struct kvm_vcpu_pv_apf_data *areas; /* of all CPUs; NULL: not started */
static const struct pv_kvm_async_pf *scheduler;
static unsigned int vector;
static int irq;

static struct kvm_vcpu_pv_apf_data PV_SHARED *area_of(unsigned int cpu)
{
	return (struct kvm_vcpu_pv_apf_data PV_SHARED PV_FORCE *)&areas[cpu];
}

/* --- waiting in place ------------------------------------------------------------------------- */

static void wait_here(void *arg, uint32_t token)
{
	unsigned int cpu = pv_os_cpu();
	struct waiter self = {.next = cpus[cpu].waiters, .token = token};

	(void)arg;
	cpus[cpu].waiters = &self;
	while (!__atomic_load_n(&self.ready, __ATOMIC_ACQUIRE))
		pv_wait_for_interrupt();
	cpus[cpu].waiters = self.next;
}

static void ready_here(void *arg, uint32_t token)
{
	struct waiter *w;

	(void)arg;
	for (w = cpus[pv_os_cpu()].waiters; w; w = w->next)
		if (token == PV_KVM_EVERY_PAGE || token == w->token)
			__atomic_store_n(&w->ready, true, __ATOMIC_RELEASE);
}

static const struct pv_kvm_async_pf in_place = {.wait = wait_here, .ready = ready_here};

/* --- KVM's words ------------------------------------------------------------------------------ */

bool pv_kvm_page_fault(uint64_t cr2)
{
	unsigned int cpu = pv_os_cpu();
	uint32_t flags;

	if (cpu >= PV_CONFIG_MAX_CPUS || !cpus[cpu].on)
		return false;
	flags = pv_shared_read(&area_of(cpu)->flags);
	if (!flags)
		return false;
	pv_shared_write(&area_of(cpu)->flags, 0);
	if (flags != KVM_PV_REASON_PAGE_NOT_PRESENT)
		return false;
	cpus[cpu].stats.waited++;
	scheduler->wait(scheduler->arg, (uint32_t)cr2);
	return true;
}

static bool page_ready(void *arg)
{
	unsigned int cpu = pv_os_cpu();
	uint32_t token;

	(void)arg;
	if (cpu >= PV_CONFIG_MAX_CPUS || !cpus[cpu].on)
		return false;
	token = pv_shared_read(&area_of(cpu)->token);
	if (!token)
		return false;
	cpus[cpu].stats.ready++;
	scheduler->ready(scheduler->arg, token);
	pv_shared_write(&area_of(cpu)->token, 0);
	pv_wrmsr(MSR_KVM_ASYNC_PF_ACK, 1);
	return true;
}

void pv_kvm_async_pf_stats(unsigned int cpu, struct pv_kvm_async_pf_stats *out)
{
	pv_memset(out, 0, sizeof(*out));
	if (cpu < PV_CONFIG_MAX_CPUS)
		*out = cpus[cpu].stats;
}

/* --- CPUs ------------------------------------------------------------------------------------- */

static int cpu_start(unsigned int cpu)
{
	if (cpu >= PV_CONFIG_MAX_CPUS)
		return 0;
	pv_memset(&areas[cpu], 0, sizeof(areas[cpu]));
	cpus[cpu].on = true;
	pv_wrmsr(MSR_KVM_ASYNC_PF_INT, vector);
	pv_wrmsr(MSR_KVM_ASYNC_PF_EN, pv_os_virt_to_phys(&areas[cpu]) | KVM_ASYNC_PF_ENABLED |
					      KVM_ASYNC_PF_SEND_ALWAYS |
					      KVM_ASYNC_PF_DELIVERY_AS_INT);
	return 0;
}

static void cpu_stop(unsigned int cpu)
{
	if (cpu >= PV_CONFIG_MAX_CPUS || !cpus[cpu].on)
		return;
	pv_wrmsr(MSR_KVM_ASYNC_PF_EN, 0);
	cpus[cpu].on = false;
}

static void end(void)
{
	bool used = false;
	unsigned int i;

	cpu_stop(pv_os_cpu());
	pv_os_irq_free(irq);
	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++) {
		used |= cpus[i].on;
		cpus[i].on = false;
	}
	/* KVM writes there still: they are kept, and looked at no more. */
	if (!used)
		pv_os_pages_free(areas, PAGES);
	areas = NULL;
}

static struct pv_part part = {.cpu_start = cpu_start, .cpu_stop = cpu_stop, .end = end};

static int start(const struct pv_kvm_async_pf *ops)
{
	const uint32_t both = 1u << KVM_FEATURE_ASYNC_PF | 1u << KVM_FEATURE_ASYNC_PF_INT;
	const struct pv_platform *p = pv_platform();

	if (p->hypervisor != PV_HV_KVM || (p->features & both) != both)
		return PV_ENOTSUP;
	if (areas)
		return PV_EBUSY;
	irq = pv_os_irq_vector(true, page_ready, NULL, &vector);
	if (irq < 0)
		return irq;
	areas = pv_os_pages_alloc(PAGES);
	if (!areas) {
		pv_os_irq_free(irq);
		return PV_ENOMEM;
	}
	scheduler = ops ? ops : &in_place;
	pv_memset(cpus, 0, sizeof(cpus));
	pv_part_attach(&part);
	return cpu_start(pv_os_cpu());
}

int pv_kvm_async_pf_start(const struct pv_kvm_async_pf *ops)
{
	int err;

	pv_os_control_lock();
	err = start(ops);
	pv_os_control_unlock();
	return err;
}
