/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where virtio-mmio devices are. The bus cannot be enumerated (virtio 1.2, 4.2.1): a VMM names its
 * devices on the kernel's command line, or describes them in ACPI's DSDT or an SSDT.
 *
 *	virtio_mmio.device=<size>[KMG]@<base>:<gsi>[:<id>]
 *	Device (VR00) { Name (_HID, "LNRO0005") Name (_CRS, ResourceTemplate () { ... }) }
 *
 * Both may be there, and name the same device: the second time it is known already. The trigger of
 * an interrupt is what _CRS says; for the command line it is an edge.
 */
#include <pv/boot.h>
#include <pv/log.h>
#include <pv/string.h>

#include "drivers/virtio/mmio.h"
#include "pv-core/acpi.h"

#define WORD "virtio_mmio.device="
#define HID  "LNRO0005"

/* A number in C notation; false if there is none, or it does not fit. */
static bool number(const char **text, const char *end, uint64_t *value)
{
	const char *p = *text;
	unsigned int base = 10;
	unsigned int digit;

	if (end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'x') {
		base = 16;
		p += 2;
	} else if (end - p > 1 && p[0] == '0') {
		base = 8;
	}
	*text = p;
	for (*value = 0; p < end; p++) {
		if (*p >= '0' && *p <= '9')
			digit = (unsigned int)(*p - '0');
		else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f')
			digit = (unsigned int)((*p | 0x20) - 'a' + 10);
		else
			break;
		if (digit >= base)
			break;
		if (*value > (~0ull - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	if (p == *text)
		return false;
	*text = p;
	return true;
}

static bool literal(const char **text, const char *end, char c)
{
	if (*text == end || **text != c)
		return false;
	++*text;
	return true;
}

bool pv_virtio_mmio_parse(const char *text, const char *end, struct pv_virtio_mmio_place *place)
{
	static const char suffix[] = {'k', 'm', 'g'};
	unsigned int i;
	uint64_t size;
	uint64_t base;
	uint64_t gsi;
	uint64_t id;

	if (!number(&text, end, &size))
		return false;
	for (i = 0; i < 3; i++) {
		if (text == end || (*text | 0x20) != suffix[i])
			continue;
		text++;
		if (size > ~0ull >> (10 * (i + 1)))
			return false;
		size <<= 10 * (i + 1);
		break;
	}
	if (!literal(&text, end, '@') || !number(&text, end, &base) || !literal(&text, end, ':') ||
	    !number(&text, end, &gsi) || gsi > 0xffffffff)
		return false;
	if (literal(&text, end, ':') && !number(&text, end, &id))
		return false;
	if (text != end)
		return false;
	place->base = base;
	place->size = size;
	place->gsi = (uint32_t)gsi;
	place->has_gsi = true;
	place->level = false;
	return true;
}

static void not_understood(const char *p, const char *end)
{
	char text[96];
	size_t n = (size_t)(end - p);

	if (n >= sizeof(text))
		n = sizeof(text) - 1;
	pv_memcpy(text, p, n);
	text[n] = '\0';
	pv_warn("virtio-mmio: not understood: %s", text);
}

static unsigned int find_on_command_line(const char *p)
{
	struct pv_virtio_mmio_place place;
	unsigned int found = 0;
	const char *end;

	while (*p) {
		for (; *p == ' '; p++)
			;
		for (end = p; *end && *end != ' '; end++)
			;
		if (end - p >= (int)sizeof(WORD) - 1 && !pv_memcmp(p, WORD, sizeof(WORD) - 1)) {
			if (pv_virtio_mmio_parse(p + sizeof(WORD) - 1, end, &place)) {
				(void)pv_virtio_mmio_add(&place);
				found++;
			} else {
				not_understood(p, end);
			}
		}
		p = end;
	}
	return found;
}

static void described(const struct pv_acpi_device *dev, void *arg)
{
	struct pv_virtio_mmio_place place = {
		.base = dev->mem_base,
		.size = dev->mem_len,
		.has_gsi = dev->has_gsi,
		.gsi = dev->gsi,
		.level = dev->level,
	};
	unsigned int *found = arg;

	if (!dev->has_mem)
		return;
	(void)pv_virtio_mmio_add(&place);
	++*found;
}

/* False if there is no such table. Most machines' tables describe no such device at all. */
static bool find_in_table(uint64_t rsdp, const char *signature, unsigned int n, unsigned int *found)
{
	const void *table;
	size_t len;

	table = pv_acpi_peek(rsdp, signature, n, &len);
	if (!table)
		return false;
	if (pv_acpi_mentions(table, len, HID) && pv_acpi_valid(table, len) &&
	    pv_acpi_devices(table, len, HID, described, found))
		pv_warn("acpi: %s is malformed in part", signature);
	pv_acpi_put(table, len);
	return true;
}

static int scan(const struct pv_boot_info *boot)
{
	uint64_t rsdp = boot ? boot->rsdp : 0;
	unsigned int found = 0;
	unsigned int n = 0;

	if (boot)
		found = find_on_command_line(boot->cmdline);
	if (find_in_table(rsdp, "DSDT", 0, &found))
		while (n < 64 && find_in_table(rsdp, "SSDT", n, &found))
			n++;
	return found ? 0 : PV_ENODEV;
}

const struct pv_bus pv_virtio_mmio = {
	.name = "virtio-mmio",
	.scan = scan,
	.release = pv_virtio_mmio_release,
	.describe = pv_virtio_describe,
};
