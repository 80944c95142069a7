/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The arithmetic that evidx.pml has in small numbers, in the library's own and in all of them:
 * after each number of chains that a ring may hold, for each index at which the device may ask for
 * a notification, pv_vring_kick() notifies exactly if that index was passed; and pv_vring_arm()
 * says that the awaited completions are there exactly if they are. 2^32 pairs, from just before the
 * indices wrap.
 */
#define pv_mb() pv_barrier() /* one CPU; it would take the most time */

#include <stdio.h>

#include "drivers/virtio/vring_split.h"

#define MOST  32768u /* 2.7: the largest queue */
#define START 0xfff0u

static struct pv_vq vq;
static union {
	struct vring_avail ring;
	uint16_t word[4];
} avail;
static union {
	struct vring_used ring;
	uint16_t word[4];
} used;
static uint16_t avail_event, used_event;

static int wrong(const char *what, uint32_t number, uint32_t at)
{
	fprintf(stderr, "evidx: %s, %u passed, the index is %u further\n", what, number, at);
	return 1;
}

/* `number` chains are new; the device asked for a notification at `at` more than there were. */
static inline bool kicked(uint32_t number, uint32_t at)
{
	vq.published = START;
	vq.avail_idx = (uint16_t)(START + number);
	avail_event = (uint16_t)(START + at);
	return pv_vring_kick(&vq);
}

/* `number` chains ended since; whether more than `at` are awaited no longer. */
static inline bool there(uint32_t number, uint32_t at)
{
	vq.used_idx = START;
	used.ring.idx = (uint16_t)(START + number);
	return pv_vring_arm(&vq, (uint16_t)at);
}

int main(void)
{
	uint32_t number, at;

	vq.event_idx = true;
	vq.avail = &avail.ring;
	vq.used = &used.ring;
	vq.avail_event = &avail_event;
	vq.used_event = &used_event;
	vq.notify.kind = PV_VQ_NOTIFY_MMIO16;
	vq.notify.addr = &vq.notify.value;
	for (number = 1; number <= MOST; number++)
		for (at = 0; at < 65536; at++)
			if (kicked(number, at) != (at < number))
				return wrong("a notification", number, at);
	for (number = 0; number <= MOST; number++)
		for (at = 0; at < 65536; at++)
			if (there(number, at) != (number > at))
				return wrong("a completion", number, at);
	printf("%llu pairs\n", (2ull * MOST + 1) << 16);
	return 0;
}
