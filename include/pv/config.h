/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Compile-time knobs. Each has a default that suits a general-purpose guest and a range that is
 * checked here; set one with -D, for the library and for everything that includes its headers.
 */
#ifndef PV_CONFIG_H
#define PV_CONFIG_H

/*
 * Upper bound on the CPUs that the library keeps per-CPU areas for (64 bytes each for kvmclock).
 * CPUs beyond it run without PV clock.
 */
#ifndef PV_CONFIG_MAX_CPUS
#define PV_CONFIG_MAX_CPUS 64
#endif
#if PV_CONFIG_MAX_CPUS < 1 || PV_CONFIG_MAX_CPUS > 4096
#error "PV_CONFIG_MAX_CPUS: 1 to 4096"
#endif

/*
 * Largest virtqueue that a driver asks for. A device that offers less is used with less. Memory per
 * queue: 26 bytes per entry for the split ring, 16 bytes of shadow, and the indirect tables.
 */
#ifndef PV_CONFIG_VRING_NUM
#define PV_CONFIG_VRING_NUM 256
#endif
#if PV_CONFIG_VRING_NUM < 4 || PV_CONFIG_VRING_NUM > 32768 ||                                      \
	(PV_CONFIG_VRING_NUM & (PV_CONFIG_VRING_NUM - 1))
#error "PV_CONFIG_VRING_NUM: a power of two, 4 to 32768"
#endif

/*
 * Most data segments in one ring request of a block device; a caller's longer scatter list is split.
 * 128 segments of a page are 512 KiB. Memory: 16 bytes per segment and ring entry.
 */
#ifndef PV_CONFIG_BLK_SEGS
#define PV_CONFIG_BLK_SEGS 32
#endif
#if PV_CONFIG_BLK_SEGS < 1 || PV_CONFIG_BLK_SEGS > 1024
#error "PV_CONFIG_BLK_SEGS: 1 to 1024"
#endif

/*
 * Pages that a network device keeps posted for reception, per queue. Rounded down to what its ring
 * holds.
 */
#ifndef PV_CONFIG_NET_RX
#define PV_CONFIG_NET_RX 256
#endif
#if PV_CONFIG_NET_RX < 8 || PV_CONFIG_NET_RX > 32768
#error "PV_CONFIG_NET_RX: 8 to 32768"
#endif

/*
 * Milliseconds that a device may take for a reset, and a queue for a synchronous request, before the
 * wait ends with PV_ETIMEDOUT. virtio 1.2 sets no bound; QEMU resets within one exit.
 */
#ifndef PV_CONFIG_RESET_MS
#define PV_CONFIG_RESET_MS 2000
#endif
#if PV_CONFIG_RESET_MS < 1
#error "PV_CONFIG_RESET_MS: at least 1"
#endif
#ifndef PV_CONFIG_SYNC_MS
#define PV_CONFIG_SYNC_MS 30000
#endif
#if PV_CONFIG_SYNC_MS < 1
#error "PV_CONFIG_SYNC_MS: at least 1"
#endif

#endif
