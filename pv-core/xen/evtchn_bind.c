/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Event channels: binding ports, and ending them.
 */
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>

#include "pv-core/xen/evtchn.h"

struct pv_evtchn_port *pv_evtchn_ports[PV_EVTCHN_WORDS];
unsigned int pv_evtchn_num_bound;
unsigned int pv_evtchn_boot_cpu;

static void close_in_xen(evtchn_port_t port)
{
	struct evtchn_close op = {.port = port};
	int err = pv_xen_evtchn_close(&op);

	if (err)
		pv_err("Xen: port %u was not closed, error %d", port, err);
}

/*
 * Gives a port its handler, and lets it go. Xen answered `err`, and with `port`, which is masked:
 * all were when the library began, and each was again when it was closed.
 */
static int bind(int err, evtchn_port_t port, unsigned int cpu, bool borrowed, pv_evtchn_fn fn,
		void *arg)
{
	struct pv_evtchn_port **word, *p;

	if (err)
		return err;
	if (!pv_evtchn_started(cpu))
		return PV_ENODEV;
	if (!port || port >= PV_EVTCHN_PORTS)
		return borrowed ? PV_EINVAL : PV_EPROTO;
	word = &pv_evtchn_ports[port / 64];
	if (!*word)
		*word = pv_os_alloc(64 * sizeof(**word));
	if (!*word) {
		if (!borrowed)
			close_in_xen(port);
		return PV_ENOMEM;
	}
	p = &(*word)[port % 64];
	if (p->fn)
		return borrowed ? PV_EEXIST : PV_EPROTO;
	p->arg = arg;
	p->cpu = (uint16_t)cpu;
	p->idle = 0;
	p->late = false;
	p->borrowed = borrowed;
	__atomic_store_n(&p->fn, fn, __ATOMIC_RELEASE);
	pv_evtchn_give(port, cpu);
	pv_evtchn_num_bound++;
	pv_evtchn_unmask((int)port);
	return (int)port;
}

int pv_evtchn_alloc_unbound(uint16_t remote_domid, pv_evtchn_fn fn, void *arg)
{
	struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = remote_domid};
	int err = pv_xen_evtchn_alloc_unbound(&op);

	return bind(err, op.port, pv_evtchn_boot_cpu, false, fn, arg);
}

int pv_evtchn_bind_interdomain(uint16_t remote_domid, uint32_t remote_port, pv_evtchn_fn fn,
			       void *arg)
{
	struct evtchn_bind_interdomain op = {.remote_dom = remote_domid,
					     .remote_port = remote_port};
	int err = pv_xen_evtchn_bind_interdomain(&op);

	return bind(err, op.local_port, pv_evtchn_boot_cpu, false, fn, arg);
}

int pv_evtchn_bind_port(uint32_t port, pv_evtchn_fn fn, void *arg)
{
	return bind(0, port, pv_evtchn_boot_cpu, true, fn, arg);
}

int pv_evtchn_bind_virq(unsigned int virq, unsigned int cpu, pv_evtchn_fn fn, void *arg)
{
	struct evtchn_bind_virq op = {.virq = virq};
	int err;

	if (!pv_evtchn_started(cpu))
		return PV_EINVAL;
	op.vcpu = pv_xen_vcpu(cpu);
	err = pv_xen_evtchn_bind_virq(&op);
	return bind(err, op.port, cpu, false, fn, arg);
}

int pv_evtchn_bind_ipi(unsigned int cpu, pv_evtchn_fn fn, void *arg)
{
	struct evtchn_bind_ipi op;
	int err;

	if (!pv_evtchn_started(cpu))
		return PV_EINVAL;
	op.vcpu = pv_xen_vcpu(cpu);
	op.port = 0;
	err = pv_xen_evtchn_bind_ipi(&op);
	return bind(err, op.port, cpu, false, fn, arg);
}

int pv_evtchn_bind_pirq(uint32_t pirq, uint32_t flags, pv_evtchn_fn fn, void *arg)
{
	struct evtchn_bind_pirq op = {.pirq = pirq, .flags = flags};
	int err = pv_xen_evtchn_bind_pirq(&op);

	return bind(err, op.port, pv_evtchn_boot_cpu, false, fn, arg);
}

void pv_evtchn_end(unsigned int port)
{
	struct shared_info PV_SHARED *shared = pv_xen_shared_info();
	struct pv_evtchn_port *p = pv_evtchn_port(port);

	pv_evtchn_set_mask(port);
	pv_evtchn_late_forget(port);
	__atomic_store_n(&p->fn, NULL, __ATOMIC_SEQ_CST);
	pv_evtchn_give(port, pv_evtchn_boot_cpu);
	pv_evtchn_num_bound--;
	if (p->borrowed)
		return;
	close_in_xen(port);
	/*
	 * Xen masks no port that it gives out: the next one of this number begins masked by this.
	 */
	pv_shared_fetch_and(&shared->evtchn_pending[port / 64], ~pv_evtchn_bit(port));
}

void pv_evtchn_close(int port)
{
	struct pv_evtchn_port *p = pv_evtchn_bound(port);

	if (!p)
		return;
	p->borrowed = false;
	pv_evtchn_end((unsigned int)port);
}

void pv_evtchn_unbind(int port)
{
	struct pv_evtchn_port *p = pv_evtchn_bound(port);

	if (!p)
		return;
	p->borrowed = true;
	pv_evtchn_end((unsigned int)port);
}

int pv_evtchn_set_cpu(int port, unsigned int cpu)
{
	struct evtchn_bind_vcpu op = {.port = (evtchn_port_t)port};
	struct pv_evtchn_port *p = pv_evtchn_bound(port);
	int err;

	if (!p || !pv_evtchn_started(cpu))
		return PV_EINVAL;
	if (p->cpu == cpu)
		return 0;
	/* While it is masked nobody looks at whose it is; what comes is delivered by the unmask. */
	pv_evtchn_set_mask((unsigned int)port);
	op.vcpu = pv_xen_vcpu(cpu);
	err = pv_xen_evtchn_bind_vcpu(&op);
	if (!err) {
		p->cpu = (uint16_t)cpu;
		pv_evtchn_give((unsigned int)port, cpu);
	}
	pv_evtchn_unmask(port);
	return err;
}

void pv_evtchn_end_all(void)
{
	unsigned int port, i;

	for (port = 1; port < PV_EVTCHN_PORTS; port++)
		if (pv_evtchn_bound((int)port))
			pv_evtchn_end(port);
	for (i = 0; i < PV_EVTCHN_WORDS; i++) {
		pv_os_free(pv_evtchn_ports[i], 64 * sizeof(*pv_evtchn_ports[i]));
		pv_evtchn_ports[i] = NULL;
	}
}
