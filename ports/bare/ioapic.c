/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * I/O APICs: which global system interrupt goes to which vector.
 *
 * ACPI's MADT names them, and how the ISA interrupts differ from the default of "edge, active high"
 * (ACPI 6.4, 5.2.12). Without a MADT there is one where a PC has it, or none. Looked for when the
 * first line is registered: a machine whose devices send messages has no use for them.
 */
#include "ports/bare/bare.h"
#include "pv-core/acpi.h"
#include "pv-core/le.h"

/* Intel 82093AA, 3.0: an index register and a window. */
#define IOREGSEL    0x00
#define IOWIN	    0x10
#define REG_VERSION 0x01
#define REG_ENTRY   0x10 /* + 2 per pin */

#define ENTRY_ACTIVE_LOW 0x2000
#define ENTRY_LEVEL	 0x8000
#define ENTRY_MASKED	 0x10000

#define DEFAULT_BASE 0xfec00000
#define MAX_IOAPICS  8
#define ISA_IRQS     16

/* ACPI 6.4, 5.2.12: the MADT's entries; each begins with its type and length. */
#define MADT_ENTRIES	    44
#define MADT_IOAPIC	    1
#define MADT_OVERRIDE	    2
#define OVERRIDE_POLARITY   0x3 /* of its flags; 1: high, 3: low */
#define OVERRIDE_TRIGGER    0xc /* 4: edge, 12: level */
#define OVERRIDE_ACTIVE_LOW 0x3
#define OVERRIDE_LEVEL	    0xc

struct ioapic {
	uint8_t *regs;
	unsigned int gsi, pins;
};

static struct ioapic ioapics[MAX_IOAPICS];
static unsigned int num_ioapics;

/* The MADT's words on ISA interrupts, by global system interrupt. */
static struct {
	uint32_t gsi;
	uint16_t flags;
} overrides[ISA_IRQS];
static unsigned int num_overrides;

static uint32_t reg_read(const struct ioapic *io, unsigned int reg)
{
	pv_mmio_write32(io->regs + IOREGSEL, reg);
	return pv_mmio_read32(io->regs + IOWIN);
}

static void reg_write(const struct ioapic *io, unsigned int reg, uint32_t v)
{
	pv_mmio_write32(io->regs + IOREGSEL, reg);
	pv_mmio_write32(io->regs + IOWIN, v);
}

static void add_ioapic(uint64_t base, uint32_t gsi)
{
	struct ioapic *io = &ioapics[num_ioapics];
	unsigned int pin;
	uint32_t version;

	if (num_ioapics == MAX_IOAPICS)
		return;
	io->regs = pv_os_map(base, 0x20, PV_MAP_DEVICE);
	if (!io->regs)
		return;
	version = reg_read(io, REG_VERSION);
	io->gsi = gsi;
	io->pins = (version >> 16 & 0xff) + 1;
	/* Nothing there reads as all ones or zeroes; every one ever built says 0x10 to 0x2f. */
	if ((version & 0xff) < 0x10 || (version & 0xff) > 0x2f || io->pins > 240)
		return;
	for (pin = 0; pin < io->pins; pin++)
		reg_write(io, REG_ENTRY + 2 * pin, ENTRY_MASKED);
	num_ioapics++;
}

static void read_madt(const uint8_t *madt, size_t len)
{
	const uint8_t *p = madt + MADT_ENTRIES;
	const uint8_t *end = madt + len;

	for (; end - p >= 2 && p[1] >= 2 && p[1] <= end - p; p += p[1]) {
		if (p[0] == MADT_IOAPIC && p[1] >= 12) {
			add_ioapic(pv_le32(p + 4), pv_le32(p + 8));
		} else if (p[0] == MADT_OVERRIDE && p[1] >= 10 && num_overrides < ISA_IRQS) {
			overrides[num_overrides].gsi = pv_le32(p + 4);
			overrides[num_overrides].flags = pv_le16(p + 8);
			num_overrides++;
		}
	}
}

static void find_ioapics(void)
{
	static bool done;
	const void *madt;
	size_t len;

	if (done)
		return;
	done = true;
	madt = pv_acpi_get(pv_bare_boot()->rsdp, "APIC", 0, &len);
	if (madt) {
		read_madt(madt, len);
		pv_acpi_put(madt, len);
	} else {
		add_ioapic(DEFAULT_BASE, 0);
	}
	if (!num_ioapics)
		pv_warn("no I/O APIC: devices without messages are polled");
}

static void apply_override(unsigned int gsi, bool *level, bool *active_low)
{
	unsigned int i;

	for (i = 0; i < num_overrides; i++) {
		if (overrides[i].gsi != gsi)
			continue;
		if (overrides[i].flags & OVERRIDE_POLARITY)
			*active_low =
				(overrides[i].flags & OVERRIDE_POLARITY) == OVERRIDE_ACTIVE_LOW;
		if (overrides[i].flags & OVERRIDE_TRIGGER)
			*level = (overrides[i].flags & OVERRIDE_TRIGGER) == OVERRIDE_LEVEL;
	}
}

int pv_bare_ioapic_route(unsigned int gsi, bool level, bool active_low, unsigned int vector)
{
	const struct ioapic *io;
	unsigned int reg;

	find_ioapics();
	for (io = ioapics; io < ioapics + num_ioapics; io++)
		if (gsi - io->gsi < io->pins)
			break;
	if (io == ioapics + num_ioapics)
		return PV_ENOTSUP;

	reg = REG_ENTRY + 2 * (gsi - io->gsi);
	if (!vector) {
		reg_write(io, reg, ENTRY_MASKED);
		return 0;
	}
	apply_override(gsi, &level, &active_low);
	reg_write(io, reg + 1, pv_bare_boot_cpu.apic_id << 24);
	reg_write(io, reg,
		  vector | (level ? ENTRY_LEVEL : 0) | (active_low ? ENTRY_ACTIVE_LOW : 0));
	return 0;
}
