/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What others granted, against the fake Xen: copying and mapping; and sharing by grants of our own.
 *
 * Covers: pv-core/xen/grant_ops.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>
#include <pv/string.h>

#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"

#define PEER 3

static uint8_t page[4][PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);

static int ops_init(struct kunit *test)
{
	const struct pv_init_args args = {.boot = pv_fake_xen_boot(),
					  .hypervisors = pv_fake_hypervisors};

	(void)test;
	pv_fake_xen_start();
	return pv_init(&args);
}

static void ops_exit(struct kunit *test)
{
	pv_fake_xen.fail_at = 0;
	pv_shutdown();
	KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 0);
}

/* --- grants of others ------------------------------------------------------------------------- */

static struct gnttab_copy copy_of(uint32_t ref, void *to, uint16_t offset, uint16_t len)
{
	struct gnttab_copy op = {
		.source = {.u.ref = ref, .domid = PEER, .offset = offset},
		.dest = {.u.gmfn = pv_xen_gfn(to), .domid = DOMID_SELF, .offset = offset},
		.len = len,
		.flags = GNTCOPY_source_gref,
	};

	return op;
}

static unsigned int again;

static int busy(const struct gnttab_copy *op)
{
	(void)op;
	if (!again)
		return 0;
	again--;
	return GNTST_eagain;
}

/* Fault row 52 */
static void ops_copy(struct kunit *test)
{
	uint32_t ref = pv_fake_xen_peer_grant(PEER, page[0], true);
	struct gnttab_copy ops[3];
	unsigned int i;

	for (i = 0; i < PV_PAGE_SIZE; i++)
		page[0][i] = (uint8_t)(i * 7);
	pv_memset(page[1], 0, PV_PAGE_SIZE);
	ops[0] = copy_of(ref, page[1], 100, 50);
	ops[1] = copy_of(ref, page[1], 0, 10);
	KUNIT_EXPECT_EQ(test, pv_grant_copy(ops, 2), 0);
	KUNIT_EXPECT_EQ(test, page[1][9], 63);
	KUNIT_EXPECT_EQ(test, page[1][10], 0);
	KUNIT_EXPECT_EQ(test, pv_memcmp(page[1] + 100, page[0] + 100, 50), 0);

	/* Each has its own status, and what can be copied is. */
	ops[0] = copy_of(ref + 1, page[1], 0, 10);
	ops[1] = copy_of(ref, page[1], 4000, 200);
	ops[2] = copy_of(ref, page[1], 200, 1);
	KUNIT_EXPECT_EQ(test, pv_grant_copy(ops, 3), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, ops[1].status, GNTST_bad_copy_arg);
	KUNIT_EXPECT_EQ(test, ops[2].status, 0);
	KUNIT_EXPECT_EQ(test, page[1][200], 200 * 7 % 256);

	/* Repeated as long as Xen asks, but not for ever. */
	pv_fake_xen.copy_status = busy;
	again = 20;
	ops[0] = copy_of(ref, page[1], 300, 1);
	KUNIT_EXPECT_EQ(test, pv_grant_copy(ops, 1), 0);
	KUNIT_EXPECT_EQ(test, page[1][300], 300 * 7 % 256);
	again = 1000000;
	KUNIT_EXPECT_EQ(test, pv_grant_copy(ops, 1), PV_EAGAIN);
	KUNIT_EXPECT_GT(test, again, 999000);
	pv_fake_xen.fail_at = 1;
	pv_fake_xen.fail_with = PV_EFAULT;
	KUNIT_EXPECT_EQ(test, pv_grant_copy(ops, 1), PV_EFAULT);
}

static void ops_map(struct kunit *test)
{
	uint8_t *own = pv_os_pages_alloc(1);
	uint32_t ref = pv_fake_xen_peer_grant(PEER, page[0], false), handle = 77;
	uint32_t readonly = pv_fake_xen_peer_grant(PEER, page[1], true);

	pv_memset(page[0], 0x11, PV_PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, pv_grant_map(PEER, ref, own, false, &handle), 0);
	KUNIT_EXPECT_EQ(test, own[123], 0x11);
	own[124] = 0x22;
	KUNIT_EXPECT_EQ(test, pv_grant_unmap(own, handle + 1), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_grant_unmap(own, handle), 0);
	KUNIT_EXPECT_EQ(test, page[0][124], 0x22);
	KUNIT_EXPECT_EQ(test, own[123], 0);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 0);

	/* What fails leaves the page usable. */
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER, ref + 5, own, false, &handle), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER, readonly, own, false, &handle), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER + 1, ref, own, false, &handle), PV_ENOENT);
	own[0] = 1;
	KUNIT_EXPECT_EQ(test, pv_fake_xen_holes(), 0);
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER, readonly, own, true, &handle), 0);
	KUNIT_EXPECT_EQ(test, pv_grant_unmap(own, handle), 0);
	pv_os_pages_free(own, 1);
}

/* Xen asks for a repetition, and then refuses it, or asks for ever. */
static unsigned int maps;
static long answer;

static long asks_again(unsigned int op, const unsigned long arg[5])
{
	struct gnttab_map_grant_ref *m = (struct gnttab_map_grant_ref *)arg[1];

	if (op != __HYPERVISOR_grant_table_op)
		return pv_fake_xen_hypercall(op, arg);
	if (arg[0] == GNTTABOP_map_grant_ref) {
		maps++;
		m->status = GNTST_eagain;
		return 0;
	}
	if (arg[0] == GNTTABOP_copy && maps++)
		return answer;
	return pv_fake_xen_hypercall(op, arg);
}

static void ops_again(struct kunit *test)
{
	uint32_t ref = pv_fake_xen_peer_grant(PEER, page[0], false), handle = 77;
	uint8_t *own = pv_os_pages_alloc(1);
	struct gnttab_copy op = copy_of(ref, page[1], 0, 1);

	KUNIT_ASSERT_NOT_NULL(test, own);
	pv_fake.xen_hypercall = asks_again;
	maps = 0;
	KUNIT_EXPECT_EQ(test, pv_grant_map(PEER, ref, own, false, &handle), PV_EAGAIN);
	KUNIT_EXPECT_TRUE(test, maps > 10 && maps < 1000);
	KUNIT_EXPECT_EQ(test, handle, 77);
	own[0] = 1;
	maps = 0;
	answer = PV_EPERM;
	pv_fake_xen.copy_status = busy;
	again = 1;
	KUNIT_EXPECT_EQ(test, pv_grant_copy(&op, 1), PV_EIO);
	KUNIT_EXPECT_EQ(test, maps, 2);
	pv_fake.xen_hypercall = NULL;
	pv_os_pages_free(own, 1);
}

static void ops_errors(struct kunit *test)
{
	int status;

	KUNIT_EXPECT_EQ(test, pv_grant_error(0), 0);
	for (status = -1; status >= -13; status--)
		KUNIT_EXPECT_LT(test, pv_grant_error(status), 0);
	KUNIT_EXPECT_EQ(test, pv_grant_error(GNTST_eagain), PV_EAGAIN);
	KUNIT_EXPECT_EQ(test, pv_grant_error(GNTST_permission_denied), PV_EPERM);
	KUNIT_EXPECT_EQ(test, pv_grant_error(-14), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_grant_error(-32768), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_grant_error(1), PV_EIO);
}

static void ops_share(struct kunit *test)
{
	uint64_t addr = 0;
	uint32_t ref;

	KUNIT_ASSERT_EQ(test, pv_xen_share(PEER, page[0] + 512, 1024, true, &addr), 0);
	ref = (uint32_t)(addr >> 12);
	KUNIT_EXPECT_EQ(test, addr & 4095, 512);
	KUNIT_EXPECT_NULL(test, pv_fake_xen_peer_map(PEER, ref, true));
	KUNIT_EXPECT_PTR_EQ(test, pv_fake_xen_peer_map(PEER, ref, false), (void *)page[0]);
	KUNIT_EXPECT_EQ(test, pv_xen_unshare(addr), PV_EBUSY);
	pv_fake_xen_peer_unmap(ref);
	KUNIT_EXPECT_EQ(test, pv_grant_retry(), 1);

	/* Up to the end of the page, and not beyond. */
	KUNIT_EXPECT_EQ(test, pv_xen_share(PEER, page[0] + 4095, 1, false, &addr), 0);
	KUNIT_EXPECT_EQ(test, pv_xen_unshare(addr), 0);
	KUNIT_EXPECT_EQ(test, pv_xen_share(PEER, page[0], 4096, false, &addr), 0);
	KUNIT_EXPECT_EQ(test, pv_xen_unshare(addr), 0);
	KUNIT_EXPECT_EQ(test, pv_xen_share(PEER, page[0] + 4095, 2, false, &addr), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_xen_share(PEER, page[0] + 1, 0xffffffff, false, &addr), PV_EINVAL);
	while (pv_grant(PEER, page[0], true) >= 0)
		;
	KUNIT_EXPECT_EQ(test, pv_xen_share(PEER, page[0], 1, false, &addr), PV_EBUSY);
}

static struct kunit_case ops_cases[] = {
	KUNIT_CASE(ops_copy),	KUNIT_CASE(ops_map),   KUNIT_CASE(ops_again),
	KUNIT_CASE(ops_errors), KUNIT_CASE(ops_share), {},
};

static struct kunit_suite ops_suite = {
	.name = "xen_grant_ops",
	.init = ops_init,
	.exit = ops_exit,
	.test_cases = ops_cases,
};

kunit_test_suite(ops_suite);
