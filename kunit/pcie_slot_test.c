/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Slots of PCI Express ports: cards that are asked for, come, go, and are pulled; their addresses;
 * ports that lack a part of it, or do not answer.
 *
 * Covers: pv-core/pcie_slot.c pv-core/pci_assign.c
 */
#include <pv/string.h>

#include "fake_pci.h"
#include "pv-core/pcie_slot.h"

#define CAP	0x40
#define CONTROL (CAP + 0x18)
#define STATUS	(CAP + 0x1a)
#define TABLE	0xfebc0000ull

#define PRESSED	  0x01
#define CHANGED	  0x08
#define COMPLETED 0x10
#define PRESENT	  0x40
#define POWER_OFF 0x400

struct machine {
	struct fake_pci_machine *m;
	struct fake_pci_fn *port, *card;
	bool mute;     /* commands do not complete */
	bool linkless; /* the link does not come up */
	bool restless; /* there is always another event */
	unsigned int commands;
	uint32_t table[16];
	struct pv_fake_region region;
};

static struct {
	unsigned int arrived, left, gone;
	struct pv_pci_addr last;
	uint8_t first_bus, last_bus;
	bool powered; /* when it was asked to let go */
} told;
static struct machine *machine;

static void arrived(struct pv_pci_addr a)
{
	told.arrived++;
	told.last = a;
}

static void leaves(uint16_t segment, uint8_t first, uint8_t last, bool gone)
{
	(void)segment;
	told.left++;
	told.gone += gone;
	told.first_bus = first;
	told.last_bus = last;
	told.powered = !(fake_pci_get16(machine->port, CONTROL) & POWER_OFF);
}

static const struct pv_pcie_slot_user user = {arrived, leaves};

/* A card that is there, and has power, answers. */
static void settle(struct machine *k)
{
	bool on = fake_pci_get16(k->port, STATUS) & PRESENT &&
		  !(fake_pci_get16(k->port, CONTROL) & POWER_OFF);

	k->card->addr.bus = on ? 5 : 0xfe;
	fake_pci_set16(k->port, CAP + 0x12, on && !k->linkless ? 0x2000 : 0);
}

static bool port_write(struct fake_pci_fn *fn, unsigned int offset, unsigned int size, uint32_t v)
{
	struct machine *k = fn->arg;
	uint16_t status = fake_pci_get16(fn, STATUS);

	if (offset == STATUS && size == 2) {
		status &= (uint16_t) ~(v & 0x1f);
		fake_pci_set16(fn, STATUS, status | (k->restless ? PRESSED : 0));
		return true;
	}
	if (offset != CONTROL || size != 2)
		return false;
	fake_pci_set16(fn, CONTROL, (uint16_t)v);
	k->commands++;
	if (!k->mute)
		fake_pci_set16(fn, STATUS, status | COMPLETED);
	settle(k);
	return true;
}

/* A port with an empty slot and windows of a MiB and of 16 MiB; and a card with two regions. */
static struct machine *make(struct kunit *test, uint32_t slot_cap)
{
	struct machine *k = kunit_kzalloc(test, sizeof(*k), GFP_KERNEL);
	struct fake_pci_fn *p, *c;

	KUNIT_ASSERT_NOT_NULL(test, k);
	machine = k;
	pv_memset(&told, 0, sizeof(told));
	k->m = fake_pci_machine(test, true, 0);
	k->port = p = &k->m->fn[1];
	k->card = c = &k->m->fn[2];
	fake_pci_add(&k->m->pci, p, 0, 0x1c, 0, 0x1b36, 0x000c, 1);
	fake_pci_add(&k->m->pci, c, 0xfe, 0, 0, 0x1af4, 0x1042, 0);
	p->config[0x19] = 5;
	p->config[0x1a] = 6;
	fake_pci_set16(p, 0x20, 0xfe80);
	fake_pci_set16(p, 0x22, 0xfe80);
	fake_pci_set16(p, 0x24, 0x0001);
	fake_pci_set16(p, 0x26, 0x00f1);
	fake_pci_set32(p, 0x28, 0x80);
	fake_pci_set32(p, 0x2c, 0x80);
	fake_pci_cap(p, CAP, 0x10, "\x42\x01", 4);
	fake_pci_set32(p, CAP + 0x0c, 1u << 20);
	fake_pci_set32(p, CAP + 0x14, slot_cap);
	fake_pci_set16(p, CONTROL, POWER_OFF | 0x300);
	p->write = port_write;
	p->arg = k;
	fake_pci_bar(c, 1, 0, 0x1000);
	fake_pci_bar(c, 4, 0xc, 0x4000);
	KUNIT_ASSERT_EQ(test, pv_pci_init(k->m->rsdp), 0);
	return k;
}

#define FULL 0x53 /* button, power, its light, hot-plug */

static void raise(struct machine *k, uint16_t set, uint16_t clear)
{
	fake_pci_set16(k->port, STATUS,
		       (uint16_t)((fake_pci_get16(k->port, STATUS) & ~clear) | set));
	settle(k);
}

static void done(void)
{
	pv_pcie_slots_exit();
	pv_pci_exit();
}

static void in_and_out(struct kunit *test)
{
	struct machine *k = make(test, FULL);
	unsigned int i;

	pv_pcie_slots_init(&user);
	KUNIT_EXPECT_EQ(test, told.arrived, 0u);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(k->port, CONTROL), POWER_OFF | 0x300 | 0x09);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 0);
	for (i = 1; i < 4; i++) {
		raise(k, PRESENT | CHANGED | PRESSED, 0);
		KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
		KUNIT_EXPECT_EQ(test, told.arrived, i);
		KUNIT_EXPECT_EQ(test, told.last.bus, 5);
		KUNIT_EXPECT_EQ(test, fake_pci_get16(k->port, CONTROL), 0x109);
		KUNIT_EXPECT_EQ(test, fake_pci_get16(k->port, STATUS), PRESENT);
		raise(k, PRESSED, 0);
		KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
		KUNIT_EXPECT_EQ(test, told.left, i);
		KUNIT_EXPECT_EQ(test, told.first_bus, 5);
		KUNIT_EXPECT_EQ(test, told.last_bus, 6);
		KUNIT_EXPECT_TRUE(test, told.powered);
		KUNIT_EXPECT_EQ(test, fake_pci_get16(k->port, CONTROL), POWER_OFF | 0x309);
		raise(k, CHANGED, PRESENT);
		KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	}
	KUNIT_EXPECT_EQ(test, told.left, 3u);
	KUNIT_EXPECT_EQ(test, told.gone, 0u);
	done();
	KUNIT_EXPECT_EQ(test, fake_pci_get16(k->port, CONTROL), POWER_OFF | 0x300);
}

/* The same address each time, within the windows; what has one keeps it. Fault row 43. */
static void addresses(struct kunit *test)
{
	struct machine *k = make(test, FULL);
	struct pv_pci_used used = {0};
	struct pv_pci_addr port = k->port->addr, card = {0, 5, 0};

	raise(k, PRESENT, 0);
	fake_pci_set16(k->port, CONTROL, 0);
	settle(k);
	KUNIT_ASSERT_EQ(test, pv_pci_assign(port, card, &used), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(k->card, 0x14), 0xfe800000u);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(k->card, 0x20), 0x0000000cu);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(k->card, 0x24), 0x80u);
	KUNIT_EXPECT_EQ(test, used.memory, 0x1000ull);
	KUNIT_EXPECT_EQ(test, used.prefetchable, 0x4000ull);
	KUNIT_ASSERT_EQ(test, pv_pci_assign(port, card, &used), 0);
	KUNIT_EXPECT_EQ(test, used.memory, 0x1000ull);
	/* The next one is aligned to its size. */
	fake_pci_bar(k->card, 1, 0, 0x4000);
	KUNIT_ASSERT_EQ(test, pv_pci_assign(port, card, &used), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(k->card, 0x14), 0xfe804000u);
	/* Without a prefetchable window the other one has to do. */
	fake_pci_set16(k->port, 0x24, 0xfff1);
	fake_pci_bar(k->card, 4, 0xc, 0x8000);
	fake_pci_set32(k->card, 0x24, 0);
	KUNIT_ASSERT_EQ(test, pv_pci_assign(port, card, &used), 0);
	KUNIT_EXPECT_EQ(test, fake_pci_get32(k->card, 0x20), 0xfe80800cu);
	/* More than there is. */
	fake_pci_bar(k->card, 1, 0, 0x200000);
	KUNIT_EXPECT_EQ(test, pv_pci_assign(port, card, &used), PV_ENOSPC);
	fake_pci_bar(k->card, 1, 0, 0x100000);
	KUNIT_EXPECT_EQ(test, pv_pci_assign(port, card, &used), PV_ENOSPC);
	/* 32 bits do not reach the window above 4 GiB. */
	fake_pci_set16(k->port, 0x24, 0x0001);
	fake_pci_bar(k->card, 1, 0x8, 0x1000);
	KUNIT_EXPECT_EQ(test, pv_pci_assign(port, card, &used), PV_ENOSPC);
	pv_pci_exit();
}

/* Pulled, and another one put in its place. Fault row 43. */
static void pulled(struct kunit *test)
{
	struct machine *k = make(test, FULL);

	fake_pci_set16(k->port, CONTROL, 0x100);
	raise(k, PRESENT | CHANGED, 0);
	pv_pcie_slots_init(&user);
	/* It was there for the scan, with power. */
	KUNIT_EXPECT_EQ(test, told.arrived, 0u);
	raise(k, CHANGED, 0);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	KUNIT_EXPECT_EQ(test, told.gone, 1u);
	KUNIT_EXPECT_EQ(test, told.arrived, 1u);
	raise(k, CHANGED, PRESENT);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	KUNIT_EXPECT_EQ(test, told.gone, 2u);
	KUNIT_EXPECT_EQ(test, told.arrived, 1u);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(k->port, CONTROL) & POWER_OFF, POWER_OFF);
	done();
}

/* A card that was there from the start, without power. */
static void without_power(struct kunit *test)
{
	struct machine *k = make(test, FULL);

	raise(k, PRESENT, 0);
	pv_pcie_slots_init(&user);
	KUNIT_EXPECT_EQ(test, told.arrived, 1u);
	done();
}

/* Commands that do not complete, links that do not come up, ports that go: all end. */
static void does_not_answer(struct kunit *test)
{
	struct machine *k = make(test, FULL);
	uint64_t before;

	pv_pcie_slots_init(&user);
	k->mute = true;
	before = pv_fake.now;
	raise(k, PRESENT | CHANGED, 0);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("for a command"));
	KUNIT_EXPECT_LT(test, pv_fake.now - before, 5000000000ull);
	KUNIT_EXPECT_EQ(test, told.arrived, 1u);
	raise(k, CHANGED, PRESENT);
	pv_pcie_slots_work();
	/* A card without a link. */
	k->mute = false;
	k->linkless = true;
	before = pv_fake.now;
	raise(k, PRESENT | CHANGED, 0);
	pv_pcie_slots_work();
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("for its link"));
	KUNIT_EXPECT_LT(test, pv_fake.now - before, 3000000000ull);
	KUNIT_EXPECT_EQ(test, told.arrived, 1u);
	raise(k, CHANGED, PRESENT);
	pv_pcie_slots_work();
	/* Events without end: there is a bound, and the kernel is told to come again. */
	pv_fake.work_scheduled = 0;
	k->restless = true;
	raise(k, PRESSED, 0);
	KUNIT_EXPECT_GE(test, pv_pcie_slots_work(), 16);
	KUNIT_EXPECT_GT(test, pv_fake.work_scheduled, 0u);
	/* A port that is not there. */
	fake_pci_set16(k->port, STATUS, 0xffff);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 0);
	k->restless = false;
	fake_pci_set16(k->port, STATUS, 0);
	done();
}

static const struct lacking {
	const char *name;
	uint32_t cap;
	uint8_t secondary;
	const char *express;
} lacks[] = {
	{"hot-plug", 0x13, 5, "\x42\x01"},
	{"slot", FULL, 5, "\x42\x00"},
	{"bus", FULL, 0, "\x42\x01"},
};

static void lack_name(const struct lacking *l, char *desc)
{
	strscpy(desc, l->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lack, lacks, lack_name);

/* Ports that are not ours to watch are not written to. */
static void not_ours(struct kunit *test)
{
	const struct lacking *l = test->param_value;
	struct machine *k = make(test, l->cap);

	pv_memcpy(k->port->config + CAP + 2, l->express, 2);
	k->port->config[0x19] = l->secondary;
	raise(k, PRESENT | CHANGED, 0);
	pv_pcie_slots_init(&user);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 0);
	KUNIT_EXPECT_EQ(test, k->commands, 0u);
	KUNIT_EXPECT_EQ(test, told.arrived, 0u);
	done();
}

/* --- by interrupts ---------------------------------------------------------------------------- */

static uint32_t table_read(void *arg, uint64_t offset, unsigned int size)
{
	struct machine *k = arg;

	return size == 4 && offset < sizeof(k->table) ? k->table[offset / 4] : 0xffffffff;
}

static void table_write(void *arg, uint64_t offset, unsigned int size, uint32_t v)
{
	struct machine *k = arg;

	if (size == 4 && offset < sizeof(k->table))
		k->table[offset / 4] = v;
}

static void by_interrupt(struct kunit *test)
{
	struct machine *k = make(test, FULL);

	k->region = (struct pv_fake_region) {
		.base = TABLE, .len = 0x1000, .read = table_read, .write = table_write, .arg = k};
	pv_fake_memory_add(&k->region);
	fake_pci_bar(k->port, 0, TABLE, 0x1000);
	fake_pci_cap(k->port, 0x98, 0x11, "\0\0\0\0\0\0\0\x08\0\0", 12);
	pv_pcie_slots_init(&user);
	KUNIT_EXPECT_EQ(test, fake_pci_get16(k->port, CONTROL), POWER_OFF | 0x300 | 0x29);
	/* Nobody looks before it comes. */
	raise(k, PRESENT | CHANGED, 0);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 0);
	KUNIT_EXPECT_EQ(test, pv_fake_raise_msi(k->table[0], k->table[2]), 1);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	KUNIT_EXPECT_EQ(test, told.arrived, 1u);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 0);
	pv_pcie_slots_exit();
	/* A message that the port's table does not have: it is looked at. */
	fake_pci_set16(k->port, CAP + 2, 0x0142 | 9 << 9);
	pv_pcie_slots_init(&user);
	raise(k, PRESSED, 0);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, 0u);
	done();
}

/* Of several functions each is told of; and there may be no memory for a slot. */
static void functions(struct kunit *test)
{
	struct machine *k = make(test, 0x42); /* hot-plug and power, no light, no button */
	struct fake_pci_fn *more = &k->m->fn[3];

	fake_pci_add(&k->m->pci, more, 5, 0, 7, 0x1af4, 0x1041, 0);
	k->card->config[0x0e] |= 0x80;
	pv_fake.alloc_fail_at = 1;
	pv_pcie_slots_init(&user);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("pci: no memory for a slot"));
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 0);
	KUNIT_EXPECT_EQ(test, k->commands, 0u);
	pv_pcie_slots_init(&user);
	raise(k, PRESENT | CHANGED, 0);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	KUNIT_EXPECT_EQ(test, told.arrived, 2u);
	KUNIT_EXPECT_EQ(test, told.last.devfn, 7);
	done();
}

/* No room in the port's windows: nobody is told of it. A port that is gone has no events. */
static void without_room(struct kunit *test)
{
	struct machine *k = make(test, FULL);

	fake_pci_bar(k->card, 1, 0, 0x10000000);
	pv_pcie_slots_init(&user);
	raise(k, PRESENT | CHANGED, 0);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	KUNIT_EXPECT_EQ(test, told.arrived, 0u);
	k->port->addr.bus = 0xfd;
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 0);
	k->port->addr.bus = 0;
	KUNIT_EXPECT_EQ(test, told.arrived + told.left, 0u);
	done();
}

/* Commands are at once, the link tells nothing, there is neither light nor power to switch. */
static void plain(struct kunit *test)
{
	struct machine *k = make(test, 0x40040);

	fake_pci_set32(k->port, CAP + 0x0c, 0);
	fake_pci_set16(k->port, CONTROL, 0);
	k->mute = true;
	pv_pcie_slots_init(&user);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("waited"));
	k->commands = 0;
	raise(k, PRESENT | CHANGED, 0);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	KUNIT_EXPECT_EQ(test, told.arrived, 1u);
	KUNIT_EXPECT_EQ(test, k->commands, 0u);
	/* It is there at the beginning; what comes then has no identity. */
	pv_pcie_slots_exit();
	pv_pcie_slots_init(&user);
	KUNIT_EXPECT_EQ(test, told.arrived, 1u);
	fake_pci_set16(k->card, 0, 0);
	raise(k, PRESENT | CHANGED, 0);
	KUNIT_EXPECT_EQ(test, pv_pcie_slots_work(), 1);
	KUNIT_EXPECT_TRUE(test, told.arrived == 1 && told.left == 1);
	done();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(functions),
	KUNIT_CASE(without_room),
	KUNIT_CASE(plain),
	KUNIT_CASE(in_and_out),
	KUNIT_CASE(addresses),
	KUNIT_CASE(pulled),
	KUNIT_CASE(without_power),
	KUNIT_CASE(does_not_answer),
	KUNIT_CASE_PARAM(not_ours, lack_gen_params),
	KUNIT_CASE(by_interrupt),
	{},
};

static struct kunit_suite suite = {
	.name = "pcie_slot",
	.test_cases = cases,
};

kunit_test_suite(suite);
