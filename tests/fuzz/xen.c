/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "xen.h"

#include <pv/abi/xen_io.h>

#include "hypercall/xen.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"

#define KEPT 16u

static uint32_t kept[KEPT];
static unsigned int num_kept, ports;
static void *store;
static uint32_t store_port;
static void (*store_server)(void);

void fuzz_xen_start(void)
{
	struct pv_platform platform;
	unsigned int grants = 8000;

	pv_fake_xen_start();
	pv_detect(&platform, pv_cpuid, PV_HINT_PVH);
	PLAIN_CHECK(!pv_xen_init(&platform, pv_fake_xen_boot()));
	/* The table is as large as it will be; how large it may be is a knob. */
	while (grants && pv_grant_reserve(grants))
		grants /= 2;
	pv_grant_unreserve(grants);
	ports = pv_fake_xen_ports();
}

void fuzz_xen_keep(uint32_t ref)
{
	if (num_kept < KEPT && pv_fake_xen_peer_map(FUZZ_PEER, ref, false))
		kept[num_kept++] = ref;
}

void fuzz_xen_let_go(void)
{
	while (num_kept)
		pv_fake_xen_peer_unmap(kept[--num_kept]);
}

void fuzz_xen_device(struct pv_xenbus_device *xd, const char *name, enum pv_device_class class_id)
{
	memset(xd, 0, sizeof(*xd));
	xd->dev.bus = &pv_xenbus;
	xd->dev.state = PV_DEV_LIVE;
	xd->dev.class_id = class_id;
	xd->dev.holds = 1;
	pv_snprintf(xd->dev.name, sizeof(xd->dev.name), "%s", name);
}

void fuzz_xen_end(void)
{
	struct pv_grant_stats s;

	fuzz_xen_let_go();
	pv_grant_retry();
	pv_grant_stats(&s);
	PLAIN_CHECK(!s.quarantined);
	PLAIN_CHECK(!s.reserved);
	PLAIN_CHECK(s.free == s.total);
	PLAIN_CHECK(pv_fake_xen_ports() == ports);
}

void fuzz_xen_scribble(void *page, unsigned int len, unsigned int n)
{
	uint8_t bytes[16];
	unsigned int at = fuzz_u16() % (len - sizeof(bytes));

	memcpy((uint8_t *)page + at, bytes, fuzz_bytes(bytes, n % (sizeof(bytes) + 1)));
}

/* --- the store -------------------------------------------------------------------------------- */

static void sent(uint16_t domid, uint32_t port)
{
	(void)domid;
	if (port == store_port)
		store_server();
}

static void param(uint32_t index, uint64_t value)
{
	struct xen_hvm_param op = {.domid = DOMID_SELF, .index = index, .value = value};

	PLAIN_CHECK(!pv_xen_hvm_set_param_op(&op));
}

void *fuzz_xen_store(void (*server)(void))
{
	store = pv_os_pages_alloc(1);
	store_port = pv_fake_xen_peer_connect(0);
	param(HVM_PARAM_STORE_PFN, pv_xen_gfn(store));
	param(HVM_PARAM_STORE_EVTCHN, store_port);
	pv_fake_xen.sent = sent;
	store_server = server;
	ports++;
	return store;
}

void fuzz_xen_store_event(void)
{
	pv_fake_xen_peer_send(store_port);
}
