/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/string.h>

#define xen_mb()  __sync_synchronize()
#define xen_rmb() __sync_synchronize()
#define xen_wmb() __sync_synchronize()

#include "fake_netback.h"
#define PEER PV_FAKE_XEN_PEER

static struct fake_netback *active;
static void (*store_sent)(uint16_t domid, uint32_t port);

/* --- connection ------------------------------------------------------------------------------- */

static void let_go(struct fake_netback *nb)
{
	if (nb->keeps)
		return;
	while (nb->num_kept)
		pv_fake_xen_peer_unmap(nb->kept[--nb->num_kept]);
	if (nb->connected) {
		pv_fake_xen_peer_unmap(nb->tx_ref);
		pv_fake_xen_peer_unmap(nb->rx_ref);
	}
	nb->connected = false;
}

static void text_node(struct fake_netback *nb, const char *key, const char *value)
{
	char path[160];

	pv_snprintf(path, sizeof(path), "%s/%s", nb->back, key);
	pv_fake_xs_write(path, value);
}

void fake_netback_node(struct fake_netback *nb, const char *key, int value)
{
	char path[160];

	pv_snprintf(path, sizeof(path), "%s/%s", nb->back, key);
	if (value < 0)
		pv_fake_xs_rm(path);
	else
		pv_fake_xs_printf(path, "%d", value);
}

static void state(struct fake_netback *nb, enum xenbus_state s)
{
	fake_netback_node(nb, "state", (int)s);
}

static long front(const struct fake_netback *nb, const char *key)
{
	char path[128];

	pv_snprintf(path, sizeof(path), "%s/%s", nb->front, key);
	return pv_fake_xs_number(path);
}

/* As netback's connect(): what it reads, and in which order it prefers it. */
static bool connect(struct fake_netback *nb)
{
	long tx_port = front(nb, "event-channel-tx"), rx_port = front(nb, "event-channel-rx");
	struct netif_tx_sring *tx;
	struct netif_rx_sring *rx;

	if (tx_port < 0 || rx_port < 0)
		tx_port = rx_port = front(nb, "event-channel");
	nb->tx_port = (uint32_t)tx_port;
	nb->rx_port = (uint32_t)rx_port;
	nb->tx_ref = (uint32_t)front(nb, "tx-ring-ref");
	nb->rx_ref = (uint32_t)front(nb, "rx-ring-ref");
	if (front(nb, "request-rx-copy") != 1 || front(nb, "feature-rx-notify") != 1 ||
	    front(nb, "multi-queue-num-queues") > 1)
		return false;
	if (!pv_fake_xen_peer_bind(PEER, nb->tx_port) ||
	    (tx_port != rx_port && !pv_fake_xen_peer_bind(PEER, nb->rx_port)))
		return false;
	tx = pv_fake_xen_peer_map(PEER, nb->tx_ref, true);
	rx = pv_fake_xen_peer_map(PEER, nb->rx_ref, true);
	if (!tx || !rx)
		return false;
	BACK_RING_ATTACH(&nb->tx, tx, tx->rsp_prod, PV_PAGE_SIZE);
	BACK_RING_ATTACH(&nb->rx, rx, rx->rsp_prod, PV_PAGE_SIZE);
	nb->rx_pushed = 0;
	nb->connected = true;
	nb->connects++;
	return true;
}

static void wait_for_frontend(struct fake_netback *nb)
{
	fake_netback_node(nb, "feature-rx-copy", nb->rx_copy);
	fake_netback_node(nb, "feature-sg", nb->sg);
	fake_netback_node(nb, "feature-gso-tcpv4", nb->gso4);
	fake_netback_node(nb, "feature-gso-tcpv6", nb->gso6);
	fake_netback_node(nb, "feature-no-csum-offload", nb->no_csum);
	fake_netback_node(nb, "feature-ipv6-csum-offload", nb->csum6);
	fake_netback_node(nb, "feature-split-event-channels", nb->split);
	fake_netback_node(nb, "carrier", nb->carrier);
	fake_netback_node(nb, "mtu", nb->mtu);
	text_node(nb, "hotplug-status", "connected");
	state(nb, XenbusStateInitWait);
}

/* As netback's frontend_changed(). */
static void follow(void *arg, const char *path)
{
	struct fake_netback *nb = arg;
	char text[160];
	long back;

	pv_snprintf(text, sizeof(text), "%s/state", nb->front);
	if (pv_strcmp(path, text))
		return;
	pv_snprintf(text, sizeof(text), "%s/state", nb->back);
	back = pv_fake_xs_number(text);
	switch (pv_fake_xs_number(path)) {
	case XenbusStateInitialising:
		if (back == XenbusStateClosed && !nb->lingers)
			wait_for_frontend(nb);
		break;
	case XenbusStateConnected:
		if (back != XenbusStateInitWait || nb->never_connects)
			break;
		if (connect(nb))
			state(nb, XenbusStateConnected);
		else
			nb->refused++;
		break;
	case XenbusStateClosing:
		if (!nb->lingers)
			state(nb, XenbusStateClosing);
		break;
	case XenbusStateClosed:
		if (nb->lingers)
			break;
		let_go(nb);
		state(nb, XenbusStateClosed);
		break;
	default:
		break;
	}
}

void fake_netback_die(struct fake_netback *nb)
{
	let_go(nb);
	nb->connected = false;
	state(nb, XenbusStateInitialising);
}

void fake_netback_reborn(struct fake_netback *nb)
{
	wait_for_frontend(nb);
}

bool fake_netback_take_over(struct fake_netback *nb)
{
	pv_fake_xen_peer_unbind(nb->tx_port);
	pv_fake_xen_peer_unbind(nb->rx_port);
	if (!connect(nb))
		return false;
	state(nb, XenbusStateConnected);
	return true;
}

static void sent(uint16_t domid, uint32_t port)
{
	if (active && active->connected && (port == active->tx_port || port == active->rx_port))
		active->kicks++;
	else if (store_sent)
		store_sent(domid, port);
}

/* --- what is sent ----------------------------------------------------------------------------- */

bool fake_netback_tx_take(struct fake_netback *nb, struct netif_tx_request *req)
{
	if (!nb->connected || !RING_HAS_UNCONSUMED_REQUESTS(&nb->tx))
		return false;
	RING_COPY_REQUEST(&nb->tx, nb->tx.req_cons, req);
	nb->tx.req_cons++;
	return true;
}

/* The bytes of a slot. False if they cannot be had. */
static bool fetch(struct fake_netback *nb, const struct netif_tx_request *req, uint32_t len,
		  uint8_t *to)
{
	uint8_t *page;

	if (req->offset + len > PV_PAGE_SIZE)
		return false;
	page = pv_fake_xen_peer_map(PEER, req->gref, false);
	if (!page)
		return false;
	pv_memcpy(to, page + req->offset, len);
	if (nb->keeps)
		nb->kept[nb->num_kept++] = req->gref;
	else
		pv_fake_xen_peer_unmap(req->gref);
	return true;
}

/* What the frontend may be writable of is not to be: what is sent is granted for reading. */
static bool read_only(uint32_t ref)
{
	if (!pv_fake_xen_peer_map(PEER, ref, true))
		return true;
	pv_fake_xen_peer_unmap(ref);
	return false;
}

struct chain {
	struct netif_tx_request req[32];
	unsigned int slots, extras;
};

/* As netback's: the chain, its extra info, and its bounds. False if it would be refused. */
static bool take_chain(struct fake_netback *nb, struct chain *c, struct fake_netback_frame *f)
{
	struct netif_tx_request slot;
	struct netif_extra_info extra;
	bool good = true;

	pv_memset(c, 0, sizeof(*c));
	if (!fake_netback_tx_take(nb, &c->req[0]))
		return false;
	c->slots = 1;
	f->flags = c->req[0].flags;
	f->gso_type = 0;
	f->gso_size = 0;
	extra.flags = c->req[0].flags & NETTXF_extra_info ? XEN_NETIF_EXTRA_FLAG_MORE : 0;
	while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE) {
		if (!fake_netback_tx_take(nb, &slot))
			return false;
		pv_memcpy(&extra, &slot, sizeof(extra));
		c->extras++;
		good &= extra.type == XEN_NETIF_EXTRA_TYPE_GSO && extra.u.gso.size;
		f->gso_type = extra.u.gso.type;
		f->gso_size = extra.u.gso.size;
	}
	while (c->req[c->slots - 1].flags & NETTXF_more_data) {
		if (c->slots == XEN_NETIF_NR_SLOTS_MIN ||
		    !fake_netback_tx_take(nb, &c->req[c->slots]))
			return false;
		c->slots++;
	}
	return good && (c->slots == 1 || nb->sg > 0);
}

static bool keep_frame(struct fake_netback *nb, const struct chain *c, struct fake_netback_frame *f)
{
	uint32_t first = c->req[0].size, at;
	unsigned int i;

	for (i = 1; i < c->slots; i++) {
		if (c->req[i].size > first)
			return false;
		first -= c->req[i].size;
	}
	if (nb->wire_at + c->req[0].size > FAKE_NETBACK_WIRE)
		nb->wire_at = 0;
	f->data = nb->wire + nb->wire_at;
	nb->wire_at += c->req[0].size;
	f->len = c->req[0].size;
	f->slots = c->slots;
	at = first;
	if (first < PV_NET_HDR_LEN || !fetch(nb, &c->req[0], first, f->data))
		return false;
	for (i = 1; i < c->slots; i++) {
		if (!c->req[i].size || !fetch(nb, &c->req[i], c->req[i].size, f->data + at))
			return false;
		at += c->req[i].size;
	}
	for (i = 0; i < c->slots; i++)
		if (!read_only(c->req[i].gref))
			return false;
	return true;
}

static void put_answer(struct fake_netback *nb, uint16_t id, int16_t status)
{
	struct netif_tx_response *rsp = RING_GET_RESPONSE(&nb->tx, nb->tx.rsp_prod_pvt);

	nb->tx.rsp_prod_pvt++;
	/* Of extra info Linux' writes the status only. */
	if (status != NETIF_RSP_NULL)
		rsp->id = id;
	rsp->status = status;
}

static void tx_push(struct fake_netback *nb)
{
	bool notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&nb->tx, notify);
	if (notify) {
		nb->notified++;
		pv_fake_xen_peer_send(nb->tx_port);
	}
}

void fake_netback_tx_answer(struct fake_netback *nb, uint16_t id, int16_t status)
{
	put_answer(nb, id, status);
	RING_GET_RESPONSE(&nb->tx, nb->tx.rsp_prod_pvt - 1)->id = id;
	tx_push(nb);
}

unsigned int fake_netback_run(struct fake_netback *nb, unsigned int max)
{
	struct netif_tx_response answer[FAKE_NETBACK_RING];
	unsigned int n, num = 0, i;
	struct fake_netback_frame *f;
	struct chain c;
	int more;

	for (n = 0; n < max; n++) {
		RING_FINAL_CHECK_FOR_REQUESTS(&nb->tx, more);
		if (!more)
			break;
		f = &nb->frame[nb->sent % FAKE_NETBACK_FRAMES];
		if (!take_chain(nb, &c, f) || !keep_frame(nb, &c, f))
			nb->bad++;
		else
			nb->sent++;
		for (i = 0; i < c.slots; i++) {
			answer[num].id = c.req[i].id;
			answer[num++].status = nb->status;
			for (; !i && c.extras; c.extras--)
				answer[num++].status = NETIF_RSP_NULL;
		}
	}
	for (i = 0; i < num; i++) {
		struct netif_tx_response *a = &answer[nb->backwards ? num - 1 - i : i];

		put_answer(nb, a->id, a->status);
	}
	tx_push(nb);
	return n;
}

/* --- life ------------------------------------------------------------------------------------- */

void fake_netback_begin(struct fake_netback *nb)
{
	nb->rx_copy = nb->sg = nb->gso4 = nb->gso6 = nb->csum6 = nb->split = 1;
	nb->no_csum = nb->carrier = nb->mtu = nb->front_mtu = -1;
	nb->mac = "00:16:3e:12:34:Ab";
	active = nb;
	store_sent = pv_fake_xen.sent;
	pv_fake_xen.sent = sent;
	pv_fake_xs.changed = follow;
	pv_fake_xs.changed_arg = nb;
}

void fake_netback_end(struct fake_netback *nb)
{
	nb->keeps = false;
	let_go(nb);
	pv_fake_xs.changed = NULL;
	pv_fake_xen.sent = store_sent;
	active = NULL;
}

void fake_netback_appear(struct fake_netback *nb)
{
	char path[96];

	pv_snprintf(nb->front, sizeof(nb->front), PV_FAKE_XS_HOME "/device/vif/0");
	pv_fake_xs_device("vif", 0, nb->back, sizeof(nb->back));
	pv_snprintf(path, sizeof(path), "%s/mac", nb->front);
	if (nb->mac)
		pv_fake_xs_write(path, nb->mac);
	pv_snprintf(path, sizeof(path), "%s/trusted", nb->front);
	if (nb->trusted)
		pv_fake_xs_write(path, nb->trusted);
	pv_snprintf(path, sizeof(path), "%s/mtu", nb->front);
	if (nb->front_mtu >= 0)
		pv_fake_xs_printf(path, "%d", nb->front_mtu);
	wait_for_frontend(nb);
}
