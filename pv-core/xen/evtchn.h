/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the files of event channels share.
 */
#ifndef PV_CORE_XEN_EVTCHN_H
#define PV_CORE_XEN_EVTCHN_H

#include <pv/config.h>
#include <pv/shared.h>

#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"

/*
 * The shared page's words, each of as many ports as there are words: a selector word has a bit for
 * each.
 */
#define PV_EVTCHN_WORDS 64
#define PV_EVTCHN_PORTS (PV_EVTCHN_WORDS * 64)

struct pv_evtchn_port {
	pv_evtchn_fn fn; /* NULL: not ours */
	void *arg;
	uint64_t due; /* late end that was put off: when it is due, ns of the clock */
	uint16_t cpu; /* that it is delivered to */
	uint8_t idle; /* rounds in a row without work */
	bool late;
	bool borrowed; /* the toolstack's: not to be closed */
};

/* evtchn_bind.c: the entries, in a table for each word of which a port was ever bound. */
extern struct pv_evtchn_port *pv_evtchn_ports[PV_EVTCHN_WORDS];
extern unsigned int pv_evtchn_num_bound;
extern unsigned int pv_evtchn_boot_cpu; /* to which Xen delivers whatever is not moved */

/* The port's entry; NULL if none of its word was ever bound. Context: any. */
static inline struct pv_evtchn_port *pv_evtchn_port(unsigned int port)
{
	struct pv_evtchn_port *word = port < PV_EVTCHN_PORTS ? pv_evtchn_ports[port / 64] : NULL;

	return word ? &word[port % 64] : NULL;
}

/* A bound port's; NULL for any other, and for numbers that are none. Context: any. */
static inline struct pv_evtchn_port *pv_evtchn_bound(int port)
{
	struct pv_evtchn_port *p = port > 0 ? pv_evtchn_port((unsigned int)port) : NULL;

	return p && p->fn ? p : NULL;
}

/* Ends a bound port, or all of them; what is borrowed is only masked. */
void pv_evtchn_end(unsigned int port);
void pv_evtchn_end_all(void);

/* Whether CPU `cpu` has upcalls. */
bool pv_evtchn_started(unsigned int cpu);

/* Has CPU `cpu` look at the port, and nobody else. */
void pv_evtchn_give(unsigned int port, unsigned int cpu);

/* pv_evtchn_unmask() of a bound port. */
void pv_evtchn_let_go(const struct pv_evtchn_port *p, unsigned int port);

/* Calls what is pending for this CPU; whether it was flagged. Context: as pv_xen_dispatch(). */
bool pv_evtchn_dispatch(void);

/* evtchn_late.c: lets those go whose end was put off and is due now; their number. */
int pv_evtchn_late_work(void);
/* Forgets a put-off end; all of them. */
void pv_evtchn_late_forget(unsigned int port);
void pv_evtchn_late_reset(void);
uint64_t pv_evtchn_late_delayed(void);

/* The bit of `port` in its word. */
static inline uint64_t pv_evtchn_bit(unsigned int port)
{
	return 1ull << port % 64;
}

/* Xen delivers it no more. */
static inline void pv_evtchn_set_mask(unsigned int port)
{
	pv_shared_fetch_or(&pv_xen_shared_info()->evtchn_mask[port / 64], pv_evtchn_bit(port));
}

#endif
