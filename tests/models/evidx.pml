/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The split virtqueue with event indices, and with flags (virtio 1.2, 2.7.7, 2.7.10;
 * drivers/virtio/vring_split.h): driver and device each offer, publish, ask to be told and sleep,
 * in every order that there is, over a wrap of the indices. The device completes in any order.
 *
 * Shown: the driver gets every completion, so that no kick and no interrupt is lost (a sleep from
 * which nobody wakes it is an invalid end state); each side finds what the other offered; no head
 * is in flight twice.
 *
 * Fault row 44
 *
 * variant FLAGS: without EVENT_IDX
 * mutation NO_MB_KICK: no barrier between avail->idx and the look at the device's wish
 * mutation NO_MB_ARM: no barrier between the driver's wish and the last look at used->idx
 * mutation NO_FINAL_CHECK: sleeps without a last look
 * mutation NO_ARM: sleeps without asking to be told
 * mutation EVENT_OFF_BY_ONE, not FLAGS: a kick is sent for the index after the one that the device
 * named mutation LAST_ONLY, not FLAGS: looks only at the last of several chains that are published
 * at once mutation INDEX_FIRST: avail->idx is published before the ring mutation DEVICE_NO_MB: the
 * device has no barrier before its last look
 */
#define MEM 11
#define CPUS 2
#define QUEUE 3
#include "tso.inc"

#define AVAIL_IDX 0
#define USED_IDX 1
/* With EVENT_IDX used_event and avail_event; without, the flags of avail and used. */
#define DRIVER_WISH 2
#define DEVICE_WISH 3
#define AVAIL(i) (4 + ((i) & (NUM - 1)))
#define USED(i) (6 + ((i) & (NUM - 1)))
#define DESC(head) (8 + (head))

#define DRIVER 0
#define DEVICE 1

#define INDEX(i) ((i) & 7)
#define START 6
#define NUM 2
#define TOTAL 3

bool event[2];
byte in_flight[NUM];

/* vring_need_event: whether a step from `old` to `now` passes `at`: at in [old, now). */
#define NEED(now, at, old) (INDEX((now) - (at) - 1) < INDEX((now) - (old)))

#ifdef FLAGS
#define NO_EVENT 1
#define KICK(wish, now, old) ((wish) == 0)
#else
#ifdef EVENT_OFF_BY_ONE
#define KICK(wish, now, old) NEED(now, INDEX((wish) + 1), old)
#else
#ifdef LAST_ONLY
#define KICK(wish, now, old) NEED(now, wish, INDEX((now) - 1))
#else
#define KICK(wish, now, old) NEED(now, wish, old)
#endif
#endif
#endif

proctype driver()
{
	byte avail_idx = START, published = START, used_idx = START, used_seen = START;
	byte left = TOTAL, v, head;

	do
	:: left == 0 && used_idx == avail_idx -> break
	:: else ->
		do
		:: left && INDEX(avail_idx - used_idx) < NUM ->
			if
			:: in_flight[0] == 0 -> head = 0
			:: in_flight[1] == 0 -> head = 1
			fi;
			in_flight[head] = 1;
			store(DRIVER, DESC(head), 16 + avail_idx);
#ifdef INDEX_FIRST
			store(DRIVER, AVAIL_IDX, INDEX(avail_idx + 1));
#endif
			store(DRIVER, AVAIL(avail_idx), head + 1);
			avail_idx = INDEX(avail_idx + 1);
			left--
		:: avail_idx != used_idx -> break
		od;
		head = 0;
		/* pv_vring_kick */
		if
		:: avail_idx != published ->
			store(DRIVER, AVAIL_IDX, avail_idx);
#ifndef NO_MB_KICK
			fence(DRIVER);
#endif
			load(DRIVER, DEVICE_WISH, v);
			if
			:: KICK(v, avail_idx, published) -> event[DEVICE] = true
			:: else
			fi;
			published = avail_idx
		:: else
		fi;
		/* pv_vring_look, pv_vring_pop */
		load(DRIVER, USED_IDX, used_seen);
		assert(INDEX(used_seen - used_idx) <= INDEX(published - used_idx));
		do
		:: used_seen != used_idx ->
			load(DRIVER, USED(used_idx), v);
			assert(v && in_flight[v - 1]);
			in_flight[v - 1] = 0;
			used_idx = INDEX(used_idx + 1)
		:: else -> break
		od;
		/* pv_vring_arm, sleep, pv_vring_disarm */
		if
		:: avail_idx != used_idx ->
#ifndef NO_ARM
#ifdef FLAGS
			store(DRIVER, DRIVER_WISH, 0);
#else
			store(DRIVER, DRIVER_WISH, used_idx);
#endif
#endif
#ifndef NO_MB_ARM
			fence(DRIVER);
#endif
			load(DRIVER, USED_IDX, v);
			if
#ifdef NO_FINAL_CHECK
			:: false
#else
			:: v != used_idx
#endif
			:: else -> event[DRIVER] -> event[DRIVER] = false
			fi;
#ifdef FLAGS
			store(DRIVER, DRIVER_WISH, NO_EVENT)
#else
			store(DRIVER, DRIVER_WISH, INDEX(used_idx - 1))
#endif
		:: else
		fi;
		v = 0;
		used_seen = 0
	od
}

proctype device()
{
	byte avail = START, used = START, shown = START, idx, v, other;

	do
	:: true ->
		load(DEVICE, AVAIL_IDX, idx);
		assert(INDEX(idx - used) <= NUM);
		/* What is there, the last first, or one at a time. */
		do
		:: idx != avail ->
			load(DEVICE, AVAIL(avail), v);
			assert(v);
			other = v;
			avail = INDEX(avail + 1);
			if
			:: idx != avail ->
				load(DEVICE, AVAIL(avail), v);
				assert(v && v != other);
				avail = INDEX(avail + 1);
				load(DEVICE, DESC(v - 1), idx);
				assert(idx == 16 + INDEX(avail - 1));
				store(DEVICE, USED(used), v);
				store(DEVICE, USED(INDEX(used + 1)), other);
				used = INDEX(used + 2);
				break
			:: true ->
				load(DEVICE, DESC(v - 1), idx);
				assert(idx == 16 + INDEX(avail - 1));
				store(DEVICE, USED(used), v);
				used = INDEX(used + 1);
				break
			fi
		:: else -> break
		od;
		other = 0;
		if
		:: used != shown ->
			store(DEVICE, USED_IDX, used);
			fence(DEVICE);
			load(DEVICE, DRIVER_WISH, v);
			if
#ifdef FLAGS
			:: v == 0 -> event[DRIVER] = true
#else
			:: NEED(used, v, shown) -> event[DRIVER] = true
#endif
			:: else
			fi;
			shown = used
		:: else
		fi;
#ifdef FLAGS
		store(DEVICE, DEVICE_WISH, 0);
#else
		store(DEVICE, DEVICE_WISH, avail);
#endif
#ifndef DEVICE_NO_MB
		fence(DEVICE);
#endif
		load(DEVICE, AVAIL_IDX, idx);
		v = 0;
		if
		:: idx != avail
		:: else ->
			idx = 0;
end:			event[DEVICE] -> event[DEVICE] = false
		fi;
#ifdef FLAGS
		store(DEVICE, DEVICE_WISH, NO_EVENT)
#endif
	od
}

init {
	atomic {
		mem[AVAIL_IDX] = START;
		mem[USED_IDX] = START;
#ifndef FLAGS
		/* As both sides are before anything was said: the next one. */
		mem[DRIVER_WISH] = START;
		mem[DEVICE_WISH] = START;
#endif
		run drain(DRIVER);
		run drain(DEVICE);
		run driver();
		run device()
	}
}
