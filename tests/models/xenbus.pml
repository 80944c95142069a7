/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The hand-shake of xenbus (xen/io/xenbus.h; pv-core/xen/xenbus.h), by the library's own tables:
 * xenbus_tables.inc is written from pv-core/xen/xenbus_table.c. The frontend is that of
 * xenbus_state.c and xenbus_client.c; the backend does what Linux' block and network backends do,
 * and answers to what the store has at that moment. Watches are coalesced. A deadline passes when
 * nobody else has anything to do.
 *
 * Shown: whatever a predecessor left, in both folders, the device ends connected on both sides,
 * with a driver and with the rings that it offered last; or, if the toolstack took it away, without
 * one and with the backend gone. It is never given up, and never broken: a backend that started
 * again and was seen to take the old rings is made to let go of them. With nothing in the way no
 * deadline passes.
 *
 * Fault row 27
 *
 * variant RESTARTS: the backend starts again, once, at any moment
 * variant TAKEN_AWAY: the toolstack takes the device away, at any moment
 * mutation READ_FIRST, not TAKEN_AWAY: the state is read before the watch is marked as seen
 * mutation NOT_CLOSED_FIRST, not TAKEN_AWAY: a predecessor's connection is begun anew as it is
 * mutation NOT_REMOVED, only TAKEN_AWAY: a backend that closes is not noticed
 * mutation NOT_AGAIN, not TAKEN_AWAY: a backend that closed during the probe is not asked again
 * mutation NO_DEADLINE, not TAKEN_AWAY: what the backend does not notice is waited for
 * mutation NOT_RECLAIMED, only RESTARTS: a backend that took the old rings is gone on with
 * mutation SLOW_BACKEND: the backend answers to what was, without end
 */
#include "xenbus_tables.inc"

#define Unknown 0
#define Initialising 1
#define InitWait 2
#define Initialised 3
#define Connected 4
#define Closing 5
#define Closed 6
#define STATES 9
#define CLOSES 8

/* The store. */
byte front, back, own;
bool front_watch, back_watch;
bool online = true;

/* Which of the rings that the frontend offered the backend has. */
byte rings, mapped;

bool disturbed;
bool driver;

inline write_front(what)
{
	atomic { front = what; front_watch = true }
}

inline write_back(what)
{
	atomic { back = what; back_watch = true }
}

/* Its own state the backend keeps: what the toolstack writes there is for the frontend. */
inline switch_back(what)
{
	own = what;
	write_back(what)
}

/* The backend learns that the frontend's state changed, and reads it. */
inline answer()
{
	front_watch = false;
	f = front;
	if
	:: f == Initialising && own == Closed -> switch_back(InitWait)
	:: (f == Initialised || f == Connected) && own != Connected ->
		mapped = rings;
		switch_back(Connected)
	/* Not all have anything to close then. */
	:: f == Closing && own == InitWait
	:: f == Closing && own != Closing && own != Closed -> switch_back(Closing)
	:: f == Closed && !online -> switch_back(Unknown)
	:: f == Closed && online && own != Closed -> switch_back(Closed)
	:: else
	fi;
	f = 0
}

#ifdef SLOW_BACKEND
#define AT_ONCE
#else
#define AT_ONCE atomic
#endif

proctype backend()
{
	byte f;

#ifdef RESTARTS
	bool may_restart = true;
#else
	bool may_restart = false;
#endif

end:	do
	:: own == Initialising -> AT_ONCE { switch_back(InitWait); answer() }
	:: own != Initialising && own != Unknown && front_watch -> AT_ONCE { answer() }
	:: own == Unknown -> break
	:: may_restart -> may_restart = false
	:: may_restart ->
		may_restart = false;
		disturbed = true;
		switch_back(Initialising)
#ifdef TAKEN_AWAY
	:: online ->
		disturbed = true;
		atomic { online = false; write_back(Closing); front_watch = true }
	/* In the end it does so by force. */
	:: timeout && !online && own != Unknown -> atomic { own = Unknown; write_back(Unknown) }
#endif
	od
}

/* wait_backend() of xenbus_client.c: until `seen` is one of these, or the deadline passed. */
inline await(wanted)
{
	back_watch = true;
	do
	:: back_watch ->
		look();
		if
		:: (wanted) & (1 << seen) -> break
		:: else
		fi
	:: timeout ->
		assert(disturbed);
		break
	od
}

inline look()
{
#ifdef READ_FIRST
	seen = back;
	back_watch = false
#else
	back_watch = false;
	seen = back
#endif
}

#define NOTICED (1 << Unknown | 1 << Initialising | 1 << Closing | 1 << Closed)
#define LET_GO (1 << Unknown | 1 << Initialising | 1 << InitWait | 1 << Closed)
#define ENDING (1 << Unknown | 1 << Closing | 1 << Closed)

inline say(what)
{
	write_front(what);
	state = what
}

/* pv_xenbus_close() */
inline close()
{
	if
	:: state == Unknown || state == Initialising || state == Closed
	:: else ->
		say(Closing);
		await(NOTICED);
		say(Closed);
		await(LET_GO)
	fi
}

/* A driver's probe and resume: rings are offered, and taken. */
inline connect()
{
	atomic { rings++; say(Initialised) };
	await(1 << Connected | ENDING);
	if
	:: seen == Connected ->
		say(Connected);
		driver = true
	:: else ->
#ifndef NOT_AGAIN
		turned = ((ENDING) & (1 << seen)) != 0;
#endif
		close();
		driver = false
	fi
}

proctype frontend()
{
	byte state, seen, was, closes, bound, act;
	bool turned;

fresh:	/* found() */
	atomic { state = front; seen = Unknown; back_watch = true };
	do
	:: back_watch ->
		look();
		bound = STATES;
		do
		:: bound == 0 -> break
		:: else ->
			bound--;
			act = attach[state * STATES + seen];
#ifdef NOT_CLOSED_FIRST
			if
			:: state == Initialising && act == CLOSING -> act = OFFER
			:: else
			fi;
#endif
			if
			:: act == WAIT -> break
			:: act == OFFER -> goto offered
			:: act == RESTART ->
				if
				:: state != Unknown && !online -> break
				:: else -> say(Initialising)
				fi
			:: act == CLOSING ->
				assert(closes < CLOSES);
				closes++;
				disturbed = true;
				say(Closing)
			:: act == CLOSED -> say(Closed)
			fi
		od;
		act = 0; bound = 0
#ifndef NO_DEADLINE
	/* pv_xenbus_overdue() */
	:: timeout && (state == Closing || state == Closed && online && seen != Closed) ->
		assert(closes < CLOSES);
		closes++;
		disturbed = true;
		say((state == Closing -> Closed : Initialising));
		back_watch = true
#endif
	:: timeout && !online && back == Unknown -> goto rest
	od;

offered:
	act = 0; bound = 0;
	connect();
	do
	:: back_watch ->
		was = seen;
		look();
		act = step[was * STATES + seen];
		was = 0;
#ifdef NOT_REMOVED
		if
		:: act == REMOVE -> act = SAME
		:: else
		fi;
#endif
		if
		:: !driver && (act == SAME || act == BREAK)
		:: !driver && act != SAME && act != BREAK -> goto again
		:: driver && (act == SAME || act == CHANGED)
		:: driver && act == LOST -> say(Initialising)
		:: driver && act == REJOIN ->
			say(Initialising);
			connect();
			if
			:: !driver -> goto again
			:: else
			fi
#ifdef NOT_RECLAIMED
		:: driver && act == RECLAIM -> driver = true
#else
		:: driver && act == RECLAIM ->
			say(Closing);
			close();
			say(Initialising);
			await(1 << InitWait | 1 << Unknown);
			if
			:: seen == InitWait -> connect()
			:: else -> driver = false
			fi;
			if
			:: !driver -> goto again
			:: else
			fi
#endif
		:: driver && act == REMOVE -> goto again
		:: driver && act == BREAK -> assert(false)
		fi;
		act = 0
	/* pv_xenbus_overdue() */
	:: timeout && turned -> goto again
	:: timeout && !turned && (online || back == Unknown) -> goto rest
	od;

again:	/* pv_xenbus_again() */
	turned = false;
	act = 0;
	close();
	driver = false;
	assert(closes < CLOSES);
	closes++;
	goto fresh;

rest:	assert(online -> driver && state == Connected && front == Connected && back == Connected &&
			mapped == rings :
		!driver && back == Unknown);
}

init {
	atomic {
		/*
		 * The frontend's folder as any predecessor left it, the backend's in any state it
		 * has.
		 */
		select(front : 0 .. 8);
		if
		:: back = Initialising
		:: back = InitWait
		:: back = Connected
		:: back = Closing
		:: back = Closed
		fi;
		disturbed = !(front == Initialising && (back == Initialising || back == InitWait));
		own = back;
		front_watch = true;
		run backend();
		run frontend()
	}
}
