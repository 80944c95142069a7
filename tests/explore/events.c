/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/events.c against senders, in every order, on the fake Xen's page: an upcall that
 * interrupts the main program at any access, a late port that the main program lets go after the
 * work, and one whose handler does the work. And upcalls that are lost: the main program looks by
 * the clock then, and what comes after that is heard of again.
 */
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/pv.h>

#include "pv-core/xen/evtchn.h"
#include "scenarios.h"

#define GUEST 0
#define XEN   1
#define SENDS 2

#define LOOKS_FIRST  EXPLORE_OWN
#define NO_HYPERCALL (EXPLORE_OWN << 1)
#define NO_REMASK    (EXPLORE_OWN << 2)
#define WORKS_LATE   (EXPLORE_OWN << 3)
#define CLEARS_LAST  (EXPLORE_OWN << 4)
#define NO_WATCHDOG  (EXPLORE_OWN << 5)

/* The late port, and the other. */
static int port[2];

static struct {
	bool work[2]; /* what an event is about */
	bool scheduled;
	bool interrupt; /* latched by the CPU */
	bool sending;
	bool loses; /* an upcall may not come, once */
	bool lost;
	bool tick; /* a second has passed since */
} s;

#define MASK	(pv_fake_xen_shared()->evtchn_mask[0])
#define PENDING (pv_fake_xen_shared()->evtchn_pending[0])

/* --- Xen -------------------------------------------------------------------------------------- */

static void mark(unsigned int p)
{
	struct vcpu_info *info = pv_fake_xen_vcpu_info(0);

	(void)p;
	if (s.loses && explore_choose(2)) {
		s.loses = false;
		explore_touch(&s);
		s.lost = true;
		return;
	}
	if (pv_shared_fetch_or(&info->evtchn_pending_sel, 1ul) & 1)
		return;
	if (pv_shared_exchange(&info->evtchn_upcall_pending, (uint8_t)1))
		return;
	explore_touch(&s);
	s.interrupt = true;
}

static void xen_send(unsigned int p)
{
	unsigned long bit = 1ul << p;

	if (pv_shared_fetch_or(&PENDING, bit) & bit)
		return;
	if (!(pv_shared_read(&MASK) & bit))
		mark(p);
}

static void xen_unmask(unsigned int p)
{
	unsigned long bit = 1ul << p;

	if ((pv_shared_fetch_and(&MASK, ~bit) & bit) && (pv_shared_read(&PENDING) & bit))
		mark(p);
}

static long hypercall(unsigned int op, const unsigned long arg[5])
{
	if (op != __HYPERVISOR_event_channel_op || arg[0] != EVTCHNOP_unmask)
		return pv_fake_xen_hypercall(op, arg);
	if (!explore_planted(NO_HYPERCALL))
		xen_unmask(((const struct evtchn_unmask *)arg[1])->port);
	return 0;
}

static void sender(void *arg)
{
	unsigned int which = *(int *)arg == port[1], i;

	for (i = 0; i < SENDS; i++) {
		explore_touch(&s);
		s.work[which] = true;
		xen_send((unsigned int)port[which]);
	}
	explore_touch(&s);
	s.sending = false;
}

/* --- the guest -------------------------------------------------------------------------------- */

static void late_handler(void *arg)
{
	(void)arg;
	s.scheduled = true;
}

static void handler(void *arg)
{
	(void)arg;
	explore_touch(&s);
	s.work[1] = false;
	/* As a dispatcher that clears the bit after the handler. */
	if (explore_planted(CLEARS_LAST))
		pv_shared_fetch_and(&PENDING, ~(1ul << port[1]));
}

static bool interrupted(void *arg)
{
	(void)arg;
	return s.interrupt;
}

static void upcall(void *arg)
{
	(void)arg;
	for (;;) {
		explore_wait(interrupted, NULL, &s);
		s.interrupt = false;
		explore_interrupt(true);
		pv_xen_dispatch();
		explore_interrupt(false);
	}
}

/* pv_evtchn_unmask(), done wrong. */
static void wrong_unmask(void)
{
	unsigned long bit = 1ul << port[0];

	if (explore_planted(LOOKS_FIRST) && !(pv_shared_read(&PENDING) & bit)) {
		pv_shared_fetch_and(&MASK, ~bit);
		return;
	}
	pv_shared_fetch_and(&MASK, ~bit);
	if (pv_shared_read(&PENDING) & bit)
		xen_unmask((unsigned int)port[0]);
}

static bool an_upcall_was_lost(void *arg)
{
	(void)arg;
	return s.lost;
}

static void watchdog(void *arg)
{
	(void)arg;
	for (;;) {
		explore_wait(an_upcall_was_lost, NULL, &s);
		s.lost = false;
		s.tick = true;
	}
}

static bool main_has_something(void *arg)
{
	(void)arg;
	return s.scheduled || s.tick || (!s.sending && !s.work[0] && !s.work[1]);
}

static void take_work(void)
{
	explore_touch(&s);
	s.work[0] = false;
}

static void main_program(void *arg)
{
	(void)arg;
	for (;;) {
		explore_wait(main_has_something, NULL, &s);
		if (!s.scheduled && !s.tick)
			return;
		s.scheduled = s.tick = false;
		if (!explore_planted(WORKS_LATE))
			take_work();
		if (explore_planted(LOOKS_FIRST | NO_REMASK))
			wrong_unmask();
		else
			pv_evtchn_eoi(port[0]);
		if (explore_planted(WORKS_LATE)) {
			take_work();
			explore_touch(&s);
			s.scheduled = false;
		}
	}
}

/* --- the scenario ----------------------------------------------------------------------------- */

static void setup(void)
{
	struct pv_init_args args = {.hypervisors = pv_fake_hypervisors};

	pv_fake_xen_start();
	args.boot = pv_fake_xen_boot();
	if (pv_init(&args))
		explore_fail("pv_init");
	port[0] = pv_evtchn_bind_ipi(0, late_handler, NULL);
	pv_evtchn_set_late(port[0]);
	port[1] = pv_evtchn_bind_ipi(0, handler, NULL);
	if (port[0] <= 0 || port[1] <= 0 || port[1] > 63)
		explore_fail("binding the ports");
	pv_fake.xen_hypercall = hypercall;
}

static void start(int *to)
{
	pv_fake_xen_vcpu_info(0)->evtchn_pending_sel = 0;
	pv_fake_xen_vcpu_info(0)->evtchn_upcall_pending = 0;
	PENDING = 0;
	MASK = ~(1ul << port[0] | 1ul << port[1]);
	s.sending = true;
	explore_thread(GUEST, false, main_program, NULL);
	explore_thread(GUEST, true, upcall, NULL);
	explore_thread(XEN, false, sender, to);
}

static void begin_late(void)
{
	start(&port[0]);
}

static void begin_lost(void)
{
	start(&port[0]);
	s.loses = true;
	if (!explore_planted(NO_WATCHDOG))
		explore_thread(XEN, true, watchdog, NULL);
}

static void begin_plain(void)
{
	start(&port[1]);
}

static void end(void)
{
	explore_check(!s.work[0] && !s.work[1]);
	/* The late one may have fired once more, and wait for an end of interrupt. */
	explore_check(!((MASK | PENDING) >> port[1] & 1));
}

/* Fault row 22 */
const struct explore_scenario explore_events_late = {
	.name = "events-late",
	.setup = setup,
	.state = &s,
	.size = sizeof(s),
	.begin = begin_late,
	.end = end,
	.plants = {{"looks-before-unmask", LOOKS_FIRST},
		   {"no-hypercall", NO_HYPERCALL},
		   {"mask-not-set-again", NO_REMASK},
		   {"work-after-unmask", WORKS_LATE}},
};

/* Fault row 19 */
const struct explore_scenario explore_events_lost = {
	.name = "events-lost",
	.setup = setup,
	.state = &s,
	.size = sizeof(s),
	.begin = begin_lost,
	.end = end,
	.plants = {{"no-watchdog", NO_WATCHDOG}, {"no-hypercall", NO_HYPERCALL}},
};

const struct explore_scenario explore_events_plain = {
	.name = "events-plain",
	.setup = setup,
	.state = &s,
	.size = sizeof(s),
	.begin = begin_plain,
	.end = end,
	.plants = {{"pending-cleared-last", CLEARS_LAST}},
};
