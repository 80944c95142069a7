/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * drivers/virtio/vring_split.h against a device, in every order, with event indices and with flags:
 * each chain comes back once, the device finds what was offered, and no kick and no interrupt is
 * lost, over the wrap of the indices.
 */
#include "drivers/virtio/vring_split.h"

#include "scenarios.h"

#define NUM	2
#define TOTAL	2
#define START	0xffff
#define DRIVER	0
#define DEVICE	1
#define ADDR(n) (0x1000u + (n))

#define NO_FINAL_CHECK EXPLORE_OWN
#define SHOWN_EARLY    (EXPLORE_OWN << 1)
#define NEVER_KICKS    (EXPLORE_OWN << 2)

static struct {
	struct pv_virtio vd;
	struct pv_vq vq;
	struct pv_vq_slot slot[NUM];
	struct vring_desc desc[NUM];
	struct {
		struct vring_avail ring;
		uint16_t entry[NUM], used_event;
	} avail;
	struct {
		struct vring_used ring;
		struct vring_used_elem elem[NUM];
		uint16_t avail_event;
	} used;
	int token[TOTAL];
	bool event[2];
	unsigned int back;
} s;

static bool happened(void *arg)
{
	return *(bool *)arg;
}

static void notify(unsigned int side)
{
	explore_touch(&s.event[side]);
	s.event[side] = true;
}

static void sleep_until_notified(unsigned int side)
{
	explore_wait(happened, &s.event[side], &s.event[side]);
	s.event[side] = false;
}

static void set_up(bool event_idx)
{
	struct pv_vq *vq = &s.vq;
	unsigned int i;

	s.vd.dev.state = PV_DEV_LIVE;
	vq->vd = &s.vd;
	vq->num = vq->num_free = NUM;
	vq->mask = NUM - 1;
	vq->avail_idx = vq->published = vq->used_idx = vq->used_seen = START;
	vq->event_idx = event_idx;
	vq->desc = s.desc;
	vq->avail = &s.avail.ring;
	vq->used = &s.used.ring;
	vq->used_event = &s.avail.used_event;
	vq->avail_event = &s.used.avail_event;
	vq->slot = s.slot;
	for (i = 0; i < NUM; i++)
		s.slot[i].next = (uint16_t)(i + 1);
	s.avail.ring.idx = s.used.ring.idx = START;
	s.avail.used_event = s.used.avail_event = START;
	if (!event_idx)
		s.avail.ring.flags = VRING_AVAIL_F_NO_INTERRUPT;
}

static void offer(unsigned int n)
{
	struct pv_vring_chain c;

	if (explore_planted(SHOWN_EARLY))
		pv_shared_write(&s.avail.ring.idx, (uint16_t)(s.vq.avail_idx + 1));
	pv_vring_begin(&s.vq, &c, 1, false);
	pv_vring_put(&s.vq, &c, ADDR(n), 16, VRING_DESC_F_WRITE);
	pv_vring_end(&s.vq, &c, &s.token[n], 16);
}

static void pop_all(void)
{
	uint32_t len;
	int *token;

	while ((token = pv_vring_pop(&s.vq, &len))) {
		explore_check(!*token && len == 16);
		*token = 1;
		s.back++;
	}
	explore_check(s.vd.dev.state == PV_DEV_LIVE);
}

static void driver(void *arg)
{
	unsigned int offered = 0, n, least;

	(void)arg;
	while (s.back < TOTAL) {
		n = s.vq.num_free < TOTAL - offered ? s.vq.num_free : TOTAL - offered;
		least = pv_vring_in_flight(&s.vq) ? 0 : 1;
		for (n = least + explore_choose(n + 1 - least); n; n--)
			offer(offered++);
		if (explore_planted(NEVER_KICKS)) {
			pv_vring_publish(&s.vq);
			s.vq.published = s.vq.avail_idx;
		} else if (pv_vring_kick(&s.vq)) {
			notify(DEVICE);
		}
		pop_all();
		if (!pv_vring_in_flight(&s.vq))
			continue;
		if (!pv_vring_arm(&s.vq, 0) || explore_planted(NO_FINAL_CHECK))
			sleep_until_notified(DRIVER);
		pv_vring_disarm(&s.vq);
	}
}

/* Takes what there is, and answers to the last first. */
static uint16_t serve(uint16_t taken, uint16_t idx)
{
	uint16_t n = (uint16_t)(idx - taken), i, head;
	struct vring_used_elem *elem;

	for (i = 0; i < n; i++) {
		head = pv_shared_read(&s.avail.ring.ring[(uint16_t)(taken + i) & (NUM - 1)]);
		explore_check(head < NUM);
		/* Chains are offered in order. */
		explore_check(pv_shared_read(&s.desc[head].addr) ==
			      ADDR((uint16_t)(taken + i - START)));
		elem = &s.used.ring.ring[(uint16_t)(idx - 1 - i) & (NUM - 1)];
		pv_shared_write(&elem->id, head);
		pv_shared_write(&elem->len, 16);
	}
	return idx;
}

static bool interrupt_wanted(uint16_t now, uint16_t was)
{
	if (s.vq.event_idx)
		return vring_need_event(pv_shared_read(&s.avail.used_event), now, was);
	return !(pv_shared_read(&s.avail.ring.flags) & VRING_AVAIL_F_NO_INTERRUPT);
}

static void device(void *arg)
{
	uint16_t taken = START, was, idx;

	(void)arg;
	for (;;) {
		idx = pv_shared_read(&s.avail.ring.idx);
		explore_check((uint16_t)(idx - taken) <= NUM);
		if (idx != taken) {
			was = taken;
			taken = serve(taken, idx);
			pv_shared_write(&s.used.ring.idx, taken);
			pv_mb();
			if (interrupt_wanted(taken, was))
				notify(DRIVER);
		}
		if (s.vq.event_idx)
			pv_shared_write(&s.used.avail_event, taken);
		else
			pv_shared_write(&s.used.ring.flags, 0);
		pv_mb();
		if (pv_shared_read(&s.avail.ring.idx) == taken)
			sleep_until_notified(DEVICE);
		if (!s.vq.event_idx)
			pv_shared_write(&s.used.ring.flags, VRING_USED_F_NO_NOTIFY);
	}
}

static void threads(void)
{
	explore_thread(DRIVER, false, driver, NULL);
	explore_thread(DEVICE, true, device, NULL);
}

static void begin_event(void)
{
	set_up(true);
	threads();
}

static void begin_flags(void)
{
	set_up(false);
	threads();
}

static void end(void)
{
	explore_check(s.back == TOTAL);
	explore_check(s.vq.num_free == NUM);
}

#define PLANTS                                                                                     \
	{                                                                                          \
		{"no-barrier", EXPLORE_NO_FENCE}, {"no-final-check", NO_FINAL_CHECK},              \
			{"index-before-ring", SHOWN_EARLY},                                        \
		{                                                                                  \
			"no-kick", NEVER_KICKS                                                     \
		}                                                                                  \
	}

/* Fault rows 7, 44 */
const struct explore_scenario explore_vring_event = {
	.name = "vring-event-index",
	.state = &s,
	.size = sizeof(s),
	.begin = begin_event,
	.end = end,
	.plants = PLANTS,
};

/* Fault row 7 */
const struct explore_scenario explore_vring_flags = {
	.name = "vring-flags",
	.state = &s,
	.size = sizeof(s),
	.begin = begin_flags,
	.end = end,
	.plants = PLANTS,
};
