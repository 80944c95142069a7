/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's way to start a CPU (Xen public/vcpu.h): it is given all registers, and begins with them. In
 * a PV guest there is no other; a PVH guest's begin in 64-bit mode at once. An HVM guest's CPUs
 * start as a machine's do.
 *
 * VCPUOP_initialise is for the first time only. A CPU that went off, by VCPUOP_down, goes on behind
 * that hypercall when it is brought up again, with what was left for it in `resume`. One that is
 * off is not saved with its domain, and begins once more in the new one.
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/os.h>
#include <pv/wait.h>

#include "arch/x86/x86.h"
#include "hypercall/xen.h"
#include "pv-core/cpu.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_cpu.h"
#include "pv-core/xen/xen_hotplug.h"
#include "pv-core/xen/xen_smp.h"

#define MSR_EFER 0xc0000080
#define FLAGS	 0x2 /* the bit that is always set: interrupts off */

static struct {
	void (*entry)(void *arg);
	void *arg, *stack_end;
	bool again; /* it was initialised, in this domain */
} resume[PV_CONFIG_MAX_CPUS];

static bool find(uint32_t vcpu, struct pv_cpu_info *info)
{
	if (pv_xen_vcpu_is_up(vcpu) < 0)
		return false;
	info->apic_id = 0;
	info->uid = vcpu;
	info->present = true;
	info->started = false;
	return true;
}

/*
 * The return address that the entry does not use keeps the stack as the ABI has it at a function's
 * beginning.
 */
static uint64_t *stack_of(void *stack_end)
{
	uint64_t *sp = (uint64_t *)stack_end - 1;

	*sp = 0;
	return sp;
}

static int initialise_hvm(uint32_t vcpu, void (*entry)(void *arg), void *arg, void *stack_end)
{
	struct vcpu_hvm_context context = {.mode = VCPU_HVM_MODE_64B};
	struct vcpu_hvm_x86_64 *regs = &context.cpu_regs.x86_64;

	regs->rip = (uintptr_t)pv_ap_segments;
	regs->rsp = (uintptr_t)stack_end;
	regs->rsi = (uintptr_t)entry;
	regs->rdi = (uintptr_t)arg;
	regs->rflags = FLAGS;
	regs->cr0 = pv_read_cr0();
	regs->cr3 = pv_read_cr3();
	regs->cr4 = pv_read_cr4();
	regs->efer = pv_rdmsr(MSR_EFER);
	return pv_xen_vcpu_initialise(vcpu, &context);
}

/* CR3 as Xen shows it to us is what it takes: the machine frame of the topmost table. */
static int initialise_pv(uint32_t vcpu, void (*entry)(void *arg), void *arg, void *stack_end)
{
	const unsigned int pages =
		(sizeof(struct vcpu_guest_context) + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE;
	struct vcpu_guest_context *context = pv_os_pages_alloc(pages);
	int err;

	if (!context)
		return PV_ENOMEM;
	context->flags = VGCF_in_kernel;
	context->user_regs.rip = (uintptr_t)entry;
	context->user_regs.rsp = (uintptr_t)stack_of(stack_end);
	context->user_regs.rdi = (uintptr_t)arg;
	context->user_regs.rflags = FLAGS;
	context->user_regs.cs = FLAT_KERNEL_CS;
	context->user_regs.ss = FLAT_KERNEL_SS;
	context->kernel_ss = FLAT_KERNEL_SS;
	context->kernel_sp = (uintptr_t)stack_end;
	context->ctrlreg[0] = pv_read_cr0();
	context->ctrlreg[3] = pv_read_cr3();
	/* Upcalls begin masked: it has not said yet where they go. */
	if (vcpu < XEN_LEGACY_MAX_VCPUS)
		pv_shared_write(&pv_xen_shared_info()->vcpu_info[vcpu].evtchn_upcall_mask, 1);
	err = pv_xen_vcpu_initialise(vcpu, context);
	pv_os_pages_free(context, pages);
	return err;
}

static bool is_down(void *arg)
{
	return pv_xen_vcpu_is_up(*(uint32_t *)arg) != 1;
}

static int start(const struct pv_cpu_info *info, bool again, void (*entry)(void *arg), void *arg,
		 void *stack_end)
{
	uint32_t vcpu = info->uid;
	int err;

	if (pv_xen_mode() == PV_XEN_HVM)
		return PV_ENOTSUP;
	if (vcpu >= PV_CONFIG_MAX_CPUS)
		return PV_ENOSPC;
	if (again && resume[vcpu].again) {
		/* Until it is down, to bring it up does nothing. */
		err = pv_wait_until(is_down, &vcpu, PV_CONFIG_CPU_MS);
		if (err)
			return err;
		resume[vcpu].arg = arg;
		resume[vcpu].stack_end = stack_end;
		__atomic_store_n(&resume[vcpu].entry, entry, __ATOMIC_RELEASE);
		return pv_xen_vcpu_up(vcpu);
	}
	err = pv_xen_area_give(vcpu);
	if (err)
		return err;
	if (pv_xen_is_pv())
		err = initialise_pv(vcpu, entry, arg, stack_end);
	else
		err = initialise_hvm(vcpu, entry, arg, stack_end);
	if (err)
		return err;
	resume[vcpu].again = true;
	return pv_xen_vcpu_up(vcpu);
}

static void off(const struct pv_cpu_info *info)
{
	uint32_t vcpu = info->uid;

	if (pv_xen_mode() == PV_XEN_HVM)
		return;
	for (;;) {
		pv_xen_vcpu_down(vcpu);
		if (__atomic_load_n(&resume[vcpu].entry, __ATOMIC_ACQUIRE))
			pv_ap_on_stack(
				resume[vcpu].stack_end,
				__atomic_exchange_n(&resume[vcpu].entry, NULL, __ATOMIC_ACQUIRE),
				resume[vcpu].arg);
	}
}

static const struct pv_cpu_host ops = {
	.begin = pv_xen_smp_begin,
	.find = find,
	.start = start,
	.off = off,
	.watch = pv_xen_hotplug_start,
	.unwatch = pv_xen_hotplug_stop,
	.ipi_open = pv_xen_ipi_open,
	.ipi_close = pv_xen_ipi_close,
	.ipi_send = pv_xen_ipi_send,
	.stolen = pv_xen_stolen,
	.preempted = pv_xen_preempted,
	.wait = pv_xen_wait,
	.kick = pv_xen_kick,
	.yield = pv_xen_yield,
	.flush = pv_xen_flush,
};

void pv_xen_cpus_forget(void)
{
	unsigned int i;

	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++)
		resume[i].again = false;
}

void pv_xen_cpu_register(void)
{
	pv_cpu_register(&ops);
}

void pv_xen_cpu_unregister(void)
{
	pv_cpu_register(NULL);
}
