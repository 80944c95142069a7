/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The end of a grant (Xen public/grant_table.h; pv-core/xen/grant_table.h): the guest lends a page,
 * takes it back and uses it, and lends another by the same entry, while Xen maps and unmaps on the
 * peer's behalf at any moment.
 *
 * Shown: what the peer has mapped is lent, always; so a page that was taken back is nobody's else.
 *
 * Fault row 15
 *
 * variant V2: the use is noted in a table of its own
 * mutation TEST_FIRST: looks whether it is in use, and takes it back then
 * mutation NO_TEST: takes it back without a look
 * mutation FLAGS_FIRST: the entry is made valid before it names its page
 * mutation NO_MB, only V2: no barrier between the flags and the look at the status
 * mutation XEN_LOOKS_ONCE, only V2: Xen does not look at the flags again
 */
#define MEM 3
#define CPUS 1
#define QUEUE 3
#include "tso.inc"

#define FLAGS 0
#define FRAME 1
#define STATUS 2

#define PERMIT 1
#define IN_USE 2
#define GUEST 0
#define ROUNDS 3
#define MAPS 3
#define PAGE(round) (1 + (round) % 2)

bool lent[3];
byte mapped;

/* pv_grant_revoke() */
inline revoke(good)
{
#ifdef V2
#ifdef TEST_FIRST
	load(GUEST, STATUS, v);
	store(GUEST, FLAGS, 0);
#else
	store(GUEST, FLAGS, 0);
#ifndef NO_MB
	fence(GUEST);
#endif
	load(GUEST, STATUS, v);
#endif
	good = !(v & IN_USE);
#else
#ifdef TEST_FIRST
	fence(GUEST);
	load(GUEST, FLAGS, v);
	if
	:: v == PERMIT -> store(GUEST, FLAGS, 0); good = true
	:: else -> good = false
	fi;
#else
	/* The compare-and-exchange. */
	atomic {
		fence(GUEST) ->
		good = mem[FLAGS] == PERMIT;
		mem[FLAGS] = (good -> 0 : mem[FLAGS])
	}
#endif
#endif
#ifdef NO_TEST
	good = true;
#endif
	v = 0
}

proctype guest()
{
	byte round, v;
	bool good;

	do
	:: round == ROUNDS -> break
	:: else ->
		lent[PAGE(round)] = true;
#ifdef FLAGS_FIRST
		store(GUEST, FLAGS, PERMIT);
#endif
		store(GUEST, FRAME, PAGE(round));
		store(GUEST, FLAGS, PERMIT);
		/* Quarantined, and tried again, until it works. */
		do
		:: good -> break
		:: else -> revoke(good)
		od;
		/* From here on its contents are the guest's. */
		atomic {
			lent[PAGE(round)] = false;
			assert(mapped != PAGE(round));
			good = false
		};
		round++
	od
}

/* Xen, for the peer. */
proctype xen()
{
	byte n, v, use;

	do
	:: n == MAPS -> break
	:: else ->
		n++;
		v = mem[FLAGS];
		if
		:: v != PERMIT -> use = 0
		:: else ->
#ifdef V2
			atomic { mem[STATUS] = mem[STATUS] | IN_USE };
#ifdef XEN_LOOKS_ONCE
			use = 1;
#else
			use = mem[FLAGS] == PERMIT;
#endif
			if
			:: !use -> mem[STATUS] = 0
			:: else
			fi
#else
			atomic {
				use = mem[FLAGS] == v;
				mem[FLAGS] = (use -> v | IN_USE : mem[FLAGS])
			}
#endif
		fi;
		if
		:: use ->
			/* The frame is read once the use is noted. */
			atomic { mapped = mem[FRAME]; assert(lent[mapped]) };
			mapped = 0;
#ifdef V2
			mem[STATUS] = 0
#else
			atomic { mem[FLAGS] = mem[FLAGS] & ~IN_USE }
#endif
		:: else
		fi;
		v = 0;
		use = 0
	od
}

init {
	atomic {
		run drain(GUEST);
		run guest();
		run xen()
	}
}
