/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Event channels (Xen public/event_channel.h; xen.h, struct shared_info), by the two-level ABI.
 *
 * WHAT IT IS
 *	A port is a number from 1 to 4095, with two bits in the shared page: pending, which Xen sets
 *	and we clear, and mask, which is ours. Pending going from 0 to 1 while not masked sets the
 *	port's word in the CPU's selector and interrupts the CPU; the dispatcher goes from the
 *	selector to the words, and from the words to the ports. So its cost is that of the events
 *	that are there, whatever the number of ports.
 *
 * LIFE OF A PORT
 *	bind	(one of the calls below) unmasked: the handler may be called before the call returns
 *	fires	the handler is called, once for all that was sent since the last call began
 *	mask, unmask	held back, and let go: what came meanwhile is delivered then
 *	close	the handler is not called any more, once the call returns
 *
 * LATE END
 *	A port with pv_evtchn_set_late() is masked by the dispatcher before its handler is called,
 *	and stays so until pv_evtchn_eoi(): after the work, by whoever does it. A peer that sends
 *	without end then costs one upcall per round of work, instead of all of the CPU. A round that
 *	found nothing says so by pv_evtchn_eoi_idle(): from the third in a row on, the port is let
 *	go only after a delay that doubles from 1 ms to 1 s, which pv_work() and later upcalls look
 *	after.
 *
 * WHAT CAN FAIL
 *	Pending bits are Xen's, but the page is memory like any other: a port that nobody bound is
 *	masked and counted, and does nothing else. Xen's answers are checked to be ports.
 */
#ifndef PV_CORE_XEN_EVENTS_H
#define PV_CORE_XEN_EVENTS_H

#include <pv/boot.h>
#include <pv/types.h>

#include "hypercall/xen.h"

/*
 * Interrupt context, upcalls off, on the CPU that the port is bound to: acknowledge and schedule
 * only.
 */
typedef void (*pv_evtchn_fn)(void *arg);

/* --- binding: a port > 0, or PV_E*. Context: control ------------------------------------------ */

/*
 * PV_ENOMEM without memory; otherwise Xen's errors; PV_EPROTO if it answers with what is no port.
 */

/* A port for domain `remote_domid` to bind to; its number is told to that domain by xenstore. */
int pv_evtchn_alloc_unbound(uint16_t remote_domid, pv_evtchn_fn fn, void *arg) PV_MUST_CHECK;

/* Connects to a port that domain `remote_domid` allocated for us. */
int pv_evtchn_bind_interdomain(uint16_t remote_domid, uint32_t remote_port, pv_evtchn_fn fn,
			       void *arg) PV_MUST_CHECK;

/*
 * Takes a port over that the toolstack bound (xenstore, console). PV_EINVAL if it is no port,
 * PV_EEXIST if it has a handler.
 */
int pv_evtchn_bind_port(uint32_t port, pv_evtchn_fn fn, void *arg) PV_MUST_CHECK;

/*
 * VIRQ_* (xen.h) for CPU `cpu`, an interrupt that CPUs send to `cpu` by pv_evtchn_send(), and a
 * physical interrupt, `flags` BIND_PIRQ__*. The CPU must have been started: PV_EINVAL.
 */
int pv_evtchn_bind_virq(unsigned int virq, unsigned int cpu, pv_evtchn_fn fn,
			void *arg) PV_MUST_CHECK;
int pv_evtchn_bind_ipi(unsigned int cpu, pv_evtchn_fn fn, void *arg) PV_MUST_CHECK;
int pv_evtchn_bind_pirq(uint32_t pirq, uint32_t flags, pv_evtchn_fn fn, void *arg) PV_MUST_CHECK;

/*
 * Ends a port, whoever allocated it; an error or 0 for `port` is nothing to end. The handler must
 * not be running on another CPU. Context: control.
 */
void pv_evtchn_close(int port);

/*
 * As pv_evtchn_close() for a port that pv_evtchn_bind_port() took over: it stays bound in Xen,
 * masked.
 */
void pv_evtchn_unbind(int port);

/* --- while it is bound ------------------------------------------------------------------------ */

/*
 * Has it delivered to another CPU that was started. Ports begin on the boot CPU. Context: control.
 */
int pv_evtchn_set_cpu(int port, unsigned int cpu);

/* Late end of interrupt, see above. Context: control, before anything is sent to the port. */
void pv_evtchn_set_late(int port);

/*
 * The work for a late port is done; it may fire again, and does if it was sent to meanwhile.
 * Context: any.
 */
void pv_evtchn_eoi(int port);

/* The same, but there was no work. */
void pv_evtchn_eoi_idle(int port);

/* Holds the port back, and lets it go: what is pending then is delivered. Context: any. */
void pv_evtchn_mask(int port);
void pv_evtchn_unmask(int port);

/* Whether something was sent since the handler was called last. For polling. Context: any. */
bool pv_evtchn_pending(int port);

/* Notifies the other end. 0, or Xen's error: PV_ENOENT... if the port is closed. Context: any. */
static inline int pv_evtchn_send(int port)
{
	struct evtchn_send op = {.port = (evtchn_port_t)port};

	return pv_xen_evtchn_send(&op);
}

/* --- the rest --------------------------------------------------------------------------------- */

/* How the CPU is interrupted for events. */
enum pv_upcall {
	PV_UPCALL_NONE,	   /* not at all: pv_work() and waits poll */
	PV_UPCALL_KERNEL,  /* PV: the kernel's event callback calls pv_xen_dispatch() */
	PV_UPCALL_PER_CPU, /* a vector of each CPU's, through its local APIC */
	PV_UPCALL_VECTOR,  /* one vector, past the local APIC */
	PV_UPCALL_GSI	   /* the platform device's interrupt line */
};

struct pv_evtchn_stats {
	enum pv_upcall upcall;
	unsigned int bound; /* ports with a handler */
	uint64_t upcalls;   /* calls of pv_xen_dispatch() that found this CPU flagged */
	uint64_t events;    /* handlers called */
	uint64_t unknown;   /* pending ports without a handler, masked */
	uint64_t delayed;   /* late ends that were put off */
};

/* Context: any; the numbers of several moments. */
void pv_evtchn_stats(struct pv_evtchn_stats *out);

/*
 * Called by xen.c. start: every port is masked, and this CPU's upcalls begin. cpu_start: another
 * CPU's, its vcpu_info in place. work: late ends that are due, and events if nothing interrupts for
 * them; things done. exit: every port of ours is closed, the toolstack's are masked.
 */
int pv_evtchn_start(const struct pv_boot_info *boot);
int pv_evtchn_cpu_start(unsigned int cpu);
void pv_evtchn_cpu_stop(unsigned int cpu);
int pv_evtchn_work(void);
void pv_evtchn_exit(void);

/*
 * evtchn_suspend.c: every port is masked until pv_evtchn_release(); or, in a new domain, forgotten:
 * its number is nobody's, and its end, by who has it still, does nothing. mask_all: all of a new
 * shared page are.
 */
void pv_evtchn_hold(void);
void pv_evtchn_release(void);
void pv_evtchn_forget(void);
void pv_evtchn_mask_all(void);

/*
 * upcall.c: registers the upcall for the boot CPU, and for each further one, and again in a new
 * domain; 0 or PV_E*.
 */
enum pv_upcall pv_upcall_start(const struct pv_boot_info *boot);
int pv_upcall_cpu_start(unsigned int cpu);
int pv_upcall_resume(void);
void pv_upcall_exit(void);

#endif
