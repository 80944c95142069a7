/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Queues follow CPUs. Devices are found before there are several CPUs (pv_cpu_find() is called
 * after pv_init()), and have one queue then; so those that nobody has opened yet are set up once
 * more, by their driver's remove and probe. One that does not come up with several queues comes up
 * with one.
 */
#include "pv-core/queues.h"

#include <pv/device.h>
#include <pv/log.h>

#include "pv-core/bus.h"

unsigned int pv_queues_cpus = 1;

static void again(struct pv_device *dev)
{
	unsigned int cpus = pv_queues_cpus;

	pv_device_again(dev);
	if (dev->driver || cpus == 1)
		return;
	pv_warn("%s: is tried with one queue", dev->name);
	pv_queues_cpus = 1;
	pv_device_again(dev);
	pv_queues_cpus = cpus;
}

int pv_queues_follow(unsigned int cpus)
{
	struct pv_device *dev;
	int err = 0;

	pv_os_control_lock();
	pv_queues_cpus = cpus ? cpus : 1;
	for (dev = pv_device_next(NULL); dev; dev = pv_device_next(dev)) {
		if (!dev->driver || !dev->driver->idle)
			continue;
		if (dev->state == PV_DEV_LIVE && dev->driver->idle(dev))
			again(dev);
		else
			err = PV_EBUSY;
	}
	pv_os_control_unlock();
	return err;
}
