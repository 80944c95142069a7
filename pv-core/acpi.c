/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * ACPI tables, by signature.
 *
 *	RSDP -> XSDT (or RSDT) -> tables
 *			  FADT -> DSDT
 *
 * The boot protocol tells where the RSDP is; where it does not, a BIOS has put it on a 16-byte
 * boundary of the areas that ACPI names. Each step is mapped, checked and unmapped again, and what
 * fails its check is as good as not there: a machine without ACPI is no error.
 *
 * Tables belong to the machine's owner and do not change. A length is nevertheless taken once, from
 * the header, and everybody then works with that.
 */
#include "pv-core/acpi.h"

#include <pv/log.h>

#include "pv-core/le.h"

/* ACPI 6.4, 5.2.5.3: Root System Description Pointer. */
#define RSDP_REVISION 15
#define RSDP_RSDT     16
#define RSDP_V1_LEN   20 /* what the first checksum covers */
#define RSDP_LENGTH   20
#define RSDP_XSDT     24
#define RSDP_V2_LEN   36 /* what the second covers */

/* 5.2.6: the header of every other table. */
#define SDT_LENGTH 4
#define SDT_HEADER 36

/* 5.2.9: where the FADT has the DSDT's address. */
#define FADT_DSDT   40
#define FADT_X_DSDT 140

/* 5.2.5.1: where a BIOS leaves the RSDP. */
#define BDA_EBDA_SEGMENT 0x40e
#define EBDA_LEN	 1024
#define BIOS_AREA	 0xe0000
#define BIOS_AREA_LEN	 0x20000

/* The largest DSDTs of real machines have a few hundred KiB. */
#define TABLE_MAX (4u << 20)

/* Eight bytes at a time, in lanes of 16 bits that never hold more than three of them. */
static bool sum_is_zero(const uint8_t *p, size_t len)
{
	const uint64_t even = 0x00ff00ff00ff00ff;
	uint64_t word;
	uint64_t sum = 0;

	for (; len >= 8; p += 8, len -= 8) {
		word = pv_le64(p);
		sum = (sum + (word & even) + (word >> 8 & even)) & even;
	}
	sum += sum >> 32;
	sum += sum >> 16;
	while (len--)
		sum += *p++;
	return !(sum & 0xff);
}

static bool is_rsdp(const uint8_t *p)
{
	return !pv_memcmp(p, "RSD PTR ", 8) && sum_is_zero(p, RSDP_V1_LEN);
}

static uint64_t rsdp_in(uint64_t base, size_t len)
{
	const uint8_t *area = pv_os_map(base, len, PV_MAP_MEMORY);
	uint64_t found = 0;
	size_t i;

	if (!area)
		return 0;
	for (i = 0; i + RSDP_V1_LEN <= len && !found; i += 16)
		if (is_rsdp(area + i))
			found = base + i;
	pv_os_unmap((void *)area, len);
	return found;
}

static uint64_t rsdp_search(void)
{
	const uint8_t *segment = pv_os_map(BDA_EBDA_SEGMENT, 2, PV_MAP_MEMORY);
	uint64_t ebda = 0;
	uint64_t found = 0;

	if (segment) {
		ebda = (uint64_t)pv_le16(segment) << 4;
		pv_os_unmap((void *)segment, 2);
	}
	if (ebda >= 0x400)
		found = rsdp_in(ebda, EBDA_LEN);
	return found ? found : rsdp_in(BIOS_AREA, BIOS_AREA_LEN);
}

/* The table at `pa`, mapped, if it has this signature; its checksum is not looked at. */
static const uint8_t *table_peek(uint64_t pa, const char *signature, size_t *len)
{
	const uint8_t *table;
	bool match;
	uint32_t n;

	if (!pa)
		return NULL;
	table = pv_os_map(pa, SDT_HEADER, PV_MAP_MEMORY);
	if (!table)
		return NULL;
	match = !pv_memcmp(table, signature, 4);
	n = pv_le32(table + SDT_LENGTH);
	pv_os_unmap((void *)table, SDT_HEADER);
	if (!match)
		return NULL;
	if (n < SDT_HEADER || n > TABLE_MAX || pa + n < pa) {
		pv_warn("acpi: %s of %u bytes ignored", signature, n);
		return NULL;
	}
	*len = n;
	return pv_os_map(pa, n, PV_MAP_MEMORY);
}

/* The same, if its checksum is right; else NULL. */
static const uint8_t *table_map(uint64_t pa, const char *signature, size_t *len)
{
	const uint8_t *table = table_peek(pa, signature, len);

	if (!table || pv_acpi_valid(table, *len))
		return table;
	pv_os_unmap((void *)table, *len);
	return NULL;
}

/* The root table: XSDT with entries of 8 bytes, or RSDT with entries of 4. */
static const uint8_t *root_map(uint64_t rsdp, size_t *len, size_t *entry)
{
	const uint8_t *p = pv_os_map(rsdp, RSDP_V2_LEN, PV_MAP_MEMORY);
	const uint8_t *root = NULL;
	uint64_t xsdt = 0;
	uint64_t rsdt = 0;

	if (!p)
		return NULL;
	if (is_rsdp(p)) {
		rsdt = pv_le32(p + RSDP_RSDT);
		if (p[RSDP_REVISION] >= 2 && pv_le32(p + RSDP_LENGTH) == RSDP_V2_LEN &&
		    sum_is_zero(p, RSDP_V2_LEN))
			xsdt = pv_le64(p + RSDP_XSDT);
	} else {
		pv_warn("acpi: no RSDP at 0x%llx", (unsigned long long)rsdp);
	}
	pv_os_unmap((void *)p, RSDP_V2_LEN);

	*entry = 8;
	root = table_map(xsdt, "XSDT", len);
	if (!root) {
		*entry = 4;
		root = table_map(rsdt, "RSDT", len);
	}
	return root;
}

typedef const uint8_t *(*table_fn)(uint64_t pa, const char *signature, size_t *len);

static const uint8_t *listed(uint64_t rsdp, const char *signature, unsigned int n, table_fn get,
			     size_t *len)
{
	const uint8_t *found = NULL;
	const uint8_t *root;
	size_t root_len;
	size_t entry;
	size_t at;

	root = root_map(rsdp, &root_len, &entry);
	if (!root)
		return NULL;
	for (at = SDT_HEADER; at + entry <= root_len; at += entry) {
		found = get(entry == 8 ? pv_le64(root + at) : pv_le32(root + at), signature, len);
		if (found && n-- == 0)
			break;
		if (found)
			pv_acpi_put(found, *len);
		found = NULL;
	}
	pv_os_unmap((void *)root, root_len);
	return found;
}

static const uint8_t *dsdt(uint64_t rsdp, table_fn get, size_t *len)
{
	const uint8_t *found = NULL;
	const uint8_t *fadt;
	size_t fadt_len;

	fadt = listed(rsdp, "FACP", 0, table_map, &fadt_len);
	if (!fadt)
		return NULL;
	if (fadt_len >= FADT_X_DSDT + 8)
		found = get(pv_le64(fadt + FADT_X_DSDT), "DSDT", len);
	if (!found && fadt_len >= FADT_DSDT + 4)
		found = get(pv_le32(fadt + FADT_DSDT), "DSDT", len);
	pv_acpi_put(fadt, fadt_len);
	return found;
}

static const void *find(uint64_t rsdp, const char *signature, unsigned int n, table_fn get,
			size_t *len)
{
	if (!rsdp)
		rsdp = rsdp_search();
	if (!rsdp)
		return NULL;
	if (!pv_strcmp(signature, "DSDT"))
		return n ? NULL : dsdt(rsdp, get, len);
	return listed(rsdp, signature, n, get, len);
}

const void *pv_acpi_get(uint64_t rsdp, const char *signature, unsigned int n, size_t *len)
{
	return find(rsdp, signature, n, table_map, len);
}

const void *pv_acpi_peek(uint64_t rsdp, const char *signature, unsigned int n, size_t *len)
{
	return find(rsdp, signature, n, table_peek, len);
}

bool pv_acpi_valid(const void *table, size_t len)
{
	if (sum_is_zero(table, len))
		return true;
	pv_warn("acpi: %.4s ignored, its checksum is wrong", (const char *)table);
	return false;
}

/*
 * From each place, a look at the byte where `text` would end tells how far it is to the next place
 * where it may begin: all its length, mostly (Horspool 1980).
 */
bool pv_acpi_mentions(const void *table, size_t len, const char *text)
{
	const size_t last = pv_strlen(text) - 1;
	const uint8_t *p = table;
	uint8_t skip[256];
	size_t i;

	if (len <= last)
		return false;
	pv_memset(skip, (int)last + 1, sizeof(skip));
	for (i = 0; i < last; i++)
		skip[(uint8_t)text[i]] = (uint8_t)(last - i);
	for (i = last; i < len; i += skip[p[i]])
		if (p[i] == (uint8_t)text[last] && !pv_memcmp(p + i - last, text, last))
			return true;
	return false;
}

void pv_acpi_put(const void *table, size_t len)
{
	pv_os_unmap((void *)table, len);
}
