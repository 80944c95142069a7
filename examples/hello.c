/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the image was started on, and what it found there.
 */
#include <pv/bare.h>

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, &pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, &pv_virtio_net,  &pv_blkfront,
						   &pv_netfront,   &pv_xen_console, NULL};

static char text[512];

static void print_platform(void)
{
	const struct pv_platform *p = pv_platform();
	struct pv_bare_memory memory;

	pv_platform_features(p, text, sizeof(text));
	pv_bare_memory(&memory);
	pv_bare_printf("libpv: %s\n", pv_version());
	pv_bare_printf("hypervisor: %s\n", pv_hypervisor_name(p->hypervisor));
	pv_bare_printf("xen mode: %s\n", pv_xen_mode_name(p->xen_mode));
	pv_bare_printf("features: %s\n", text[0] ? text : "none");
	pv_bare_printf("boot: %s\n", pv_boot_protocol_name(pv_bare_boot()->protocol));
	pv_bare_printf("memory: %llu MiB\n", (unsigned long long)memory.total >> 20);
	pv_bare_printf("cpus: %u\n", pv_cpu_find(pv_bare_boot()));
}

static void print_clock(void)
{
	unsigned long long now = pv_clock_now();
	struct pv_wall_time wall;

	if (pv_clock_wall(&wall))
		pv_bare_printf("clock: %s\n", pv_clock_name());
	else
		pv_bare_printf("clock: %s, up %llu.%09llu s, %llu.%09u s since 1970\n",
			       pv_clock_name(), now / 1000000000, now % 1000000000,
			       (unsigned long long)wall.sec, wall.nsec);
}

static void print_devices(void)
{
	struct pv_device *dev;
	struct pv_blk *blk;
	struct pv_net *net;
	unsigned int i;

	pv_for_each_device (dev) {
		pv_device_describe(dev, text, sizeof(text));
		pv_bare_printf("device: %s, %s, %s, %s\n", dev->name,
			       dev->driver ? dev->driver->name : "no driver",
			       pv_device_state_name(dev->state), text);
	}
	for (i = 0; (blk = pv_blk_open(i)); i++) {
		pv_bare_printf("%s: %llu KiB in blocks of %u%s\n", blk->name,
			       (unsigned long long)blk->capacity / 2, blk->logical_block,
			       blk->flags & PV_BLK_F_READ_ONLY ? ", read-only" : "");
		pv_blk_close(blk);
	}
	for (i = 0; (net = pv_net_open(i)); i++) {
		pv_bare_printf("%s: %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, link %s\n", net->name,
			       net->mac[0], net->mac[1], net->mac[2], net->mac[3], net->mac[4],
			       net->mac[5], net->mtu, net->link_up ? "up" : "down");
		pv_net_close(net);
	}
}

int pv_bare_main(const char *cmdline)
{
	pv_bare_printf("command line: %s\n", cmdline);
	print_platform();
	print_clock();
	print_devices();
	return 0;
}
