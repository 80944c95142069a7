/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A virtio-pci function that lies: in configuration space and capabilities, which begin as a good
 * function's, and in its registers, each read of which the input may answer.
 */
#include <pv/virtio.h>

#include "fake_virtio_pci.h"
#include "fuzz.h"
#include "pv-core/bus.h"

static struct fake_vpci d;
static uint32_t (*read_mem)(void *arg, uint64_t offset, unsigned int size);
static uint32_t (*read_port)(void *arg, uint64_t offset, unsigned int size);
static uint32_t (*read_config)(void *arg, uint64_t offset, unsigned int size);

static uint32_t mem(void *arg, uint64_t offset, unsigned int size)
{
	return (uint32_t)fuzz_answer(read_mem(arg, offset, size), size);
}

static uint32_t port(void *arg, uint64_t offset, unsigned int size)
{
	return (uint32_t)fuzz_answer(read_port(arg, offset, size), size);
}

static uint32_t config(void *arg, uint64_t offset, unsigned int size)
{
	uint32_t v = read_config(arg, offset, size);

	/*
	 * What answers nowhere goes on doing so, or each scan would find all functions of all
	 * buses.
	 */
	return v == 0xffffffffu >> (32 - 8 * size) ? v : (uint32_t)fuzz_answer(v, size);
}

static void one(void)
{
	static const struct pv_driver *const drivers[] = {&pv_virtio_net, &pv_virtio_blk, NULL};
	uint8_t how = fuzz_u8(), n = fuzz_below(8);
	struct pv_device *dev;
	unsigned int i;

	memset(&d, 0, sizeof(d));
	fake_vpci_init(&d, how & 7);
	for (i = 0; i < d.num_queues; i++)
		d.queue[i].size = 8;
	read_mem = d.mem.read;
	read_port = d.port.read;
	read_config = d.pci.ports.read;
	d.mem.read = mem;
	d.port.read = port;
	if (how & 8)
		d.pci.ports.read = config;
	if (how & 16)
		fake_pci_set16(&d.fn, 2, (uint16_t)(0x1000 + fuzz_u8()));
	while (n--) {
		i = fuzz_u8();
		d.fn.config[i] = fuzz_u8();
	}
	if (how & 32)
		d.fn.bar_size[fuzz_below(6)] = 1ull << fuzz_below(48);
	pv_fake.no_msi = how & 64;
	pv_fake.alloc_fail_at = how & 128 ? 1 + fuzz_below(60) : 0;
	pv_bus_set_drivers(drivers);
	fuzz_shared(true);
	(void)pv_virtio_pci.scan(NULL);
	for (i = 0; i < 4; i++) {
		fake_vpci_config_irq(&d);
		fake_vpci_queue_irq(&d, i);
		pv_bus_work();
	}
	pv_for_each_device (dev) {
		char text[64];

		(void)pv_device_describe(dev, text, sizeof(text));
	}
	pv_bus_remove_all();
	pv_virtio_pci.end(); /* a function may look like a port with a slot */
	pv_bus_set_drivers(NULL);
}

const struct fuzz_target fuzz_virtio_pci = {.name = "virtio-pci", .one = one, .keeps = true};
