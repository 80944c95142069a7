/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A web server: the site is a tar archive on the first disk that is one (another may be what the
 * machine booted from), the network is the first that there is. All CPUs serve: each has a loop,
 * the connections that fell to it, and queues of its own of disk and network, as far as these have
 * them.
 *
 * Command line: httpd.requests=N ends the machine, with status 0, after N requests.
 */
#include <pv/bare.h>
#include <pv/string.h>

#include "httpd/clocks.h"
#include "httpd/http.h"
#include "httpd/status.h"
#include "lwip/netif_pv.h"

#define PORT		   80
#define ADDRESS_TIMEOUT_MS 30000

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, &pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, &pv_virtio_net,  &pv_blkfront,
						   &pv_netfront,   &pv_xen_console, NULL};

static volatile bool serving;

static void turn(void)
{
	pv_lwip_lock();
	pv_lwip_run();
	site_poll();
	http_run();
	pv_lwip_unlock();
	pv_lwip_sleep();
}

/* A further CPU's. */
static void loop(void)
{
	clocks_answer();
	while (!serving)
		pv_bare_idle(1000000000);
	for (;;)
		turn();
}

static void route(const char *path, struct reply *reply)
{
	const struct site_file *file = site_find(path);

	if (!pv_strcmp(path, "/status.json")) {
		reply->status = 200;
		reply->type = "application/json";
		reply->len = status_json(reply->text, reply->text_size);
	} else if (file) {
		reply_file(reply, 200, file);
	} else if ((file = site_find("/404.html"))) {
		reply_file(reply, 404, file);
	} else {
		reply_status(reply, 404);
	}
}

static int fail(const char *what, int err)
{
	pv_bare_printf("httpd: %s: error %d\n", what, err);
	return 1;
}

/*
 * The disk with the site, and in `*files` how many files there are; NULL, and the first disk's
 * error.
 */
static struct pv_blk *open_site(int *files)
{
	struct pv_blk *blk;
	unsigned int i;
	int err;

	*files = PV_ENODEV;
	for (i = 0; (blk = pv_blk_open(i)); i++) {
		err = site_open(blk);
		if (err > 0) {
			*files = err;
			return blk;
		}
		if (!i)
			*files = err;
		pv_blk_close(blk);
	}
	return NULL;
}

static bool ended(uint64_t requests)
{
	bool is;

	pv_lwip_lock();
	is = http_stats()->requests >= requests && http_quiet();
	pv_lwip_unlock();
	return is;
}

/* Devices are not open yet. How many CPUs there are. */
static unsigned int cpus_start(void)
{
	unsigned int cpus = pv_bare_loops_start(loop);

	clocks_compare(cpus);
	(void)pv_queues_follow(cpus);
	return cpus;
}

int pv_bare_main(const char *cmdline)
{
	unsigned int cpus = cpus_start(), i;
	struct pv_net *net = pv_net_open(0);
	struct pv_blk *blk;
	uint64_t requests = ~0ull;
	int files, err;

	blk = open_site(&files);
	status_watch(blk, net, cpus);
	status_print();
	if (pv_cmdline_get_u64(cmdline, "httpd.requests", &requests) == PV_EINVAL)
		return fail("httpd.requests is not a number", PV_EINVAL);
	if (!blk)
		return fail(files == PV_ENODEV ? "no disk" : "no tar archive on any disk", files);
	if (!net)
		return fail("no network", PV_ENODEV);
	pv_bare_printf("serving: %d files\n", files);
	err = pv_lwip_start_smp(net, cpus);
	if (err)
		return fail("cannot start the network", err);
	serving = true;
	for (i = 1; i < cpus; i++)
		pv_bare_wake(i);
	err = pv_lwip_wait_address(ADDRESS_TIMEOUT_MS);
	if (err)
		return fail("no address from DHCP", err);
	pv_bare_printf("address: %s\n", pv_lwip_address());
	pv_lwip_lock();
	err = http_start(PORT, route, cpus);
	pv_lwip_unlock();
	if (err)
		return fail("cannot listen", err);
	pv_bare_printf("ready: http on port %d\n", PORT);

	while (!ended(requests))
		turn();
	pv_bare_printf("requests: %llu\n", (unsigned long long)http_stats()->requests);
	return 0;
}
