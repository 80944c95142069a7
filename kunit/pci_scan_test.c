/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What is in PCI configuration space: the scan over hostile bridges, capabilities that loop, base
 * addresses, the command register.
 *
 * Covers: pv-core/pci_scan.c
 */
#include <kunit/test.h>

#include "fake_pci.h"
#include "pv-core/pci.h"

static const struct pv_pci_addr host = {0, 0, 0};

struct seen {
	unsigned int n;
	struct pv_pci_addr addr[16];
};

static void see(struct pv_pci_addr a, void *arg)
{
	struct seen *s = arg;

	if (s->n < PV_ARRAY_SIZE(s->addr))
		s->addr[s->n] = a;
	s->n++;
}

static void expect_seen(struct kunit *test, const struct seen *s, const uint16_t *bdf,
			unsigned int n)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, s->n, n);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, s->addr[i].bus << 8 | s->addr[i].devfn, bdf[i]);
}

static void scan_functions_and_bridges(struct kunit *test)
{
	/* By bus; bus 2 is behind a bridge on bus 5. */
	static const uint16_t want[] = {0x0000, 0x0010, 0x0013, 0x0018, 0x0500, 0x0200};
	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);
	struct seen s = {0};

	fake_pci_add(&m->pci, &m->fn[1], 0, 2, 0, 0x1af4, 0x1000, 0x80);
	fake_pci_add(&m->pci, &m->fn[2], 0, 2, 3, 0x1af4, 0x1001, 0);
	fake_pci_add(&m->pci, &m->fn[3], 0, 3, 0, 0x1b36, 0x000c, 0x01);
	fake_pci_add(&m->pci, &m->fn[4], 0, 4, 1, 0x1af4, 0x1001, 0); /* no function 0 */
	fake_pci_add(&m->pci, &m->fn[5], 5, 0, 0, 0x1b36, 0x000c, 0x01);
	fake_pci_add(&m->pci, &m->fn[6], 2, 0, 0, 0x1af4, 0x1041, 0);
	fake_pci_add(&m->pci, &m->fn[7], 2, 1, 0, 0, 0, 0); /* vendor 0 */
	m->fn[3].config[0x19] = 5;
	m->fn[5].config[0x19] = 2;
	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
	pv_pci_scan(see, &s);
	expect_seen(test, &s, want, PV_ARRAY_SIZE(want));
	pv_pci_exit();
}

/* Bridges that lead to themselves, to one another and to nowhere: each bus is looked at once. */
static void scan_looping_bridges(struct kunit *test)
{
	static const uint16_t want[] = {0x0000, 0x0008, 0x0010, 0x0018, 0x0700, 0xff00};
	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);
	struct seen s = {0};

	fake_pci_add(&m->pci, &m->fn[1], 0, 1, 0, 0x1b36, 0x000c, 0x01);
	fake_pci_add(&m->pci, &m->fn[2], 0, 2, 0, 0x1b36, 0x000c, 0x01);
	fake_pci_add(&m->pci, &m->fn[3], 0, 3, 0, 0x1b36, 0x000c, 0x01);
	fake_pci_add(&m->pci, &m->fn[4], 7, 0, 0, 0x1b36, 0x000c, 0x01);
	fake_pci_add(&m->pci, &m->fn[5], 255, 0, 0, 0x1b36, 0x000c, 0x01);
	m->fn[1].config[0x19] = 0;
	m->fn[2].config[0x19] = 7;
	m->fn[3].config[0x19] = 7;
	m->fn[4].config[0x19] = 255;
	m->fn[5].config[0x19] = 7;
	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
	pv_pci_scan(see, &s);
	expect_seen(test, &s, want, PV_ARRAY_SIZE(want));
	pv_pci_exit();
}

/* All that can answer answers, and each function is a bridge to the next bus: 65536 functions. */
static uint32_t all_bridges_read(void *arg, uint64_t offset, unsigned int size)
{
	struct fake_pci *pci = arg;

	if (offset < 4)
		return pci->address;
	switch ((pci->address & 0xfc) + (offset & 3)) {
	case 0x00:
		return 0x12345678;
	case 0x0e:
		return 0x81;
	case 0x19:
		return (pci->address >> 16 & 0xff) + 1;
	}
	return size == 4 ? 0 : 0xffffffff;
}

static void scan_of_everything(struct kunit *test)
{
	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);
	struct seen s = {0};

	m->pci.ports.read = all_bridges_read;
	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
	pv_pci_scan(see, &s);
	KUNIT_EXPECT_EQ(test, s.n, 65536);
	pv_pci_exit();
}

/* A second segment, by ECAM only. */
static void scan_segments(struct kunit *test)
{
	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);
	struct fake_pci far;
	uint8_t mcfg[FAKE_MCFG_LEN];
	struct seen s = {0};
	uint64_t table;

	fake_pci_init(&far, false, 2, 3);
	fake_pci_add(&far, &m->fn[1], 0, 4, 0, 0x1af4, 0x1041, 0);
	m->fn[1].addr.segment = 3;
	fake_mcfg(mcfg, FAKE_ECAM_BASE, 3, 0, 1);
	table = fake_acpi_table(&m->acpi, "MCFG", mcfg, sizeof(mcfg));
	m->rsdp = fake_acpi_root(&m->acpi, false, &table, 1);
	KUNIT_ASSERT_EQ(test, pv_pci_init(m->rsdp), 0);
	KUNIT_EXPECT_STREQ(test, pv_pci_access_name(), "CF8");
	pv_pci_scan(see, &s);
	KUNIT_ASSERT_EQ(test, s.n, 2);
	KUNIT_EXPECT_EQ(test, s.addr[0].segment, 0);
	KUNIT_EXPECT_EQ(test, s.addr[1].segment, 3);
	KUNIT_EXPECT_EQ(test, s.addr[1].devfn, 0x20);
	pv_pci_exit();
}

/* Walks over all capabilities with this id: the last one's offset, and their number. */
static unsigned int walk(uint8_t id, unsigned int *num)
{
	struct pv_pci_caps caps;
	unsigned int at, last = 0;

	pv_pci_caps_begin(&caps, host);
	for (*num = 0; (at = pv_pci_caps_next(&caps, id)); ++*num)
		last = at;
	return last;
}

/* Fault row 41 */
static void scan_capabilities(struct kunit *test)
{
	struct pv_pci_caps caps;
	unsigned int num;

	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);
	struct fake_pci_fn *fn = &m->fn[0];

	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
	KUNIT_EXPECT_EQ(test, pv_pci_capability(host, 9), 0);
	fake_pci_cap(fn, 0x98, 0x11, "\0\0", 4);
	fake_pci_cap(fn, 0x84, 0x09, "\0\0", 4);
	fake_pci_cap(fn, 0x40, 0x09, "\0\0", 4);
	fake_pci_cap(fn, 0xfc, 0x09, "\0\0", 4);
	KUNIT_EXPECT_EQ(test, pv_pci_capability(host, 9), 0x84);
	pv_pci_caps_begin(&caps, host);
	KUNIT_EXPECT_EQ(test, pv_pci_caps_next(&caps, 9), 0x84);
	KUNIT_EXPECT_EQ(test, pv_pci_caps_next(&caps, 9), 0x40);
	KUNIT_EXPECT_EQ(test, pv_pci_caps_next(&caps, 9), 0xfc);
	KUNIT_EXPECT_EQ(test, pv_pci_caps_next(&caps, 9), 0);
	KUNIT_EXPECT_EQ(test, pv_pci_caps_next(&caps, 9), 0);
	KUNIT_EXPECT_EQ(test, pv_pci_capability(host, 0x11), 0x98);
	KUNIT_EXPECT_EQ(test, pv_pci_capability(host, 0x05), 0);

	/* The last one leads back to the second: the walk ends all the same. */
	fn->config[0xfd] = 0x84;
	KUNIT_EXPECT_EQ(test, walk(9, &num), 0xfc);
	KUNIT_EXPECT_EQ(test, num, 3u);
	KUNIT_EXPECT_EQ(test, pv_pci_capability(host, 0x05), 0);
	fn->config[0xfd] = 0xfc;
	KUNIT_EXPECT_EQ(test, walk(9, &num), 0xfc);
	KUNIT_EXPECT_EQ(test, num, 3u);
	/* Into the header; and the status bit says that there is no list. */
	fn->config[0x34] = 0x3c;
	fn->config[0x3c] = 9;
	KUNIT_EXPECT_EQ(test, pv_pci_capability(host, 9), 0);
	fn->config[0x34] = 0x98;
	fn->config[0x06] = 0;
	KUNIT_EXPECT_EQ(test, pv_pci_capability(host, 9), 0);
	pv_pci_exit();
}

struct bar_case {
	const char *what;
	unsigned int index;
	uint64_t value, size;
	int err;
	uint64_t base;
	bool is_port;
};

static const struct bar_case bar_cases[] = {
	{"memory", 1, 0xfebc1000, 0x1000, 0, 0xfebc1000, false},
	{"memory, prefetchable", 0, 0xfe000008, 0x4000, 0, 0xfe000000, false},
	{"memory, the last page", 0, 0xfffff000, 0x1000, 0, 0xfffff000, false},
	{"64 bits, below 4 GiB", 4, 0xfe00000c, 0x4000, 0, 0xfe000000, false},
	{"64 bits, above", 4, 0x38000000000c, 0x4000, 0, 0x380000000000, false},
	{"64 bits, 8 GiB", 2, 0x38000000000c, 0x200000000, 0, 0x380000000000, false},
	{"64 bits in the last register", 5, 0xfe00000c, 0x4000, PV_EINVAL, 0, false},
	{"64 bits, misaligned", 2, 0x38000000000c, 0x1000000000000, PV_EINVAL, 0, false},
	{"ports", 0, 0xc041, 0x40, 0, 0xc040, true},
	{"ports, the last", 0, 0xffe1, 0x20, 0, 0xffe0, true},
	{"ports beyond 64 KiB", 0, 0x10001, 0x20, PV_EINVAL, 0, true},
	{"ports, misaligned", 0, 0xc041, 0x80, PV_EINVAL, 0, true},
	{"memory, misaligned", 0, 0xfebc1000, 0x2000, PV_EINVAL, 0, false},
	{"not implemented", 3, 0, 0, PV_ENOENT, 0, false},
	{"no such register", 6, 0, 0, PV_ENOENT, 0, false},
	{"memory, not assigned", 0, 0, 0x1000, PV_ENODATA, 0, false},
	{"64 bits, not assigned", 4, 0xc, 0x4000, PV_ENODATA, 0, false},
	{"ports, not assigned", 0, 1, 0x40, PV_ENODATA, 0, true},
};

static void bar_name(const struct bar_case *c, char *desc)
{
	strscpy(desc, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bar, bar_cases, bar_name);

static void scan_bar(struct kunit *test)
{
	const struct bar_case *c = test->param_value;
	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);
	struct pv_pci_bar bar = {0};
	uint8_t before[256];

	if (c->index < 6)
		fake_pci_bar(&m->fn[0], c->index, c->value, c->size);
	m->fn[0].config[0x04] = 0x07;
	memcpy(before, m->fn[0].config, sizeof(before));
	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
	KUNIT_EXPECT_EQ(test, pv_pci_bar(host, c->index, &bar), c->err);
	if (!c->err) {
		KUNIT_EXPECT_EQ(test, bar.base, c->base);
		KUNIT_EXPECT_EQ(test, bar.size, c->size);
		KUNIT_EXPECT_EQ(test, bar.is_port, c->is_port);
	}
	if (c->err != PV_EINVAL) /* such a value is none that a register keeps */
		KUNIT_EXPECT_TRUE(test, !memcmp(before, m->fn[0].config, sizeof(before)));
	KUNIT_EXPECT_EQ(test, m->fn[0].bar_writes_decoding, 0);
	pv_pci_exit();
}

static void scan_command(struct kunit *test)
{
	struct fake_pci_machine *m = fake_pci_machine(test, true, 0);

	KUNIT_ASSERT_EQ(test, pv_pci_init(0), 0);
	pv_pci_enable(host, PV_PCI_MEMORY | PV_PCI_MASTER);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(&m->fn[0], 4), 6);
	pv_pci_enable(host, PV_PCI_IO);
	pv_pci_intx(host, false);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(&m->fn[0], 4), 0x407);
	pv_pci_intx(host, true);
	pv_pci_disable(host);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(&m->fn[0], 4), 3);
	pv_pci_exit();
}

static struct kunit_case scan_cases[] = {
	KUNIT_CASE(scan_functions_and_bridges),
	KUNIT_CASE(scan_looping_bridges),
	KUNIT_CASE(scan_of_everything),
	KUNIT_CASE(scan_segments),
	KUNIT_CASE(scan_capabilities),
	KUNIT_CASE_PARAM(scan_bar, bar_gen_params),
	KUNIT_CASE(scan_command),
	{},
};

static struct kunit_suite scan_suite = {
	.name = "pci_scan",
	.test_cases = scan_cases,
};

kunit_test_suite(scan_suite);
