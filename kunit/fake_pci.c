/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_pci.h"

#include <pv/string.h>

#define COMMAND	 0x04
#define STATUS	 0x06
#define BAR	 0x10
#define BAR_END	 0x28
#define CAP_LIST 0x34

void fake_pci_set16(struct fake_pci_fn *fn, unsigned int offset, uint16_t v)
{
	pv_memcpy(fn->config + offset, &v, 2);
}

void fake_pci_set32(struct fake_pci_fn *fn, unsigned int offset, uint32_t v)
{
	pv_memcpy(fn->config + offset, &v, 4);
}

uint16_t fake_pci_get16(const struct fake_pci_fn *fn, unsigned int offset)
{
	uint16_t v;

	pv_memcpy(&v, fn->config + offset, 2);
	return v;
}

uint32_t fake_pci_get32(const struct fake_pci_fn *fn, unsigned int offset)
{
	uint32_t v;

	pv_memcpy(&v, fn->config + offset, 4);
	return v;
}

static struct fake_pci_fn *find(struct fake_pci *pci, uint16_t segment, unsigned int bdf)
{
	struct fake_pci_fn *fn;

	for (fn = pci->fn; fn; fn = fn->next)
		if (fn->addr.segment == segment && (fn->addr.bus << 8 | fn->addr.devfn) == (int)bdf)
			return fn;
	return NULL;
}

static uint32_t config_read(struct fake_pci_fn *fn, unsigned int offset, unsigned int size)
{
	uint32_t v = 0xffffffff;

	if (fn && offset + size <= 256)
		pv_memcpy(&v, fn->config + offset, size);
	return v;
}

/* A register takes the address bits that its size leaves; the flags are fixed. */
static void bar_write(struct fake_pci_fn *fn, unsigned int index, uint32_t v)
{
	uint32_t old = fake_pci_get32(fn, BAR + 4 * index);
	uint32_t before = index ? fake_pci_get32(fn, BAR + 4 * (index - 1)) : 0;
	uint64_t mask = 0;
	uint32_t flags;

	if (fn->config[COMMAND] & 3)
		fn->bar_writes_decoding++;
	if (index && fn->bar_size[index - 1] && (before & 7) == 4) {
		mask = -fn->bar_size[index - 1] >> 32;
		flags = 0;
	} else {
		flags = old & 1 ? old & 3 : old & 0xf;
		if (fn->bar_size[index])
			mask = -fn->bar_size[index] & (old & 1 ? 0xfffffffc : 0xfffffff0);
	}
	fake_pci_set32(fn, BAR + 4 * index, (v & (uint32_t)mask) | flags);
}

static void config_write(struct fake_pci_fn *fn, unsigned int offset, unsigned int size, uint32_t v)
{
	if (!fn || offset + size > 256 || offset < COMMAND)
		return;
	if (fn->write && fn->write(fn, offset, size, v))
		return;
	if (offset >= BAR && offset < BAR_END) {
		if (size == 4)
			bar_write(fn, (offset - BAR) / 4, v);
		return;
	}
	if (offset >= STATUS && offset < BAR)
		return;
	pv_memcpy(fn->config + offset, &v, size);
}

static uint32_t ports_read(void *arg, uint64_t offset, unsigned int size)
{
	struct fake_pci *pci = arg;

	if (offset < 4)
		return offset == 0 && size == 4 ? pci->address : 0xffffffff;
	pci->reads[0]++;
	if (!(pci->address >> 31))
		return 0xffffffff;
	return config_read(find(pci, 0, pci->address >> 8 & 0xffff),
			   (pci->address & 0xfc) + (unsigned int)(offset & 3), size);
}

static void ports_write(void *arg, uint64_t offset, unsigned int size, uint32_t v)
{
	struct fake_pci *pci = arg;

	if (offset == 0 && size == 4)
		pci->address = v & 0x80fffffc;
	else if (offset >= 4 && pci->address >> 31)
		config_write(find(pci, 0, pci->address >> 8 & 0xffff),
			     (pci->address & 0xfc) + (unsigned int)(offset & 3), size, v);
}

static uint32_t ecam_read(void *arg, uint64_t offset, unsigned int size)
{
	struct fake_pci *pci = arg;

	pci->reads[1]++;
	return config_read(find(pci, pci->ecam_segment, (unsigned int)(offset >> 12)),
			   (unsigned int)(offset & 0xfff), size);
}

static void ecam_write(void *arg, uint64_t offset, unsigned int size, uint32_t v)
{
	struct fake_pci *pci = arg;

	config_write(find(pci, pci->ecam_segment, (unsigned int)(offset >> 12)),
		     (unsigned int)(offset & 0xfff), size, v);
}

void fake_pci_init(struct fake_pci *pci, bool ports, unsigned int ecam_buses, uint16_t segment)
{
	pv_memset(pci, 0, sizeof(*pci));
	pci->ports = (struct pv_fake_region) {
		.base = 0xcf8, .len = 8, .read = ports_read, .write = ports_write, .arg = pci};
	pci->ecam = (struct pv_fake_region) {.base = FAKE_ECAM_BASE,
					     .len = (uint64_t)ecam_buses << 20,
					     .read = ecam_read,
					     .write = ecam_write,
					     .arg = pci};
	pci->ecam_segment = segment;
	if (ports)
		pv_fake_ports_add(&pci->ports);
	if (ecam_buses)
		pv_fake_memory_add(&pci->ecam);
}

void fake_pci_add(struct fake_pci *pci, struct fake_pci_fn *fn, uint8_t bus, uint8_t device,
		  uint8_t function, uint16_t vendor, uint16_t id, uint8_t header)
{
	fn->addr.bus = bus;
	fn->addr.devfn = (uint8_t)(device << 3 | function);
	fake_pci_set16(fn, 0, vendor);
	fake_pci_set16(fn, 2, id);
	fn->config[0x0e] = header;
	fn->next = pci->fn;
	pci->fn = fn;
}

void fake_pci_cap(struct fake_pci_fn *fn, uint8_t at, uint8_t id, const void *bytes, uint8_t len)
{
	uint8_t *link = &fn->config[CAP_LIST];

	while (*link)
		link = &fn->config[*link + 1];
	*link = at;
	fn->config[STATUS] |= 0x10;
	fn->config[at] = id;
	pv_memcpy(fn->config + at + 2, bytes, len - 2u);
}

void fake_pci_bar(struct fake_pci_fn *fn, unsigned int index, uint64_t value, uint64_t size)
{
	fake_pci_set32(fn, BAR + 4 * index, (uint32_t)value);
	if ((value & 7) == 4 && index < 5)
		fake_pci_set32(fn, BAR + 4 * index + 4, (uint32_t)(value >> 32));
	fn->bar_size[index] = size;
}

void fake_mcfg(uint8_t *mcfg, uint64_t base, uint16_t segment, uint8_t first, uint8_t last)
{
	pv_memset(mcfg, 0, FAKE_MCFG_LEN);
	pv_memcpy(mcfg + 8, &base, 8);
	pv_memcpy(mcfg + 16, &segment, 2);
	mcfg[18] = first;
	mcfg[19] = last;
}

struct fake_pci_machine *fake_pci_machine(struct kunit *test, bool ports, unsigned int ecam_buses)
{
	struct fake_pci_machine *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	uint8_t mcfg[FAKE_MCFG_LEN];
	uint64_t table;

	KUNIT_ASSERT_NOT_NULL(test, m);
	fake_pci_init(&m->pci, ports, ecam_buses, 0);
	fake_pci_add(&m->pci, &m->fn[0], 0, 0, 0, 0x8086, 0x29c0, 0);
	fake_acpi_init(&m->acpi);
	fake_mcfg(mcfg, FAKE_ECAM_BASE, 0, 0, 1);
	table = fake_acpi_table(&m->acpi, "MCFG", mcfg, sizeof(mcfg));
	m->rsdp = fake_acpi_root(&m->acpi, true, &table, 1);
	return m;
}
