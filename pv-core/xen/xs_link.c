/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The page and the event channel of the connection: finding them, the handshake of reconnecting,
 * the end.
 *
 * STARTING
 *	The kernel before us (firmware, boot loader, kexec) may have used the ring. If it left bytes
 *	on it, the server is asked to reconnect; otherwise the ring goes on where it stands.
 *	RESET_WATCHES ends the predecessor's watches and transactions; what still comes for it until
 *	then is dropped. Our requests' numbers begin at the ring's offset, which is beyond any
 *	number that we used before.
 */
#include <pv/config.h>
#include <pv/log.h>
#include <pv/wait.h>

#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xs_link.h"

/* Reconnections in a row, without a reply in between. */
#define RECONNECTS 3

struct pv_xs_conn *pv_xs_conn;

/* Interrupt context: the ring is looked at by pv_work(), or by who waits. */
static void on_event(void *arg)
{
	(void)arg;
	pv_os_schedule_work();
}

void pv_xs_link_notify(struct pv_xs_conn *c)
{
	if (pv_evtchn_send(c->port))
		pv_dbg("xenstore: event channel %d takes no notification", c->port);
}

bool pv_xs_link_can_reconnect(const struct pv_xs_conn *c)
{
	return c->state != PV_XS_DEAD && !c->recovering && c->failures < RECONNECTS &&
	       pv_shared_read(&c->ring.shared->server_features) &
		       XENSTORE_SERVER_FEATURE_RECONNECTION;
}

bool pv_xs_link_valid(struct pv_xs_conn *c)
{
	uint32_t error = pv_shared_read(&c->ring.shared->error);

	if (!error ||
	    !(pv_shared_read(&c->ring.shared->server_features) & XENSTORE_SERVER_FEATURE_ERROR))
		return true;
	pv_err("xenstore: xenstored closed the connection, error %u", error);
	c->state = PV_XS_BROKEN;
	return false;
}

static void die(struct pv_xs_conn *c, int why, const char *what)
{
	pv_err("xenstore: %s: no longer used", what);
	c->state = PV_XS_DEAD;
	c->why = why;
	while (c->first)
		pv_xs_end(c, c->first, why);
}

/* The server forgets all that is under way. */
static void forget(struct pv_xs_conn *c)
{
	struct pv_xs_req *req, *next;
	unsigned int i;

	for (req = c->first; req; req = next) {
		next = req->next;
		if (req->tx)
			pv_xs_end(c, req, PV_EAGAIN);
		else
			req->stage = PV_XS_QUEUED;
	}
	for (i = 0; i < PV_XS_LATE; i++)
		c->late[i] = 0;
	for (i = 0; i < PV_XS_TXS; i++)
		c->tx[i] = PV_XS_NO_TX;
	c->in_done = 0;
	c->out_len = 0;
	c->out_done = 0;
}

static bool is_connected(void *arg)
{
	struct pv_xs_conn *c = arg;

	return pv_shared_read_acquire(&c->ring.shared->connection) == XENSTORE_CONNECTED;
}

/* 0 if the ring is new and empty. */
static int handshake(struct pv_xs_conn *c)
{
	int err;

	pv_shared_write(&c->ring.shared->connection, XENSTORE_RECONNECT);
	pv_xs_link_notify(c);
	err = pv_wait_until(is_connected, c, PV_CONFIG_XS_MS);
	if (!err)
		err = pv_xs_ring_adopt(&c->ring, c->ring.shared);
	if (!err)
		c->stats.reconnects++;
	return err;
}

void pv_xs_link_recover(struct pv_xs_conn *c)
{
	int err;

	if (!pv_xs_link_can_reconnect(c)) {
		die(c, PV_EPROTO, "xenstored cannot be reconnected to");
		return;
	}
	c->failures++;
	c->recovering = true;
	forget(c);
	err = handshake(c);
	if (err) {
		die(c, err, "xenstored did not reconnect");
	} else {
		c->state = PV_XS_CONNECTED;
		pv_info("xenstore: reconnected");
		pv_xs_watch_restore();
	}
	c->recovering = false;
}

static int locate(uint64_t *frame, uint64_t *port)
{
	const struct start_info *si = pv_xen_start_info();
	int err = 0;

	if (!pv_xen_present())
		return PV_ENODEV;
	if (si) {
		*frame = si->store_mfn;
		*port = si->store_evtchn;
	} else {
		err = pv_xen_param(HVM_PARAM_STORE_PFN, frame);
		if (!err)
			err = pv_xen_param(HVM_PARAM_STORE_EVTCHN, port);
	}
	/* ~0: xenstored is yet to come. */
	if (err || !*frame || !~*frame || !*port || *port > 0x7fffffff)
		return PV_ENODEV;
	return 0;
}

static int begin(struct pv_xs_conn *c, struct xenstore_domain_interface PV_SHARED *page)
{
	struct pv_xs_req reset = {.type = XS_RESET_WATCHES, .part[0] = {"", 1}};
	int err;

	c->ring.shared = page;
	/* Somebody else may be reconnecting right now. */
	if (pv_shared_read(&page->server_features) & XENSTORE_SERVER_FEATURE_RECONNECTION &&
	    pv_wait_until(is_connected, c, PV_CONFIG_XS_MS))
		return PV_ETIMEDOUT;
	err = pv_xs_ring_adopt(&c->ring, page);
	if (err || pv_byte_ring_unread(&c->ring.req) || pv_byte_ring_ready(&c->ring.rsp)) {
		if (pv_xs_link_can_reconnect(c))
			err = handshake(c);
		if (err)
			return err;
	}
	c->next_id = c->ring.req.at;
	c->draining = true;
	err = pv_xs_call(&reset);
	c->draining = false;
	/* An old server does not know it, and says so. */
	return err == PV_ETIMEDOUT || err == PV_EPROTO ? err : 0;
}

/* The page, if it is another one; and the port. */
static int attach(struct pv_xs_conn *c)
{
	uint64_t frame, port;
	int err = locate(&frame, &port);

	if (err)
		return err;
	if (c->ring.shared)
		pv_xen_unmap_frame((void PV_FORCE *)c->ring.shared);
	c->ring.shared = (struct xenstore_domain_interface PV_SHARED *)pv_xen_map_frame(frame);
	if (!c->ring.shared)
		return PV_ENOMEM;
	c->port = (int)port;
	c->bound = pv_evtchn_bind_port((uint32_t)port, on_event, NULL) > 0;
	return 0;
}

int pv_xs_conn_resume(void)
{
	struct pv_xs_conn *c = pv_xs_conn;
	int err;

	if (!c)
		return PV_ENODEV;
	forget(c);
	c->state = PV_XS_CONNECTED;
	c->failures = 0;
	c->silent = false;
	err = attach(c);
	if (err == PV_ENODEV)
		err = PV_EGONE; /* there was one */
	if (!err)
		err = begin(c, c->ring.shared);
	if (err)
		die(c, err, "the store is not there after the suspend");
	return err;
}

int pv_xs_conn_open(void)
{
	struct pv_xs_conn *c;
	uint64_t frame, port;
	int err = locate(&frame,
			 &port); /* before anything is allocated for a store that is not there */

	if (err)
		return err;
	c = pv_os_alloc(sizeof(*c));
	if (!c)
		return PV_ENOMEM;
	err = attach(c);
	if (err) {
		pv_os_free(c, sizeof(*c));
		return err;
	}
	pv_xs_conn = c;
	err = begin(c, c->ring.shared);
	if (err)
		pv_xs_conn_close();
	return err;
}

void pv_xs_conn_close(void)
{
	struct pv_xs_conn *c = pv_xs_conn;

	while (c->first)
		pv_xs_end(c, c->first, PV_EGONE);
	if (c->bound)
		pv_evtchn_unbind(c->port);
	pv_xen_unmap_frame((void PV_FORCE *)c->ring.shared);
	pv_xs_conn = NULL;
	pv_os_free(c, sizeof(*c));
}
