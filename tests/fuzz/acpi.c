/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * ACPI tables: the way to them, what PCI reads of MCFG, the CPUs of the MADT, AML, and resource
 * descriptors. Checksums are made right, where they would only keep the input out.
 */
#include <pv/boot.h>
#include <pv/virtio.h>

#include "fake_acpi.h"
#include "fuzz.h"
#include "pv-core/acpi.h"
#include "pv-core/bus.h"
#include "pv-core/cpu.h"
#include "pv-core/pci.h"

#define TABLE 36u /* a table's header */

static struct fake_acpi acpi;

static void found(const struct pv_acpi_device *dev, void *arg)
{
	(void)dev;
	++*(unsigned int *)arg;
}

/* In memory of exactly its length. */
static uint8_t *copy_of_rest(size_t before, size_t *len)
{
	uint8_t *p = kunit_kzalloc(&plain_test, before + fuzz_left(), GFP_KERNEL);

	*len = before + fuzz_left();
	fuzz_bytes(p + before, fuzz_left());
	return p;
}

static void aml(void)
{
	unsigned int n = 0;
	size_t len;
	uint8_t *p = copy_of_rest(TABLE, &len);

	(void)pv_acpi_devices(p, len, "LNRO0005", found, &n);
	PLAIN_CHECK(n <= len);
}

static void crs(void)
{
	struct pv_acpi_device dev = {0};
	size_t len;
	uint8_t *p = copy_of_rest(0, &len);

	(void)pv_acpi_crs(p, len, &dev);
}

static void cpu(const struct pv_cpu_info *info, void *arg)
{
	PLAIN_CHECK(!info->started);
	++*(unsigned int *)arg;
}

/* As a machine has them. */
static void use(uint64_t rsdp)
{
	static struct pv_boot_info info;
	unsigned int n = 0;

	info.rsdp = rsdp;
	(void)pv_virtio_mmio.scan(&info);
	pv_bus_remove_all();
	(void)pv_pci_init(rsdp);
	pv_pci_exit();
	PLAIN_CHECK(pv_madt_cpus(rsdp, cpu, &n) == n && n < sizeof(acpi.mem) / 8);
}

/* Tables whose contents are the input's. */
static void tables(void)
{
	static const char *const name[] = {"DSDT", "SSDT", "MCFG", "FACP", "APIC", "XXXX"};
	uint8_t body[300];
	uint64_t pa[8];
	unsigned int n = 0, i;
	size_t len;

	for (i = 0; i < 4 && fuzz_left(); i++) {
		const char *which = name[fuzz_below(PV_ARRAY_SIZE(name))];

		len = fuzz_bytes(body, fuzz_u8());
		pa[n] = fake_acpi_table(&acpi, which, body, (uint32_t)len);
		if (!strcmp(which, "DSDT"))
			pa[n] = fake_acpi_fadt(&acpi, (uint32_t)pa[n], 0);
		n++;
	}
	use(fake_acpi_root(&acpi, fuzz_u8() & 1, pa, n));
}

/*
 * Memory with the RSDP at its beginning, of which the checksums of what is a table by its length
 * are right.
 */
static void raw(void)
{
	size_t len = fuzz_bytes(acpi.mem + 36, sizeof(acpi.mem) - 36), at;
	uint32_t n;

	memcpy(acpi.mem, "RSD PTR ", 8);
	memcpy(acpi.mem + 9, acpi.mem + 36, 27);
	for (at = 36; at + TABLE <= 36 + len; at += TABLE) {
		memcpy(&n, acpi.mem + at + 4, 4);
		if (n >= TABLE && n <= sizeof(acpi.mem) - at)
			fake_acpi_sum(acpi.mem + at, n);
	}
	fake_acpi_rsdp_sum(acpi.mem);
	use(FAKE_ACPI_BASE);
}

static void one(void)
{
	uint8_t how = fuzz_u8();

	fake_acpi_init(&acpi);
	switch (how & 3) {
	case 0:
		aml();
		break;
	case 1:
		crs();
		break;
	case 2:
		tables();
		break;
	default:
		raw();
	}
	pv_fake_region_remove(&acpi.region);
}

const struct fuzz_target fuzz_acpi = {.name = "acpi", .one = one};
