/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "bench/xen/count.h"

#include "hypercall/xen.h"
#include "ports/bare/bare.h"
#include "ports/bare/hv.h"
#include "pv-core/xen/evtchn.h"

long __real_pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
			     unsigned long a4, unsigned long a5);
long __wrap_pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
			     unsigned long a4, unsigned long a5);
void __real_pv_bare_irq(unsigned int number);
void __wrap_pv_bare_irq(unsigned int number);
void __real_pv_bare_apic_eoi(void);
void __wrap_pv_bare_apic_eoi(void);
void __real_pv_xen_dispatch(void);
void __wrap_pv_xen_dispatch(void);
bool __real_pv_evtchn_dispatch(void);
bool __wrap_pv_evtchn_dispatch(void);

static uint64_t whole, since, library, library_since;
static uint64_t hypercalls, sleeps, eois, upcalls;
static bool outside;

static inline void out(void)
{
	whole += pv_rdtsc() - since;
	outside = true;
}

static inline void in(void)
{
	outside = false;
	since = pv_rdtsc();
}

static inline uint64_t now(void)
{
	return whole + (pv_rdtsc() - since);
}

/* --- the ways in and out ---------------------------------------------------------------------- */

/* An interrupt may come before the way in, and finds that it is still out. */
long __wrap_pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
			     unsigned long a4, unsigned long a5)
{
	long r;

	if (op == __HYPERVISOR_sched_op && a1 == SCHEDOP_block)
		sleeps++;
	else
		hypercalls++;
	out();
	r = __real_pv_xen_hypercall(op, a1, a2, a3, a4, a5);
	in();
	return r;
}

void __wrap_pv_bare_irq(unsigned int number)
{
	bool was_outside = outside;

	if (was_outside)
		in();
	__real_pv_bare_irq(number);
	if (was_outside)
		out();
}

/* Where the CPU does not know it by itself, Xen does it. */
void __wrap_pv_bare_apic_eoi(void)
{
	eois++;
	out();
	__real_pv_bare_apic_eoi();
	in();
}

/* A PV guest's upcall, if it is out. */
void __wrap_pv_xen_dispatch(void)
{
	bool was_outside = outside;
	uint64_t begin;

	if (was_outside) {
		upcalls++;
		in();
	}
	begin = now();
	__real_pv_xen_dispatch();
	library += now() - begin;
	if (was_outside)
		out();
}

bool __wrap_pv_evtchn_dispatch(void)
{
	uint64_t begin = now();
	bool found = __real_pv_evtchn_dispatch();

	library += now() - begin;
	upcalls += found;
	return found;
}

/* --- for the benchmark ------------------------------------------------------------------------ */

void count_library_begin(void)
{
	library_since = now();
}

void count_library_end(void)
{
	library += now() - library_since;
}

void count_get(struct count *c)
{
	c->upcalls = upcalls;
	c->whole = now();
	c->library = library;
	c->hypercalls = hypercalls;
	c->sleeps = sleeps;
	c->eois = eois;
}

/* Interrupts are let in by the STI only together with the HLT, so that none comes in between. */
static void sleep_hlt(const volatile bool *woken)
{
	__asm__ __volatile__("cli" : : : "memory");
	if (*woken) {
		__asm__ __volatile__("sti" : : : "memory");
		return;
	}
	sleeps++;
	out();
	__asm__ __volatile__("sti; hlt" : : : "memory");
	in();
}

/* A PV guest's SCHEDOP_block does not sleep if an event is pending. */
void count_sleep(const volatile bool *woken)
{
	while (!*woken) {
		if (pv_bare_pv)
			pv_bare_pv->sleep();
		else
			sleep_hlt(woken);
	}
}
