/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A whole PV guest's life: what start_info names, pages that appear by changing an address'
 * mapping, events by the kernel's callback, the calls that only it makes; and what Xen refuses of
 * that.
 *
 * The fake Xen's frames have numbers of their own here, by which a mapping tells what is to appear.
 * A page of the toolstack's is whatever page it is mapped over.
 *
 * Covers: pv-core/xen/frames.c pv-core/xen/grant_table.c pv-core/xen/upcall.c pv-core/xen/xen.c
 * pv-core/xen/xen_console.c pv-core/xen/xen_smp.c pv-core/xen/xs_link.c
 */
#include <kunit/test.h>
#include <pv/abi/xen_io.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/fake_xenstored.h>
#include <pv/log.h>
#include <pv/pv.h>
#include <pv/string.h>
#include <pv/tlb.h>
#include <pv/xen.h>

#include "hypercall/xen.h"
#include "pv-core/cpu.h"
#include "pv-core/pci.h"
#include "pv-core/xen/evtchn.h"
#include "pv-core/xen/frames.h"
#include "pv-core/xen/grant_table.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_console.h"
#include "pv-core/xen/xen_smp.h"
#include "pv-core/xen/xenstore.h"

#define SHARED_MFN  0x10001ull
#define STORE_MFN   0x10002ull
#define CONSOLE_MFN 0x10003ull
#define GRANT_MFN   0x20000ull
#define STATUS_MFN  0x30000ull

static const struct pv_hv *const hypervisors[] = {&pv_xen, NULL};
static unsigned long mfn_list[1];
static struct start_info info;
static struct pv_boot_info boot;
static struct {
	void *store, *console;
	uint32_t store_port;
	long refuses;	 /* a frame: mappings of it fail; 0: none */
	long list_error; /* of the calls that list frames */
	int16_t list_status;
	uint64_t host_addr;    /* of the last grant that was mapped */
	unsigned long vcpus;   /* the last set that was to be flushed */
	unsigned int unmapped; /* pages that have their own memory again */
} machine;

/* --- the hypercalls of a PV guest ------------------------------------------------------------- */

static long add(const void *va, unsigned int space, unsigned long index)
{
	struct xen_add_to_physmap op = {.domid = DOMID_SELF,
					.space = space,
					.idx = index,
					.gpfn = pv_os_virt_to_phys(va) >> PV_PAGE_SHIFT};
	const unsigned long arg[5] = {XENMEM_add_to_physmap, (unsigned long)&op};

	return pv_fake_xen_hypercall(__HYPERVISOR_memory_op, arg);
}

/* What was at the address is there again. */
static long take_back(const void *va)
{
	xen_pfn_t gfn = pv_os_virt_to_phys(va) >> PV_PAGE_SHIFT;
	struct xen_remove_from_physmap op = {.domid = DOMID_SELF, .gpfn = gfn};
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
	const unsigned long out[5] = {XENMEM_remove_from_physmap, (unsigned long)&op};
	const unsigned long in[5] = {XENMEM_populate_physmap, (unsigned long)&r};

	set_xen_guest_handle(r.extent_start, &gfn);
	machine.unmapped++;
	if (!pv_fake_xen_hypercall(__HYPERVISOR_memory_op, out))
		pv_fake_xen_hypercall(__HYPERVISOR_memory_op, in);
	return 0;
}

static long map(void *va, uint64_t pte)
{
	uint64_t mfn = pte >> PV_PAGE_SHIFT;

	if (machine.refuses && mfn == (uint64_t)machine.refuses)
		return PV_EPERM;
	if (!pte)
		return 0;
	if (mfn == SHARED_MFN)
		return add(va, XENMAPSPACE_shared_info, 0);
	if (mfn >> 16 == GRANT_MFN >> 16)
		return add(va, XENMAPSPACE_grant_table, mfn - GRANT_MFN);
	if (mfn >> 16 == STATUS_MFN >> 16)
		return add(va, XENMAPSPACE_grant_table,
			   (mfn - STATUS_MFN) | XENMAPIDX_grant_table_status);
	if (mfn == STORE_MFN) {
		machine.store = va;
		pv_memset(va, 0, PV_PAGE_SIZE);
		pv_fake_xs_start(va, NULL);
		return 0;
	}
	if (mfn == CONSOLE_MFN) {
		machine.console = va;
		pv_memset(va, 0, PV_PAGE_SIZE);
		return 0;
	}
	return take_back(va);
}

static long grant_op(unsigned int cmd, void *arg)
{
	struct gnttab_setup_table *table = arg;
	struct gnttab_get_status_frames *status = arg;
	unsigned int i;

	if (cmd == GNTTABOP_setup_table) {
		for (i = 0; i < table->nr_frames; i++)
			table->frame_list.p[i] = GRANT_MFN + i;
		table->status = machine.list_status;
	} else {
		for (i = 0; i < status->nr_frames; i++)
			status->frame_list.p[i] = STATUS_MFN + i;
		status->status = machine.list_status;
	}
	return machine.list_error;
}

static long hypercall(unsigned int op, const unsigned long arg[5])
{
	unsigned int cmd = (unsigned int)arg[0];

	switch (op) {
	case __HYPERVISOR_update_va_mapping:
		return map((void *)arg[0], arg[1]);
	case __HYPERVISOR_mmuext_op:
		machine.vcpus =
			*(const unsigned long *)((const struct mmuext_op *)arg[0])->arg2.vcpumask.p;
		return 0;
	case __HYPERVISOR_grant_table_op:
		if (cmd == GNTTABOP_setup_table || cmd == GNTTABOP_get_status_frames)
			return grant_op(cmd, (void *)arg[1]);
		if (cmd == GNTTABOP_map_grant_ref) {
			machine.host_addr = ((struct gnttab_map_grant_ref *)arg[1])->host_addr;
			((struct gnttab_map_grant_ref *)arg[1])->status = GNTST_okay;
			return 0;
		}
		break;
	case __HYPERVISOR_memory_op:
		if (cmd == XENMEM_maximum_ram_page)
			return pv_fake_xen.maximum_gpfn;
		break;
	default:
		break;
	}
	return pv_fake_xen_hypercall(op, arg);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static int pv_init_case(struct kunit *test)
{
	(void)test;
	pv_memset(&machine, 0, sizeof(machine));
	pv_fake_xen_start();
	pv_fake_xen.features = 0;
	pv_fake.xen_hypercall = hypercall;
	machine.store_port = pv_fake_xen_peer_connect(0);
	info = (struct start_info) {
		.nr_pages = 1,
		.mfn_list = (unsigned long)mfn_list,
		.shared_info = SHARED_MFN << PV_PAGE_SHIFT,
		.store_mfn = STORE_MFN,
		.store_evtchn = machine.store_port,
		.console.domU = {.mfn = CONSOLE_MFN, .evtchn = pv_fake_xen_peer_connect(0)},
	};
	boot = (struct pv_boot_info) {.protocol = PV_BOOT_XEN_PV, .xen_start_info = &info};
	return 0;
}

static int begin(void)
{
	const struct pv_init_args args = {.boot = &boot, .hypervisors = hypervisors};

	return pv_init(&args);
}

static void pv_exit_case(struct kunit *test)
{
	machine.refuses = 0;
	pv_shutdown();
	pv_fake_xs_stop();
	pv_fake.relax = NULL;
	KUNIT_EXPECT_FALSE(test, pv_xen_is_pv());
	pv_fake.xen_hypercall = NULL;
}

static void pv_whole_life(struct kunit *test)
{
	struct pv_evtchn_stats stats;
	struct pv_xen_tsc tsc;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_EXPECT_EQ(test, pv_platform()->xen_mode, PV_XEN_PV);
	KUNIT_EXPECT_TRUE(test, pv_xen_present());
	KUNIT_EXPECT_TRUE(test, pv_xen_is_pv());
	pv_evtchn_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.upcall, PV_UPCALL_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, (void PV_FORCE *)pv_xen_shared_info(), pv_fake_xen_shared());
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_xen_tsc(&tsc), 0);
	KUNIT_EXPECT_EQ(test, pv_pci_init(0), PV_ENODEV); /* without a look at its ports */
	machine.unmapped = 0;
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, machine.unmapped, 2); /* the shared page, and the grant table's */
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
}

/* A kernel that says nothing of where its frames are cannot be one. */
static void pv_without_start_info(struct kunit *test)
{
	boot.xen_start_info = NULL;
	KUNIT_EXPECT_EQ(test, begin(), 0);
	KUNIT_EXPECT_FALSE(test, pv_xen_present());
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen: no hypercalls"));
	KUNIT_EXPECT_EQ(test, pv_fake_xen.calls, 0);
}

static void pv_shared_page_refused(struct kunit *test)
{
	machine.refuses = SHARED_MFN;
	KUNIT_EXPECT_EQ(test, begin(), 0);
	KUNIT_EXPECT_FALSE(test, pv_xen_present());
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
	pv_xen_frames_start(NULL);
}

/* --- events, CPUs ----------------------------------------------------------------------------- */

static void count(void *arg)
{
	++*(unsigned int *)arg;
}

static void pv_event(struct kunit *test)
{
	unsigned int n = 0;
	int port;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	port = pv_evtchn_alloc_unbound(PV_FAKE_XEN_PEER, count, &n);
	KUNIT_ASSERT_GT(test, port, 0);
	KUNIT_ASSERT_TRUE(test, pv_fake_xen_peer_bind(PV_FAKE_XEN_PEER, (uint32_t)port));
	pv_fake_xen_peer_send((uint32_t)port);
	KUNIT_EXPECT_EQ(test, n, 0);
	pv_xen_dispatch();
	KUNIT_EXPECT_EQ(test, n, 1);
	pv_xen_dispatch();
	KUNIT_EXPECT_EQ(test, n, 1);
	pv_evtchn_close(port);
}

/* A PV guest's CPU has the number that the port gives it, whatever CPUID says. */
static void pv_cpu_numbers(struct kunit *test)
{
	static const uint64_t all[1] = {~0ull};

	pv_fake_xen.vcpus = 4;
	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_find(&boot), 4);
	pv_fake.cpu = 3;
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), 0);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_xen_vcpu(3), 3);
	KUNIT_EXPECT_EQ(test, pv_xen_flush(all), 0);
	KUNIT_EXPECT_EQ(test, machine.vcpus, 9); /* of those that run */
	KUNIT_EXPECT_EQ(test, pv_xen_flush((const uint64_t[]) {0xe}), 0);
	KUNIT_EXPECT_EQ(test, machine.vcpus, 8);
	pv_fake.cpu = 3;
	pv_xen_cpu_stop();
	pv_fake.cpu = 0;
}

/* --- the toolstack's pages -------------------------------------------------------------------- */

static void pv_console_page(struct kunit *test)
{
	unsigned int pages;

	KUNIT_EXPECT_FALSE(test, pv_xen_console_there()); /* not yet */
	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_EXPECT_TRUE(test, pv_xen_console_there());
	pages = pv_fake.live_pages;
	KUNIT_ASSERT_EQ(test, pv_xen_console_start(), 0);
	KUNIT_ASSERT_NOT_NULL(test, machine.console);
	pv_xen_console_write("hello", 5);
	KUNIT_EXPECT_EQ(
		test, pv_memcmp(((struct xencons_interface *)machine.console)->out, "hello", 5), 0);
	pv_xen_console_stop();
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);

	/*
	 * Xen does not show it; there is no page to show it in; there is none; it is the
	 * hypervisor's own.
	 */
	machine.refuses = CONSOLE_MFN;
	KUNIT_EXPECT_EQ(test, pv_xen_console_start(), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	machine.refuses = 0;
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_xen_console_start(), PV_ENOMEM);
	info.console.domU.mfn = 0;
	KUNIT_EXPECT_FALSE(test, pv_xen_console_there());
	info.console.domU.mfn = ~0ul;
	KUNIT_EXPECT_EQ(test, pv_xen_console_start(), PV_ENODEV);
	info.console.domU.mfn = CONSOLE_MFN;
	info.console.domU.evtchn = 0;
	KUNIT_EXPECT_EQ(test, pv_xen_console_start(), PV_ENODEV);
	info.console.domU.evtchn = 0x80000000;
	KUNIT_EXPECT_EQ(test, pv_xen_console_start(), PV_ENODEV);
	info.console.domU.evtchn = 5;
	info.flags = SIF_INITDOMAIN;
	KUNIT_EXPECT_EQ(test, pv_xen_console_start(), PV_ENODEV);
}

static void pv_store_page(struct kunit *test)
{
	char value[8];
	unsigned int pages;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	pages = pv_fake.live_pages;
	pv_fake.relax = pv_fake_xs_run;
	KUNIT_ASSERT_EQ(test, pv_xs_start(), 0);
	KUNIT_ASSERT_NOT_NULL(test, machine.store);
	pv_fake_xs_write(PV_FAKE_XS_HOME "/name", "guest");
	KUNIT_EXPECT_EQ(test, pv_xs_read(PV_XS_NO_TX, "name", value, sizeof(value)), 5);
	KUNIT_EXPECT_STREQ(test, value, "guest");
	pv_xs_stop();
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	info.store_mfn = 0;
	KUNIT_EXPECT_EQ(test, pv_xs_start(), PV_ENODEV);
}

/*
 * Xen does not take its page out of the guest's: the page stays Xen's, and is not used for anything
 * else.
 */
static void pv_page_stays(struct kunit *test)
{
	unsigned int pages;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	pages = pv_fake.live_pages;
	KUNIT_ASSERT_EQ(test, pv_xen_console_start(), 0);
	machine.refuses = (long)(~0ull >> PV_PAGE_SHIFT); /* what a frame is that is in no table */
	pv_xen_console_stop();
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages + 1);
	machine.refuses = 0;
	pv_os_pages_free(machine.console, 1);
}

/* --- grants ----------------------------------------------------------------------------------- */

static void pv_grant_frames(struct kunit *test)
{
	void *page = pv_os_pages_alloc(1);
	unsigned int pages = pv_fake.live_pages;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pv_fake_xen.maximum_gpfn = 1l << 33; /* the machine's frames need version 2 */
	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_EXPECT_EQ(test, pv_grant_table.version, 2);
	pages = pv_fake.live_pages;
	KUNIT_EXPECT_EQ(
		test,
		pv_xen_place(page, XENMAPSPACE_grant_table, 512 | XENMAPIDX_grant_table_status),
		PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, pv_xen_place(page, XENMAPSPACE_grant_table, 512), PV_ENOSPC);
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test,
			pv_xen_place(page, XENMAPSPACE_grant_table, XENMAPIDX_grant_table_status),
			PV_ENOMEM);
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_xen_place(page, XENMAPSPACE_grant_table, 1), PV_ENOMEM);
	/* Xen answers that it did it, and then that it did not. */
	machine.list_status = GNTST_general_error;
	KUNIT_EXPECT_EQ(test,
			pv_xen_place(page, XENMAPSPACE_grant_table, XENMAPIDX_grant_table_status),
			PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, pv_xen_place(page, XENMAPSPACE_grant_table, 1), PV_ENOMEM);
	machine.list_status = 0;
	machine.list_error = PV_EPERM;
	KUNIT_EXPECT_EQ(test,
			pv_xen_place(page, XENMAPSPACE_grant_table, XENMAPIDX_grant_table_status),
			PV_EPERM);
	KUNIT_EXPECT_EQ(test, pv_xen_place(page, XENMAPSPACE_grant_table, 1), PV_EPERM);
	machine.list_error = 0;
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
	pv_os_pages_free(page, 1);
}

/* A grant is mapped at an address of the kernel's. */
static void pv_grant_by_address(struct kunit *test)
{
	void *page = pv_os_pages_alloc(1);
	uint32_t handle;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_EXPECT_EQ(test, pv_grant_map(PV_FAKE_XEN_PEER, 9, page, false, &handle), 0);
	KUNIT_EXPECT_EQ(test, machine.host_addr, (uintptr_t)page);
	/* A frame that is in no table has a number that version 1 has no room for. */
	KUNIT_EXPECT_EQ(test, pv_grant_table.version, 1);
	KUNIT_EXPECT_EQ(test, pv_grant(PV_FAKE_XEN_PEER, page, false), PV_ERANGE);
	pv_os_pages_free(page, 1);
}

static struct kunit_case pv_cases[] = {
	KUNIT_CASE(pv_whole_life),
	KUNIT_CASE(pv_without_start_info),
	KUNIT_CASE(pv_shared_page_refused),
	KUNIT_CASE(pv_event),
	KUNIT_CASE(pv_cpu_numbers),
	KUNIT_CASE(pv_console_page),
	KUNIT_CASE(pv_store_page),
	KUNIT_CASE(pv_page_stays),
	KUNIT_CASE(pv_grant_frames),
	KUNIT_CASE(pv_grant_by_address),
	{},
};

static struct kunit_suite pv_suite = {
	.name = "xen_pv",
	.init = pv_init_case,
	.exit = pv_exit_case,
	.test_cases = pv_cases,
};
kunit_test_suite(pv_suite);
