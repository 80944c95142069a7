/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port for Linux: interrupts.
 *
 * Lines are ACPI's, or those of PCI functions, and may be shared. There are no messages: Linux
 * gives them to a driver of its own for the device, not to others. And the hypervisor's own vector
 * is Linux'.
 */
#include <linux/acpi.h>
#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <pv/os.h>

struct registration {
	pv_os_irq_fn fn;
	void *arg;
	unsigned int irq;
	unsigned int gsi;
	struct pci_dev *pci; /* whose pin it is; NULL: a line of ACPI's */
};

static DEFINE_XARRAY_ALLOC(registrations);

static irqreturn_t handle(int irq, void *arg)
{
	struct registration *r = arg;

	return r->fn(r->arg) ? IRQ_HANDLED : IRQ_NONE;
}

/* The number that names it, or an error. */
static int begin(struct registration *r)
{
	u32 id;
	int err = xa_alloc(&registrations, &id, r, XA_LIMIT(0, 4095), GFP_KERNEL);

	if (!err) {
		err = request_irq(r->irq, handle, IRQF_SHARED, "pv", r);
		if (!err)
			return (int)id;
		xa_erase(&registrations, id);
	}
	return err == -ENOMEM ? PV_ENOMEM : PV_ENOSPC;
}

static struct registration *create(pv_os_irq_fn fn, void *arg)
{
	struct registration *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (r) {
		r->fn = fn;
		r->arg = arg;
	}
	return r;
}

static void line_put(struct registration *r)
{
	if (r->pci) {
		pci_disable_device(r->pci);
		pci_dev_put(r->pci);
	} else {
		acpi_unregister_gsi(r->gsi);
	}
	kfree(r);
}

int pv_os_irq_gsi(unsigned int gsi, bool level, pv_os_irq_fn fn, void *arg)
{
	struct registration *r = create(fn, arg);
	int irq, id;

	if (!r)
		return PV_ENOMEM;
	irq = acpi_register_gsi(NULL, gsi, level ? ACPI_LEVEL_SENSITIVE : ACPI_EDGE_SENSITIVE,
				ACPI_ACTIVE_HIGH);
	if (irq < 0) {
		kfree(r);
		return PV_ENOTSUP;
	}
	r->irq = (unsigned int)irq;
	r->gsi = gsi;
	id = begin(r);
	if (id < 0)
		line_put(r);
	return id;
}

int pv_os_irq_intx(struct pv_pci_addr addr, unsigned int pin, unsigned int line, pv_os_irq_fn fn,
		   void *arg)
{
	struct registration *r = create(fn, arg);
	int id;

	if (!r)
		return PV_ENOMEM;
	r->pci = pci_get_domain_bus_and_slot(addr.segment, addr.bus, addr.devfn);
	/* Enabling the function routes its pin. */
	if (!r->pci || pci_enable_device(r->pci)) {
		pci_dev_put(r->pci);
		kfree(r);
		return PV_ENOTSUP;
	}
	r->irq = r->pci->irq;
	id = begin(r);
	if (id < 0)
		line_put(r);
	return id;
}

int pv_os_irq_msi(unsigned int cpu, pv_os_irq_fn fn, void *arg, struct pv_msi_msg *msg)
{
	return PV_ENOTSUP;
}

int pv_os_irq_vector(bool eoi, pv_os_irq_fn fn, void *arg, unsigned int *vector)
{
	return PV_ENOTSUP;
}

void pv_os_irq_free(int irq)
{
	struct registration *r = irq < 0 ? NULL : xa_erase(&registrations, (unsigned long)irq);

	if (!r)
		return;
	free_irq(r->irq, r);
	line_put(r);
}
