/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A pvclock page's version (Xen public/xen.h, struct vcpu_time_info; pv-core/pvclock.h): the host
 * writes it at any moment of a reading, and may stop anywhere.
 *
 * Shown: a reading that is taken is of one update, and of one that was complete; and a reading
 * ends, whatever the host does.
 *
 * Fault row 45
 *
 * mutation NO_SECOND_LOOK: does not look at the version again
 * mutation ODD_TAKEN: takes a reading that began while the host wrote
 * mutation VERSION_LATE: loads the version first after the fields
 * mutation NO_BOUND: tries for as long as the host lets it
 * mutation HOST_NO_ODD: the host does not say that it writes
 * mutation HOST_EVEN_FIRST: the host says that it is done before it is
 */
#define MEM 3
#define CPUS 1
#define QUEUE 3
#include "tso.inc"

#define VERSION 0
#define STAMP 1
#define TIME 2
#define HOST 0
#define UPDATES 4
#define TRIES 3
#ifdef NO_BOUND
#define BOUND 100
#else
#define BOUND TRIES
#endif

/* The wrap is within reach. */
#define FIRST 252

byte complete = 0;

proctype host()
{
	byte n, version = FIRST;

	do
	:: n == UPDATES -> break
	:: n -> break
	:: n < UPDATES ->
		n++;
#ifndef HOST_NO_ODD
		version++;
		store(HOST, VERSION, version);
#endif
		if
		/* It stops for good. */
		:: goto stopped
		:: true
		fi;
		store(HOST, STAMP, n);
#ifdef HOST_NO_ODD
		version++;
#endif
		version++;
#ifdef HOST_EVEN_FIRST
		store(HOST, VERSION, version);
		store(HOST, TIME, n);
#else
		store(HOST, TIME, n);
		complete = n;
		store(HOST, VERSION, version);
#endif
	od;
stopped: skip
}

proctype guest()
{
	byte tries, before, stamp, time, now, readings;

	do
	:: readings == 2 -> break
	:: else ->
		readings++;
		tries = 0;
		/* pv_pvclock_read() */
		do
#ifndef NO_BOUND
		:: tries == TRIES -> break
#endif
		:: tries < BOUND ->
			tries++;
			assert(tries <= TRIES);
			/* pv_pvclock_try() */
#ifdef VERSION_LATE
			stamp = mem[STAMP];
			before = mem[VERSION];
#else
			before = mem[VERSION];
			stamp = mem[STAMP];
#endif
			time = mem[TIME];
			now = mem[VERSION];
			if
#ifdef NO_SECOND_LOOK
			:: (before & 1) == 0 ->
#else
#ifdef ODD_TAKEN
			:: now == before ->
#else
			:: (before & 1) == 0 && now == before ->
#endif
#endif
				assert(stamp == time && time <= complete);
				break
			:: else
			fi
		od;
		before = 0; stamp = 0; time = 0; now = 0
	od
}

init {
	atomic {
		mem[VERSION] = FIRST;
		run drain(HOST);
		run host();
		run guest()
	}
}
