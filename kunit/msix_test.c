/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * MSI-X: the table's entries, and capabilities that lie about where it is.
 *
 * Covers: pv-core/msix.c
 */
#include <kunit/test.h>

#include "fake_pci.h"
#include "pv-core/pci.h"

static const struct pv_pci_addr host = {0, 0, 0};

#define TABLE_BASE 0xfebc0000ull

struct table {
	uint32_t word[0x400];
	struct pv_fake_region region;
};

static uint32_t table_read(void *arg, uint64_t offset, unsigned int size)
{
	struct table *t = arg;

	return size == 4 ? t->word[offset / 4] : 0xffffffff;
}

static void table_write(void *arg, uint64_t offset, unsigned int size, uint32_t v)
{
	struct table *t = arg;

	if (size == 4)
		t->word[offset / 4] = v;
}

/* 3 entries at 0x800 of register 1. */
static struct table *msix_device(struct kunit *test, struct fake_pci_machine *m)
{
	struct table *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->region = (struct pv_fake_region) {.base = TABLE_BASE,
					     .len = 0x1000,
					     .read = table_read,
					     .write = table_write,
					     .arg = t};
	pv_fake_memory_add(&t->region);
	fake_pci_bar(&m->fn[0], 1, TABLE_BASE, 0x1000);
	fake_pci_cap(&m->fn[0], 0x98, 0x11, "\x02\xc0\x01\x08\0\0\x01\x0c\0\0", 12);
	return t;
}

static void msix_entries(struct kunit *test)
{
	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);
	struct table *t = msix_device(test, m);
	const struct pv_msi_msg msg = {.addr = 0x1fee01000ull, .data = 0x4041};
	const uint32_t want[] = {0xfee01000, 1, 0x4041, 0};
	struct pv_msix msix;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
	KUNIT_ASSERT_EQ(test, pv_msix_init(&msix, host), 0);
	KUNIT_EXPECT_EQ(test, msix.num, 3);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(&m->fn[0], 0x9a), 0x0002); /* was enabled and masked */
	KUNIT_EXPECT_EQ(test, m->fn[0].config[4] & 2, 2);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, t->word[0x200 + 4 * i + 3], 1);
	KUNIT_EXPECT_EQ(test, t->word[0x200 + 4 * 3 + 3], 0);
	pv_msix_set(&msix, 2, &msg);
	KUNIT_EXPECT_TRUE(test, !memcmp(&t->word[0x208], want, sizeof(want)));
	pv_msix_enable(&msix, true);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(&m->fn[0], 0x9a), 0x8002);
	pv_msix_set(&msix, 2, NULL);
	KUNIT_EXPECT_EQ(test, t->word[0x20b], 1);
	pv_msix_exit(&msix);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(&m->fn[0], 0x9a), 0x0002);
	pv_msix_exit(&msix);
	pv_pci_exit();
}

static void msix_hostile(struct kunit *test)
{
	static const struct {
		uint32_t table; /* offset and BIR */
		uint16_t control;
		int err;
	} cases[] = {
		{0x801, 2, 0},
		{0xfd1 & ~7u, 2, PV_EINVAL}, /* BIR 0: not implemented */
		{0x807, 2, PV_EINVAL},	     /* BIR 7 */
		{0xfd9, 2, PV_EINVAL},	     /* 3 entries, room for two and a half */
		{0x001, 0x7ff, PV_EINVAL},   /* 2048 entries in 4 KiB */
		{0xfffffff9, 2, PV_EINVAL},
		{0xfd1, 2, 0},
		{0x802, 0, PV_EINVAL}, /* in ports */
	};
	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);
	struct pv_msix msix;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
	KUNIT_EXPECT_EQ(test, pv_msix_init(&msix, host), PV_ENODEV);
	msix_device(test, m);
	fake_pci_bar(&m->fn[0], 2, 0xc001, 0x1000);
	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		fake_pci_set16(&m->fn[0], 0x9a, cases[i].control);
		fake_pci_set32(&m->fn[0], 0x9c, cases[i].table);
		KUNIT_EXPECT_EQ_MSG(test, pv_msix_init(&msix, host), cases[i].err, "case %u", i);
		KUNIT_EXPECT_EQ(test, !msix.num, cases[i].err != 0);
		pv_msix_exit(&msix);
	}
	pv_fake.no_map = true;
	fake_pci_set32(&m->fn[0], 0x9c, 0x801);
	KUNIT_EXPECT_EQ(test, pv_msix_init(&msix, host), PV_ENOMEM);
	pv_pci_exit();
}

static struct kunit_case msix_cases[] = {
	KUNIT_CASE(msix_entries),
	KUNIT_CASE(msix_hostile),
	{},
};

static struct kunit_suite msix_suite = {
	.name = "msix",
	.test_cases = msix_cases,
};

kunit_test_suite(msix_suite);
