/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_acpi.h"

#include <pv/string.h>

void fake_acpi_init(struct fake_acpi *a)
{
	pv_memset(a, 0, sizeof(*a));
	a->region.base = FAKE_ACPI_BASE;
	a->region.len = FAKE_ACPI_SIZE;
	a->region.memory = a->mem;
	pv_fake_memory_add(&a->region);
}

uint8_t *fake_acpi_at(struct fake_acpi *a, uint64_t pa)
{
	return a->mem + (pa - FAKE_ACPI_BASE);
}

static uint8_t sum(const uint8_t *p, uint32_t len)
{
	uint8_t s = 0;

	while (len--)
		s += *p++;
	return s;
}

void fake_acpi_sum(uint8_t *table, uint32_t len)
{
	table[9] = (uint8_t)(table[9] - sum(table, len));
}

void fake_acpi_rsdp_sum(uint8_t *rsdp)
{
	rsdp[8] = (uint8_t)(rsdp[8] - sum(rsdp, 20));
	if (rsdp[15] >= 2)
		rsdp[32] = (uint8_t)(rsdp[32] - sum(rsdp, 36));
}

/* The next table begins unaligned, as firmware has it. */
static uint8_t *room(struct fake_acpi *a, uint32_t len, uint32_t align)
{
	uint8_t *p;

	a->used = align ? (a->used + align - 1) / align * align : a->used | 1;
	p = a->mem + a->used;
	a->used += len;
	if (a->used > FAKE_ACPI_SIZE)
		pv_os_panic("fake_acpi: full");
	return p;
}

uint64_t fake_acpi_table(struct fake_acpi *a, const char *signature, const void *body, uint32_t len)
{
	uint8_t *p = room(a, 36 + len, 0);
	uint32_t total = 36 + len;

	pv_memcpy(p, signature, 4);
	pv_memcpy(p + 4, &total, 4);
	p[8] = 2;
	pv_memcpy(p + 10, "PVTEST", 6);
	pv_memcpy(p + 36, body, len);
	fake_acpi_sum(p, total);
	return FAKE_ACPI_BASE + (uint64_t)(p - a->mem);
}

uint64_t fake_acpi_root(struct fake_acpi *a, bool wide, const uint64_t *tables, unsigned int n)
{
	uint8_t body[80 * 8];
	uint32_t entry = wide ? 8 : 4;
	uint32_t length = 36;
	uint64_t root;
	unsigned int i;
	uint8_t *p;

	for (i = 0; i < n; i++)
		pv_memcpy(body + i * entry, &tables[i], entry);
	root = fake_acpi_table(a, wide ? "XSDT" : "RSDT", body, n * entry);
	p = room(a, 36, 16);
	pv_memcpy(p, "RSD PTR ", 8);
	if (wide) {
		p[15] = 2;
		pv_memcpy(p + 20, &length, 4);
		pv_memcpy(p + 24, &root, 8);
	} else {
		pv_memcpy(p + 16, &root, 4);
	}
	fake_acpi_rsdp_sum(p);
	return FAKE_ACPI_BASE + (uint64_t)(p - a->mem);
}

uint64_t fake_acpi_fadt(struct fake_acpi *a, uint32_t dsdt, uint64_t x_dsdt)
{
	uint8_t body[244 - 36] = {0};

	pv_memcpy(body + 40 - 36, &dsdt, 4);
	pv_memcpy(body + 140 - 36, &x_dsdt, 8);
	return fake_acpi_table(a, "FACP", body, x_dsdt ? sizeof(body) : 116 - 36);
}

static void add_cpu(struct fake_madt *m, const void *entry, uint32_t len)
{
	if (len > sizeof(m->entry) - m->len)
		pv_os_panic("fake_madt: full");
	pv_memcpy(m->entry + m->len, entry, len);
	m->len += len;
}

void fake_madt_lapic(struct fake_madt *m, uint8_t uid, uint8_t id, uint32_t flags)
{
	const uint8_t e[8] = {0, 8, uid, id, (uint8_t)flags};

	add_cpu(m, e, sizeof(e));
}

void fake_madt_x2apic(struct fake_madt *m, uint32_t uid, uint32_t id, uint32_t flags)
{
	const uint32_t e[4] = {9 | 16 << 8, id, flags, uid};

	add_cpu(m, e, sizeof(e));
}

uint64_t fake_madt_table(struct fake_acpi *a, const struct fake_madt *m)
{
	const uint8_t *whole = (const uint8_t *)m + offsetof(struct fake_madt, head);

	return fake_acpi_table(a, "APIC", whole, sizeof(m->head) + m->len);
}

uint64_t fake_madt_root(struct fake_acpi *a, const struct fake_madt *m)
{
	uint64_t table = fake_madt_table(a, m);

	return fake_acpi_root(a, true, &table, 1);
}

void fake_aml_bytes(struct fake_aml *aml, const void *p, uint32_t n)
{
	if (n > sizeof(aml->b) - aml->len)
		pv_os_panic("fake_aml: full");
	pv_memcpy(aml->b + aml->len, p, n);
	aml->len += n;
}

void fake_aml_byte(struct fake_aml *aml, uint8_t b)
{
	fake_aml_bytes(aml, &b, 1);
}

void fake_aml_text(struct fake_aml *aml, const char *text)
{
	fake_aml_bytes(aml, text, (uint32_t)pv_strlen(text));
}

uint32_t fake_aml_begin(struct fake_aml *aml)
{
	fake_aml_bytes(aml, "\x80\0\0", 3);
	return aml->len - 3;
}

void fake_aml_end(struct fake_aml *aml, uint32_t start)
{
	uint32_t len = aml->len - start;

	aml->b[start] = (uint8_t)(0x80 | (len & 0x0f));
	aml->b[start + 1] = (uint8_t)(len >> 4);
	aml->b[start + 2] = (uint8_t)(len >> 12);
}

void fake_aml_device(struct fake_aml *aml, const char *name, const char *hid, const void *crs,
		     uint8_t crs_len)
{
	uint32_t device;
	uint32_t buffer;

	fake_aml_text(aml, "[\x82");
	device = fake_aml_begin(aml);
	fake_aml_text(aml, name);
	fake_aml_text(aml, "\x08_HID\x0d");
	fake_aml_bytes(aml, hid, (uint32_t)pv_strlen(hid) + 1);
	fake_aml_text(aml, "\x08_CRS\x11");
	buffer = fake_aml_begin(aml);
	fake_aml_byte(aml, 0x0a);
	fake_aml_byte(aml, crs_len);
	fake_aml_bytes(aml, crs, crs_len);
	fake_aml_end(aml, buffer);
	fake_aml_end(aml, device);
}
