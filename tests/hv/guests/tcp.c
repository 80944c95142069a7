/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A TCP echo service on port 7 (RFC 862), for as many bytes as come: each received pbuf is sent as
 * it is, and acknowledged to the other side when that side has taken it back.
 */
#include <pv/bare.h>

#include "lwip/tcp.h"
#include "lwip/netif_pv.h"

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, &pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_net, &pv_netfront, NULL};

/* What was received and not yet sent: a chain, and how far its first pbuf is done. */
static struct pbuf *waiting;
static u16_t done;
static bool closing;

static void send_waiting(struct tcp_pcb *pcb)
{
	while (waiting) {
		u16_t len = (u16_t)(waiting->len - done), room = tcp_sndbuf(pcb);
		struct pbuf *next = waiting->next;

		len = len < room ? len : room;
		if (!len ||
		    tcp_write(pcb, (char *)waiting->payload + done, len, TCP_WRITE_FLAG_COPY))
			break;
		tcp_recved(pcb, len);
		done = (u16_t)(done + len);
		if (done < waiting->len)
			continue;
		done = 0;
		if (next)
			pbuf_ref(next);
		pbuf_free(waiting);
		waiting = next;
	}
	tcp_output(pcb);
	if (!waiting && closing) {
		closing = false;
		tcp_close(pcb);
	}
}

static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	(void)arg;
	(void)err;
	if (!p)
		closing = true;
	else if (waiting)
		pbuf_cat(waiting, p);
	else
		waiting = p;
	send_waiting(pcb);
	return ERR_OK;
}

static err_t sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	(void)arg;
	(void)len;
	send_waiting(pcb);
	return ERR_OK;
}

static void ended(void *arg, err_t err)
{
	(void)arg;
	pv_bare_printf("connection: error %d\n", err);
	if (waiting)
		pbuf_free(waiting);
	waiting = NULL;
	done = 0;
	closing = false;
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)arg;
	if (err || !pcb)
		return ERR_VAL;
	tcp_recv(pcb, received);
	tcp_sent(pcb, sent);
	tcp_err(pcb, ended);
	return ERR_OK;
}

int pv_bare_main(const char *cmdline)
{
	struct pv_net *net = pv_net_open(0);
	struct tcp_pcb *pcb;

	(void)cmdline;
	if (!net || pv_lwip_start(net) || pv_lwip_wait_address(30000))
		return 2;
	pcb = tcp_new();
	if (!pcb || tcp_bind(pcb, IP_ADDR_ANY, 7) != ERR_OK)
		return 3;
	tcp_accept(tcp_listen(pcb), accepted);
	pv_bare_printf("ready: tcp on port 7\n");
	for (;;)
		pv_lwip_poll();
}
