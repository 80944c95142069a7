/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Finding virtio-mmio devices: on the command line and in ACPI, and slots that are none.
 *
 * Covers: drivers/virtio/mmio_find.c
 */
#include <kunit/test.h>
#include <pv/boot.h>

#include "drivers/virtio/mmio.h"
#include "fake_acpi.h"
#include "fake_mmio.h"
#include "pv-core/bus.h"

static void find_exit(struct kunit *test)
{
	(void)test;
	pv_bus_remove_all();
}

static unsigned int devices(void)
{
	struct pv_device *dev;
	unsigned int n = 0;

	pv_for_each_device (dev)
		n++;
	return n;
}

static struct pv_virtio *first(struct kunit *test)
{
	struct pv_device *dev = pv_device_next(NULL);

	KUNIT_ASSERT_NOT_NULL(test, dev);
	return pv_virtio_of(dev);
}

struct word_case {
	const char *text;
	bool good;
	uint64_t size, base;
	uint32_t gsi;
};

static const struct word_case word_cases[] = {
	{"512@0xfeb00000:5", true, 512, 0xfeb00000, 5},
	{"512@0xfeb00e00:12", true, 512, 0xfeb00e00, 12},
	{"4K@0xd0000000:5:0", true, 4096, 0xd0000000, 5},
	{"0x1k@0XD0000000:0x2F:1", true, 1024, 0xd0000000, 47},
	{"1M@3489660928:010", true, 1 << 20, 0xd0000000, 8},
	{"1G@0:0", true, 1 << 30, 0, 0},
	{"0xffffffffffffffff@0xffffffffffffffff:4294967295", true, ~0ull, ~0ull, 0xffffffff},
	{"", false, 0, 0, 0},
	{"512", false, 0, 0, 0},
	{"@0xfeb00000:5", false, 0, 0, 0},
	{"512@:5", false, 0, 0, 0},
	{"512@0xfeb00000", false, 0, 0, 0},
	{"512@0xfeb00000:", false, 0, 0, 0},
	{"512@0xfeb00000:5:", false, 0, 0, 0},
	{"512@0xfeb00000:5:1:2", false, 0, 0, 0},
	{"512@0xfeb00000:5x", false, 0, 0, 0},
	{"512@0x:5", false, 0, 0, 0},
	{"512T@0xfeb00000:5", false, 0, 0, 0},
	{"-1@0xfeb00000:5", false, 0, 0, 0},
	{"09@0xfeb00000:5", false, 0, 0, 0},
	{"512@0xfeb00000:4294967296", false, 0, 0, 0},
	{"18446744073709551616@0:5", false, 0, 0, 0},
	{"0x10000000000000000@0:5", false, 0, 0, 0},
	{"17179869184G@0:5", false, 0, 0, 0},
};

static void word_name(const struct word_case *c, char *desc)
{
	strscpy(desc, c->text, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(word, word_cases, word_name);

static void find_parse(struct kunit *test)
{
	const struct word_case *c = test->param_value;
	struct pv_virtio_mmio_place place = {0};

	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_parse(c->text, c->text + strlen(c->text), &place),
			c->good);
	if (!c->good)
		return;
	KUNIT_EXPECT_EQ(test, place.size, c->size);
	KUNIT_EXPECT_EQ(test, place.base, c->base);
	KUNIT_EXPECT_EQ(test, place.gsi, c->gsi);
	KUNIT_EXPECT_TRUE(test, place.has_gsi);
	KUNIT_EXPECT_FALSE(test, place.level);
}

static int scan(struct kunit *test, const char *cmdline, uint64_t rsdp)
{
	struct pv_boot_info *boot = kunit_kzalloc(test, sizeof(*boot), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, boot);
	strscpy(boot->cmdline, cmdline, sizeof(boot->cmdline));
	boot->rsdp = rsdp;
	err = pv_virtio_mmio.scan(boot);
	kunit_kfree(test, boot);
	return err;
}

static void find_command_line(struct kunit *test)
{
	fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	fake_mmio_at(test, FAKE_MMIO_BASE + 0x200, 1);
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio.scan(NULL), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, scan(test, "console=ttyS0 xvirtio_mmio.device=512@0xfeb00000:5", 0),
			PV_ENODEV);
	KUNIT_EXPECT_EQ(test, devices(), 0);
	KUNIT_EXPECT_EQ(
		test,
		scan(test,
		     "a=b  virtio_mmio.device=512@0xfeb00000:5 virtio_mmio.device=512@oops "
		     "virtio_mmio.device=512@0xfeb00000:5 virtio_mmio.device=512@0xfeb00200:6",
		     0),
		0);
	KUNIT_EXPECT_EQ(test, devices(), 2);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("not understood: virtio_mmio.device=512@oops"));
	KUNIT_EXPECT_STREQ(test, first(test)->dev.name, "virtio-mmio 0xfeb00000");
	KUNIT_EXPECT_STREQ(test, first(test)->transport->name, "mmio v2");
	KUNIT_EXPECT_EQ(test, first(test)->device_id, 2);
	KUNIT_EXPECT_EQ(test, first(test)->dev.class_id, PV_CLASS_BLK);
}

static uint64_t acpi_with(struct kunit *test, const char *table_signature, uint32_t base)
{
	uint8_t crs[] = {0x86, 9, 0, 1, 0, 0,	 0, 0, 0, 2,	0, 0,
			 0x89, 6, 0, 1, 1, 0x2f, 0, 0, 0, 0x79, 0};
	struct fake_acpi *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct fake_aml *aml = kunit_kzalloc(test, sizeof(*aml), GFP_KERNEL);
	uint64_t tables[2], dsdt;

	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, aml);
	fake_acpi_init(a);
	memcpy(crs + 4, &base, 4);
	fake_aml_device(aml, "VR00", "LNRO0005", crs, sizeof(crs));
	fake_aml_device(aml, "VR01", "LNRO0005", crs + 12, sizeof(crs) - 12); /* no memory */
	tables[1] = fake_acpi_table(a, table_signature, aml->b, aml->len);
	dsdt = strcmp(table_signature, "DSDT") ? fake_acpi_table(a, "DSDT", "", 0) : tables[1];
	tables[0] = fake_acpi_fadt(a, 0, dsdt);
	return fake_acpi_root(a, true, tables, strcmp(table_signature, "DSDT") ? 2 : 1);
}

/* The same device in the tables and on the command line is one device. */
static void find_acpi(struct kunit *test)
{
	struct pv_virtio_mmio *m;
	uint64_t rsdp;

	fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	rsdp = acpi_with(test, "DSDT", FAKE_MMIO_BASE);
	KUNIT_EXPECT_EQ(test, scan(test, "", rsdp), 0);
	KUNIT_EXPECT_EQ(test, devices(), 1);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("no device fits"));
	m = pv_container_of(first(test), struct pv_virtio_mmio, vd);
	KUNIT_EXPECT_EQ(test, m->place.gsi, 47);
	KUNIT_EXPECT_TRUE(test, m->place.level);
	KUNIT_EXPECT_EQ(test, scan(test, "virtio_mmio.device=512@0xfeb00000:5", rsdp), 0);
	KUNIT_EXPECT_EQ(test, devices(), 1);
}

static void find_acpi_ssdt(struct kunit *test)
{
	fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	KUNIT_EXPECT_EQ(test, scan(test, "", acpi_with(test, "SSDT", FAKE_MMIO_BASE)), 0);
	KUNIT_EXPECT_EQ(test, devices(), 1);
}

/* A table whose checksum is wrong says nothing, whatever it has in it. */
static void find_acpi_invalid(struct kunit *test)
{
	uint64_t rsdp = acpi_with(test, "DSDT", FAKE_MMIO_BASE);
	uint8_t *mem = pv_os_map(FAKE_ACPI_BASE, 4096, PV_MAP_MEMORY), *table = mem;

	fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	while (memcmp(table, "DSDT", 4))
		table++;
	table[9]++;
	KUNIT_EXPECT_EQ(test, scan(test, "", rsdp), PV_ENODEV);
	KUNIT_EXPECT_EQ(test, devices(), 0);
	table[9]--;
	KUNIT_EXPECT_EQ(test, scan(test, "", rsdp), 0);
	KUNIT_EXPECT_EQ(test, devices(), 1);
	pv_os_unmap(mem, 4096);
}

#define TABLES 70

/* So many tables are looked at, and no more. */
static void find_acpi_tables(struct kunit *test)
{
	uint8_t crs[] = {0x86, 9, 0, 1, 0, 0,	 0, 0, 0, 2,	0, 0,
			 0x89, 6, 0, 1, 1, 0x2f, 0, 0, 0, 0x79, 0};
	struct fake_acpi *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct fake_aml *aml = kunit_kzalloc(test, sizeof(*aml), GFP_KERNEL);
	uint64_t *tables = kunit_kzalloc(test, (TABLES + 1) * sizeof(*tables), GFP_KERNEL);
	uint32_t base = FAKE_MMIO_BASE;
	unsigned int i;

	fake_acpi_init(a);
	for (i = 0; i < TABLES; i++) {
		fake_mmio_at(test, base, 2);
		memcpy(crs + 4, &base, 4);
		aml->len = 0;
		fake_aml_device(aml, "VR00", "LNRO0005", crs, sizeof(crs));
		tables[i + 1] = fake_acpi_table(a, "SSDT", aml->b, aml->len);
		base += 0x200;
	}
	tables[0] = fake_acpi_fadt(a, 0, fake_acpi_table(a, "DSDT", "", 0));
	KUNIT_EXPECT_EQ(test, scan(test, "", fake_acpi_root(a, true, tables, TABLES + 1)), 0);
	KUNIT_EXPECT_EQ(test, devices(), 64);
}

/* What is no device: nothing is added, nothing kept. Fault row 41. */
static void find_no_device(struct kunit *test)
{
	struct pv_virtio_mmio_place place = {.base = FAKE_MMIO_BASE, .size = 0x200};
	struct fake_mmio *r = fake_mmio_at(test, FAKE_MMIO_BASE, 2);
	uint32_t (*read)(void *arg, uint64_t offset, unsigned int size);

	read = r->region.read;
	r->region.read = NULL; /* all ones */
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), PV_ENODEV);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("the magic value is 0xffffffff"));
	r->region.read = read;
	r->device_id = 0; /* an empty slot is no fault */
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), 0);
	r->device_id = 0x10002;
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), PV_ENOTSUP);
	r->device_id = 2;
	r->version = 3;
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), PV_ENOTSUP);
	r->version = 0;
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), PV_ENOTSUP);
	r->version = 2;
	place.size = 0xff;
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), PV_EINVAL);
	place.size = 0x200;
	place.base = FAKE_MMIO_BASE + 2;
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), PV_EINVAL);
	place.base = ~0ull - 0xff;
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), PV_EINVAL);
	place.base = FAKE_MMIO_BASE + 0x1000; /* nothing that can be mapped */
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), PV_ENOMEM);
	place.base = FAKE_MMIO_BASE;
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), PV_ENOMEM);
	KUNIT_EXPECT_EQ(test, devices(), 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_allocs, 0);
	KUNIT_EXPECT_EQ(test, r->n, 0); /* and nothing was written */
	KUNIT_EXPECT_EQ(test, pv_virtio_mmio_add(&place), 0);
	KUNIT_EXPECT_EQ(test, devices(), 1);
}

static struct kunit_case find_cases[] = {
	KUNIT_CASE_PARAM(find_parse, word_gen_params),
	KUNIT_CASE(find_command_line),
	KUNIT_CASE(find_acpi),
	KUNIT_CASE(find_acpi_ssdt),
	KUNIT_CASE(find_acpi_invalid),
	KUNIT_CASE(find_acpi_tables),
	KUNIT_CASE(find_no_device),
	{},
};

static struct kunit_suite find_suite = {
	.name = "mmio_find",
	.exit = find_exit,
	.test_cases = find_cases,
};

kunit_test_suite(find_suite);
