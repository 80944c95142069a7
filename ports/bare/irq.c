/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Interrupts of devices: vectors, and the handlers registered on them.
 *
 * A vector belongs to one line, whose handlers share it, to one message, or to the hypervisor.
 * Handlers run with interrupts off, on the interrupt stack, and the end of interrupt comes after
 * them; but for the hypervisor's own, if it says that it is not delivered through the local APIC. A
 * line that stays raised although no handler knows of it would never let the CPU go: it is masked
 * after a while.
 *
 * The vectors are the same on all CPUs. Registrations change under the library's control lock, on
 * one CPU, while others take interrupts: a handler is linked in by one store, and once it is
 * unlinked, nobody has it any more when each of the others has left the interrupt that it was in.
 * Lines go to the boot CPU.
 */
#include <pv/eoi.h>
#include <pv/msi.h>

#include "ports/bare/bare.h"

#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

#define MAX_IRQS	256
#define UNCLAIMED_LIMIT 10000 /* interrupts in a row that nobody owned up to */

#define NO_GSI (-1)

struct handler {
	pv_os_irq_fn fn; /* NULL: free */
	void *arg;
	struct handler *next;
	unsigned int vector;
};

struct vector {
	struct handler *first;
	int gsi;
	unsigned int unclaimed;
	bool direct; /* injected past the local APIC: no end of interrupt */
};

static struct handler handlers[MAX_IRQS];
static struct vector vectors[256];
static unsigned int vectors_end = PV_BARE_VECTOR_FIRST; /* those from here on were never used */
static unsigned int num_registered;

void pv_bare_irq_init(void)
{
	if (pv_bare_pv) {
		pv_bare_pv->irq_init();
		return;
	}
	pv_out8(PIC1_DATA, 0xff);
	pv_out8(PIC2_DATA, 0xff);
	if (!pv_bare_apic_init()) {
		pv_warn("no local APIC: everything is polled");
		return;
	}
	__asm__ __volatile__("sti" : : : "memory");
}

void pv_bare_irq_cpu_init(void)
{
	if (pv_bare_pv)
		pv_bare_pv->irq_cpu_init();
	else if (pv_bare_apic_present())
		pv_bare_apic_cpu_init();
}

bool pv_bare_irq_any(void)
{
	return num_registered != 0 || pv_bare_pv;
}

void pv_bare_irq_stats(struct pv_bare_irq_stats *out)
{
	unsigned int i;

	pv_memset(out, 0, sizeof(*out));
	for (i = 0; i < PV_ARRAY_SIZE(pv_bare_cpus); i++) {
		struct pv_bare_irq_stats one;

		if (pv_bare_cpu_irq_stats(i, &one))
			continue;
		out->taken += one.taken;
		out->timer += one.timer;
		out->spurious += one.spurious;
		out->eoi_saved += one.eoi_saved;
		out->wakes += one.wakes;
		out->nested += one.nested;
	}
}

int pv_bare_cpu_irq_stats(unsigned int cpu, struct pv_bare_irq_stats *out)
{
	if (cpu >= PV_ARRAY_SIZE(pv_bare_cpus) || !pv_bare_cpus[cpu])
		return PV_ENOENT;
	*out = pv_bare_cpus[cpu]->irq;
	return 0;
}

/* --- from the stubs --------------------------------------------------------------------------- */

static void unclaimed(struct pv_bare_cpu *cpu, struct vector *v, unsigned int number)
{
	cpu->irq.spurious++;
	if (v->gsi == NO_GSI || ++v->unclaimed != UNCLAIMED_LIMIT)
		return;
	pv_bare_ioapic_route((unsigned int)v->gsi, true, false, 0);
	pv_warn("interrupt line %d (vector %u) masked: raised all the time, and no handler's",
		v->gsi, number);
}

/* By KVM's word in memory, if it has set that, else through the local APIC. */
static void end(struct pv_bare_cpu *cpu)
{
	if (pv_eoi())
		cpu->irq.eoi_saved++;
	else
		pv_bare_apic_eoi();
}

static void handle(struct pv_bare_cpu *cpu, unsigned int number)
{
	struct vector *v = &vectors[number];
	struct handler *h;
	bool claimed = false;

	/* A spurious interrupt is not to be acknowledged (11.9). */
	if (number == PV_BARE_VECTOR_SPURIOUS) {
		cpu->irq.spurious++;
		return;
	}
	if (number == PV_BARE_VECTOR_TIMER) {
		cpu->irq.timer++;
		pv_bare_time_tick();
		end(cpu);
		return;
	}
	cpu->irq.taken++;
	for (h = __atomic_load_n(&v->first, __ATOMIC_ACQUIRE); h; h = h->next)
		claimed |= h->fn(h->arg);
	if (!claimed)
		unclaimed(cpu, v, number);
	else if (v->unclaimed) /* else it stays unwritten: other CPUs use it, too */
		v->unclaimed = 0;
	if (!v->direct)
		end(cpu);
}

void pv_bare_irq(unsigned int number)
{
	handle(pv_bare_this(), number);
}

/* --- registration ----------------------------------------------------------------------------- */

/* The line's vector, or the first that is free; 0 if none is. */
static unsigned int vector_for(int gsi)
{
	unsigned int free = 0;
	unsigned int n;

	for (n = PV_BARE_VECTOR_FIRST; n < vectors_end; n++) {
		if (!vectors[n].first)
			free = free ? free : n;
		else if (gsi != NO_GSI && vectors[n].gsi == gsi)
			return n;
	}
	if (!free && vectors_end < PV_BARE_VECTOR_TIMER)
		free = vectors_end++;
	return free;
}

/* Takes a handler and puts it on a vector; its number. */
static int attach(int gsi, pv_os_irq_fn fn, void *arg)
{
	struct handler *h = handlers;
	unsigned int n = vector_for(gsi);
	uint64_t flags;

	while (h < handlers + MAX_IRQS && h->fn)
		h++;
	if (!n || h == handlers + MAX_IRQS)
		return PV_ENOSPC;
	flags = pv_bare_irq_save();
	vectors[n].gsi = gsi;
	vectors[n].unclaimed = 0;
	vectors[n].direct = false;
	*h = (struct handler) {.fn = fn, .arg = arg, .next = vectors[n].first, .vector = n};
	__atomic_store_n(&vectors[n].first, h, __ATOMIC_RELEASE);
	num_registered++;
	pv_bare_irq_restore(flags);
	return (int)(h - handlers);
}

static int attach_line(unsigned int gsi, bool level, bool active_low, pv_os_irq_fn fn, void *arg)
{
	int irq;
	int err;

	if (!pv_bare_apic_present() || gsi > INT16_MAX)
		return PV_ENOTSUP;
	irq = attach((int)gsi, fn, arg);
	if (irq < 0 || handlers[irq].next)
		return irq;
	err = pv_bare_ioapic_route(gsi, level, active_low, handlers[irq].vector);
	if (err) {
		pv_os_irq_free(irq);
		return err;
	}
	return irq;
}

int pv_os_irq_gsi(unsigned int gsi, bool level, pv_os_irq_fn fn, void *arg)
{
	return attach_line(gsi, level, false, fn, arg);
}

/* No ACPI interpreter, so by the Interrupt Line register: 0 and 255 mean none (PCI 3.0, 6.2.4). */
int pv_os_irq_intx(struct pv_pci_addr addr, unsigned int pin, unsigned int line, pv_os_irq_fn fn,
		   void *arg)
{
	(void)addr;
	(void)pin;
	if (line == 0 || line >= 255)
		return PV_ENOTSUP;
	return attach_line(line, true, true, fn, arg);
}

int pv_os_irq_msi(unsigned int cpu, pv_os_irq_fn fn, void *arg, struct pv_msi_msg *msg)
{
	const struct pv_bare_cpu *to = cpu < PV_ARRAY_SIZE(pv_bare_cpus) ? pv_bare_cpus[cpu] : NULL;
	int irq;

	/* A CPU that does not run, or that no message reaches: the first takes its place. */
	if (!to || pv_msi_address(to->apic_id, &msg->addr))
		to = &pv_bare_boot_cpu;
	if (!pv_bare_apic_present() || pv_msi_address(to->apic_id, &msg->addr))
		return PV_ENOTSUP;
	irq = attach(NO_GSI, fn, arg);
	if (irq < 0)
		return irq;
	msg->data = handlers[irq].vector;
	return irq;
}

int pv_os_irq_vector(bool eoi, pv_os_irq_fn fn, void *arg, unsigned int *vector)
{
	int irq;

	if (!pv_bare_apic_present())
		return PV_ENOTSUP;
	irq = attach(NO_GSI, fn, arg);
	if (irq < 0)
		return irq;
	*vector = handlers[irq].vector;
	vectors[*vector].direct = !eoi;
	return irq;
}

/* Until no other CPU is in an interrupt that it was in when this began. */
static void quiesce(void)
{
	const struct pv_bare_cpu *cpu;
	unsigned int i, seq;

	for (i = 0; i < PV_ARRAY_SIZE(pv_bare_cpus); i++) {
		cpu = pv_bare_cpus[i];
		if (!cpu || cpu == pv_bare_this())
			continue;
		seq = __atomic_load_n(&cpu->irq_seq, __ATOMIC_SEQ_CST);
		while (seq & 1 && __atomic_load_n(&cpu->irq_seq, __ATOMIC_ACQUIRE) == seq)
			pv_pause();
	}
}

void pv_os_irq_free(int irq)
{
	struct handler *h = handlers + irq;
	struct vector *v = &vectors[h->vector];
	struct handler **link = &v->first;
	uint64_t flags = pv_bare_irq_save();

	while (*link != h)
		link = &(*link)->next;
	__atomic_store_n(link, h->next, __ATOMIC_SEQ_CST);
	if (!v->first && v->gsi != NO_GSI)
		pv_bare_ioapic_route((unsigned int)v->gsi, true, false, 0);
	pv_bare_irq_restore(flags);
	quiesce();
	h->fn = NULL;
	num_registered--;
}
