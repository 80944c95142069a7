/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In a new domain after a suspension: what Xen itself has for the guest, without devices. The
 * console, interrupts between CPUs, areas that are registered, the grant table of version 2; and
 * each of them refused.
 *
 * Covers: pv-core/xen/grant_table.c pv-core/xen/xen.c pv-core/xen/xen_console.c
 * pv-core/xen/xen_smp.c pv-core/xen/xen_suspend.c pv-core/xen/xen_timer.c
 */
#include <pv/console.h>
#include <pv/err.h>
#include <pv/fake_xen.h>
#include <pv/ipi.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/timer.h>
#include <pv/xen.h>

#include "fake_store.h"
#include "hypercall/xen.h"
#include "pv-core/bus.h"
#include "pv-core/cpu.h"
#include "pv-core/part.h"
#include "pv-core/suspend.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/grant_table.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_console.h"
#include "pv-core/xen/xen_smp.h"
#include "pv-core/xen/xen_suspend.h"

#define FAR_CPU 40 /* the shared page has no area for it */

static bool with_bus;
static bool keeps_page; /* that of areas, once for the process */
static struct {
	unsigned int op, cmd, skip;
	long answer;
} refuse;

static const struct pv_bus *bus(unsigned int n)
{
	return with_bus && !n ? &pv_xenbus : NULL;
}

static int suspend(void)
{
	return pv_suspend_on(&pv_xen, bus);
}

static long hypercall(unsigned int op, const unsigned long arg[5])
{
	if (!refuse.answer || op != refuse.op || arg[0] != refuse.cmd || refuse.skip--)
		return pv_fake_xen_hypercall(op, arg);
	return refuse.answer;
}

static void refuse_op(unsigned int op, unsigned int cmd, unsigned int skip)
{
	refuse.op = op;
	refuse.cmd = cmd;
	refuse.skip = skip;
	refuse.answer = PV_EPERM;
}

static long move(void)
{
	pv_fake_xen_migrate();
	if (fake_store_migrate())
		pv_os_panic("the new domain cannot be made");
	pv_fake.xen_hypercall = hypercall;
	return 0;
}

static int begin(struct kunit *test)
{
	int err = fake_store_up(test);

	pv_memset(&refuse, 0, sizeof(refuse));
	with_bus = keeps_page = false;
	pv_fake_xen.suspend = move;
	return err;
}

static void end(struct kunit *test)
{
	pv_fake.xen_hypercall = NULL;
	pv_fake.cpu = 0;
	pv_bus_remove_all();
	pv_parts_end();
	if (with_bus)
		pv_xenbus.end();
	pv_bus_set_drivers(NULL);
	fake_store_down(test);
	if (!keeps_page)
		return;
	KUNIT_EXPECT_LE(test, pv_fake.live_pages, 1);
	pv_fake.live_pages = 0;
}

/* --- the console ------------------------------------------------------------------------------ */

static void resume_console(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_xen_console_start(), 0);
	pv_xen_console_write("before", 6);
	KUNIT_ASSERT_EQ(test, suspend(), 0);
	/*
	 * What the ring held is shown nowhere; nothing of it is left, and the port is the new one.
	 */
	pv_xen_console_write("after", 5);
	KUNIT_EXPECT_EQ(test, fake_store_console()->out_prod, 5);
	KUNIT_EXPECT_EQ(test, pv_memcmp(fake_store_console()->out, "after", 5), 0);
	KUNIT_EXPECT_EQ(test, fake_store_console_sent(), 2);
	pv_xen_console_stop();
	/* Nobody uses it: nothing is mapped. */
	KUNIT_ASSERT_EQ(test, suspend(), 0);
	pv_xen_console_write("lost", 4);
	KUNIT_EXPECT_EQ(test, fake_store_console()->out_prod, 0);
}

/* The new domain has none: text is dropped. */
static long move_without_console(void)
{
	struct xen_hvm_param none = {.domid = DOMID_SELF, .index = HVM_PARAM_CONSOLE_EVTCHN};

	move();
	return pv_xen_hvm_set_param_op(&none);
}

static void resume_without_console(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_xen_console_start(), 0);
	pv_fake_xen.suspend = move_without_console;
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	pv_xen_console_write("lost", 4);
	KUNIT_EXPECT_EQ(test, pv_xen_console_drain(10), 0);
	KUNIT_EXPECT_EQ(test, fake_store_console()->out_prod, 0);
	pv_xen_console_stop();
}

static const struct pv_driver *const drivers[] = {&pv_xen_console, NULL};

static void count(void *arg)
{
	++*(unsigned int *)arg;
}

/* As a device: input raises events at the new port. */
static void resume_console_device(struct kunit *test)
{
	struct pv_console *con;
	unsigned int events = 0;
	char buf[8];

	with_bus = true;
	pv_bus_set_drivers(drivers);
	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	con = pv_console_open(0);
	KUNIT_ASSERT_NOT_NULL(test, con);
	pv_console_set_event(con, count, &events);
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	events = 0;
	fake_store_console()->in[0] = 'x';
	fake_store_console()->in_prod = 1;
	fake_store_console_event();
	KUNIT_EXPECT_EQ(test, events, 1);
	KUNIT_EXPECT_EQ(test, pv_console_read(con, buf, sizeof(buf)), 1);
	pv_console_close(con);
}

/* --- CPUs ------------------------------------------------------------------------------------- */

static void resume_ipi(struct kunit *test)
{
	unsigned int rung = 0, lost = 0;
	int ipi, other;

	pv_cpu_find(pv_fake_xen_boot());
	ipi = pv_ipi_open(count, &rung);
	other = pv_ipi_open(count, &lost);
	KUNIT_ASSERT_TRUE(test, ipi >= 0 && other >= 0);
	KUNIT_ASSERT_EQ(test, suspend(), 0);
	KUNIT_EXPECT_NOT_NULL(test, pv_fake_xen.runstate[0]);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 0), 0);
	KUNIT_EXPECT_EQ(test, rung, 1);
	/* The second of both is refused: after the CPU's own, and the first. */
	refuse_op(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, 2);
	KUNIT_ASSERT_EQ(test, suspend(), 0);
	refuse.answer = 0;
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen: interrupt 1 between CPUs is lost"));
	KUNIT_EXPECT_EQ(test, pv_ipi_send(other, 0), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 0), 0);
	KUNIT_EXPECT_TRUE(test, rung == 2 && !lost);
	pv_ipi_close(ipi);
	pv_ipi_close(other);
}

/* What was registered for a CPU, was so in the domain of before. */
static void resume_far_cpu(struct kunit *test)
{
	unsigned int i;

	pv_fake_xen.vcpus = PV_FAKE_XEN_CPUS;
	for (i = 0; i < 2; i++) {
		pv_fake.cpu = FAR_CPU;
		KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), 0);
		KUNIT_ASSERT_NOT_NULL(test, pv_fake_xen_vcpu_info(FAR_CPU));
		KUNIT_EXPECT_PTR_EQ(test, (void PV_FORCE *)pv_xen_vcpu_info(FAR_CPU),
				    pv_fake_xen_vcpu_info(FAR_CPU));
		pv_xen_cpu_stop();
		pv_fake.cpu = 0;
		KUNIT_ASSERT_EQ(test, suspend(), 0);
		KUNIT_EXPECT_NULL(test, pv_fake_xen_vcpu_info(FAR_CPU));
	}
	keeps_page = true;
}

/* And what Xen refused to register is asked for again. */
static void resume_far_cpu_refused(struct kunit *test)
{
	keeps_page = true;
	pv_fake_xen.vcpus = PV_FAKE_XEN_CPUS;
	KUNIT_ASSERT_EQ(test, suspend(), 0);
	pv_fake.cpu = FAR_CPU;
	refuse_op(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0);
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), PV_EPERM);
	KUNIT_EXPECT_NULL(test, pv_xen_vcpu_info(FAR_CPU));
	refuse.answer = 0;
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), 0);
	KUNIT_EXPECT_PTR_EQ(test, (void PV_FORCE *)pv_xen_vcpu_info(FAR_CPU),
			    pv_fake_xen_vcpu_info(FAR_CPU));
	pv_xen_cpu_stop();
}

static void resume_timer_refused(struct kunit *test)
{
	unsigned int fired = 0;

	KUNIT_ASSERT_EQ(test, pv_timer_start(count, &fired), 0);
	refuse_op(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, 0);
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	refuse.answer = 0;
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen: no timer on CPU 0, error -1"));
	/* There is none the next time either: nothing is bound. */
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	KUNIT_EXPECT_EQ(test, fired, 0);
	pv_timer_stop();
}

/* --- Xen's pages ------------------------------------------------------------------------------ */

static void resume_refused_page(struct kunit *test)
{
	refuse_op(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, 0);
	KUNIT_EXPECT_EQ(test, suspend(), PV_EPERM);
	refuse.answer = 0;
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen: no shared page after the suspend, error -1"));
	KUNIT_EXPECT_EQ(test, suspend(), 0);
}

static void resume_refused_upcalls(struct kunit *test)
{
	refuse_op(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, 0);
	KUNIT_EXPECT_EQ(test, suspend(), PV_EPERM);
	refuse.answer = 0;
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen: no upcalls after the suspend, error -1"));
}

static int start_again(struct kunit *test, bool version_2)
{
	struct pv_platform platform;

	(void)test;
	pv_xen_exit();
	pv_fake_xen.maximum_gpfn = version_2 ? 1l << 33 : 0x3ffff;
	pv_detect(&platform, pv_cpuid, PV_HINT_PVH);
	return pv_xen_init(&platform, pv_fake_xen_boot());
}

static void resume_grants(struct kunit *test)
{
	void *page = pv_os_pages_alloc(1);
	int ref;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, start_again(test, true), 0);
	KUNIT_ASSERT_EQ(test, pv_grant_table.version, 2);
	KUNIT_ASSERT_EQ(test, suspend(), 0);
	ref = pv_grant(PV_FAKE_XEN_PEER, page, false);
	KUNIT_ASSERT_GT(test, ref, 0);
	KUNIT_EXPECT_PTR_EQ(test, pv_fake_xen_peer_map(PV_FAKE_XEN_PEER, (uint32_t)ref, true),
			    page);
	KUNIT_EXPECT_TRUE(test, pv_grant_in_use(ref));
	pv_fake_xen_peer_unmap((uint32_t)ref);
	KUNIT_EXPECT_EQ(test, pv_grant_end(ref), 0);
	/* A page of the table, the page of Xen's notes. */
	refuse_op(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, 1);
	KUNIT_EXPECT_EQ(test, suspend(), PV_EPERM);
	refuse_op(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, 2);
	KUNIT_EXPECT_EQ(test, suspend(), PV_EPERM);
	KUNIT_EXPECT_EQ(test, pv_grant_reserve(600), 0); /* the first of several */
	refuse_op(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, 1);
	KUNIT_EXPECT_EQ(test, suspend(), PV_EPERM);
	/* The new Xen does not know the version that the entries are of. */
	refuse_op(__HYPERVISOR_grant_table_op, GNTTABOP_set_version, 0);
	KUNIT_EXPECT_EQ(test, suspend(), PV_ENOTSUP);
	refuse.answer = 0;
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	/* The first version is every Xen's. */
	KUNIT_ASSERT_EQ(test, start_again(test, false), 0);
	refuse_op(__HYPERVISOR_grant_table_op, GNTTABOP_set_version, 0);
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	refuse.answer = 0;
	pv_os_pages_free(page, 1);
}

/* Events were polled, and are: nothing is told to Xen of them. */
static void resume_polled(struct kunit *test)
{
	pv_fake.no_vector = true;
	KUNIT_ASSERT_EQ(test, start_again(test, false), 0);
	refuse_op(__HYPERVISOR_hvm_op, HVMOP_set_param, 0);
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	refuse.answer = 0;
}

/* There were none before, and are none after it. */
static void resume_without_grants(struct kunit *test)
{
	struct pv_platform platform;

	pv_xen_exit();
	refuse_op(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, 0);
	pv_fake.xen_hypercall = hypercall;
	pv_detect(&platform, pv_cpuid, PV_HINT_PVH);
	KUNIT_ASSERT_EQ(test, pv_xen_init(&platform, pv_fake_xen_boot()), 0);
	refuse.answer = 0;
	KUNIT_EXPECT_EQ(test, pv_grant_table.version, 0);
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	KUNIT_EXPECT_EQ(test, pv_grant_table.version, 0);
	KUNIT_EXPECT_NE(test, pv_grant_reserve(1), 0);
}

static struct kunit_case resume_cases[] = {
	KUNIT_CASE(resume_console),
	KUNIT_CASE(resume_without_console),
	KUNIT_CASE(resume_console_device),
	KUNIT_CASE(resume_ipi),
	KUNIT_CASE(resume_far_cpu),
	KUNIT_CASE(resume_far_cpu_refused),
	KUNIT_CASE(resume_polled),
	KUNIT_CASE(resume_without_grants),
	KUNIT_CASE(resume_timer_refused),
	KUNIT_CASE(resume_refused_page),
	KUNIT_CASE(resume_refused_upcalls),
	KUNIT_CASE(resume_grants),
	{},
};

static struct kunit_suite resume_suite = {
	.name = "xen_resume",
	.init = begin,
	.exit = end,
	.test_cases = resume_cases,
};
kunit_test_suite(resume_suite);
