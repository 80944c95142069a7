/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's beginning and end: pv_init() on the fake Xen, each of its steps failing, the ways of
 * upcalls, frames, and a PV guest's names for them.
 *
 * Covers: pv-core/xen/xen.c pv-core/xen/frames.c pv-core/xen/upcall.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "fake_pci.h"
#include "hypercall/xen.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/frames.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"

static unsigned int count;

/* NULL for `boot`: started by no PVH loader, hence an HVM guest. */
static int start_with(const struct pv_boot_info *boot)
{
	const struct pv_init_args args = {.boot = boot, .hypervisors = pv_fake_hypervisors};

	return pv_init(&args);
}

static int start(void)
{
	return start_with(pv_fake_xen_boot());
}

static int core_init(struct kunit *test)
{
	(void)test;
	count = 0;
	pv_fake_xen_start();
	return 0;
}

static void core_exit(struct kunit *test)
{
	pv_fake.alloc_fail_at = 0;
	pv_fake_xen.fail_at = 0;
	pv_shutdown();
	pv_fake.xen_hypercall = NULL;
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_granted(), 0);
}

static void counting(void *arg)
{
	(void)arg;
	count++;
}

static enum pv_upcall upcall(void)
{
	struct pv_evtchn_stats s;

	pv_evtchn_stats(&s);
	return s.upcall;
}

static void core_begin_and_end(struct kunit *test)
{
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_FALSE(test, pv_xen_present());
		KUNIT_EXPECT_NULL(test, pv_xen_shared_info());
		KUNIT_ASSERT_EQ(test, start(), 0);
		KUNIT_EXPECT_TRUE(test, pv_xen_present());
		KUNIT_EXPECT_FALSE(test, pv_xen_is_pv());
		KUNIT_EXPECT_EQ(test, pv_xen_mode(), PV_XEN_PVH);
		KUNIT_EXPECT_TRUE(test, pv_xen_has(XENFEAT_hvm_callback_vector));
		KUNIT_EXPECT_FALSE(test, pv_xen_has(XENFEAT_dom0));
		KUNIT_EXPECT_FALSE(test, pv_xen_has(1000));
		KUNIT_EXPECT_TRUE(test, pv_clock_present());
		KUNIT_EXPECT_PTR_EQ(test, pv_xen_shared_info(), pv_fake_xen_shared());
		KUNIT_EXPECT_EQ(test, pv_xen_param(HVM_PARAM_STORE_PFN, &value), 0);
		KUNIT_EXPECT_NE(test, pv_xen_param(1000, &value), 0);
		KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen 4.17.0-fake"));
		pv_shutdown();
		KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), 0);
		KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 0);
		KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
		KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);
	}
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
}

/*
 * Whichever hypercall fails: the kernel goes on with less, and nothing is left behind at the end.
 */
static void core_nth_hypercall_fails(struct kunit *test)
{
	static const long errors[] = {PV_EINVAL, PV_ENOSYS, PV_ENOMEM, PV_EAGAIN, -4711};
	unsigned int n, all, e;

	KUNIT_ASSERT_EQ(test, start(), 0);
	all = pv_fake_xen.calls;
	pv_shutdown();
	KUNIT_EXPECT_GT(test, all, 5);
	for (n = 1; n <= all; n++) {
		for (e = 0; e < PV_ARRAY_SIZE(errors); e++) {
			pv_fake_xen_start();
			pv_fake_xen.fail_at = n;
			pv_fake_xen.fail_with = errors[e];
			KUNIT_EXPECT_EQ(test, start(), 0);
			KUNIT_EXPECT_EQ(test, pv_fake_xen.fail_at, 0);
			pv_work();
			pv_shutdown();
			KUNIT_EXPECT_EQ_MSG(test, pv_fake_xen_ports(), 0, "call %u", n);
			KUNIT_EXPECT_EQ_MSG(test, pv_fake.live_pages, 0, "call %u", n);
			KUNIT_EXPECT_EQ_MSG(test, pv_fake.live_allocs, 0, "call %u", n);
			KUNIT_EXPECT_EQ_MSG(test, pv_fake.live_irqs, 0, "call %u", n);
		}
	}
}

/*
 * Nor does any hypercall of the end do harm by failing: at most the page is lost that it was about.
 */
static void core_nth_hypercall_of_end_fails(struct kunit *test)
{
	unsigned int n;

	for (n = 1; n < 100; n++) {
		pv_fake_xen_start();
		KUNIT_ASSERT_EQ(test, start(), 0);
		pv_fake_xen.fail_at = n;
		pv_fake_xen.fail_with = PV_EINVAL;
		pv_shutdown();
		if (pv_fake_xen.fail_at)
			break;
		KUNIT_EXPECT_LE_MSG(test, pv_fake.live_pages, 1, "call %u", n);
		KUNIT_EXPECT_EQ_MSG(test, pv_fake.live_allocs, 0, "call %u", n);
		KUNIT_EXPECT_EQ_MSG(test, pv_fake.live_irqs, 0, "call %u", n);
		pv_fake.live_pages = 0;
	}
	KUNIT_EXPECT_GT(test, n, 4);
	pv_fake_xen.fail_at = 0;
	pv_fake_xen_start();
}

static void core_nth_allocation_fails(struct kunit *test)
{
	unsigned int n;

	for (n = 1; n < 100; n++) {
		pv_fake_xen_start();
		pv_fake.alloc_fail_at = n;
		KUNIT_EXPECT_EQ(test, start(), 0);
		if (pv_fake.alloc_fail_at)
			break;
		pv_work();
		pv_shutdown();
		KUNIT_EXPECT_EQ_MSG(test, pv_fake_xen_ports(), 0, "allocation %u", n);
		KUNIT_EXPECT_EQ_MSG(test, pv_fake.live_pages, 0, "allocation %u", n);
		KUNIT_EXPECT_EQ_MSG(test, pv_fake.live_allocs, 0, "allocation %u", n);
	}
	KUNIT_EXPECT_GT(test, n, 4);
	KUNIT_EXPECT_TRUE(test, pv_xen_present());
}

/* Memory for the shared page's place does not come back: it is not used again. */
static long no_populate(unsigned int op, const unsigned long arg[5])
{
	if (op == __HYPERVISOR_memory_op && arg[0] == XENMEM_populate_physmap)
		return 0; /* of the pages asked for, none */
	return pv_fake_xen_hypercall(op, arg);
}

static void core_page_lost(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, start(), 0);
	pv_fake.xen_hypercall = no_populate;
	pv_shutdown();
	/* The shared page, and the grant table's. */
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 2);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("the shared page stays, error -12"));
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("a page of the grant table stays, error -12"));
	pv_fake.live_pages -= 2;
}

/* --- upcalls ---------------------------------------------------------------------------------- */

static void one_event(struct kunit *test, enum pv_upcall expected)
{
	int port;

	KUNIT_ASSERT_EQ(test, start(), 0);
	KUNIT_EXPECT_EQ(test, upcall(), expected);
	port = pv_evtchn_bind_ipi(0, counting, NULL);
	KUNIT_ASSERT_GT(test, port, 0);
	count = 0;
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	if (expected == PV_UPCALL_NONE) {
		KUNIT_EXPECT_EQ(test, count, 0);
		KUNIT_EXPECT_GE(test, pv_work(), 1);
	}
	KUNIT_EXPECT_EQ(test, count, 1);
}

static void core_upcall_per_cpu(struct kunit *test)
{
	uint64_t value = 0;

	pv_fake_xen.vcpus = 2;
	one_event(test, PV_UPCALL_PER_CPU);
	/* The toolstack sees that somebody listens. */
	KUNIT_EXPECT_EQ(test, pv_xen_param(HVM_PARAM_CALLBACK_IRQ, &value), 0);
	KUNIT_EXPECT_NE(test, value, 0);
	/* The second CPU's, by the same vector. */
	pv_fake.cpu = 1;
	KUNIT_ASSERT_EQ(test, pv_cpu_init(), 0);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(pv_evtchn_bind_ipi(1, counting, NULL)), 0);
	KUNIT_EXPECT_EQ(test, count, 2);
	pv_cpu_exit();
	pv_fake.cpu = 0;
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_xen_param(HVM_PARAM_CALLBACK_IRQ, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0);
}

static void core_upcall_vector(struct kunit *test)
{
	uint64_t value = 0;

	pv_fake_xen.no_upcall_vector = true;
	one_event(test, PV_UPCALL_VECTOR);
	KUNIT_EXPECT_EQ(test, pv_xen_param(HVM_PARAM_CALLBACK_IRQ, &value), 0);
	KUNIT_EXPECT_EQ(test, value >> 56, 2);
	KUNIT_EXPECT_GE(test, value & 0xff, 32);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 1);
}

static void core_upcall_polled(struct kunit *test)
{
	pv_fake.no_vector = true;
	one_event(test, PV_UPCALL_NONE);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("no interrupt for events"));
	pv_shutdown();
	pv_fake_xen_start();
	pv_fake.no_vector = false;
	pv_fake_xen.no_upcall_vector = true;
	pv_fake_xen.features &= ~(1u << XENFEAT_hvm_callback_vector);
	one_event(test, PV_UPCALL_NONE);
}

/* An HVM guest without vectors: the platform device's line, which is one function among others. */
static void core_upcall_gsi(struct kunit *test)
{
	static struct fake_pci pci;
	static struct fake_pci_fn other, platform;
	uint64_t value = 0;
	int port;

	fake_pci_init(&pci, true, 0, 0);
	fake_pci_add(&pci, &other, 0, 1, 0, 0x5853, 0x0002, 0);
	fake_pci_add(&pci, &platform, 0, 3, 0, 0x5853, 0x0001, 0);
	other.config[0x3d] = platform.config[0x3d] = 2;
	platform.config[0x3c] = 11;
	pv_fake.no_vector = true;
	KUNIT_ASSERT_EQ(test, start_with(NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_xen_mode(), PV_XEN_HVM);
	KUNIT_EXPECT_EQ(test, upcall(), PV_UPCALL_GSI);
	/* Type 1, device 3, function 0, INTB. */
	KUNIT_EXPECT_EQ(test, pv_xen_param(HVM_PARAM_CALLBACK_IRQ, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 1ull << 56 | 3 << 11 | 1);
	port = pv_evtchn_bind_ipi(0, counting, NULL);
	KUNIT_EXPECT_EQ(test, pv_evtchn_send(port), 0);
	KUNIT_EXPECT_EQ(test, count, 1);
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0);

	/* Without a pin, without the device, without an interrupt for it: polled. */
	platform.config[0x3d] = 0;
	KUNIT_ASSERT_EQ(test, start_with(NULL), 0);
	KUNIT_EXPECT_EQ(test, upcall(), PV_UPCALL_NONE);
	pv_shutdown();
	platform.config[0x3d] = 2;
	pv_fake.no_intx = true;
	KUNIT_ASSERT_EQ(test, start_with(NULL), 0);
	KUNIT_EXPECT_EQ(test, upcall(), PV_UPCALL_NONE);
}

/* --- frames ----------------------------------------------------------------------------------- */

static void core_map_frame(struct kunit *test)
{
	uint8_t *page = pv_os_pages_alloc(1);
	void *there;

	KUNIT_ASSERT_EQ(test, start(), 0);
	there = pv_xen_map_frame(pv_xen_gfn(page));
	KUNIT_EXPECT_PTR_EQ(test, there, page);
	pv_xen_unmap_frame(there);
	pv_xen_unmap_frame(NULL);
	pv_os_pages_free(page, 1);
	KUNIT_EXPECT_NULL(test, pv_xen_map_frame(0));
}

static void core_page_out_and_back(struct kunit *test)
{
	uint8_t *page = pv_os_pages_alloc(1);

	KUNIT_ASSERT_EQ(test, start(), 0);
	page[5] = 1;
	KUNIT_EXPECT_EQ(test, pv_xen_page_out(page), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 1);
	KUNIT_EXPECT_EQ(test, pv_xen_page_out(page), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, pv_xen_page_back(page), 0);
	KUNIT_EXPECT_EQ(test, page[5], 0);
	KUNIT_EXPECT_EQ(test, pv_xen_page_back(page), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, pv_xen_unplace(page), PV_ENOENT);
	pv_os_pages_free(page, 1);
}

/* A PV guest: frames by the table, pages by changing the mapping. */
static struct {
	const void *va;
	uint64_t pte;
	unsigned long flags;
	unsigned int n;
} mapped;

static xen_pfn_t table_mfn;

static long pv_call(unsigned int op, const unsigned long arg[5])
{
	struct gnttab_setup_table *setup = (struct gnttab_setup_table *)arg[1];

	if (op == __HYPERVISOR_update_va_mapping) {
		mapped.va = (const void *)arg[0];
		mapped.pte = arg[1];
		mapped.flags = arg[2];
		mapped.n++;
		return 0;
	}
	if (op == __HYPERVISOR_grant_table_op && arg[0] == GNTTABOP_setup_table) {
		setup->status = GNTST_okay;
		setup->frame_list.p[setup->nr_frames - 1] = table_mfn;
		return setup->nr_frames == 3 ? 0 : PV_EINVAL;
	}
	return PV_ENOSYS;
}

static void core_pv_frames(struct kunit *test)
{
	static unsigned long mfn_list[4] = {0x11, 0x22, 0x33, 0x44};
	static uint8_t memory[4 * PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
	static struct pv_fake_region ram = {.len = sizeof(memory), .memory = memory};
	static struct start_info info = {.nr_pages = 4, .shared_info = 0x99000};
	void *page = memory + 2 * PV_PAGE_SIZE, *va;

	pv_memset(&mapped, 0, sizeof(mapped));
	pv_fake_memory_add(&ram);
	info.mfn_list = (unsigned long)mfn_list;
	pv_fake.xen_hypercall = pv_call;
	pv_xen_call_mode = PV_XEN_CALL_SYSCALL;
	pv_xen_frames_start(&info);
	KUNIT_EXPECT_TRUE(test, pv_xen_is_pv());
	KUNIT_EXPECT_PTR_EQ(test, pv_xen_start_info(), &info);
	KUNIT_EXPECT_EQ(test, pv_xen_gfn(memory), 0x11);
	KUNIT_EXPECT_EQ(test, pv_xen_gfn(memory + 4095), 0x11);
	KUNIT_EXPECT_EQ(test, pv_xen_gfn(memory + 3 * PV_PAGE_SIZE), 0x44);

	KUNIT_EXPECT_EQ(test, pv_xen_place(page, XENMAPSPACE_shared_info, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, mapped.va, page);
	KUNIT_EXPECT_EQ(test, mapped.pte, 0x99063);
	KUNIT_EXPECT_EQ(test, mapped.flags, UVMF_INVLPG | UVMF_ALL);
	table_mfn = 0x123456789;
	KUNIT_EXPECT_EQ(test, pv_xen_place(page, XENMAPSPACE_grant_table, 2), 0);
	KUNIT_EXPECT_EQ(test, mapped.pte, 0x123456789063ull);
	KUNIT_EXPECT_EQ(test, pv_xen_place(page, XENMAPSPACE_grant_table, 512), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, pv_xen_place(page, XENMAPSPACE_grant_table, 1), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_xen_unplace(page), 0);
	KUNIT_EXPECT_EQ(test, mapped.pte, 0x33063);

	/* Nothing is given to Xen, but the place is empty; and back is what was there. */
	mapped.n = 0;
	KUNIT_EXPECT_EQ(test, pv_xen_page_out(page), 0);
	KUNIT_EXPECT_EQ(test, mapped.pte, 0);
	KUNIT_EXPECT_EQ(test, mapped.flags, UVMF_INVLPG | UVMF_ALL);
	KUNIT_EXPECT_EQ(test, pv_xen_page_back(page), 0);
	KUNIT_EXPECT_EQ(test, mapped.pte, 0x33063);

	va = pv_xen_map_frame(0x777);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_PTR_EQ(test, mapped.va, va);
	KUNIT_EXPECT_EQ(test, mapped.pte, 0x777063);
	pv_xen_unmap_frame(va);
	KUNIT_EXPECT_EQ(test, mapped.n, 4);
	pv_xen_frames_start(NULL);
	pv_xen_call_mode = PV_XEN_CALL_NONE;
}

static struct kunit_case core_cases[] = {
	KUNIT_CASE(core_begin_and_end),
	KUNIT_CASE(core_nth_hypercall_fails),
	KUNIT_CASE(core_nth_hypercall_of_end_fails),
	KUNIT_CASE(core_nth_allocation_fails),
	KUNIT_CASE(core_page_lost),
	KUNIT_CASE(core_upcall_per_cpu),
	KUNIT_CASE(core_upcall_vector),
	KUNIT_CASE(core_upcall_polled),
	KUNIT_CASE(core_upcall_gsi),
	KUNIT_CASE(core_map_frame),
	KUNIT_CASE(core_page_out_and_back),
	KUNIT_CASE(core_pv_frames),
	{},
};

static struct kunit_suite core_suite = {
	.name = "xen_core",
	.init = core_init,
	.exit = core_exit,
	.test_cases = core_cases,
};

kunit_test_suite(core_suite);
