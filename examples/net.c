/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A UDP echo service on port 7 (RFC 862), by lwIP over the first network device, which gets its
 * address from DHCP.
 *
 * Command line: net.count=N ends the machine, with status 0, after N datagrams.
 */
#include <pv/bare.h>

#include <lwip/udp.h>

#include "lwip/netif_pv.h"

#define ECHO_PORT	   7
#define ADDRESS_TIMEOUT_MS 30000

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, &pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_net, &pv_netfront, &pv_xen_console,
						   NULL};

static uint64_t echoed;

static int fail(const char *what, int err)
{
	pv_bare_printf("net: %s: error %d\n", what, err);
	return 1;
}

static void echo(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
	(void)arg;
	if (udp_sendto(pcb, p, from, port) == ERR_OK)
		echoed++;
	pbuf_free(p);
}

int pv_bare_main(const char *cmdline)
{
	struct pv_net *net = pv_net_open(0);
	uint64_t count = UINT64_MAX;
	struct udp_pcb *pcb;
	int err;

	pv_bare_printf("cpus: %u\n", pv_cpu_find(pv_bare_boot()));
	if (pv_cmdline_get_u64(cmdline, "net.count", &count) == PV_EINVAL)
		return fail("net.count is not a number", PV_EINVAL);
	if (!net)
		return fail("no network device", PV_ENODEV);
	err = pv_lwip_start(net);
	if (err)
		return fail("cannot start the network", err);
	err = pv_lwip_wait_address(ADDRESS_TIMEOUT_MS);
	if (err)
		return fail("no address from DHCP", err);
	pcb = udp_new();
	if (!pcb || udp_bind(pcb, IP_ANY_TYPE, ECHO_PORT) != ERR_OK)
		return fail("cannot bind the port", PV_ENOMEM);
	udp_recv(pcb, echo, NULL);
	pv_bare_printf("address: %s\n", pv_lwip_address());

	while (echoed < count)
		pv_lwip_poll();
	pv_bare_printf("echoed: %llu\n", (unsigned long long)echoed);
	return 0;
}
