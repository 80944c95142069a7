/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the library reads of ACPI: it finds tables, and in the definition blocks the few devices
 * whose description is constant. It is no interpreter; a kernel that has one uses it.
 *
 * All of it is input from the machine's owner: lengths are bounded by the table, tables by their
 * checksum, nesting by a fixed depth.
 */
#ifndef PV_CORE_ACPI_H
#define PV_CORE_ACPI_H

#include <pv/os.h>

/*
 * The `n`-th table with this signature, as of XSDT or RSDT, mapped and checked (ACPI 6.4, 5.2.6);
 * NULL if there is none. "DSDT" is found through the FADT. `*len` is its length. `rsdp` 0 has the
 * BIOS area searched (5.2.5.1). Unmap by pv_acpi_put(). Context: control.
 */
const void *pv_acpi_get(uint64_t rsdp, const char *signature, unsigned int n, size_t *len);
void pv_acpi_put(const void *table, size_t len);

/*
 * The same, unchecked: for whoever looks for something in a long table that mostly is not there,
 * and checks the table by pv_acpi_valid() when it is. What a wrong checksum hides is counted here
 * by `n`.
 */
const void *pv_acpi_peek(uint64_t rsdp, const char *signature, unsigned int n, size_t *len);
bool pv_acpi_valid(const void *table, size_t len);

/* Whether the bytes of `text`, 1 to 255 of them, are anywhere in the table. */
bool pv_acpi_mentions(const void *table, size_t len, const char *text);

/* A device of a definition block, as far as its _CRS is a constant buffer. */
struct pv_acpi_device {
	uint64_t mem_base; /* its first memory range */
	uint64_t mem_len;
	uint32_t gsi;
	bool has_mem, has_gsi;
	bool level; /* else edge */
};

/*
 * Calls `fn` for each device in the definition block `aml` (a DSDT or SSDT, with its header) whose
 * _HID is the string `hid`. 0, or PV_EINVAL if some part of the block is malformed (what the rest
 * has was reported).
 */
int pv_acpi_devices(const void *aml, size_t len, const char *hid,
		    void (*fn)(const struct pv_acpi_device *dev, void *arg), void *arg);

/*
 * Reads the resource descriptors of a _CRS buffer into `*dev`: the first memory range and the first
 * interrupt. 0, or PV_EINVAL if an item exceeds the buffer.
 */
int pv_acpi_crs(const uint8_t *p, size_t len, struct pv_acpi_device *dev);

#endif
