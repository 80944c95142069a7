/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Late end of interrupt: a port stays masked from its handler's call until the work is done.
 *
 * A peer that notifies without giving work gets its port let go at once twice, and from then on
 * after a delay that doubles with each such round, up to a second: a storm costs less and less, and
 * a peer that comes to its senses is heard at the latest a second later. Any round with work ends
 * the delays.
 *
 * Ports that wait have a bit in `waiting`, and its word one in `waiting_words`, as events have
 * theirs; both are changed from any context. Whoever takes a port's bit out lets it go. The CPU's
 * timer, if there is one, has pv_work() asked for when the first is due.
 */
#include <pv/clock.h>
#include <pv/os.h>
#include <pv/string.h>

#include "pv-core/xen/evtchn.h"
#include "pv-core/xen/xen_timer.h"

#define PATIENCE     2 /* rounds without work that cost nothing */
#define DELAY_NS     1000000ull
#define DELAY_DOUBLE 10 /* times, at most */

static uint64_t waiting_words;
static uint64_t waiting[PV_EVTCHN_WORDS];
static uint64_t delayed;

uint64_t pv_evtchn_late_delayed(void)
{
	return __atomic_load_n(&delayed, __ATOMIC_RELAXED);
}

void pv_evtchn_set_late(int port)
{
	struct pv_evtchn_port *p = pv_evtchn_bound(port);

	if (p)
		p->late = true;
}

void pv_evtchn_eoi(int port)
{
	struct pv_evtchn_port *p = pv_evtchn_bound(port);

	if (!p)
		return;
	p->idle = 0;
	pv_evtchn_let_go(p, (unsigned int)port);
}

void pv_evtchn_eoi_idle(int port)
{
	struct pv_evtchn_port *p = pv_evtchn_bound(port);
	unsigned int doubled;

	if (!p)
		return;
	if (p->idle <= PATIENCE + DELAY_DOUBLE)
		p->idle++;
	/* Without a clock nobody would know when it is due. */
	if (p->idle <= PATIENCE || !pv_clock_present()) {
		pv_evtchn_unmask(port);
		return;
	}
	doubled = p->idle - PATIENCE - 1u;
	p->due = pv_clock_now() + (DELAY_NS << doubled);
	__atomic_fetch_add(&delayed, 1, __ATOMIC_RELAXED);
	__atomic_fetch_or(&waiting[port / 64], pv_evtchn_bit((unsigned int)port), __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&waiting_words, 1ull << port / 64, __ATOMIC_SEQ_CST);
	pv_xen_timer_wake(p->due);
}

/* Takes the port's bit out; whether it was there. */
static bool take(unsigned int port)
{
	return __atomic_fetch_and(&waiting[port / 64], ~pv_evtchn_bit(port), __ATOMIC_SEQ_CST) &
	       pv_evtchn_bit(port);
}

/* Lets go what is due in a word. The first that is not yet is in `*next`, if it is before that. */
static int word_work(unsigned int word, uint64_t now, uint64_t *next)
{
	uint64_t bits = __atomic_load_n(&waiting[word], __ATOMIC_ACQUIRE);
	struct pv_evtchn_port *p;
	unsigned int port;
	int done = 0;

	for (; bits; bits &= bits - 1) {
		port = word * 64 + (unsigned int)__builtin_ctzll(bits);
		p = pv_evtchn_port(port);
		if (p->due > now) {
			*next = p->due < *next ? p->due : *next;
		} else if (take(port)) {
			pv_evtchn_unmask((int)port);
			done++;
		}
	}
	/* A bit that comes after this look sets its word's bit after it, too. */
	if (__atomic_load_n(&waiting[word], __ATOMIC_SEQ_CST))
		__atomic_fetch_or(&waiting_words, 1ull << word, __ATOMIC_SEQ_CST);
	return done;
}

int pv_evtchn_late_work(void)
{
	uint64_t words, now, next = ~0ull;
	int done = 0;

	if (pv_likely(!__atomic_load_n(&waiting_words, __ATOMIC_RELAXED)))
		return 0;
	now = pv_clock_now();
	words = __atomic_exchange_n(&waiting_words, 0, __ATOMIC_SEQ_CST);
	for (; words; words &= words - 1)
		done += word_work((unsigned int)__builtin_ctzll(words), now, &next);
	if (next != ~0ull)
		pv_xen_timer_wake(next);
	return done;
}

void pv_evtchn_late_forget(unsigned int port)
{
	take(port);
}

void pv_evtchn_late_reset(void)
{
	pv_memset(waiting, 0, sizeof(waiting));
	waiting_words = 0;
	delayed = 0;
}
