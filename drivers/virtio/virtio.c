/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What all virtio devices have in common: status, features, set-up of queues, configuration,
 * interrupts. virtio.h has the sequence.
 */
#include "drivers/virtio/virtio.h"

#include <pv/bits.h>
#include <pv/config.h>
#include <pv/log.h>
#include <pv/wait.h>

#include "drivers/virtio/virtqueue.h"
#include "pv-core/queues.h"

#define STOP_READS   1000 /* of the status, until a device that is stopped says 0 */
#define CONFIG_READS 16	  /* of a configuration that keeps changing */

/* virtio 1.2, 6: the bits that are not the device type's own. */
#define COMMON_BITS 0x3ffffff000000ull
static const struct pv_bit_name common_names[] = {
	{VIRTIO_F_NOTIFY_ON_EMPTY, "NOTIFY_ON_EMPTY"},
	{VIRTIO_F_ANY_LAYOUT, "ANY_LAYOUT"},
	{VIRTIO_RING_F_INDIRECT_DESC, "INDIRECT_DESC"},
	{VIRTIO_RING_F_EVENT_IDX, "EVENT_IDX"},
	{VIRTIO_F_VERSION_1, "VERSION_1"},
	{VIRTIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM"},
	{VIRTIO_F_RING_PACKED, "RING_PACKED"},
	{VIRTIO_F_IN_ORDER, "IN_ORDER"},
	{VIRTIO_F_ORDER_PLATFORM, "ORDER_PLATFORM"},
	{VIRTIO_F_SR_IOV, "SR_IOV"},
	{38, "NOTIFICATION_DATA"},
	{39, "NOTIF_CONFIG_DATA"},
	{40, "RING_RESET"},
	{0, NULL},
};

/* The names of `word`'s bits, the device type's own first; as snprintf. */
static int format_features(const struct pv_virtio *vd, uint64_t word, char *buf, size_t size)
{
	static const struct pv_bit_name none[] = {{0, NULL}};
	int n;

	n = pv_bits_format(buf, size, word & ~COMMON_BITS,
			   vd->feature_names ? vd->feature_names : none, "");
	if (!(word & COMMON_BITS))
		return n;
	if (n && (size_t)n + 1 < size) {
		buf[n] = ' ';
		buf[n + 1] = '\0';
	}
	n += !!n;
	if ((size_t)n < size)
		return n + pv_bits_format(buf + n, size - (size_t)n, word & COMMON_BITS,
					  common_names, "");
	return n + pv_bits_format(NULL, 0, word & COMMON_BITS, common_names, "");
}

static bool is_reset(void *arg)
{
	struct pv_virtio *vd = arg;

	return vd->transport->get_status(vd) == 0 || pv_virtio_gone(vd);
}

/* Resets and waits for it (2.4.1, 4.1.4.3.2); what is not there need not be reset. */
static int reset(struct pv_virtio *vd)
{
	int err;

	vd->driver_ok = false;
	vd->held = false;
	vd->needs_reset = false;
	if (pv_virtio_gone(vd))
		return 0;
	vd->transport->set_status(vd, 0);
	err = pv_wait_until(is_reset, vd, PV_CONFIG_RESET_MS);
	vd->held = err != 0;
	vd->stopped = true;
	if (err)
		pv_err("%s: reset: waited %u ms for status 0, it is 0x%x", vd->dev.name,
		       PV_CONFIG_RESET_MS, vd->transport->get_status(vd));
	return err;
}

static void add_status(struct pv_virtio *vd, uint8_t bits)
{
	vd->transport->set_status(vd, vd->transport->get_status(vd) | bits);
}

/*
 * What the library does by itself, whatever the device (6). ACCESS_PLATFORM and ORDER_PLATFORM ask
 * for the platform's bus addresses, which pv_share() gives, and for its barriers, which x86's loads
 * and stores are. A device with ACCESS_PLATFORM does not reach all memory, or is not to: it is
 * untrusted.
 */
#define WANTED                                                                                     \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_INDIRECT_DESC |                        \
	 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_F_ACCESS_PLATFORM |                      \
	 1ull << VIRTIO_F_ORDER_PLATFORM)

/* Offers, takes; and has the device confirm what was taken, which legacy devices cannot (3.1.1). */
static int negotiate(struct pv_virtio *vd, uint64_t wanted, uint64_t required)
{
	char text[160];

	vd->offered = vd->transport->get_features(vd);
	vd->features = vd->offered & (wanted | WANTED);
	vd->legacy = !pv_virtio_has(vd, VIRTIO_F_VERSION_1);
	if (!vd->legacy)
		vd->features &= ~(1ull << VIRTIO_F_ANY_LAYOUT); /* implied by VERSION_1 (6.3) */
	if (required & ~vd->features) {
		(void)format_features(vd, required & ~vd->features, text, sizeof(text));
		pv_err("%s: the device lacks %s", vd->dev.name, text);
		return PV_ENOTSUP;
	}
	vd->transport->set_features(vd, vd->features);
	if (!vd->legacy) {
		add_status(vd, VIRTIO_CONFIG_S_FEATURES_OK);
		if (!(vd->transport->get_status(vd) & VIRTIO_CONFIG_S_FEATURES_OK)) {
			pv_err("%s: the device refuses features 0x%llx of 0x%llx that it offered",
			       vd->dev.name, (unsigned long long)vd->features,
			       (unsigned long long)vd->offered);
			return PV_ENOTSUP;
		}
	}
	if (pv_virtio_has(vd, VIRTIO_F_ACCESS_PLATFORM))
		vd->dev.untrusted = true;
	(void)format_features(vd, vd->features, text, sizeof(text));
	pv_info("%s: offered 0x%llx, taken 0x%llx: %s", vd->dev.name,
		(unsigned long long)vd->offered, (unsigned long long)vd->features, text);
	return 0;
}

int pv_virtio_begin(struct pv_virtio *vd, uint64_t wanted, uint64_t required,
		    const struct pv_bit_name *names)
{
	int err;

	vd->feature_names = names;
	err = reset(vd);
	if (err)
		return err;
	if (vd->gone)
		return PV_EGONE;
	add_status(vd, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(vd, VIRTIO_CONFIG_S_DRIVER);
	return negotiate(vd, wanted, required);
}

/* A ring of the size that device, driver and port agree on. */
static int queue_alloc(struct pv_virtio *vd, unsigned int place, const struct pv_vq_spec *spec)
{
	unsigned int index = spec->number ? spec->number : place;
	unsigned int most = spec->max_num ? spec->max_num : PV_CONFIG_VRING_NUM;
	uint32_t num = vd->transport->queue_max(vd, index);
	int err;

	if (!num) {
		pv_err("%s: the device has no queue %u", vd->dev.name, index);
		return PV_ENODEV;
	}
	if (num > 32768 || num & (num - 1)) {
		pv_err("%s: queue %u: %u entries are not a power of two up to 32768 (2.7)",
		       vd->dev.name, index, num);
		return PV_EINVAL;
	}
	while (num > most && !vd->transport->queue_fixed)
		num /= 2;
	do {
		err = pv_vq_alloc(&vd->vq[place], vd, index, num, spec);
		num /= 2;
	} while (err == PV_ENOMEM && num >= 4 && !vd->transport->queue_fixed);
	if (err)
		pv_err("%s: queue %u: no memory for a ring", vd->dev.name, index);
	return err;
}

unsigned int pv_virtio_groups(const struct pv_virtio *vd, unsigned int device, unsigned int each)
{
	unsigned int n = pv_queues_cpus, messages = vd->max_messages;

	if (n > PV_CONFIG_QUEUES)
		n = PV_CONFIG_QUEUES;
	if (n > device)
		n = device;
	/*
	 * One is for the configuration. With too few for a single group there is one for
	 * everything.
	 */
	if (messages > each && n > (messages - 1) / each)
		n = (messages - 1) / each;
	return n ? n : 1;
}

int pv_virtio_queues(struct pv_virtio *vd, const struct pv_vq_spec *spec, unsigned int n)
{
	unsigned int i;
	int err;

	vd->vq = pv_lines_alloc(n * sizeof(*vd->vq));
	if (!vd->vq)
		return PV_ENOMEM;
	vd->num_vqs = n;
	for (i = 0; i < n; i++)
		vd->vq[i].vd = vd;
	for (i = 0; i < n; i++) {
		err = queue_alloc(vd, i, &spec[i]);
		if (err)
			return err;
	}
	vd->irqs = true;
	vd->transport->irq_setup(vd);
	for (i = 0; i < n; i++) {
		err = vd->transport->queue_enable(vd, &vd->vq[i]);
		if (err) {
			pv_err("%s: queue %u cannot be enabled: %d", vd->dev.name, vd->vq[i].index,
			       err);
			return err;
		}
		vd->vq[i].enabled = true;
	}
	return 0;
}

void pv_virtio_ready(struct pv_virtio *vd)
{
	vd->stopped = false;
	vd->driver_ok = true;
	add_status(vd, VIRTIO_CONFIG_S_DRIVER_OK);
}

void pv_virtio_end(struct pv_virtio *vd, bool failed)
{
	unsigned int i;

	if (reset(vd) && vd->num_vqs)
		pv_warn("%s: its queues' memory is not used again", vd->dev.name);
	for (i = 0; i < vd->num_vqs; i++)
		if (vd->vq[i].enabled)
			vd->transport->queue_disable(vd, &vd->vq[i]);
	if (vd->irqs)
		vd->transport->irq_teardown(vd);
	vd->irqs = false;
	for (i = 0; i < vd->num_vqs; i++)
		pv_vq_free(&vd->vq[i]);
	pv_lines_free(vd->vq, vd->num_vqs * sizeof(*vd->vq));
	vd->vq = NULL;
	vd->num_vqs = 0;
	if (failed) {
		vd->features = 0;
		vd->transport->set_status(vd, VIRTIO_CONFIG_S_FAILED);
	}
}

void pv_virtio_stop(struct pv_virtio *vd)
{
	unsigned int i;

	if (__atomic_load_n(&vd->stopped, __ATOMIC_ACQUIRE))
		return;
	/*
	 * Whoever comes meanwhile, for another queue, does the same: all are right about its end.
	 */
	vd->driver_ok = false;
	if (vd->gone)
		return;
	vd->transport->set_status(vd, 0);
	for (i = 0; i < STOP_READS && vd->transport->get_status(vd); i++)
		pv_pause();
	if (i == STOP_READS) {
		vd->held = true;
		pv_err("%s: stop: status 0 awaited, it is 0x%x", vd->dev.name,
		       vd->transport->get_status(vd));
	}
	if (__atomic_exchange_n(&vd->stopped, true, __ATOMIC_ACQ_REL) ||
	    !pv_device_broken(&vd->dev))
		return;
	for (i = 0; i < vd->num_vqs; i++)
		if (vd->vq[i].event)
			vd->vq[i].event(vd->vq[i].event_arg);
}

int pv_virtio_config(struct pv_virtio *vd, void (*fn)(struct pv_virtio *vd, void *arg), void *arg)
{
	uint32_t before, after;
	unsigned int i;

	for (i = 0; i < CONFIG_READS; i++) {
		before = vd->transport->config_generation(vd);
		fn(vd, arg);
		after = vd->transport->config_generation(vd);
		if (before == after)
			return 0;
	}
	pv_warn("%s: the configuration changed during each of %u reads", vd->dev.name,
		CONFIG_READS);
	return PV_EAGAIN;
}

#define CONFIG_FIELD(bits)                                                                         \
	uint##bits##_t pv_virtio_config##bits(struct pv_virtio *vd, unsigned int offset)           \
	{                                                                                          \
		uint##bits##_t v = 0;                                                              \
                                                                                                   \
		vd->transport->config_read(vd, offset, &v, sizeof(v));                             \
		return v;                                                                          \
	}
CONFIG_FIELD(8)
CONFIG_FIELD(16)
CONFIG_FIELD(32)
CONFIG_FIELD(64)

void pv_virtio_irq_queue(struct pv_vq *vq)
{
	if (!vq->vd->driver_ok)
		vq->vd->early_irqs++;
	else if (vq->event)
		vq->event(vq->event_arg);
}

void pv_virtio_irq_all(struct pv_virtio *vd)
{
	unsigned int i;

	if (!vd->driver_ok) {
		vd->early_irqs++;
		return;
	}
	for (i = 0; i < vd->num_vqs; i++)
		pv_virtio_irq_queue(&vd->vq[i]);
}

void pv_virtio_irq_config(struct pv_virtio *vd)
{
	if (!vd->driver_ok)
		vd->early_irqs++;
	else
		pv_device_changed(&vd->dev);
}

static const char *irq_mode_name(enum pv_virtio_irq_mode mode)
{
	switch (mode) {
	case PV_VIRTIO_IRQ_LINE:
		return "line";
	case PV_VIRTIO_IRQ_SHARED:
		return "MSI-X shared";
	case PV_VIRTIO_IRQ_QUEUE:
		return "MSI-X per queue";
	case PV_VIRTIO_IRQ_NONE:
		break;
	}
	return "polled";
}

int pv_virtio_describe(struct pv_device *dev, char *buf, size_t size)
{
	struct pv_virtio *vd = pv_virtio_of(dev);
	int n;

	n = pv_snprintf(buf, size, "%s, %s, %s%s", vd->transport->name,
			vd->legacy ? "legacy" : "virtio-1", irq_mode_name(vd->irq_mode),
			vd->features ? ", " : "");
	if ((size_t)n < size)
		return n + format_features(vd, vd->features, buf + n, size - (size_t)n);
	return n + format_features(vd, vd->features, NULL, 0);
}

bool pv_virtio_is(const struct pv_device *dev, uint16_t device_id)
{
	/* By name: to name the buses themselves here would link them. */
	if (pv_strncmp(dev->bus->name, "virtio-", 7))
		return false;
	return pv_container_of(dev, const struct pv_virtio, dev)->device_id == device_id;
}

enum pv_device_class pv_virtio_class(uint16_t device_id)
{
	switch (device_id) {
	case VIRTIO_ID_BLOCK:
		return PV_CLASS_BLK;
	case VIRTIO_ID_NET:
		return PV_CLASS_NET;
	case VIRTIO_ID_CONSOLE:
		return PV_CLASS_CONSOLE;
	default:
		return PV_CLASS_OTHER;
	}
}
