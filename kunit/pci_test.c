/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Access to PCI configuration space: the two ways to it, the choice between them, and an MCFG that
 * lies.
 *
 * Covers: pv-core/pci.c
 */
#include <kunit/test.h>

#include "fake_pci.h"
#include "pv-core/pci.h"

static const struct pv_pci_addr host = {0, 0, 0};

static void pci_none(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_pci_init(0), PV_ENODEV);
	KUNIT_EXPECT_STREQ(test, pv_pci_access_name(), "none");
	KUNIT_EXPECT_EQ(test, pv_pci_read32(host, 0), 0xffffffff);
	pv_pci_exit();
}

static void pci_access_by_ports(struct kunit *test)
{
	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);
	struct pv_pci_addr other = {0, 0, 8};
	struct pv_pci_addr far = {1, 0, 0};
	unsigned int reads;

	m->pci.address = 0x80001234;
	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
	KUNIT_EXPECT_EQ(test, m->pci.address, 0x80001234); /* left as it was */
	KUNIT_EXPECT_STREQ(test, pv_pci_access_name(), "CF8");
	KUNIT_EXPECT_EQ(test, pv_pci_read32(host, 0), 0x29c08086);
	KUNIT_EXPECT_EQ(test, pv_pci_read16(host, 2), 0x29c0);
	KUNIT_EXPECT_EQ(test, pv_pci_read8(host, 1), 0x80);
	KUNIT_EXPECT_EQ(test, pv_pci_read8(host, 3), 0x29);
	pv_pci_write8(host, 0x3d, 0xab);
	pv_pci_write16(host, 0x3e, 0x1234);
	KUNIT_EXPECT_EQ(test, pv_pci_read32(host, 0x3c), 0x1234ab00);
	pv_pci_write32(host, 0x40, 0xcafef00d);
	KUNIT_EXPECT_EQ(test, pv_pci_read16(host, 0x42), 0xcafe);
	KUNIT_EXPECT_EQ(test, pv_pci_read32(other, 0), 0xffffffff);
	/* Beyond what the ports reach nothing is touched. */
	reads = m->pci.reads[0];
	KUNIT_EXPECT_EQ(test, pv_pci_read32(host, 0x100), 0xffffffff);
	KUNIT_EXPECT_EQ(test, pv_pci_read32(far, 0), 0xffffffff);
	pv_pci_write32(far, 0x40, 1);
	KUNIT_EXPECT_EQ(test, m->pci.reads[0], reads);
	KUNIT_EXPECT_EQ(test, pv_pci_read32(host, 0x40), 0xcafef00d);
	pv_pci_exit();
}

static void pci_access_by_ecam(struct kunit *test)
{
	struct fake_pci_machine *m = fake_pci_machine(test, false, 2);
	struct pv_pci_addr second = {0, 1, 0};
	struct pv_pci_addr third = {0, 2, 0};
	unsigned int maps;

	fake_pci_add(&m->pci, &m->fn[1], 1, 0, 0, 0x1af4, 0x1041, 0);
	fake_pci_add(&m->pci, &m->fn[2], 2, 0, 0, 0x1af4, 0x1042, 0);
	fake_pci_add(&m->pci, &m->fn[3], 0, 0, 1, 0x1af4, 0x1042, 0);
	KUNIT_ASSERT_EQ(test, pv_pci_init(m->rsdp), 0);
	KUNIT_EXPECT_STREQ(test, pv_pci_access_name(), "ECAM");
	KUNIT_EXPECT_EQ(test, pv_pci_read32(host, 0), 0x29c08086);
	maps = pv_fake.live_maps;
	KUNIT_EXPECT_EQ(test, pv_pci_read32(second, 0), 0x10411af4);
	KUNIT_EXPECT_EQ(test, pv_pci_read16(second, 0), 0x1af4);
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, maps + 1);	    /* each bus once */
	KUNIT_EXPECT_EQ(test, pv_pci_read32(third, 0), 0xffffffff); /* not in MCFG's range */
	KUNIT_EXPECT_EQ(test, pv_pci_read32(host, 0x1000), 0xffffffff);
	KUNIT_EXPECT_EQ(test, m->pci.reads[0], 0);
	/* The calls are counted. */
	KUNIT_EXPECT_EQ(test, pv_pci_init(0), 0);
	pv_pci_exit();
	KUNIT_EXPECT_EQ(test, pv_pci_read32(second, 0), 0x10411af4);
	pv_pci_exit();
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, 0);
	KUNIT_EXPECT_EQ(test, pv_pci_read32(second, 0), 0xffffffff);
}

/* ECAM is preferred, unless it cannot be mapped or shows something else than the ports do. */
static void pci_choice(struct kunit *test)
{
	struct fake_pci_machine *m = fake_pci_machine(test, true, 2);
	struct pv_pci_addr second = {0, 1, 0};

	KUNIT_ASSERT_EQ(test, pv_pci_init(m->rsdp), 0);
	KUNIT_EXPECT_STREQ(test, pv_pci_access_name(), "ECAM");
	m->pci.reads[0] = 0;
	KUNIT_EXPECT_EQ(test, pv_pci_read32(host, 0), 0x29c08086);
	KUNIT_EXPECT_EQ(test, m->pci.reads[0], 0);
	pv_pci_exit();

	/* The region has only bus 0: bus 1 by the ports. */
	m->pci.ecam.len = 1u << 20;
	fake_pci_add(&m->pci, &m->fn[1], 1, 0, 0, 0x1af4, 0x1041, 0);
	KUNIT_ASSERT_EQ(test, pv_pci_init(m->rsdp), 0);
	KUNIT_EXPECT_EQ(test, pv_pci_read32(second, 0), 0x10411af4);
	KUNIT_EXPECT_EQ(test, m->pci.reads[0], 2);
	pv_pci_exit();

	pv_fake_region_remove(&m->pci.ecam);
	KUNIT_ASSERT_EQ(test, pv_pci_init(m->rsdp), 0);
	KUNIT_EXPECT_STREQ(test, pv_pci_access_name(), "CF8");
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("cannot be mapped"));
	pv_pci_exit();

	m->pci.ecam.read = NULL; /* all ones: firmware did not switch it on */
	pv_fake_memory_add(&m->pci.ecam);
	KUNIT_ASSERT_EQ(test, pv_pci_init(m->rsdp), 0);
	KUNIT_EXPECT_STREQ(test, pv_pci_access_name(), "CF8");
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("where MCFG has it"));
	pv_pci_exit();
}

static void pci_hostile_mcfg(struct kunit *test)
{
	static const struct {
		uint64_t base;
		uint8_t first, last;
	} region[] = {{0, 0, 1},
		      {FAKE_ECAM_BASE + 0x1000, 0, 1},
		      {FAKE_ECAM_BASE, 1, 0},
		      {0xfffffffffff00000ull, 0, 255}};
	uint8_t many[8 + 16 * 20];
	uint64_t table;
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(region); i++) {
		struct fake_pci_machine *m = fake_pci_machine(test, false, 2);
		uint8_t mcfg[FAKE_MCFG_LEN];

		fake_mcfg(mcfg, region[i].base, 0, region[i].first, region[i].last);
		table = fake_acpi_table(&m->acpi, "MCFG", mcfg, sizeof(mcfg));
		m->rsdp = fake_acpi_root(&m->acpi, true, &table, 1);
		KUNIT_EXPECT_EQ(test, pv_pci_init(m->rsdp), PV_ENODEV);
		table = fake_acpi_table(&m->acpi, "MCFG", mcfg, 6);
		m->rsdp = fake_acpi_root(&m->acpi, true, &table, 1);
		KUNIT_EXPECT_EQ(test, pv_pci_init(m->rsdp), PV_ENODEV);
		fake_mcfg(mcfg, FAKE_ECAM_BASE, 0, 0, 0);
		table = fake_acpi_table(&m->acpi, "MCFG", mcfg, sizeof(mcfg));
		fake_acpi_at(&m->acpi, table)[4] = 36 + 18; /* ends within the entry */
		fake_acpi_sum(fake_acpi_at(&m->acpi, table), 36 + 18);
		m->rsdp = fake_acpi_root(&m->acpi, true, &table, 1);
		KUNIT_EXPECT_EQ(test, pv_pci_init(m->rsdp), PV_ENODEV);
		pv_fake_region_remove(&m->acpi.region);
		pv_fake_region_remove(&m->pci.ecam);
	}
	/* More regions than the table holds. */
	{
		struct fake_pci_machine *m = fake_pci_machine(test, false, 2);

		for (i = 0; i < 20; i++)
			fake_mcfg(many + 16 * i, FAKE_ECAM_BASE, (uint16_t)i, 0, 1);
		table = fake_acpi_table(&m->acpi, "MCFG", many, sizeof(many));
		m->rsdp = fake_acpi_root(&m->acpi, true, &table, 1);
		KUNIT_EXPECT_EQ(test, pv_pci_init(m->rsdp), 0);
		pv_pci_exit();
	}
}

/* Where a walk of the buses begins: each segment once, segment 0 by the ports if there are some. */
static void expect_roots(struct kunit *test, bool ports, const uint16_t (*want)[2], unsigned int n)
{
	struct fake_pci_machine *m = fake_pci_machine(test, ports, 2);
	static const struct {
		uint16_t segment;
		uint8_t first, last;
	} region[] = {{2, 3, 3}, {0, 0, 0}, {2, 0, 1}, {0, 1, 1}};
	uint8_t mcfg[8 + 16 * PV_ARRAY_SIZE(region)], bus;
	uint16_t segment;
	uint64_t table;
	unsigned int i;

	for (i = PV_ARRAY_SIZE(region); i--;) /* each clears what is before it */
		fake_mcfg(mcfg + 16 * i, FAKE_ECAM_BASE - (region[i].first << 20),
			  region[i].segment, region[i].first, region[i].last);
	table = fake_acpi_table(&m->acpi, "MCFG", mcfg, sizeof(mcfg));
	m->rsdp = fake_acpi_root(&m->acpi, true, &table, 1);
	KUNIT_ASSERT_EQ(test, pv_pci_init(m->rsdp), 0);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_TRUE(test, pv_pci_root(i, &segment, &bus));
		KUNIT_EXPECT_TRUE(test, segment == want[i][0] && bus == want[i][1]);
	}
	KUNIT_EXPECT_FALSE(test, pv_pci_root(n, &segment, &bus));
	/* A bus of no region, before the first and behind the last of two. */
	KUNIT_EXPECT_EQ(test, pv_pci_read32((struct pv_pci_addr) {2, 2, 0}, 0), 0xffffffff);
	pv_pci_exit();
	pv_fake_region_remove(&m->acpi.region);
	pv_fake_region_remove(&m->pci.ecam);
	if (ports)
		pv_fake_region_remove(&m->pci.ports);
}

static void pci_roots(struct kunit *test)
{
	static const uint16_t by_ecam[][2] = {{2, 3}, {0, 0}}, by_ports[][2] = {{0, 0}, {2, 3}};

	expect_roots(test, false, by_ecam, 2);
	expect_roots(test, true, by_ports, 2);
}

/* A byte and a word that lie across the end of what one access reaches. */
static void pci_unaligned(struct kunit *test)
{
	struct fake_pci_machine *m = fake_pci_machine(test, false, 2);

	KUNIT_ASSERT_EQ(test, pv_pci_init(m->rsdp), 0);
	KUNIT_EXPECT_EQ(test, pv_pci_read8(host, 0x1000), 0xff);
	KUNIT_EXPECT_EQ(test, pv_pci_read16(host, 0x1000), 0xffff);
	pv_pci_write8(host, 0x1000, 1);
	pv_pci_write16(host, 0x1000, 1);
	pv_pci_exit();
}

/* Memory for the list of buses, or the mapping, is missing at each place in turn. */
static void pci_init_fails_cleanly(struct kunit *test)
{
	struct fake_pci_machine *m = fake_pci_machine(test, false, 2);

	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_pci_init(m->rsdp), PV_ENODEV);
	pv_fake.alloc_fail_at = 0;
	pv_fake.no_map = true;
	KUNIT_EXPECT_EQ(test, pv_pci_init(m->rsdp), PV_ENODEV);
	pv_fake.no_map = false;
	KUNIT_EXPECT_EQ(test, pv_pci_init(m->rsdp), 0);
	pv_pci_exit();
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, 0);
}

static struct kunit_case pci_cases[] = {
	KUNIT_CASE(pci_none),
	KUNIT_CASE(pci_access_by_ports),
	KUNIT_CASE(pci_access_by_ecam),
	KUNIT_CASE(pci_choice),
	KUNIT_CASE(pci_hostile_mcfg),
	KUNIT_CASE(pci_roots),
	KUNIT_CASE(pci_unaligned),
	KUNIT_CASE(pci_init_fails_cleanly),
	{},
};

static struct kunit_suite pci_suite = {
	.name = "pci",
	.test_cases = pci_cases,
};

kunit_test_suite(pci_suite);
