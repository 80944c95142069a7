/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * PCI Express native hot-plug (PCI Express Base 4.0, 6.7, 7.5.3).
 *
 * A port with a slot tells of events: the attention button, by which an operator, or a hypervisor,
 * asks for what is in the slot to be let go, or taken; and a card that came, or went, without
 * asking.
 *
 *	pressed, occupied	the user lets go of the devices; the slot's power is switched off,
 *				which tells whoever pressed that the card may be taken
 *	a card, none before	power on; the link comes up; the functions get addresses, and are
 *				told
 *	none, a card before	the user is told that the devices are gone
 *	another card		both of these
 *
 * The five seconds in which a second press takes the first one back (6.7.1.5) are for hands, and
 * are not waited for.
 *
 * EVENTS stay in the slot's status until they are written back, and the interrupt comes when the
 * first of them does. So they are cleared and looked for again until there are none, a bounded
 * number of times; then the next pv_work() goes on. A port without MSI-X is looked at by each
 * pv_work().
 *
 * A port whose slot the firmware keeps for itself, as ACPI hot-plug does, is not Hot-Plug Capable.
 */
#include "pv-core/pcie_slot.h"

#include <pv/log.h>
#include <pv/wait.h>

#define CAP_EXPRESS 0x10

#define CAPABILITIES	2
#define HAS_SLOT	0x0100
#define MESSAGE_SHIFT	9 /* the number of the interrupt's message */
#define MESSAGE_MASK	0x1fu
#define LINK_CAP	0x0c
#define LINK_ACTIVE_CAP (1u << 20)
#define LINK_STATUS	0x12
#define LINK_ACTIVE	0x2000
#define SLOT_CAP	0x14
#define HAS_BUTTON	0x01u
#define HAS_POWER	0x02u
#define HAS_POWER_LIGHT 0x10u
#define HOT_PLUG	0x40u
#define NO_COMPLETED	(1u << 18)
#define SLOT_CONTROL	0x18
#define ON_BUTTON	0x0001
#define ON_PRESENCE	0x0008
#define ON_INTERRUPT	0x0020
#define LIGHT		0x0300
#define LIGHT_ON	0x0100
#define LIGHT_OFF	0x0300
#define POWER_OFF	0x0400
#define INTERLOCK	0x0800 /* toggles when it is written */
#define SLOT_STATUS	0x1a
#define PRESSED		0x0001
#define CHANGED		0x0008
#define COMPLETED	0x0010
#define PRESENT		0x0040

/* PCI-to-PCI Bridge 1.2, 3.2.5 */
#define VENDOR	    0x00
#define HEADER	    0x0e
#define MULTI	    0x80
#define BRIDGE	    0x01
#define SECONDARY   0x19
#define SUBORDINATE 0x1a

#define COMMAND_MS 1000 /* 6.7.3.2 */
#define LINK_MS	   1000
#define SETTLE_MS  100 /* 6.6.1: from the link to the first access */
#define LOOKS	   16

struct slot {
	struct slot *next;
	struct pv_pci_addr port;
	unsigned int cap; /* where it is in the port's configuration */
	uint32_t has;	  /* slot capabilities */
	uint8_t first, last;
	struct pv_msix msix;
	int irq; /* below 0: none, it is polled */
	bool event;
	bool occupied; /* what is there was told, or scanned */
};

static struct slot *slots;
static const struct pv_pcie_slot_user *user;

static uint16_t get(const struct slot *s, unsigned int reg)
{
	return pv_pci_read16(s->port, s->cap + reg);
}

static void put(const struct slot *s, unsigned int reg, uint16_t v)
{
	pv_pci_write16(s->port, s->cap + reg, v);
}

static bool is_completed(void *arg)
{
	return get(arg, SLOT_STATUS) & COMPLETED;
}

static bool is_linked(void *arg)
{
	return get(arg, LINK_STATUS) & LINK_ACTIVE;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* A command, and the wait for its end (6.7.3.2). */
static void command(struct slot *s, uint16_t clear, uint16_t set)
{
	put(s, SLOT_STATUS, COMPLETED);
	put(s, SLOT_CONTROL, (uint16_t)((get(s, SLOT_CONTROL) & ~(clear | INTERLOCK)) | set));
	if (!(s->has & NO_COMPLETED) && pv_wait_until(is_completed, s, COMMAND_MS))
		pv_warn("pci: slot %02x:%02x.%x: waited %u ms for a command, status 0x%x",
			s->port.bus, s->port.devfn >> 3, s->port.devfn & 7u, COMMAND_MS,
			get(s, SLOT_STATUS));
	put(s, SLOT_STATUS, COMPLETED);
}

static void power(struct slot *s, bool on)
{
	uint16_t clear = 0, set = 0;

	if (s->has & HAS_POWER)
		*(on ? &clear : &set) |= POWER_OFF;
	if (s->has & HAS_POWER_LIGHT) {
		clear |= LIGHT;
		set |= on ? LIGHT_ON : LIGHT_OFF;
	}
	if (clear | set)
		command(s, clear, set);
}

/* --- coming and going ------------------------------------------------------------------------- */

/* Tells of the functions behind the port, once they can be reached. */
static void tell(struct slot *s)
{
	struct pv_pci_addr a = {.segment = s->port.segment, .bus = s->first};
	struct pv_pci_used used = {0};
	uint16_t vendor;

	do {
		vendor = pv_pci_read16(a, VENDOR);
		if (vendor && vendor != 0xffff && !pv_pci_assign(s->port, a, &used))
			user->arrived(a);
		a.devfn++;
	} while (a.devfn < 8 &&
		 pv_pci_read8((struct pv_pci_addr) {a.segment, a.bus, 0}, HEADER) & MULTI);
}

static void switch_on(struct slot *s)
{
	pv_info("pci: slot %02x:%02x.%x: a card", s->port.bus, s->port.devfn >> 3,
		s->port.devfn & 7u);
	s->occupied = true;
	power(s, true);
	if (pv_pci_read32(s->port, s->cap + LINK_CAP) & LINK_ACTIVE_CAP &&
	    pv_wait_until(is_linked, s, LINK_MS)) {
		pv_err("pci: slot %02x:%02x.%x: waited %u ms for its link, status 0x%x",
		       s->port.bus, s->port.devfn >> 3, s->port.devfn & 7u, LINK_MS,
		       get(s, LINK_STATUS));
		return;
	}
	(void)!pv_wait_until(never, s, SETTLE_MS);
	tell(s);
}

static void switch_off(struct slot *s, bool gone)
{
	pv_info("pci: slot %02x:%02x.%x: the card %s", s->port.bus, s->port.devfn >> 3,
		s->port.devfn & 7u, gone ? "is gone" : "is to go");
	user->leaves(s->port.segment, s->first, s->last, gone);
	s->occupied = false;
	power(s, false);
}

/* What the slot's events come to; with a card in it there is one of them at least. */
static void act(struct slot *s, uint16_t events)
{
	bool present = get(s, SLOT_STATUS) & PRESENT;

	if (s->occupied) {
		switch_off(s, !present || events & CHANGED);
		if (!(events & CHANGED))
			return;
	}
	if (present)
		switch_on(s);
}

static int slot_work(struct slot *s)
{
	unsigned int i;
	uint16_t events;
	int n = 0;

	if (s->irq >= 0 && !__atomic_exchange_n(&s->event, false, __ATOMIC_ACQUIRE))
		return 0;
	for (i = 0; i < LOOKS; i++) {
		events = get(s, SLOT_STATUS);
		/* The port may have gone itself. */
		if (events == 0xffff || !(events & (PRESSED | CHANGED)))
			return n;
		events &= PRESSED | CHANGED;
		put(s, SLOT_STATUS, events);
		act(s, events);
		n++;
	}
	s->event = true;
	pv_os_schedule_work();
	return n;
}

int pv_pcie_slots_work(void)
{
	struct slot *s;
	int n = 0;

	for (s = slots; s; s = s->next)
		n += slot_work(s);
	return n;
}

/* --- life cycle ------------------------------------------------------------------------------- */

static bool interrupt(void *arg)
{
	struct slot *s = arg;

	__atomic_store_n(&s->event, true, __ATOMIC_RELEASE);
	pv_os_schedule_work();
	return true;
}

static void watch(struct slot *s)
{
	unsigned int message = get(s, CAPABILITIES) >> MESSAGE_SHIFT & MESSAGE_MASK;
	struct pv_msi_msg msg;
	uint16_t on = ON_PRESENCE;

	s->irq = PV_ENOTSUP;
	if (!pv_msix_init(&s->msix, s->port) && message < s->msix.num)
		s->irq = pv_os_irq_msi(pv_os_cpu(), interrupt, s, &msg);
	if (s->irq >= 0) {
		pv_msix_set(&s->msix, message, &msg);
		pv_msix_enable(&s->msix, true);
		on |= ON_INTERRUPT;
	}
	if (s->has & HAS_BUTTON)
		on |= ON_BUTTON;
	pv_pci_enable(s->port, PV_PCI_MEMORY | PV_PCI_MASTER);
	put(s, SLOT_STATUS, PRESSED | CHANGED);
	command(s, ON_BUTTON | ON_PRESENCE | ON_INTERRUPT, on);
}

static void found(struct pv_pci_addr a, void *arg)
{
	unsigned int cap;
	struct slot *s;

	(void)arg;
	if ((pv_pci_read8(a, HEADER) & ~MULTI) != BRIDGE)
		return;
	cap = pv_pci_capability(a, CAP_EXPRESS);
	if (!cap || !(pv_pci_read16(a, cap + CAPABILITIES) & HAS_SLOT) ||
	    !(pv_pci_read32(a, cap + SLOT_CAP) & HOT_PLUG) || !pv_pci_read8(a, SECONDARY))
		return;
	s = pv_os_alloc(sizeof(*s));
	if (!s) {
		pv_warn("pci: no memory for a slot");
		return;
	}
	(void)pv_pci_init(0); /* counts: configuration space stays within reach */
	s->port = a;
	s->cap = cap;
	s->has = pv_pci_read32(a, cap + SLOT_CAP);
	s->first = pv_pci_read8(a, SECONDARY);
	s->last = pv_pci_read8(a, SUBORDINATE);
	s->occupied = get(s, SLOT_STATUS) & PRESENT &&
		      !(s->has & HAS_POWER && get(s, SLOT_CONTROL) & POWER_OFF);
	watch(s);
	s->next = slots;
	slots = s;
	/* A card that nobody switched on so far; or that came meanwhile. */
	if (!s->occupied)
		act(s, 0);
}

void pv_pcie_slots_init(const struct pv_pcie_slot_user *u)
{
	user = u;
	pv_pci_scan(found, NULL);
}

void pv_pcie_slots_exit(void)
{
	struct slot *s;

	while ((s = slots)) {
		slots = s->next;
		command(s, ON_BUTTON | ON_PRESENCE | ON_INTERRUPT, 0);
		if (s->irq >= 0)
			pv_os_irq_free(s->irq);
		pv_msix_exit(&s->msix);
		pv_pci_exit();
		pv_os_free(s, sizeof(*s));
	}
}
