/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A virtio device, between its transport and its driver.
 *
 * INITIALISATION (virtio 1.2, 3.1.1)
 *	The transport finds the device and registers it. The driver's probe calls pv_virtio_begin(),
 *	which resets the device (a reset is waited for, with a bound), sets ACKNOWLEDGE and DRIVER,
 *	intersects the offered features with the driver's, and reads FEATURES_OK back. Then queues,
 *	by pv_virtio_queues(), and pv_virtio_ready(), which sets DRIVER_OK. Interrupts that come
 *	before are counted and ignored.
 *
 * LEGACY (virtio 1.2, 3.1.2, 4.1.5.1.3)
 *	Devices without VERSION_1 have no FEATURES_OK, a ring of one contiguous piece, named by its
 *	page number, and configuration in the guest's byte order, which on x86 is the same.
 *
 * FAILURE
 *	Whatever goes wrong in initialisation sets FAILED (by pv_virtio_end()) and fails the probe.
 *	A device that later breaks the protocol is reset, so that it no longer reaches memory,
 *	before its requests are completed; and it stays broken, since what lied once is not asked
 *	again.
 *
 * A DEVICE THAT NEEDS A RESET (2.1.2)
 *	says so by its status and a change of its configuration. It did not lie: its driver resets
 *	it, negotiates anew, and goes on (virtio_reset.c). What it was asked for and had not
 *	answered by then, or had answered unseen, is a matter of the device's kind. Without the
 *	features that it had, or if it needs resets without end, it is broken.
 *
 * A DEVICE THAT WAS TAKEN AWAY
 *	has no registers: they read all ones. Where the transport can tell, it is removed, without a
 *	wait for an answer; what it was lent is the guest's again.
 */
#ifndef PV_DRIVERS_VIRTIO_H
#define PV_DRIVERS_VIRTIO_H

#include <pv/abi/virtio.h>
#include <pv/bits.h>
#include <pv/device.h>
#include <pv/share.h>
#include <pv/virtio.h>

struct pv_virtio;
struct pv_vq;

/* How interrupts reach the queues; in the order of preference. */
enum pv_virtio_irq_mode {
	PV_VIRTIO_IRQ_NONE,   /* none: everything is polled */
	PV_VIRTIO_IRQ_LINE,   /* one line, shared by queues and configuration; the ISR tells */
	PV_VIRTIO_IRQ_SHARED, /* a message for all queues, one for the configuration or the same */
	PV_VIRTIO_IRQ_QUEUE   /* a message per queue */
};

/* What a transport does. All but irq-related calls are control context. */
struct pv_virtio_transport {
	const char *name; /* "mmio v2", "mmio v1", "pci modern", "pci legacy" */
	uint8_t (*get_status)(struct pv_virtio *vd);
	void (*set_status)(struct pv_virtio *vd, uint8_t status);
	uint64_t (*get_features)(struct pv_virtio *vd);
	void (*set_features)(struct pv_virtio *vd, uint64_t features);
	/*
	 * Device-specific configuration: `len` bytes at `offset`, as one access where len is 1, 2
	 * or 4, as its halves where it is 8 (virtio 1.2, 2.5.1). Reads beyond what the device has
	 * give zeroes.
	 */
	void (*config_read)(struct pv_virtio *vd, unsigned int offset, void *buf, unsigned int len);
	void (*config_write)(struct pv_virtio *vd, unsigned int offset, const void *buf,
			     unsigned int len);
	/* Changes whenever the configuration does; always 0 for legacy devices. */
	uint32_t (*config_generation)(struct pv_virtio *vd);
	/* The largest size that queue `index` may have; 0: there is no such queue. */
	uint32_t (*queue_max)(struct pv_virtio *vd, unsigned int index);
	/* Whether the device is there at all. NULL: it always is. */
	bool (*present)(struct pv_virtio *vd);
	/* Whether a queue must have exactly queue_max() entries (legacy PCI). */
	bool queue_fixed;
	/* Tells the device where the ring is, and sets vq->notify. */
	int (*queue_enable)(struct pv_virtio *vd, struct pv_vq *vq);
	void (*queue_disable)(struct pv_virtio *vd, struct pv_vq *vq);
	/*
	 * Registers interrupts for the device's queues, by what the port grants, and sets
	 * vd->irq_mode; called before queue_enable(). Never fails: without interrupts it is
	 * PV_VIRTIO_IRQ_NONE.
	 */
	void (*irq_setup)(struct pv_virtio *vd);
	void (*irq_teardown)(struct pv_virtio *vd);
};

struct pv_virtio {
	struct pv_device dev;

	/* Set by the transport. */
	const struct pv_virtio_transport *transport;
	uint16_t device_id; /* VIRTIO_ID_*, virtio 1.2, 5 */

	/* Set by virtio.c. */
	bool legacy;	     /* without VERSION_1 */
	bool driver_ok;	     /* interrupts are let through */
	bool irqs;	     /* irq_setup() was called */
	bool stopped;	     /* no longer, or not yet, at work: what it had is the driver's */
	bool held;	     /* the last reset did not end: what the device was lent stays lent */
	bool gone;	     /* it was taken away: it no longer reaches memory */
	bool needs_reset;    /* it did, and the transport did not wait for the driver to reset it */
	unsigned int resets; /* that it needed since it last did something */
	uint64_t done_at_reset; /* what it had done by the last of them */
	uint64_t offered;	/* the device's features */
	uint64_t features;	/* negotiated */
	struct pv_vq *vq;	/* num_vqs of them */
	unsigned int num_vqs;
	unsigned int max_messages; /* MSI-X; 0: none. Set by the transport */
	enum pv_virtio_irq_mode irq_mode;
	uint64_t early_irqs; /* interrupts before DRIVER_OK, or after reset */

	/* Set by the driver: bit names for pv_device_describe(). */
	const struct pv_bit_name *feature_names;
};

static inline struct pv_virtio *pv_virtio_of(struct pv_device *dev)
{
	return pv_container_of(dev, struct pv_virtio, dev);
}

static inline bool pv_virtio_has(const struct pv_virtio *vd, unsigned int bit)
{
	return vd->features >> bit & 1;
}

/*
 * Reset, ACKNOWLEDGE, DRIVER, features: the intersection of what is offered and `wanted`, to which
 * VERSION_1, for the rings INDIRECT_DESC and EVENT_IDX, and ACCESS_PLATFORM and ORDER_PLATFORM are
 * added. All of `required` must be there.
 * 0, or PV_ETIMEDOUT (reset), PV_ENOTSUP (features), PV_EIO.
 */
int pv_virtio_begin(struct pv_virtio *vd, uint64_t wanted, uint64_t required,
		    const struct pv_bit_name *names);

/* What a driver asks of a queue. */
struct pv_vq_spec {
	unsigned int max_num;	/* most entries that are of use; 0: PV_CONFIG_VRING_NUM */
	unsigned int max_chain; /* most pieces in a chain, at most 256: indirect tables' size */
	unsigned int bounce;	/* most bounce pages that are of use, if the device is untrusted */
	bool any_len;		/* the device's used lengths tell nothing */
	void (*event)(void *arg); /* from the queue's interrupt; NULL for none */
	void *arg;
	unsigned int number; /* the device's, where it is not the place among the specs */
	unsigned int cpu;    /* where its message goes, if it has one */
};

/*
 * How many queues, or groups of `each` queues, to use of so many that the device has: as
 * pv_queues_follow() says, at least one.
 */
unsigned int pv_virtio_groups(const struct pv_virtio *vd, unsigned int device, unsigned int each);

/*
 * Allocates `n` queues, registers interrupts and enables the queues. 0, or PV_ENOMEM,
 * PV_ENODEV (the device lacks a queue), PV_EINVAL (a size that the specification does not allow).
 */
int pv_virtio_queues(struct pv_virtio *vd, const struct pv_vq_spec *spec, unsigned int n);

/* DRIVER_OK. */
void pv_virtio_ready(struct pv_virtio *vd);

/*
 * Mirror of all three, from whatever point: resets the device, frees interrupts and queues. With
 * `failed`, FAILED is left in the status afterwards.
 */
void pv_virtio_end(struct pv_virtio *vd, bool failed);

/*
 * Takes memory back from a device that broke the protocol: writes 0 to the status and reads it back
 * a bounded number of times, without sleeping. Further interrupts are ignored. Of a broken device
 * all event functions are called instead, so that each queue's CPU takes back what is its own.
 * Context: data, of several queues at once.
 */
void pv_virtio_stop(struct pv_virtio *vd);

/*
 * Reads configuration fields as of one generation: `fn(vd, arg)` is called until the generation
 * stayed the same across it, a bounded number of times. 0 or PV_EAGAIN (virtio 1.2, 2.5.1).
 */
int pv_virtio_config(struct pv_virtio *vd, void (*fn)(struct pv_virtio *vd, void *arg), void *arg);

uint8_t pv_virtio_config8(struct pv_virtio *vd, unsigned int offset);
uint16_t pv_virtio_config16(struct pv_virtio *vd, unsigned int offset);
uint32_t pv_virtio_config32(struct pv_virtio *vd, unsigned int offset);
uint64_t pv_virtio_config64(struct pv_virtio *vd, unsigned int offset);

/* Whether it is a virtio device (its bus is named virtio-...) of this kind, VIRTIO_ID_*. */
bool pv_virtio_is(const struct pv_device *dev, uint16_t device_id);

/* --- virtio_reset.c --------------------------------------------------------------------------- */

/* Whether the device was taken away, as far as its transport can tell. Context: control. */
bool pv_virtio_gone(struct pv_virtio *vd);

/*
 * Whether the device says that it met an error, and wants a reset (2.1, DEVICE_NEEDS_RESET).
 * Context: any.
 */
bool pv_virtio_needs_reset(struct pv_virtio *vd);

/*
 * Before a device that needs a reset gets one: whether that is of use. `done` is all that it did so
 * far, as a count. 0, or PV_ERESET if it did nothing between several resets in a row. Context:
 * control.
 */
int pv_virtio_reset_again(struct pv_virtio *vd, uint64_t done);

/*
 * Once it was negotiated with again: whether it has the features that it had. 0 or PV_ENOTSUP.
 */
int pv_virtio_same_features(struct pv_virtio *vd, uint64_t before);

/* --- called by transports --------------------------------------------------------------------- */

/* A queue's interrupt, or every queue's, or a configuration change. Context: interrupt. */
void pv_virtio_irq_queue(struct pv_vq *vq);
void pv_virtio_irq_all(struct pv_virtio *vd);
void pv_virtio_irq_config(struct pv_virtio *vd);

/* struct pv_bus's describe for both transports. */
int pv_virtio_describe(struct pv_device *dev, char *buf, size_t size);

/* The class that a virtio device id belongs to. */
enum pv_device_class pv_virtio_class(uint16_t device_id);

#endif
