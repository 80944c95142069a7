/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The list of devices and their life cycle, as <pv/device.h> tells it.
 *
 * The list belongs to the control context. Two fields are touched from elsewhere: changed_pending
 * is set by interrupts and exchanged for false by pv_work(), before it calls the driver, so that a
 * change during the call is not lost; and state goes from LIVE to BROKEN by compare-and-exchange,
 * so that of several queues that find the peer's fault at once, one reports it.
 */
#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/bus.h"

static struct pv_device *devices;
static const struct pv_driver *const *drivers;
static bool all_untrusted;

void pv_bus_set_drivers(const struct pv_driver *const *table)
{
	drivers = table;
}

void pv_bus_set_untrusted(bool all)
{
	all_untrusted = all;
}

struct pv_device *pv_device_next(struct pv_device *dev)
{
	return dev ? dev->next : devices;
}

const char *pv_device_state_name(enum pv_device_state state)
{
	switch (state) {
	case PV_DEV_FOUND:
		return "found";
	case PV_DEV_LIVE:
		return "live";
	case PV_DEV_BROKEN:
		return "broken";
	case PV_DEV_GONE:
		return "gone";
	}
	return "unknown";
}

int pv_device_describe(struct pv_device *dev, char *buf, size_t size)
{
	if (size)
		buf[0] = '\0';
	return dev->bus->describe ? dev->bus->describe(dev, buf, size) : 0;
}

static const struct pv_driver *driver_for(const struct pv_device *dev)
{
	const struct pv_driver *const *d;

	for (d = drivers; d && *d; d++)
		if ((*d)->match(dev))
			return *d;
	return NULL;
}

bool pv_bus_wanted(const struct pv_device *dev)
{
	return driver_for(dev);
}

/* The device counts as live while it is probed: its rings work then, and it may break. */
static void probe(struct pv_device *dev)
{
	const struct pv_driver *driver = driver_for(dev);
	int err;

	if (!driver) {
		pv_info("%s: no driver", dev->name);
		return;
	}
	dev->driver = driver;
	dev->state = PV_DEV_LIVE;
	err = driver->probe(dev);
	if (err) {
		pv_err("%s: %s did not come up, error %d", dev->name, driver->name, err);
		dev->driver = NULL;
		dev->priv = NULL;
		dev->state = PV_DEV_FOUND;
		dev->reason = NULL;
	}
}

int pv_device_add(struct pv_device *dev)
{
	struct pv_device **at;

	for (at = &devices; *at; at = &(*at)->next)
		if (!pv_strcmp((*at)->name, dev->name))
			return PV_EEXIST;
	dev->driver = NULL;
	dev->state = PV_DEV_FOUND;
	dev->reason = NULL;
	dev->next = NULL;
	dev->holds = 1; /* the list's */
	dev->changed_pending = false;
	dev->untrusted = all_untrusted;
	*at = dev;
	probe(dev);
	return 0;
}

void pv_device_get(struct pv_device *dev)
{
	dev->holds++;
}

void pv_device_put(struct pv_device *dev)
{
	PV_ASSERT(dev->holds > 0);
	if (--dev->holds == 0)
		dev->bus->release(dev);
}

void pv_device_remove(struct pv_device *dev)
{
	struct pv_device **at = &devices;

	while (*at && *at != dev)
		at = &(*at)->next;
	PV_ASSERT(*at == dev);
	/* Off the list first: what the driver tells the kernel about must not be found any more. */
	*at = dev->next;
	if (dev->driver)
		dev->driver->remove(dev);
	dev->driver = NULL;
	__atomic_store_n(&dev->state, PV_DEV_GONE, __ATOMIC_RELEASE);
	pv_device_put(dev);
}

void pv_device_again(struct pv_device *dev)
{
	if (dev->driver)
		dev->driver->remove(dev);
	dev->driver = NULL;
	dev->state = PV_DEV_FOUND;
	probe(dev);
}

void pv_bus_remove_all(void)
{
	struct pv_device *last;

	while (devices) {
		for (last = devices; last->next; last = last->next)
			;
		pv_device_remove(last);
	}
}

/* The n-th last device that is left; the list is short, and this is done rarely. */
static struct pv_device *from_end(unsigned int n)
{
	struct pv_device *dev = devices, *at;
	unsigned int i;

	for (at = devices, i = 0; at; at = at->next, i++)
		if (i > n)
			dev = dev->next;
	return i > n ? dev : NULL;
}

void pv_bus_lost(void)
{
	struct pv_device *dev;
	unsigned int n;

	for (n = 0; (dev = from_end(n)); n++)
		if (dev->driver && dev->driver->lost && dev->bus->resume)
			dev->driver->lost(dev);
}

void pv_device_changed(struct pv_device *dev)
{
	/* Pairs with the exchange in pv_bus_work(): what changed is visible before that it did. */
	__atomic_store_n(&dev->changed_pending, true, __ATOMIC_RELEASE);
	pv_os_schedule_work();
}

/* The first device with a change; its flag is taken. */
static struct pv_device *take_changed(void)
{
	struct pv_device *dev;

	for (dev = devices; dev; dev = dev->next)
		if (dev->changed_pending &&
		    __atomic_exchange_n(&dev->changed_pending, false, __ATOMIC_ACQUIRE))
			return dev;
	return NULL;
}

int pv_bus_work(void)
{
	unsigned int bound = 0;
	struct pv_device *dev;
	int done = 0;

	for (dev = devices; dev; dev = dev->next)
		bound++;
	/*
	 * From the list's head each time, since a driver may remove devices, its own too. A device
	 * that changes without end gets its turn again in the next pv_work(), which its flag asked
	 * for.
	 */
	while (bound-- && (dev = take_changed())) {
		if (dev->driver && dev->driver->changed)
			dev->driver->changed(dev);
		done++;
	}
	return done;
}

int pv_device_break(struct pv_device *dev, const char *reason)
{
	enum pv_device_state live = PV_DEV_LIVE;

	if (__atomic_compare_exchange_n(&dev->state, &live, PV_DEV_BROKEN, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED)) {
		dev->reason = reason;
		pv_err("%s: broken: %s", dev->name, reason);
	}
	return PV_EPROTO;
}
