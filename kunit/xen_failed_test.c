/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What Xen refuses while the library begins, while CPUs come, and in a new domain after a
 * suspension: the error that is told is Xen's own, what was begun is taken back, and the rest
 * works.
 *
 * Covers: pv-core/clock.c pv-core/xen/evtchn_bind.c pv-core/xen/grant_table.c pv-core/xen/upcall.c
 * pv-core/xen/xen.c pv-core/xen/xen_smp.c pv-core/xen/xen_suspend.c pv-core/xen/xen_time.c
 * pv-core/xen/xen_timer.c
 */
#include <kunit/test.h>
#include <pv/clock.h>
#include <pv/config.h>
#include <pv/control.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/ipi.h>
#include <pv/log.h>
#include <pv/pv.h>
#include <pv/string.h>
#include <pv/timer.h>
#include <pv/xen.h>

#include "fake_pci.h"
#include "hypercall/xen.h"
#include "pv-core/clock.h"
#include "pv-core/cpu.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/grant_table.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_smp.h"
#include "pv-core/xen/xen_suspend.h"
#include "pv-core/xen/xen_timer.h"

static const struct pv_hv *const hypervisors[] = {&pv_xen, NULL};

/* The calls that are answered so, from now on; and the status within them. */
static struct {
	unsigned int op, cmd;
	uint64_t space; /* of XENMEM_add_to_physmap */
	unsigned int index;
	long answer;
	int16_t status;
	unsigned int times;
} refuse;

static bool refused(unsigned int op, const unsigned long arg[5])
{
	const struct xen_add_to_physmap *add = (const struct xen_add_to_physmap *)arg[1];

	if (!refuse.times || op != refuse.op || arg[0] != refuse.cmd)
		return false;
	if (op == __HYPERVISOR_memory_op && refuse.cmd == XENMEM_add_to_physmap &&
	    (add->space != refuse.space || (unsigned int)add->idx != refuse.index))
		return false;
	refuse.times--;
	return true;
}

static long hypercall(unsigned int op, const unsigned long arg[5])
{
	if (!refused(op, arg))
		return pv_fake_xen_hypercall(op, arg);
	if (refuse.status)
		((struct gnttab_query_size *)arg[1])->status = refuse.status;
	return refuse.answer;
}

static void refuse_op(unsigned int op, unsigned int cmd, long answer)
{
	refuse.op = op;
	refuse.cmd = cmd;
	refuse.answer = answer;
	refuse.times = 1;
}

static void refuse_page(unsigned int space, unsigned int index, long answer)
{
	refuse_op(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, answer);
	refuse.space = space;
	refuse.index = index;
}

static int start_with(const struct pv_boot_info *boot)
{
	const struct pv_init_args args = {.boot = boot, .hypervisors = hypervisors};

	return pv_init(&args);
}

static int start(void)
{
	return start_with(pv_fake_xen_boot());
}

static int failed_init(struct kunit *test)
{
	(void)test;
	pv_clock_end();
	memset(&refuse, 0, sizeof(refuse));
	pv_fake_xen_start();
	pv_fake.xen_hypercall = hypercall;
	return 0;
}

static void failed_exit(struct kunit *test)
{
	refuse.times = 0;
	pv_fake.cpu = 0;
	pv_shutdown();
	pv_fake.xen_hypercall = NULL;
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), 0);
}

/* --- at the beginning ------------------------------------------------------------------------- */

static void failed_xen(struct kunit *test, const char *says)
{
	KUNIT_EXPECT_EQ(test, start(), 0);
	KUNIT_EXPECT_FALSE(test, pv_xen_present());
	KUNIT_EXPECT_TRUE_MSG(test, pv_fake_logged(says), "%s", says);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, 0);
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_xen_suspend(), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), 0); /* there is nothing to begin */
	pv_xen_cpu_stop();
	KUNIT_EXPECT_EQ(test, pv_xen_work(), 0);
	pv_shutdown();
}

static void xen_failed_begin(struct kunit *test)
{
	refuse_op(__HYPERVISOR_xen_version, XENVER_get_features, PV_EBUSY);
	failed_xen(test, "Xen: no hypercalls, error -16");
	refuse_page(XENMAPSPACE_shared_info, 0, PV_EBUSY);
	failed_xen(test, "Xen: no shared page, error -16");
	pv_fake.alloc_fail_at = 1;
	failed_xen(test, "Xen: no shared page, error -12");
	pv_fake.alloc_fail_at = 2; /* which ports are this CPU's */
	failed_xen(test, "Xen 4.17");
}

static void failed_grants(struct kunit *test, const char *says)
{
	KUNIT_EXPECT_EQ(test, start(), 0);
	KUNIT_EXPECT_TRUE(test, pv_xen_present());
	KUNIT_EXPECT_TRUE_MSG(test, pv_fake_logged(says), "%s", says);
	KUNIT_EXPECT_NE(test, pv_grant_reserve(1), 0);
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
}

static void xen_failed_grants(struct kunit *test)
{
	refuse_op(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, PV_EBUSY);
	failed_grants(test, "Xen: no grants, error -16");
	refuse_op(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, 0);
	refuse.status = GNTST_bad_domain;
	failed_grants(test, "Xen: no grants, error -2");
	refuse.status = 0;
	refuse_page(XENMAPSPACE_grant_table, 0, PV_EBUSY);
	failed_grants(test, "Xen: no grants, error -16");
	pv_fake.alloc_fail_at = 3; /* our own entries: after the shared page and the ports */
	failed_grants(test, "Xen: no grants, error -12");
	pv_fake_log_reset();
	pv_fake.alloc_fail_at = 5; /* a page of the table */
	failed_grants(test, "Xen: no grants, error -12");
}

/*
 * Version 2 has a page for Xen's notes besides: without it, there is no frame of the table either.
 */
static void xen_failed_status(struct kunit *test)
{
	pv_fake_xen.maximum_gpfn = 1l << 33;
	refuse_page(XENMAPSPACE_grant_table, XENMAPIDX_grant_table_status, PV_EBUSY);
	failed_grants(test, "Xen: no grants, error -16");
	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, pv_grant_table.version, 2);
}

/* A kernel before us left version 2, and Xen does not change it: so it is used. */
static long left_version_2(unsigned int op, const unsigned long arg[5])
{
	if (op == __HYPERVISOR_grant_table_op && arg[0] == GNTTABOP_set_version) {
		/* The first time it is the one before us who asks. */
		if (refuse.times++)
			return PV_EBUSY;
		((struct gnttab_set_version *)arg[1])->version = 2;
		pv_fake_xen_hypercall(op, arg);
		return PV_EBUSY;
	}
	return pv_fake_xen_hypercall(op, arg);
}

static void xen_failed_version(struct kunit *test)
{
	pv_fake.xen_hypercall = left_version_2;
	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, pv_grant_table.version, 2);
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(1), 0);
	pv_grant_unreserve(1);
	pv_shutdown();
	pv_fake.xen_hypercall = hypercall;
}

static void ignore(void *arg)
{
	(void)arg;
}

static void xen_failed_clock(struct kunit *test)
{
	struct pv_evtchn_stats stats;
	unsigned int i;
	int port, ref;
	void *page;

	pv_fake_xen.odd_version = true;
	KUNIT_EXPECT_EQ(test, start(), 0);
	KUNIT_EXPECT_TRUE(test, pv_xen_present());
	KUNIT_EXPECT_FALSE(test, pv_clock_present());
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen: no clock, error -19"));
	KUNIT_EXPECT_EQ(test, pv_timer_arm(1), PV_ENODEV);
	/* Nobody knows when it is time: the work is asked for at once. */
	pv_fake.work_scheduled = 0;
	pv_xen_timer_wake(1000000);
	KUNIT_EXPECT_EQ(test, pv_fake.work_scheduled, 1);
	/* Nor whether an idle port is due, or a page that a peer has kept. */
	port = pv_evtchn_bind_ipi(0, ignore, NULL);
	KUNIT_ASSERT_GT(test, port, 0);
	for (i = 0; i < 10; i++)
		pv_evtchn_eoi_idle(port);
	pv_evtchn_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.delayed, 0);
	page = pv_os_pages_alloc(1);
	ref = pv_grant(PV_FAKE_XEN_PEER, page, false);
	KUNIT_ASSERT_GT(test, ref, 0);
	KUNIT_EXPECT_NOT_NULL(test, pv_fake_xen_peer_map(PV_FAKE_XEN_PEER, (uint32_t)ref, true));
	KUNIT_EXPECT_EQ(test, pv_grant_end(ref), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, pv_xen_work(), 0);
	pv_fake_xen_peer_unmap((uint32_t)ref);
	KUNIT_EXPECT_EQ(test, pv_xen_work(), 1);
	pv_os_pages_free(page, 1);
	/* A CPU that there is no place for has no timer. */
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	pv_xen_timer_wake(1000000);
	pv_fake.cpu = 0;
	/* A further CPU has no timer either. */
	pv_fake_xen.vcpus = 2;
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), 0);
	pv_xen_cpu_stop();
}

/* --- upcalls ---------------------------------------------------------------------------------- */

static enum pv_upcall upcall(void)
{
	struct pv_evtchn_stats s;

	pv_evtchn_stats(&s);
	return s.upcall;
}

/* Xen takes no way that the port has: events are polled, and no interrupt is kept. */
static void xen_failed_upcall(struct kunit *test)
{
	static struct fake_pci pci;
	static struct fake_pci_fn platform, second;

	pv_fake_xen.no_upcall_vector = true;
	refuse_op(__HYPERVISOR_hvm_op, HVMOP_set_param, PV_EPERM);
	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, upcall(), PV_UPCALL_NONE);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
	pv_shutdown();
	/* HVM, without PCI; and with the platform device, whose line Xen does not take. */
	pv_fake.no_vector = true;
	KUNIT_ASSERT_EQ(test, start_with(NULL), 0);
	KUNIT_EXPECT_EQ(test, upcall(), PV_UPCALL_NONE);
	pv_shutdown();
	fake_pci_init(&pci, true, 0, 0);
	fake_pci_add(&pci, &platform, 0, 3, 0, 0x5853, 0x0001, 0);
	platform.config[0x3d] = 5; /* a pin that there is not */
	KUNIT_ASSERT_EQ(test, start_with(NULL), 0);
	KUNIT_EXPECT_EQ(test, upcall(), PV_UPCALL_NONE);
	pv_shutdown();
	platform.config[0x3d] = 1;
	refuse_op(__HYPERVISOR_hvm_op, HVMOP_set_param, PV_EPERM);
	KUNIT_ASSERT_EQ(test, start_with(NULL), 0);
	KUNIT_EXPECT_EQ(test, upcall(), PV_UPCALL_NONE);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
	pv_shutdown();
	/* The first of two. */
	fake_pci_add(&pci, &second, 0, 4, 0, 0x5853, 0x0001, 0);
	second.config[0x3d] = 1;
	KUNIT_ASSERT_EQ(test, start_with(NULL), 0);
	KUNIT_EXPECT_EQ(test, upcall(), PV_UPCALL_GSI);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 1);
}

/* Nothing can be bound before there are events. */
static void xen_failed_bind(struct kunit *test)
{
	unsigned int ports;
	uint32_t port, far;

	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_port(5, ignore, NULL), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_ipi(0, ignore, NULL), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_virq(VIRQ_TIMER, 0, ignore, NULL), PV_EINVAL);
	pv_evtchn_close(5);
	pv_evtchn_unbind(5);
	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_ipi(PV_CONFIG_MAX_CPUS, ignore, NULL), PV_EINVAL);
	/* Another's port is not closed when there is no memory for what it is for. */
	ports = pv_fake_xen_ports();
	port = pv_fake_xen_peer_connect(0);
	for (far = port; far < 256; far = pv_fake_xen_peer_connect(0))
		;
	ports = pv_fake_xen_ports();
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_evtchn_bind_port(far, ignore, NULL), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), ports);
	KUNIT_ASSERT_EQ(test, pv_evtchn_bind_port(port, ignore, NULL), (int)port);
	KUNIT_EXPECT_EQ(test, pv_evtchn_set_cpu((int)port, 1), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_evtchn_set_cpu((int)far, 0), PV_EINVAL);
	pv_evtchn_set_late((int)far);
	pv_evtchn_eoi((int)far);
	pv_evtchn_eoi_idle((int)far);
	for (; port <= far; port++) {
		(void)!pv_evtchn_bind_port(port, ignore, NULL);
		pv_evtchn_close((int)port);
	}
}

/* --- CPUs ------------------------------------------------------------------------------------- */

static void xen_failed_vcpu_number(struct kunit *test)
{
	static struct pv_fake_leaf leaves[] = {
		{.leaf = 1, .value = {.ecx = 1u << 31}},
		{.leaf = 0x40000000,
		 .value = {0x40000005, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
			   XEN_CPUID_SIGNATURE_EDX}},
		{.leaf = 0x40000004,
		 .value = {.eax = XEN_HVM_CPUID_VCPU_ID_PRESENT, .ebx = PV_CONFIG_MAX_CPUS},
		 .last = true},
	};

	pv_fake_xen.vcpus = PV_FAKE_XEN_CPUS;
	KUNIT_ASSERT_EQ(test, start(), 0);
	pv_fake_cpuid(leaves);
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), PV_ENOSPC);
	KUNIT_EXPECT_TRUE(test,
			  pv_fake_logged("vcpu_info of vCPU 64 was not registered, error -28"));
	KUNIT_EXPECT_NULL(test, pv_xen_vcpu_info(1));
	KUNIT_EXPECT_NULL(test, pv_xen_vcpu_info(PV_CONFIG_MAX_CPUS));
	/* It has no time of Xen's. */
	KUNIT_EXPECT_EQ(test, pv_clock_cpu_start(), PV_ENODEV);
	pv_xen_cpu_stop();
	pv_fake_cpuid(pv_fake_xen_cpuid);
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), 0);
	pv_xen_cpu_stop();
	pv_fake.cpu = 0;
	pv_shutdown();
	/* The boot CPU's: there is no Xen then. Without that leaf it is the port's. */
	pv_fake_cpuid(leaves);
	KUNIT_EXPECT_EQ(test, start(), 0);
	KUNIT_EXPECT_FALSE(test, pv_xen_present());
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
	pv_shutdown();
	leaves[1].value.eax = 0x40000002;
	KUNIT_EXPECT_EQ(test, start(), 0);
	leaves[1].value.eax = 0x40000005;
	KUNIT_EXPECT_TRUE(test, pv_xen_present());
	KUNIT_EXPECT_EQ(test, pv_xen_vcpu(0), 0);
}

/* A CPU that has no place for Xen's account: no stolen time is told. */
static void xen_failed_runstate(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, start(), 0);
	pv_fake.alloc_fail_at = 1;
	pv_xen_smp_begin();
	KUNIT_EXPECT_NULL(test, pv_fake_xen.runstate[0]);
	KUNIT_EXPECT_EQ(test, pv_xen_stolen(0), 0);
	KUNIT_EXPECT_FALSE(test, pv_xen_preempted(0));
	pv_xen_smp_cpu_stop(0);
	refuse_op(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, PV_EPERM);
	pv_xen_smp_begin();
	KUNIT_EXPECT_EQ(test, pv_xen_stolen(0), 0);
	KUNIT_EXPECT_EQ(test, pv_xen_stolen(PV_CONFIG_MAX_CPUS), 0);
}

static struct kunit_case failed_cases[] = {
	KUNIT_CASE(xen_failed_begin),	 KUNIT_CASE(xen_failed_grants),
	KUNIT_CASE(xen_failed_status),	 KUNIT_CASE(xen_failed_version),
	KUNIT_CASE(xen_failed_clock),	 KUNIT_CASE(xen_failed_upcall),
	KUNIT_CASE(xen_failed_bind),	 KUNIT_CASE(xen_failed_vcpu_number),
	KUNIT_CASE(xen_failed_runstate), {},
};

static struct kunit_suite failed_suite = {
	.name = "xen_failed",
	.init = failed_init,
	.exit = failed_exit,
	.test_cases = failed_cases,
};
kunit_test_suite(failed_suite);
