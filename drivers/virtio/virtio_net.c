/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * virtio network devices (virtio 1.2, 5.1): life cycle and configuration. The rings are in
 * virtio_net_rings.c.
 *
 * The device is brought up once when it is probed, to see that it can be, and whenever it is
 * started again; stopping resets it, which is the one way to get posted buffers back from every
 * device. Features that differ from the first time's make the start fail.
 *
 * A device that needs a reset is brought down and up in one go. Packets that were to be sent are
 * lost, with PV_ERESET (statistics: errors): sent again, they might arrive twice. So are those that
 * it had received and nobody had looked at.
 *
 * QUEUES. With MQ and a control queue (5.1.6.5.5) it has a pair for each CPU, as far as it goes
 * (pv_queues_follow()): as many as when it was probed, whenever it is started again.
 *
 * THE ADDRESS. A device without MAC, or with one that is no station's, gets a locally administered
 * one: 02:70:76 and three bytes of the TSC, so that two guests on one network differ.
 */
#include "drivers/virtio/virtio_net.h"

#include <pv/log.h>

#include "pv-core/queues.h"

#define MTU_DEFAULT 1500
#define MTU_MIN	    68 /* 5.1.4.1 */

static const struct pv_bit_name feature_names[] = {
	{VIRTIO_NET_F_CSUM, "CSUM"},
	{VIRTIO_NET_F_GUEST_CSUM, "GUEST_CSUM"},
	{VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, "CTRL_GUEST_OFFLOADS"},
	{VIRTIO_NET_F_MTU, "MTU"},
	{VIRTIO_NET_F_MAC, "MAC"},
	{VIRTIO_NET_F_GSO, "GSO"},
	{VIRTIO_NET_F_GUEST_TSO4, "GUEST_TSO4"},
	{VIRTIO_NET_F_GUEST_TSO6, "GUEST_TSO6"},
	{VIRTIO_NET_F_GUEST_ECN, "GUEST_ECN"},
	{VIRTIO_NET_F_GUEST_UFO, "GUEST_UFO"},
	{VIRTIO_NET_F_HOST_TSO4, "HOST_TSO4"},
	{VIRTIO_NET_F_HOST_TSO6, "HOST_TSO6"},
	{VIRTIO_NET_F_HOST_ECN, "HOST_ECN"},
	{VIRTIO_NET_F_HOST_UFO, "HOST_UFO"},
	{VIRTIO_NET_F_MRG_RXBUF, "MRG_RXBUF"},
	{VIRTIO_NET_F_STATUS, "STATUS"},
	{VIRTIO_NET_F_CTRL_VQ, "CTRL_VQ"},
	{VIRTIO_NET_F_CTRL_RX, "CTRL_RX"},
	{VIRTIO_NET_F_CTRL_VLAN, "CTRL_VLAN"},
	{VIRTIO_NET_F_CTRL_RX_EXTRA, "CTRL_RX_EXTRA"},
	{VIRTIO_NET_F_GUEST_ANNOUNCE, "GUEST_ANNOUNCE"},
	{VIRTIO_NET_F_MQ, "MQ"},
	{VIRTIO_NET_F_CTRL_MAC_ADDR, "CTRL_MAC_ADDR"},
	{VIRTIO_NET_F_NOTF_COAL, "NOTF_COAL"},
	{VIRTIO_NET_F_HASH_REPORT, "HASH_REPORT"},
	{VIRTIO_NET_F_RSS, "RSS"},
	{VIRTIO_NET_F_RSC_EXT, "RSC_EXT"},
	{VIRTIO_NET_F_STANDBY, "STANDBY"},
	{VIRTIO_NET_F_SPEED_DUPLEX, "SPEED_DUPLEX"},
	{0, NULL},
};

#define BIT64(n) (1ull << (n))
#define WANTED                                                                                     \
	(BIT64(VIRTIO_NET_F_CSUM) | BIT64(VIRTIO_NET_F_GUEST_CSUM) | BIT64(VIRTIO_NET_F_MTU) |     \
	 BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_HOST_TSO4) | BIT64(VIRTIO_NET_F_HOST_TSO6) | \
	 BIT64(VIRTIO_NET_F_MRG_RXBUF) | BIT64(VIRTIO_NET_F_STATUS) | BIT64(VIRTIO_F_ANY_LAYOUT))
#define WANTED_MQ (BIT64(VIRTIO_NET_F_CTRL_VQ) | BIT64(VIRTIO_NET_F_MQ)) /* of several CPUs only */

static struct virtio_net *net_of(struct pv_net *net)
{
	return pv_container_of(net, struct virtio_net, net);
}

/* --- configuration ---------------------------------------------------------------------------- */

/* As the device has it, of one generation. */
struct config {
	uint8_t mac[6];
	uint16_t status, mtu, max_virtqueue_pairs;
};

static void read_config(struct pv_virtio *vd, void *arg)
{
	struct config *c = arg;
	unsigned int i;

	pv_memset(c, 0, sizeof(*c));
	if (pv_virtio_has(vd, VIRTIO_NET_F_MAC))
		for (i = 0; i < sizeof(c->mac); i++)
			c->mac[i] = pv_virtio_config8(
				vd, (unsigned int)offsetof(struct virtio_net_config, mac) + i);
	if (pv_virtio_has(vd, VIRTIO_NET_F_STATUS))
		c->status = pv_virtio_config16(vd, offsetof(struct virtio_net_config, status));
	if (pv_virtio_has(vd, VIRTIO_NET_F_MTU))
		c->mtu = pv_virtio_config16(vd, offsetof(struct virtio_net_config, mtu));
	if (pv_virtio_has(vd, VIRTIO_NET_F_MQ))
		c->max_virtqueue_pairs = pv_virtio_config16(
			vd, offsetof(struct virtio_net_config, max_virtqueue_pairs));
}

static void mac_set(struct virtio_net *vn, const uint8_t *mac)
{
	static const uint8_t none[6];
	uint64_t tsc;

	/* Neither a group's address nor none at all. */
	if (!(mac[0] & 1) && pv_memcmp(mac, none, sizeof(none))) {
		pv_memcpy(vn->net.mac, mac, sizeof(vn->net.mac));
		return;
	}
	tsc = pv_rdtsc();
	vn->net.mac[0] = 0x02; /* locally administered */
	vn->net.mac[1] = 0x70;
	vn->net.mac[2] = 0x76;
	vn->net.mac[3] = (uint8_t)(tsc >> 16);
	vn->net.mac[4] = (uint8_t)(tsc >> 8);
	vn->net.mac[5] = (uint8_t)tsc;
}

/* What may change while the device lives. */
static void state_set(struct virtio_net *vn, const struct config *c)
{
	unsigned int most = PV_PAGE_SIZE - sizeof(struct virtio_net_hdr_v1) - PV_NET_HDR_LEN;

	vn->net.link_up = true;
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_STATUS))
		vn->net.link_up = c->status & VIRTIO_NET_S_LINK_UP;
	vn->net.mtu = MTU_DEFAULT;
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_MTU) && c->mtu >= MTU_MIN)
		vn->net.mtu = c->mtu;
	/* Without merging, a packet is received into one page. */
	if (!pv_virtio_has(vn->vd, VIRTIO_NET_F_MRG_RXBUF) && vn->net.mtu > most)
		vn->net.mtu = (uint16_t)most;
}

static void flags_set(struct virtio_net *vn)
{
	uint32_t flags = 0;

	/* 5.1.3.1: segmentation requires checksums. */
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_CSUM)) {
		flags |= PV_NET_F_TX_CSUM;
		if (pv_virtio_has(vn->vd, VIRTIO_NET_F_HOST_TSO4))
			flags |= PV_NET_F_GSO_TCP4;
		if (pv_virtio_has(vn->vd, VIRTIO_NET_F_HOST_TSO6))
			flags |= PV_NET_F_GSO_TCP6;
	}
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_GUEST_CSUM))
		flags |= PV_NET_F_RX_CSUM;
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_STATUS))
		flags |= PV_NET_F_LINK;
	vn->net.flags = flags;
}

/* --- life cycle ------------------------------------------------------------------------------- */

static struct virtio_net_pair *pair(struct virtio_net *vn, unsigned int i)
{
	return pv_virtio_net_pair_of(vn->queues[i]);
}

static int pairs_alloc(struct virtio_net *vn, unsigned int n)
{
	struct virtio_net_pair *new;

	for (; vn->net.num_queues < n; vn->net.num_queues++) {
		new = pv_lines_alloc(sizeof(*new));
		if (!new)
			return PV_ENOMEM;
		new->q.ops = &pv_virtio_net_ops;
		new->q.net = &vn->net;
		vn->queues[vn->net.num_queues] = &new->q;
	}
	return 0;
}

/* The rings of as many pairs as there are, and the control queue's if there are several. */
static int rings_up(struct virtio_net *vn)
{
	unsigned int pairs = vn->net.num_queues, n = 2 * pairs + (pairs > 1), i;
	struct pv_vq_spec *spec = pv_os_alloc(n * sizeof(*spec));
	int err;

	if (!spec)
		return PV_ENOMEM;
	for (i = 0; i < pairs; i++) {
		pv_virtio_net_specs(pair(vn, i), vn->vd, &spec[2 * i]);
		spec[2 * i].cpu = spec[2 * i + 1].cpu = pv_queue_cpu(i, pairs);
	}
	if (pairs > 1)
		pv_virtio_net_ctrl_spec(&spec[2 * pairs], vn->device_pairs);
	err = pv_virtio_queues(vn->vd, spec, n);
	pv_os_free(spec, n * sizeof(*spec));
	for (i = 0; !err && i < pairs; i++)
		err = pv_virtio_net_rings_init(pair(vn, i), vn->vd, i);
	return err;
}

static int negotiate(struct virtio_net *vn)
{
	uint64_t wanted = pv_queues_cpus > 1 ? WANTED | WANTED_MQ : WANTED;
	int err;

	if (vn->features)
		wanted = (WANTED | WANTED_MQ) & vn->features;
	err = pv_virtio_begin(vn->vd, wanted, 0, feature_names);
	if (err)
		return err;
	if (vn->features) {
		err = pv_virtio_same_features(vn->vd, vn->features);
		if (err)
			return err;
	}
	return 0;
}

static int pairs_count(struct virtio_net *vn)
{
	struct config c;
	int err;

	if (!pv_virtio_has(vn->vd, VIRTIO_NET_F_MQ))
		return pairs_alloc(vn, 1);
	err = pv_virtio_config(vn->vd, read_config, &c);
	if (err)
		return err;
	vn->device_pairs = c.max_virtqueue_pairs;
	return pairs_alloc(vn, pv_virtio_net_pairs(vn->vd, vn->device_pairs));
}

/* From a device in whatever state to one with rings, and DRIVER_OK. */
static int bring_up(struct virtio_net *vn)
{
	int err = negotiate(vn);

	if (!err && !vn->net.num_queues)
		err = pairs_count(vn);
	if (!err)
		err = rings_up(vn);
	if (err)
		return err;
	pv_virtio_ready(vn->vd);
	vn->up = true;
	return vn->net.num_queues > 1 ? pv_virtio_net_pairs_set(vn->vd, vn->net.num_queues) : 0;
}

/* Its mirror, from wherever it got to. What was on the send rings is sent with `status`. */
static void bring_down(struct virtio_net *vn, int status, bool failed)
{
	unsigned int i;

	if (vn->up) {
		pv_virtio_stop(vn->vd);
		for (i = 0; i < vn->net.num_queues; i++)
			pv_virtio_net_rings_drain(pair(vn, i), status);
	}
	vn->up = false;
	pv_virtio_end(vn->vd, failed);
	for (i = 0; i < vn->net.num_queues; i++)
		pv_virtio_net_rings_exit(pair(vn, i));
}

static int start(struct pv_net *net)
{
	struct virtio_net *vn = net_of(net);
	int err;

	if (vn->up)
		return 0;
	err = bring_up(vn);
	if (err)
		bring_down(vn, PV_EIO, true);
	return err;
}

static void stop(struct pv_net *net)
{
	bring_down(net_of(net), PV_EIO, false);
}

static void release(struct pv_net *net)
{
	struct virtio_net *vn = net_of(net);
	unsigned int i;

	for (i = 0; i < net->num_queues; i++)
		pv_lines_free(pair(vn, i), sizeof(struct virtio_net_pair));
	pv_os_free(vn, sizeof(*vn));
}

static int probe(struct pv_device *dev)
{
	struct virtio_net *vn = pv_os_alloc(sizeof(*vn));
	struct config c;
	int err;

	if (!vn)
		return PV_ENOMEM;
	vn->vd = pv_virtio_of(dev);
	vn->vd->resets = 0;
	vn->net.dev = dev;
	vn->net.queue = vn->queues;
	err = bring_up(vn);
	if (!err)
		err = pv_virtio_config(vn->vd, read_config, &c);
	if (err) {
		bring_down(vn, PV_EIO, true);
		release(&vn->net);
		return err;
	}
	vn->features = vn->vd->features;
	mac_set(vn, c.mac);
	state_set(vn, &c);
	flags_set(vn);
	dev->priv = vn;
	pv_net_register(&vn->net, start, stop);
	return 0;
}

static void remove(struct pv_device *dev)
{
	struct virtio_net *vn = dev->priv;

	pv_net_unregister(&vn->net);
	bring_down(vn, PV_EGONE, false);
	dev->priv = NULL;
	pv_net_release(&vn->net, release);
}

/* What the device had to do and did. */
static uint64_t done(const struct virtio_net *vn)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < vn->net.num_queues; i++)
		n += vn->queues[i]->stats.completed + vn->queues[i]->stats.received;
	return n;
}

/* The device needs a reset: it is as if it was stopped, and started. */
static void recover(struct virtio_net *vn)
{
	int err = pv_virtio_reset_again(vn->vd, done(vn));
	struct config c;
	unsigned int i;

	bring_down(vn, PV_ERESET, false);
	if (!err && vn->vd->held)
		err = PV_ERESET;
	if (!err)
		err = bring_up(vn);
	if (!err)
		err = pv_virtio_config(vn->vd, read_config, &c);
	if (err) {
		(void)pv_device_break(&vn->vd->dev, "the device could not be reset to what it was");
		bring_down(vn, PV_ERESET, true);
		vn->net.link_up = false;
		pv_net_ended(&vn->net);
	} else {
		state_set(vn, &c);
	}
	for (i = 0; i < vn->net.num_queues; i++) {
		if (vn->net.started)
			pv_virtio_net_refill(vn->queues[i]);
		pv_net_event(vn->queues[i]);
	}
	pv_net_changed(&vn->net);
}

static void changed(struct pv_device *dev)
{
	struct virtio_net *vn = dev->priv;
	bool link_up = vn->net.link_up;
	uint16_t mtu = vn->net.mtu;
	struct config c;

	if (pv_virtio_gone(vn->vd)) {
		pv_device_remove(dev);
		return;
	}
	if (pv_device_broken(dev) || !vn->up)
		return;
	if (pv_virtio_needs_reset(vn->vd)) {
		recover(vn);
		return;
	}
	if (pv_virtio_config(vn->vd, read_config, &c))
		return;
	state_set(vn, &c);
	if (vn->net.link_up == link_up && vn->net.mtu == mtu)
		return;
	pv_info("%s: link %s, MTU %u", vn->net.name, vn->net.link_up ? "up" : "down", vn->net.mtu);
	pv_net_changed(&vn->net);
}

static bool idle(const struct pv_device *dev)
{
	const struct virtio_net *vn = dev->priv;

	return !vn->net.opens;
}

static bool match(const struct pv_device *dev)
{
	return pv_virtio_is(dev, VIRTIO_ID_NET);
}

const struct pv_driver pv_virtio_net = {
	.name = "virtio-net",
	.match = match,
	.probe = probe,
	.remove = remove,
	.changed = changed,
	.idle = idle,
};
