/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The frontend's side of a Xen ring: its indices over their wrap, what the backend may say, and
 * that neither side's event is lost or sent twice.
 *
 * Covers: pv-core/xen/ring.h
 */
#include <kunit/test.h>
#include <pv/abi/xen_io.h>
#include <pv/fake.h>
#include <pv/log.h>

#include "pv-core/xen/ring.h"

#define SIZE 32

struct rig {
	struct pv_xring ring;
	struct pv_xring_shared *shared; /* as the backend sees it */
};

static int init(struct kunit *test)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	r->shared = kunit_kzalloc(test, PV_PAGE_SIZE, GFP_KERNEL);
	pv_xring_init(&r->ring, r->shared, SIZE);
	test->priv = r;
	return 0;
}

/* As after so many requests, all of them answered. */
static void begin_at(struct rig *r, uint32_t index)
{
	r->ring.req_prod = r->ring.pushed = r->ring.rsp_seen = r->ring.rsp_cons = index;
	r->shared->req_prod = r->shared->rsp_prod = index;
	r->shared->req_event = r->shared->rsp_event = index + 1;
}

static void put(struct rig *r, unsigned int n)
{
	while (n--)
		pv_xring_put(&r->ring);
}

static void layout(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, offsetof(struct blkif_sring, req_prod),
			offsetof(struct pv_xring_shared, req_prod));
	KUNIT_EXPECT_EQ(test, offsetof(struct blkif_sring, req_event),
			offsetof(struct pv_xring_shared, req_event));
	KUNIT_EXPECT_EQ(test, offsetof(struct netif_rx_sring, rsp_prod),
			offsetof(struct pv_xring_shared, rsp_prod));
	KUNIT_EXPECT_EQ(test, offsetof(struct netif_tx_sring, rsp_event),
			offsetof(struct pv_xring_shared, rsp_event));
	KUNIT_EXPECT_EQ(test, offsetof(struct blkif_sring, ring), PV_XRING_SLOTS);
	KUNIT_EXPECT_EQ(test, offsetof(struct netif_tx_sring, ring), PV_XRING_SLOTS);
}

/* As the backend counts them, by ring.h's own macro. */
static void sizes(struct kunit *test)
{
	uint32_t slot = sizeof(union blkif_sring_entry);

	KUNIT_EXPECT_EQ(test, pv_xring_size(4096, slot), __CONST_RING_SIZE(blkif, 4096));
	KUNIT_EXPECT_EQ(test, pv_xring_size(8192, slot), __CONST_RING_SIZE(blkif, 8192));
	KUNIT_EXPECT_EQ(test, pv_xring_size(65536, slot), __CONST_RING_SIZE(blkif, 65536));
	KUNIT_EXPECT_EQ(test, pv_xring_size(4096, slot), 32u);
	KUNIT_EXPECT_EQ(test, pv_xring_size(4096, sizeof(union netif_tx_sring_entry)), 256u);
	KUNIT_EXPECT_EQ(test, pv_xring_size(4096, sizeof(union netif_rx_sring_entry)), 256u);
	KUNIT_EXPECT_EQ(test, pv_xring_size(64, 8), 0u);
}

static const uint32_t starts[] = {0, 1, 31, 0x7ffffff0, 0xffffffe0, 0xfffffff0, 0xffffffff};

static void start_name(const uint32_t *start, char *desc)
{
	pv_snprintf(desc, KUNIT_PARAM_DESC_SIZE, "from 0x%x", *start);
}

KUNIT_ARRAY_PARAM(start, starts, start_name);

/* Full, and empty again, twice around. */
static void around(struct kunit *test)
{
	uint32_t start = *(const uint32_t *)test->param_value, i, n;
	struct rig *r = test->priv;

	begin_at(r, start);
	for (n = 0; n < 2 * SIZE; n++) {
		KUNIT_ASSERT_EQ(test, pv_xring_room(&r->ring), (uint32_t)SIZE);
		for (i = 0; i < SIZE - n % SIZE; i++) {
			KUNIT_ASSERT_EQ(test, pv_xring_next(&r->ring), (r->ring.req_prod) % SIZE);
			pv_xring_put(&r->ring);
			KUNIT_ASSERT_EQ(test, pv_xring_room(&r->ring), SIZE - i - 1);
		}
		KUNIT_ASSERT_EQ(test, pv_xring_in_flight(&r->ring), i);
		pv_xring_push(&r->ring);
		KUNIT_ASSERT_EQ(test, r->shared->req_prod, r->ring.req_prod);
		KUNIT_ASSERT_EQ(test, pv_xring_look(&r->ring), 0);
		r->shared->rsp_prod += i;
		for (; i; i--) {
			KUNIT_ASSERT_EQ(test, pv_xring_look(&r->ring), (int)i);
			KUNIT_ASSERT_EQ(test, pv_xring_take(&r->ring),
					(r->ring.rsp_cons - 1) % SIZE);
		}
		KUNIT_ASSERT_EQ(test, pv_xring_look(&r->ring), 0);
	}
}

/* Answers to what was put and not pushed, to more than there is, and backwards. Fault rows 1, 2. */
static void lies(struct kunit *test)
{
	uint32_t start = *(const uint32_t *)test->param_value;
	static const int32_t by[] = {5, 6, SIZE, SIZE + 1, 0x7fffffff, -1, -2, -SIZE};
	struct rig *r = test->priv;
	unsigned int i;

	for (i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		begin_at(r, start);
		put(r, 4);
		pv_xring_push(&r->ring);
		put(r, 3);
		r->shared->rsp_prod += (uint32_t)by[i];
		KUNIT_EXPECT_EQ(test, pv_xring_look(&r->ring), PV_EPROTO);
		KUNIT_EXPECT_EQ(test, r->ring.rsp_cons, start);
		KUNIT_EXPECT_EQ(test, r->ring.rsp_seen, start);
	}
	begin_at(r, start);
	put(r, 4);
	pv_xring_push(&r->ring);
	r->shared->rsp_prod += 4;
	KUNIT_EXPECT_EQ(test, pv_xring_look(&r->ring), 4);
}

/* An event is sent when the index that the backend named is passed, and only then. Fault row 7. */
static void notifies(struct kunit *test)
{
	uint32_t start = *(const uint32_t *)test->param_value;
	struct rig *r = test->priv;

	begin_at(r, start);
	KUNIT_EXPECT_FALSE(test, pv_xring_push(&r->ring));
	put(r, 1);
	KUNIT_EXPECT_TRUE(test, pv_xring_push(&r->ring));
	KUNIT_EXPECT_FALSE(test, pv_xring_push(&r->ring));
	put(r, 2);
	KUNIT_EXPECT_FALSE(test, pv_xring_push(&r->ring));
	/* At the fifth: not with the fourth, but with the next two. */
	r->shared->req_event = start + 5;
	put(r, 1);
	KUNIT_EXPECT_FALSE(test, pv_xring_push(&r->ring));
	put(r, 2);
	KUNIT_EXPECT_TRUE(test, pv_xring_push(&r->ring));
	put(r, 1);
	KUNIT_EXPECT_FALSE(test, pv_xring_push(&r->ring));
	/* Many at once. */
	r->shared->req_event = start + 8;
	put(r, 20);
	KUNIT_EXPECT_TRUE(test, pv_xring_push(&r->ring));
	KUNIT_EXPECT_EQ(test, r->shared->req_prod, start + 27);
}

/* The event that is asked for, and the final check. */
static void arms(struct kunit *test)
{
	uint32_t start = *(const uint32_t *)test->param_value;
	struct rig *r = test->priv;

	begin_at(r, start);
	put(r, 10);
	pv_xring_push(&r->ring);
	KUNIT_EXPECT_FALSE(test, pv_xring_arm(&r->ring, 0));
	KUNIT_EXPECT_EQ(test, r->shared->rsp_event, start + 1);
	r->shared->rsp_prod++;
	KUNIT_EXPECT_TRUE(test, pv_xring_arm(&r->ring, 0));
	KUNIT_EXPECT_FALSE(test, pv_xring_arm(&r->ring, 3));
	KUNIT_EXPECT_EQ(test, r->shared->rsp_event, start + 4);
	r->shared->rsp_prod += 3;
	KUNIT_EXPECT_TRUE(test, pv_xring_arm(&r->ring, 3));
	/* A lie is not slept over. */
	r->shared->rsp_prod = start - 1;
	KUNIT_EXPECT_TRUE(test, pv_xring_arm(&r->ring, 3));
	KUNIT_EXPECT_EQ(test, pv_xring_look(&r->ring), PV_EPROTO);
}

#ifdef PV_SHARED_HOOKS
static const volatile void *watched;
static unsigned int reads;
static uint32_t second;

static uint64_t change_after_read(const volatile void *p, size_t size, uint64_t value)
{
	(void)size;
	return p == watched && reads++ ? second : value;
}

/* The first value governs: the index is not looked at again before all up to it is taken. */
static void loaded_once(struct kunit *test)
{
	struct rig *r = test->priv;
	unsigned int i;

	put(r, 8);
	pv_xring_push(&r->ring);
	r->shared->rsp_prod = 4;
	watched = &r->shared->rsp_prod;
	reads = 0;
	second = 0x80000000;
	pv_fake.shared_read = change_after_read;
	for (i = 4; i; i--) {
		KUNIT_EXPECT_EQ(test, pv_xring_look(&r->ring), (int)i);
		pv_xring_take(&r->ring);
	}
	KUNIT_EXPECT_EQ(test, reads, 1u);
	KUNIT_EXPECT_EQ(test, pv_xring_look(&r->ring), PV_EPROTO);
	pv_fake.shared_read = NULL;
}

/* What the backend writes over our own indices is not read back. */
static void private_indices(struct kunit *test)
{
	struct rig *r = test->priv;

	put(r, 3);
	pv_xring_push(&r->ring);
	r->shared->req_prod = 77;
	r->shared->rsp_event = 77;
	put(r, 1);
	pv_xring_push(&r->ring);
	KUNIT_EXPECT_EQ(test, r->shared->req_prod, 4u);
	KUNIT_EXPECT_EQ(test, pv_xring_in_flight(&r->ring), 4u);
}

static struct pv_xring_shared *shared_now;

/* The backend answers in the moment between our wish and our last look. */
static void answer_after_wish(volatile void *p, size_t size)
{
	(void)size;
	if (p == &shared_now->rsp_event)
		shared_now->rsp_prod++;
}

static void final_check(struct kunit *test)
{
	struct rig *r = test->priv;

	put(r, 1);
	pv_xring_push(&r->ring);
	shared_now = r->shared;
	pv_fake.shared_wrote = answer_after_wish;
	KUNIT_EXPECT_TRUE(test, pv_xring_arm(&r->ring, 0));
	pv_fake.shared_wrote = NULL;
}
#endif

static struct kunit_case cases[] = {
	KUNIT_CASE(layout),
	KUNIT_CASE(sizes),
	KUNIT_CASE_PARAM(around, start_gen_params),
	KUNIT_CASE_PARAM(lies, start_gen_params),
	KUNIT_CASE_PARAM(notifies, start_gen_params),
	KUNIT_CASE_PARAM(arms, start_gen_params),
#ifdef PV_SHARED_HOOKS
	KUNIT_CASE(loaded_once),
	KUNIT_CASE(private_indices),
	KUNIT_CASE(final_check),
#endif
	{},
};

static struct kunit_suite suite = {
	.name = "xring",
	.init = init,
	.test_cases = cases,
};

kunit_test_suite(suite);
