/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the fake backend delivers to the guest: answers to the requests of its receive ring. */
#include <pv/string.h>

#define xen_mb()  __sync_synchronize()
#define xen_rmb() __sync_synchronize()
#define xen_wmb() __sync_synchronize()

#include "fake_netback.h"
#define PEER PV_FAKE_XEN_PEER

static bool rx_take(struct fake_netback *nb, struct netif_rx_request *req)
{
	if (!nb->connected || !RING_HAS_UNCONSUMED_REQUESTS(&nb->rx))
		return false;
	RING_COPY_REQUEST(&nb->rx, nb->rx.req_cons, req);
	nb->rx.req_cons++;
	return true;
}

static void rx_put(struct fake_netback *nb, const void *rsp)
{
	pv_memcpy(RING_GET_RESPONSE(&nb->rx, nb->rx.rsp_prod_pvt), rsp, 8);
	nb->rx.rsp_prod_pvt++;
}

static bool slot(struct fake_netback *nb, const void *data, uint16_t offset, int16_t status,
		 uint16_t flags)
{
	struct netif_rx_response rsp = {.offset = offset, .flags = flags, .status = status};
	struct netif_rx_request req;
	uint8_t *page;

	if (!rx_take(nb, &req))
		return false;
	page = pv_fake_xen_peer_map(PEER, req.gref, true);
	if (!page)
		return false;
	if (status > 0 && offset + status <= (int)PV_PAGE_SIZE)
		pv_memcpy(page + offset, data, (size_t)status);
	if (nb->keeps)
		nb->kept[nb->num_kept++] = req.gref;
	else
		pv_fake_xen_peer_unmap(req.gref);
	rsp.id = req.id;
	rx_put(nb, &rsp);
	return true;
}

bool fake_netback_slot(struct fake_netback *nb, uint16_t offset, int16_t status, uint16_t flags)
{
	return slot(nb, nb->bytes, offset, status, flags);
}

bool fake_netback_extra(struct fake_netback *nb, uint8_t type, uint8_t flags, uint16_t gso_size)
{
	struct netif_extra_info extra = {.type = type, .flags = flags};
	struct netif_rx_request req;

	extra.u.gso.size = gso_size;
	extra.u.gso.type = XEN_NETIF_GSO_TYPE_TCPV4;
	if (!rx_take(nb, &req))
		return false;
	rx_put(nb, &extra);
	return true;
}

void fake_netback_push(struct fake_netback *nb)
{
	bool notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&nb->rx, notify);
	if (notify) {
		nb->notified++;
		pv_fake_xen_peer_send(nb->rx_port);
	}
}

bool fake_netback_receive(struct fake_netback *nb, const void *data, uint32_t len, uint16_t flags)
{
	uint32_t at = 0, part;

	do {
		part = len - at < PV_PAGE_SIZE ? len - at : PV_PAGE_SIZE;
		if (!slot(nb, (const uint8_t *)data + at, 0, (int16_t)part,
			  flags | (at + part < len ? NETRXF_more_data : 0)))
			return false;
		at += part;
		flags = 0;
	} while (at < len);
	nb->rx.sring->req_event = nb->rx.req_cons + 1;
	fake_netback_push(nb);
	return true;
}
