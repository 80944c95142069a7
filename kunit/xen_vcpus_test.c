/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * More CPUs than the shared page has areas for: Xen initialises none of those that was not given
 * one (VCPUOP_initialise is answered with -EINVAL), and takes it from another CPU while the one
 * that it is for is down.
 *
 * Covers: pv-core/xen/xen_cpu.c pv-core/xen/xen.c
 */
#include <kunit/test.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>
#include <pv/xen.h>

#include "arch/x86/x86.h"
#include "pv-core/xen/frames.h"
#include "pv-core/xen/xen.h"

#define MSR_EFER 0xc0000080
#define FAR	 XEN_LEGACY_MAX_VCPUS

static uint32_t given;
static long register_answer;
static uint64_t stack[64] PV_ALIGNED(16);

static long take(uint32_t vcpu, const void *context)
{
	(void)context;
	given = vcpu;
	return 0;
}

static long refusing(unsigned int op, const unsigned long arg[5])
{
	if (op == __HYPERVISOR_vcpu_op && arg[0] == VCPUOP_register_vcpu_info && register_answer)
		return register_answer;
	return pv_fake_xen_hypercall(op, arg);
}

static void entry(void *arg)
{
	(void)arg;
}

static int start_xen(struct kunit *test)
{
	static const struct pv_hv *const hypervisors[] = {&pv_xen, NULL};
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(), .hypervisors = hypervisors};
	unsigned int i;

	(void)test;
	pv_fake_xen_start();
	pv_fake_xen.vcpus = FAR + 2;
	for (i = 1; i < FAR + 2; i++)
		pv_fake_xen.down[i] = true;
	pv_fake_xen.initialise = take;
	pv_fake.xen_hypercall = refusing;
	register_answer = 0;
	given = 0;
	pv_fake_msr_add(MSR_EFER, 0xd01);
	pv_xen_areas_forget(); /* of the case before, another domain */
	return pv_init(&args);
}

static void end_xen(struct kunit *test)
{
	pv_fake.cpu = 0;
	pv_shutdown();
	pv_fake.xen_hypercall = NULL;
	/* The page of areas is kept, once for the process. */
	KUNIT_EXPECT_LE(test, pv_fake.live_pages, 1);
	pv_fake.live_pages = 0;
}

static void far_cpu_started(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pv_cpu_find(pv_fake_xen_boot()), FAR + 2);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(FAR - 1, entry, NULL, stack + 64), 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(FAR, entry, NULL, stack + 64), 0);
	KUNIT_EXPECT_EQ(test, given, FAR);
	KUNIT_EXPECT_FALSE(test, pv_fake_xen.down[FAR]);
	KUNIT_EXPECT_NULL(test, pv_fake_xen_vcpu_info(FAR + 1));
	/* And has what it was given. */
	pv_fake.cpu = FAR;
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), 0);
	KUNIT_EXPECT_PTR_EQ(test, (void PV_FORCE *)pv_xen_vcpu_info(FAR),
			    pv_fake_xen_vcpu_info(FAR));
	pv_xen_cpu_stop();
}

static void far_cpu_refused(struct kunit *test)
{
	pv_cpu_find(pv_fake_xen_boot());
	register_answer = PV_EPERM;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(FAR + 1, entry, NULL, stack + 64), PV_EPERM);
	KUNIT_EXPECT_EQ(test, given, 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_xen.down[FAR + 1]);
	register_answer = 0;
	KUNIT_EXPECT_EQ(test, pv_cpu_start(FAR + 1, entry, NULL, stack + 64), 0);
	KUNIT_EXPECT_EQ(test, given, FAR + 1);
}

/* Beyond the shared page's there is no mask to set: the CPU begins as Xen has it. */
static void far_cpu_pv(struct kunit *test)
{
	static unsigned long mfn_list[1];
	static struct start_info info = {.nr_pages = 1};

	pv_cpu_find(pv_fake_xen_boot());
	/* Before pages have other numbers, as the fake Xen does not know them. */
	KUNIT_ASSERT_EQ(test, pv_xen_area_give(FAR), 0);
	info.mfn_list = (unsigned long)mfn_list;
	pv_xen_frames_start(&info);
	KUNIT_EXPECT_EQ(test, pv_cpu_start(FAR, entry, NULL, stack + 64), 0);
	pv_xen_frames_start(NULL);
	KUNIT_EXPECT_EQ(test, given, FAR);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(far_cpu_started),
	KUNIT_CASE(far_cpu_refused),
	KUNIT_CASE(far_cpu_pv),
	{},
};

static struct kunit_suite suite = {
	.name = "xen_vcpus",
	.init = start_xen,
	.exit = end_xen,
	.test_cases = cases,
};

kunit_test_suite(suite);
