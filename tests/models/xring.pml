/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The Xen ring with its final check (xen/io/ring.h; pv-core/xen/ring.h): frontend and backend each
 * put, show, ask for an event and sleep, in every order that there is, over a wrap of the indices.
 *
 * Shown: the frontend gets every answer, so that no event is lost in either direction (a sleep from
 * which nobody wakes it is an invalid end state); each side finds in a slot what the other put
 * there; indices never say more than there is.
 *
 * Fault row 7
 *
 * mutation NO_MB_PUSH: no barrier between req_prod and the look at req_event
 * mutation NO_MB_ARM: no barrier between rsp_event and the last look at rsp_prod
 * mutation NO_FINAL_CHECK: sleeps without a last look
 * mutation INDEX_FIRST: req_prod is shown before the slot is written
 * mutation PLAIN_COMPARE: whether the event is wanted is told by comparing indices that wrap
 * mutation EVENT_AT_CONS: asks for the event of a response that was taken
 * mutation BACK_NO_MB: the backend has no barrier before its last look
 */
#define MEM 6
#define CPUS 2
#define QUEUE 4
#include "tso.inc"

#define REQ_PROD 0
#define REQ_EVENT 1
#define RSP_PROD 2
#define RSP_EVENT 3
#define SLOT(i) (4 + ((i) & (SIZE - 1)))

#define FRONT 0
#define BACK 1

/* Indices of three bits, that wrap at once: 6, 7, 0, 1... */
#define INDEX(i) ((i) & 7)
#define START 6
#define SIZE 2
#define TOTAL 4
#define REQUEST(i) (16 + (i))
#define RESPONSE(i) (32 + (i))

bool event[2];

/* Whether a step from `old` to `now` passes the index `at`: at in (old, now]. */
#define PASSES(now, at, old) (INDEX((now) - (at)) < INDEX((now) - (old)))

proctype front()
{
	byte req_prod = START, pushed = START, rsp_seen = START, rsp_cons = START;
	byte left = TOTAL, v, after;

	do
	:: left == 0 && rsp_cons == req_prod -> break
	:: else ->
		/* Any number that there is room for; at least one if none is in flight. */
		do
		:: left && INDEX(req_prod - rsp_cons) < SIZE ->
#ifdef INDEX_FIRST
			store(FRONT, REQ_PROD, INDEX(req_prod + 1));
#endif
			store(FRONT, SLOT(req_prod), REQUEST(req_prod));
			req_prod = INDEX(req_prod + 1);
			left--
		:: req_prod != rsp_cons -> break
		od;
		/* pv_xring_push */
		if
		:: req_prod != pushed ->
			store(FRONT, REQ_PROD, req_prod);
#ifndef NO_MB_PUSH
			fence(FRONT);
#endif
			load(FRONT, REQ_EVENT, v);
			if
#ifdef PLAIN_COMPARE
			:: v <= req_prod && v > pushed -> event[BACK] = true
#else
			:: PASSES(req_prod, v, pushed) -> event[BACK] = true
#endif
			:: else
			fi;
			pushed = req_prod
		:: else
		fi;
		/* pv_xring_look, pv_xring_take */
		load(FRONT, RSP_PROD, rsp_seen);
		assert(INDEX(rsp_seen - rsp_cons) <= INDEX(pushed - rsp_cons));
		do
		:: rsp_seen != rsp_cons ->
			load(FRONT, SLOT(rsp_cons), v);
			assert(v == RESPONSE(rsp_cons));
			rsp_cons = INDEX(rsp_cons + 1)
		:: else -> break
		od;
		/* pv_xring_arm, for the next response or the one after that */
		if
		:: req_prod != rsp_cons ->
			if
			:: after = 0
			:: INDEX(req_prod - rsp_cons) > 1 -> after = 1
			fi;
#ifdef EVENT_AT_CONS
			store(FRONT, RSP_EVENT, INDEX(rsp_cons + after));
#else
			store(FRONT, RSP_EVENT, INDEX(rsp_cons + 1 + after));
#endif
#ifndef NO_MB_ARM
			fence(FRONT);
#endif
			load(FRONT, RSP_PROD, v);
			if
#ifdef NO_FINAL_CHECK
			:: false
#else
			:: INDEX(v - rsp_cons) > after
#endif
			:: else -> event[FRONT] -> event[FRONT] = false
			fi;
			after = 0
		:: else
		fi;
		v = 0;
		rsp_seen = 0
	od
}

proctype back()
{
	byte req_cons = START, rsp_prod = START, shown = START, prod, v;

	do
	:: true ->
		load(BACK, REQ_PROD, prod);
		assert(INDEX(prod - rsp_prod) <= SIZE);
		do
		:: prod != req_cons ->
			load(BACK, SLOT(req_cons), v);
			assert(v == REQUEST(req_cons));
			store(BACK, SLOT(req_cons), RESPONSE(req_cons));
			req_cons = INDEX(req_cons + 1);
			rsp_prod = req_cons;
			/* One at a time, or all at once. */
			if
			:: break
			:: prod != req_cons
			fi
		:: else -> break
		od;
		if
		:: rsp_prod != shown ->
			store(BACK, RSP_PROD, rsp_prod);
			fence(BACK);
			load(BACK, RSP_EVENT, v);
			if
			:: PASSES(rsp_prod, v, shown) -> event[FRONT] = true
			:: else
			fi;
			shown = rsp_prod
		:: else
		fi;
		/* RING_FINAL_CHECK_FOR_REQUESTS */
		store(BACK, REQ_EVENT, INDEX(req_cons + 1));
#ifndef BACK_NO_MB
		fence(BACK);
#endif
		load(BACK, REQ_PROD, prod);
		v = 0;
		if
		:: prod != req_cons
		:: else ->
			prod = 0;
end:			event[BACK] -> event[BACK] = false
		fi
	od
}

init {
	atomic {
		mem[REQ_PROD] = START;
		mem[RSP_PROD] = START;
		mem[REQ_EVENT] = INDEX(START + 1);
		mem[RSP_EVENT] = INDEX(START + 1);
		run drain(FRONT);
		run drain(BACK);
		run front();
		run back()
	}
}
