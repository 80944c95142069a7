/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Bounce pages: what is lent, copied and given back, whatever order the pages' addresses have; and
 * what happens when there are too few, or when the peer keeps some.
 *
 * Covers: pv-core/bounce.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/string.h>

#include "pv-core/bounce.h"

#define NUM 8u

/* A bus whose addresses fall and rise, and whose peer may keep what it has. */
static struct bus {
	void *va[NUM + 1];
	unsigned int shared, unshared;
	unsigned int most; /* shares; 0: any number */
	bool keeps;
} bus;

static pv_bus_addr_t address(unsigned int i)
{
	return (pv_bus_addr_t)(i * 5 % NUM + 1) << PV_PAGE_SHIFT;
}

static int share(struct pv_device *dev, void *va, uint32_t len, enum pv_share_dir dir,
		 pv_bus_addr_t *addr)
{
	(void)dev;
	if (len != PV_PAGE_SIZE || dir != PV_SHARE_BOTH)
		return PV_EINVAL;
	if (bus.most && bus.shared == bus.most)
		return PV_EBUSY;
	*addr = address(bus.shared++);
	bus.va[*addr >> PV_PAGE_SHIFT] = va;
	return 0;
}

static int unshare(struct pv_device *dev, pv_bus_addr_t addr, void *va, uint32_t len,
		   enum pv_share_dir dir)
{
	(void)dev;
	(void)len;
	(void)dir;
	if (bus.va[addr >> PV_PAGE_SHIFT] != va)
		pv_os_panic("bounce: another page than was shared");
	bus.unshared++;
	return bus.keeps ? PV_EBUSY : 0;
}

static const struct pv_bus fake_bus = {.name = "fake", .share = share, .unshare = unshare};
static struct pv_device dev = {.bus = &fake_bus, .name = "fake 0"};
static struct pv_bounce pool;

static int init(struct kunit *test)
{
	(void)test;
	pv_memset(&bus, 0, sizeof(bus));
	pv_memset(&pool, 0, sizeof(pool));
	return 0;
}

static void end(struct kunit *test)
{
	(void)test;
	pv_bounce_exit(&pool, false);
}

static uint8_t *at(pv_bus_addr_t addr)
{
	return bus.va[addr >> PV_PAGE_SHIFT];
}

/* Each piece has a page of its own, which is the one that is named, and comes back by it. */
static void pages_by_address(struct kunit *test)
{
	static const unsigned int back[NUM] = {3, 0, 7, 1, 6, 2, 5, 4};
	static uint8_t data[NUM][600];
	pv_bus_addr_t addr[NUM];
	unsigned int i, k, round;

	KUNIT_ASSERT_EQ(test, pv_bounce_init(&pool, &dev, NUM, 1), 0);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < NUM; i++) {
			pv_memset(data[i], (int)(16 * round + i), sizeof(data[i]));
			KUNIT_ASSERT_EQ(test,
					pv_bounce_share(&pool, data[i], sizeof(data[i]),
							PV_SHARE_BOTH, &addr[i]),
					0);
			for (k = 0; k < i; k++)
				KUNIT_EXPECT_NE(test, addr[k], addr[i]);
			KUNIT_EXPECT_EQ(test, memcmp(at(addr[i]), data[i], sizeof(data[i])), 0);
		}
		KUNIT_EXPECT_EQ(test, pv_bounce_share(&pool, data[0], 1, PV_SHARE_READ, &addr[0]),
				PV_EBUSY);
		for (i = 0; i < NUM; i++) {
			k = back[i];
			at(addr[k])[1] = 99;
			pv_bounce_unshare(&pool, addr[k], data[k], sizeof(data[k]), PV_SHARE_BOTH);
			KUNIT_EXPECT_EQ(test, data[k][0], 16 * round + k);
			KUNIT_EXPECT_EQ(test, data[k][1], 99);
			KUNIT_EXPECT_EQ(test, pool.num_free, i + 1);
		}
	}
}

/*
 * What the peer reads is not changed by it; what it is to write is zero at first, not what was
 * there.
 */
static void directions(struct kunit *test)
{
	uint8_t data[64];
	pv_bus_addr_t addr;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_bounce_init(&pool, &dev, 1, 1), 0);
	pv_memset(data, 0x11, sizeof(data));
	KUNIT_ASSERT_EQ(test, pv_bounce_share(&pool, data, sizeof(data), PV_SHARE_READ, &addr), 0);
	pv_memset(at(addr), 0x22, sizeof(data));
	pv_bounce_unshare(&pool, addr, data, sizeof(data), PV_SHARE_READ);
	KUNIT_EXPECT_EQ(test, data[5], 0x11);
	KUNIT_ASSERT_EQ(test, pv_bounce_share(&pool, data, sizeof(data), PV_SHARE_WRITE, &addr), 0);
	for (i = 0; i < sizeof(data); i++)
		KUNIT_EXPECT_EQ(test, at(addr)[i], 0);
	at(addr)[3] = 0x33;
	pv_bounce_unshare(&pool, addr, data, 4, PV_SHARE_WRITE);
	KUNIT_EXPECT_EQ(test, data[2], 0);
	KUNIT_EXPECT_EQ(test, data[3], 0x33);
	KUNIT_EXPECT_EQ(test, data[4], 0x11);
}

/* A pool of fewer pages does, down to the least; below, there is none, and nothing is left. */
static void fewer_pages(struct kunit *test)
{
	unsigned int pages = pv_fake.live_pages, allocs = pv_fake.live_allocs, n;

	bus.most = 3;
	KUNIT_EXPECT_EQ(test, pv_bounce_init(&pool, &dev, NUM, 4), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, pool.num, 0u);
	KUNIT_EXPECT_EQ(test, bus.unshared, 3u);
	bus.shared = 0;
	KUNIT_EXPECT_EQ(test, pv_bounce_init(&pool, &dev, NUM, 3), 0);
	KUNIT_EXPECT_EQ(test, pool.num_free, 3u);
	pv_bounce_exit(&pool, false);
	bus.most = 0;
	for (n = 1; n <= NUM + 2; n++) {
		bus.shared = 0;
		pv_fake.alloc_fail_at = (long)n;
		KUNIT_EXPECT_EQ(test, pv_bounce_init(&pool, &dev, NUM, NUM), PV_ENOMEM);
		KUNIT_EXPECT_EQ(test, pv_fake.alloc_fail_at, 0);
		KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages);
		KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, allocs);
	}
}

/* A page that the peer may still reach is not used again. */
static void kept_pages(struct kunit *test)
{
	unsigned int pages = pv_fake.live_pages;

	KUNIT_ASSERT_EQ(test, pv_bounce_init(&pool, &dev, NUM, 1), 0);
	bus.keeps = true;
	pv_bounce_exit(&pool, false);
	KUNIT_EXPECT_EQ(test, bus.unshared, NUM);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages + NUM);
	bus.keeps = false;
	bus.shared = 0;
	KUNIT_ASSERT_EQ(test, pv_bounce_init(&pool, &dev, NUM, 1), 0);
	pv_bounce_exit(&pool, true);
	KUNIT_EXPECT_EQ(test, bus.unshared, NUM);
	KUNIT_EXPECT_EQ(test, pv_fake.live_pages, pages + 2 * NUM);
	pv_fake_pages_forget(pages);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(pages_by_address),
	KUNIT_CASE(directions),
	KUNIT_CASE(fewer_pages),
	KUNIT_CASE(kept_pages),
	{},
};

static struct kunit_suite suite = {
	.name = "bounce",
	.init = init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
