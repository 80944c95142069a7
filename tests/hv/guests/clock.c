/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The PV clock, to be measured from outside: a million readings, of which none may be before the
 * one before; some short windows, to compare the rates of clock and TSC; and then an answer to each
 * datagram on UDP port 7: the clock's reading at that moment, and the TSC's, 8 bytes each,
 * little-endian.
 */
#include <pv/bare.h>

#include "lwip/udp.h"
#include "netif_pv.h"

#define READINGS  1000000
#define WINDOWS	  201
#define WINDOW_NS 1000000

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_xenbus, &pv_virtio_mmio, &pv_virtio_pci, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_netfront, &pv_virtio_net, NULL};

static void read_often(void)
{
	uint64_t last = pv_clock_now();
	unsigned int i, backwards = 0;

	for (i = 0; i < READINGS; i++) {
		uint64_t now = pv_clock_now();

		backwards += now < last;
		last = now;
	}
	pv_bare_printf("backwards: %u of %u\n", backwards, READINGS);
}

struct moment {
	uint64_t ns;
	uint64_t ticks;
};

static struct moment moment(void)
{
	uint64_t before = __builtin_ia32_rdtsc(), ns = pv_clock_now();

	return (struct moment) {ns, before + (__builtin_ia32_rdtsc() - before) / 2};
}

/*
 * By how many ppm the TSC runs faster by the clock than its page says, while the CPU does nothing
 * else. The host renews the page when it lets the guest run again, and Xen may have found another
 * factor by then; in between, the clock advances by the TSC and the page's factor alone. Windows
 * are short, and of many the median counts: some are interrupted.
 */
static int64_t median_deviation(void)
{
	static int64_t ppm[WINDOWS];
	unsigned int i, j;

	for (i = 0; i < WINDOWS; i++) {
		uint64_t khz = pv_clock_tsc_khz();
		struct moment start = moment(), now;
		int64_t off;

		do
			now = moment();
		while (now.ns - start.ns < WINDOW_NS);
		off = (int64_t)((now.ticks - start.ticks) * 1000000 / (now.ns - start.ns) - khz);
		off = off * 1000000 / (int64_t)(khz ? khz : 1);
		for (j = i; j && ppm[j - 1] > off; j--)
			ppm[j] = ppm[j - 1];
		ppm[j] = off;
	}
	return ppm[WINDOWS / 2];
}

static void answer(void *arg, struct udp_pcb *pcb, struct pbuf *request, const ip_addr_t *addr,
		   u16_t port)
{
	uint64_t now[2] = {pv_clock_now(), __builtin_ia32_rdtsc()};
	struct pbuf *reply = pbuf_alloc(PBUF_TRANSPORT, sizeof(now), PBUF_RAM);

	(void)arg;
	pbuf_free(request);
	if (!reply)
		return;
	pbuf_take(reply, now, sizeof(now));
	udp_sendto(pcb, reply, addr, port);
	pbuf_free(reply);
}

int pv_bare_main(const char *cmdline)
{
	struct pv_net *net = pv_net_open(0);
	struct udp_pcb *pcb;

	(void)cmdline;
	pv_bare_printf("clock: %s\n", pv_clock_name());
	if (!pv_clock_present() || !net || pv_lwip_start(net) || pv_lwip_wait_address(20000))
		return 2;
	read_often();
	pv_bare_printf("tsc: %llu kHz\n", (unsigned long long)pv_clock_tsc_khz());
	pv_bare_printf("deviation: %lld ppm\n", (long long)median_deviation());
	pcb = udp_new();
	if (!pcb || udp_bind(pcb, IP_ADDR_ANY, 7) != ERR_OK)
		return 3;
	udp_recv(pcb, answer, NULL);
	pv_bare_printf("ready: clock on port 7\n");
	for (;;)
		pv_lwip_poll();
}
