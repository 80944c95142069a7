/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_store.h"

#include <pv/err.h>
#include <pv/fake_xen.h>
#include <pv/os.h>
#include <pv/string.h>

#include "hypercall/xen.h"
#include "pv-core/xen/xen.h"

struct fake_store fake_store;

static void *ring, *console;
static uint32_t store_port, console_port;
static unsigned int console_sent;
static bool with_console;

struct xenstore_domain_interface *fake_store_ring(void)
{
	return ring;
}

struct xencons_interface *fake_store_console(void)
{
	return console;
}

unsigned int fake_store_console_sent(void)
{
	return console_sent;
}

static void notify(void)
{
	pv_fake_xen_peer_send(store_port);
}

void fake_store_console_event(void)
{
	pv_fake_xen_peer_send(console_port);
}

static void sent(uint16_t domid, uint32_t port)
{
	(void)domid;
	if (port == store_port)
		pv_fake_xs_run();
	else if (port == console_port)
		console_sent++;
}

static int set_param(uint32_t index, uint64_t value)
{
	struct xen_hvm_param op = {.domid = DOMID_SELF, .index = index, .value = value};

	return pv_xen_hvm_set_param_op(&op);
}

/* The toolstack's part: pages and ports, and their numbers where the guest looks for them. */
static int build(const struct fake_store *how)
{
	struct xenstore_domain_interface *r;
	int err = 0;

	ring = pv_os_pages_alloc(1);
	console = pv_os_pages_alloc(1);
	if (!ring || !console)
		return PV_ENOMEM;
	r = ring;
	r->req_prod = r->req_cons = r->rsp_prod = r->rsp_cons = how->offset;
	store_port = pv_fake_xen_peer_connect(0);
	console_port = pv_fake_xen_peer_connect(0);
	pv_fake_xen.sent = sent;
	if (!how->no_store) {
		err = set_param(HVM_PARAM_STORE_PFN, pv_xen_gfn(ring));
		if (!err)
			err = set_param(HVM_PARAM_STORE_EVTCHN, store_port);
	}
	if (!err && !how->no_console) {
		err = set_param(HVM_PARAM_CONSOLE_PFN, pv_xen_gfn(console));
		if (!err)
			err = set_param(HVM_PARAM_CONSOLE_EVTCHN, console_port);
	}
	return err;
}

int fake_store_migrate(void)
{
	struct xenstore_domain_interface *r = ring;
	int err;

	pv_fake_xs_restart();
	pv_memset(r, 0, PV_PAGE_SIZE);
	r->server_features = pv_fake_xs.features;
	pv_memset(console, 0, PV_PAGE_SIZE);
	/* Numbers other than those of before. */
	(void)pv_fake_xen_peer_connect(0);
	console_port = pv_fake_xen_peer_connect(0);
	store_port = pv_fake_xen_peer_connect(0);
	err = set_param(HVM_PARAM_STORE_EVTCHN, store_port);
	if (!err && with_console)
		err = set_param(HVM_PARAM_CONSOLE_EVTCHN, console_port);
	return err;
}

int fake_store_up(struct kunit *test)
{
	static const struct fake_store none;
	struct fake_store how = fake_store;
	struct pv_platform platform;
	int err;

	(void)test;
	fake_store = none;
	with_console = !how.no_console;
	console_sent = 0;
	pv_fake_xen_start();
	pv_detect(&platform, pv_cpuid, PV_HINT_PVH);
	err = pv_xen_init(&platform, pv_fake_xen_boot());
	if (!err)
		err = build(&how);
	if (err)
		return err;
	pv_fake_xs.features = how.features;
	pv_fake_xs_start(ring, how.no_events ? NULL : notify);
	pv_fake.relax = pv_fake_xs_run;
	return 0;
}

void fake_store_down(struct kunit *test)
{
	static const struct pv_fake_xs none;

	(void)test;
	pv_fake.relax = NULL;
	pv_fake_xs_stop();
	pv_fake_xs = none;
	pv_xen_exit();
	pv_os_pages_free(ring, 1);
	pv_os_pages_free(console, 1);
	ring = NULL;
	console = NULL;
}
