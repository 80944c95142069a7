/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Addresses for the functions behind a port: out of which window, as far as there is room, and
 * ports that have none.
 *
 * Covers: pv-core/pci_assign.c
 */
#include <kunit/test.h>
#include <pv/err.h>

#include "fake_pci.h"
#include "pv-core/pcie_slot.h"

#define BAR(n) (0x10 + 4 * (n))
#define MIB    0x100000ull

struct window {
	uint64_t base, limit; /* addresses; of a MiB each */
	bool wide;	      /* its address has 64 bits */
};

static const struct pv_pci_addr port_at = {0, 0, 0x1c << 3}, card_at = {0, 5, 0};
static const struct window none = {MIB, 0, false};
static struct fake_pci_machine *m;
static struct pv_pci_used used;

static struct fake_pci_fn *card(void)
{
	return &m->fn[2];
}

/* A port with two windows, and a function without registers. */
static void make(struct kunit *test, const struct window *memory, const struct window *prefetchable)
{
	struct fake_pci_fn *p;

	m = fake_pci_machine(test, true, 0);
	p = &m->fn[1];
	fake_pci_add(&m->pci, p, 0, 0x1c, 0, 0x1b36, 0x000c, 1);
	fake_pci_add(&m->pci, card(), 5, 0, 0, 0x1af4, 0x1042, 0);
	fake_pci_set16(p, 0x20, (uint16_t)(memory->base >> 16));
	fake_pci_set16(p, 0x22, (uint16_t)(memory->limit >> 16));
	fake_pci_set16(p, 0x24, (uint16_t)(prefetchable->base >> 16 | prefetchable->wide));
	fake_pci_set16(p, 0x26, (uint16_t)(prefetchable->limit >> 16 | prefetchable->wide));
	/* Where the window is not of 64 bits these registers are not there, and say anything. */
	fake_pci_set32(p, 0x28, prefetchable->wide ? (uint32_t)(prefetchable->base >> 32) : 77);
	fake_pci_set32(p, 0x2c, prefetchable->wide ? (uint32_t)(prefetchable->limit >> 32) : 77);
	used = (struct pv_pci_used) {0};
	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
}

static void done(void)
{
	pv_pci_exit();
	pv_fake_region_remove(&m->pci.ports);
}

static int assign(void)
{
	return pv_pci_assign(port_at, card_at, &used);
}

static void assign_windows(struct kunit *test)
{
	const struct window memory = {0xfe800000, 0xfe8fffff, false};
	const struct window low = {0xf0000000, 0xf0ffffff, false};
	const struct window high = {0x8000000000, 0x8000ffffff, true};

	/* A prefetchable window below 4 GiB, for a register of either size. */
	make(test, &memory, &low);
	fake_pci_bar(card(), 0, 0, 0x1000);
	fake_pci_bar(card(), 1, 8, 0x2000);
	fake_pci_bar(card(), 2, 0xc, 0x4000);
	fake_pci_bar(card(), 4, 1, 0x20); /* ports get none */
	KUNIT_EXPECT_EQ(test, assign(), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(0)), 0xfe800000);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(1)) & ~15u, 0xf0000000);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(2)) & ~15u, 0xf0004000);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(3)), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(4)), 1);
	KUNIT_EXPECT_EQ(test, used.prefetchable, 0x8000);
	done();
	/* One above, which a register of 32 bits does not reach. */
	make(test, &memory, &high);
	fake_pci_bar(card(), 0, 0xc, 0x4000);
	KUNIT_EXPECT_EQ(test, assign(), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(1)), 0x80);
	fake_pci_bar(card(), 2, 8, 0x1000);
	KUNIT_EXPECT_EQ(test, assign(), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(2)), 8);
	done();
	/*
	 * Ports that say what only memory can, that they have 64 bits: the next register is one by
	 * itself.
	 */
	make(test, &memory, &none);
	fake_pci_bar(card(), 1, 5, 0x20);
	fake_pci_bar(card(), 2, 0, 0x1000);
	KUNIT_EXPECT_EQ(test, assign(), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(2)), 0xfe800000);
	done();
	/* What has an address keeps it. */
	make(test, &memory, &none);
	fake_pci_bar(card(), 0, 0xfe812000, 0x1000);
	KUNIT_EXPECT_EQ(test, assign(), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(0)), 0xfe812000);
	KUNIT_EXPECT_EQ(test, used.memory, 0);
	done();
}

static void assign_room(struct kunit *test)
{
	const struct window memory = {0xfe800000, 0xfe8fffff, false};
	const struct window top = {0xfff00000, 0xffffffff, false};
	const struct window highest = {0xfffffffffff00000, 0xffffffffffffffff, true};

	/* No window at all; one that is smaller; one that has been used up, in part. */
	make(test, &none, &none);
	fake_pci_bar(card(), 0, 0, 0x1000);
	KUNIT_EXPECT_EQ(test, assign(), PV_ENOSPC);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("has no room for 0x1000 bytes"));
	done();
	make(test, &memory, &none);
	fake_pci_bar(card(), 0, 0, 0x200000);
	KUNIT_EXPECT_EQ(test, assign(), PV_ENOSPC);
	fake_pci_bar(card(), 0, 0, 0x80000);
	used.memory = 0x1000;
	KUNIT_EXPECT_EQ(test, assign(), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(0)), 0xfe880000);
	fake_pci_bar(card(), 0, 0, 0x80000);
	KUNIT_EXPECT_EQ(test, assign(), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(0)), 0);
	done();
	/* At the end of all addresses: what would begin behind it is no room. */
	make(test, &top, &highest);
	fake_pci_bar(card(), 0, 0xc, 0x80000);
	used.prefetchable = 0x80001;
	used.memory = 0x80001;
	KUNIT_EXPECT_EQ(test, assign(), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(0)), 0xc);
	done();
}

/* A function that says that its last register is half of a wider one. */
static void assign_cut(struct kunit *test)
{
	const struct window memory = {0xfe800000, 0xfe8fffff, false};

	make(test, &memory, &none);
	fake_pci_bar(card(), 5, 4, 0x1000);
	KUNIT_EXPECT_EQ(test, assign(), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(card(), BAR(5)), 4);
	KUNIT_EXPECT_EQ(test, used.memory, 0);
	done();
}

static struct kunit_case assign_cases[] = {
	KUNIT_CASE(assign_windows),
	KUNIT_CASE(assign_room),
	KUNIT_CASE(assign_cut),
	{},
};

static struct kunit_suite assign_suite = {
	.name = "pci_assign",
	.test_cases = assign_cases,
};

kunit_test_suite(assign_suite);
