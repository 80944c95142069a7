/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs in ACPI's MADT (ACPI 6.4, 5.2.12).
 *
 * Each has a local APIC structure, or a local x2APIC structure if its numbers do not fit; firmware
 * may give both for one CPU. An entry that is not enabled is a CPU that can be plugged in, or
 * nothing at all; the older structure says "nothing" by the identifier 0xff.
 */
#include "pv-core/acpi.h"
#include "pv-core/cpu.h"
#include "pv-core/le.h"

#define MADT_ENTRIES 44

#define TYPE_LAPIC    0
#define LAPIC_LEN     8
#define LAPIC_UID     2
#define LAPIC_ID      3
#define LAPIC_FLAGS   4
#define LAPIC_NOTHING 0xff

#define TYPE_X2APIC    9
#define X2APIC_LEN     16
#define X2APIC_ID      4
#define X2APIC_FLAGS   8
#define X2APIC_UID     12
#define X2APIC_NOTHING 0xffffffff

#define FLAG_ENABLED 1

static bool read_entry(const uint8_t *p, struct pv_cpu_info *info)
{
	uint32_t flags;

	if (p[0] == TYPE_LAPIC && p[1] >= LAPIC_LEN && p[LAPIC_ID] != LAPIC_NOTHING) {
		info->uid = p[LAPIC_UID];
		info->apic_id = p[LAPIC_ID];
		flags = pv_le32(p + LAPIC_FLAGS);
	} else if (p[0] == TYPE_X2APIC && p[1] >= X2APIC_LEN &&
		   pv_le32(p + X2APIC_ID) != X2APIC_NOTHING) {
		info->uid = pv_le32(p + X2APIC_UID);
		info->apic_id = pv_le32(p + X2APIC_ID);
		flags = pv_le32(p + X2APIC_FLAGS);
	} else {
		return false;
	}
	info->present = flags & FLAG_ENABLED;
	info->started = false;
	return true;
}

unsigned int pv_madt_cpus(uint64_t rsdp, void (*fn)(const struct pv_cpu_info *info, void *arg),
			  void *arg)
{
	const uint8_t *p, *end;
	struct pv_cpu_info info;
	unsigned int n = 0;
	const void *madt;
	size_t len;

	madt = pv_acpi_get(rsdp, "APIC", 0, &len);
	if (!madt)
		return 0;
	p = (const uint8_t *)madt + MADT_ENTRIES;
	end = (const uint8_t *)madt + len;
	for (; end - p >= 2 && p[1] >= 2 && p[1] <= end - p; p += p[1]) {
		if (!read_entry(p, &info))
			continue;
		fn(&info, arg);
		n++;
	}
	pv_acpi_put(madt, len);
	return n;
}
