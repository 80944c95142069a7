/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The end of the virtual machine, by whichever means it has. Each is tried in turn, those first
 * that say most and that do no harm where they are missing; a write that works does not return.
 * Every attempt is logged at debug level.
 */
#include "ports/bare/bare.h"
#include "pv-core/acpi.h"
#include "pv-core/le.h"

/* QEMU's isa-debug-exit, at the place that bare.h names: its status is 2 * value + 1. */
#define DEBUG_EXIT	  0x501
#define DEBUG_EXIT_STATUS 0x20

/*
 * Where QEMU's power management is when no table tells: q35 and microvm's predecessors, i440fx of
 * old.
 */
#define QEMU_PM1A_Q35 0x604
#define QEMU_PM1A_OLD 0xb004
#define QEMU_S5	      0x2000

#define RESET_CONTROL 0xcf9 /* Intel PCH, "RST_CNT": 2 selects a hard reset, 6 does it */
#define KBC_COMMAND   0x64
#define KBC_RESET     0xfe
#define KBC_INPUT     0x02 /* input buffer full */

/* ACPI 6.4, 5.2.9: the FADT. */
#define FADT_SMI_CMD	 48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CNT	 64
#define FADT_FLAGS	 112
#define FADT_RESET_REG	 116
#define FADT_RESET_VALUE 128
#define FADT_SLEEP_CTRL	 244
#define FADT_RESET_SUP	 (1u << 10)
#define FADT_HW_REDUCED	 (1u << 20)

/* 4.8.3.2.1 PM1_CNT and 4.8.3.7 SLEEP_CONTROL_REG. */
#define PM1_SCI_EN	 0x0001
#define PM1_SLP_TYP(n)	 ((n) << 10)
#define PM1_SLP_EN	 0x2000
#define SLEEP_SLP_TYP(n) ((n) << 2)
#define SLEEP_SLP_EN	 0x20

/* 5.2.3.2: a generic address: space, width, offset, access size, address. */
#define GAS_LEN	   12
#define GAS_MEMORY 0
#define GAS_PORT   1

#define SETTLE_SPINS 100000

static void settle(void)
{
	unsigned int i;

	for (i = 0; i < SETTLE_SPINS; i++)
		pv_pause();
}

static void write_gas(const uint8_t *gas, uint8_t v)
{
	uint64_t addr = pv_le64(gas + 4);
	void *p;

	if (gas[0] == GAS_PORT && addr <= UINT16_MAX) {
		pv_out8((uint16_t)addr, v);
	} else if (gas[0] == GAS_MEMORY && addr) {
		p = pv_os_map(addr, 1, PV_MAP_DEVICE);
		if (p)
			pv_mmio_write8(p, v);
	}
}

/*
 * The sleep type of \_S5: the first number of the package `Name (_S5_, Package () {typ, ...})` in
 * the DSDT (ACPI 6.4, 7.4.2, 20.2). Negative if there is none.
 */
static int s5_type(void)
{
	size_t len;
	const uint8_t *dsdt = pv_acpi_get(pv_bare_boot()->rsdp, "DSDT", 0, &len);
	int type = PV_ENOENT;
	size_t i;

	if (!dsdt)
		return PV_ENOENT;
	/* 08 "_S5_" 12 <length, 1 to 4 bytes> <count> <number: 00, 01, or 0A and a byte> */
	for (i = 1; i + 6 <= len && type < 0; i++) {
		const uint8_t *p = dsdt + i;
		size_t at = i + 7;

		if (pv_memcmp(p, "_S5_\x12", 5) || (p[-1] != 0x08 && p[-1] != '\\'))
			continue;
		at += p[5] >> 6;
		if (at + 1 < len && dsdt[at] == 0x0a)
			type = dsdt[at + 1] & 7;
		else if (at < len && dsdt[at] <= 1)
			type = dsdt[at];
	}
	pv_acpi_put(dsdt, len);
	return type;
}

static void acpi_off(void)
{
	size_t len;
	const uint8_t *fadt = pv_acpi_get(pv_bare_boot()->rsdp, "FACP", 0, &len);
	int type = fadt ? s5_type() : PV_ENOENT;
	uint16_t pm1a;

	if (type < 0 || len < FADT_FLAGS + 4)
		return;
	if (pv_le32(fadt + FADT_FLAGS) & FADT_HW_REDUCED) {
		if (len < FADT_SLEEP_CTRL + GAS_LEN)
			return;
		pv_dbg("power: ACPI S5, sleep control register");
		write_gas(fadt + FADT_SLEEP_CTRL, (uint8_t)(SLEEP_SLP_TYP(type) | SLEEP_SLP_EN));
		settle();
		return;
	}
	pm1a = (uint16_t)pv_le32(fadt + FADT_PM1A_CNT);
	if (!pm1a)
		return;
	if (!(pv_in16(pm1a) & PM1_SCI_EN) && pv_le32(fadt + FADT_SMI_CMD)) {
		pv_dbg("power: ACPI enable");
		pv_out8((uint16_t)pv_le32(fadt + FADT_SMI_CMD), fadt[FADT_ACPI_ENABLE]);
		settle();
	}
	pv_dbg("power: ACPI S5, PM1a");
	pv_out16(pm1a, (uint16_t)(PM1_SLP_TYP(type) | PM1_SLP_EN));
	settle();
}

static void acpi_reset(void)
{
	size_t len;
	const uint8_t *fadt = pv_acpi_get(pv_bare_boot()->rsdp, "FACP", 0, &len);

	if (!fadt || len <= FADT_RESET_VALUE || !(pv_le32(fadt + FADT_FLAGS) & FADT_RESET_SUP))
		return;
	pv_dbg("power: ACPI reset register");
	write_gas(fadt + FADT_RESET_REG, fadt[FADT_RESET_VALUE]);
	settle();
}

/* Reset, by what every PC has or had; the last resort is a fault that cannot be delivered. */
static void PV_NORETURN hard_reset(void)
{
	unsigned int i;

	pv_dbg("power: reset by port 0xcf9");
	pv_out8(RESET_CONTROL, 0x02);
	pv_out8(RESET_CONTROL, 0x06);
	settle();
	pv_dbg("power: reset by the keyboard controller");
	for (i = 0; i < 1000 && pv_in8(KBC_COMMAND) & KBC_INPUT; i++)
		pv_pause();
	pv_out8(KBC_COMMAND, KBC_RESET);
	settle();
	pv_dbg("power: reset by triple fault");
	for (;;)
		__asm__ __volatile__("lidt %0; int3" : : "m"((char[10]) {0}));
}

void pv_bare_exit(int status)
{
	static bool again;

	pv_bare_irq_save();
	pv_bare_time_end();
	if (pv_bare_hv())
		pv_bare_hv()->exit(status);
	pv_dbg("power: debug exit, status %d", status);
	pv_out16(DEBUG_EXIT, (uint16_t)(DEBUG_EXIT_STATUS | (status & 31)));

	/* A fault on the way out comes here once more: then without reading any table. */
	if (!again) {
		again = true;
		acpi_off();
	}
	pv_dbg("power: QEMU's fixed ports");
	pv_out16(QEMU_PM1A_Q35, QEMU_S5);
	pv_out16(QEMU_PM1A_OLD, QEMU_S5);
	settle();
	hard_reset();
}

void pv_bare_reboot(void)
{
	pv_bare_irq_save();
	pv_bare_time_end();
	if (pv_bare_hv())
		pv_bare_hv()->reboot();
	acpi_reset();
	hard_reset();
}
