/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A PV guest is saved, and goes on as another domain, where every frame of the machine has another
 * number; or as it was.
 *
 * Covers: pv-core/xen/grant_table.c pv-core/xen/pv_suspend.c pv-core/xen/xen_cpu.c
 * pv-core/xen/xen_suspend.c
 */
#include <kunit/test.h>
#include <pv/abi/xen_io.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/log.h>
#include <pv/pv.h>
#include <pv/xen.h>

#include "fake_pv.h"
#include "pv-core/cpu.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/grant_table.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/pv_suspend.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_console.h"

static const struct pv_hv *const hypervisors[] = {&pv_xen, NULL};
static xen_pfn_t store_mfn, console_mfn; /* as it was before */

static int suspend_init(struct kunit *test)
{
	(void)test;
	fake_pv_up();
	return 0;
}

static int begin(void)
{
	const struct pv_init_args args = {.boot = fake_pv_boot(), .hypervisors = hypervisors};

	store_mfn = fake_pv_start_info()->store_mfn;
	console_mfn = fake_pv_start_info()->console.domU.mfn;
	return pv_init(&args);
}

static void suspend_exit(struct kunit *test)
{
	pv_shutdown();
	fake_pv_down();
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, 0);
	KUNIT_EXPECT_STREQ(test, fake_pv.wrong ? fake_pv.wrong : "nothing", "nothing");
}

static void count(void *arg)
{
	++*(unsigned int *)arg;
}

/* An event arrives, and a grant names the machine's frame. */
static void works(struct kunit *test)
{
	void *page = pv_os_pages_alloc(1);
	unsigned int n = 0;
	int port, ref;

	KUNIT_ASSERT_NOT_NULL(test, page);
	port = pv_evtchn_alloc_unbound(PV_FAKE_XEN_PEER, count, &n);
	KUNIT_ASSERT_GT(test, port, 0);
	KUNIT_ASSERT_TRUE(test, pv_fake_xen_peer_bind(PV_FAKE_XEN_PEER, (uint32_t)port));
	pv_fake_xen_peer_send((uint32_t)port);
	pv_xen_dispatch();
	KUNIT_EXPECT_EQ(test, n, 1);
	pv_evtchn_close(port);
	ref = pv_grant(PV_FAKE_XEN_PEER, page, false);
	KUNIT_ASSERT_GT(test, ref, 0);
	if (pv_grant_table.version == 1)
		KUNIT_EXPECT_EQ(test, pv_shared_read(&pv_grant_v1((unsigned int)ref)->frame),
				pv_xen_gfn(page));
	KUNIT_EXPECT_EQ(test, pv_xen_gfn(page),
			fake_pv_mfn(pv_os_virt_to_phys(page) >> PV_PAGE_SHIFT));
	KUNIT_EXPECT_EQ(test, pv_grant_end(ref), 0);
	pv_os_pages_free(page, 1);
}

/* --- another domain --------------------------------------------------------------------------- */

/* Fault row 31: three times, each with other numbers of all frames. */
static void moves(struct kunit *test)
{
	unsigned int i, mapped;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_ASSERT_EQ(test, pv_xen_console_start(), 0);
	mapped = fake_pv_num_mapped();
	KUNIT_EXPECT_GE(test, mapped, 2); /* the shared page, the grant table */
	for (i = 1; i <= 3; i++) {
		pv_shared_write(&pv_xen_shared_info()->vcpu_info[0].evtchn_upcall_mask, i & 1);
		KUNIT_ASSERT_EQ(test, pv_suspend(), 0);
		KUNIT_EXPECT_EQ(test, fake_pv.suspends, i);
		KUNIT_EXPECT_EQ(test, fake_pv.maps, i);
		KUNIT_EXPECT_EQ(test, fake_pv_num_mapped(), mapped);
		KUNIT_EXPECT_EQ(test, pv_fake_xen_shared()->vcpu_info[0].evtchn_upcall_mask, i & 1);
		pv_xen_console_write("again", 5);
		KUNIT_EXPECT_EQ(test, ((struct xencons_interface *)fake_pv.console)->out_prod, 5);
		works(test);
	}
	pv_xen_console_stop();
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake_xen_shared()->arch.pfn_to_mfn_frame_list_list, 0);
}

static void moves_version_2(struct kunit *test)
{
	pv_fake_xen.maximum_gpfn = 1l << 33;
	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_ASSERT_EQ(test, pv_grant_table.version, 2);
	KUNIT_EXPECT_EQ(test, fake_pv_num_mapped(), 3);
	KUNIT_ASSERT_EQ(test, pv_suspend(), 0);
	KUNIT_EXPECT_EQ(test, fake_pv_num_mapped(), 3);
	works(test);
}

static void entry(void *arg)
{
	(void)arg;
}

/* A CPU that is off is not saved: its first start in the new domain is the first of all. */
static void moves_cpu(struct kunit *test)
{
	static uint64_t stack[16];

	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_ASSERT_EQ(test, pv_cpu_find(fake_pv_boot()), 2);
	KUNIT_ASSERT_EQ(test, pv_cpu_start(1, entry, NULL, stack + 16), 0);
	KUNIT_EXPECT_EQ(test, fake_pv.initialised, 1);
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), 0);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_EBUSY);
	pv_fake.cpu = 1;
	pv_xen_cpu_stop();
	pv_fake.cpu = 0;
	pv_fake_xen.down[1] = true;
	KUNIT_EXPECT_EQ(test,
			pv_cpu_host()->start(&(struct pv_cpu_info) {.uid = 1}, true, entry, NULL,
					     stack + 16),
			0);
	KUNIT_EXPECT_EQ(test, fake_pv.initialised, 1);
	pv_fake_xen.down[1] = true;
	KUNIT_ASSERT_EQ(test, pv_suspend(), 0);
	KUNIT_EXPECT_EQ(test,
			pv_cpu_host()->start(&(struct pv_cpu_info) {.uid = 1}, true, entry, NULL,
					     stack + 16),
			0);
	KUNIT_EXPECT_EQ(test, fake_pv.initialised, 2);
	KUNIT_EXPECT_FALSE(test, pv_fake_xen.down[1]);
}

/* --- the same domain -------------------------------------------------------------------------- */

static void is_as_before(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, fake_pv_start_info()->store_mfn, store_mfn);
	KUNIT_EXPECT_EQ(test, fake_pv_start_info()->console.domU.mfn, console_mfn);
	KUNIT_EXPECT_EQ(test, fake_pv_num_mapped(), 2);
	KUNIT_EXPECT_EQ(test, fake_pv.maps, fake_pv.unmaps);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_shared()->vcpu_info[0].evtchn_upcall_mask, 0);
	works(test);
}

/* Fault row 32: cancelled, or refused. */
static void goes_on(struct kunit *test)
{
	unsigned int n = 0;
	int port;

	KUNIT_ASSERT_EQ(test, begin(), 0);
	pv_shared_write(&pv_xen_shared_info()->vcpu_info[0].evtchn_upcall_mask, 0);
	port = pv_evtchn_alloc_unbound(PV_FAKE_XEN_PEER, count, &n);
	KUNIT_ASSERT_TRUE(test, pv_fake_xen_peer_bind(PV_FAKE_XEN_PEER, (uint32_t)port));
	fake_pv.answer = 1;
	KUNIT_EXPECT_EQ(test, pv_suspend(), 1);
	is_as_before(test);
	fake_pv.answer = PV_EPERM;
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_EPERM);
	is_as_before(test);
	KUNIT_EXPECT_EQ(test, fake_pv.suspends, 2);
	pv_fake_xen_peer_send((uint32_t)port);
	pv_xen_dispatch();
	KUNIT_EXPECT_EQ(test, n, 1);
	pv_evtchn_close(port);
}

/* Xen does not let its pages go, or does not give them back. */
static void refused(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(), 0);
	pv_shared_write(&pv_xen_shared_info()->vcpu_info[0].evtchn_upcall_mask, 0);
	fake_pv.refuse = FAKE_PV_OWN + (pv_os_virt_to_phys((void PV_FORCE *)pv_xen_shared_info()) >>
					PV_PAGE_SHIFT);
	fake_pv.refusals = 1;
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_EPERM);
	is_as_before(test);
	fake_pv.refuse =
		FAKE_PV_OWN +
		(pv_os_virt_to_phys((void PV_FORCE *)pv_grant_table.frame[0]) >> PV_PAGE_SHIFT);
	fake_pv.refusals = 1;
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_EPERM);
	is_as_before(test);
	KUNIT_EXPECT_EQ(test, fake_pv.suspends, 0);
	fake_pv.refuse = FAKE_PV_SHARED;
	fake_pv.refusals = 1;
	fake_pv.answer = 1;
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_EPERM);
	KUNIT_EXPECT_EQ(test, fake_pv.suspends, 1);
}

/* The same of the first frame, of several, of either version's table. */
static void refused_frame(struct kunit *test)
{
	unsigned int version, n;
	static int ref[600];
	void *page = pv_os_pages_alloc(1);

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (version = 1; version <= 2; version++) {
		pv_fake_xen.maximum_gpfn = version == 2 ? 1l << 33 : 0;
		KUNIT_ASSERT_EQ(test, begin(), 0);
		KUNIT_ASSERT_EQ(test, pv_grant_table.version, version);
		for (n = 0; pv_grant_table.frames == 1 && n < PV_ARRAY_SIZE(ref); n++) {
			ref[n] = pv_grant(PV_FAKE_XEN_PEER, page, false);
			KUNIT_ASSERT_GT(test, ref[n], 0);
			pv_grant_work();
		}
		KUNIT_ASSERT_EQ(test, pv_grant_table.frames, 2);
		while (n)
			KUNIT_EXPECT_EQ(test, pv_grant_end(ref[--n]), 0);
		fake_pv.refuse = FAKE_PV_OWN +
				 (pv_os_virt_to_phys((void PV_FORCE *)pv_grant_table.frame[0]) >>
				  PV_PAGE_SHIFT);
		fake_pv.refusals = 1;
		KUNIT_EXPECT_EQ(test, pv_suspend(), PV_EPERM);
		KUNIT_EXPECT_EQ(test, fake_pv_num_mapped(), version + 2);
		KUNIT_EXPECT_EQ(test, fake_pv.suspends, 0);
		works(test);
		pv_shutdown();
	}
	pv_os_pages_free(page, 1);
}

/* --- not at all ------------------------------------------------------------------------------- */

/* The toolstack's pages are not ours, by the table. */
static void unknown_pages(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(), 0);
	pv_shared_write(&pv_xen_shared_info()->vcpu_info[0].evtchn_upcall_mask, 0);
	fake_pv_start_info()->store_mfn = fake_pv_mfn(FAKE_PV_PFNS);
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_ENOENT);
	fake_pv_start_info()->store_mfn = store_mfn;
	fake_pv_start_info()->console.domU.mfn = 0;
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_ENOENT);
	fake_pv_start_info()->console.domU.mfn = console_mfn;
	KUNIT_EXPECT_EQ(test, fake_pv.unmaps, 0);
	is_as_before(test);
}

/* The tree is three allocations: of its root, of what its pages are found by, of the one page. */
static void no_memory(struct kunit *test)
{
	unsigned int i, failed = 0;

	for (i = 1; i <= 8; i++) {
		pv_fake.alloc_fail_at = i;
		KUNIT_ASSERT_EQ(test, begin(), 0);
		if (pv_xen_present() && !pv_xen_pv_suspend_ready()) {
			failed++;
			KUNIT_EXPECT_EQ(test, pv_suspend(), PV_ENOTSUP);
			KUNIT_EXPECT_EQ(test, pv_fake_xen_shared()->arch.max_pfn, 0);
		}
		pv_fake.alloc_fail_at = 0;
		pv_shutdown();
		KUNIT_EXPECT_EQ(test, pv_fake.live_pages + pv_fake.live_allocs, 0);
	}
	KUNIT_EXPECT_EQ(test, failed, 3);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen: the domain cannot be saved, error -12"));
}

/* More than 512 GiB. */
static void too_large(struct kunit *test)
{
	fake_pv_start_info()->nr_pages = (1ul << 27) + 1;
	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("Xen: the domain cannot be saved, error -28"));
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_ENOTSUP);
	fake_pv_start_info()->nr_pages = FAKE_PV_PFNS;
}

/* The kernel did not say that it can; or it is no PV guest. */
static void nobody_can(struct kunit *test)
{
	pv_xen_pv_can_suspend(NULL);
	KUNIT_ASSERT_EQ(test, begin(), 0);
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_shared()->arch.max_pfn, 0);
}

static void another_kind(struct kunit *test)
{
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(), .hypervisors = hypervisors};
	static const struct pv_xen_pv_kernel can;

	fake_pv_down();
	pv_fake_xen_start();
	pv_xen_pv_can_suspend(&can);
	KUNIT_ASSERT_EQ(test, pv_init(&args), 0);
	KUNIT_EXPECT_FALSE(test, pv_xen_pv_suspend_ready());
	KUNIT_EXPECT_EQ(test, pv_fake_xen_shared()->arch.max_pfn, 0);
	pv_shutdown();
	fake_pv_up();
}

static struct kunit_case suspend_cases[] = {
	KUNIT_CASE(moves),	  KUNIT_CASE(moves_version_2), KUNIT_CASE(moves_cpu),
	KUNIT_CASE(goes_on),	  KUNIT_CASE(refused),	       KUNIT_CASE(unknown_pages),
	KUNIT_CASE(no_memory),	  KUNIT_CASE(too_large),       KUNIT_CASE(nobody_can),
	KUNIT_CASE(another_kind), KUNIT_CASE(refused_frame),   {},
};

static struct kunit_suite suspend_suite = {
	.name = "xen_pv_suspend",
	.init = suspend_init,
	.exit = suspend_exit,
	.test_cases = suspend_cases,
};
kunit_test_suite(suspend_suite);
