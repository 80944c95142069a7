/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake PCI: functions with 256 bytes of configuration space, reached by the ports 0xcf8 and 0xcfc
 * and by an ECAM region, as each test wants it.
 */
#ifndef PV_KUNIT_FAKE_PCI_H
#define PV_KUNIT_FAKE_PCI_H

#include <kunit/test.h>
#include <pv/fake.h>

#include "fake_acpi.h"

#define FAKE_ECAM_BASE 0xb0000000ull

struct fake_pci_fn {
	struct pv_pci_addr addr;
	uint8_t config[256];
	/*
	 * Sizes of the base address registers; the flags, and the address that firmware assigned,
	 * are in config. The second register of a 64-bit one has no size.
	 */
	uint64_t bar_size[6];
	/*
	 * Told of a write before it is done; true: it was done there. NULL: all are as they come.
	 */
	bool (*write)(struct fake_pci_fn *fn, unsigned int offset, unsigned int size, uint32_t v);
	void *arg;
	unsigned int bar_writes_decoding; /* a register was written while decoding was on */
	struct fake_pci_fn *next;
};

struct fake_pci {
	struct fake_pci_fn *fn;
	uint32_t address;      /* 0xcf8 */
	unsigned int reads[2]; /* by the ports, by ECAM */
	struct pv_fake_region ports;
	struct pv_fake_region ecam;
	uint16_t ecam_segment;
};

/* With the ports or without; the ECAM region is for this many buses of `segment`, from bus 0 on. */
void fake_pci_init(struct fake_pci *pci, bool ports, unsigned int ecam_buses, uint16_t segment);

/* Adds a function; `header` is the header type. */
void fake_pci_add(struct fake_pci *pci, struct fake_pci_fn *fn, uint8_t bus, uint8_t device,
		  uint8_t function, uint16_t vendor, uint16_t id, uint8_t header);

/* Numbers in configuration space. */
void fake_pci_set16(struct fake_pci_fn *fn, unsigned int offset, uint16_t v);
void fake_pci_set32(struct fake_pci_fn *fn, unsigned int offset, uint32_t v);
uint16_t fake_pci_get16(const struct fake_pci_fn *fn, unsigned int offset);
uint32_t fake_pci_get32(const struct fake_pci_fn *fn, unsigned int offset);

/* Appends a capability of `len` bytes at `at`; `bytes` begins behind id and next. */
void fake_pci_cap(struct fake_pci_fn *fn, uint8_t at, uint8_t id, const void *bytes, uint8_t len);

/* A base address register with its value (address and flags) and size. */
void fake_pci_bar(struct fake_pci_fn *fn, unsigned int index, uint64_t value, uint64_t size);

/* An MCFG with one region, in `mcfg`, of FAKE_MCFG_LEN bytes without the header. */
#define FAKE_MCFG_LEN 24
void fake_mcfg(uint8_t *mcfg, uint64_t base, uint16_t segment, uint8_t first, uint8_t last);

/*
 * A machine with one function at 00:00.0, ports, ECAM for this many buses, or both, and an MCFG
 * that names buses 0 to 1 at FAKE_ECAM_BASE.
 */
struct fake_pci_machine {
	struct fake_pci pci;
	struct fake_acpi acpi;
	struct fake_pci_fn fn[8];
	uint64_t rsdp;
};

struct fake_pci_machine *fake_pci_machine(struct kunit *test, bool ports, unsigned int ecam_buses);

#endif
