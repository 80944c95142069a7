/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * QEMU's registers for CPUs that are plugged: found by the DSDT, in either place; events, and the
 * end of a CPU.
 *
 * Covers: pv-core/cpu_plug.c
 */
#include <kunit/test.h>
#include <pv/config.h>
#include <pv/cpu.h>
#include <pv/fake.h>
#include <pv/pv.h>

#include "fake_acpi.h"
#include "pv-core/cpu.h"

#define CPUS 4

static const struct pv_fake_leaf with_apic[] = {
	{.leaf = 1, .value = {.edx = 1u << 9}, .last = true},
};

static struct fake_acpi acpi;
static struct pv_boot_info boot;
static struct fake_aml aml;

/* QEMU's side. */
static struct {
	bool modern; /* 0 was selected */
	uint32_t selected;
	uint8_t command;
	uint8_t status[CPUS]; /* bits of the status register: enabled, insert, remove */
	unsigned int ejected[CPUS];
	bool endless; /* an event that cannot be cleared */
	unsigned int looked;
} qemu;

static void next_event(void)
{
	unsigned int i;

	qemu.looked++;
	for (i = 0; i < CPUS; i++)
		if (qemu.status[(qemu.selected + i) % CPUS] & 6) {
			qemu.selected = (qemu.selected + i) % CPUS;
			return;
		}
}

static uint32_t read_register(void *arg, uint64_t offset, unsigned int size)
{
	(void)arg;
	if (!qemu.modern)
		return size == 1 ? 0xff : ~0u;
	if (offset == 4 && size == 1)
		return qemu.status[qemu.selected];
	if (offset == 8 && size == 4)
		return qemu.selected;
	return 0;
}

static void write_register(void *arg, uint64_t offset, unsigned int size, uint32_t value)
{
	(void)arg;
	if (!qemu.modern) {
		qemu.modern = offset == 0 && value == 0;
		return;
	}
	if (offset == 0 && size == 4 && value < CPUS)
		qemu.selected = value;
	else if (offset == 5 && value == 0)
		next_event();
	if (offset != 4)
		return;
	if (!qemu.endless)
		qemu.status[qemu.selected] &= (uint8_t) ~(value & 6);
	if (value & 8) {
		qemu.ejected[qemu.selected]++;
		qemu.status[qemu.selected] = 0;
	}
}

static struct pv_fake_region registers = {
	.len = 12, .read = read_register, .write = write_register};

/* What the kernel is told. */
static struct {
	unsigned int calls;
	int wanted[CPUS];
} told;

static void change(void *arg, unsigned int cpu, bool present)
{
	(void)arg;
	told.calls++;
	told.wanted[cpu] = present;
}

/* CPU 0 runs, CPU 1 could; 2 and 3 can be plugged in. */
static void machine(uint16_t port, bool described)
{
	static struct fake_madt madt;
	uint64_t tables[2], dsdt;
	unsigned int i;

	madt.len = 0;
	for (i = 0; i < CPUS; i++) {
		fake_madt_lapic(&madt, (uint8_t)i, (uint8_t)(2 * i), i < 2);
		qemu.status[i] = i < 2;
	}
	aml.len = 0;
	fake_aml_text(&aml, described ? "CPU Hotplug resources" : "nothing of the kind");
	dsdt = fake_acpi_table(&acpi, "DSDT", aml.b, aml.len);
	tables[0] = fake_acpi_fadt(&acpi, (uint32_t)dsdt, dsdt);
	tables[1] = fake_madt_table(&acpi, &madt);
	boot.rsdp = fake_acpi_root(&acpi, true, tables, 2);
	registers.base = port;
	if (port)
		pv_fake_ports_add(&registers);
	pv_cpu_find(&boot);
}

static int begin(struct kunit *test)
{
	(void)test;
	memset(&qemu, 0, sizeof(qemu));
	memset(&told, 0, sizeof(told));
	memset(&boot, 0, sizeof(boot));
	fake_acpi_init(&acpi);
	pv_fake_cpuid(with_apic);
	pv_fake_msr_add(0x1b, 0xfee00000ull | 1 << 11 | 1 << 10);
	pv_fake_msr_add(0x802, 0);
	return pv_init(&(struct pv_init_args) {.boot = &boot});
}

static void end(struct kunit *test)
{
	(void)test;
	pv_shutdown();
	pv_cpu_register(NULL);
}

static void cpu_plug_found(struct kunit *test)
{
	machine(0x0cd8, true);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(change, NULL), 0);
	KUNIT_EXPECT_TRUE(test, qemu.modern);
	KUNIT_EXPECT_EQ(test, told.calls, 0);
	pv_work();
	KUNIT_EXPECT_EQ(test, told.calls, 0);
	/* Nobody looks any more. */
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(NULL, NULL), 0);
	qemu.looked = 0;
	pv_work();
	KUNIT_EXPECT_EQ(test, qemu.looked, 0);
}

static void cpu_plug_other_chipset(struct kunit *test)
{
	machine(0xaf00, true);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(change, NULL), 0);
}

/*
 * Where nothing says that there are such registers, no port is touched; where nothing answers,
 * there are none.
 */
static void cpu_plug_absent(struct kunit *test)
{
	machine(0x0cd8, false);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(change, NULL), PV_ENOTSUP);
	KUNIT_EXPECT_FALSE(test, qemu.modern);
}

/* A table that says of itself that it is longer than what can be reached. */
static void cpu_plug_beyond(struct kunit *test)
{
	static const uint32_t len = 0x100000;
	uint32_t at;

	machine(0x0cd8, true);
	for (at = 0; memcmp(acpi.mem + at, "DSDT", 4); at++)
		;
	memcpy(acpi.mem + at + 4, &len, sizeof(len));
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(change, NULL), PV_ENOTSUP);
	KUNIT_EXPECT_FALSE(test, qemu.modern);
}

static void cpu_plug_no_answer(struct kunit *test)
{
	machine(0, true);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(change, NULL), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
}

static void cpu_plug_comes(struct kunit *test)
{
	struct pv_cpu_info info;

	machine(0x0cd8, true);
	KUNIT_ASSERT_EQ(test, pv_cpu_on_change(change, NULL), 0);
	KUNIT_EXPECT_TRUE(test, pv_cpu_get(3, &info) == 0 && !info.present);
	qemu.status[2] = qemu.status[3] = 3;
	KUNIT_EXPECT_EQ(test, pv_work(), 2);
	KUNIT_EXPECT_TRUE(test, told.calls == 2 && told.wanted[2] && told.wanted[3]);
	KUNIT_EXPECT_TRUE(test, pv_cpu_get(3, &info) == 0 && info.present);
	KUNIT_EXPECT_TRUE(test, qemu.status[2] == 1 && qemu.status[3] == 1);
	KUNIT_EXPECT_EQ(test, pv_work(), 0);
}

/* One that came between the table and the watch. */
static void cpu_plug_was_there(struct kunit *test)
{
	machine(0x0cd8, true);
	qemu.status[2] = 1;
	KUNIT_ASSERT_EQ(test, pv_cpu_on_change(change, NULL), 0);
	KUNIT_EXPECT_TRUE(test, told.calls == 1 && told.wanted[2]);
}

static void nothing(void *arg)
{
	(void)arg;
}

static int starts(const struct pv_cpu_info *info, bool again, void (*entry)(void *arg), void *arg,
		  void *stack_end)
{
	(void)info;
	(void)again;
	(void)entry;
	(void)arg;
	(void)stack_end;
	return 0;
}

static void *halted[5];

static void leave(void)
{
	__builtin_longjmp(halted, 1);
}

/* The kernel takes it off: not before that is it given back. */
static void cpu_plug_goes(struct kunit *test)
{
	static const struct pv_cpu_host ops = {.start = starts};
	static uint64_t stack[2] PV_ALIGNED(16);
	struct pv_cpu_info info;

	pv_cpu_register(&ops);
	machine(0x0cd8, true);
	KUNIT_ASSERT_EQ(test, pv_cpu_on_change(change, NULL), 0);
	KUNIT_ASSERT_EQ(test, pv_cpu_start(1, nothing, NULL, stack + 2), 0);
	told.wanted[1] = 1;
	qemu.status[1] |= 4;
	pv_work();
	KUNIT_EXPECT_TRUE(test, told.calls == 1 && !told.wanted[1]);
	KUNIT_EXPECT_TRUE(test, pv_cpu_get(1, &info) == 0 && !info.present && info.started);
	pv_work();
	KUNIT_EXPECT_EQ(test, qemu.ejected[1], 0);
	pv_fake.halt_forever = leave;
	pv_fake.cpu = 1;
	if (!__builtin_setjmp(halted))
		pv_cpu_off();
	pv_fake.cpu = 0;
	pv_work();
	KUNIT_EXPECT_EQ(test, qemu.ejected[1], 1);
}

/* One that was never started goes at once, with the next look. */
static void cpu_plug_goes_idle(struct kunit *test)
{
	machine(0x0cd8, true);
	KUNIT_ASSERT_EQ(test, pv_cpu_on_change(change, NULL), 0);
	qemu.status[1] |= 4;
	pv_work();
	pv_work();
	KUNIT_EXPECT_EQ(test, qemu.ejected[1], 1);
	pv_work();
	KUNIT_EXPECT_EQ(test, qemu.ejected[1], 1);
	qemu.status[1] = 3;
	pv_work();
	KUNIT_EXPECT_TRUE(test, told.calls == 2 && told.wanted[1]);
	KUNIT_EXPECT_EQ(test, qemu.ejected[1], 1);
}

/* A host that is broken tells of an event for ever: each look ends. */
static void cpu_plug_endless(struct kunit *test)
{
	machine(0x0cd8, true);
	KUNIT_ASSERT_EQ(test, pv_cpu_on_change(change, NULL), 0);
	qemu.endless = true;
	qemu.status[2] = 3;
	qemu.looked = 0;
	pv_work();
	KUNIT_EXPECT_EQ(test, qemu.looked, PV_CONFIG_MAX_CPUS);
	KUNIT_EXPECT_EQ(test, told.calls, 1);
}

static struct kunit_case cpu_plug_cases[] = {
	KUNIT_CASE(cpu_plug_found),
	KUNIT_CASE(cpu_plug_other_chipset),
	KUNIT_CASE(cpu_plug_absent),
	KUNIT_CASE(cpu_plug_beyond),
	KUNIT_CASE(cpu_plug_no_answer),
	KUNIT_CASE(cpu_plug_comes),
	KUNIT_CASE(cpu_plug_was_there),
	KUNIT_CASE(cpu_plug_goes),
	KUNIT_CASE(cpu_plug_goes_idle),
	KUNIT_CASE(cpu_plug_endless),
	{},
};

static struct kunit_suite cpu_plug_suite = {
	.name = "cpu_plug",
	.init = begin,
	.exit = end,
	.test_cases = cpu_plug_cases,
};
kunit_test_suite(cpu_plug_suite);
