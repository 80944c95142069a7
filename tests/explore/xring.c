/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/ring.h against a backend, in every order: each request is answered once, what is in a
 * slot is what the other side put there, and no event is lost, over the wrap of the indices.
 */
#include "pv-core/xen/ring.h"

#include "scenarios.h"

#define SIZE	   2
#define TOTAL	   3
#define START	   0xfffffffeu
#define FRONT	   0
#define BACK	   1
#define REQUEST(i) (0x1000 + (i))
#define ANSWER(i)  (0x2000 + (i))

#define NO_FINAL_CHECK EXPLORE_OWN
#define SHOWN_EARLY    (EXPLORE_OWN << 1)
#define NEVER_NOTIFIES (EXPLORE_OWN << 2)

static struct {
	struct pv_xring ring;
	uint32_t page[PV_XRING_SLOTS / 4 + SIZE];
	bool event[2];
	unsigned int answered;
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

static uint32_t *slot(uint32_t index)
{
	return &s.page[PV_XRING_SLOTS / 4 + (index & (SIZE - 1))];
}

static void begin_at(uint32_t index)
{
	pv_xring_init(&s.ring, s.page, SIZE);
	s.ring.req_prod = s.ring.pushed = s.ring.rsp_seen = s.ring.rsp_cons = index;
	s.ring.shared->req_prod = s.ring.shared->rsp_prod = index;
	s.ring.shared->req_event = s.ring.shared->rsp_event = index + 1;
}

static void front_put(unsigned int n)
{
	while (n--) {
		if (explore_planted(SHOWN_EARLY))
			pv_shared_write(&s.ring.shared->req_prod, s.ring.req_prod + 1);
		pv_shared_write(slot(pv_xring_next(&s.ring)), REQUEST(s.ring.req_prod));
		pv_xring_put(&s.ring);
	}
	if (pv_xring_push(&s.ring) && !explore_planted(NEVER_NOTIFIES))
		notify(BACK);
}

static void front(void *arg)
{
	unsigned int left = TOTAL, n, least;
	int there;

	(void)arg;
	while (left || pv_xring_in_flight(&s.ring)) {
		n = pv_xring_room(&s.ring) < left ? pv_xring_room(&s.ring) : left;
		least = pv_xring_in_flight(&s.ring) ? 0 : 1;
		n = least + explore_choose(n + 1 - least);
		left -= n;
		front_put(n);
		while ((there = pv_xring_look(&s.ring)) > 0) {
			uint32_t index = s.ring.rsp_cons;

			explore_check(pv_shared_read(slot(pv_xring_take(&s.ring))) ==
				      ANSWER(index));
			s.answered++;
		}
		explore_check(!there);
		n = pv_xring_in_flight(&s.ring);
		if (n && !pv_xring_arm(&s.ring, explore_choose(n)))
			sleep_until_notified(FRONT);
		else if (n && explore_planted(NO_FINAL_CHECK))
			sleep_until_notified(FRONT);
	}
}

/* As the backends of Linux and Xen's tools do, by the macros of xen/io/ring.h. */
static void back(void *arg)
{
	struct pv_xring_shared *r = s.ring.shared;
	uint32_t cons = START, shown = START, prod, event_at;

	(void)arg;
	for (;;) {
		prod = pv_shared_read(&r->req_prod);
		explore_check(prod - cons <= SIZE);
		while (cons != prod) {
			explore_check(pv_shared_read(slot(cons)) == REQUEST(cons));
			pv_shared_write(slot(cons), ANSWER(cons));
			cons++;
		}
		if (cons != shown) {
			pv_shared_write(&r->rsp_prod, cons);
			pv_mb();
			event_at = pv_shared_read(&r->rsp_event);
			if (cons - event_at < cons - shown)
				notify(FRONT);
			shown = cons;
		}
		pv_shared_write(&r->req_event, cons + 1);
		pv_mb();
		if (pv_shared_read(&r->req_prod) == cons)
			sleep_until_notified(BACK);
	}
}

static void begin(void)
{
	begin_at(START);
	explore_thread(FRONT, false, front, NULL);
	explore_thread(BACK, true, back, NULL);
}

static void end(void)
{
	explore_check(s.answered == TOTAL);
	explore_check(s.ring.rsp_cons == START + TOTAL);
}

/* Fault row 7 */
const struct explore_scenario explore_xring = {
	.name = "xring",
	.state = &s,
	.size = sizeof(s),
	.begin = begin,
	.end = end,
	.plants = {{"no-barrier", EXPLORE_NO_FENCE},
		   {"no-final-check", NO_FINAL_CHECK},
		   {"index-before-slot", SHOWN_EARLY},
		   {"no-event", NEVER_NOTIFIES}},
};
