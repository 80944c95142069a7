/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake machine's interrupts: a table of registrations, and functions that raise them.
 */
#include <pv/fake.h>
#include <pv/string.h>

#define IRQS 512

/*
 * A message's address and data, by which it is found again: the local APIC's range, and the index.
 */
#define MSI_ADDR 0xfee00000ull

enum kind { FREE, GSI, INTX, MSI, VECTOR };

#define VECTOR_FIRST 0x40

static struct {
	enum kind kind;
	uint64_t id; /* GSI; PCI address; CPU */
	pv_os_irq_fn fn;
	void *arg;
} irq[IRQS];

static int irq_add(enum kind kind, uint64_t id, pv_os_irq_fn fn, void *arg)
{
	unsigned int i;

	for (i = 0; i < IRQS; i++) {
		if (irq[i].kind != FREE)
			continue;
		irq[i].kind = kind;
		irq[i].id = id;
		irq[i].fn = fn;
		irq[i].arg = arg;
		pv_fake.live_irqs++;
		return (int)i;
	}
	return PV_ENOSPC;
}

static uint64_t pci_id(struct pv_pci_addr a)
{
	return (uint64_t)a.segment << 16 | (uint64_t)a.bus << 8 | a.devfn;
}

int pv_os_irq_gsi(unsigned int gsi, bool level, pv_os_irq_fn fn, void *arg)
{
	(void)level;
	return pv_fake.no_gsi ? PV_ENOTSUP : irq_add(GSI, gsi, fn, arg);
}

int pv_os_irq_intx(struct pv_pci_addr addr, unsigned int pin, unsigned int line, pv_os_irq_fn fn,
		   void *arg)
{
	(void)line;
	if (pv_fake.no_intx)
		return PV_ENOTSUP;
	if (pin < 1 || pin > 4)
		pv_os_panic("fake: an interrupt pin that does not exist");
	return irq_add(INTX, pci_id(addr), fn, arg);
}

int pv_os_irq_msi(unsigned int cpu, pv_os_irq_fn fn, void *arg, struct pv_msi_msg *msg)
{
	unsigned int i, used = 0;
	int n;

	if (pv_fake.no_msi)
		return PV_ENOTSUP;
	for (i = 0; i < IRQS; i++)
		used += irq[i].kind == MSI;
	if (pv_fake.msi_max && used >= pv_fake.msi_max)
		return PV_ENOSPC;
	if (pv_fake.msi_fail_at && !--pv_fake.msi_fail_at)
		return PV_ENOSPC;
	n = irq_add(MSI, cpu, fn, arg);
	if (n >= 0) {
		msg->addr = MSI_ADDR | (uint64_t)cpu << 12;
		msg->data = (uint32_t)n;
	}
	return n;
}

int pv_os_irq_vector(bool eoi, pv_os_irq_fn fn, void *arg, unsigned int *vector)
{
	int n;

	if (pv_fake.no_vector)
		return PV_ENOTSUP;
	n = irq_add(VECTOR, eoi, fn, arg);
	if (n >= 0)
		*vector = VECTOR_FIRST + (unsigned int)n;
	return n;
}

void pv_os_irq_free(int n)
{
	if (n < 0 || n >= IRQS || irq[n].kind == FREE)
		pv_os_panic("fake: an interrupt freed that is not registered");
	irq[n].kind = FREE;
	pv_fake.live_irqs--;
}

static int raise_all(enum kind kind, uint64_t id)
{
	int i, n = -1;

	for (i = 0; i < IRQS; i++) {
		if (irq[i].kind == kind && irq[i].id == id) {
			n = n < 0 ? 0 : n;
			n += irq[i].fn(irq[i].arg);
		}
	}
	return n;
}

int pv_fake_raise_gsi(unsigned int gsi)
{
	return raise_all(GSI, gsi);
}

int pv_fake_raise_intx(struct pv_pci_addr addr)
{
	return raise_all(INTX, pci_id(addr));
}

int pv_fake_raise_msi(uint64_t addr, uint32_t data)
{
	if (data >= IRQS || irq[data].kind != MSI || addr != (MSI_ADDR | irq[data].id << 12))
		return -1;
	return irq[data].fn(irq[data].arg);
}

int pv_fake_raise_vector(unsigned int vector, bool eoi)
{
	unsigned int n = vector - VECTOR_FIRST;

	if (n >= IRQS || irq[n].kind != VECTOR || irq[n].id != eoi)
		return -1;
	return irq[n].fn(irq[n].arg);
}
