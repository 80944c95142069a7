/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Ownership of memory, as a call.
 *
 * pv_share() gives a piece of memory to a device's peer and returns the bus address by which the
 * peer names it. From then on the kernel does not touch the memory, until pv_unshare() took it
 * back. Drivers share and unshare what they lend whatever the bus, so that they need not know what
 * it takes:
 *
 *	virtio	its devices reach all guest memory: the address is the physical one, and there is
 *		nothing to take back. (Of an untrusted one, what is shared is the queues' bounce
 *		pages.)
 *	xenbus	a grant to the backend's domain, which covers one page: a piece does not cross a
 *		page, and the address is (grant reference << 12) + offset in the page
 */
#ifndef PV_SHARE_H
#define PV_SHARE_H

#include <pv/device.h>
#include <pv/os.h>

PV_BEGIN_DECLS

/*
 * Gives `len` bytes at `va`, physically contiguous, to the peer of `dev`. 0 and the bus address in
 * `*addr`, or PV_EBUSY if what the share takes is exhausted (retry after an unshare), PV_EINVAL if
 * the bus cannot share such a piece. Context: data and control.
 */
static inline int PV_MUST_CHECK pv_share(struct pv_device *dev, void *va, uint32_t len,
					 enum pv_share_dir dir, pv_bus_addr_t *addr)
{
	if (dev->bus->share)
		return dev->bus->share(dev, va, len, dir, addr);
	*addr = pv_os_virt_to_phys(va);
	return 0;
}

/*
 * Takes it back. 0, or PV_EBUSY if the peer still holds it: the memory must not be used again then,
 * and is kept in quarantine until the peer lets go.
 * Context: data and control.
 */
static inline int pv_unshare(struct pv_device *dev, pv_bus_addr_t addr, void *va, uint32_t len,
			     enum pv_share_dir dir)
{
	if (dev->bus->unshare)
		return dev->bus->unshare(dev, addr, va, len, dir);
	return 0;
}

/*
 * Whether the device reaches all memory by its physical address: sharing is nothing then but
 * pv_os_virt_to_phys(), and need not be undone. The answer never changes; a data path that has many
 * pieces asks once. Context: any.
 */
static inline bool pv_share_is_physical(const struct pv_device *dev)
{
	return !dev->bus->share && !dev->bus->unshare;
}

PV_END_DECLS

#endif
