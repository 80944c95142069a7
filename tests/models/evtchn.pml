/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Event channels by the two-level ABI (Xen public/event_channel.h; pv-core/xen/events.c): pending,
 * mask, selector and the CPU's flag, with senders that come at any moment of a dispatch or an
 * unmask. Port 0 ends late: the dispatcher masks it, and the main program unmasks it after the
 * work. Port 1 is worked for in its handler.
 *
 * Shown: whatever is sent is worked for in the end, with no further event (work that nobody is
 * going to look for is an invalid end state).
 *
 * The main program runs beside the dispatcher, rather than being interrupted by it: more orders
 * than one CPU has. Xen interrupts when the flag goes from 0 to 1, and only then.
 *
 * Fault row 22
 *
 * variant ONE_WORD: both ports have the same bit of the selector
 * variant OTHER_CPU: the main program's CPU is not the port's, and Xen unmasks from the start
 * mutation LOOK_FIRST, not OTHER_CPU: looks at pending before it clears the mask
 * mutation NO_REMASK, not OTHER_CPU: has Xen unmask a port whose mask is clear
 * mutation NO_XEN: clears the mask, and does nothing about what came before
 * mutation CLEAR_LAST: clears pending after the handler
 * mutation SELECTOR_FIRST: takes the selector before it clears the flag
 * mutation NO_BARRIER: the selector may be loaded before the flag is clear
 * mutation TWO_STEPS, not ONE_WORD: the selector is read, and then cleared
 * mutation FORGETS: what the handler asked for is marked as done after the unmask
 */
#define MEM 6
#define CPUS 1
#define QUEUE 2
#include "tso.inc"

#define FLAG 0
#define SELECTOR 1
#define PENDING(port) (2 + (port))
#define MASK(port) (4 + (port))
#ifdef ONE_WORD
#define BIT(port) 1
#else
#define BIT(port) (1 << (port))
#endif
#define SENDS 2
#define GUEST 0

bool interrupt, scheduled;
bool work[2];
byte sending = 2;

/* Xen's, all locked: a word's old value, and it is set or clear. */
inline test_and(where, what, old)
{
	atomic { old = mem[where]; mem[where] = what }
}

/* The guest's. */
inline locked(where, what, old)
{
	atomic { fence(GUEST) -> old = mem[where]; mem[where] = what }
}

inline mark(port, old)
{
	atomic {
		old = mem[SELECTOR] & BIT(port);
		mem[SELECTOR] = mem[SELECTOR] | BIT(port)
	}
	if
	:: old == 0 ->
		test_and(FLAG, 1, old);
		if
		:: old == 0 -> interrupt = true
		:: else
		fi
	:: else
	fi
}

proctype sender(byte port)
{
	byte n, old;

	do
	:: n == SENDS -> break
	:: else ->
		n++;
		work[port] = true;
		test_and(PENDING(port), 1, old);
		if
		:: old == 0 && mem[MASK(port)] == 0 -> mark(port, old)
		:: else
		fi;
		old = 0
	od;
	sending--
}

inline xen_unmask(port)
{
	test_and(MASK(port), 0, v);
	if
	:: v && mem[PENDING(port)] -> mark(port, v)
	:: else
	fi
}

inline unmask(port)
{
#ifdef OTHER_CPU
#ifdef NO_XEN
	locked(MASK(port), 0, v);
#else
	xen_unmask(port);
#endif
#else
#ifdef LOOK_FIRST
	load(GUEST, PENDING(port), look);
	locked(MASK(port), 0, v);
#else
	locked(MASK(port), 0, v);
	load(GUEST, PENDING(port), look);
#endif
	if
#ifdef NO_XEN
	:: false
#else
	:: look ->
#ifndef NO_REMASK
		locked(MASK(port), 1, v);
#endif
		xen_unmask(port)
#endif
	:: else
	fi;
	look = 0;
#endif
	v = 0
}

proctype main()
{
	byte v, look;

	do
	:: scheduled ->
#ifndef FORGETS
		scheduled = false;
#endif
		work[0] = false;
		unmask(0)
#ifdef FORGETS
		; scheduled = false
#endif
	:: sending == 0 && !work[0] && !work[1] -> break
	od
}

/* Whoever is sent to after that look makes pending 1 once more. */
inline fire(port)
{
	if
	:: port == 0 -> locked(MASK(port), 1, v)
	:: else
	fi;
#ifndef CLEAR_LAST
	locked(PENDING(port), 0, v);
#endif
	if
	:: port == 0 -> scheduled = true
	:: else -> work[1] = false
	fi;
#ifdef CLEAR_LAST
	locked(PENDING(port), 0, v);
#endif
	v = 0
}

proctype upcall()
{
	byte v, selected, port, pending[2];

	do
	:: true ->
end:		interrupt -> interrupt = false;
		load(GUEST, FLAG, v);
		if
		:: v == 0 -> goto again
		:: else
		fi;
#ifdef SELECTOR_FIRST
		locked(SELECTOR, 0, selected);
		store(GUEST, FLAG, 0);
#else
		store(GUEST, FLAG, 0);
#ifdef NO_BARRIER
		atomic { selected = mem[SELECTOR]; mem[SELECTOR] = 0 }
#else
#ifdef TWO_STEPS
		fence(GUEST);
		load(GUEST, SELECTOR, selected);
		locked(SELECTOR, 0, v);
#else
		locked(SELECTOR, 0, selected);
#endif
#endif
#endif
		if
		:: selected ->
			/* Of a second word the code loads them later, and sees no less. */
			d_step { pending[0] = mem[PENDING(0)]; pending[1] = mem[PENDING(1)] }
			d_step {
				pending[0] = pending[0] && !mem[MASK(0)] && (selected & BIT(0));
				pending[1] = pending[1] && !mem[MASK(1)] && (selected & BIT(1))
			}
			for (port : 0 .. 1) {
				if
				:: pending[port] -> fire(port)
				:: else
				fi
			}
		:: else
		fi;
again:		skip;
		d_step { v = 0; selected = 0; port = 0; pending[0] = 0; pending[1] = 0 }
	od
}

init {
	atomic {
		run drain(GUEST);
		run sender(0);
		run sender(1);
		run upcall();
		run main()
	}
}
