/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Interrupts of virtio-pci devices (virtio 1.2, 4.1.5.1.2, 4.1.5.3, 4.1.5.4), in the order of
 * preference:
 *
 *	a message for each queue that wants events, to its CPU, and one for the configuration
 *	two messages: one for all queues, one for the configuration
 *	one message for everything
 *	the INTx pin, with the cause in the ISR byte, which reading clears
 *	none: the queues are polled
 *
 * Each is tried as a whole: the port grants the messages, and the device takes each vector, which
 * is read back. Where either refuses, what was set up is undone and the next is tried.
 *
 * With one message for everything nothing tells a change of the configuration apart: where there is
 * a generation it is compared, and a legacy device's configuration is looked at each time.
 */
#include "drivers/virtio/pci.h"

#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN  0x3d

/* 4.1.4.5 */
#define ISR_QUEUE  0x1
#define ISR_CONFIG 0x2

static bool on_queue(void *arg)
{
	pv_virtio_irq_queue(arg);
	return true;
}

static bool on_queues(void *arg)
{
	pv_virtio_irq_all(arg);
	return true;
}

static bool on_config(void *arg)
{
	pv_virtio_irq_config(arg);
	return true;
}

static bool on_anything(void *arg)
{
	struct pv_virtio_pci *p = arg;
	uint32_t generation = p->vd.transport->config_generation(&p->vd);

	pv_virtio_irq_all(&p->vd);
	if (p->vd.legacy || generation != p->generation)
		pv_virtio_irq_config(&p->vd);
	p->generation = generation;
	return true;
}

static bool on_line(void *arg)
{
	struct pv_virtio_pci *p = arg;
	uint8_t cause = p->ops->isr(p);

	if (cause & ISR_QUEUE)
		pv_virtio_irq_all(&p->vd);
	if (cause & ISR_CONFIG)
		pv_virtio_irq_config(&p->vd);
	return cause & (ISR_QUEUE | ISR_CONFIG);
}

/* Registers the next message, and puts it into its entry of the table. */
static bool grant(struct pv_virtio_pci *p, unsigned int cpu, pv_os_irq_fn fn, void *arg)
{
	struct pv_msi_msg msg;
	int irq = pv_os_irq_msi(cpu, fn, arg, &msg);

	if (irq < 0)
		return false;
	pv_msix_set(&p->msix, p->num_irqs, &msg);
	p->irq[p->num_irqs++] = irq;
	return true;
}

static bool grant_all(struct pv_virtio_pci *p, unsigned int messages)
{
	struct pv_virtio *vd = &p->vd;
	unsigned int here = pv_os_cpu(), i;

	if (messages == 1)
		return grant(p, here, on_anything, p);
	if (!grant(p, here, on_config, vd))
		return false;
	if (messages == 2)
		return grant(p, here, on_queues, vd);
	for (i = 0; i < vd->num_vqs; i++)
		if (vd->vq[i].event && !grant(p, vd->vq[i].cpu, on_queue, &vd->vq[i]))
			return false;
	return true;
}

/* Tells the device; false if it refuses a vector. */
static bool assign_all(struct pv_virtio_pci *p, unsigned int messages)
{
	struct pv_virtio *vd = &p->vd;
	uint16_t vector = 0;
	unsigned int i;

	if (p->ops->config_vector(p, 0) != 0)
		return false;
	for (i = 0; i < vd->num_vqs; i++) {
		if (!vd->vq[i].event)
			continue;
		if (vector + 1u < messages)
			vector++;
		if (p->ops->queue_vector(p, vd->vq[i].index, vector) != vector)
			return false;
		vd->vq[i].msix_vector = vector;
	}
	return true;
}

static void undo(struct pv_virtio_pci *p)
{
	struct pv_virtio *vd = &p->vd;
	unsigned int i;

	if (p->msix_on) {
		for (i = 0; i < vd->num_vqs; i++)
			(void)p->ops->queue_vector(p, vd->vq[i].index, VIRTIO_MSI_NO_VECTOR);
		(void)p->ops->config_vector(p, VIRTIO_MSI_NO_VECTOR);
		p->msix_on = false;
		pv_msix_enable(&p->msix, false);
	}
	for (i = 0; i < vd->num_vqs; i++)
		vd->vq[i].msix_vector = -1;
	while (p->num_irqs) {
		p->num_irqs--;
		if (p->msix.num)
			pv_msix_set(&p->msix, p->num_irqs, NULL);
		pv_os_irq_free(p->irq[p->num_irqs]);
	}
}

static bool try_messages(struct pv_virtio_pci *p, unsigned int messages)
{
	if (messages > p->msix.num)
		return false;
	if (grant_all(p, messages)) {
		pv_msix_enable(&p->msix, true);
		p->msix_on = true;
		p->generation = p->vd.transport->config_generation(&p->vd);
		if (assign_all(p, messages))
			return true;
	}
	undo(p);
	return false;
}

static bool try_line(struct pv_virtio_pci *p)
{
	uint8_t pin = pv_pci_read8(p->addr, PCI_INTERRUPT_PIN);
	int irq;

	if (pin < 1 || pin > 4)
		return false;
	irq = pv_os_irq_intx(p->addr, pin, pv_pci_read8(p->addr, PCI_INTERRUPT_LINE), on_line, p);
	if (irq < 0)
		return false;
	p->irq[p->num_irqs++] = irq;
	return true;
}

static enum pv_virtio_irq_mode choose(struct pv_virtio_pci *p)
{
	unsigned int queues = 0;
	unsigned int i;

	for (i = 0; i < p->vd.num_vqs; i++) {
		p->vd.vq[i].msix_vector = -1;
		if (p->vd.vq[i].event)
			queues++;
	}
	if (!queues)
		return PV_VIRTIO_IRQ_NONE;
	p->max_irqs = queues + 1;
	p->irq = pv_os_alloc(p->max_irqs * sizeof(*p->irq));
	if (!p->irq)
		return PV_VIRTIO_IRQ_NONE;
	if (try_messages(p, queues + 1))
		return PV_VIRTIO_IRQ_QUEUE;
	if ((queues > 1 && try_messages(p, 2)) || try_messages(p, 1))
		return PV_VIRTIO_IRQ_SHARED;
	if (try_line(p))
		return PV_VIRTIO_IRQ_LINE;
	return PV_VIRTIO_IRQ_NONE;
}

void pv_virtio_pci_irq_setup(struct pv_virtio *vd)
{
	struct pv_virtio_pci *p = pv_virtio_pci_of(vd);

	vd->irq_mode = choose(p);
	/* A pin that nobody listens to stays silent. */
	pv_pci_intx(p->addr, vd->irq_mode == PV_VIRTIO_IRQ_LINE);
}

void pv_virtio_pci_irq_teardown(struct pv_virtio *vd)
{
	struct pv_virtio_pci *p = pv_virtio_pci_of(vd);

	pv_pci_intx(p->addr, false);
	undo(p);
	pv_os_free(p->irq, p->max_irqs * sizeof(*p->irq));
	p->irq = NULL;
	vd->irq_mode = PV_VIRTIO_IRQ_NONE;
}
