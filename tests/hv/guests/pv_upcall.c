/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The two ways back from an event in a Xen PV guest: the hypercall, after which the next event
 * comes by itself, and the return with upcalls masked, after which it does not. Prints `came back:
 * N of N`, `stayed masked: N of N`.
 */
#include <pv/bare.h>
#include <pv/xen.h>

#include "hypercall/xen.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"

#define ROUNDS 1000u

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

extern char pv_bare_pv_failsafe[];

static volatile unsigned int events;

static void count(void *arg)
{
	(void)arg;
	events++;
}

static int callback(void (*entry)(void))
{
	return pv_xen_set_callbacks((unsigned long)entry, (unsigned long)pv_bare_pv_failsafe, 0);
}

/*
 * An event, for which Xen calls at once if upcalls are let through; whether it did, and nothing
 * else.
 */
static bool comes(int port)
{
	unsigned int before = events;
	register unsigned long kept __asm__("r12") = 0x5eed0000ul + before;
	int err;

	__asm__ __volatile__("" : "+r"(kept));
	err = pv_evtchn_send(port);
	__asm__ __volatile__("" : "+r"(kept));
	return !err && events == before + 1 && kept == 0x5eed0000ul + before;
}

int pv_bare_main(const char *cmdline)
{
	struct vcpu_info PV_SHARED *info = pv_xen_vcpu_info(0);
	int port = pv_evtchn_bind_ipi(0, count, NULL);
	unsigned int i, back = 0, masked = 0;

	(void)cmdline;
	if (port <= 0 || callback(pv_xen_pv_upcall))
		return 1;
	pv_shared_write(&info->evtchn_upcall_mask, 0);
	for (i = 0; i < ROUNDS; i++)
		back += comes(port) && !pv_shared_read(&info->evtchn_upcall_mask);
	pv_shared_write(&info->evtchn_upcall_mask, 1);
	if (callback(pv_xen_pv_wakeup))
		return 1;
	for (i = 0; i < ROUNDS; i++) {
		pv_shared_write(&info->evtchn_upcall_mask, 0);
		masked += comes(port) && pv_shared_read(&info->evtchn_upcall_mask) == 1 &&
			  !comes(port);
		pv_xen_dispatch();
	}
	pv_evtchn_close(port);
	pv_bare_printf("came back: %u of %u\n", back, ROUNDS);
	pv_bare_printf("stayed masked: %u of %u\n", masked, ROUNDS);
	return back != ROUNDS || masked != ROUNDS;
}
