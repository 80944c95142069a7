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
 * Physical address, in pages below 1 MiB, at which CPUs that are started by SIPI begin: five pages
 * of RAM that the kernel leaves to pv_cpu_start() while it lasts.
 */
#ifndef PV_CONFIG_TRAMPOLINE
#define PV_CONFIG_TRAMPOLINE 0x8000
#endif
#if PV_CONFIG_TRAMPOLINE < 0x1000 || PV_CONFIG_TRAMPOLINE > 0x9a000 || PV_CONFIG_TRAMPOLINE & 0xfff
#error "PV_CONFIG_TRAMPOLINE: 0x1000 to 0x9a000, a multiple of 0x1000"
#endif

/*
 * Milliseconds that a CPU may take until it is in the kernel. It takes one, unless the host has
 * none to spare.
 */
#ifndef PV_CONFIG_CPU_MS
#define PV_CONFIG_CPU_MS 5000
#endif
#if PV_CONFIG_CPU_MS < 1
#error "PV_CONFIG_CPU_MS: at least 1"
#endif

/*
 * Kinds of interrupts between CPUs that can be open at a time; on Xen each takes an event channel
 * per CPU.
 */
#ifndef PV_CONFIG_IPIS
#define PV_CONFIG_IPIS 4
#endif
#if PV_CONFIG_IPIS < 1 || PV_CONFIG_IPIS > 16
#error "PV_CONFIG_IPIS: 1 to 16"
#endif

/*
 * Largest virtqueue that a driver asks for. A device that offers less is used with less. Memory per
 * queue: 26 bytes per entry for the split ring, 24 bytes of shadow, and the indirect tables.
 */
#ifndef PV_CONFIG_VRING_NUM
#define PV_CONFIG_VRING_NUM 256
#endif
#if PV_CONFIG_VRING_NUM < 4 || PV_CONFIG_VRING_NUM > 32768 ||                                      \
	(PV_CONFIG_VRING_NUM & (PV_CONFIG_VRING_NUM - 1))
#error "PV_CONFIG_VRING_NUM: a power of two, 4 to 32768"
#endif

/*
 * Most queues, or pairs of queues, that a device is used with, where queues follow CPUs
 * (pv_queues_follow()). Memory: as for each single one.
 */
#ifndef PV_CONFIG_QUEUES
#define PV_CONFIG_QUEUES 16
#endif
#if PV_CONFIG_QUEUES < 1 || PV_CONFIG_QUEUES > 256
#error "PV_CONFIG_QUEUES: 1 to 256"
#endif

/*
 * Most data segments in one ring request of a block device; a caller's longer scatter list is
 * split. 128 segments of a page are 512 KiB. Memory: 16 bytes per segment and ring entry, of which
 * there are at most 128.
 */
#ifndef PV_CONFIG_BLK_SEGS
#define PV_CONFIG_BLK_SEGS 32
#endif
#if PV_CONFIG_BLK_SEGS < 1 || PV_CONFIG_BLK_SEGS > 254
#error "PV_CONFIG_BLK_SEGS: 1 to 254"
#endif

/*
 * Xen block devices: pages of the ring, as a power of two, if the backend takes as many. A page has
 * 32 requests, two have 64, four 128. Memory per request: a page, and 24 bytes for each of its
 * segments.
 */
#ifndef PV_CONFIG_BLK_RING_ORDER
#define PV_CONFIG_BLK_RING_ORDER 1
#endif
#if PV_CONFIG_BLK_RING_ORDER < 0 || PV_CONFIG_BLK_RING_ORDER > 4
#error "PV_CONFIG_BLK_RING_ORDER: 0 to 4"
#endif

/*
 * Xen block devices: pages that are lent to the backend all the time, if it offers persistent
 * grants; data are copied to and from them, and requests wait where they are all in use. 0: not to
 * use persistent grants.
 */
#ifndef PV_CONFIG_BLK_PERSISTENT
#define PV_CONFIG_BLK_PERSISTENT 256
#endif
#if PV_CONFIG_BLK_PERSISTENT < 0 || PV_CONFIG_BLK_PERSISTENT > 32768
#error "PV_CONFIG_BLK_PERSISTENT: 0 to 32768"
#endif

/*
 * Pages of memory that each queue of a device which is not trusted (struct pv_device) has for what
 * it copies; requests wait where they are all in use. Those for reception are PV_CONFIG_NET_RX.
 */
#ifndef PV_CONFIG_BOUNCE
#define PV_CONFIG_BOUNCE 256
#endif
#if PV_CONFIG_BOUNCE < 32 || PV_CONFIG_BOUNCE < PV_CONFIG_BLK_SEGS + 2 || PV_CONFIG_BOUNCE > 32768
#error "PV_CONFIG_BOUNCE: 32, or two more than PV_CONFIG_BLK_SEGS, to 32768"
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
 * Pages that Xen's grant table may grow to, if Xen allows as many: each has 512 entries, one of
 * which every page takes that is lent to another domain. Xen's own default is 64.
 */
#ifndef PV_CONFIG_GRANT_FRAMES
#define PV_CONFIG_GRANT_FRAMES 64
#endif
#if PV_CONFIG_GRANT_FRAMES < 1 || PV_CONFIG_GRANT_FRAMES > 1024
#error "PV_CONFIG_GRANT_FRAMES: 1 to 1024"
#endif

/*
 * Milliseconds that a device may take for a reset, and a queue for a synchronous request, before
 * the wait ends with PV_ETIMEDOUT. virtio 1.2 sets no bound; QEMU resets within one exit.
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

/*
 * Xenstore: milliseconds that xenstored may take to answer, and how often a transaction is begun
 * again when others wrote meanwhile. xenstored answers within milliseconds, unless Dom0 is busy.
 */
#ifndef PV_CONFIG_XS_MS
#define PV_CONFIG_XS_MS 5000
#endif
#if PV_CONFIG_XS_MS < 1
#error "PV_CONFIG_XS_MS: at least 1"
#endif
#ifndef PV_CONFIG_XS_RETRIES
#define PV_CONFIG_XS_RETRIES 32
#endif
#if PV_CONFIG_XS_RETRIES < 1
#error "PV_CONFIG_XS_RETRIES: at least 1"
#endif

/*
 * Xenbus: milliseconds that a backend may take for one step of connecting or closing. Dom0's
 * scripts run in between.
 */
#ifndef PV_CONFIG_XENBUS_MS
#define PV_CONFIG_XENBUS_MS 5000
#endif
#if PV_CONFIG_XENBUS_MS < 1
#error "PV_CONFIG_XENBUS_MS: at least 1"
#endif

/* Milliseconds that writing to a console waits for its other end, before it drops text. */
#ifndef PV_CONFIG_CONSOLE_MS
#define PV_CONFIG_CONSOLE_MS 200
#endif
#if PV_CONFIG_CONSOLE_MS < 0
#error "PV_CONFIG_CONSOLE_MS: 0 or more"
#endif

#endif
