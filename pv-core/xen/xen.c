/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen, from the beginning to the end, and what it is and offers.
 *
 * The order: hypercalls, then the shared page, then this CPU's vcpu_info, which is in it; then
 * events, which need both; grants; and the clock, whose pages are the vcpu_infos.
 *
 * A CPU's vcpu_info is in the shared page, for the first 32; Xen takes the address of the others'
 * from us, once in a domain's life (VCPUOP_register_vcpu_info). Those are in pages of 64 of them,
 * which stay when the library ends.
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "hypercall/xen.h"
#include "pv-core/clock.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/frames.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/pv_suspend.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_cpu.h"
#include "pv-core/xen/xen_smp.h"
#include "pv-core/xen/xen_suspend.h"
#include "pv-core/xen/xen_time.h"
#include "pv-core/xen/xen_timer.h"

#define CPUID_FEATURES 4 /* Xen public/arch-x86/cpuid.h: EAX features, EBX vcpu id */

#define AREAS_PER_PAGE (PV_PAGE_SIZE / sizeof(struct vcpu_info))
#define AREA_PAGES     ((PV_CONFIG_MAX_CPUS + AREAS_PER_PAGE - 1) / AREAS_PER_PAGE)

static bool present;
static enum pv_xen_mode mode;
static uint32_t features;
static uint32_t cpuid_features; /* the leaf with the vcpu id; 0: none */
struct shared_info PV_SHARED *pv_xen_shared_page;
static char
	*area_page[AREA_PAGES]; /* vcpu_infos that were registered, by Xen's number of the CPU */
static uint64_t area_known[(PV_CONFIG_MAX_CPUS + 63) / 64]; /* whether it was */

static struct {
	struct vcpu_info PV_SHARED *info; /* NULL: not started */
	uint32_t vcpu;
} cpus[PV_CONFIG_MAX_CPUS];

bool pv_xen_present(void)
{
	return present;
}

enum pv_xen_mode pv_xen_mode(void)
{
	return mode;
}

bool pv_xen_has(unsigned int feature)
{
	return feature < 32 && features >> feature & 1;
}

int pv_xen_param(unsigned int index, uint64_t *value)
{
	return pv_xen_hvm_get_param(index, value);
}

struct vcpu_info PV_SHARED *pv_xen_vcpu_info(unsigned int cpu)
{
	return cpu < PV_CONFIG_MAX_CPUS ? cpus[cpu].info : NULL;
}

uint32_t pv_xen_vcpu(unsigned int cpu)
{
	return cpus[cpu].vcpu;
}

/* --- CPUs ------------------------------------------------------------------------------------- */

/* Xen's number of this CPU: by CPUID, which a PV guest cannot trust; else the port's. */
static uint32_t vcpu_here(unsigned int cpu)
{
	struct pv_cpuid r;

	if (!cpuid_features || pv_xen_is_pv())
		return cpu;
	r = pv_cpuid(cpuid_features, 0);
	return r.eax & XEN_HVM_CPUID_VCPU_ID_PRESENT ? r.ebx : cpu;
}

/*
 * Where vcpu_info of CPU `vcpu`, beyond the shared page's, is; registered when it is asked for
 * first, by that CPU, or by another one while it is down.
 */
static int register_info(uint32_t vcpu, struct vcpu_info PV_SHARED **info)
{
	struct vcpu_register_vcpu_info op = {0};
	char **page, *area;
	int err;

	if (vcpu >= PV_CONFIG_MAX_CPUS)
		return PV_ENOSPC;
	page = &area_page[vcpu / AREAS_PER_PAGE];
	if (!*page)
		*page = pv_os_pages_alloc(1);
	if (!*page)
		return PV_ENOMEM;
	area = *page + vcpu % AREAS_PER_PAGE * sizeof(struct vcpu_info);
	if (!(area_known[vcpu / 64] >> vcpu % 64 & 1)) {
		op.mfn = pv_xen_gfn(area);
		op.offset = (uint32_t)((uintptr_t)area & (PV_PAGE_SIZE - 1));
		err = pv_xen_vcpu_register_vcpu_info(vcpu, &op);
		if (err)
			return err;
		area_known[vcpu / 64] |= 1ull << vcpu % 64;
	}
	*info = (struct vcpu_info PV_SHARED PV_FORCE *)area;
	return 0;
}

int pv_xen_area_give(uint32_t vcpu)
{
	struct vcpu_info PV_SHARED *info;

	return vcpu < XEN_LEGACY_MAX_VCPUS ? 0 : register_info(vcpu, &info);
}

void pv_xen_areas_forget(void)
{
	pv_memset(area_known, 0, sizeof(area_known));
}

static int info_start(unsigned int cpu)
{
	uint32_t vcpu = vcpu_here(cpu);
	int err;

	if (cpu >= PV_CONFIG_MAX_CPUS)
		return PV_ENOSPC;
	cpus[cpu].vcpu = vcpu;
	if (vcpu < XEN_LEGACY_MAX_VCPUS) {
		cpus[cpu].info = &pv_xen_shared_page->vcpu_info[vcpu];
		return 0;
	}
	err = register_info(vcpu, &cpus[cpu].info);
	if (err)
		pv_err("Xen: vcpu_info of vCPU %u was not registered, error %d", vcpu, err);
	return err;
}

int pv_xen_cpu_start(void)
{
	unsigned int cpu = pv_os_cpu();
	int err;

	if (!present)
		return 0;
	err = info_start(cpu);
	if (err)
		return err;
	err = pv_evtchn_cpu_start(cpu);
	if (err) {
		cpus[cpu].info = NULL;
		return err;
	}
	if (pv_clock_present())
		pv_xen_timer_cpu_start(cpu);
	pv_xen_smp_cpu_start(cpu);
	return 0;
}

void pv_xen_cpu_stop(void)
{
	unsigned int cpu = pv_os_cpu();

	if (!present || !pv_xen_vcpu_info(cpu))
		return;
	pv_xen_smp_cpu_stop(cpu);
	pv_xen_timer_cpu_stop(cpu);
	pv_evtchn_cpu_stop(cpu);
	cpus[cpu].info = NULL;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static int map_shared_info(void)
{
	void *page = pv_os_pages_alloc(1);
	int err;

	if (!page)
		return PV_ENOMEM;
	err = pv_xen_place(page, XENMAPSPACE_shared_info, 0);
	if (err) {
		pv_os_pages_free(page, 1);
		return err;
	}
	pv_xen_shared_page = (struct shared_info PV_SHARED PV_FORCE *)page;
	return 0;
}

static void unmap_shared_info(void)
{
	void *page = (void PV_FORCE *)pv_xen_shared_page;
	int err = pv_xen_unplace(page);

	pv_xen_shared_page = NULL;
	if (err)
		pv_warn("Xen: the shared page stays, error %d", err);
	else
		pv_os_pages_free(page, 1);
}

static void say(void)
{
	xen_extraversion_t extra = "";
	int version = pv_xen_version_version();

	pv_xen_version_extraversion(&extra);
	extra[sizeof(extra) - 1] = '\0';
	pv_info("Xen %d.%d%s, features 0x%x", version >> 16, version & 0xffff, extra, features);
}

int pv_xen_init(const struct pv_platform *platform, const struct pv_boot_info *boot)
{
	int err;

	pv_xen_call_init(platform->xen_mode, platform->cpu_vendor);
	pv_xen_frames_start(boot->xen_start_info);
	mode = platform->xen_mode;
	cpuid_features = platform->cpuid_max >= platform->cpuid_base + CPUID_FEATURES
				 ? platform->cpuid_base + CPUID_FEATURES
				 : 0;
	err = mode == PV_XEN_PV && !boot->xen_start_info ? PV_EINVAL : 0;
	if (!err)
		err = pv_xen_version_get_features(0, &features);
	if (err) {
		pv_err("Xen: no hypercalls, error %d", err);
		return err;
	}
	say();
	err = map_shared_info();
	if (err) {
		pv_err("Xen: no shared page, error %d", err);
		return err;
	}
	err = info_start(pv_os_cpu());
	if (!err)
		err = pv_evtchn_start(boot);
	if (err) {
		unmap_shared_info();
		return err;
	}
	present = true;
	pv_xen_pv_suspend_start();
	pv_xen_cpu_register();
	err = pv_grant_start();
	if (err)
		pv_err("Xen: no grants, error %d", err);
	err = pv_xen_time_start();
	if (err) {
		pv_warn("Xen: no clock, error %d", err);
		return 0;
	}
	pv_xen_timer_start();
	pv_xen_timer_cpu_start(pv_os_cpu());
	return 0;
}

int pv_xen_work(void)
{
	return present ? pv_grant_work() + pv_evtchn_work() : 0;
}

void pv_xen_exit(void)
{
	unsigned int cpu;

	if (!present)
		return;
	present = false;
	pv_xen_cpu_unregister();
	pv_xen_smp_end();
	pv_xen_timer_exit();
	pv_grant_exit();
	pv_evtchn_exit();
	pv_xen_pv_suspend_exit();
	for (cpu = 0; cpu < PV_CONFIG_MAX_CPUS; cpu++)
		cpus[cpu].info = NULL;
	unmap_shared_info();
	pv_xen_frames_start(NULL);
}

const struct pv_hv pv_xen = {
	.id = PV_HV_XEN,
	.init = pv_xen_init,
	.work = pv_xen_work,
	.cpu_start = pv_xen_cpu_start,
	.cpu_stop = pv_xen_cpu_stop,
	.suspend = pv_xen_suspend,
	.resume = pv_xen_resume,
	.end = pv_xen_exit,
};
