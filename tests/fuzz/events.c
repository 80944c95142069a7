/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Event words: the shared page's bits, selectors and flags as nobody's Xen would leave them, events
 * for ports that are not bound. Handlers of closed ports are not called, and each upcall ends.
 */
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"
#include "xen.h"

#define PORTS 8u
#define CALLS 4096u /* of handlers in one upcall: each pending bit once */

static struct bound {
	int port; /* 0: none */
	unsigned int calls;
} bound[PORTS];
static unsigned int calls;

static void handler(void *arg)
{
	struct bound *b = arg;

	PLAIN_CHECK(b->port);
	b->calls++;
	PLAIN_CHECK(calls++ < CALLS);
	/* What an interrupt does: little, and sometimes an end. */
	if (b->calls % 5 == 4)
		pv_evtchn_eoi_idle(b->port);
}

static void bind(struct bound *b, uint8_t how)
{
	int port;

	if (b->port)
		return;
	b->calls = 0;
	b->port = 1; /* the handler may be called before the call returns */
	if (how & 1)
		port = pv_evtchn_bind_ipi(0, handler, b);
	else
		port = pv_evtchn_alloc_unbound(FUZZ_PEER, handler, b);
	b->port = port > 0 ? port : 0;
	if (b->port && how & 2)
		pv_evtchn_set_late(b->port);
}

static void end(struct bound *b)
{
	if (b->port)
		pv_evtchn_close(b->port);
	b->port = 0;
}

static uint64_t *word(struct shared_info *s, uint8_t which)
{
	uint64_t *words = (uint64_t *)(which & 1 ? s->evtchn_mask : s->evtchn_pending);

	return &words[which & 2 ? 0 : which >> 2];
}

static void step(void)
{
	struct shared_info *s = pv_fake_xen_shared();
	struct vcpu_info *v = pv_fake_xen_vcpu_info(0);
	uint8_t op = fuzz_u8(), n = op >> 5;

	switch (op % 10) {
	case 0:
		bind(&bound[n], fuzz_u8());
		break;
	case 1:
		end(&bound[n]);
		break;
	case 2:
		pv_fake_xen_peer_send(fuzz_u16() % 4096);
		break;
	case 3:
		*word(s, fuzz_u8()) = fuzz_u64();
		break;
	case 4:
		v->evtchn_pending_sel |= fuzz_u64();
		v->evtchn_upcall_pending = 1;
		break;
	case 5:
		pv_xen_dispatch();
		break;
	case 6:
		pv_evtchn_mask(bound[n].port);
		pv_evtchn_unmask(op & 16 ? bound[n].port : fuzz_u16());
		break;
	case 7:
		pv_evtchn_eoi(op & 16 ? bound[n].port : fuzz_u16());
		break;
	case 8:
		(void)!pv_evtchn_send(bound[n].port);
		(void)pv_evtchn_pending(fuzz_u16());
		break;
	case 9:
		pv_fake.now += 1000000ull << (op >> 4);
		(void)pv_evtchn_work();
		break;
	}
}

static void one(void)
{
	struct shared_info *s = pv_fake_xen_shared(), before = *s;
	unsigned int i;

	memset(bound, 0, sizeof(bound));
	fuzz_shared(true);
	while (fuzz_left()) {
		calls = 0;
		step();
	}
	fuzz_shared(false);
	for (i = 0; i < PORTS; i++)
		end(&bound[i]);
	/* As they were, for the next input. */
	memcpy(s->evtchn_pending, before.evtchn_pending, sizeof(s->evtchn_pending));
	memcpy(s->evtchn_mask, before.evtchn_mask, sizeof(s->evtchn_mask));
	pv_fake_xen_vcpu_info(0)->evtchn_pending_sel = 0;
	pv_fake_xen_vcpu_info(0)->evtchn_upcall_pending = 0;
	fuzz_xen_end();
}

const struct fuzz_target fuzz_events = {.name = "events", .start = fuzz_xen_start, .one = one};
