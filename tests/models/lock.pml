/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A lock whose waiters sleep (pv-core/lock.c): a queue, thieves that take it past a first in the
 * queue that does not run, and kicks.
 *
 * Shown: one CPU at a time has it; no thief takes it past one that has claimed it; nobody sleeps
 * for good (that would be a state without a way on). How long a CPU spins is left open: it may give
 * up at once.
 *
 * A waiter's own word is `mem`, by the CPU's queue of stores; what is written by locked
 * instructions only is a variable.
 *
 * variant ALONE: all join the queue at once, nobody is a thief
 * mutation NO_LOOK: the first of the queue sleeps without another look at the lock
 * mutation NO_LOOK_TURN: another one sleeps without another look at whether it is its turn
 * mutation NO_MB: no barrier between the first one's name and its look at the lock
 * mutation NO_MB_TURN: no barrier between a sleeper's mark and its look
 * mutation NO_NAME: who gives the turn to a sleeper does not leave its name for the kick
 * mutation CLEARED_LATE: the name of who has woken is taken out after the turn was given
 * mutation RUDE, not ALONE: a thief does not care for who has claimed it
 */
#define CPUS 3
#define MEM 7
#define QUEUE 3
#include "tso.inc"

#define FIRST 0
#define NEXT(cpu) (1 + (cpu))
#define ASLEEP(cpu) (4 + (cpu))
#define ROUNDS 2

bool held, claimed;
byte tail;	    /* CPU and one */
bool turn[CPUS];
bool kicked[CPUS];
byte inside;

inline kick(c)
{
	kicked[c] = true
}

/* It has not to be kicked any more, if it was before. */
inline sleep(c)
{
	atomic { kicked[c] -> kicked[c] = false }
}

inline has_it()
{
	inside++;
	assert(inside == 1)
}

inline steal(c, got)
{
	atomic {
		empty(queue[c]) ->
#ifdef RUDE
		got = !held;
#else
		got = !held && !claimed;
#endif
		if
		:: got -> assert(!claimed); held = true; has_it()
		:: else
		fi
	}
}

inline wait_for_turn(c, v)
{
	do
	:: turn[c] -> break
	:: !turn[c] ->
#ifdef NO_MB_TURN
		store(c, ASLEEP(c), 1);
#else
		atomic { empty(queue[c]) -> mem[ASLEEP(c)] = 1 };
#endif
		v = turn[c];
#ifdef NO_LOOK_TURN
		v = 0;
#endif
		if
		:: !v -> sleep(c)
		:: else
		fi;
		v = 0;
		store(c, ASLEEP(c), 0)
	od
}

inline wait_as_first(c, v, got)
{
	do
	:: got -> break
	:: else ->
		atomic { empty(queue[c]) -> claimed = true };
		if
		:: atomic {
			empty(queue[c]) && !held ->
			held = true;
			claimed = false;
			got = true;
			has_it()
		}
		:: held ->
			/* It has spun for long enough. */
			atomic { empty(queue[c]) -> claimed = false };
#ifdef NO_MB
			store(c, FIRST, c + 1);
#else
			atomic { empty(queue[c]) -> mem[FIRST] = c + 1 };
#endif
			v = held;
#ifdef NO_LOOK
			v = 1;
#endif
			if
			:: v -> sleep(c)
			:: else
			fi;
			v = 0
		fi
	od
}

inline give_turn(c, v)
{
#ifndef CLEARED_LATE
	store(c, FIRST, 0);
#endif
	if
	:: atomic { empty(queue[c]) && tail == c + 1 -> tail = 0 }
	:: atomic { empty(queue[c]) && tail != c + 1 -> skip };
		atomic { mem[NEXT(c)] != 0 -> v = mem[NEXT(c)] - 1 };
		atomic { empty(queue[c]) -> turn[v] = true };
#ifdef CLEARED_LATE
		store(c, FIRST, 0);
#endif
#ifndef NO_NAME
		if
		:: mem[ASLEEP(v)] -> store(c, FIRST, v + 1)
		:: else
		fi;
#endif
		v = 0
	fi
}

inline take(c, v, got)
{
	got = false;
#ifndef ALONE
	steal(c, got);
#endif
	if
	:: got
	:: else ->
		atomic {
			empty(queue[c]) ->
			mem[NEXT(c)] = 0;
			turn[c] = false;
			v = tail;
			tail = c + 1
		};
		if
		:: v ->
			store(c, NEXT(v - 1), c + 1);
			v = 0;
			wait_for_turn(c, v)
		:: else
		fi;
		wait_as_first(c, v, got);
		give_turn(c, v)
	fi
}

inline drop(c, v)
{
	atomic { empty(queue[c]) -> inside--; held = false };
	atomic {
		v = mem[FIRST];
		if
		:: v -> mem[FIRST] = 0; kick(v - 1)
		:: else
		fi;
		v = 0
	}
}

proctype cpu(byte c)
{
	byte round, v;
	bool got;

	do
	:: round == ROUNDS -> break
	:: else ->
		take(c, v, got);
		drop(c, v);
		round++
	od
}

init {
	atomic {
		run drain(0);
		run drain(1);
		run drain(2);
		run cpu(0);
		run cpu(1);
		run cpu(2)
	}
}
