/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * On Xen the source is the library's (xen_time.c), which asks here for its vcpu_info and shared
 * page. On KVM kvmclock.c would set the vCPU's MSR, and so take Linux' clock away: here is another
 * source. The wall clock's MSR is a request that KVM answers once, and of nobody.
 */
#include "clock.h"

#include <pv/abi/kvm.h>
#include <pv/err.h>
#include <pv/os.h>

#include "arch/x86/x86.h"
#include "linux.h"
#include "pv-core/clock.h"
#include "pv-core/pvclock.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_time.h"

struct shared_info PV_SHARED *pv_xen_shared_page;

struct vcpu_info PV_SHARED *pv_xen_vcpu_info(unsigned int cpu)
{
	return (struct vcpu_info PV_SHARED PV_FORCE *)pv_linux_xen_vcpu_info(cpu);
}

static int kvm_cpu_start(unsigned int cpu, struct pvclock_vcpu_time_info PV_SHARED **page)
{
	*page = (struct pvclock_vcpu_time_info PV_SHARED PV_FORCE *)pv_linux_kvm_clock_page(cpu);
	return *page ? 0 : PV_ENODEV;
}

static void kvm_cpu_stop(unsigned int cpu)
{
}

static int kvm_wall(struct pv_wall_time *out)
{
	void *area = pv_os_pages_alloc(1);
	int err;

	if (!area)
		return PV_ENOMEM;
	pv_wrmsr(MSR_KVM_WALL_CLOCK_NEW, pv_os_virt_to_phys(area));
	err = pv_pvclock_read_wall((struct pvclock_wall_clock PV_SHARED PV_FORCE *)area, out);
	pv_os_pages_free(area, 1);
	return err;
}

static void kvm_end(void)
{
}

/* PVCLOCK_GUEST_STOPPED is Linux' to clear. */
static const struct pv_clock_source kvm = {
	.name = "kvmclock",
	.valid_flags = PVCLOCK_TSC_STABLE_BIT,
	.cpu_start = kvm_cpu_start,
	.cpu_stop = kvm_cpu_stop,
	.wall = kvm_wall,
	.end = kvm_end,
};

static int start_first(const struct pv_platform *platform)
{
	if (platform->hypervisor == PV_HV_KVM)
		return pv_clock_register(&kvm);
	pv_xen_shared_page = (struct shared_info PV_SHARED PV_FORCE *)pv_linux_xen_shared_info();
	return pv_xen_shared_page ? pv_xen_time_start() : PV_ENODEV;
}

int pv_guest_clock_start(const struct pv_platform *platform)
{
	unsigned int i, n = pv_linux_cpus();
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = pv_linux_run_on(i) ? PV_ENODEV
		      : i		 ? pv_clock_cpu_start()
					 : start_first(platform);
	return err || pv_linux_run_on(0) ? PV_ENODEV : 0;
}

void pv_guest_clock_end(void)
{
	unsigned int i = pv_linux_cpus();

	while (--i)
		if (!pv_linux_run_on(i))
			pv_clock_cpu_stop();
	if (!pv_linux_run_on(0))
		pv_clock_end();
}

void *pv_guest_clock_page(const struct pv_platform *platform)
{
	struct vcpu_info PV_SHARED *info;

	if (platform->hypervisor == PV_HV_KVM)
		return pv_linux_kvm_clock_page(pv_os_cpu());
	info = pv_xen_vcpu_info(pv_os_cpu());
	return info ? (void PV_FORCE *)&info->time : NULL;
}
