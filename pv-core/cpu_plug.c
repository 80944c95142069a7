/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs that QEMU's user plugs and unplugs (device_add, device_del): by the registers that QEMU's
 * own AML uses (QEMU docs/specs/acpi_cpu_hotplug), so that no AML need run. For kernels that have
 * no interpreter: with one the registers are its.
 *
 * The DSDT names the device of these registers; they are at one of two I/O ports, by the chipset.
 * QEMU begins in an older mode of theirs, and leaves it when 0 is selected.
 *
 *	plug	QEMU makes the CPU, and sets "insert" for it. We see it, clear it, and the kernel
 *		may start the CPU.
 *	unplug	QEMU sets "remove". We clear it, and tell the kernel, which takes the CPU off when
 *		it likes. When it has, the CPU is ejected: QEMU takes it away, threads and all.
 *
 * QEMU's number of a CPU is the UID in its MADT. Looking costs three accesses, in each pv_work() of
 * a kernel that asked.
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>

#include "arch/x86/x86.h"
#include "pv-core/acpi.h"
#include "pv-core/cpu.h"
#include "pv-core/part.h"

/* In the definition block: the _UID of the device that has the registers. */
#define DEVICE "CPU Hotplug resources"

/* Registers. Reading and writing are of different things. */
#define SELECT	0 /* W32 */
#define HIGH	0 /* R32: data, upper half; 0 in this mode for the command below */
#define STATUS	4 /* R8 */
#define CONTROL 4 /* W8 */
#define COMMAND 5 /* W8 */
#define DATA	8 /* R32 */

#define STATUS_ENABLED (1u << 0)
#define EVENT_INSERT   (1u << 1) /* in STATUS; written to CONTROL it is cleared */
#define EVENT_REMOVE   (1u << 2)
#define CONTROL_EJECT  (1u << 3)

#define COMMAND_NEXT_EVENT 0 /* selects a CPU that has an event, and gives its number */

static const uint16_t ports[] = {0x0cd8, 0xaf00}; /* of ICH9, of PIIX4 */

static uint16_t base;			 /* 0: not watched */
static bool leaving[PV_CONFIG_MAX_CPUS]; /* to be ejected when it is off */

static void select_cpu(uint32_t uid)
{
	pv_out32(base + SELECT, uid);
}

/* 0 in the upper half says that the registers are there, and in their present mode. */
static bool answers(void)
{
	select_cpu(0); /* leaves the older mode */
	select_cpu(0); /* selects */
	pv_out8(base + COMMAND, COMMAND_NEXT_EVENT);
	return pv_in32(base + HIGH) == 0;
}

static bool described(uint64_t rsdp)
{
	const void *dsdt;
	size_t len;
	bool found;

	dsdt = pv_acpi_peek(rsdp, "DSDT", 0, &len);
	if (!dsdt)
		return false;
	found = pv_acpi_mentions(dsdt, len, DEVICE);
	pv_acpi_put(dsdt, len);
	return found;
}

static bool find(uint64_t rsdp)
{
	unsigned int i;

	if (!described(rsdp))
		return false;
	for (i = 0; i < PV_ARRAY_SIZE(ports); i++) {
		base = ports[i];
		if (answers())
			return true;
	}
	base = 0;
	return false;
}

/* --- looking ---------------------------------------------------------------------------------- */

/* Those that went off since they were to. */
static int eject(void)
{
	struct pv_cpu_info info;
	unsigned int cpu;
	int done = 0;

	for (cpu = 1; cpu < PV_CONFIG_MAX_CPUS; cpu++) {
		if (!leaving[cpu] || pv_cpu_get(cpu, &info) || info.started)
			continue;
		leaving[cpu] = false;
		select_cpu(info.uid);
		pv_out8(base + CONTROL, CONTROL_EJECT);
		pv_info("CPU %u is given back", cpu);
		done++;
	}
	return done;
}

static void mark(uint32_t uid, bool leaves)
{
	struct pv_cpu_info info;
	unsigned int cpu;

	for (cpu = 1; cpu < PV_CONFIG_MAX_CPUS && !pv_cpu_get(cpu, &info); cpu++)
		if (info.uid == uid)
			leaving[cpu] = leaves;
}

/* Both may be set, of a CPU that came and is to go: what comes last is that it goes. */
static void take(uint32_t uid, uint8_t events)
{
	pv_out8(base + CONTROL, events);
	mark(uid, events & EVENT_REMOVE);
	if (events & EVENT_INSERT)
		pv_cpu_changed(uid, true);
	if (events & EVENT_REMOVE)
		pv_cpu_changed(uid, false);
}

/* Bounded, as events without end could otherwise keep us here. */
static int work(void)
{
	unsigned int i;
	uint8_t events;
	int done;

	if (!base)
		return 0;
	done = eject();
	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++) {
		pv_out8(base + COMMAND, COMMAND_NEXT_EVENT);
		events = pv_in8(base + STATUS) & (EVENT_INSERT | EVENT_REMOVE);
		if (!events)
			break;
		take(pv_in32(base + DATA), events);
		done++;
	}
	return done;
}

static struct pv_part part = {.work = work, .end = pv_cpu_plug_unwatch};

int pv_cpu_plug_watch(uint64_t rsdp)
{
	struct pv_cpu_info info;
	unsigned int cpu;

	if (!find(rsdp))
		return PV_ENOTSUP;
	pv_dbg("CPUs: QEMU's registers at port 0x%x", base);
	pv_part_attach(&part);
	/* What came between the MADT and now. */
	for (cpu = 1; !pv_cpu_get(cpu, &info); cpu++) {
		select_cpu(info.uid);
		if (!info.present && pv_in8(base + STATUS) & STATUS_ENABLED)
			pv_cpu_changed(info.uid, true);
	}
	return 0;
}

void pv_cpu_plug_unwatch(void)
{
	unsigned int cpu;

	base = 0;
	for (cpu = 0; cpu < PV_CONFIG_MAX_CPUS; cpu++)
		leaving[cpu] = false;
}
