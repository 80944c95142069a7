/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Devices, and how drivers come to them.
 *
 * A bus finds devices: xenbus reads its tree, virtio-pci the configuration space, virtio-mmio the
 * command line and the ACPI tables. It embeds a struct pv_device into its own structure and
 * registers it. The core then asks each driver in the kernel's table to match, and probes.
 *
 * Life of a device (all in control context, under the control lock):
 *
 *	found by the bus      pv_device_add()	  drv->match, drv->probe
 *	configuration changes pv_device_changed() drv->changed, from pv_work()
 *	suspended, saved, restored		  drv->lost, drv->resume
 *	gone, or shutdown     pv_device_remove()  drv->remove, then bus->release
 *
 * A peer that breaks the protocol breaks its device and nothing else: pv_device_break() marks it,
 * and the driver completes what was in flight with PV_EPROTO and refuses what is new with PV_EIO.
 * It stays broken until it is removed.
 */
#ifndef PV_DEVICE_H
#define PV_DEVICE_H

#include <pv/err.h>
#include <pv/types.h>

PV_BEGIN_DECLS

struct pv_boot_info;
struct pv_device;
struct pv_driver;

/* What a device is for; each bus translates its own numbers or names. */
enum pv_device_class { PV_CLASS_OTHER, PV_CLASS_BLK, PV_CLASS_NET, PV_CLASS_CONSOLE };

enum pv_device_state {
	PV_DEV_FOUND,  /* no driver took it */
	PV_DEV_LIVE,   /* probed */
	PV_DEV_BROKEN, /* its peer broke the protocol, or could not be reset to what it was */
	PV_DEV_GONE    /* removed while still open */
};

/* What the peer does with memory that is shared with it. */
enum pv_share_dir {
	PV_SHARE_READ,	/* the peer reads it */
	PV_SHARE_WRITE, /* the peer writes it */
	PV_SHARE_BOTH	/* a ring */
};

/* How the peer names the memory. */
typedef uint64_t pv_bus_addr_t;

/* What a bus offers. */
struct pv_bus {
	const char *name; /* "virtio-pci" */
	/*
	 * Finds the bus's devices and pv_device_add()s them. 0 with or without devices, PV_ENODEV
	 * if the platform has no such bus. Context: control.
	 */
	int (*scan)(const struct pv_boot_info *boot);
	/*
	 * The last reference is gone: unmap and free the structure around `dev`. Context: control.
	 */
	void (*release)(struct pv_device *dev);
	/* Text for pv_device_describe(), as snprintf. May be NULL. Context: control. */
	int (*describe)(struct pv_device *dev, char *buf, size_t size);
	/*
	 * The bus's own control work: what its interrupts left, devices that came or went. The
	 * number of things done. May be NULL. Called by each pv_work(). Context: control.
	 */
	int (*work)(void);
	/*
	 * Mirror of scan: its devices are removed, and what else it holds is given back. May be
	 * NULL. Called by pv_shutdown() where scan succeeded. Context: control.
	 */
	void (*end)(void);
	/*
	 * The machine was suspended and is another one: finds its devices' peers anew, and calls
	 * the drivers' resume, now or from work. NULL for a bus whose devices were saved with the
	 * machine. 0 or PV_E*.
	 * Context: control.
	 */
	int (*resume)(void);
	/*
	 * pv_share() and pv_unshare() of <pv/share.h>, for a bus whose peers do not reach all of
	 * the guest's memory. Both NULL where they do. Context: data and control.
	 */
	int (*share)(struct pv_device *dev, void *va, uint32_t len, enum pv_share_dir dir,
		     pv_bus_addr_t *addr);
	int (*unshare)(struct pv_device *dev, pv_bus_addr_t addr, void *va, uint32_t len,
		       enum pv_share_dir dir);
};

struct pv_driver {
	const char *name; /* "virtio-blk" */
	/* Whether it drives `dev`. Context: control; no access to the device. */
	bool (*match)(const struct pv_device *dev);
	/*
	 * Brings the device up and publishes its class interface; unwinds whatever it did on
	 * failure.
	 * Context: control, may wait, with deadlines.
	 */
	int (*probe)(struct pv_device *dev);
	/* Mirror of probe. Completes what is in flight with PV_EGONE. */
	void (*remove)(struct pv_device *dev);
	/*
	 * The device's configuration changed: capacity, link, backend state. From pv_work(). May be
	 * NULL.
	 */
	void (*changed)(struct pv_device *dev);
	/*
	 * The machine was suspended, and the peer of before is gone with all that it had of ours:
	 * lets rings, event channels and grants go, and keeps what was in flight. Before anything
	 * else is set up, so that their numbers are nobody else's yet. Only on a bus that has
	 * resume. May be NULL.
	 */
	void (*lost)(struct pv_device *dev);
	/*
	 * There is a peer again, which started again or is another one (after `lost`): negotiates
	 * anew and replays. May be NULL: the device is then removed and probed again. 0 or PV_E*,
	 * with the same effect.
	 */
	int (*resume)(struct pv_device *dev);
	/*
	 * Whether nobody has opened what it published, so that it may be removed and probed once
	 * more, to have as many queues as pv_queues_follow() asks for. NULL: it has one queue,
	 * always.
	 */
	bool (*idle)(const struct pv_device *dev);
};

struct pv_device {
	/* Set by the bus. */
	const struct pv_bus *bus;
	enum pv_device_class class_id;
	char name[32]; /* "virtio-pci 0000:00:04.0", "vif/0" */

	/* Set by the core. */
	const struct pv_driver *driver; /* NULL until one took it */
	enum pv_device_state state;
	const char *reason; /* why it is broken; NULL if it is not */
	struct pv_device *next;
	unsigned int holds; /* pv_device_get() */
	/*
	 * Its peer is not to see more of the guest's memory than what it is sent: data are copied
	 * to, and from, pages that hold nothing else. Set where the kernel asks for it (struct
	 * pv_init_args), and by drivers where the device does; never cleared.
	 */
	bool untrusted;
	bool changed_pending; /* written from interrupts; pv_work() takes it back */

	/* Set by the driver. */
	void *priv;
};

/* --- for kernels ------------------------------------------------------------------------------ */

/*
 * The device after `dev`, or the first for NULL; NULL at the end. The list changes only in
 * pv_init() and pv_work(). Context: control.
 */
struct pv_device *pv_device_next(struct pv_device *dev);

#define pv_for_each_device(dev)                                                                    \
	for ((dev) = pv_device_next((void *)0); (dev); (dev) = pv_device_next(dev))

/* "live", "broken", ... Context: any. */
const char *pv_device_state_name(enum pv_device_state state);

/*
 * What driver and device negotiated, as text for a report ("virtio-1 MRG_RXBUF MAC ..."), as
 * snprintf. Empty if the bus does not know. Context: control.
 */
int pv_device_describe(struct pv_device *dev, char *buf, size_t size);

/*
 * Devices have one queue each, for whichever CPU, until this is called: then as many as there are
 * CPUs, as far as they have them, up to PV_CONFIG_QUEUES, and, where a queue has a message of its
 * own (MSI-X), as there are messages. Queue i is for CPU i, and its message goes there; other
 * interrupts are one for all of a device's queues, and the event functions of all of them are
 * called on the CPU that takes it.
 *
 * Devices that nobody has opened are set up anew; those that are found later are so from the
 * beginning. `cpus`: CPUs 0 to cpus - 1 run (pv_cpu_start()). 0, or PV_EBUSY if some devices stayed
 * as they are since they are open, or broken. Context: control, after pv_init(); nobody goes
 * through the list of devices.
 *
 * What pv_work() does with a device (it may be reset, or connected anew) does not bear that a queue
 * of it is used meanwhile: a kernel in which other CPUs than the one in pv_work() use queues holds
 * them off.
 */
int pv_queues_follow(unsigned int cpus);

/* --- for buses and drivers -------------------------------------------------------------------- */

/*
 * Takes the device into the list and probes it. A driver's failure is logged and leaves the device
 * PV_DEV_FOUND. 0, or PV_EEXIST if a device of this name is there. Context: control.
 */
int pv_device_add(struct pv_device *dev);

/*
 * Removes the driver, takes the device from the list and releases it; if somebody holds it still,
 * it is PV_DEV_GONE, and released after the last hold. Context: control.
 */
void pv_device_remove(struct pv_device *dev);

/*
 * A hold: the structure stays valid until pv_device_put(), beyond the device's removal. A class
 * layer takes one for as long as its object, which points to the device, may be open. Context:
 * control.
 */
void pv_device_get(struct pv_device *dev);
void pv_device_put(struct pv_device *dev);

/* The configuration changed: have drv->changed called by pv_work(). Context: any. */
void pv_device_changed(struct pv_device *dev);

/*
 * The peer broke the protocol: `reason` (a constant string) is logged once, the state becomes
 * PV_DEV_BROKEN. The calling driver then completes what is in flight. Always returns PV_EPROTO, so
 * that a check reads `return pv_device_break(dev, "...")`.
 * Context: any.
 */
int pv_device_break(struct pv_device *dev, const char *reason);

/* Context: any. */
static inline bool pv_device_broken(const struct pv_device *dev)
{
	return dev->state != PV_DEV_LIVE;
}

PV_END_DECLS

#endif
