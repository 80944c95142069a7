/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake Xen's event channels, two-level ABI.
 */
#include "fake_xen_impl.h"

#define PORTS	   4096
#define PEER_PORTS 256
#define PEER_FIRST 100 /* numbers unlike the guest's own */

static struct {
	uint32_t status; /* EVTCHNSTAT_* */
	uint16_t remote_domid;
	uint32_t remote_port; /* virq, pirq */
	uint32_t vcpu;
} ports[PORTS];
static uint32_t top = 1; /* from here on none was ever taken */

/* Ports that other domains allocated for the guest. */
static struct peer_port {
	bool used, bound;
	bool answers; /* by pv_fake_xen_peer_bind(), told to nobody: ends with the guest's */
	uint16_t domid;
	uint32_t guest_port;
} peer[PEER_PORTS];

void pv_fake_xen_events_reset(void)
{
	memset(ports, 0, sizeof(ports));
	memset(peer, 0, sizeof(peer));
	top = 1;
}

unsigned int pv_fake_xen_ports(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < top; i++)
		n += ports[i].status != EVTCHNSTAT_closed;
	return n;
}

static uint64_t bit(uint32_t port)
{
	return 1ull << port % 64;
}

/* Selects and flags, as for a port that went pending, or was unmasked while it was. */
static void select_port(uint32_t port)
{
	struct vcpu_info *info = pv_fake_xen_vcpu_info(ports[port].vcpu);

	if (!info)
		return;
	if (!(info->evtchn_pending_sel & bit(port / 64))) {
		info->evtchn_pending_sel |= bit(port / 64);
		pv_fake_xen_pend_upcall(ports[port].vcpu);
	}
}

static void pend(uint32_t port)
{
	struct shared_info *s = pv_fake_xen_shared();

	if (s->evtchn_pending[port / 64] & bit(port))
		return;
	s->evtchn_pending[port / 64] |= bit(port);
	if (!(s->evtchn_mask[port / 64] & bit(port)))
		select_port(port);
}

void pv_fake_xen_peer_send(uint32_t guest_port)
{
	pend(guest_port);
}

void pv_fake_xen_virq(unsigned int virq, unsigned int vcpu)
{
	uint32_t p;

	for (p = 1; p < top; p++)
		if (ports[p].status == EVTCHNSTAT_virq && ports[p].remote_port == virq &&
		    ports[p].vcpu == vcpu)
			pend(p);
}

/* A free port; 0 if there is none. It begins without anything pending. */
static uint32_t take(uint32_t status)
{
	uint32_t p;

	for (p = 1; p < PORTS && ports[p].status; p++)
		;
	if (p == PORTS)
		return 0;
	top = p < top ? top : p + 1;
	memset(&ports[p], 0, sizeof(ports[p]));
	ports[p].status = status;
	pv_fake_xen_shared()->evtchn_pending[p / 64] &= ~bit(p);
	return p;
}

/* --- the peers -------------------------------------------------------------------------------- */

uint32_t pv_fake_xen_peer_alloc(uint16_t domid)
{
	uint32_t i;

	for (i = 0; i < PEER_PORTS && peer[i].used; i++)
		;
	if (i == PEER_PORTS)
		pv_os_panic("fake Xen: no port left for a peer");
	peer[i].used = true;
	peer[i].bound = false;
	peer[i].answers = false;
	peer[i].domid = domid;
	return PEER_FIRST + i;
}

uint32_t pv_fake_xen_peer_connect(uint16_t domid)
{
	uint32_t p = take(EVTCHNSTAT_interdomain), r = pv_fake_xen_peer_alloc(domid);

	ports[p].remote_domid = domid;
	ports[p].remote_port = r;
	peer[r - PEER_FIRST].bound = true;
	peer[r - PEER_FIRST].guest_port = p;
	return p;
}

bool pv_fake_xen_peer_bind(uint16_t domid, uint32_t guest_port)
{
	uint32_t r;

	if (guest_port >= PORTS || ports[guest_port].status != EVTCHNSTAT_unbound ||
	    ports[guest_port].remote_domid != domid)
		return false;
	r = pv_fake_xen_peer_alloc(domid);
	peer[r - PEER_FIRST].answers = true;
	peer[r - PEER_FIRST].bound = true;
	peer[r - PEER_FIRST].guest_port = guest_port;
	ports[guest_port].status = EVTCHNSTAT_interdomain;
	ports[guest_port].remote_port = r;
	return true;
}

static void close_peer(struct peer_port *r)
{
	r->bound = false;
	r->used = !r->answers;
}

void pv_fake_xen_peer_unbind(uint32_t guest_port)
{
	if (guest_port >= PORTS || ports[guest_port].status != EVTCHNSTAT_interdomain)
		return;
	close_peer(&peer[ports[guest_port].remote_port - PEER_FIRST]);
	ports[guest_port].status = EVTCHNSTAT_unbound;
}

/* --- the guest -------------------------------------------------------------------------------- */

static uint16_t named(uint16_t domid)
{
	return domid == DOMID_SELF ? PV_FAKE_XEN_DOMID : domid;
}

static long alloc_unbound(struct evtchn_alloc_unbound *op)
{
	uint32_t p;

	if (named(op->dom) != PV_FAKE_XEN_DOMID)
		return PV_EPERM;
	p = take(EVTCHNSTAT_unbound);
	if (!p)
		return PV_ENOSPC;
	ports[p].remote_domid = named(op->remote_dom);
	op->port = p;
	return 0;
}

static long bind_interdomain(struct evtchn_bind_interdomain *op)
{
	uint32_t r = op->remote_port, p;

	if (named(op->remote_dom) == PV_FAKE_XEN_DOMID) {
		if (r >= PORTS || ports[r].status != EVTCHNSTAT_unbound ||
		    ports[r].remote_domid != PV_FAKE_XEN_DOMID)
			return PV_EINVAL;
		p = take(EVTCHNSTAT_interdomain);
		ports[r].status = EVTCHNSTAT_interdomain;
		ports[r].remote_port = p;
	} else {
		r -= PEER_FIRST;
		if (r >= PEER_PORTS || !peer[r].used || peer[r].bound ||
		    peer[r].domid != op->remote_dom)
			return PV_EINVAL;
		p = take(EVTCHNSTAT_interdomain);
		peer[r].bound = true;
		peer[r].guest_port = p;
	}
	ports[p].remote_domid = named(op->remote_dom);
	ports[p].remote_port = op->remote_port;
	op->local_port = p;
	/* Both ends are told. */
	if (ports[p].remote_domid == PV_FAKE_XEN_DOMID)
		pend(op->remote_port);
	pend(p);
	return 0;
}

static long bind_virq(struct evtchn_bind_virq *op)
{
	uint32_t p;

	if (op->virq >= NR_VIRQS || op->vcpu >= pv_fake_xen.vcpus)
		return PV_EINVAL;
	for (p = 1; p < top; p++)
		if (ports[p].status == EVTCHNSTAT_virq && ports[p].remote_port == op->virq &&
		    ports[p].vcpu == op->vcpu)
			return PV_EEXIST;
	p = take(EVTCHNSTAT_virq);
	if (!p)
		return PV_ENOSPC;
	ports[p].remote_port = op->virq;
	ports[p].vcpu = op->vcpu;
	op->port = p;
	return 0;
}

static long bind_ipi(struct evtchn_bind_ipi *op)
{
	uint32_t p;

	if (op->vcpu >= pv_fake_xen.vcpus)
		return PV_ENOENT;
	p = take(EVTCHNSTAT_ipi);
	if (!p)
		return PV_ENOSPC;
	ports[p].vcpu = op->vcpu;
	op->port = p;
	return 0;
}

static long bind_pirq(struct evtchn_bind_pirq *op)
{
	uint32_t p = take(EVTCHNSTAT_pirq);

	if (!p)
		return PV_ENOSPC;
	ports[p].remote_port = op->pirq;
	op->port = p;
	return 0;
}

static bool is_open(uint32_t port)
{
	return port && port < PORTS && ports[port].status != EVTCHNSTAT_closed;
}

static long close_port(uint32_t p)
{
	if (!is_open(p))
		return PV_EINVAL;
	if (ports[p].status == EVTCHNSTAT_interdomain) {
		if (ports[p].remote_domid == PV_FAKE_XEN_DOMID)
			ports[ports[p].remote_port].status = EVTCHNSTAT_unbound;
		else
			close_peer(&peer[ports[p].remote_port - PEER_FIRST]);
	}
	ports[p].status = EVTCHNSTAT_closed;
	return 0;
}

static long send(uint32_t p)
{
	if (!is_open(p))
		return PV_EINVAL;
	switch (ports[p].status) {
	case EVTCHNSTAT_ipi:
		pend(p);
		return 0;
	case EVTCHNSTAT_unbound:
		return 0;
	case EVTCHNSTAT_interdomain:
		if (ports[p].remote_domid == PV_FAKE_XEN_DOMID)
			pend(ports[p].remote_port);
		else if (pv_fake_xen.sent)
			pv_fake_xen.sent(ports[p].remote_domid, p);
		return 0;
	default:
		return PV_EINVAL;
	}
}

static long unmask(uint32_t p)
{
	struct shared_info *s = pv_fake_xen_shared();

	if (!is_open(p))
		return PV_EINVAL;
	if (!(s->evtchn_mask[p / 64] & bit(p)))
		return 0;
	s->evtchn_mask[p / 64] &= ~bit(p);
	if (s->evtchn_pending[p / 64] & bit(p))
		select_port(p);
	return 0;
}

static long bind_vcpu(const struct evtchn_bind_vcpu *op)
{
	if (!is_open(op->port) || op->vcpu >= pv_fake_xen.vcpus)
		return PV_ENOENT;
	if (ports[op->port].status == EVTCHNSTAT_virq || ports[op->port].status == EVTCHNSTAT_ipi)
		return PV_EINVAL;
	ports[op->port].vcpu = op->vcpu;
	return 0;
}

static long status(struct evtchn_status *op)
{
	if (!is_open(op->port))
		return PV_EINVAL;
	op->status = ports[op->port].status;
	op->vcpu = ports[op->port].vcpu;
	op->u.interdomain.dom = ports[op->port].remote_domid;
	op->u.interdomain.port = ports[op->port].remote_port;
	return 0;
}

long pv_fake_xen_event_op(unsigned int cmd, void *arg)
{
	switch (cmd) {
	case EVTCHNOP_alloc_unbound:
		return alloc_unbound(arg);
	case EVTCHNOP_bind_interdomain:
		return bind_interdomain(arg);
	case EVTCHNOP_bind_virq:
		return bind_virq(arg);
	case EVTCHNOP_bind_ipi:
		return bind_ipi(arg);
	case EVTCHNOP_bind_pirq:
		return bind_pirq(arg);
	case EVTCHNOP_bind_vcpu:
		return bind_vcpu(arg);
	case EVTCHNOP_close:
		return close_port(((struct evtchn_close *)arg)->port);
	case EVTCHNOP_send:
		return send(((struct evtchn_send *)arg)->port);
	case EVTCHNOP_unmask:
		return unmask(((struct evtchn_unmask *)arg)->port);
	case EVTCHNOP_status:
		return status(arg);
	default:
		return PV_ENOSYS;
	}
}
