/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What Xen refuses a guest that runs already: a further CPU's areas, pages of others, lists and
 * paths that are too long. Each is an error, and what was there before works on.
 *
 * Covers: pv-core/xen/xen.c pv-core/xen/xen_smp.c pv-core/xen/grant_ops.c pv-core/xen/xenstore.c
 * pv-core/xen/xs_directory.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/log.h>
#include <pv/pv.h>
#include <pv/string.h>

#include "fake_store.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xenstore.h"

#define PEER	 3
#define FAR_CPU	 40 /* the shared page has no area for it */
#define MAX_LIST 65536

static int init(struct kunit *test)
{
	int err = fake_store_up(test);

	return err ? err : pv_xs_start();
}

static void end(struct kunit *test)
{
	pv_fake.alloc_fail_at = 0;
	pv_fake_xen.fail_at = 0;
	pv_fake.xen_hypercall = NULL;
	pv_fake.cpu = 0;
	pv_xs_stop();
	fake_store_down(test);
}

/* --- a further CPU ---------------------------------------------------------------------------- */

static void refused_cpu(struct kunit *test)
{
	unsigned int n, failed = 0;
	int err;

	pv_fake_xen.vcpus = PV_FAKE_XEN_CPUS;
	pv_fake.cpu = 1;
	for (n = 1; n < 50; n++) {
		pv_fake.alloc_fail_at = n;
		err = pv_xen_cpu_start();
		KUNIT_EXPECT_EQ(test, !err, pv_xen_vcpu_info(1) != NULL);
		if (!err)
			pv_xen_cpu_stop();
		failed += err != 0;
		if (pv_fake.alloc_fail_at)
			break;
	}
	pv_fake.alloc_fail_at = 0;
	KUNIT_EXPECT_LT(test, n, 50);
	for (n = 1; n < 50; n++) {
		pv_fake_xen.fail_at = n;
		pv_fake_xen.fail_with = PV_EPERM;
		err = pv_xen_cpu_start();
		KUNIT_EXPECT_EQ(test, !err, pv_xen_vcpu_info(1) != NULL);
		if (!err)
			pv_xen_cpu_stop();
		failed += err != 0;
		if (pv_fake_xen.fail_at)
			break;
	}
	pv_fake_xen.fail_at = 0;
	KUNIT_EXPECT_LT(test, n, 50);
	KUNIT_EXPECT_GE(test, failed, 1);
	/* No memory for an area, and a CPU that there is no room for. */
	pv_fake.cpu = FAR_CPU;
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), PV_ENOMEM);
	KUNIT_EXPECT_NULL(test, pv_xen_vcpu_info(FAR_CPU));
	pv_fake.cpu = PV_CONFIG_MAX_CPUS;
	KUNIT_EXPECT_EQ(test, pv_xen_cpu_start(), PV_ENOSPC);
}

/* --- pages of others -------------------------------------------------------------------------- */

static long map_answer, memory_answer;

static long refusing(unsigned int op, const unsigned long arg[5])
{
	if (op == __HYPERVISOR_grant_table_op && map_answer)
		return map_answer;
	if (op == __HYPERVISOR_memory_op && arg[0] == XENMEM_populate_physmap && memory_answer)
		return memory_answer;
	return pv_fake_xen_hypercall(op, arg);
}

static void refused_map(struct kunit *test)
{
	static uint8_t theirs[PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
	uint32_t ref = pv_fake_xen_peer_grant(PEER, theirs, false), handle = 0;
	struct gnttab_copy op = {
		.source = {.u.ref = ref, .domid = PEER}, .len = 1, .flags = GNTCOPY_source_gref};
	uint8_t *page = pv_os_pages_alloc(1);

	KUNIT_ASSERT_NOT_NULL(test, page);
	op.dest.u.gmfn = pv_xen_gfn(page);
	op.dest.domid = DOMID_SELF;
	pv_fake.xen_hypercall = refusing;
	map_answer = PV_EPERM;
	KUNIT_EXPECT_EQ(test, pv_grant_copy(&op, 1), PV_EPERM);
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER, ref, page, false, &handle), PV_EPERM);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 0);
	/* An answer that is no error and no success. */
	map_answer = 1;
	KUNIT_EXPECT_EQ(test, pv_grant_copy(&op, 1), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER, ref, page, false, &handle), PV_EIO);
	/* And there is no memory for the page that was given for it: it is lost, which is told. */
	memory_answer = PV_ENOMEM;
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER, ref, page, false, &handle), PV_EFAULT);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 1);
	memory_answer = 0;
	KUNIT_EXPECT_EQ(test, pv_xen_page_back(page), 0);
	map_answer = 0;
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER, ref, page, false, &handle), 0);
	map_answer = PV_EPERM;
	KUNIT_EXPECT_EQ(test, pv_grant_unmap(page, handle), PV_EPERM);
	map_answer = 1;
	KUNIT_EXPECT_EQ(test, pv_grant_unmap(page, handle), PV_EIO);
	map_answer = 0;
	KUNIT_EXPECT_EQ(test, pv_grant_unmap(page, handle), 0);
	/* A page that Xen does not take is not mapped over. */
	pv_fake_xen.fail_at = 1;
	pv_fake_xen.fail_with = PV_EPERM;
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER, ref, page, false, &handle), PV_EPERM);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 0);
	pv_os_pages_free(page, 1);
}

/* --- the store -------------------------------------------------------------------------------- */

static int count(const char *name, void *arg)
{
	(void)name;
	++*(unsigned int *)arg;
	return 0;
}

/* A peer's folder with more names than a guest takes. */
static void refused_list(struct kunit *test)
{
	char path[256];
	unsigned int i, n = 0;

	pv_memset(path, 'n', sizeof(path));
	for (i = 0; i < MAX_LIST / 200; i++) {
		pv_memcpy(path, "long/", 5);
		pv_snprintf(path + 250, 6, "%05u", i);
		pv_fake_xs_write(path, "");
	}
	KUNIT_EXPECT_EQ(test, pv_xs_directory(PV_XS_NO_TX, "long", count, &n), PV_ERANGE);
	KUNIT_EXPECT_EQ(test, n, 0);
}

static void refused_perms(struct kunit *test)
{
	static struct pv_xs_perm perm[PV_XS_PATH / 2];
	unsigned int i, requests;

	for (i = 0; i < PV_ARRAY_SIZE(perm); i++)
		perm[i] = (struct pv_xs_perm) {.access = 'r', .domid = 5};
	requests = pv_fake_xs.requests;
	KUNIT_EXPECT_EQ(test, pv_xs_set_perms(PV_XS_NO_TX, "node", perm, PV_ARRAY_SIZE(perm)),
			PV_ERANGE);
	KUNIT_EXPECT_EQ(test, pv_fake_xs.requests, requests);
}

static struct kunit_case refused_cases[] = {
	KUNIT_CASE(refused_cpu),
	KUNIT_CASE(refused_map),
	KUNIT_CASE(refused_list),
	KUNIT_CASE(refused_perms),
	{},
};

static struct kunit_suite refused_suite = {
	.name = "xen_refused",
	.init = init,
	.exit = end,
	.test_cases = refused_cases,
};

kunit_test_suite(refused_suite);
