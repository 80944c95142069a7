/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How a CPU is interrupted for its events; the best way that Xen and the port have:
 *
 *	PV	Xen calls the kernel's event callback, which calls pv_xen_dispatch()
 *	PVH, HVM
 *	1. a vector of each CPU's, through its local APIC (HVMOP_set_evtchn_upcall_vector)
 *	2. one vector for all, past the local APIC (HVM_PARAM_CALLBACK_IRQ, type 2)
 *	3. the interrupt line of the platform device, a PCI function (the same, type 1): HVM
 *	4. none: pv_work() polls
 *
 * With 1 the parameter is set all the same: by it the toolstack knows a guest that hears it
 * (libxl).
 */
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>

#include "hypercall/xen.h"
#include "pv-core/pci.h"
#include "pv-core/xen/evtchn.h"

#define NO_IRQ (-1)

/* For 1: any line that is never raised. */
#define LISTENING 1

#define PCI_VENDOR 0x00
#define PCI_LINE   0x3c
#define PCI_PIN	   0x3d

static int irq = NO_IRQ;
static unsigned int vector; /* of 1; 0: another way */
static uint64_t param;	    /* HVM_PARAM_CALLBACK_IRQ, as set; 0: it is not */

static bool interrupted(void *arg)
{
	(void)arg;
	return pv_evtchn_dispatch();
}

static int set_param(uint64_t type, uint64_t value)
{
	uint64_t wanted = type << PV_XEN_CALLBACK_TYPE_SHIFT | value;
	int err = pv_xen_hvm_set_param(HVM_PARAM_CALLBACK_IRQ, wanted);

	if (!err)
		param = wanted;
	return err;
}

static void drop_irq(void)
{
	if (irq != NO_IRQ)
		pv_os_irq_free(irq);
	irq = NO_IRQ;
}

static int set_vector(unsigned int cpu, unsigned int v)
{
	struct xen_hvm_evtchn_upcall_vector op = {
		.vcpu = pv_xen_vcpu(cpu),
		.vector = (uint8_t)v,
	};

	return pv_xen_hvm_set_evtchn_upcall_vector(&op);
}

static bool per_cpu(void)
{
	unsigned int v;

	irq = pv_os_irq_vector(true, interrupted, NULL, &v);
	if (irq < 0) {
		irq = NO_IRQ;
		return false;
	}
	if (set_vector(pv_os_cpu(), v)) {
		drop_irq();
		return false;
	}
	vector = v;
	set_param(HVM_PARAM_CALLBACK_TYPE_GSI, LISTENING);
	return true;
}

static bool one_vector(void)
{
	unsigned int v;

	if (!pv_xen_has(XENFEAT_hvm_callback_vector))
		return false;
	irq = pv_os_irq_vector(false, interrupted, NULL, &v);
	if (irq < 0) {
		irq = NO_IRQ;
		return false;
	}
	if (set_param(HVM_PARAM_CALLBACK_TYPE_VECTOR, v)) {
		drop_irq();
		return false;
	}
	return true;
}

static void try_function(struct pv_pci_addr a, void *arg)
{
	unsigned int pin;

	(void)arg;
	if (irq != NO_IRQ ||
	    pv_pci_read32(a, PCI_VENDOR) != (PV_XEN_PLATFORM_VENDOR | PV_XEN_PLATFORM_DEVICE << 16))
		return;
	pin = pv_pci_read8(a, PCI_PIN);
	if (pin < 1 || pin > 4)
		return;
	irq = pv_os_irq_intx(a, pin, pv_pci_read8(a, PCI_LINE), interrupted, NULL);
	if (irq < 0)
		irq = NO_IRQ;
	else if (set_param(HVM_PARAM_CALLBACK_TYPE_PCI_INTX,
			   (uint64_t)a.bus << 16 | (uint64_t)a.devfn << 8 | (pin - 1)))
		drop_irq();
}

static bool line(const struct pv_boot_info *boot)
{
	if (pv_pci_init(boot->rsdp))
		return false;
	pv_pci_scan(try_function, NULL);
	pv_pci_exit();
	return irq != NO_IRQ;
}

enum pv_upcall pv_upcall_start(const struct pv_boot_info *boot)
{
	if (pv_xen_mode() == PV_XEN_PV)
		return PV_UPCALL_KERNEL;
	if (per_cpu())
		return PV_UPCALL_PER_CPU;
	if (one_vector())
		return PV_UPCALL_VECTOR;
	if (pv_xen_mode() == PV_XEN_HVM && line(boot))
		return PV_UPCALL_GSI;
	pv_warn("Xen: no interrupt for events: they are polled");
	return PV_UPCALL_NONE;
}

int pv_upcall_cpu_start(unsigned int cpu)
{
	return vector ? set_vector(cpu, vector) : 0;
}

int pv_upcall_resume(void)
{
	int err = pv_upcall_cpu_start(pv_os_cpu());

	if (!err && param)
		err = pv_xen_hvm_set_param(HVM_PARAM_CALLBACK_IRQ, param);
	return err;
}

/* A vector cannot be taken back from Xen; every port is masked by now. */
void pv_upcall_exit(void)
{
	if (param)
		pv_xen_hvm_set_param(HVM_PARAM_CALLBACK_IRQ, 0);
	param = 0;
	vector = 0;
	drop_irq();
}
