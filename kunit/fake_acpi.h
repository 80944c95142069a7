/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * ACPI tables in the fake machine's memory, and AML to put in them.
 */
#ifndef PV_KUNIT_FAKE_ACPI_H
#define PV_KUNIT_FAKE_ACPI_H

#include <pv/fake.h>

#define FAKE_ACPI_BASE 0x7fe0000ull
#define FAKE_ACPI_SIZE 0x8000u

struct fake_acpi {
	struct pv_fake_region region;
	uint32_t used;
	uint8_t mem[FAKE_ACPI_SIZE];
};

/* Empties it and adds its memory to the machine. */
void fake_acpi_init(struct fake_acpi *a);

/* Appends a table with a right checksum; its physical address. */
uint64_t fake_acpi_table(struct fake_acpi *a, const char *signature, const void *body,
			 uint32_t len);

/*
 * Appends an RSDT (wide: an XSDT) of these tables and an RSDP to it; the RSDP's physical address.
 */
uint64_t fake_acpi_root(struct fake_acpi *a, bool wide, const uint64_t *tables, unsigned int n);

/* Appends an FADT with these addresses of the DSDT. */
uint64_t fake_acpi_fadt(struct fake_acpi *a, uint32_t dsdt, uint64_t x_dsdt);

/*
 * An MADT's local APICs and x2APICs (ACPI 6.4, 5.2.12.2, 5.2.12.12), appended one by one to an
 * empty one.
 */
struct fake_madt {
	uint32_t len; /* without the head, which is zeroes */
	uint8_t head[8], entry[1024];
};

void fake_madt_lapic(struct fake_madt *m, uint8_t uid, uint8_t id, uint32_t flags);
void fake_madt_x2apic(struct fake_madt *m, uint32_t uid, uint32_t id, uint32_t flags);

/* Appends it as a table, whose physical address is returned. */
uint64_t fake_madt_table(struct fake_acpi *a, const struct fake_madt *m);
/* The same, and a root of that table alone; the RSDP's physical address. */
uint64_t fake_madt_root(struct fake_acpi *a, const struct fake_madt *m);

/* The bytes at a physical address. */
uint8_t *fake_acpi_at(struct fake_acpi *a, uint64_t pa);

/* Make the checksum of a table, or those of an RSDP, right again. */
void fake_acpi_sum(uint8_t *table, uint32_t len);
void fake_acpi_rsdp_sum(uint8_t *rsdp);

/* AML (ACPI 6.4, 20.2), appended byte by byte. */
struct fake_aml {
	uint32_t len;
	uint8_t b[2048];
};

void fake_aml_bytes(struct fake_aml *aml, const void *p, uint32_t n);
void fake_aml_byte(struct fake_aml *aml, uint8_t b);
void fake_aml_text(struct fake_aml *aml, const char *text); /* without its terminator */

/* Opens a package of three length bytes; fake_aml_end() fills them in. */
uint32_t fake_aml_begin(struct fake_aml *aml);
void fake_aml_end(struct fake_aml *aml, uint32_t start);

/* Device (`name`) { Name (_HID, `hid`) Name (_CRS, Buffer () { `crs` }) } */
void fake_aml_device(struct fake_aml *aml, const char *name, const char *hid, const void *crs,
		     uint8_t crs_len);

#endif
